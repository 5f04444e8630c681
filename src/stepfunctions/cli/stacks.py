"""The stack of a command's target: what ``export``, ``deploy`` and their like work on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from stepfunctions import lint
from stepfunctions.cli.targets import load_target
from stepfunctions.deploy.stack import Stack
from stepfunctions.errors import DefinitionError, Problem
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Workflow


def load_stack(text: str, kind: Literal["STANDARD", "EXPRESS"] | None = None, **options: Any) -> Stack:
    """Return the stack of ``FILE`` or ``MODULE:NAME``: a Stack itself, or what has a definition.

    ``kind``: STANDARD or EXPRESS, for a definition, which does not say it. ``options`` are those of
    ``Workflow.stack``; a Stack has its own. Raises DefinitionError for what AWS would refuse, else click.UsageError,
    ValueError or OSError.
    """
    target = load_target(text)
    if target.stack is not None:
        _refuse_mistakes(target.stack.definition, target.stack.type)
        return target.stack
    workflow = target.workflow or Workflow(
        target.name, FrozenGraph(target.definition), "", type=kind or "STANDARD", tags={}
    )
    _refuse_mistakes(target.definition, workflow.type)
    return workflow.stack(**options)


def _refuse_mistakes(definition: Mapping[str, Any], kind: Any) -> None:
    errors = [found for found in lint.check(definition, kind=kind) if found.severity == lint.ERROR]
    if errors:
        raise DefinitionError(
            [Problem(path=found.path, code=found.rule, message=found.message, hint=found.hint) for found in errors]
        )
