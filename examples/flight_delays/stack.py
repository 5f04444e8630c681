"""The whole example as one CloudFormation stack: what ``provision.py`` makes by hand, and the workflow itself.

    stepfunctions export cloudformation stack.py:stack

The raw data and the code of the jobs go into the bucket afterwards: ``provision.upload``.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from provision import FUNCTIONS, HERE

from stepfunctions.deploy import AssetFile, Stack, including
from stepfunctions.workflow import Workflow
from workflow import NAME, workflow

BUCKET = "FlightDelaysBucket"
"""The Parameter that the workflow's stack has for the bucket."""
OBJECTS = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
SERVICES = {"Lambda": "lambda", "Glue": "glue", "Task": "ecs-tasks", "Sagemaker": "sagemaker"}
Resource = dict[str, Any]


def build_stack(flow: Workflow, **options: Any) -> Stack:
    """The stack of a workflow of this example; the options are those of ``Workflow.stack``."""
    code = AssetFile(name="functions.zip", build=package, key_parameter="FunctionsKey")
    resources: dict[str, Resource] = {
        "DataBucket": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"BucketName": {"Ref": BUCKET}},
        },
        **{f"{name}Role": role(service) for name, service in SERVICES.items()},
        **{f"{name.capitalize()}Function": function(name, code) for name in FUNCTIONS},
        "ExtractJob": glue_job(),
        "ConvertTask": task_definition(),
    }
    resources["SagemakerRole"]["Properties"]["RoleName"] = {"Ref": "FlightDelaysSagemakerRole"}
    return including(flow.stack(**options), resources=resources, assets={"the functions": code})


def package() -> bytes:
    """The zip of all functions; its bytes change with their sources only."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((HERE / "functions").glob("*.py")):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    return buffer.getvalue()


def allow(actions: list[str], resource: Any) -> Resource:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role(service: str) -> Resource:
    """A role of a service that reads and writes the bucket; those of containers also pull images."""
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    statements = [
        allow(["s3:ListBucket"], {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{{BUCKET}}}"}),
        allow(OBJECTS, {"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::${{{BUCKET}}}/*"}),
        allow(LOGS, {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}),
    ]
    if service in ("ecs-tasks", "sagemaker"):
        statements.append(allow(["ecr:GetAuthorizationToken"], "*"))
        statements.append(allow(PULL, {"Fn::Sub": "arn:${AWS::Partition}:ecr:${AWS::Region}:*:repository/*"}))
    if service == "sagemaker":
        statements.append(allow(["cloudwatch:PutMetricData"], "*"))
    document = {"Version": "2012-10-17", "Statement": statements}
    properties = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "data", "PolicyDocument": document}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def arn(name: str) -> Resource:
    """The ARN of one of the roles."""
    return {"Fn::GetAtt": [f"{name}Role", "Arn"]}


def function(name: str, code: AssetFile) -> Resource:
    """One of the five functions, all from one zip."""
    properties = {
        "FunctionName": f"{NAME}-{name}",
        "Runtime": "python3.12",
        "Handler": f"{name}.handler",
        "Role": arn("Lambda"),
        "Timeout": 300,
        "MemorySize": 1024,
        "Environment": {"Variables": {"BUCKET": {"Ref": BUCKET}}},
        "Code": {"S3Bucket": {"Ref": code.bucket_parameter}, "S3Key": {"Ref": code.key_parameter}},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def glue_job() -> Resource:
    """The Python-shell job that cleans the raw data."""
    script = {"Fn::Sub": f"s3://${{{BUCKET}}}/code/extract.py"}
    properties = {
        "Name": f"{NAME}-extract",
        "Role": arn("Glue"),
        "Command": {"Name": "pythonshell", "PythonVersion": "3.9", "ScriptLocation": script},
        "DefaultArguments": {"library-set": "analytics"},
        "MaxCapacity": 1.0,
    }
    return {"Type": "AWS::Glue::Job", "Properties": properties}


def task_definition() -> Resource:
    """The container that makes training sets."""
    registry = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}"
    container = {
        "Name": "convert",
        "Image": {"Fn::Sub": f"{registry}/{NAME}-convert:latest"},
        "Command": ["python", "convert.py"],
    }
    properties = {
        "Family": f"{NAME}-convert",
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": "1024",
        "Memory": "4096",
        "TaskRoleArn": arn("Task"),
        "ExecutionRoleArn": arn("Task"),
        "ContainerDefinitions": [container],
    }
    return {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}


stack = build_stack(workflow, alarms=True, dashboard=True)
