"""The operations of CloudWatch Logs that ``aws logs tail`` and its like need, and what Step Functions writes.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.logs.output import Output
from stepfunctions.local.logs.patterns import matcher
from stepfunctions.local.logs.records import MIGRATIONS, EventRow, GroupRow, LogTables, Mark, StreamRow

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_PAGE = 50
_EVENTS = 10_000
_FIRST_STREAM = "log_stream_created_by_aws_to_validate_log_delivery_subscriptions"
_FIRST_EVENT = (
    "Permissions are set correctly to allow AWS CloudWatch Logs to write into your logs while creating a subscription."
)


class Logs:
    """CloudWatch Logs. Retention is kept and shown; nothing is deleted by itself."""

    def __init__(self, cloud: Cloud) -> None:
        self._clock = cloud.clock
        self._owner = f"{cloud.region}:{cloud.account}"
        self._rows = LogTables(cloud.database("logs", MIGRATIONS))
        self.output = Output(self._rows, self._now)

    # --- what Step Functions writes ---------------------------------------------------------------------

    def open(self, group_arn: str) -> None:
        """Make the log group of a state machine; a line says so, as AWS's does."""
        owner, name = _parts(group_arn)
        if self._rows.add_group(owner, name, self._now(), "STANDARD", None):
            self.write(group_arn, _FIRST_STREAM, [(self._now(), _FIRST_EVENT)])

    def write(self, group_arn: str, stream: str, lines: Sequence[tuple[int, str]]) -> None:
        """Add lines to a stream; group and stream are made when missing."""
        self._rows.append(*_parts(group_arn), stream, lines, self._now())

    def follow(self, group: str, stream: str, *files: Path) -> None:
        """Take what a process writes into files as the events of a stream."""
        for path in files:
            self.output.follow(path, self._owner, group, stream)

    # --- groups and streams -----------------------------------------------------------------------------

    def create_log_group(self, request: Answer, call: Call) -> None:
        """CreateLogGroup."""
        name, kind = request["logGroupName"], request.get("logGroupClass", "STANDARD")
        if not self._rows.add_group(call.owner, name, self._now(), kind, request.get("kmsKeyId")):
            raise ServiceError("ResourceAlreadyExistsException", "The specified log group already exists")

    def delete_log_group(self, request: Answer, call: Call) -> None:
        """DeleteLogGroup."""
        self._rows.drop_group(self._of(request, call))

    def describe_log_groups(self, request: Answer, call: Call) -> Answer:
        """DescribeLogGroups, by name."""
        if "logGroupNamePrefix" in request and "logGroupNamePattern" in request:
            raise ServiceError(
                "InvalidParameterException",
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
            )
        self.output.take(call.owner)
        limit = request.get("limit", _PAGE)
        prefix, part = request.get("logGroupNamePrefix", ""), request.get("logGroupNamePattern", "")
        found = self._rows.groups(call.owner, request.get("nextToken", ""), limit + 1, prefix, part)
        answer: Answer = {"logGroups": [_shown_group(group, self._rows.size(group)) for group in found[:limit]]}
        return answer | ({"nextToken": found[limit - 1].name} if len(found) > limit else {})

    def put_retention_policy(self, request: Answer, call: Call) -> None:
        """PutRetentionPolicy: kept and shown."""
        self._rows.retain(self._of(request, call), request["retentionInDays"])

    def delete_retention_policy(self, request: Answer, call: Call) -> None:
        """DeleteRetentionPolicy."""
        self._rows.retain(self._of(request, call), None)

    def create_log_stream(self, request: Answer, call: Call) -> None:
        """CreateLogStream."""
        if not self._rows.add_stream(self._of(request, call), request["logStreamName"], self._now()):
            raise ServiceError("ResourceAlreadyExistsException", "The specified log stream already exists")

    def delete_log_stream(self, request: Answer, call: Call) -> None:
        """DeleteLogStream."""
        self._rows.drop_stream(self._stream(self._of(request, call), request["logStreamName"]))

    def describe_log_streams(self, request: Answer, call: Call) -> Answer:
        """DescribeLogStreams, by name or by the time of the last event."""
        group = self._of(request, call)
        found = self._rows.streams(group, request.get("logStreamNamePrefix", ""))
        if request.get("orderBy") == "LastEventTime":
            found.sort(key=lambda one: (one.last or 0, one.name))
        if request.get("descending"):
            found.reverse()
        start, limit = _number(request.get("nextToken")), request.get("limit", _PAGE)
        answer: Answer = {"logStreams": [_shown_stream(group, one) for one in found[start : start + limit]]}
        return answer | ({"nextToken": str(start + limit)} if len(found) > start + limit else {})

    # --- events -----------------------------------------------------------------------------------------

    def put_log_events(self, request: Answer, call: Call) -> Answer:
        """PutLogEvents: the events of a request must be in the order of their times."""
        stream = self._stream(self._of(request, call), request["logStreamName"])
        events = [(event["timestamp"], event["message"]) for event in request["logEvents"]]
        if any(one > other for (one, _), (other, _) in itertools.pairwise(events)):
            raise ServiceError(
                "InvalidParameterException",
                "Log events in a single PutLogEvents request must be in chronological order.",
            )
        self._rows.add_events(stream, events, self._now())
        return {"nextSequenceToken": "0"}

    def get_log_events(self, request: Answer, call: Call) -> Answer:
        """GetLogEvents: the latest ones first asked for, unless ``startFromHead``; tokens lead on both ways."""
        stream = self._stream(self._of(request, call), request["logStreamName"])
        limit, token = request.get("limit", _EVENTS), request.get("nextToken")
        start, end = request.get("startTime"), request.get("endTime")
        if token is None:
            found = self._rows.events([stream], start, end, limit, latest=not request.get("startFromHead"))
        elif token.startswith("f/"):
            found = self._rows.events([stream], start, end, limit, after=_mark(token))
        else:
            found = self._rows.events([stream], start, end, limit, before=_mark(token), latest=True)
        first, last = (found[0].mark, found[-1].mark) if found else ((0, 0), (0, 0)) if token is None else (None, None)
        return {
            "events": [_shown_event(event) for event in found],
            "nextForwardToken": token if last is None else _token("f", last),
            "nextBackwardToken": token if first is None else _token("b", first),
        }

    def filter_log_events(self, request: Answer, call: Call) -> Answer:
        """FilterLogEvents of all streams of a group, or of some, in the order of their times."""
        named = self._rows.stream_ids(self._of(request, call), request.get("logStreamNamePrefix", ""))
        wanted = request.get("logStreamNames", named)
        streams = [number for name, number in named.items() if name in wanted]
        matches, limit = matcher(request.get("filterPattern", "")), request.get("limit", _EVENTS)
        start, end = request.get("startTime"), request.get("endTime")
        after = _mark(request["nextToken"]) if "nextToken" in request else None
        found: list[EventRow] = []
        more = bool(streams)
        while more and len(found) < limit:
            page = self._rows.events(streams, start, None if end is None else end + 1, _EVENTS, after=after)
            more = len(page) == _EVENTS
            for event in page:
                after = event.mark
                if matches(event.message):
                    found.append(event)
                    if len(found) == limit:
                        more = True
                        break
        answer: Answer = {
            "events": [
                {**_shown_event(event), "logStreamName": event.stream, "eventId": f"{event.id:056d}"} for event in found
            ],
            "searchedLogStreams": [],
        }
        return answer | ({"nextToken": _token("f", after)} if more and after is not None else {})

    # --- finding ----------------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self._clock.now() * 1000)

    def _of(self, request: Answer, call: Call) -> GroupRow:
        identifier = request.get("logGroupName") or request.get("logGroupIdentifier")
        if identifier is None:
            raise ServiceError("InvalidParameterException", "Either logGroupName or logGroupIdentifier is required")
        if identifier.startswith("arn:"):
            identifier = (*identifier.split(":"), *[""] * 6)[6]
        self.output.take(call.owner, identifier)
        group = self._rows.group(call.owner, identifier)
        if group is None:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        return group

    def _stream(self, group: GroupRow, name: str) -> int:
        found = self._rows.stream_ids(group, name).get(name)
        if found is None:
            raise ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
        return found


def _parts(group_arn: str) -> tuple[str, str]:
    parts = group_arn.split(":")
    return f"{parts[3]}:{parts[4]}", parts[6]


def _shown_group(group: GroupRow, size: int) -> Answer:
    arn = f"arn:aws:logs:{group.owner}:log-group:{group.name}"
    shown = {
        "logGroupName": group.name,
        "creationTime": group.created,
        "retentionInDays": group.retention,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": size,
        "kmsKeyId": group.key,
        "logGroupClass": group.kind,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _shown_stream(group: GroupRow, stream: StreamRow) -> Answer:
    shown = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "firstEventTimestamp": stream.first,
        "lastEventTimestamp": stream.last,
        "lastIngestionTime": stream.ingested,
        "uploadSequenceToken": "0",
        "arn": f"arn:aws:logs:{group.owner}:log-group:{group.name}:log-stream:{stream.name}",
        "storedBytes": 0,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _shown_event(event: EventRow) -> Answer:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}


def _token(way: str, mark: Mark) -> str:
    return f"{way}/{mark[0]}.{mark[1]}"


def _mark(token: str) -> Mark:
    timestamp, _, number = token.partition("/")[2].partition(".")
    return _number(timestamp), _number(number)


def _number(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isdecimal() and text.isascii() and len(text) < 19):
        raise ServiceError("InvalidParameterException", "The specified nextToken is invalid.")
    return int(text)


def create(cloud: Cloud) -> Logs:
    """Make the service for a cloud."""
    return Logs(cloud)
