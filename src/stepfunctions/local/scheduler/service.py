"""The operations of EventBridge Scheduler, and the firing of its schedules."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.scheduler.definitions import definition_of, fires_at, invalid, next_due
from stepfunctions.local.scheduler.invocations import deliver
from stepfunctions.local.scheduler.records import DEFAULT, MIGRATIONS, GroupRow, ScheduleRow, SchedulerTables
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_log = logging.getLogger(__name__)
_PAGE = 100
_MOST_TAGS = 50
_TIMES = ("StartDate", "EndDate")


class Scheduler:
    """EventBridge Scheduler.

    While the cloud runs, every scheduled time fires. Of those that passed while it was stopped, the last one fires at
    the start, when it is no older than the target's ``MaximumEventAgeInSeconds`` (24 hours).
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._rows = SchedulerTables(cloud.database("scheduler", MIGRATIONS))

    def start(self) -> None:
        """Wait for the next scheduled times again, after those that were missed."""
        now = self._cloud.clock.now()
        for row in self._rows.waiting():
            self._wait(self._caught_up(row, now))

    # --- schedules --------------------------------------------------------------------------------------

    def create_schedule(self, request: Answer, call: Call) -> Answer:
        """CreateSchedule. The same request again, with its client token, changes nothing."""
        definition = definition_of(request)
        owner, name = call.owner, request["Name"]
        token = request.get("ClientToken")
        now = self._cloud.clock.now()
        with self._rows.database.write():
            group = self._group(owner, request.get("GroupName", DEFAULT))
            before = self._rows.schedule(owner, group.name, name)
            if before is not None:
                if token is None or before.token != token or before.definition != definition:
                    raise ServiceError("ConflictException", f"Schedule {name} already exists.", 409)
                return {"ScheduleArn": before.arn}
            row = self._rows.put(
                ScheduleRow(
                    owner=owner,
                    group=group.name,
                    name=name,
                    definition=definition,
                    created=now,
                    modified=now,
                    token=token,
                    due=None,
                    fires=None,
                )
            )
            row = self._rows.put(_aimed(row, now))
        self._wait(row)
        return {"ScheduleArn": row.arn}

    def update_schedule(self, request: Answer, call: Call) -> Answer:
        """UpdateSchedule: replaces all of it; what the request leaves out has its default."""
        definition = definition_of(request)
        now = self._cloud.clock.now()
        with self._rows.database.write():
            row = self._schedule(request, call)
            row = self._rows.put(_aimed(dataclasses.replace(row, definition=definition, modified=now), now))
        self._wait(row)
        return {"ScheduleArn": row.arn}

    def get_schedule(self, request: Answer, call: Call) -> Answer:
        """GetSchedule."""
        row = self._schedule(request, call)
        shown = {name: moment(one) if name in _TIMES else one for name, one in row.definition.items()}
        return {"Arn": row.arn, "GroupName": row.group, "Name": row.name, **shown, **_dates(row.created, row.modified)}

    def delete_schedule(self, request: Answer, call: Call) -> None:
        """DeleteSchedule. What it has begun to deliver goes on."""
        with self._rows.database.write():
            row = self._schedule(request, call)
            self._rows.drop(row)
        self._cloud.timers.cancel(_key(row))

    def list_schedules(self, request: Answer, call: Call) -> Answer:
        """ListSchedules, by group and name."""
        owner, group = call.owner, request.get("GroupName")
        if group is not None:
            self._group(owner, group)
        size, after = request.get("MaxResults", _PAGE), request.get("NextToken", "/")
        if after.count("/") != 1:
            raise invalid("Invalid NextToken")
        mark = (after.partition("/")[0], after.partition("/")[2])
        prefix, state = request.get("NamePrefix", ""), request.get("State")
        found = self._rows.schedules(owner, group, prefix, state, mark, size + 1)
        answer: Answer = {"Schedules": [_summary(row) for row in found[:size]]}
        return answer | ({"NextToken": f"{found[size - 1].group}/{found[size - 1].name}"} if len(found) > size else {})

    # --- groups -----------------------------------------------------------------------------------------

    def create_schedule_group(self, request: Answer, call: Call) -> Answer:
        """CreateScheduleGroup. The same request again, with its client token, changes nothing."""
        tags = _tags(request.get("Tags", ()))
        token = request.get("ClientToken")
        made = GroupRow(owner=call.owner, name=request["Name"], created=self._cloud.clock.now(), tags=tags, token=token)
        with self._rows.database.write():
            before = self._rows.group(made.owner, made.name)
            if made.name == DEFAULT or (before and (token is None or (before.token, before.tags) != (token, tags))):
                raise ServiceError("ConflictException", f"Schedule group {made.name} already exists.", 409)
            if before is None:
                self._rows.put_group(made)
        return {"ScheduleGroupArn": made.arn}

    def get_schedule_group(self, request: Answer, call: Call) -> Answer:
        """GetScheduleGroup."""
        return _shown_group(self._group(call.owner, request["Name"]))

    def delete_schedule_group(self, request: Answer, call: Call) -> None:
        """DeleteScheduleGroup: its schedules go with it, at once."""
        if request["Name"] == DEFAULT:
            raise invalid("The default schedule group can't be deleted.")
        with self._rows.database.write():
            group = self._group(call.owner, request["Name"])
            gone = self._rows.of_group(group)
            self._rows.drop_group(group)
        for row in gone:
            self._cloud.timers.cancel(_key(row))

    def list_schedule_groups(self, request: Answer, call: Call) -> Answer:
        """ListScheduleGroups, by name."""
        size = request.get("MaxResults", _PAGE)
        self._group(call.owner, DEFAULT)
        prefix, after = request.get("NamePrefix", ""), request.get("NextToken", "")
        found = self._rows.groups(call.owner, prefix, after, size + 1)
        answer: Answer = {"ScheduleGroups": [_shown_group(group) for group in found[:size]]}
        return answer | ({"NextToken": found[size - 1].name} if len(found) > size else {})

    def tag_resource(self, request: Answer, _call: Call) -> None:
        """TagResource, of a group."""
        with self._rows.database.write():
            group = self._by_arn(request["ResourceArn"])
            tags = {**group.tags, **_tags(request["Tags"])}
            if len(tags) > _MOST_TAGS:
                raise invalid(f"A schedule group has at most {_MOST_TAGS} tags.")
            self._rows.put_group(dataclasses.replace(group, tags=tags))

    def untag_resource(self, request: Answer, _call: Call) -> None:
        """UntagResource, of a group."""
        with self._rows.database.write():
            group = self._by_arn(request["ResourceArn"])
            tags = {key: value for key, value in group.tags.items() if key not in request["TagKeys"]}
            self._rows.put_group(dataclasses.replace(group, tags=tags))

    def list_tags_for_resource(self, request: Answer, _call: Call) -> Answer:
        """ListTagsForResource, of a group."""
        tags = self._by_arn(request["ResourceArn"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    # --- firing -----------------------------------------------------------------------------------------

    def _wait(self, row: ScheduleRow) -> None:
        if row.fires is None:
            self._cloud.timers.cancel(_key(row))
        else:
            self._cloud.timers.set(_key(row), row.fires, lambda: self._fire(row.id))

    def _fire(self, number: int) -> None:
        """Hand a scheduled time to the deliveries, and wait for the next one.

        Killed between the two it does so again, with the same id.
        """
        row = self._rows.by_id(number)
        if row is None or row.due is None or row.fires is None or row.fires > self._cloud.clock.now():
            return
        deliver(self._cloud, row, row.due)
        with self._rows.database.write():
            now = self._rows.by_id(number)
            if now is None or now.due != row.due:  # changed or deleted meanwhile
                return
            row = _aimed(now, row.due + 1)
            if row.due is None and row.definition["ActionAfterCompletion"] == "DELETE":
                self._rows.drop(row)
            else:
                row = self._rows.put(row)
        self._wait(row)

    def _caught_up(self, row: ScheduleRow, now: float) -> ScheduleRow:
        """Leave out all missed times but the last one, and that too when it is too old."""
        if row.fires is None or row.due is None or row.fires >= now:
            return row
        oldest = now - row.definition["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"]
        first = row.due
        due: float | None = first if first >= oldest else next_due(row.definition, oldest, row.created)
        while due is not None:
            following = next_due(row.definition, due + 1, row.created)
            if following is None or following > now:
                break
            due = following
        if due == row.due:
            return row
        _log.warning("%s: times from %s on passed while the cloud was stopped", row.arn, moment(first).isoformat())
        with self._rows.database.write():
            fires = fires_at(row.definition, row.arn, due)
            return self._rows.put(dataclasses.replace(row, due=due, fires=fires))

    # --- finding ----------------------------------------------------------------------------------------

    def _group(self, owner: str, name: str) -> GroupRow:
        group = self._rows.group(owner, name)
        if group is not None:
            return group
        if name != DEFAULT:
            raise ServiceError("ResourceNotFoundException", f"Schedule group {name} does not exist.", 404)
        made = GroupRow(owner=owner, name=name, created=self._cloud.clock.now(), tags={}, token=None)
        self._rows.put_group(made)
        return made

    def _by_arn(self, arn: str) -> GroupRow:
        _, _, _, region, account, resource = arn.split(":", 5)
        return self._group(f"{region}:{account}", resource.partition("/")[2])

    def _schedule(self, request: Answer, call: Call) -> ScheduleRow:
        group = self._group(call.owner, request.get("GroupName", DEFAULT))
        row = self._rows.schedule(group.owner, group.name, request["Name"])
        if row is None:
            raise ServiceError("ResourceNotFoundException", f"Schedule {request['Name']} does not exist.", 404)
        return row


def _aimed(row: ScheduleRow, moment: float) -> ScheduleRow:
    """Return a schedule with its first time at or after ``moment``."""
    due = next_due(row.definition, moment, row.created) if row.definition["State"] == "ENABLED" else None
    return dataclasses.replace(row, due=due, fires=fires_at(row.definition, row.arn, due))


def _key(row: ScheduleRow) -> str:
    return f"scheduler:{row.id}"


def _dates(created: float, modified: float) -> Answer:
    return {"CreationDate": moment(created), "LastModificationDate": moment(modified)}


def _summary(row: ScheduleRow) -> Answer:
    return {
        "Arn": row.arn,
        "Name": row.name,
        "GroupName": row.group,
        "State": row.definition["State"],
        "Target": {"Arn": row.definition["Target"]["Arn"]},
        **_dates(row.created, row.modified),
    }


def _shown_group(group: GroupRow) -> Answer:
    return {"Arn": group.arn, "Name": group.name, "State": "ACTIVE", **_dates(group.created, group.created)}


def _tags(tags: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def create(cloud: Cloud) -> Scheduler:
    """Make the service of a cloud."""
    return Scheduler(cloud)
