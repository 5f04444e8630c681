"""Limits of the service that definitions, requests and executions meet.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.errors import StateFailed
from stepfunctions.query.intrinsics import MAX_NESTING

MAX_EVENTS = 25_000
"""Events of a STANDARD execution's history, the last one included."""
MAX_PAYLOAD = 262_144
"""Bytes of an input, output or result: 256 KiB."""
MAX_VARIABLES = 10 * 1024 * 1024
"""Bytes of all variables that an execution stores."""
MAX_DEFINITION = 1_048_576
"""Bytes of a definition."""
MAX_OPEN = 100_000
"""Executions that are open at the same time. AWS's quota is a million; here each holds some 5 KiB of memory."""
MAX_NAME = 80
"""Characters of the name of a state, state machine, execution or activity."""
LONGEST_STANDARD = 365 * 86_400
"""Seconds that a STANDARD execution may be open."""
LONGEST_EXPRESS = 300
"""Seconds that an EXPRESS execution may take."""
DATA_LIMIT = "States.DataLimitExceeded"
_WIDEST = 4
"""Bytes of a character in UTF-8 at most."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that are enforced, by default AWS's. None: no limit."""

    payload: int | None = MAX_PAYLOAD
    """Bytes of a payload, and of the variables of one Assign."""
    variables: int | None = MAX_VARIABLES
    """Bytes of all variables of an execution."""
    events: int | None = MAX_EVENTS
    """Events of a STANDARD execution."""
    definition: int | None = MAX_DEFINITION
    """Bytes of a definition."""
    name: int | None = MAX_NAME
    """Characters of a name."""
    open: int | None = MAX_OPEN
    """Open executions."""
    nesting: int | None = MAX_NESTING
    """How deep calls of intrinsic functions may be nested."""

    def check_size(self, document: Document, what: str) -> None:
        """Raise StateFailed(States.DataLimitExceeded) for a document that is too large; ``what``: the state or task."""
        most = self.payload
        if most is not None and len(document.text) * _WIDEST > most and document.size > most:
            raise too_large(what)

    def check_assigned(self, values: dict[str, JSON], state: str) -> None:
        """Raise StateFailed(States.DataLimitExceeded) when what an Assign gives is too large together."""
        if self.payload is not None and size_of(values) > self.payload:
            raise too_large(state)

    def check_stored(self, size: int, state: str) -> None:
        """Raise StateFailed(States.DataLimitExceeded) when an execution would store more bytes of variables."""
        if self.variables is not None and size > self.variables:
            raise StateFailed(
                DATA_LIMIT,
                f"The state '{state}' assigned variables with which the execution exceeds the maximum number of bytes "
                "service limit.",
            )


AWS_LIMITS = Limits()
NO_LIMITS = Limits(payload=None, variables=None, events=None, definition=None, name=None, open=None, nesting=None)


def size_of(values: dict[str, JSON]) -> int:
    """Return the bytes of variables: those of their values as JSON."""
    return sum(len(dumps(value).encode()) for value in values.values())


def too_large(what: str) -> StateFailed:
    """Return the failure of a state or task whose data are too large."""
    return StateFailed(
        DATA_LIMIT,
        f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit.",
    )
