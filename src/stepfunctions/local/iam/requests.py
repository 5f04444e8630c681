"""Which rights an API call needs: its IAM actions, the resources they are about, and what conditions may ask.

Service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Where it is not written here which resource a call is about, the resource is not known and any one matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from stepfunctions.local.iam.evaluation import Asked, facts_of
from stepfunctions.local.wire.models import service_model

Params = Mapping[str, Any]

PREFIXES = MappingProxyType({"cloudwatch": "cloudwatch", "sagemaker-runtime": "sagemaker", "stepfunctions": "states"})
"""boto3's name of a service -> the prefix of its actions, where that is not the name that requests are signed with."""
_ACTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "lambda": {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"},
        "sqs": {
            "SendMessageBatch": "SendMessage",
            "DeleteMessageBatch": "DeleteMessage",
            "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        },
        "sns": {"PublishBatch": "Publish"},
        "s3": {
            "HeadObject": "GetObject",
            "HeadBucket": "ListBucket",
            "ListObjects": "ListBucket",
            "ListObjectsV2": "ListBucket",
            "ListObjectVersions": "ListBucketVersions",
            "ListBuckets": "ListAllMyBuckets",
            "ListMultipartUploads": "ListBucketMultipartUploads",
            "ListParts": "ListMultipartUploadParts",
            "CreateMultipartUpload": "PutObject",
            "UploadPart": "PutObject",
            "CompleteMultipartUpload": "PutObject",
            "CopyObject": "PutObject",
            "UploadPartCopy": "PutObject",
            "DeleteObjects": "DeleteObject",
            "GetBucketNotificationConfiguration": "GetBucketNotification",
            "PutBucketNotificationConfiguration": "PutBucketNotification",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
            "GetBucketEncryption": "GetEncryptionConfiguration",
            "PutBucketEncryption": "PutEncryptionConfiguration",
        },
        "dynamodb": {"ExecuteStatement": "PartiQLSelect"},
    }
)
_RESOURCES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        # service -> (member, the ARN after "arn:aws:<prefix>:<region>:<account>:"); the first member given counts
        "lambda": (("FunctionName", "function:{}"),),
        "glue": (("JobName", "job/{}"), ("CrawlerName", "crawler/{}"), ("DatabaseName", "database/{}")),
        "dynamodb": (("TableName", "table/{}"),),
        "secretsmanager": (("SecretId", "secret:{}-??????"),),
        "logs": (("logGroupName", "log-group:{}:*"),),
        "ecs": (("taskDefinition", "task-definition/{}"), ("cluster", "cluster/{}")),
        "batch": (("jobDefinition", "job-definition/{}"), ("jobQueue", "job-queue/{}")),
        "sagemaker": (
            ("TrainingJobName", "training-job/{}"),
            ("ProcessingJobName", "processing-job/{}"),
            ("TransformJobName", "transform-job/{}"),
            ("HyperParameterTuningJobName", "hyper-parameter-tuning-job/{}"),
            ("EndpointName", "endpoint/{}"),
            ("EndpointConfigName", "endpoint-config/{}"),
            ("ModelName", "model/{}"),
            ("ModelPackageGroupName", "model-package-group/{}"),
        ),
        "sagemaker-runtime": (("EndpointName", "endpoint/{}"),),
        "cloudwatch": (("AlarmName", "alarm:{}"),),
        "kms": (("KeyId", "key/{}"),),
        "codebuild": (("projectName", "project/{}"),),
    }
)
_ROLES = frozenset({"role", "rolearn", "executionrolearn", "taskrolearn", "servicerole", "jobrolearn"})
"""Members, in lower case, by which a call gives a role to a service: it needs iam:PassRole."""
_OWNERS = MappingProxyType({"ecs": "ecs-tasks", "stepfunctions": "states", "cloudwatch": "monitoring"})
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", re.DOTALL)
_QUEUE = re.compile(r"https?://[^/]+/(?P<account>\d{12})/(?P<name>[^/]+)")


def rights(service: str, operation: str, params: Params, region: str, account: str) -> Iterator[Asked]:
    """Yield what a call by boto3's service and AWS's operation needs: its own action, then iam:PassRole."""
    prefix = prefix_of(service)
    facts = _facts(service, params, region)
    action = f"{prefix}:{_ACTIONS.get(service, {}).get(operation, operation)}"
    for resource in _resources(service, operation, params, f"arn:aws:{prefix}:{region}:{account}:"):
        yield Asked(action, resource, facts)
    if service == "s3" and operation in ("CopyObject", "UploadPartCopy"):
        source = params.get("CopySource")
        path = f"{source['Bucket']}/{source['Key']}" if isinstance(source, dict) else str(source).lstrip("/")
        yield Asked("s3:GetObject", f"arn:aws:s3:::{path.partition('?')[0]}", facts)
    if service == "stepfunctions" and operation.startswith(("Describe", "Get", "List", "Test")):
        return
    owner = _OWNERS.get(service, prefix)
    for role in sorted(set(_passed(params))):
        arn = role if role.startswith("arn:") else f"arn:aws:iam::{account}:role/{role}"
        yield Asked("iam:PassRole", arn, {**facts, **facts_of({"iam:PassedToService": f"{owner}.amazonaws.com"})})


def prefix_of(service: str) -> str:
    """Return the prefix of a service's actions: ``states`` of stepfunctions."""
    metadata = service_model(service).metadata
    return PREFIXES.get(service) or str(metadata.get("signingName") or metadata["endpointPrefix"])


def _resources(service: str, operation: str, params: Params, base: str) -> list[str]:
    """Return the ARNs that a call is about; "" for one that is not known."""
    if service == "s3":
        return _in_s3(operation, params)
    if service == "sqs" and "QueueUrl" in params:
        found = _QUEUE.fullmatch(str(params["QueueUrl"]))
        return [":".join([*base.split(":")[:4], found["account"], found["name"]]) if found else ""]
    if service == "ssm" and "Name" in params:
        return [f"{base}parameter/{str(params['Name']).lstrip('/')}"]
    if service == "events" and operation == "PutEvents":
        buses = {str(one.get("EventBusName", "default")) for one in params["Entries"]}
        return [bus if _ARN.fullmatch(bus) else f"{base}event-bus/{bus}" for bus in sorted(buses)]
    if service == "events" and operation.endswith(("Rule", "Targets")) and ("Name" in params or "Rule" in params):
        return [f"{base}rule/{params.get('Name') or params.get('Rule')}"]
    if service == "scheduler" and "Name" in params and operation.endswith("Schedule"):
        return [f"{base}schedule/{params.get('GroupName', 'default')}/{params['Name']}"]
    for member, form in _RESOURCES.get(service, ()):
        if member in params:
            text = str(params[member])
            return [text if _ARN.fullmatch(text) else base + form.format(text)]
    arns = [
        str(value)
        for name, value in params.items()
        if name.lower().endswith("arn") and name.lower() not in _ROLES and _ARN.fullmatch(str(value))
    ]
    return arns[:1] or [""]


def _in_s3(operation: str, params: Params) -> list[str]:
    if "Bucket" not in params:
        return ["*"]
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    if operation == "DeleteObjects":
        return [f"{bucket}/{one['Key']}" for one in params["Delete"]["Objects"]]
    return [f"{bucket}/{params['Key']}" if "Key" in params else bucket]


def _facts(service: str, params: Params, region: str) -> dict[str, tuple[str, ...]]:
    tags = params.get("Tags", params.get("tags"))
    pairs = tags if isinstance(tags, dict) else _pairs(tags)
    given: dict[str, object] = {"aws:RequestedRegion": region}
    if pairs:
        given["aws:TagKeys"] = tuple(pairs)
        given |= {f"aws:RequestTag/{key}": value for key, value in pairs.items()}
    if service == "s3" and "Prefix" in params:
        given["s3:prefix"] = params["Prefix"]
    if service == "ecs" and "cluster" in params:
        given["ecs:cluster"] = params["cluster"]
    return facts_of(given)


def _pairs(tags: Any) -> dict[str, str]:
    """Return tags that came as a list, whatever a service calls key and value."""
    found = {}
    for tag in tags if isinstance(tags, list) else ():
        lower = {name.lower().removeprefix("tag"): value for name, value in tag.items()}
        found[str(lower.get("key", ""))] = str(lower.get("value", ""))
    return found


def _passed(value: Any, name: str = "") -> Iterator[str]:
    """Yield the roles that a request gives to its service, wherever they stand."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _passed(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _passed(one)
    elif isinstance(value, str) and name.lower() in _ROLES and value:
        yield value
