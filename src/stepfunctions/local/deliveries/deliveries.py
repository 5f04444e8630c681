"""What is under way to a target: a row from the moment it was sent until it arrived or was given up."""

from __future__ import annotations

import dataclasses
import json
import logging
import random
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError, StepFunctionsError
from stepfunctions.local.deliveries.targets import Letter, Target, deliver
from stepfunctions.local.principal import IamMode, acting_as

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)

MIGRATIONS = (
    """
    CREATE TABLE deliveries (id TEXT PRIMARY KEY, target TEXT NOT NULL, parameters TEXT NOT NULL,
                             payload TEXT NOT NULL, role TEXT NOT NULL, tried INTEGER NOT NULL,
                             attempts INTEGER NOT NULL, due REAL NOT NULL, expires REAL NOT NULL,
                             dead_letter TEXT NOT NULL, source TEXT NOT NULL, attributes TEXT NOT NULL);
    """,
)
ATTEMPT_NUMBER = "<aws.scheduler.attempt-number>"
"""What stands in a schedule's input for the number of the try."""
MOST_ATTEMPTS = 185
LONGEST_AGE = 86_400.0
_LONGEST_PAUSE = 512.0
_CLOSE_SECONDS = 5.0
_RETRIED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})
_NO_PERMISSIONS = ("AccessDenied", "NotAuthorized", "AuthorizationError")
_NO_RESOURCE = ("NotFound", "DoesNotExist", "NonExistent", "NoSuch")

_METRICS = {
    "rule": ("AWS/Events", "RuleName", "FailedInvocations", "InvocationsSentToDlq"),
    "schedule": ("AWS/Scheduler", "ScheduleGroup", "InvocationDroppedCount", "InvocationsSentToDeadLetterCount"),
}
"""What sends -> namespace, dimension, and the metrics of what was given up and of what went to a queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A row. ``tried``: how often it failed; ``due``, ``expires``: seconds of the epoch.

    ``attributes``: those of a dead letter, empty until it is one, but for what the sender adds to it.
    """

    id: str
    target: Target
    payload: str
    role: str
    tried: int
    attempts: int
    due: float
    expires: float
    dead_letter: str
    source: str
    attributes: Mapping[str, str]


class Deliveries:
    """Delivers in the background, again after failures as EventBridge does. Any thread may call."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._db = cloud.database("deliveries", MIGRATIONS)
        self._idle = threading.Condition()
        self._at_work = 0
        self._closed = False

    def add(
        self,
        target: Target,
        payload: str,
        *,
        role: str = "",
        attempts: int = MOST_ATTEMPTS,
        max_age: float = LONGEST_AGE,
        dead_letter: str = "",
        source: str = "",
        attributes: Mapping[str, str] | None = None,
        id: str = "",
    ) -> str:
        """Deliver a text to a target, soon; it is durable when this returns. Returns the delivery's id.

        ``role``: the ARN of the role that delivers. ``attempts``: how often it is tried again after the first time.
        ``max_age``: seconds after which it is given up. ``dead_letter``: the ARN of the queue for what was given up.
        ``source``: the ARN of the rule or schedule that sends it; ``attributes``: what a dead letter says besides.
        ``id``: the delivery's, a new one unless given; one that is under way already is not sent twice.
        """
        now = self._cloud.clock.now()
        delivery = Delivery(
            id=id or str(uuid.uuid4()),
            target=target,
            payload=payload,
            role=role,
            tried=0,
            attempts=attempts,
            due=now,
            expires=now + max_age,
            dead_letter=dead_letter,
            source=source,
            attributes=attributes or {},
        )
        with self._db.write() as cx:
            made = cx.execute(f"INSERT OR IGNORE INTO deliveries VALUES ({', '.join('?' * 12)})", _row(delivery))
        if made.rowcount:
            self._set(delivery.id, now)
        return delivery.id

    def open(self) -> int:
        """Return how many deliveries are under way."""
        return int(self._db.read().execute("SELECT count(*) FROM deliveries").fetchone()[0])

    def start(self) -> None:
        """Go on with what was under way."""
        for number, due in self._db.read().execute("SELECT id, due FROM deliveries ORDER BY rowid").fetchall():
            self._set(number, due)

    def stop(self) -> None:
        """Begin no delivery any more, and wait (at most 5 seconds) for those at work."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not self._at_work, _CLOSE_SECONDS)

    def _set(self, number: str, due: float) -> None:
        self._cloud.timers.set(f"deliveries:{number}", due, partial(self._run, number))

    def _run(self, number: str) -> None:
        with self._idle:
            if self._closed:
                return
            self._at_work += 1
        try:
            row = self._db.read().execute("SELECT * FROM deliveries WHERE id = ?", (number,)).fetchone()
            if row is not None:
                self._try(_delivery(row))
        finally:
            with self._idle:
                self._at_work -= 1
                self._idle.notify_all()

    def _try(self, delivery: Delivery) -> None:
        dead = "RETRY_ATTEMPTS" in delivery.attributes
        payload = delivery.payload.replace(ATTEMPT_NUMBER, str(delivery.tried + 1))
        letter = Letter(delivery.id, payload, self._cloud.clock.now(), delivery.attributes if dead else {})
        role = delivery.role if self._cloud.iam is not IamMode.OFF else ""
        try:
            with acting_as(role or None):
                deliver(self._cloud, delivery.target, letter)
        except ServiceError as error:
            if not self._cloud.stopping:  # else it is tried again at the next start
                self._failed(delivery, error)
        except StepFunctionsError as error:
            self._failed(delivery, ServiceError("LocalCloudError", str(error), 501))
        except Exception as error:  # noqa: BLE001 - a target must not end the others' deliveries
            if not self._cloud.stopping:
                _log.exception("a delivery to %s failed", delivery.target.arn)
                self._failed(delivery, ServiceError("InternalFailure", repr(error), 500))
        else:
            self._forget(delivery)

    def _failed(self, delivery: Delivery, error: ServiceError) -> None:
        now = self._cloud.clock.now()
        pause = min(2.0**delivery.tried, _LONGEST_PAUSE)
        pause *= random.Random(f"{delivery.id}:{delivery.tried}").uniform(0.5, 1.0)
        if not _is_passing(error):
            self._give_up(delivery, error, "")
        elif delivery.tried >= delivery.attempts:
            self._give_up(delivery, error, "MaximumRetryAttempts")
        elif now + pause > delivery.expires:
            self._give_up(delivery, error, "MaximumEventAgeInSeconds")
        else:
            self._put(dataclasses.replace(delivery, tried=delivery.tried + 1, due=now + pause))

    def _give_up(self, delivery: Delivery, error: ServiceError, condition: str) -> None:
        _log.warning("A delivery from %s to %s was given up: %s", delivery.source, delivery.target.arn, error)
        self._measure(delivery)
        if not delivery.dead_letter:
            self._forget(delivery)
            return
        schedule = delivery.source.startswith("arn:aws:scheduler:")
        attributes = {
            **delivery.attributes,
            "ERROR_CODE": error.code if schedule else _code(error),
            "ERROR_MESSAGE": error.message,
            "EXHAUSTED_RETRY_CONDITION": condition,
            "RETRY_ATTEMPTS": str(delivery.tried),
            "SCHEDULE_ARN" if schedule else "RULE_ARN": delivery.source,
            "TARGET_ARN": delivery.target.arn,
        }
        now = self._cloud.clock.now()
        self._put(
            dataclasses.replace(
                delivery,
                target=Target(delivery.dead_letter),
                role=delivery.role if schedule else "",  # a rule needs the queue's own permission
                dead_letter="",
                attributes={name: value for name, value in attributes.items() if value},
                tried=0,
                attempts=MOST_ATTEMPTS,
                due=now,
                expires=now + LONGEST_AGE,
            )
        )

    def _measure(self, delivery: Delivery) -> None:
        """Count what was given up, for the rule or the group of the schedule that sent it; dead letters once."""
        kind, _, place = delivery.source.rpartition(":")[2].partition("/")
        names = _METRICS.get(kind)
        if names is None or "RETRY_ATTEMPTS" in delivery.attributes:
            return
        namespace, dimension, given_up, kept = names
        name = place.split("/")[0 if kind == "schedule" else -1]
        for metric in (given_up, kept) if delivery.dead_letter else (given_up,):
            self._cloud.measure(namespace, metric, 1, "Count", {dimension: name})

    def _put(self, delivery: Delivery) -> None:
        with self._db.write() as cx:
            cx.execute(f"REPLACE INTO deliveries VALUES ({', '.join('?' * 12)})", _row(delivery))
        self._set(delivery.id, delivery.due)

    def _forget(self, delivery: Delivery) -> None:
        with self._db.write() as cx:
            cx.execute("DELETE FROM deliveries WHERE id = ?", (delivery.id,))


def _is_passing(error: ServiceError) -> bool:
    """Tell whether the same call may succeed later: a fault of the service, or too many calls."""
    return error.status in (429, 500, 502, 503, 504) or error.code in _RETRIED


def _code(error: ServiceError) -> str:
    """Return what EventBridge calls an error in a dead letter of a rule."""
    if any(part in error.code for part in _NO_PERMISSIONS):
        return "NO_PERMISSIONS"
    if any(part in error.code for part in _NO_RESOURCE):
        return "NO_RESOURCE"
    if error.status == 429 or error.code in _RETRIED:
        return "THROTTLING"
    return "INTERNAL_ERROR" if error.status >= 500 else "ERROR_FROM_TARGET"


def _row(delivery: Delivery) -> tuple[Any, ...]:
    return (
        delivery.id,
        delivery.target.arn,
        json.dumps(dict(delivery.target.parameters)),
        delivery.payload,
        delivery.role,
        delivery.tried,
        delivery.attempts,
        delivery.due,
        delivery.expires,
        delivery.dead_letter,
        delivery.source,
        json.dumps(dict(delivery.attributes)),
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row["id"],
        target=Target(row["target"], json.loads(row["parameters"])),
        payload=row["payload"],
        role=row["role"],
        tried=row["tried"],
        attempts=row["attempts"],
        due=row["due"],
        expires=row["expires"],
        dead_letter=row["dead_letter"],
        source=row["source"],
        attributes=json.loads(row["attributes"]),
    )


def create(cloud: Cloud) -> Deliveries:
    """Make the deliveries of a cloud."""
    return Deliveries(cloud)
