"""The operations of EventBridge.

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.local.events.entries import LONGEST, Entry, made, problem_of, size_of
from stepfunctions.local.events.records import BUS, DEFAULT_BUS, MIGRATIONS, EventTables, invalid

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]


class Events:
    """EventBridge."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._rows = EventTables(cloud.database("events", MIGRATIONS))

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
        self._accept(
            f"{region}:{account}",
            DEFAULT_BUS,
            made(
                source=source,
                detail_type=detail_type,
                detail=detail,
                resources=resources,
                account=account,
                region=region,
                time=time,
            ),
        )

    def put_events(self, request: Answer, call: Call) -> Answer:
        """PutEvents: each entry succeeds or fails by itself."""
        if request.get("EndpointId"):
            raise invalid("EndpointId is not supported: the local cloud has no global endpoints.")
        if sum(map(size_of, request["Entries"])) > LONGEST:
            raise invalid("Total size of the entries in the request is over the limit.")
        answers = [self._put(entry, call) for entry in request["Entries"]]
        return {"FailedEntryCount": sum("ErrorCode" in one for one in answers), "Entries": answers}

    def _put(self, entry: Entry, call: Call) -> dict[str, str]:
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
        self._accept(owner, bus, event)
        return {"EventId": event["id"]}

    def _accept(self, owner: str, bus: str, event: dict[str, Any]) -> None:
        """Take an event: rules come next."""


def bus_of(name: str | None, call: Call) -> tuple[str, str]:
    """Return the owner (``region:account``) and name of a bus by name or ARN; the caller's default one for None."""
    if name is not None and name.startswith("arn:"):
        _, _, _, region, account, resource = name.split(":", 5)
        return f"{region}:{account}", resource.removeprefix(f"{BUS}/")
    return f"{call.region}:{call.account}", name or DEFAULT_BUS


def create(cloud: Cloud) -> Events:
    """Make the service of a cloud."""
    return Events(cloud)
