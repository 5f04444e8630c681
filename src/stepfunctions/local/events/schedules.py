"""Rules on a schedule: ``rate()`` and ``cron()``, in UTC.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import dataclasses
import threading
from functools import partial
from typing import TYPE_CHECKING

from stepfunctions.catalog.schedules import parse
from stepfunctions.local.events.entries import made
from stepfunctions.local.events.records import DEFAULT_BUS, RULE, EventTables, Row
from stepfunctions.local.events.router import Router

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

DUE = "due"
"""Where a rule's row keeps when it fires next, seconds of the epoch."""


class Schedules:
    """Fires rules when they are due. A rule that was due while the server was down fires once when it starts."""

    def __init__(self, cloud: Cloud, rows: EventTables, router: Router) -> None:
        self._cloud = cloud
        self._rows = rows
        self._router = router
        self._lock = threading.RLock()

    def planned(self, rule: Row) -> Row:
        """Return a rule with the time it fires next, where it has a schedule and is enabled."""
        body = {name: value for name, value in rule.body.items() if name != DUE}
        if "ScheduleExpression" in body and body["State"] != "DISABLED":
            due = _after(body["ScheduleExpression"], rule.modified, rule.modified)
            if due is not None:
                body[DUE] = due
        return dataclasses.replace(rule, body=body)

    def arm(self, rule: Row) -> None:
        """Wait until a rule is due; for one that never is, wait no longer."""
        key = f"events:{rule.arn}"
        if DUE in rule.body:
            self._cloud.timers.set(key, rule.body[DUE], partial(self._fire, rule.owner, rule.name))
        else:
            self._cloud.timers.cancel(key)

    def _fire(self, owner: str, name: str) -> None:
        with self._lock:
            rule = self._rows.get(RULE, owner, name, DEFAULT_BUS)
            now = self._cloud.clock.now()
            if rule is None or rule.body.get(DUE, now + 1) > now:
                return  # it was changed meanwhile
            region, _, account = owner.partition(":")
            event = made(
                source="aws.events",
                detail_type="Scheduled Event",
                detail={},
                resources=[rule.arn],
                account=account,
                region=region,
                time=rule.body[DUE],
            )
            self._router.fire(self._router.route(rule), event)
            due = _after(rule.body["ScheduleExpression"], now, rule.modified)
            body = {key: value for key, value in rule.body.items() if key != DUE} | ({} if due is None else {DUE: due})
            rule = dataclasses.replace(rule, body=body)
            with self._rows.database.write():
                found = self._rows.get(RULE, owner, name, DEFAULT_BUS)
                if found is None or found.modified != rule.modified:
                    return  # it was changed meanwhile, and is armed by that
                self._rows.put(rule)
        self.arm(rule)


def _after(expression: str, moment: float, anchor: float) -> float | None:
    """Return the first time after a moment; a rate begins at the anchor, with a whole turn."""
    schedule = parse(expression, rule=True)
    due = schedule.next(moment, anchor)
    return due if due is None or due > moment else schedule.next(moment + 1, anchor)
