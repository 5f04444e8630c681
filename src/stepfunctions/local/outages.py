"""What clients are told when the disk is full or a file is locked or damaged: an answer of AWS's kind, no traceback."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from stepfunctions.errors import DamagedData, ServiceError

_log = logging.getLogger(__name__)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
_KEPT = "Nothing that was accepted is lost"


@contextmanager
def refusing() -> Iterator[None]:
    """Answer ServiceUnavailable (503; clients try again) or InternalFailure (500) where what is kept fails."""
    try:
        yield
    except (OSError, sqlite3.Error, DamagedData) as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        _log.error("%s", refusal.message)
        raise refusal from error


def refusal_of(error: Exception) -> ServiceError | None:
    """Return what to answer where this was raised; None when the data directory has nothing to do with it."""
    if isinstance(error, DamagedData):
        return ServiceError("InternalFailure", str(error), 500)
    if isinstance(error, OSError) and error.errno in _FULL:
        return _unavailable(f"The data directory cannot be written ({error.strerror}): make room. {_KEPT}")
    if isinstance(error, sqlite3.OperationalError):
        text = str(error)
        if "locked" in text or "busy" in text:
            return _unavailable(f"Another program keeps a file of the data directory ({text}): end it. {_KEPT}")
        if "full" in text or "I/O" in text or "readonly" in text or "unable to open" in text:
            return _unavailable(f"The data directory cannot be written ({text}): make room. {_KEPT}")
    if type(error) is sqlite3.DatabaseError:
        return ServiceError("InternalFailure", f"A file of the data directory is damaged ({error}): restore it", 500)
    return None


def _unavailable(message: str) -> ServiceError:
    return ServiceError("ServiceUnavailable", message, 503)
