"""What a deployment would change: resources, and of the state machine states, edges and fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.deploy.bootstrap import described_stack
from stepfunctions.deploy.deployment import FAILED_CREATION, Event, Place, change_set, prepared
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
    if found is None or found["StackStatus"] in ("REVIEW_IN_PROGRESS", *FAILED_CREATION):
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
    found = [StateChange(kind="+", what="".join(one)) for one in after if one not in before]
    found += [StateChange(kind="-", what="".join(one)) for one in before if one not in after]
    for one in after:
        fields = _fields(before[one], after[one]) if one in before else ()
        if fields:
            found.append(StateChange(kind="~", what="".join(one), fields=fields))
    found += [StateChange(kind="+", what=edge) for edge in _edges(after) if edge not in set(_edges(before))]
    found += [StateChange(kind="-", what=edge) for edge in _edges(before) if edge not in set(_edges(after))]
    whole = _fields(_head(old), _head(new))
    if whole and old:
        found.insert(0, StateChange(kind="~", what="the state machine", fields=whole))
    return tuple(found)


def _states(region: Mapping[str, Any], path: str = "") -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield states by the path of what they are in and their names, without the regions inside them."""
    for name, state in region.get("States", {}).items():
        regions = {key: state[key] for key in _REGIONS if key in state}
        heads: dict[str, Any] = {key: _head(one) for key, one in regions.items()}
        if "Branches" in state:
            heads["Branches"] = [_head(one) for one in state["Branches"]]
        yield (path, name), {**state, **heads}
        inner = [*regions.values(), *state.get("Branches", ())]
        for number, one in enumerate(inner):
            yield from _states(one, f"{path}{name}/{f'{number}/' if len(inner) > 1 else ''}")


def _head(region: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in region.items() if key != "States"}


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields that differ; null is not the same as no field, and 1 not as true."""
    texts = [{name: json.dumps(value, sort_keys=True) for name, value in one.items()} for one in (before, after)]
    return tuple(name for name in {**before, **after} if texts[0].get(name) != texts[1].get(name))


def _edges(states: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for (path, name), state in states.items():
        targets = [state[one] for one in _EDGES if one in state]
        targets += [one["Next"] for key in ("Choices", "Catch") for one in state.get(key, ()) if "Next" in one]
        found += [f"{path}{name} -> {path}{target}" for target in dict.fromkeys(targets)]
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
