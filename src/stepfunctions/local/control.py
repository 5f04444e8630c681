"""What a running server tells about itself, and takes orders for: ``/_local/…``, which is no API of AWS's.

``GET /_local/status``: who it is; ``GET /_local/state``: what runs, and how much disk is used;
``GET /_local/clock``: the time; ``POST /_local/clock``: move it.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.clocks import JumpClock
from stepfunctions.local.datadir import STATUS_PATH, ServerInfo
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.runtime.clock import iso

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

PREFIX = "/_local/"
_LONGEST_ADVANCE = 3600.0
_ORDERS = ("advance", "set", "hold", "timeout")


class Control:
    """Answers the requests for one cloud. They may block, and are no work themselves."""

    def __init__(self, cloud: Cloud, info: ServerInfo) -> None:
        self._cloud = cloud
        self._info = info

    def answer(self, request: Request) -> Response:
        """Answer a request; what is wrong with it is said as JSON with the status 400, 404 or 405."""
        try:
            status, body = 200, self._answer(request)
        except ServiceError as error:
            status, body = error.status, {"__type": error.code, "message": error.message}
        return Response(
            status=status, headers=[("Content-Type", "application/json")], body=json.dumps(body).encode() + b"\n"
        )

    def _answer(self, request: Request) -> dict[str, Any]:
        asked = (request.method, request.path)
        if asked == ("GET", STATUS_PATH):
            return asdict(self._info)
        if asked == ("GET", f"{PREFIX}state"):
            return self._state()
        if asked == ("GET", f"{PREFIX}clock"):
            return self._clock()
        if asked == ("POST", f"{PREFIX}clock"):
            return self._move(_orders(request.body))
        known = f"GET {STATUS_PATH}, {PREFIX}state and {PREFIX}clock, and POST {PREFIX}clock"
        raise ServiceError(
            "UnknownOperationException",
            f"There is no {request.method[:20]} {request.path[:200]}. There are: {known}.",
            404,
        )

    def _state(self) -> dict[str, Any]:
        from stepfunctions.local.disk import used

        cloud = self._cloud
        return {
            **asdict(self._info),
            "executions": cloud.service("stepfunctions").open if cloud.has("stepfunctions") else 0,
            "jobs": cloud.jobs.counts() if (cloud.data_dir / "jobs.db").exists() else {"queued": 0, "running": 0},
            "max_jobs": cloud.max_jobs,
            "real": sorted(cloud.real),
            "clock": self._clock(),
            "disk": used(cloud.data_dir),
            "disk_budget": cloud.resources.disk,
        }

    def _clock(self) -> dict[str, Any]:
        clock = self._cloud.clock
        now = clock.now()
        told: dict[str, Any] = {"now": now, "iso": iso(now), "clock": "real"}
        if isinstance(clock, JumpClock):
            told |= {"clock": "jump", "ahead": clock.offset, "hold": clock.held, "at_work": clock.at_work}
        return told

    def _move(self, orders: dict[str, Any]) -> dict[str, Any]:
        clock = self._cloud.clock
        if not isinstance(clock, JumpClock):
            raise ServiceError(
                "ClockIsReal", "The clock of this local cloud is real and cannot be moved: start it with --clock jump"
            )
        if "hold" in orders:
            clock.hold(_boolean(orders["hold"]))
        timeout = _seconds("timeout", orders.get("timeout", 60.0))
        moment = clock.now() + _seconds("advance", orders["advance"]) if "advance" in orders else None
        if "set" in orders:
            moment = _moment(orders["set"])
        reached = True
        if moment is not None:
            try:
                reached = clock.advance_to(moment, timeout=min(timeout, _LONGEST_ADVANCE))
            except ValueError as error:
                raise ServiceError("InvalidTime", str(error)) from None
        return {**self._clock(), "reached": reached}


def _orders(body: bytes) -> dict[str, Any]:
    try:
        orders = json.loads(body)
    except (ValueError, RecursionError):
        orders = None
    if not isinstance(orders, dict) or not orders:
        raise ServiceError(
            "InvalidRequest", 'Say in JSON how to move the clock: {"advance": 3600}, {"set": "2030-01-01T00:00:00Z"}'
            ' or {"hold": true}'
        )  # fmt: skip
    unknown = [name for name in orders if name not in _ORDERS]
    if unknown or ("advance" in orders and "set" in orders):
        what = f"There is no '{unknown[0][:50]}'" if unknown else "advance and set exclude each other"
        raise ServiceError("InvalidRequest", f"{what}: say one of advance and set, hold, and timeout")
    return orders


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ServiceError("InvalidRequest", "hold is true or false")
    return value


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ServiceError("InvalidRequest", f"{name} is a number of seconds, 0 or more: a clock goes forward only")
    return float(value)


def _moment(value: Any) -> float:
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, AttributeError, OverflowError):
        raise ServiceError("InvalidRequest", "set is a time in ISO 8601, such as 2030-01-01T00:00:00Z") from None
