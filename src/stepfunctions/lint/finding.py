"""What a rule reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from stepfunctions.asl.machine import StateMachine
from stepfunctions.errors import sentences

ERROR = "ERROR"
"""AWS refuses the definition, or an execution fails wherever it comes to this."""

WARNING = "WARNING"
"""It runs, but hardly as meant."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong: the rule's code, where (a JSON Pointer), what, and what to write instead.

    ``path`` None: no single place.
    """

    code: str
    severity: str
    path: str | None
    message: str
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a diagnostic, as ``ValidateStateMachineDefinition`` answers it."""
        fields = asdict(self)
        fields["location"] = fields.pop("path")
        return fields

    def __str__(self) -> str:
        return f"{self.severity} {self.path or '/'} {sentences(self.message, self.hint)} [{self.code}]"


Rule: TypeAlias = Callable[[StateMachine], Iterator[Finding]]
