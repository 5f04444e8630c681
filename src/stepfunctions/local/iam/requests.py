"""Which rights an API call needs: its IAM actions, the resources they are about, and what conditions may ask.

Service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
Where it is not written here which resource a call is about, the resource is not known and any one matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.catalog.iam import ACTIONS, PASSED_TO, PREFIXES, RESOURCES, ROLE_MEMBERS
from stepfunctions.local.iam.evaluation import Asked, facts_of
from stepfunctions.local.wire.models import service_model

Params = Mapping[str, Any]

_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d*:.+", re.DOTALL)
_QUEUE = re.compile(r"https?://[^/]+/(?P<account>\d{12})/(?P<name>[^/]+)")


def rights(service: str, operation: str, params: Params, region: str, account: str) -> Iterator[Asked]:
    """Yield what a call by boto3's service and AWS's operation needs: its own action, then iam:PassRole."""
    prefix = prefix_of(service)
    facts = _facts(service, params, region)
    action = f"{prefix}:{ACTIONS.get(service, {}).get(operation, operation)}"
    for resource in _resources(service, operation, params, f"arn:aws:{prefix}:{region}:{account}:"):
        yield Asked(action, resource, facts)
    if service == "s3" and operation in ("CopyObject", "UploadPartCopy"):
        source = params.get("CopySource")
        path = f"{source['Bucket']}/{source['Key']}" if isinstance(source, dict) else str(source).lstrip("/")
        yield Asked("s3:GetObject", f"arn:aws:s3:::{path.partition('?')[0]}", facts)
    if service == "stepfunctions" and operation.startswith(("Describe", "Get", "List", "Test")):
        return
    owner = PASSED_TO.get(service, prefix)
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
    for member, form in RESOURCES.get(service, ()):
        if member in params:
            text = str(params[member])
            return [text if _ARN.fullmatch(text) else base + form.format(text)]
    arns = [
        str(value)
        for name, value in params.items()
        if name.lower().endswith("arn") and name.lower() not in ROLE_MEMBERS and _ARN.fullmatch(str(value))
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
    elif isinstance(value, str) and name.lower() in ROLE_MEMBERS and value:
        yield value
