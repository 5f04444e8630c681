"""What the services measure of themselves, summed up in memory by minute and handed to CloudWatch now and then."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

Key = tuple[str, str, str, tuple[tuple[str, str], ...], str, int]
"""Owner (``region:account``), namespace, metric, sorted dimensions, unit, the minute in seconds of the epoch."""
Counts = dict[float, float]
"""Values with how often each was measured."""

_log = logging.getLogger(__name__)
_MINUTE = 60
_MOST_VALUES = 1000
_TIMER = "cloudwatch:measures"


class Measures:
    """Measurements that CloudWatch does not have yet. At most a minute of them is lost when the process is killed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._minutes: dict[Key, Counts] = {}

    def add(
        self, owner: str, namespace: str, metric: str, value: float, unit: str, dimensions: Mapping[str, str]
    ) -> None:
        """Note one value at this moment. Cheap."""
        now = self._cloud.clock.now()
        minute = int(now // _MINUTE) * _MINUTE
        key = (owner, namespace, metric, tuple(sorted(dimensions.items())), unit, minute)
        with self._lock:
            first = not self._minutes
            counts = self._minutes.setdefault(key, {})
            counts[value] = counts.get(value, 0) + 1
            full = len(counts) == _MOST_VALUES
        if first or full:
            self._cloud.timers.set(_TIMER, now if full else minute + _MINUTE, self.flush)

    def flush(self) -> None:
        """Hand over what there is. It never fails: what could not be kept is logged."""
        taken = self.take()
        if taken:
            try:
                keep: Callable[[dict[Key, Counts]], None] = self._cloud.service("cloudwatch").keep
                keep(taken)
            except Exception:  # noqa: BLE001 - a disk that is full keeps no metrics, and nobody else suffers
                _log.exception("the measurements of the last minute are lost")

    def take(self) -> dict[Key, Counts]:
        """Return what there is, and forget it."""
        with self._lock:
            taken, self._minutes = self._minutes, {}
        return taken
