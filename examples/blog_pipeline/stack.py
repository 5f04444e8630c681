"""The pipeline as one CloudFormation stack: its bucket, role and two functions, and what its steps declare.

stepfunctions export cloudformation stack.py:stack
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from pipeline import workflow

from stepfunctions.deploy import AssetFile, including

HERE = Path(__file__).resolve().parent
ROLE = {"Fn::GetAtt": ["PipelineRole", "Arn"]}
OBJECTS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
IMAGES = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
REPOSITORIES = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/blog-pipeline-*"


def allow(actions: list[str], resource: Any) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role() -> dict[str, Any]:
    """The role of the functions, of the jobs and of the container: they read and write the bucket."""
    services = ["lambda", "glue", "ecs-tasks", "sagemaker"]
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": [f"{service}.amazonaws.com" for service in services]},
        "Action": "sts:AssumeRole",
    }
    statements = [
        allow(["s3:ListBucket"], {"Fn::Sub": "arn:${AWS::Partition}:s3:::${BlogPipelineBucket}"}),
        allow(OBJECTS, {"Fn::Sub": "arn:${AWS::Partition}:s3:::${BlogPipelineBucket}/*"}),
        allow(LOGS, {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}),
        allow(["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"], "*"),
        allow(IMAGES, {"Fn::Sub": REPOSITORIES}),
    ]
    properties = {
        "RoleName": {"Ref": "BlogPipelineRole"},
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "pipeline", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def code(name: str) -> AssetFile:
    """The zip of a function of ``functions/``; its bytes change with its source only."""

    def build() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as package:
            package.writestr(zipfile.ZipInfo(f"{name}.py"), (HERE / "functions" / f"{name}.py").read_bytes())
        return buffer.getvalue()

    return AssetFile(name=f"{name}.zip", build=build, key_parameter=f"{name.capitalize()}FunctionKey")


def function(name: str, file: AssetFile) -> dict[str, Any]:
    """One of the two functions that the pipeline calls by name."""
    properties = {
        "FunctionName": f"blog-pipeline-{name}",
        "Runtime": "python3.12",
        "Handler": f"{name}.handler",
        "Role": ROLE,
        "Timeout": 60,
        "Environment": {"Variables": {"BUCKET": {"Ref": "BlogPipelineBucket"}}},
        "Code": {"S3Bucket": {"Ref": file.bucket_parameter}, "S3Key": {"Ref": file.key_parameter}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


files = {name: code(name) for name in ("prepare", "deploy")}
bucket = {
    "Type": "AWS::S3::Bucket",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {"BucketName": {"Ref": "BlogPipelineBucket"}},
}
stack = including(
    workflow.stack(alarms=True, dashboard=True),
    first={"DataBucket": bucket, "PipelineRole": role()},
    resources={f"{name.capitalize()}Function": function(name, file) for name, file in files.items()},
    assets={f"the function {name}": file for name, file in files.items()},
)
