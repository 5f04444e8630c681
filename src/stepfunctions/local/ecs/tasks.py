"""Tasks: what RunTask decides, and how a task is described."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.ecs.definitions import arn_of, client_error, compatibilities
from stepfunctions.local.ecs.records import ContainerRow, Definition, TaskRow
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_TASK = re.compile(r"(?:arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task/(?:(?P<cluster>[\w-]+)/)?)?(?P<id>[0-9a-f-]+)")
_CLUSTER = re.compile(r"(?:arn:aws[\w-]*:ecs:[\w-]+:\d{12}:cluster/)?([A-Za-z0-9_-]{1,255})")


def cluster_name(text: str | None) -> str:
    """Return the name of the cluster that a name or ARN means (None: the default cluster)."""
    match = _CLUSTER.fullmatch(text or "default")
    if match is None:
        raise ServiceError("InvalidParameterException", f"'{text}' is no name or ARN of a cluster.")
    return match[1]


def task_id(text: str, cluster: str) -> str | None:
    """Return the id that an id or ARN means; None when the ARN is of another cluster, or no reference."""
    match = _TASK.fullmatch(text)
    return None if match is None or match["cluster"] not in (None, cluster) else match["id"]


def task_arn(cluster: str, id: str, call: Call) -> str:
    """Return the ARN of a task."""
    return f"arn:aws:ecs:{call.owner}:task/{cluster}/{id}"


def plan_task(definition: Definition, request: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """Decide all that a task needs, so that later changes of its definition do not touch it.

    ``definition`` (ARN), ``family``, ``launch_type``, ``containers`` (name, image, essential, command,
    environment), ``overrides``, ``network``, ``cpu``, ``memory``, ``group``, ``tags``. Raises ServiceError.
    """
    document = definition.document
    launch_type = request.get("launchType") or ("FARGATE" if request.get("capacityProviderStrategy") else "EC2")
    if launch_type not in ("EC2", "FARGATE"):
        raise ServiceError(
            "InvalidParameterException", f"The local cloud has no launch type {launch_type}: use FARGATE or EC2."
        )
    if launch_type not in compatibilities(document):
        raise ServiceError("InvalidParameterException", f"Task definition does not support launch_type {launch_type}.")
    network = request.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if document.get("networkMode") == "awsvpc" and network is None:
        raise ServiceError(
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        )
    overrides = request.get("overrides", {})
    return {
        "definition": arn_of(definition.family, definition.revision, call),
        "family": definition.family,
        "launch_type": launch_type,
        "role": overrides.get("taskRoleArn") or document.get("taskRoleArn"),
        "containers": _containers(document, overrides),
        "overrides": overrides,
        "network": network,
        "cpu": overrides.get("cpu") or document.get("cpu"),
        "memory": overrides.get("memory") or document.get("memory"),
        "group": request.get("group", f"family:{definition.family}"),
        "tags": request.get("tags", []),
    }


def task_shape(task: TaskRow, call: Call, *, tags: bool = False) -> dict[str, Any]:
    """Return a task in the shape of AWS's Task."""
    plan = task.plan
    arn = task_arn(task.cluster, task.id, call)
    answer: dict[str, Any] = {
        "taskArn": arn,
        "clusterArn": cluster_arn(task.cluster, call),
        "taskDefinitionArn": plan["definition"],
        "attachments": _attachments(plan["network"]),
        "availabilityZone": f"{call.region}a",
        "containers": [_container_shape(container, task, arn, call) for container in task.containers],
        "createdAt": moment(task.created),
        "desiredStatus": "RUNNING" if task.stopping is None and task.stopped is None else "STOPPED",
        "enableExecuteCommand": False,
        "group": plan["group"],
        "lastStatus": task.status,
        "launchType": task.launch_type,
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": [], **plan["overrides"]},
        "version": 1 + sum(time is not None for time in (task.pulled, task.started, task.stopping, task.stopped)),
    }
    times = {
        "pullStartedAt": task.pulled,
        "startedAt": task.started,
        "stoppingAt": task.stopping,
        "stoppedAt": task.stopped,
    }
    answer.update((key, moment(time)) for key, time in times.items() if time is not None)
    words = {
        "cpu": plan["cpu"],
        "memory": plan["memory"],
        "startedBy": task.started_by,
        "stopCode": task.stop_code,
        "stoppedReason": task.stop_reason,
    }
    answer.update((key, word) for key, word in words.items() if word is not None)
    if task.launch_type == "FARGATE":
        answer.update(platformVersion="1.4.0", platformFamily="Linux")
    if tags:
        answer["tags"] = plan["tags"]
    return answer


def cluster_arn(name: str, call: Call) -> str:
    """Return the ARN of a cluster."""
    return f"arn:aws:ecs:{call.owner}:cluster/{name}"


def _containers(document: Mapping[str, Any], overrides: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the containers with their overrides: a command replaces, an environment adds and replaces by name."""
    changes = {change.get("name"): change for change in overrides.get("containerOverrides", [])}
    planned = []
    for container in document["containerDefinitions"]:
        change = changes.pop(container["name"], {})
        if change.get("environmentFiles"):
            raise client_error("The local cloud has no environmentFiles: pass values through environment.")
        pairs = [*container["environment"], *change.get("environment", [])]
        planned.append(
            {
                "name": container["name"],
                "image": container["image"],
                "essential": container["essential"],
                "entry_point": container.get("entryPoint", []),
                "command": change.get("command", container.get("command", [])),
                "log": container.get("logConfiguration"),
                "environment": {pair["name"]: pair.get("value", "") for pair in pairs if pair.get("name")},
            }
        )
    if changes:
        name = next(iter(changes))
        raise ServiceError(
            "InvalidParameterException",
            f"Override for container named {name} is not a container in the TaskDefinition.",
        )
    return planned


def _container_shape(row: ContainerRow, task: TaskRow, arn: str, call: Call) -> dict[str, Any]:
    planned = next(one for one in task.plan["containers"] if one["name"] == row.name)
    answer: dict[str, Any] = {
        "containerArn": f"arn:aws:ecs:{call.owner}:container/{task.cluster}/{task.id}/{row.name}",
        "taskArn": arn,
        "name": row.name,
        "image": planned["image"],
        "lastStatus": row.state,
        "networkInterfaces": [],
        "networkBindings": [],
        "healthStatus": "UNKNOWN",
    }
    if row.exit_code is not None:
        answer["exitCode"] = row.exit_code
    if row.reason is not None:
        answer["reason"] = row.reason
    return answer


def _attachments(network: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if network is None:
        return []
    details = [{"name": "subnetId", "value": network["subnets"][0]}] if network.get("subnets") else []
    return [{"id": "local", "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}]
