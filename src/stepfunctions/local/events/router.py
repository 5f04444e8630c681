"""The way of an event: from its bus into archives and, by the rules that match it, to their targets."""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.local.deliveries import Target
from stepfunctions.local.events.index import Index
from stepfunctions.local.events.records import ARCHIVE, BUS, RULE, TARGET, EventTables, Row
from stepfunctions.local.events.transform import text_for

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
Event = Mapping[str, Any]
LOOP_LIMIT = 60
"""How often a minute a rule starts a state machine again for what that machine itself did."""
_SENT = "Invocations"
_NOT_SENT = "FailedInvocations"


@dataclass(frozen=True, slots=True)
class Route:
    """A rule that is enabled, with its targets as PutTargets gave them."""

    arn: str
    rule: Row
    targets: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class _Bus:
    routes: Index[Route]
    archives: Index[Row]


class Router:
    """Takes events. Everything that comes of one is durable when :meth:`accept` returns."""

    def __init__(self, cloud: Cloud, rows: EventTables, archived: Callable[[Row], None]) -> None:
        self._cloud = cloud
        self._rows = rows
        self._archived = archived
        self._lock = threading.RLock()
        self._buses: dict[tuple[str, str], _Bus] = {}
        self._loops: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def changed(self, owner: str, bus: str) -> None:
        """Rules, targets or archives of a bus are others now: call it after the commit."""
        with self._lock:
            self._buses.pop((owner, bus), None)

    def accept(
        self, owner: str, bus: str, event: Event, *, forwarded: bool = False, only: Collection[str] = ()
    ) -> None:
        """Take an event of a bus. ``forwarded``: another bus sent it, so it goes to no third one.

        ``only``: ARNs of the rules that a replay is for; all without.
        """
        found = self._bus(owner, bus)
        now = self._cloud.clock.now()
        if "replay-name" not in event:
            for archive in found.archives.matches(event):
                self._rows.archive(archive, now, json.dumps(event, ensure_ascii=False, separators=(",", ":")))
                self._archived(archive)
        for route in found.routes.matches(event):
            if not only or route.arn in only:
                self.fire(route, event, forwarded=forwarded)

    def fire(self, route: Route, event: Event, *, forwarded: bool = False) -> None:
        """Send an event to the targets of a rule."""
        self._measure("MatchedEvents", route)
        for target in route.targets:
            if forwarded and f":{BUS}/" in target["Arn"]:
                _log.warning("%s does not send an event on to %s: it came from another bus", route.arn, target["Arn"])
                self._measure(_NOT_SENT, route)
            elif self._loops_too_often(route, target, event):
                self._measure(_NOT_SENT, route)
            else:
                self._send(route, target, event)

    def _send(self, route: Route, target: Mapping[str, Any], event: Event) -> None:
        self._measure(_SENT, route)
        retry = target.get("RetryPolicy", {})
        self._cloud.deliveries.add(
            Target(target["Arn"], {name: target[name] for name in target if name.endswith("Parameters")}),
            text_for(target, event, rule_arn=route.arn, ingested=self._cloud.clock.now()),
            role=target.get("RoleArn", ""),
            attempts=retry.get("MaximumRetryAttempts", 185),
            max_age=float(retry.get("MaximumEventAgeInSeconds", 86_400)),
            dead_letter=target.get("DeadLetterConfig", {}).get("Arn", ""),
            source=route.arn,
        )

    def route(self, rule: Row) -> Route:
        """Return a rule with its targets."""
        targets = self._rows.all(TARGET, rule.owner, f"{rule.parent}/{rule.name}")
        return Route(rule.arn, rule, tuple(row.body for row in targets))

    def _bus(self, owner: str, bus: str) -> _Bus:
        with self._lock:
            found = self._buses.get((owner, bus))
            if found is None:
                rules = [row for row in self._rows.all(RULE, owner, bus) if _is_enabled(row)]
                archives = [row for row in self._rows.all(ARCHIVE, owner) if row.body["bus"] == bus]
                found = self._buses[owner, bus] = _Bus(
                    Index([(Pattern(row.body["EventPattern"]), self.route(row)) for row in rules]),
                    Index([(Pattern(row.body["EventPattern"] or "{}", empty=True), row) for row in archives]),
                )
            return found

    def _loops_too_often(self, route: Route, target: Mapping[str, Any], event: Event) -> bool:
        """Tell whether an event that a state machine caused would start it again, more often than LOOP_LIMIT."""
        machine = ":".join(target["Arn"].split(":")[:7])
        if ":stateMachine:" not in machine:
            return False
        detail = event["detail"]
        if machine not in event["resources"] and detail.get("stateMachineArn") != machine:
            return False
        minute = int(self._cloud.clock.now() // 60)
        with self._lock:
            last, count = self._loops[route.arn]
            count = count + 1 if last == minute else 1
            self._loops[route.arn] = (minute, count)
        if count == 1:
            _log.warning("The rule %s is triggered by %s, which it starts: does it start itself?", route.arn, machine)
        if count == LOOP_LIMIT + 1:
            _log.error("The rule %s started %s %s times in a minute: no more", route.arn, machine, LOOP_LIMIT)
        return count > LOOP_LIMIT

    def _measure(self, metric: str, route: Route) -> None:
        self._cloud.measure("AWS/Events", metric, 1, "Count", {"RuleName": route.rule.name})


def _is_enabled(rule: Row) -> bool:
    return rule.body["State"] != "DISABLED" and bool(rule.body.get("EventPattern"))
