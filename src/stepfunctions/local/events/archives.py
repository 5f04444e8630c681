"""The operations on archives and replays.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive.html
"""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.errors import ServiceError
from stepfunctions.local.events.ground import Answer, Ground, owner_and_name
from stepfunctions.local.events.records import (
    ARCHIVE,
    BUS,
    DEFAULT_BUS,
    REPLAY,
    RULE,
    Archived,
    Row,
    invalid,
    missing,
    page,
)
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_DAY = 86_400.0
_PAGE = 100
OPEN = ("STARTING", "RUNNING", "CANCELLING")


class ArchiveOperations(Ground):
    """Archives keep what they match until its retention is over; replays put it on the bus again."""

    def create_archive(self, request: Answer, call: Call) -> Answer:
        """CreateArchive."""
        owner, bus = self._source(request["EventSourceArn"], call)
        if request.get("EventPattern"):
            Pattern(request["EventPattern"])
        now = self._cloud.clock.now()
        body = {
            "bus": bus,
            "EventSourceArn": request["EventSourceArn"],
            "Description": request.get("Description", ""),
            "EventPattern": request.get("EventPattern", ""),
            "RetentionDays": request.get("RetentionDays", 0),
            "KmsKeyIdentifier": request.get("KmsKeyIdentifier", ""),
        }
        archive = Row(ARCHIVE, owner, "", request["ArchiveName"], now, now, body)
        with self._lock:
            if self._rows.get(ARCHIVE, owner, archive.name) is not None:
                raise ServiceError("ResourceAlreadyExistsException", f"Archive {archive.name} already exists.")
            self._rows.put(archive)
            self._router.changed(owner, bus)
        return _made(archive)

    def update_archive(self, request: Answer, call: Call) -> Answer:
        """UpdateArchive: what the request has replaces what was there, for events that come from now on."""
        if request.get("EventPattern"):
            Pattern(request["EventPattern"])
        with self._lock:
            archive = self._archive(request["ArchiveName"], call)
            changes = {name: value for name, value in request.items() if name != "ArchiveName"}
            archive = dataclasses.replace(archive, body={**archive.body, **changes}, modified=self._cloud.clock.now())
            self._rows.put(archive)
            self._router.changed(archive.owner, archive.body["bus"])
            self._retained.discard(archive.arn)
        self._retain(archive)
        return _made(archive)

    def delete_archive(self, request: Answer, call: Call) -> None:
        """DeleteArchive, with its events."""
        with self._lock:
            archive = self._archive(request["ArchiveName"], call)
            with self._rows.database.write():
                self._rows.forget(archive)
                self._rows.drop(archive)
            self._router.changed(archive.owner, archive.body["bus"])

    def describe_archive(self, request: Answer, call: Call) -> Answer:
        """DescribeArchive."""
        archive = self._archive(request["ArchiveName"], call)
        more = {name: value for name, value in archive.body.items() if value and name not in ("bus", "RetentionDays")}
        return {**self._shown_archive(archive), "ArchiveArn": archive.arn, **more}

    def list_archives(self, request: Answer, call: Call) -> Answer:
        """ListArchives, by name."""
        rows = self._rows.all(ARCHIVE, call.owner, prefix=request.get("NamePrefix", ""))
        source, state = request.get("EventSourceArn"), request.get("State", "ENABLED")
        rows = [row for row in rows if state == "ENABLED" and source in (None, row.body["EventSourceArn"])]
        found, token = page(rows, request)
        return {"Archives": [self._shown_archive(row) for row in found], **token}

    def _shown_archive(self, archive: Row) -> Answer:
        count, size = self._rows.archive_size(archive)
        return {
            "ArchiveName": archive.name,
            "EventSourceArn": archive.body["EventSourceArn"],
            "State": "ENABLED",
            "RetentionDays": archive.body["RetentionDays"],
            "SizeBytes": size,
            "EventCount": count,
            "CreationTime": moment(archive.created),
        }

    def _archive(self, name: str, call: Call) -> Row:
        found = self._rows.get(ARCHIVE, call.owner, name)
        if found is None:
            raise missing(f"Archive {name}")
        return found

    def _source(self, arn: str, call: Call) -> tuple[str, str]:
        """Return the owner and name of the bus that an archive is of."""
        owner, bus = owner_and_name(arn)
        if f":{BUS}/" not in arn or owner != call.owner:
            raise missing(f"Event bus {bus}")
        if bus != DEFAULT_BUS and self._rows.get(BUS, owner, bus) is None:
            raise missing(f"Event bus {bus}")
        return owner, bus

    def _retain(self, archive: Row) -> None:
        """Wait for the end of the oldest event's retention, once for an archive."""
        days = archive.body["RetentionDays"]
        if not days or archive.arn in self._retained:
            return
        oldest = self._rows.oldest(archive)
        if oldest is not None:
            self._retained.add(archive.arn)
            self._cloud.timers.set(
                f"events:{archive.arn}", oldest + days * _DAY, partial(self._forget, archive.owner, archive.name)
            )

    def _forget(self, owner: str, name: str) -> None:
        with self._lock:
            archive = self._rows.get(ARCHIVE, owner, name)
            if archive is None:
                return
            self._retained.discard(archive.arn)
            if archive.body["RetentionDays"]:
                self._rows.forget(archive, self._cloud.clock.now() - archive.body["RetentionDays"] * _DAY)
        self._retain(archive)

    # --- replays ----------------------------------------------------------------------------------------

    def start_replay(self, request: Answer, call: Call) -> Answer:
        """StartReplay: to the bus that the archive is of, and no other."""
        owner, name = owner_and_name(request["EventSourceArn"])
        archive = self._rows.get(ARCHIVE, owner, name)
        if archive is None:
            raise missing(f"Archive {name}")
        if request["EventStartTime"] >= request["EventEndTime"]:
            raise invalid("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
        if request["Destination"]["Arn"] != archive.body["EventSourceArn"]:
            raise invalid(
                "Parameter Destination.Arn is not valid. Reason: Must contain the same event bus as the archive."
            )
        for arn in request["Destination"].get("FilterArns", []):
            rule = owner_and_name(arn)[1].rpartition("/")[2]
            if self._rows.get(RULE, owner, rule, archive.body["bus"]) is None:
                raise missing(f"Rule {rule}")
        now = self._cloud.clock.now()
        body = {
            "State": "STARTING",
            "EventSourceArn": archive.arn,
            "Description": request.get("Description", ""),
            "EventStartTime": request["EventStartTime"].timestamp(),
            "EventEndTime": request["EventEndTime"].timestamp(),
            "Destination": request["Destination"],
            "ReplayStartTime": now,
            "place": 0,
        }
        replay = Row(REPLAY, call.owner, "", request["ReplayName"], now, now, body)
        with self._lock:
            if self._rows.get(REPLAY, replay.owner, replay.name) is not None:
                raise ServiceError("ResourceAlreadyExistsException", f"Replay {replay.name} already exists.")
            self._rows.put(replay)
        self._resume(replay)
        return {"ReplayArn": replay.arn, "State": "STARTING", "ReplayStartTime": moment(now)}

    def cancel_replay(self, request: Answer, call: Call) -> Answer:
        """CancelReplay."""
        with self._lock:
            replay = self._replay(request["ReplayName"], call)
            if replay.body["State"] not in ("STARTING", "RUNNING"):
                raise ServiceError(
                    "IllegalStatusException", f"Replay {replay.name} is not in a valid state for this operation."
                )
            self._rows.put(dataclasses.replace(replay, body={**replay.body, "State": "CANCELLING"}))
        return {"ReplayArn": replay.arn, "State": "CANCELLING"}

    def describe_replay(self, request: Answer, call: Call) -> Answer:
        """DescribeReplay."""
        replay = self._replay(request["ReplayName"], call)
        more = {"ReplayArn": replay.arn, "Destination": replay.body["Destination"]}
        if replay.body["Description"]:
            more["Description"] = replay.body["Description"]
        return {**_shown_replay(replay), **more}

    def list_replays(self, request: Answer, call: Call) -> Answer:
        """ListReplays, by name."""
        rows = self._rows.all(REPLAY, call.owner, prefix=request.get("NamePrefix", ""))
        for member in ("State", "EventSourceArn"):
            if member in request:
                rows = [row for row in rows if row.body[member] == request[member]]
        found, token = page(rows, request)
        return {"Replays": [_shown_replay(row) for row in found], **token}

    def _replay(self, name: str, call: Call) -> Row:
        found = self._rows.get(REPLAY, call.owner, name)
        if found is None:
            raise missing(f"Replay {name}")
        return found

    def _resume(self, replay: Row) -> None:
        key = f"events:{replay.arn}"
        self._cloud.timers.set(key, self._cloud.clock.now(), partial(self._run, replay.owner, replay.name))

    def _run(self, owner: str, name: str) -> None:
        """Replay a page of events, note how far it came, and set the next page: a killed server goes on from there."""
        replay = self._rows.get(REPLAY, owner, name)
        if replay is None or self._cloud.stopping:
            return
        body = replay.body
        if body["State"] not in ("STARTING", "RUNNING"):
            self._note(replay, {"State": "CANCELLED"})
            return
        source, archive = owner_and_name(body["EventSourceArn"])
        found = self._rows.archived(source, archive, body["EventStartTime"], body["EventEndTime"], body["place"], _PAGE)
        bus = owner_and_name(body["Destination"]["Arn"])[1]
        for one in found:
            event = {**json.loads(one.event), "replay-name": name}
            self._router.accept(source, bus, event, only=body["Destination"].get("FilterArns", ()))
        self._note(replay, _progress(found))
        if found:
            self._resume(replay)

    def _note(self, replay: Row, changes: dict[str, Any]) -> None:
        with self._lock:
            now = self._rows.get(REPLAY, replay.owner, replay.name) or replay
            state = changes["State"]
            if now.body["State"] == "CANCELLING":
                state = "CANCELLED" if state != "RUNNING" else "CANCELLING"
            ended = {} if state in OPEN else {"ReplayEndTime": self._cloud.clock.now()}
            self._rows.put(dataclasses.replace(now, body={**now.body, **changes, "State": state, **ended}))


def _progress(found: list[Archived]) -> dict[str, Any]:
    if not found:
        return {"State": "COMPLETED"}
    return {"State": "RUNNING", "place": found[-1].id, "EventLastReplayedTime": found[-1].time}


def _made(archive: Row) -> Answer:
    return {"ArchiveArn": archive.arn, "State": "ENABLED", "CreationTime": moment(archive.created)}


def _shown_replay(replay: Row) -> Answer:
    shown = {"ReplayName": replay.name, "State": replay.body["State"], "EventSourceArn": replay.body["EventSourceArn"]}
    times = ("EventStartTime", "EventEndTime", "EventLastReplayedTime", "ReplayStartTime", "ReplayEndTime")
    return {**shown, **{name: moment(replay.body[name]) for name in times if name in replay.body}}
