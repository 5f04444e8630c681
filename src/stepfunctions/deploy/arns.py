"""A right: actions on resources. And what rights are about: ARNs, as far as a definition names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.catalog.iam import RESOURCES, ROLE_MEMBERS

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
    if client == "stepfunctions" and operation == "StartExecution":
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
    if isinstance(value, str) and value.startswith(("arn:", "${")):
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
    """Yield the right to hand the roles of a request on to a service."""
    conditions = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
    roles = sorted(set(roles_in(payload)))
    if roles:
        yield Right(("iam:PassRole",), tuple(roles), reason, conditions)


def roles_in(value: JSON) -> Iterator[str]:
    """Yield the roles in a payload; ``*`` for one that is computed."""
    if isinstance(value, list):
        for one in value:
            yield from roles_in(one)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.removesuffix(".$").lower() in ROLE_MEMBERS and isinstance(item, str):
                constant = not key.endswith(".$") and not item.startswith("{%")
                yield _role(item) if constant else "*"
            else:
                yield from roles_in(item)


def _role(text: str) -> str:
    if text.startswith(("arn:", "${")):
        return text
    return f"arn:{PARTITION}:iam::{ACCOUNT}:role/{text}"
