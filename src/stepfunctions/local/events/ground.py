"""What the operations of EventBridge share: the rows, the way of events, and how buses and rules are found."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from stepfunctions.local.events.records import BUS, DEFAULT_BUS, RULE, EventTables, Row, missing
from stepfunctions.local.events.router import Router
from stepfunctions.local.events.schedules import Schedules

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]


class Ground:
    """The ground of the service's operations.

    ``_lock`` is held by what changes rules, targets and archives; ``_retained`` are the ARNs of the archives whose
    oldest event has a timer.
    """

    def __init__(self, cloud: Cloud, rows: EventTables, router: Router) -> None:
        self._cloud = cloud
        self._rows = rows
        self._router = router
        self._schedules = Schedules(cloud, rows, router)
        self._lock = threading.RLock()
        self._retained: set[str] = set()

    def _bus(self, name: str | None, call: Call) -> Row:
        """Return a bus by name or ARN; the default one is there without a row. Raises ResourceNotFoundException."""
        owner, bus = bus_of(name, call)
        row = self._rows.get(BUS, owner, bus)
        if row is None:
            if bus != DEFAULT_BUS:
                raise missing(f"Event bus {bus}")
            row = Row(BUS, owner, "", bus, 0.0, 0.0)
        return row

    def _rule(self, name: str, bus_name: str | None, call: Call) -> Row:
        """Return a rule. Raises ResourceNotFoundException."""
        bus = self._bus(bus_name, call)
        rule = self._rows.get(RULE, bus.owner, name, bus.name)
        if rule is None:
            raise missing(f"Rule {name}", f" on EventBus {bus.name}")
        return rule


def bus_of(name: str | None, call: Call) -> tuple[str, str]:
    """Return the owner (``region:account``) and name of a bus by name or ARN; the caller's default one for None."""
    if name is not None and name.startswith("arn:"):
        owner, name = owner_and_name(name)
        return owner, name
    return call.owner, name or DEFAULT_BUS


def owner_and_name(arn: str) -> tuple[str, str]:
    """Return the owner and the name in an ARN: what follows the type of the resource."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        raise missing(f"Resource {arn}")
    return f"{parts[3]}:{parts[4]}", parts[5].partition("/")[2]
