"""The scopes of variables: a machine's top level, each branch of a Parallel, each processor of a Map.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer, subregions
from stepfunctions.asl.states import AnyState
from stepfunctions.errors import Problem


def check_scopes(machine: StateMachine) -> Iterator[Problem]:
    """Yield each assignment, in an inner scope, to a variable that an outer scope assigns too."""
    todo: list[tuple[str, Region, Mapping[str, str]]] = [("", machine, {})]
    while todo:
        path, region, outer = todo.pop()
        own: dict[str, str] = {}
        for name, state in region.states.items():
            for pointer, assign in assignments(state):
                where = f"{path}/States/{escape_pointer(name)}{pointer}"
                for key in assign:
                    variable = key.removesuffix(".$")
                    if variable in outer:
                        message = f"The variable '{variable}' is assigned in an outer scope already"
                        hint = f"It is assigned at {outer[variable]}: use another name here."
                        yield Problem(path=f"{where}/{escape_pointer(key)}", message=message, hint=hint)
                    own.setdefault(variable, where)
        for name, state in region.states.items():
            around = f"{path}/States/{escape_pointer(name)}"
            todo.extend((around + pointer, inner, {**outer, **own}) for pointer, inner in subregions(state))


def assignments(state: AnyState) -> Iterator[tuple[str, Mapping[str, JSON]]]:
    """Yield what a state, its catchers and its rules assign in its own scope, each with its pointer in the state."""
    for pointer, holder in _holders(state):
        assign = getattr(holder, "assign", ABSENT)
        if isinstance(assign, dict):
            yield f"{pointer}/Assign", assign


def _holders(state: AnyState) -> Iterator[tuple[str, Any]]:
    yield "", state
    for field, wire in (("choices", "Choices"), ("catch", "Catch")):
        for index, holder in enumerate(getattr(state, field, None) or ()):
            yield f"/{wire}/{index}", holder
