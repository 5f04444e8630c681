"""What the steps of a workflow declare, as resources of its stack: functions, Glue jobs, task definitions.

A resource whose step names no role gets one that may do what every such resource needs: write its log, and read its
script or image. What its code needs beside that, such as data, belongs to a role that the step names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from stepfunctions.catalog.images import Image
from stepfunctions.deploy.assets import AssetFile
from stepfunctions.deploy.machine import asset_parts, capitalised
from stepfunctions.deploy.parts import Context, Parts, WorkflowLike, joined
from stepfunctions.deploy.placeholders import camel
from stepfunctions.deploy.role import allow, service_role
from stepfunctions.steps.code.declared import Asset, Declared, declared_by

_LOG_GROUP = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
_WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def resources_of(workflow: WorkflowLike, context: Context) -> Parts:
    """Return what the steps of a workflow declare. Raises ValueError as ``declared_by`` does."""
    return joined([_MAKERS[one.service](one, context) for one in declared_by(workflow.definition)])


def _function(declared: Declared, context: Context) -> Parts:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html"""
    logical = f"{camel(declared.name)}Function"
    (asset,) = declared.assets
    file = _file(asset, logical, context)
    group = f"/aws/lambda/{declared.name}"
    request = dict(declared.request)
    role, roles = _role(request.pop("Role"), logical, "lambda", [allow(_WRITE_LOGS, f"{_LOG_GROUP}{group}:*")], context)
    code = {"S3Bucket": {"Ref": file.bucket_parameter}, "S3Key": {"Ref": file.key_parameter}}
    properties = {**context.value(_filled(request)), "Role": role, "Code": code}
    resources = {
        f"{logical}Logs": _log_group(group, context),
        logical: {"Type": "AWS::Lambda::Function", "DependsOn": f"{logical}Logs", "Properties": properties},
    }
    return joined([roles, asset_parts(file, f"the function {declared.name}"), Parts(resources=resources)])


def _job(declared: Declared, context: Context) -> Parts:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-glue-job.html"""
    logical = f"{camel(declared.name)}Job"
    request = dict(declared.request)
    given = request.pop("Role")
    properties = context.value(_filled(request))
    needs = [
        allow(("logs:CreateLogGroup", *_WRITE_LOGS), f"{_LOG_GROUP}/aws-glue/*"),
        allow(("cloudwatch:PutMetricData",), "*", {"StringEquals": {"cloudwatch:namespace": "Glue"}}),
    ]
    files: list[Parts] = []
    for asset in declared.assets:
        file = _file(asset, logical, context)
        files.append(asset_parts(file, f"the job {declared.name}"))
        place = f"${{{file.bucket_parameter}}}/${{{file.key_parameter}}}"
        properties["Command"] = {**properties["Command"], "ScriptLocation": {"Fn::Sub": f"s3://{place}"}}
        needs.append(allow(("s3:GetObject",), f"arn:${{AWS::Partition}}:s3:::{place}"))
    role, roles = _role(given, logical, "glue", needs, context)
    resource = {"Type": "AWS::Glue::Job", "Properties": {**properties, "Role": role}}
    return joined([roles, *files, Parts(resources={logical: resource})])


def _task_definition(declared: Declared, context: Context) -> Parts:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-taskdefinition.html"""
    logical = f"{camel(declared.name)}Task"
    request = dict(declared.request)
    given = request.pop("executionRoleArn", None)
    needs = [allow(("ecr:GetAuthorizationToken",), "*")]
    containers, groups = [], {}
    for container in request["containerDefinitions"]:
        image = Image.parse(container["image"])
        if image is not None:
            repository = f"{image.region}:{image.account}:repository/{image.repository}"
            needs.append(allow(_PULL, context.value(f"arn:aws:ecr:{repository}")))
        logs = container.get("logConfiguration")
        plain = {name: item for name, item in container.items() if name != "logConfiguration"}
        shown = context.value(capitalised(plain))
        if logs is not None:
            group = logs["options"]["awslogs-group"]
            groups[f"{logical}Logs"] = _log_group(group, context)
            options = {**logs["options"], "awslogs-region": {"Ref": "AWS::Region"}}
            shown["LogConfiguration"] = {"LogDriver": logs["logDriver"], "Options": options}
        containers.append(shown)
    role, roles = _role(given, logical, "ecs-tasks", needs, context)
    properties = {
        **context.value(capitalised(request)),
        "ContainerDefinitions": containers,
        "ExecutionRoleArn": role,
    }
    resources = {**groups, logical: {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}}
    return joined([roles, Parts(resources=resources)])


_MAKERS: Mapping[str, Callable[[Declared, Context], Parts]] = {
    "lambda": _function,
    "glue": _job,
    "ecs": _task_definition,
    "s3": lambda _declared, _context: Parts(),  # a file in a bucket of the user's: `Workflow.provision()` puts it there
}


def _role(
    given: str | None, logical: str, service: str, needs: list[dict[str, Any]], context: Context
) -> tuple[Any, Parts]:
    """Return the ARN of the role that a step names, or of one that is made for it."""
    if given is not None:
        return context.value(given), Parts()
    name = f"{logical}Role"
    return {"Fn::GetAtt": [name, "Arn"]}, service_role(name, [service], needs)


def _file(asset: Asset, logical: str, context: Context) -> AssetFile:
    return AssetFile(
        name=asset.name, build=partial(asset.build, context.options.requirements), key_parameter=f"{logical}Key"
    )


def _log_group(name: str, context: Context) -> dict[str, Any]:
    properties = {"LogGroupName": name, "RetentionInDays": context.options.log_retention_days}
    return {"Type": "AWS::Logs::LogGroup", "Properties": properties}


def _filled(value: Any) -> Any:
    """Leave out what is empty."""
    if not isinstance(value, Mapping):
        return value
    inner = {name: _filled(item) for name, item in value.items()}
    return {name: item for name, item in inner.items() if item not in (None, "", {}, [], ())}
