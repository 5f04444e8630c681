"""What an error says to write instead, where something stands that is no step, or a state is not complete."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from stepfunctions.catalog.errors import is_error_name, meant_error
from stepfunctions.inputs.expressions import Expression, Reference, expressions_in


def no_step(value: Any) -> str:
    """Return what something is that is no step, and how a step is made of it: the end of a message."""
    name = type(value).__name__
    if inspect.isclass(value):
        return f"{name} (the class {value.__name__}). Make a step of it: {value.__name__}('its name', …)."
    if isinstance(value, (list, tuple)):
        return f"{name}. Put steps one after another with a >> b, or Chain([a, b])."
    if isinstance(value, Mapping):
        return f"{name}. Read a definition with Workflow.from_definition(…)."
    if isinstance(value, str):
        return f"{name} ({value!r}). Give the step itself, not its name."
    if inspect.isfunction(value):
        return f"{name}. Write @lambda_function above it, and {value.__name__}.step('its name', …) here."
    if name == "Workflow":
        return f"{name}. A step that runs another workflow is nested_workflow('its name', workflow)."
    return f"{name}."


_AFTERWARDS = ("result_selector", "result_path", "output_path", "assign", "output")
"""Fields that are read when a state has its result; the others make what it works with."""


def check_moment(who: str, field: str, value: Any) -> None:
    """Raise ValueError when a field that is read before a state's work uses what comes of it."""
    if field in _AFTERWARDS or not isinstance(value, (Expression, Mapping, list, tuple)):
        return
    for found in expressions_in(value):
        root = found.jsonata_root if isinstance(found, Reference) else None
        if root in ("$states.result", "$states.errorOutput"):
            name, instead = _LATER[str(root)]
            raise ValueError(f"{who}'{field}' uses {name} ({found!r}), which is not there yet. {instead}")


_LATER = {
    "$states.result": (
        "'result', what this state returns",
        "Use the output of the step before, step.output()['…'], or keep a result in a variable there (assign={…}).",
    ),
    "$states.errorOutput": (
        "'error', the failure that a Catch is given",
        "Keep it in a variable at the Catch (assign={'cause': error['Cause']}) and use variable('cause') here, or "
        "StepInput()['Cause'] in the step that the Catch leads to.",
    ),
}


def check_errors(block: str, names: Any) -> None:
    """Raise ValueError when a Retry or Catch names an error that AWS does not have, or States.ALL beside others."""
    if not isinstance(names, (list, tuple)):
        return
    if "States.ALL" in names and len(names) > 1:
        raise ValueError(f"'error_equals' of a {block} has 'States.ALL' beside other names: it must stand alone.")
    for name in names:
        if isinstance(name, str) and name.startswith("States.") and not is_error_name(name):
            meant = meant_error(name)
            if meant is not None:
                raise ValueError(
                    f"'error_equals' of a {block} has '{name}', which is no error. Did you mean '{meant}'?"
                )


def check_handlers(who: str, retries: Sequence[Any], catches: Sequence[Any]) -> None:
    """Raise ValueError for a Retry or Catch of a state that does not say for which errors, or is never reached."""
    for kind, handlers in (("Retry", retries), ("Catch", catches)):
        for index, handler in enumerate(handlers):
            if handler.error_equals is None:
                raise ValueError(
                    f"{who}a {kind} needs error_equals: the names of the errors it is for, or ['States.ALL'] for every "
                    "one."
                )
            if "States.ALL" in handler.error_equals and index != len(handlers) - 1:
                raise ValueError(
                    f"{who}the {kind} for 'States.ALL' stands before another one, which is never reached: give it as "
                    "the last."
                )
