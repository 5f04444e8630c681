"""What a deployment would change: resources, and of the state machine states, edges and fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.deploy.bootstrap import described_stack
from stepfunctions.deploy.deployment import Event, Place, change_set, prepared
from stepfunctions.deploy.filling import filled_definition, pseudo_parameters
from stepfunctions.deploy.parts import MACHINE
from stepfunctions.deploy.stack import Stack

_EDGES = ("Next", "Default")
_REGIONS = ("ItemProcessor", "Iterator")
KEEP = "Running executions keep the definition that they began with; new ones get the new definition."
REPLACED = (
    "The state machine is replaced: executions of the old one end with it, and their history is not in the new one."
)


@dataclass(frozen=True, kw_only=True)
class StateChange:
    """One change of a definition. ``kind``: ``+``, ``-`` or ``~``. ``what``: a state, or an edge ``A -> B``.

    ``fields``: of a state that changed.
    """

    kind: str
    what: str
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.what}{': ' if self.fields else ''}{', '.join(self.fields)}"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What would change. ``means``: what that means for executions."""

    resources: tuple[Event, ...]
    states: tuple[StateChange, ...]
    means: tuple[str, ...]


def diff(stack: Stack, place: Place) -> Difference:
    """Return what deploying a stack to an environment would change. Nothing is changed, and no file is uploaded
    unless the template is too large for a request.

    Raises as :func:`~stepfunctions.deploy.deployment.deploy` does.
    """
    cloudformation = place.client("cloudformation")
    found = described_stack(stack.name, cloudformation)
    request, _ = prepared(stack, place)
    values = {one["ParameterKey"]: one["ParameterValue"] for one in request["Parameters"]}
    if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS":
        added = tuple(
            Event(resource=name, type=one["Type"], status="Add") for name, one in stack.template["Resources"].items()
        )
        return Difference(resources=added, states=state_changes({}, stack.definition), means=())
    resources = change_set(request, place)
    if resources:
        cloudformation.delete_change_set(StackName=stack.name, ChangeSetName=request["ChangeSetName"])
    account = place.client("sts").get_caller_identity()["Account"]
    pseudo = pseudo_parameters(account, cloudformation.meta.region_name)
    states = state_changes(_live(stack.name, place), filled_definition(stack, values, pseudo))
    return Difference(resources=resources, states=states, means=tuple(_means(resources, states)))


def state_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[StateChange, ...]:
    """Return the states, edges and fields in which two definitions differ; states inside others as ``Map/Inner``."""
    before, after = dict(_states(old)), dict(_states(new))
    found = [StateChange(kind="+", what=name) for name in after if name not in before]
    found += [StateChange(kind="-", what=name) for name in before if name not in after]
    for name in after:
        fields = _fields(before[name], after[name]) if name in before else ()
        if fields:
            found.append(StateChange(kind="~", what=name, fields=fields))
    found += [StateChange(kind="+", what=edge) for edge in _edges(after) if edge not in set(_edges(before))]
    found += [StateChange(kind="-", what=edge) for edge in _edges(before) if edge not in set(_edges(after))]
    whole = tuple(name for name in {**old, **new} if name != "States" and old.get(name) != new.get(name))
    if whole and old:
        found.insert(0, StateChange(kind="~", what="the state machine", fields=whole))
    return tuple(found)


def _states(region: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield states by their path, without the regions inside them."""
    for name, state in region.get("States", {}).items():
        here = f"{path}{name}"
        inner = [state[one] for one in _REGIONS if one in state] + state.get("Branches", [])
        own = {key: value for key, value in state.items() if key not in (*_REGIONS, "Branches")}
        heads = [{key: value for key, value in one.items() if key != "States"} for one in inner]
        yield here, {**own, **({"regions": heads} if heads else {})}
        for number, one in enumerate(inner):
            yield from _states(one, f"{here}/{f'{number}/' if len(inner) > 1 else ''}")


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in {**before, **after} if before.get(name) != after.get(name))


def _edges(states: Mapping[str, Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for name, state in states.items():
        targets = [state[one] for one in _EDGES if one in state]
        targets += [one["Next"] for key in ("Choices", "Catch") for one in state.get(key, ()) if "Next" in one]
        folder = name.rpartition("/")[0]
        found += [f"{name} -> {f'{folder}/' if folder else ''}{target}" for target in dict.fromkeys(targets)]
    return found


def _live(name: str, place: Place) -> dict[str, Any]:
    """Return the definition that the stack's state machine has now."""
    resource = place.client("cloudformation").describe_stack_resource(StackName=name, LogicalResourceId=MACHINE)
    arn = resource["StackResourceDetail"]["PhysicalResourceId"]
    definition: dict[str, Any] = json.loads(
        place.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"]
    )
    return definition


def _means(resources: tuple[Event, ...], states: tuple[StateChange, ...]) -> Iterator[str]:
    machine = next((one for one in resources if one.resource == MACHINE), None)
    if machine is not None and (machine.status == "Remove" or machine.reason):
        yield REPLACED
    elif states:
        yield KEEP
