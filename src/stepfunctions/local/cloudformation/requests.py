"""From a request to what a stack is to be: template, parameters, tags, capabilities."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.environment import pseudo, stored
from stepfunctions.local.cloudformation.parameters import given_values, values_of
from stepfunctions.local.cloudformation.records import Body, Stack
from stepfunctions.local.cloudformation.template import SAM, Template, template_of
from stepfunctions.local.cloudformation.texts import invalid

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_IN_BODY = 51_200
_IN_S3 = 1_048_576
_HOSTED = re.compile(r"(?P<bucket>.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com")
_PATHED = re.compile(r"s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com|localhost|127\.0\.0\.1|\[?::1\]?")
_NOT_HERE = ("StackPolicyDuringUpdateBody", "StackPolicyDuringUpdateURL", "StackPolicyURL", "StackPolicyBody",
             "DeploymentConfig", "ResourcesToImport", "ImportExistingResources", "IncludeNestedStacks",
             "DeploymentMode")  # fmt: skip


def refuse_unhonoured(request: Body) -> None:
    """Refuse members of a request that the local cloud would not honour. Raises ServiceError."""
    for name in _NOT_HERE:
        if request.get(name):
            raise invalid(f"{name} is not supported by the local cloud: leave it out")
    if request.get("RollbackConfiguration", {}).get("RollbackTriggers"):
        raise invalid("RollbackConfiguration.RollbackTriggers is not supported by the local cloud: leave it out")


def template_text(cloud: Cloud, request: Body, call: Call, stack: Stack | None = None) -> str:
    """Return the text of a request's template. Raises ServiceError."""
    body, url = request.get("TemplateBody"), request.get("TemplateURL")
    if sum(map(bool, (body, url, request.get("UsePreviousTemplate")))) != 1:
        raise invalid("Either Template URL or Template Body must be specified.")
    if body is not None:
        if len(body.encode()) > _IN_BODY:
            raise invalid(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
                f"Member must have length less than or equal to {_IN_BODY}"
            )
        return str(body)
    if url is not None:
        return _fetched(cloud, url, call)
    if stack is None or "desired" not in stack.doc:
        raise invalid("UsePreviousTemplate: there is no previous template")
    return str(stack.doc["desired"]["body"])


def _fetched(cloud: Cloud, url: str, call: Call) -> str:
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    hosted = _HOSTED.fullmatch(host)
    bucket, key = (hosted["bucket"], path) if hosted else (path.partition("/")[0], path.partition("/")[2])
    if parts.scheme not in ("http", "https") or not (hosted or _PATHED.fullmatch(host)) or not bucket or not key:
        raise invalid("TemplateURL must be a supported URL: of an object in S3, https://s3.<region>.amazonaws.com/…")
    try:
        found = cloud.call("s3", "GetObject", {"Bucket": bucket, "Key": key}, account=call.account, region=call.region)
    except ServiceError as error:
        raise invalid(f"S3 error: {error.message}") from None
    content = found["Body"]
    data = content if isinstance(content, bytes) else content.read(_IN_S3 + 1)
    if len(data) > _IN_S3:
        raise invalid(f"Template may not exceed {_IN_S3} bytes in size.")
    try:
        return str(data.decode())
    except UnicodeDecodeError:
        raise invalid("Template format error: the template is not text in UTF-8") from None


def desired_of(cloud: Cloud, request: Body, call: Call, stack: Stack) -> tuple[Body, Template]:
    """Return what a request wants a stack to be, as its row keeps it, and the template. Raises ServiceError."""
    refuse_unhonoured(request)
    text = template_text(cloud, request, call, stack)
    plain = template_of(text)
    before = stack.doc.get("desired", {})
    previous = {one["ParameterKey"]: one["ParameterValue"] for one in before.get("parameters", [])}
    parameters = given_values(plain, request.get("Parameters", []), previous, lambda name: stored(cloud, stack, name))
    tags = before.get("tags", {}) if "Tags" not in request else _tags(request["Tags"])
    desired: Body = {
        "body": text,
        "parameters": parameters,
        "tags": tags,
        "capabilities": request.get("Capabilities", []),
        "notifications": request.get("NotificationARNs", before.get("notifications", [])),
        "role": request.get("RoleARN", before.get("role")),
    }
    template = plain
    if SAM in plain.transforms:
        _check_capabilities(["CAPABILITY_AUTO_EXPAND"], request)
        values = values_of(plain, parameters) | pseudo(stack.name, stack.arn, stack.owner, desired["notifications"])
        template = template_of(text, values)
        desired["processed"] = json.dumps(template.body)
    _check_capabilities(template.capabilities()[0], request)
    _check_types(template, request.get("ResourceTypes"))
    return desired, template


def _tags(given: list[Body]) -> dict[str, str]:
    if len(given) > 50:
        raise invalid("Stack can have at most 50 tags")
    wrong = [one["Key"] for one in given if one["Key"].startswith("aws:")]
    if wrong:
        raise invalid(f"Tag key {wrong[0]} must not begin with aws:")
    return {one["Key"]: one["Value"] for one in given}


def _check_capabilities(needed: list[str], request: Body) -> None:
    given = set(request.get("Capabilities", []))
    if "CAPABILITY_NAMED_IAM" in given:
        given.add("CAPABILITY_IAM")
    missing = [one for one in needed if one not in given]
    if missing:
        raise ServiceError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")


def _check_types(template: Template, allowed: list[str] | None) -> None:
    for resource in template.resources.values():
        service = resource.type.rpartition("::")[0] + "::*"
        if allowed and not {resource.type, service, "AWS::*"} & set(allowed):
            raise invalid(f"Resource type {resource.type} is not allowed by parameter ResourceTypes {allowed}")
