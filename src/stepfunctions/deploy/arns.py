"""A right: actions on resources. And what rights are about: ARNs, as far as a definition names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.catalog.iam import RESOURCES, ROLE_MEMBERS, ROLES_FOR

PARTITION, REGION, ACCOUNT = "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"
_QUEUE = re.compile(r"https?://[^/]+/(?P<account>\d{12}|\$\{[^}]+\})/(?P<name>[^/]+)")


@dataclass(frozen=True)
class Right:
    """Actions on resources, and why. ``verified``: whether AWS's documentation was seen to say so."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    verified: bool = True


def arn(service: str, rest: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """Return an ARN of whatever account and Region the stack is in."""
    return f"arn:{PARTITION}:{service}:{region}:{account}:{rest}"


def resources_of(client: str, prefix: str, operation: str, payload: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return the ARNs that a call is about, and the end of a sentence that says why they are not narrower."""
    found, why = _named(client, prefix, operation, payload)
    if client == "sagemaker" and operation in ("CreateEndpoint", "UpdateEndpoint"):
        configs = payload.get("EndpointConfigName")
        known = isinstance(configs, str) and not configs.startswith("{%")
        found += (arn(prefix, f"endpoint-config/{configs if known else '*'}"),)
    if client == "dynamodb" and ("IndexName" in payload or "IndexName.$" in payload):
        index = str(payload.get("IndexName", "*"))
        found += tuple(f"{one}/index/{'*' if index.startswith('{%') else index}" for one in found if one != "*")
    if client == "batch" and operation == "SubmitJob" and "JobQueue" in payload:
        queue = str(payload["JobQueue"])
        found += (queue if queue.startswith(("arn:", "${")) else arn(prefix, f"job-queue/{queue}"),)
    if client == "ecs" and operation == "RunTask":
        found += tuple(f"{one}:*" for one in found if re.search(r":task-definition/[^:*]+$", one))
    return found, why


def _named(client: str, prefix: str, operation: str, payload: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    if client == "s3":
        return in_s3(operation, payload), ""
    if client == "sqs" and isinstance(payload.get("QueueUrl"), str):
        queue = _QUEUE.fullmatch(payload["QueueUrl"])
        if queue is not None:
            return (arn("sqs", queue["name"], account=queue["account"]),), ""
    if client == "sns":
        return _given(payload, "TopicArn", "TargetArn")
    if client == "events" and operation == "PutEvents":
        entries = payload.get("Entries")
        buses = [one.get("EventBusName", "default") for one in entries] if isinstance(entries, list) else ["*"]
        return tuple(sorted({_bus(one) for one in buses})), ""
    if client == "ecs" and operation not in ("RunTask", "StartTask"):
        return _in_ecs(operation, payload)
    if client == "batch" and operation.startswith(("List", "Describe")):
        return ("*",), ", whose right has no resources"
    if client == "glue" and re.search("Table|Partition|Function", operation):
        return _in_catalogue(payload), ""
    if client == "kms" and str(payload.get("KeyId", "")).startswith("alias/"):
        return (arn(prefix, "key/*"),), ", whose key the alias does not tell"
    if client == "stepfunctions" and operation in ("StartExecution", "StartSyncExecution"):
        return tuple(machines_in(payload)), ""
    for member, form in RESOURCES.get(client, ()):
        for name in (member, member[0].upper() + member[1:]):
            if isinstance(payload.get(name), str):
                text = payload[name]
                if text.startswith("arn:") or _is_token(text):
                    return (text,), ""
                if not text.startswith("{%"):
                    return (arn(prefix, form.format(text)),), ""
            if name in payload or f"{name}.$" in payload:
                return (arn(prefix, form.format("*")),), f", on what {name} says at run time"
    found = [
        value
        for name, value in payload.items()
        if isinstance(value, str) and name.lower().endswith("arn") and name.lower() not in ROLE_MEMBERS
    ]
    if found and found[0].startswith(("arn:", "${")):
        return (found[0],), ""
    return ("*",), ", on resources that the definition does not name"


def _in_ecs(operation: str, payload: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Return the service or the cluster that a call is about; tasks get their ids later."""
    cluster, service = (_known(payload, name) for name in ("cluster", "service"))
    if service is not None and service.startswith(("arn:", "${")):
        return (service,), ""
    if service is not None or "service.$" in {name[:1].lower() + name[1:] for name in payload}:
        named = (cluster or "default").rpartition("/")[2]
        return (arn("ecs", f"service/{named}/{service or '*'}"),), ""
    if cluster is not None and operation.endswith("Cluster"):
        return (cluster if cluster.startswith(("arn:", "${")) else arn("ecs", f"cluster/{cluster}"),), ""
    return ("*",), ", on resources that the definition does not name"


def _in_catalogue(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the catalogue, the database and its tables: https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html"""
    database, table = _known(payload, "DatabaseName") or "*", _known(payload, "TableName") or "*"
    return tuple(arn("glue", one) for one in ("catalog", f"database/{database}", f"table/{database}/{table}"))


def _known(payload: Mapping[str, Any], member: str) -> str | None:
    """Return the text of a member, whose first letter the task may write large; None when it is computed."""
    value = payload.get(member, payload.get(member[0].upper() + member[1:]))
    return value if isinstance(value, str) and not value.startswith("{%") else None


def _is_token(text: str) -> bool:
    return re.fullmatch(r"\$\{[^}]+\}", text) is not None and "Arn" in text


def _given(payload: Mapping[str, Any], *members: str) -> tuple[tuple[str, ...], str]:
    for member in members:
        value = payload.get(member)
        if isinstance(value, str) and value.startswith(("arn:", "${")):
            return (value,), ""
    return ("*",), f", on what {members[0]} says at run time"


def _bus(name: JSON) -> str:
    if not isinstance(name, str) or name.startswith("{%"):
        return arn("events", "event-bus/*")
    return name if name.startswith(("arn:", "${")) else arn("events", f"event-bus/{name}")


def machines_in(payload: Mapping[str, Any]) -> list[str]:
    """Return the state machines that a request starts; all when it is known at run time."""
    value = payload.get("StateMachineArn")
    if isinstance(value, str) and value.startswith("arn:"):
        return [
            ":".join(value.split(":")[:7])
        ]  # https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    if isinstance(value, str) and value.startswith("${"):
        return [value]
    return [arn("states", "stateMachine:*")]


def executions_of(machine: str) -> str:
    """Return the ARN of all executions of a state machine."""
    if ":stateMachine:" in machine:
        before, _, name = machine.partition(":stateMachine:")
        return f"{before}:execution:{name.partition(':')[0]}:*"
    return arn("states", "execution:*")


def in_s3(operation: str, payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the bucket or the objects that a request is about."""
    bucket = payload.get("Bucket")
    if not isinstance(bucket, str) or bucket.startswith("{%"):
        return ("*",)
    key = payload.get("Key")
    base = f"arn:{PARTITION}:s3:::{bucket}"
    if "Key" in payload or "Key.$" in payload:
        return (f"{base}/{key if isinstance(key, str) and not key.startswith('{%') else '*'}",)
    return (base,) if operation != "DeleteObjects" else (f"{base}/*",)


def passed(payload: Mapping[str, Any], service: str, reason: str) -> Iterator[Right]:
    """Yield the right to hand the roles of a request on to a service, or to the one that a member is for."""
    services: dict[str, set[str]] = {}
    for member, role in roles_in(payload):
        services.setdefault(ROLES_FOR.get(member, service), set()).add(role)
    for name, roles in services.items():
        conditions = {"StringEquals": {"iam:PassedToService": f"{name}.amazonaws.com"}}
        yield Right(("iam:PassRole",), tuple(sorted(roles)), reason, conditions)


def roles_in(value: JSON) -> Iterator[tuple[str, str]]:
    """Yield the roles in a payload with the names of their members in lower case; ``*`` for one that is computed."""
    if isinstance(value, list):
        for one in value:
            yield from roles_in(one)
    elif isinstance(value, dict):
        for key, item in value.items():
            member = key.removesuffix(".$").lower()
            if member in ROLE_MEMBERS and isinstance(item, str):
                constant = not key.endswith(".$") and not item.startswith("{%")
                yield member, _role(item) if constant else "*"
            else:
                yield from roles_in(item)


def _role(text: str) -> str:
    if text.startswith(("arn:", "${")):
        return text
    return f"arn:{PARTITION}:iam::{ACCOUNT}:role/{text}"
