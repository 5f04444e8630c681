"""Versions and aliases: publish, list, delete; create, update, describe."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from stepfunctions.engine.ports import Machine
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.finding import find_active, find_alias, find_version
from stepfunctions.runtime.operations.pages import page_of
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn
from stepfunctions.runtime.store.published import AliasRow, VersionRow

MOST_VERSIONS = 1000
MOST_ALIASES = 100
INITIAL = "INITIAL"
"""The revision of a state machine that was never updated, which has no other identifier."""
_ALIAS_NAME = re.compile(r"(?=.*[a-zA-Z_\-.])[a-zA-Z0-9_\-.]{1,80}")


def publish(service: Service, request: Request) -> Response:
    """PublishStateMachineVersion: the revision that is there; once it is published, that version is the answer."""
    with service.machines_lock:
        machine = find_active(service, request["stateMachineArn"])
        revision = request.get("revisionId")
        if revision is not None and revision != machine.revision_id:
            raise ServiceError(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {revision}. The current State Machine "
                f"revision is {machine.revision_id}.",
            )
        version = publish_revision(service, machine, request.get("description"))
    return {"creationDate": moment(version.created_at), "stateMachineVersionArn": version.arn}


def publish_revision(service: Service, machine: Machine, description: str | None) -> VersionRow:
    """Make a version of a machine as it is, unless its newest version is just that."""
    known = service.store.published.versions(machine.arn)
    living = [one for one in known if not one.deleted]
    if living and living[0].revision_id == machine.revision_id:
        return living[0]
    if len(living) >= MOST_VERSIONS:
        raise ServiceError(
            "ServiceQuotaExceededException", f"'{machine.arn}' has {MOST_VERSIONS} versions, and can have no more"
        )
    number = known[0].number + 1 if known else 1
    version = VersionRow(
        arn=f"{machine.arn}:{number}",
        machine_arn=machine.arn,
        number=number,
        revision_id=machine.revision_id,
        definition_id=machine.definition_id,
        role_arn=machine.role_arn,
        settings=machine.settings,
        description=description,
        created_at=service.clock.now(),
    )
    service.store.published.put_version(version)
    return version


def list_versions(service: Service, request: Request) -> Response:
    """ListStateMachineVersions, newest first."""
    arn = request["stateMachineArn"]
    check_arn(arn, "stateMachine")
    found = [one for one in service.store.published.versions(arn) if not one.deleted]
    rows = [{"stateMachineVersionArn": one.arn, "creationDate": moment(one.created_at)} for one in found]
    return page_of(service, request, "stateMachineVersions", rows, ["ListStateMachineVersions", arn])


def delete_version(service: Service, request: Request) -> Response:
    """DeleteStateMachineVersion: not while an alias leads to it. Unknown ones are no error."""
    arn = request["stateMachineVersionArn"]
    _, _, number = check_arn(arn, "stateMachine").partition(":")
    if not number.isdecimal():
        raise ServiceError("ValidationException", f"'{arn}' is not the ARN of a version")
    machine_arn = arn.removesuffix(f":{number}")
    with service.machines_lock:
        users = [one.name for one in service.store.published.aliases(machine_arn) if arn in dict(one.weights)]
        if users:
            raise ServiceError(
                "ConflictException",
                "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this "
                f"version: [{', '.join(users)}]",
            )
        version = find_version(service, machine_arn, arn)
        if version is not None:
            service.store.published.put_version(replace(version, deleted=True))
    return {}


def create_alias(service: Service, request: Request) -> Response:
    """CreateStateMachineAlias: the same request again answers as the first did."""
    name = request["name"]
    if not _ALIAS_NAME.fullmatch(name):
        raise ServiceError(
            "ValidationException",
            f"'{name}' cannot be an alias: 1 to 80 letters, digits, '_', '-' and '.', not digits alone",
        )
    with service.machines_lock:
        machine, weights = _routing(service, request["routingConfiguration"])
        arn = f"{machine.arn}:{name}"
        existing = find_alias(service, machine.arn, arn)
        if existing is not None:
            if (existing.weights, existing.description) != (weights, request.get("description")):
                raise ServiceError(
                    "ConflictException", f"An alias named '{name}' exists already, with another description or routing"
                )
            return {"stateMachineAliasArn": arn, "creationDate": moment(existing.created_at)}
        others = service.store.published.aliases(machine.arn)
        if len(others) >= MOST_ALIASES:
            raise ServiceError(
                "ServiceQuotaExceededException", f"'{machine.arn}' has {MOST_ALIASES} aliases, and can have no more"
            )
        # they are listed by time: no two have the same
        now = max([service.clock.now(), *(one.created_at + 1e-6 for one in others)])
        service.store.published.put_alias(
            AliasRow(
                arn=arn,
                machine_arn=machine.arn,
                name=name,
                description=request.get("description"),
                weights=weights,
                created_at=now,
                updated_at=now,
            )
        )
    return {"stateMachineAliasArn": arn, "creationDate": moment(now)}


def update_alias(service: Service, request: Request) -> Response:
    """UpdateStateMachineAlias."""
    if request.get("description") is None and request.get("routingConfiguration") is None:
        raise ServiceError("ValidationException", "Either the description or the routingConfiguration must be given")
    with service.machines_lock:
        alias = _alias(service, request["stateMachineAliasArn"])
        weights = alias.weights
        if request.get("routingConfiguration") is not None:
            machine, weights = _routing(service, request["routingConfiguration"])
            if machine.arn != alias.machine_arn:
                raise ServiceError("ValidationException", "The versions belong to another state machine than the alias")
        description = alias.description if request.get("description") is None else request["description"]
        now = service.clock.now()
        service.store.published.put_alias(replace(alias, weights=weights, description=description, updated_at=now))
    return {"updateDate": moment(now)}


def describe_alias(service: Service, request: Request) -> Response:
    """DescribeStateMachineAlias."""
    alias = _alias(service, request["stateMachineAliasArn"])
    return {
        "stateMachineAliasArn": alias.arn,
        "name": alias.name,
        "routingConfiguration": [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.weights],
        "creationDate": moment(alias.created_at),
        "updateDate": moment(alias.updated_at),
        **({} if alias.description is None else {"description": alias.description}),
    }


def list_aliases(service: Service, request: Request) -> Response:
    """ListStateMachineAliases of a state machine, or those that lead to a version; the newest first."""
    arn = request["stateMachineArn"]
    name, _, version = check_arn(arn, "stateMachine").partition(":")
    machine = find_active(service, f"{service.prefix}:stateMachine:{name}")
    found = [one for one in service.store.published.aliases(machine.arn) if not version or arn in dict(one.weights)]
    found.sort(key=lambda one: one.created_at, reverse=True)
    rows = [{"stateMachineAliasArn": one.arn, "creationDate": moment(one.created_at)} for one in found]
    return page_of(service, request, "stateMachineAliases", rows, ["ListStateMachineAliases", arn])


def delete_alias(service: Service, request: Request) -> Response:
    """DeleteStateMachineAlias."""
    with service.machines_lock:
        service.store.published.delete_alias(_alias(service, request["stateMachineAliasArn"]).arn)
    return {}


def _alias(service: Service, arn: str) -> AliasRow:
    machine, _, name = check_arn(arn, "stateMachine").partition(":")
    if not name or name.isdecimal():
        raise ServiceError("ValidationException", f"'{arn}' is not the ARN of an alias")
    alias = find_alias(service, f"{service.prefix}:stateMachine:{machine}", arn)
    if alias is None:
        raise ServiceError("ResourceNotFound", f"Request references a resource that does not exist: '{arn}'")
    return alias


def _routing(service: Service, given: list[dict[str, Any]]) -> tuple[Machine, tuple[tuple[str, int], ...]]:
    """Return the machine that all versions are of, and the weights. Raises ValidationException, ResourceNotFound."""
    weights = tuple((one["stateMachineVersionArn"], one["weight"]) for one in given)
    machines = set()
    for arn, _ in weights:
        rest = check_arn(arn, "stateMachine")
        if not rest.partition(":")[2].isdecimal():
            raise ServiceError("ValidationException", f"Routing configuration must contain version ARNs, not '{arn}'")
        machines.add(arn.rpartition(":")[0])
    if len(machines) != 1 or len(dict(weights)) != len(weights):
        raise ServiceError("ValidationException", "Give one version, or two different ones of one state machine")
    if sum(dict(weights).values()) != 100:
        raise ServiceError(
            "ValidationException", f"Sum of routing configuration weights must equal 100. Received: {given}"
        )
    machine_arn = machines.pop()
    for arn, _ in weights:
        if find_version(service, machine_arn, arn) is None:
            raise ServiceError("ResourceNotFound", f"Request references a resource that does not exist: '{arn}'")
    return find_active(service, machine_arn), weights
