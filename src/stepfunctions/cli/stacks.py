"""The stack of a command's target: what ``export``, ``deploy`` and their like work on."""

from __future__ import annotations

from typing import Any, Literal

from stepfunctions.cli.targets import load_target
from stepfunctions.deploy.stack import Stack
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Workflow


def load_stack(text: str, kind: Literal["STANDARD", "EXPRESS"] | None = None, **options: Any) -> Stack:
    """Return the stack of ``FILE`` or ``MODULE:NAME``: a Stack itself, or what has a definition.

    ``kind``: STANDARD or EXPRESS, for a definition, which does not say it. ``options`` are those of
    ``Workflow.stack``; a Stack has its own. Raises click.UsageError, DefinitionError, ValueError or OSError.
    """
    target = load_target(text)
    if target.stack is not None:
        return target.stack
    workflow = target.workflow or Workflow(
        target.name, FrozenGraph(target.definition), "", type=kind or "STANDARD", tags={}
    )
    return workflow.stack(**options)
