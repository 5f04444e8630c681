"""What is wrong with a definition, found before anything runs.

``check`` gives every finding of every rule. To add a rule: a function in a module here and an entry in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepfunctions.asl.codec import loads, parse
from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import DefinitionError
from stepfunctions.lint.expressions import expressions
from stepfunctions.lint.finding import ERROR, WARNING, Finding, Rule
from stepfunctions.lint.flow import choice_without_default, endless, graph, unreachable
from stepfunctions.lint.jsonata import invalid_jsonata, not_evaluated, unsupported_jsonata
from stepfunctions.lint.looks import static_paths
from stepfunctions.lint.maps import distributed_only, labels, processor_language, sources
from stepfunctions.lint.nesting import NESTING, nested_calls
from stepfunctions.lint.parameters import own_requests
from stepfunctions.lint.resources import resources

RULES: tuple[Rule, ...] = (
    expressions,
    nested_calls,
    invalid_jsonata,
    unsupported_jsonata,
    not_evaluated,
    resources,
    own_requests,
    distributed_only,
    labels,
    sources,
    processor_language,
    graph,
    unreachable,
    endless,
    choice_without_default,
    static_paths,
)
"""Every rule, in the order in which it is applied."""


def check(definition: Mapping[str, Any] | str) -> list[Finding]:
    """Return what is wrong with a definition (a dict, or its JSON text), errors before warnings.

    A definition whose form is wrong gets those findings alone: the rules need one that can be read.
    """
    try:
        machine = parse(loads(definition) if isinstance(definition, str) else dict(definition))
    except DefinitionError as error:
        return [
            Finding(code=problem.code, severity=ERROR, path=problem.path, message=problem.message, hint=problem.hint)
            for problem in error.problems
        ]
    return check_machine(machine)


def check_machine(machine: StateMachine) -> list[Finding]:
    """Return what the rules say of a machine that was read, errors before warnings."""
    found = [finding for rule in RULES for finding in rule(machine)]
    return sorted(found, key=lambda finding: finding.severity != ERROR)


__all__ = ["ERROR", "NESTING", "RULES", "WARNING", "Finding", "Rule", "check", "check_machine"]
