"""State machines by their ARNs: of the machine itself, of a version, of an alias."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from stepfunctions.engine.execution import Status
from stepfunctions.engine.ports import DELETING, Machine
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations.service import Service, check_arn
from stepfunctions.runtime.store.published import AliasRow, VersionRow

EXPRESS = "EXPRESS"


@dataclass(frozen=True, slots=True)
class Found:
    """What an ARN names: a machine, with the definition, role and settings of the version where it names one."""

    machine: Machine
    version: VersionRow | None = None
    alias: AliasRow | None = None


def find(service: Service, arn: str) -> Machine:
    """Return a state machine, which may be DELETING, by its own ARN.

    Raises InvalidArn, StateMachineDoesNotExist.
    """
    if ":" in check_machine(arn):
        raise ServiceError(
            "StateMachineDoesNotExist",
            f"State Machine Does Not Exist: '{arn}' (it names a version or an alias; give the state machine's own ARN)",
        )
    machine = service.store.machines.get(arn)
    if machine is None or gone(service, machine):
        raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return machine


def check_machine(arn: str) -> str:
    """Return the part of a state machine's ARN after its kind. Raises InvalidArn, ValidationException for a Map's."""
    rest = check_arn(arn, "stateMachine")
    if "/" in rest:
        raise ServiceError(
            "ValidationException", f"'{arn}' names a Map state; give the ARN of the state machine itself"
        )
    return rest


def find_active(service: Service, arn: str) -> Machine:
    """Return a state machine that is not being deleted. Raises StateMachineDeleting too."""
    return _active(find(service, arn))


def _active(machine: Machine) -> Machine:
    if machine.status == DELETING:
        raise ServiceError("StateMachineDeleting", f"State Machine is deleting: '{machine.arn}'")
    return machine


def resolve(service: Service, arn: str, chance: str = "") -> Found:
    """Return what the ARN of a machine, version or alias names.

    An alias of two versions leads to one of them as its weights say; the same ``chance`` always to the same one, none
    to the first.
    Raises InvalidArn, StateMachineDoesNotExist.
    """
    name, _, qualifier = check_machine(arn).partition(":")
    if not qualifier:
        return Found(find(service, arn))
    machine = service.store.machines.get(arn.removesuffix(f":{qualifier}"))
    if machine is not None and not gone(service, machine):
        alias = None
        if not qualifier.isdecimal():
            alias = find_alias(service, machine.arn, arn)
        wanted = arn if alias is None else alias.weights[0][0] if not chance else _chosen(alias, f"{name}/{chance}")
        version = find_version(service, machine.arn, wanted)
        if version is not None:
            return Found(_as_published(service, machine, version), version, alias)
    raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def resolve_active(service: Service, arn: str, chance: str) -> Found:
    """Return the same, unless it is being deleted. Raises StateMachineDeleting too."""
    found = resolve(service, arn, chance)
    _active(found.machine)
    return found


def _chosen(alias: AliasRow, chance: str) -> str:
    mark = int.from_bytes(hashlib.sha256(f"{alias.arn}/{chance}".encode()).digest()[:8], "big") % 100
    for arn, weight in alias.weights:
        mark -= weight
        if mark < 0:
            return arn
    return alias.weights[-1][0]


def _as_published(service: Service, machine: Machine, version: VersionRow) -> Machine:
    return replace(
        machine,
        role_arn=version.role_arn,
        definition=service.store.machines.definition(version.definition_id),
        definition_id=version.definition_id,
        revision_id=version.revision_id,
        settings=version.settings,
        created_at=version.created_at,
        updated_at=version.created_at,
    )


def find_version(service: Service, machine_arn: str, arn: str) -> VersionRow | None:
    """Return a version that is not deleted, or None."""
    found = service.store.published.versions(machine_arn)
    return next((one for one in found if one.arn == arn and not one.deleted), None)


def find_alias(service: Service, machine_arn: str, arn: str) -> AliasRow | None:
    """Return an alias, or None."""
    return next((one for one in service.store.published.aliases(machine_arn) if one.arn == arn), None)


def gone(service: Service, machine: Machine) -> bool:
    """Tell whether a machine is deleted; one that was DELETING goes once none of its executions runs."""
    if machine.status != DELETING:
        return False
    running, _ = service.store.executions.page(machine.arn, Status.RUNNING, None, None, 1)
    if not running:
        service.store.machines.delete(machine.arn)
        service.store.published.forget(machine.arn)
    return not running
