"""Activities: the row, the store's contract, and the store in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Protocol

from stepfunctions.asl.document import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRow:
    """An activity. The tasks that wait for its workers are rows of their executions."""

    arn: str
    name: str
    created_at: float
    encryption: JSON = None
    """The encryptionConfiguration as given."""
    tags: dict[str, str] = field(default_factory=dict)


class ActivityStore(Protocol):
    """Activities."""

    def put(self, activity: ActivityRow) -> None:
        """Create or replace an activity."""
        ...

    def get(self, arn: str) -> ActivityRow | None:
        """Return an activity, or None."""
        ...

    def delete(self, arn: str) -> None:
        """Remove an activity; nothing happens when there is none."""
        ...

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[ActivityRow], str | None]:
        """Return the activities whose ARNs begin with ``prefix``, by name, and the mark of the next page."""
        ...


class MemoryActivities:
    """ActivityStore in memory."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        self._rows: dict[str, ActivityRow] = {}

    def put(self, activity: ActivityRow) -> None:
        """See the port."""
        with self._lock:
            self._rows[activity.arn] = replace(activity, tags=dict(activity.tags))

    def get(self, arn: str) -> ActivityRow | None:
        """See the port."""
        with self._lock:
            found = self._rows.get(arn)
            return replace(found, tags=dict(found.tags)) if found else None

    def delete(self, arn: str) -> None:
        """See the port."""
        with self._lock:
            self._rows.pop(arn, None)

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[ActivityRow], str | None]:
        """See the port."""
        with self._lock:
            arns = sorted(arn for arn in self._rows if arn.startswith(prefix) and (after is None or arn > after))
            page = [replace(self._rows[arn], tags=dict(self._rows[arn].tags)) for arn in arns[:limit]]
        return page, page[-1].arn if len(arns) > limit else None
