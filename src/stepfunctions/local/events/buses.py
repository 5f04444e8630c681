"""The operations on event buses, their policies, and tags.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus.html
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.events.ground import Answer, Ground, owner_and_name
from stepfunctions.local.events.records import BUS, DEFAULT_BUS, RULE, Row, invalid, missing, page
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_KEPT = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
_LONGEST_POLICY = 10_240


class BusOperations(Ground):
    """Buses. Keys and dead-letter queues of buses are kept and shown; policies are too, and allow nothing new."""

    def create_event_bus(self, request: Answer, call: Call) -> Answer:
        """CreateEventBus."""
        name = request["Name"]
        if "EventSourceName" in request or "/" in name:
            raise invalid("Partner event buses are not supported by the local cloud: a name must not have '/' in it.")
        _check(request)
        now = self._cloud.clock.now()
        kept = {member: request[member] for member in _KEPT if member in request}
        row = Row(BUS, call.owner, "", name, now, now, kept)
        with self._lock, self._rows.database.write():
            if name == DEFAULT_BUS or self._rows.get(BUS, row.owner, name) is not None:
                raise ServiceError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
            self._rows.put(row)
            self._rows.tag(row.arn, request.get("Tags", []))
        return {"EventBusArn": row.arn, **kept}

    def update_event_bus(self, request: Answer, call: Call) -> Answer:
        """UpdateEventBus: what the request has replaces what was there."""
        _check(request)
        with self._lock:
            bus = self._bus(request.get("Name"), call)
            kept = {member: request[member] for member in _KEPT if member in request}
            self._put(bus, {**bus.body, **kept})
        return {"Arn": bus.arn, "Name": bus.name, **kept}

    def delete_event_bus(self, request: Answer, call: Call) -> None:
        """DeleteEventBus: one that is not there is as good as deleted."""
        name = request["Name"]
        if name == DEFAULT_BUS:
            raise invalid("Cannot delete event bus default.")
        with self._lock:
            bus = self._rows.get(BUS, call.owner, name)
            if bus is None:
                return
            if self._rows.all(RULE, bus.owner, bus.name):
                raise invalid("Event bus can't be deleted since it has rules.")
            self._rows.drop(bus)

    def describe_event_bus(self, request: Answer, call: Call) -> Answer:
        """DescribeEventBus; the default one without a name."""
        bus = self._bus(request.get("Name"), call)
        kept = {member: bus.body[member] for member in _KEPT if member in bus.body}
        return {**_shown(bus), **kept}

    def list_event_buses(self, request: Answer, call: Call) -> Answer:
        """ListEventBuses, by name."""
        owner, prefix = call.owner, request.get("NamePrefix", "")
        rows = [row for row in self._rows.all(BUS, owner, prefix=prefix) if row.name != DEFAULT_BUS]
        if DEFAULT_BUS.startswith(prefix):
            rows.append(self._bus(None, call))
        found, token = page(sorted(rows, key=lambda row: row.name), request)
        return {"EventBuses": [_shown(row) for row in found], **token}

    # --- policies ---------------------------------------------------------------------------------------

    def put_permission(self, request: Answer, call: Call) -> None:
        """PutPermission: a whole policy, or one statement by its id."""
        with self._lock:
            bus = self._bus(request.get("EventBusName"), call)
            policy = _policy(request["Policy"]) if "Policy" in request else self._with_statement(bus, request)
            text = json.dumps(policy)
            if len(text) > _LONGEST_POLICY:
                raise ServiceError("PolicyLengthExceededException", f"The policy is longer than {_LONGEST_POLICY}.")
            self._put(bus, {**bus.body, "Policy": text})

    @staticmethod
    def _with_statement(bus: Row, request: Answer) -> dict[str, Any]:
        for member in ("Action", "Principal", "StatementId"):
            if member not in request:
                raise invalid(f"Parameter {member} is not valid. Reason: {member} is a required argument.")
        principal = request["Principal"]
        statement: dict[str, Any] = {
            "Sid": request["StatementId"],
            "Effect": "Allow",
            "Principal": principal if principal == "*" else {"AWS": f"arn:aws:iam::{principal}:root"},
            "Action": request["Action"],
            "Resource": bus.arn,
        }
        if "Condition" in request:
            given = request["Condition"]
            statement["Condition"] = {given["Type"]: {given["Key"]: given["Value"]}}
        policy = json.loads(bus.body.get("Policy", '{"Version": "2012-10-17", "Statement": []}'))
        others = [one for one in policy["Statement"] if one.get("Sid") != request["StatementId"]]
        return {**policy, "Statement": [*others, statement]}

    def remove_permission(self, request: Answer, call: Call) -> None:
        """RemovePermission: a statement by its id, or all."""
        with self._lock:
            bus = self._bus(request.get("EventBusName"), call)
            if "Policy" not in bus.body:
                raise missing("EventBus does not have a policy: a statement")
            policy = json.loads(bus.body["Policy"])
            left = [one for one in policy["Statement"] if one.get("Sid") != request.get("StatementId")]
            if request.get("RemoveAllPermissions"):
                left = []
            elif len(left) == len(policy["Statement"]):
                raise missing("Statement with the provided id")
            body = {name: value for name, value in bus.body.items() if name != "Policy"}
            self._put(bus, {**body, "Policy": json.dumps({**policy, "Statement": left})} if left else body)

    def _put(self, bus: Row, body: dict[str, Any]) -> None:
        now = self._cloud.clock.now()
        self._rows.put(dataclasses.replace(bus, body=body, modified=now, created=bus.created or now))

    # --- tags -------------------------------------------------------------------------------------------

    def tag_resource(self, request: Answer, _call: Call) -> None:
        """TagResource: of a rule or a bus."""
        self._rows.tag(self._tagged(request), request["Tags"])

    def untag_resource(self, request: Answer, _call: Call) -> None:
        """UntagResource."""
        self._rows.untag(self._tagged(request), request["TagKeys"])

    def list_tags_for_resource(self, request: Answer, _call: Call) -> Answer:
        """ListTagsForResource, by key."""
        return {"Tags": self._rows.tags(self._tagged(request))}

    def _tagged(self, request: Answer) -> str:
        arn: str = request["ResourceARN"]
        owner, name = owner_and_name(arn)
        if f":{RULE}/" in arn:
            bus, _, rule = name.rpartition("/")
            found = self._rows.get(RULE, owner, rule, bus or DEFAULT_BUS)
        else:
            found = Row(BUS, owner, "", name, 0, 0) if name == DEFAULT_BUS else self._rows.get(BUS, owner, name)
        if found is None or found.arn != arn:
            raise missing(f"Resource {arn}")
        return arn


def _check(request: Answer) -> None:
    if request.get("LogConfig", {}).get("Level", "OFF") != "OFF":
        raise invalid("LogConfig is not supported by the local cloud but with Level OFF.")


def _policy(text: str) -> dict[str, Any]:
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        policy = None
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(one, dict) for one in statements):
        raise invalid("Policy is not valid: a JSON object with a list 'Statement' is needed.")
    return {**policy, "Statement": statements}


def _shown(bus: Row) -> Answer:
    shown: Answer = {"Name": bus.name, "Arn": bus.arn}
    if "Policy" in bus.body:
        shown["Policy"] = bus.body["Policy"]
    if "Description" in bus.body:
        shown["Description"] = bus.body["Description"]
    if bus.created:
        shown |= {"CreationTime": moment(bus.created), "LastModifiedTime": moment(bus.modified)}
    return shown
