"""Limits of the service that an execution meets.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

from __future__ import annotations

from stepfunctions.asl.document import Document
from stepfunctions.errors import StateFailed

MAX_EVENTS = 25_000
"""Events of a STANDARD execution's history, the last one included."""
MAX_PAYLOAD = 262_144
"""Bytes of an input, output or result: 256 KiB."""
LONGEST_EXPRESS = 300
"""Seconds that an EXPRESS execution may take."""
DATA_LIMIT = "States.DataLimitExceeded"


def check_size(document: Document, what: str) -> None:
    """Raise StateFailed(States.DataLimitExceeded) for a document over 256 KiB; ``what`` is the state or task."""
    if document.size > MAX_PAYLOAD:
        raise StateFailed(
            DATA_LIMIT,
            f"The state/task '{what}' returned a result with a size exceeding the "
            "maximum number of bytes service limit.",
        )
