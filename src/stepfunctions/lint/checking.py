"""A definition under the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.asl.codec import loads, parse
from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import DefinitionError
from stepfunctions.lint.finding import SEVERITIES, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.rules import RULES
from stepfunctions.lint.subject import Kind, Subject


def check(
    definition: Mapping[str, Any] | str, *, kind: Kind | None = None, rules: Iterable[Rule] = RULES
) -> list[Finding]:
    """Return what is wrong with a definition (a dict, or its JSON text), the worst first, then state by state.

    ``kind``: STANDARD or EXPRESS, None when it is not known. A definition whose form is wrong gets those findings
    alone: the rules need one that can be read.
    """
    try:
        document = loads(definition) if isinstance(definition, str) else dict(definition)
        machine = parse(document)
    except DefinitionError as error:
        return [Finding.of(problem) for problem in error.problems]
    return check_machine(machine, document=document, kind=kind, rules=rules)


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
