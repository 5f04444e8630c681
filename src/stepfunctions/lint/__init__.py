"""What is wrong with a definition, found before anything runs.

``check`` gives every finding of every rule. To add a rule: a function and its :class:`Rule` in a module here, and an
entry in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.asl.codec import loads, parse
from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import DefinitionError
from stepfunctions.lint.expressions import EXPRESSION_SYNTAX
from stepfunctions.lint.finding import ERROR, INFO, SEVERITIES, WARNING, Finding
from stepfunctions.lint.flow import (
    MISSING_END_STATE,
    MISSING_TRANSITION_TARGET,
    NO_DEFAULT,
    NO_END,
    UNREACHABLE_STATE,
)
from stepfunctions.lint.jsonata import INVALID_JSONATA_EXPRESSION, NOT_EVALUATED, UNSUPPORTED_JSONATA_EXPRESSION
from stepfunctions.lint.looks import NO_DOLLAR, NO_PATH, PASS_RESULT_IS_STATIC
from stepfunctions.lint.maps import (
    DISTRIBUTED_ONLY,
    DUPLICATE_LABEL_NAME,
    INVALID_LABEL_NAME,
    PROCESSOR_LANGUAGE,
    UNKNOWN_SOURCE,
)
from stepfunctions.lint.nesting import INTRINSIC_NESTING
from stepfunctions.lint.parameters import WRONG_REQUEST
from stepfunctions.lint.resources import UNKNOWN_RESOURCE
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Kind, Subject

AWS_RULES: tuple[Rule, ...] = (
    EXPRESSION_SYNTAX,
    INTRINSIC_NESTING,
    INVALID_JSONATA_EXPRESSION,
    UNSUPPORTED_JSONATA_EXPRESSION,
    UNKNOWN_RESOURCE,
    WRONG_REQUEST,
    DISTRIBUTED_ONLY,
    INVALID_LABEL_NAME,
    DUPLICATE_LABEL_NAME,
    UNKNOWN_SOURCE,
    PROCESSOR_LANGUAGE,
    MISSING_END_STATE,
    MISSING_TRANSITION_TARGET,
    NO_DOLLAR,
    NO_PATH,
    PASS_RESULT_IS_STATIC,
)
"""The rules that AWS itself applies when a state machine is created or validated: errors, and three warnings."""

RULES: tuple[Rule, ...] = (
    *AWS_RULES,
    NOT_EVALUATED,
    UNREACHABLE_STATE,
    NO_END,
    NO_DEFAULT,
)
"""Every rule, in the order in which it is applied."""


def check(definition: Mapping[str, Any] | str, *, kind: Kind | None = None) -> list[Finding]:
    """Return what is wrong with a definition (a dict, or its JSON text), the worst first, then state by state.

    ``kind``: STANDARD or EXPRESS, None when it is not known. A definition whose form is wrong gets those findings
    alone: the rules need one that can be read.
    """
    try:
        document = loads(definition) if isinstance(definition, str) else dict(definition)
        machine = parse(document)
    except DefinitionError as error:
        return [Finding.of(problem) for problem in error.problems]
    return check_machine(machine, document=document, kind=kind)


def check_machine(
    machine: StateMachine,
    *,
    document: Mapping[str, Any] | None = None,
    kind: Kind | None = None,
    rules: Iterable[Rule] = RULES,
) -> list[Finding]:
    """Return what rules say of a machine that was read, the worst first. ``document``: the definition as written."""
    subject = Subject(machine, document, kind)
    found = [finding for rule in rules for finding in rule.check(subject)]
    order = {located.path: number for number, located in enumerate(subject.located, 1)}
    return sorted(found, key=lambda finding: (SEVERITIES.index(finding.severity), _state(finding.path, order)))


def _state(path: str | None, order: Mapping[str, int]) -> int:
    """Return the number of the state that a pointer leads to, or into; 0 for what is in none."""
    while path:
        if path in order:
            return order[path]
        path = path.rpartition("/")[0]
    return 0


__all__ = [
    "AWS_RULES",
    "ERROR",
    "INFO",
    "RULES",
    "SEVERITIES",
    "WARNING",
    "Finding",
    "Kind",
    "Rule",
    "Subject",
    "check",
    "check_machine",
]
