"""What a rule reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from stepfunctions.asl.machine import escape_pointer
from stepfunctions.errors import Problem, sentences

ERROR = "error"
"""AWS refuses the definition, or an execution fails wherever it comes to this."""

WARNING = "warning"
"""It runs, but hardly as meant."""

INFO = "info"
"""Good to know."""

SEVERITIES = (ERROR, WARNING, INFO)
"""From the worst to the mildest."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: the rule's id, where (a JSON Pointer), what, and what to write instead.

    ``path`` None: no single place. ``offset``: the index of a character in the string at ``path``. ``line`` and
    ``column`` count from 1 in ``file``; ``resource`` is the logical id of a template's state machine. They are None
    where nothing was read from a file.
    """

    rule: str
    severity: str
    path: str | None
    message: str
    hint: str = ""
    offset: int | None = None
    line: int | None = None
    column: int | None = None
    file: str | None = None
    resource: str | None = None

    @classmethod
    def of(cls, problem: Problem) -> Finding:
        """Return the finding of a definition whose form is wrong."""
        inside = "" if problem.member is None else f"/{escape_pointer(problem.member)}"
        path = problem.path if problem.path is None else problem.path + inside
        return cls(rule=problem.code, severity=ERROR, path=path, message=problem.message, hint=problem.hint)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a JSON object, without the offset."""
        fields = asdict(self)
        del fields["offset"]
        return fields

    def __str__(self) -> str:
        return f"{self.severity} {self.path or '/'} {sentences(self.message, self.hint)} [{self.rule}]"
