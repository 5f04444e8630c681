"""What a rule is: one thing that can be wrong, why it matters, and the function that finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from stepfunctions.lint.finding import Finding
from stepfunctions.lint.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: ``summary`` in one line, ``why`` it matters, ``source``, the page that it follows.

    ``good`` and ``bad`` are examples in YAML: the members of a ``States`` object, or a whole definition. The bad one
    gives this finding, the good one gives none.
    """

    id: str
    severity: str
    summary: str
    why: str
    source: str
    good: str
    bad: str
    check: Callable[[Subject], Iterator[Finding]] = lambda _: iter(())

    def at(
        self, path: str | None, message: str, hint: str = "", *, severity: str | None = None, offset: int | None = None
    ) -> Finding:
        """Return this rule's finding at a place. ``severity``: another than the rule's own."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            path=path,
            message=message,
            hint=hint,
            offset=offset,
        )
