"""The stacks that are kept as files beside this one: ``python -m tests.deploy.goldens`` writes them anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stepfunctions.deploy import Deployment, Stack
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.settings import Encryption, Logging

FOLDER = Path(__file__).with_name("golden")
JsonDict = dict[str, Any]
OWN = "us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/flow"
KEY = f"arn:aws:kms:{OWN}:key/0d6a1f64-5a5a-4b1b-9a51-0f8a7c0c3d11"

TRAIN: JsonDict = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
    "Parameters": {
        "TrainingJobName.$": "$.name",
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://trained-models/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "RoleArn": "arn:aws:iam::123456789012:role/train",
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        "VpcConfig": {"Subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
        "Environment": {"SAGEMAKER_REGION": "us-east-1"},
    },
    "Next": "Tell",
}
TELL: JsonDict = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/told", "MessageBody": "done"},
    "End": True,
}
TRAINING: JsonDict = {"StartAt": "Train", "States": {"Train": TRAIN, "Tell": TELL}}
ORDER: JsonDict = {
    "QueryLanguage": "JSONata",
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": f"arn:aws:lambda:{OWN}:function:price",
            "Assign": {"archive": "{% 's3://orders/' & $states.context.Execution.Name %}"},
            "Next": "Keep",
        },
        "Keep": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Arguments": {"Bucket": "orders", "Key": "{% $archive %}", "Body": "{% $states.input %}"},
            "Next": "Tell",
        },
        "Tell": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sns:publish",
            "Arguments": {"TopicArn": f"arn:aws:sns:{OWN}:orders", "Message": "{% $states.input %}"},
            "End": True,
        },
    },
}


def training(**options: Any) -> Workflow:
    return Workflow("flow", FrozenGraph(TRAINING), ROLE, **options)


def order(**options: Any) -> Workflow:
    return Workflow("order", FrozenGraph(ORDER), ROLE, type="EXPRESS", **options)


def stacks() -> dict[str, Stack]:
    """Return each stack by the name of its file."""
    return {
        "training": training().stack(),
        "training-everything": training(
            tags={"team": "delays"}, tracing=True, encryption=Encryption(KEY), logging=Logging("OFF")
        ).stack(deployment=Deployment(type="CANARY", percentage=10, interval=5, alarms=["flow-failed"])),
        "order-express": order(
            logging=Logging("ALL", f"arn:aws:logs:{OWN}:log-group:/aws/vendedlogs/orders", include_execution_data=True)
        ).stack(description="Price an order, keep it, tell of it.", alias=None),
    }


if __name__ == "__main__":
    for name, stack in stacks().items():
        (FOLDER / f"{name}.yaml").write_text(stack.to_yaml(), encoding="utf-8")
        (FOLDER / f"{name}.json").write_text(stack.to_json(), encoding="utf-8")
