"""EventBridge: PutEvents, what the cloud itself puts on a bus, and the other operations from their own modules.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.events.archives import OPEN, ArchiveOperations
from stepfunctions.local.events.buses import BusOperations
from stepfunctions.local.events.connections import ConnectionOperations
from stepfunctions.local.events.entries import LONGEST, Entry, made, problem_of, size_of
from stepfunctions.local.events.ground import Answer, bus_of, owner_and_name
from stepfunctions.local.events.records import ARCHIVE, BUS, DEFAULT_BUS, MIGRATIONS, REPLAY, RULE, EventTables, invalid
from stepfunctions.local.events.router import Router
from stepfunctions.local.events.rules import RuleOperations
from stepfunctions.local.events.schedules import DUE

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call


class Events(BusOperations, RuleOperations, ArchiveOperations, ConnectionOperations):
    """EventBridge."""

    def __init__(self, cloud: Cloud) -> None:
        rows = EventTables(cloud.database("events", MIGRATIONS))
        super().__init__(cloud, rows, Router(cloud, rows, self._retain))

    def start(self) -> None:
        """Wait again for schedules and the ends of retentions, and go on with replays."""
        for rule in self._rows.all(RULE):
            if DUE in rule.body:
                self._schedules.arm(rule)
        for archive in self._rows.all(ARCHIVE):
            self._retain(archive)
        for replay in self._rows.all(REPLAY):
            if replay.body["State"] in OPEN:
                self._resume(replay)

    def publish(
        self,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: Sequence[str],
        *,
        account: str,
        region: str,
        time: float,
    ) -> None:
        """Put an event of AWS's own on the default bus of an account and Region."""
        event = made(
            source=source,
            detail_type=detail_type,
            detail=detail,
            resources=resources,
            account=account,
            region=region,
            time=time,
        )
        self._router.accept(f"{region}:{account}", DEFAULT_BUS, event)

    def receive(self, bus_arn: str, event: dict[str, Any]) -> None:
        """Take an event that a rule of another bus sends. Raises ResourceNotFoundException where there is no bus."""
        owner, bus = owner_and_name(bus_arn)
        if bus != DEFAULT_BUS and self._rows.get(BUS, owner, bus) is None:
            raise ServiceError("ResourceNotFoundException", f"Event bus {bus} does not exist.")
        self._router.accept(owner, bus, event, forwarded=True)

    def put_events(self, request: Answer, call: Call) -> Answer:
        """PutEvents: each entry succeeds or fails by itself."""
        if request.get("EndpointId"):
            raise invalid("EndpointId is not supported: the local cloud has no global endpoints.")
        if sum(map(size_of, request["Entries"])) > LONGEST:
            raise invalid("Total size of the entries in the request is over the limit.")
        answers = [self._put_event(entry, call) for entry in request["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}

    def _put_event(self, entry: Entry, call: Call) -> dict[str, str]:
        problem = problem_of(entry)
        if problem is not None:
            return problem
        owner, bus = bus_of(entry.get("EventBusName"), call)
        if bus != DEFAULT_BUS and self._rows.get(BUS, owner, bus) is None:
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"Event bus {bus} does not exist."}
        moment = entry.get("Time")
        event = made(
            source=entry["Source"],
            detail_type=entry["DetailType"],
            detail=json.loads(entry["Detail"]),
            resources=entry.get("Resources", ()),
            account=call.account,
            region=owner.partition(":")[0],
            time=self._cloud.clock.now() if moment is None else moment.timestamp(),
        )
        self._router.accept(owner, bus, event)
        return {"EventId": event["id"]}


def create(cloud: Cloud) -> Events:
    """Make the service of a cloud."""
    return Events(cloud)
