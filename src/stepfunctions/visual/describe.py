"""What a state's card says besides its name: the action it takes, its icon, its tooltip."""

from __future__ import annotations

from typing import Any, Protocol

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import STATE_TYPES

_SERVICES = {
    "sagemaker": "SageMaker",
    "lambda": "Lambda",
    "glue": "Glue",
    "ecs": "ECS",
    "eks": "EKS",
    "batch": "Batch",
    "sns": "SNS",
    "sqs": "SQS",
    "dynamodb": "DynamoDB",
    "states": "Step Functions",
    "sfn": "Step Functions",
    "events": "EventBridge",
    "eventbridge": "EventBridge",
    "s3": "S3",
    "athena": "Athena",
    "emr": "EMR",
    "elasticmapreduce": "EMR",
    "emr-serverless": "EMR Serverless",
    "emr-containers": "EMR on EKS",
    "codebuild": "CodeBuild",
    "bedrock": "Bedrock",
    "apigateway": "API Gateway",
    "http": "HTTP",
    "databrew": "DataBrew",
    "mediaconvert": "MediaConvert",
    "cloudwatch": "CloudWatch",
    "ssm": "SSM",
}
_ICONS = {
    "lambda": "lambda",
    "sagemaker": "model",
    "bedrock": "model",
    "s3": "data",
    "dynamodb": "data",
    "athena": "data",
    "glue": "data",
    "databrew": "data",
    "sns": "message",
    "sqs": "message",
    "events": "message",
    "eventbridge": "message",
    "ecs": "container",
    "eks": "container",
    "batch": "container",
    "codebuild": "container",
    "states": "machine",
    "sfn": "machine",
}


class Card(Protocol):
    """What :func:`describe` fills in (a node of the graph)."""

    name: str
    type: str
    detail: str
    title: str
    icon: str
    distributed: bool


def describe(card: Card, state: dict[str, Any]) -> None:
    """Fill in ``detail`` (``SageMaker: CreateTrainingJob``), ``icon``, ``title`` and ``distributed``."""
    if card.type == "Task":
        card.detail, card.icon, note = _task(state.get("Resource"))
    elif card.type == "Missing":
        card.detail, card.icon, note = "not defined", "missing", ""
    else:
        known, note = card.type in STATE_TYPES, ""
        card.detail = card.type if known else f"unknown type {card.type}"
        card.icon = card.type.lower() if known else "missing"
    if card.type == "Wait":
        card.detail = _wait(state)
    if card.type == "Map":
        config = state.get("ItemProcessor")
        config = config.get("ProcessorConfig") if isinstance(config, dict) else None
        card.distributed = isinstance(config, dict) and config.get("Mode") == "DISTRIBUTED"
        card.detail = "Distributed Map" if card.distributed else card.type
    comment = state.get("Comment")
    lines = [card.name, card.detail, note, comment if isinstance(comment, str) else ""]
    card.title = "\n".join(line for line in lines if line)


def _task(arn: Any) -> tuple[str, str, str]:
    try:
        resource = Resource.parse(arn if isinstance(arn, str) else "")
    except ValueError:
        return "Task", "task", arn if isinstance(arn, str) else ""
    if resource.kind == "activity":
        return "Activity", "task", resource.arn
    action = resource.action[:1].upper() + resource.action[1:]
    service = _SERVICES.get(resource.service, resource.service.replace("-", " ").title())
    waits = {
        IntegrationPattern.RUN_JOB: " and wait for the job",
        IntegrationPattern.WAIT_FOR_TASK_TOKEN: " and wait for the task token",
    }.get(resource.pattern, "")
    note = f"{resource.arn}{waits}" if resource.kind == "lambda" else f"{service} {action}{waits}"
    return f"{service}: {action}", _ICONS.get(resource.service, "task"), note


def _wait(state: dict[str, Any]) -> str:
    seconds = state.get("Seconds")
    if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
        return f"Wait {seconds:g} s"
    timestamp = state.get("Timestamp")
    return f"Wait until {timestamp}" if isinstance(timestamp, str) and "{%" not in timestamp else "Wait"
