"""Under which role the calls of a thread are made, and whether anybody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum

_acting: ContextVar[str | None] = ContextVar("acting", default=None)


class IamMode(str, Enum):
    """``stepfunctions local start --iam``: refuse what a role lacks, list it, or do not look."""

    OFF = "off"
    LOG = "log"
    ENFORCE = "enforce"


@contextmanager
def acting_as(role: str | None) -> Iterator[None]:
    """Make the calls of this thread a role's (its ARN); None: nobody's, so nothing is checked."""
    before = _acting.set(role)
    try:
        yield
    finally:
        _acting.reset(before)


def acting() -> str | None:
    """Return the ARN of the role that this thread's calls are made under."""
    return _acting.get()
