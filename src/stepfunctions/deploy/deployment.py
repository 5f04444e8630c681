"""Deploying a stack: its files, a change set, what happens, its outputs.

User guide: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import difflib
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from stepfunctions.deploy.assets import publish, upload
from stepfunctions.deploy.bootstrap import bucket_of, described_stack
from stepfunctions.deploy.environments import LOCAL, Environment
from stepfunctions.deploy.parts import ASSET_BUCKET
from stepfunctions.deploy.promotion import manifest_of, record
from stepfunctions.deploy.stack import Stack
from stepfunctions.deploy.triggers import SCHEDULES
from stepfunctions.errors import StepFunctionsError
from stepfunctions.steps.utils import tags_dict_to_kv_list

LARGEST_BODY = 51_200
"""Bytes of a template in a request: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
_CANCELLED = "Resource creation cancelled"
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
_IAM = {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
FAILED_CREATION = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")
"""What a stack is whose creation failed: it cannot be updated, only deleted."""
_RESTORED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "ROLLBACK_COMPLETE")


class DeploymentFailed(StepFunctionsError):
    """CloudFormation could not do it; the message has the reasons."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """What happened to a resource, as CloudFormation tells it."""

    resource: str
    type: str
    status: str
    reason: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.status, self.resource, f"({self.type})", self.reason)))


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What became of a deployment. ``changes``: what the change set said, as ``Add``, ``Modify`` or ``Remove``.

    ``uploaded``: keys of the files that were not in the bucket yet. ``outputs``: of the stack.
    """

    stack: str
    status: str
    changes: tuple[Event, ...]
    uploaded: tuple[str, ...]
    outputs: Mapping[str, str]

    @property
    def changed(self) -> bool:
        """Whether anything was done."""
        return bool(self.changes)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where to deploy to. ``client`` returns boto3's client of a service; ``pause`` waits for some seconds.

    ``tell`` is called with what happens.
    """

    environment: Environment
    client: Callable[[str], Any]
    tell: Callable[[Event], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep
    seconds: float = 2.0


def deploy(stack: Stack, place: Place) -> Deployed:
    """Bring a stack of an environment to what a template says; nothing is done when nothing differs.

    Raises ValueError for what is missing in the environment, DeploymentFailed with CloudFormation's reasons, and
    botocore's errors.
    """
    cloudformation = place.client("cloudformation")
    request, bucket = prepared(stack, place)
    found = _usable(stack.name, place)
    published = [] if bucket is None else publish(stack.assets, bucket, place.client("s3"))
    uploaded = tuple(one.key for one in published if one.uploaded)
    seen = _seen(stack.name, place)
    changes = change_set(request | {"ChangeSetType": "CREATE" if found is None else "UPDATE"}, place)
    if changes:
        cloudformation.execute_change_set(StackName=stack.name, ChangeSetName=request["ChangeSetName"])
        follow(stack.name, place, seen)
    if bucket is not None:
        record(stack, bucket, place.client("s3"))
    described = described_stack(stack.name, cloudformation) or {}
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", ())}
    status = str(described.get("StackStatus", ""))
    return Deployed(stack=stack.name, status=status, changes=changes, uploaded=uploaded, outputs=outputs)


def prepared(stack: Stack, place: Place) -> tuple[dict[str, Any], str | None]:
    """Return the request of a change set of a stack, for an update, and the bucket of files, if there is one.

    Raises ValueError for what is missing in the environment.
    """
    environment = place.environment
    _check_account(place)
    bucket = _bucket(stack, place)
    values = parameters_of(stack, environment, bucket)
    digest = hashlib.sha256(f"{stack.to_json()}{values}{time.time_ns()}".encode()).hexdigest()
    request: dict[str, Any] = {
        "StackName": stack.name,
        "ChangeSetName": f"deploy-{digest[:16]}",
        "ChangeSetType": "UPDATE",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": _capabilities(stack),
        "Tags": tags_dict_to_kv_list(environment.tags),
        **_body(stack, bucket, place),
    }
    return request if environment.role is None else request | {"RoleARN": environment.role}, bucket


def destroy(name: str, place: Place) -> tuple[Event, ...]:
    """Delete a stack, and return what stays of it. Raises ValueError when there is none, DeploymentFailed."""
    cloudformation = place.client("cloudformation")
    _check_account(place)
    found = described_stack(name, cloudformation)
    if found is None:
        raise ValueError(f"There is no stack '{name}' in the environment '{place.environment.name}'.")
    stays: list[Event] = []

    def tell(event: Event) -> None:
        if event.status == "DELETE_SKIPPED":
            stays.append(event)
        place.tell(event)

    seen = _seen(name, place)
    cloudformation.delete_stack(StackName=found["StackId"])
    follow(found["StackId"], replace(place, tell=tell), seen, wanted=("DELETE_COMPLETE",))
    return tuple(stays)


def parameters_of(stack: Stack, environment: Environment, bucket: str | None) -> dict[str, str]:
    """Return the values of a template's Parameters in an environment, those that differ from the defaults.

    Only the local cloud takes the values of the workflow's own account for what the environment does not say. Raises
    ValueError that names what is missing.
    """
    values = given_parameters(stack, environment, bucket)
    missing = missing_parameters(stack, values)
    if missing:
        lines = "".join(f'\n    {name} = "{stack.parameters.get(name) or "…"}"' for name in missing)
        raise ValueError(
            f"The environment '{environment.name}' does not say {', '.join(missing)}. Write them into "
            f"stepfunctions.toml (these are the values of the account where the workflow was written):\n"
            f"    [environments.{environment.name}.parameters]{lines}"
        )
    return values


def given_parameters(stack: Stack, environment: Environment, bucket: str | None) -> dict[str, str]:
    """Return the values that an environment says. Raises ValueError for one that is misspelt."""
    declared = stack.template.get("Parameters", {})
    _check_names(environment, list(declared))
    values = dict(stack.parameters) if environment.name == LOCAL else {}
    if bucket is not None:
        values[ASSET_BUCKET] = bucket
    if not environment.schedules:
        values[SCHEDULES] = "DISABLED"
    values |= environment.parameters
    return {name: str(values[name]) for name in declared if values.get(name) is not None}


def missing_parameters(stack: Stack, values: Mapping[str, str]) -> list[str]:
    """Return the Parameters that have neither a default nor one of these values."""
    return [
        name
        for name, one in stack.template.get("Parameters", {}).items()
        if "Default" not in one and name not in values
    ]


def _check_names(environment: Environment, declared: list[str]) -> None:
    """An environment is for several stacks, so only a name that is nearly one of this stack's is a mistake."""
    for name in environment.parameters:
        close = [] if name in declared else difflib.get_close_matches(name, declared, 1, 0.85)
        if close and close[0] not in environment.parameters:
            raise ValueError(
                f"The environment '{environment.name}' has a parameter '{name}', which the template has not: did you "
                f"mean '{close[0]}'?"
            )


def _check_account(place: Place) -> None:
    wanted = place.environment.account
    if wanted is None:
        return
    account = place.client("sts").get_caller_identity()["Account"]
    if account != wanted:
        raise ValueError(
            f"The environment '{place.environment.name}' is the account {wanted}, but the credentials are of {account}."
            " Set its profile, or AWS_PROFILE."
        )


def _bucket(stack: Stack, place: Place) -> str | None:
    """Return the bucket of files, None when none is needed and there is none."""
    environment = place.environment
    bucket = environment.bucket or bucket_of(environment.name, place.client("cloudformation"))
    if bucket is None and (stack.assets or len(stack.to_yaml().encode()) > LARGEST_BODY):
        raise ValueError(
            f"The environment '{environment.name}' has no bucket for files. Make it: stepfunctions bootstrap --env "
            f"{environment.name}"
        )
    return bucket


def _body(stack: Stack, bucket: str | None, place: Place) -> dict[str, str]:
    """Return the template for a request: itself, or where it is when it is too large."""
    text = stack.to_yaml()
    content = text.encode()
    if len(content) <= LARGEST_BODY or bucket is None:
        return {"TemplateBody": text}
    s3 = place.client("s3")
    key = manifest_of(stack).template.key
    upload(s3, bucket, key, content)
    return {"TemplateURL": f"{s3.meta.endpoint_url}/{bucket}/{key}"}


def _capabilities(stack: Stack) -> list[str]:
    roles = [one for one in stack.template["Resources"].values() if one["Type"] in _IAM]
    return ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"] if roles else []


def _usable(name: str, place: Place) -> dict[str, Any] | None:
    """Return the stack as it is, None when it must be created; what is left of a failed creation is deleted first."""
    cloudformation = place.client("cloudformation")
    found = described_stack(name, cloudformation)
    status = "" if found is None else str(found["StackStatus"])
    if found is None or status == "REVIEW_IN_PROGRESS":  # a change set was made and never executed
        return None
    if status.endswith("_IN_PROGRESS"):
        raise ValueError(f"The stack '{name}' is being changed ({status}). Wait for its end.")
    if status in FAILED_CREATION:
        seen = _seen(name, place)
        cloudformation.delete_stack(StackName=found["StackId"])
        follow(found["StackId"], place, seen, wanted=("DELETE_COMPLETE",))
        return None
    if status not in _RESTORED:
        raise ValueError(
            f"The stack '{name}' is {status}, and cannot be updated. Mend it in CloudFormation's console (continue "
            "the rollback), or delete it."
        )
    return found


def change_set(request: Mapping[str, Any], place: Place) -> tuple[Event, ...]:
    """Make a change set and return its changes; one without any is deleted. Raises DeploymentFailed."""
    cloudformation = place.client("cloudformation")
    cloudformation.create_change_set(**request)
    asked = {name: request[name] for name in ("StackName", "ChangeSetName")}
    found = cloudformation.describe_change_set(**asked)
    while found["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        place.pause(place.seconds)
        found = cloudformation.describe_change_set(**asked)
    if found["Status"] == "FAILED":
        reason = found.get("StatusReason", "")
        cloudformation.delete_change_set(**asked)
        if any(text in reason for text in _NO_CHANGE):
            return ()
        raise DeploymentFailed(f"CloudFormation refuses the change of the stack '{request['StackName']}': {reason}")
    changes = list(found["Changes"])
    while found.get("NextToken"):
        found = cloudformation.describe_change_set(**asked, NextToken=found["NextToken"])
        changes += found["Changes"]
    return tuple(_change(one["ResourceChange"]) for one in changes)


def _change(found: Mapping[str, Any]) -> Event:
    replaced = found.get("Replacement")
    reason = "is replaced" if replaced == "True" else "may be replaced" if replaced == "Conditional" else ""
    return Event(resource=found["LogicalResourceId"], type=found["ResourceType"], status=found["Action"], reason=reason)


def _seen(name: str, place: Place) -> set[str]:
    """Return the ids of the events that a stack has already."""
    if described_stack(name, place.client("cloudformation")) is None:
        return set()
    return {one["EventId"] for one in _events(name, place)}


def _events(name: str, place: Place) -> list[dict[str, Any]]:
    pages = place.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=name)
    return [one for page in pages for one in page["StackEvents"]]


def follow(
    name: str, place: Place, seen: set[str], wanted: tuple[str, ...] = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
) -> None:
    """Tell what happens to a stack until it ends. Raises DeploymentFailed when it does not end as wanted."""
    failures: list[Event] = []
    while True:
        found = described_stack(name, place.client("cloudformation"))
        for one in reversed(_events(name, place)):
            if one["EventId"] in seen:
                continue
            seen.add(one["EventId"])
            event = Event(
                resource=one["LogicalResourceId"],
                type=one["ResourceType"],
                status=one["ResourceStatus"],
                reason=one.get("ResourceStatusReason", ""),
            )
            place.tell(event)
            if event.status.endswith("_FAILED") and not event.reason.startswith(_CANCELLED):
                failures.append(event)
        status = "DELETE_COMPLETE" if found is None else str(found["StackStatus"])
        if not status.endswith("_IN_PROGRESS"):
            break
        place.pause(place.seconds)
    if status not in wanted:
        reasons = "".join(f"\n    {event}" for event in failures)
        called = name if found is None else found["StackName"]
        raise DeploymentFailed(f"The stack '{called}' is {status}.{reasons}")
