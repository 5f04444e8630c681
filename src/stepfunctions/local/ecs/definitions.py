"""Task definitions: families of revisions, checked when they are registered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.ecs.records import Definition, EcsTables
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_REFERENCE = re.compile(r"(?:arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/)?([A-Za-z0-9_-]+)(?::(\d+))?")
_PAGE = 100
# What a container cannot have here, and what to write instead.
_REFUSED = {
    "dependsOn": "let the containers wait for each other, or make them states of the workflow",
    "secrets": "pass values through environment",
    "environmentFiles": "pass values through environment",
    "mountPoints": "write to S3 or to the working directory",
    "volumesFrom": "write to S3 or to the working directory",
}


def register(tables: EcsTables, request: Mapping[str, Any], call: Call, now: float) -> dict[str, Any]:
    """RegisterTaskDefinition."""
    document = {key: value for key, value in request.items() if key not in ("family", "tags")}
    document["containerDefinitions"] = [_container(one) for one in document["containerDefinitions"]]
    _check(document)
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", request["family"]):
        raise client_error("Family contains invalid characters: use letters, digits, hyphens and underscores.")
    definition = tables.add_definition(request["family"], document, request.get("tags", []), now)
    return {"taskDefinition": shape(definition, call), **_tags(definition)}


def describe(tables: EcsTables, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """DescribeTaskDefinition: a revision, or a family's latest active one."""
    definition = find(tables, request["taskDefinition"])
    if definition is None:
        raise client_error("Unable to describe task definition.")
    return {
        "taskDefinition": shape(definition, call),
        **(_tags(definition) if "TAGS" in request.get("include", []) else {}),
    }


def list_arns(tables: EcsTables, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """ListTaskDefinitions."""
    status, prefix = request.get("status", "ACTIVE"), request.get("familyPrefix")
    arns = [
        arn_of(family, revision, call)
        for family, revision, active in tables.definitions()
        if active == (status == "ACTIVE") and prefix in (None, family)
    ]
    if request.get("sort") == "DESC":
        arns.reverse()
    return page(arns, request, "taskDefinitionArns")


def deregister(tables: EcsTables, request: Mapping[str, Any], call: Call, now: float) -> dict[str, Any]:
    """DeregisterTaskDefinition: the revision becomes INACTIVE."""
    match = _REFERENCE.fullmatch(request["taskDefinition"])
    if match is None or match[2] is None:
        raise client_error("The task definition must be given with its revision, as family:revision.")
    if tables.definition(match[1], int(match[2])) is None:
        raise client_error("The specified task definition does not exist.")
    tables.deregister(match[1], int(match[2]), now)
    changed = tables.definition(match[1], int(match[2]))
    return {"taskDefinition": shape(changed, call)} if changed is not None else {}


def find(tables: EcsTables, text: str) -> Definition | None:
    """Return the definition that a family, family:revision or ARN names, or None."""
    match = _REFERENCE.fullmatch(text)
    return None if match is None else tables.definition(match[1], int(match[2]) if match[2] else None)


def arn_of(family: str, revision: int, call: Call) -> str:
    """Return the ARN of a revision."""
    return f"arn:aws:ecs:{call.owner}:task-definition/{family}:{revision}"


def shape(definition: Definition, call: Call) -> dict[str, Any]:
    """Return a definition in the shape of AWS's TaskDefinition."""
    answer = {
        "taskDefinitionArn": arn_of(definition.family, definition.revision, call),
        "family": definition.family,
        "revision": definition.revision,
        "status": "ACTIVE" if definition.active else "INACTIVE",
        "volumes": [],
        "placementConstraints": [],
        "compatibilities": compatibilities(definition.document),
        "registeredAt": moment(definition.registered),
        "registeredBy": f"arn:aws:iam::{call.account}:user/local",
        **definition.document,
    }
    if definition.deregistered is not None:
        answer["deregisteredAt"] = moment(definition.deregistered)
    return answer


def compatibilities(document: Mapping[str, Any]) -> list[str]:
    """Return the launch types that a definition can run with."""
    fargate = document.get("networkMode") == "awsvpc" and document.get("cpu") and document.get("memory")
    return ["EC2", "FARGATE"] if fargate else ["EC2"]


def page(found: list[str], request: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return one page of a list; tokens are positions."""
    size = min(request.get("maxResults", _PAGE), _PAGE)
    token = request.get("nextToken", "0")
    if not token.isdigit():
        raise ServiceError("InvalidParameterException", "Invalid token")
    first = int(token)
    more = {"nextToken": str(first + size)} if first + size < len(found) else {}
    return {key: found[first : first + size], **more}


def client_error(message: str) -> ServiceError:
    """Return AWS's error for a request that makes no sense."""
    return ServiceError("ClientException", message)


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "cpu": 0,
        "essential": True,
        "environment": [],
        "mountPoints": [],
        "volumesFrom": [],
        "portMappings": [],
        **container,
    }


def _check(document: Mapping[str, Any]) -> None:
    containers = document["containerDefinitions"]
    if not containers:
        raise client_error("Container list cannot be empty.")
    names = [container.get("name") for container in containers]
    for container in containers:
        if not container.get("name"):
            raise client_error("Container.name should not be null or empty.")
        if not container.get("image"):
            raise client_error("Container.image should not be null or empty.")
        for key, instead in _REFUSED.items():
            if container.get(key):
                raise client_error(
                    f"The local cloud has no {key} for containers (container '{container['name']}'): {instead}."
                )
    if len(set(names)) < len(names):
        raise client_error("Container names must be unique within a task definition.")
    if not any(container["essential"] for container in containers):
        raise client_error("A task definition must have at least one essential container.")
    if "FARGATE" in document.get("requiresCompatibilities", []):
        if document.get("networkMode") != "awsvpc":
            raise client_error("Fargate only supports network mode 'awsvpc'.")
        for key in ("cpu", "memory"):
            if not document.get(key):
                raise client_error(f"Fargate requires that '{key}' be defined at the task level.")


def _tags(definition: Definition) -> dict[str, Any]:
    return {"tags": definition.tags} if definition.tags else {}
