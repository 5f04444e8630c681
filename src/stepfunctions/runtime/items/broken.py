"""How a reader fails."""

from __future__ import annotations

from stepfunctions.errors import StateFailed

READER_FAILED = "States.ItemReaderFailed"


class BrokenItems(ValueError):
    """The content is not what the reader was told it is."""


def reader_failed(cause: str) -> StateFailed:
    """Return the failure of an ItemReader."""
    return StateFailed(READER_FAILED, cause)
