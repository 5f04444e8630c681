"""The operations of alarms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Alarms.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch import composite
from stepfunctions.local.cloudwatch.alarm_records import COMPOSITE, METRIC, Alarm, AlarmTables, Happened
from stepfunctions.local.cloudwatch.alarms import Alarms
from stepfunctions.local.cloudwatch.announcements import configuration_change
from stepfunctions.local.cloudwatch.evaluation import INSUFFICIENT
from stepfunctions.local.cloudwatch.metrics import Answer, metric_of
from stepfunctions.local.cloudwatch.queries import invalid
from stepfunctions.local.cloudwatch.settings import ACTIONS, check_common, watch_of
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_PAGE = 50
_NOT_KEPT = ("AlarmName", "Tags")
_SHOWN = {METRIC: "MetricAlarms", COMPOSITE: "CompositeAlarms"}


class AlarmOperations:
    """What CloudWatch does with alarms."""

    _cloud: Cloud
    _alarms: AlarmTables
    alarms: Alarms

    def put_metric_alarm(self, request: Answer, call: Call) -> None:
        """PutMetricAlarm."""
        check_common(request)
        watch_of(request, call.owner)
        self._save(request, METRIC, call)

    def put_composite_alarm(self, request: Answer, call: Call) -> None:
        """PutCompositeAlarm: its alarms must be there, and none may depend on it."""
        check_common(request)
        rule = composite.read(request["AlarmRule"])
        owner, name = call.owner, request["AlarmName"]
        unknown = [child for child in rule.children if child != name and self._alarms.get(owner, child) is None]
        if unknown:
            raise invalid(f"Could not save the composite alarm: its AlarmRule has unknown alarms: {', '.join(unknown)}")
        seen, left = set[str](), list(rule.children)
        while left:
            child = left.pop()
            if child == name:
                raise invalid(f"Could not save the composite alarm: its AlarmRule depends on {name} itself.")
            if child not in seen:
                seen.add(child)
                left += self.alarms.children(owner, child)
        self._save(request, COMPOSITE, call)

    def _save(self, request: Answer, kind: str, call: Call) -> None:
        with self.alarms.lock:
            self._save_alone(request, kind, call)

    def _save_alone(self, request: Answer, kind: str, call: Call) -> None:
        owner, name, now = call.owner, request["AlarmName"], self._cloud.clock.now()
        settings = {key: value for key, value in request.items() if key not in _NOT_KEPT}
        settings.setdefault("ActionsEnabled", True)
        before = self._alarms.get(owner, name)
        if before is not None and before.kind != kind:
            raise invalid(f"An alarm of another type is named {name} already.")
        if before is None:
            reason = "Unchecked: Initial alarm creation"
            alarm = Alarm(owner, name, kind, settings, now, INSUFFICIENT, reason, "", now, now, None)
            told, data = f'Alarm "{name}" created', {"type": "Create", "createdAlarm": settings}
        else:
            alarm = replace(before, configuration=settings, updated=now)
            told, data = f'Alarm "{name}" updated', {"type": "Update", "updatedAlarm": settings}
        self._alarms.save(alarm, ("ConfigurationUpdate", told, {"version": "1.0", **data}))
        if before is None and request.get("Tags"):
            self._alarms.tag(alarm.arn, {tag["Key"]: tag["Value"] for tag in request["Tags"]})
        self._tell(alarm, "create" if before is None else "update", call, before)
        self.alarms.watch(alarm)

    def _tell(self, alarm: Alarm, operation: str, call: Call, before: Alarm | None = None) -> None:
        if self._cloud.has("events"):
            detail = configuration_change(alarm, operation, before)
            name = "CloudWatch Alarm Configuration Change"
            self._cloud.publish(
                "aws.cloudwatch", name, detail, [alarm.arn], account=call.account, region=call.region
            )  # fmt: skip

    def delete_alarms(self, request: Answer, call: Call) -> None:
        """DeleteAlarms: names that are unknown do not matter."""
        with self.alarms.lock:
            for name in request["AlarmNames"]:
                alarm = self._alarms.get(call.owner, name)
                if alarm is not None:
                    self.alarms.forget(alarm)
                    self._alarms.drop(alarm, self._cloud.clock.now())
                    self._tell(alarm, "delete", call)

    def set_alarm_state(self, request: Answer, call: Call) -> None:
        """SetAlarmState: until the next evaluation."""
        data = request.get("StateReasonData", "")
        try:
            json.loads(data or "{}")
        except (ValueError, RecursionError):
            raise ServiceError("InvalidFormat", "StateReasonData must be JSON.") from None
        with self.alarms.lock:
            alarm = self._alarm(request["AlarmName"], call)
            self.alarms.set(alarm, request["StateValue"], request["StateReason"], data)

    def enable_alarm_actions(self, request: Answer, call: Call) -> None:
        """EnableAlarmActions."""
        self._act(request, call, enabled=True)

    def disable_alarm_actions(self, request: Answer, call: Call) -> None:
        """DisableAlarmActions."""
        self._act(request, call, enabled=False)

    def _act(self, request: Answer, call: Call, *, enabled: bool) -> None:
        with self.alarms.lock:
            for name in request["AlarmNames"]:
                alarm = self._alarms.get(call.owner, name)
                if alarm is not None:
                    settings = {**alarm.configuration, "ActionsEnabled": enabled}
                    self._alarms.save(replace(alarm, configuration=settings))

    def _alarm(self, name: str, call: Call) -> Alarm:
        alarm = self._alarms.get(call.owner, name)
        if alarm is None:
            raise ServiceError("ResourceNotFound", f"Unknown alarm: {name}", 404)
        return alarm

    # --- reading ----------------------------------------------------------------------------------------

    def describe_alarms(self, request: Answer, call: Call) -> Answer:
        """DescribeAlarms: metric alarms unless AlarmTypes says otherwise."""
        family = [name for name in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if name in request]
        if "AlarmNames" in request and "AlarmNamePrefix" in request:
            raise invalid("AlarmNames and AlarmNamePrefix must not be specified together.")
        if family and set(request) - {*family, "MaxRecords", "NextToken"}:
            raise invalid(f"{family[0]} is specified alone, with MaxRecords and NextToken at most.")
        kinds = request.get("AlarmTypes", [METRIC]) if not family else [METRIC, COMPOSITE]
        found = [alarm for alarm in self._alarms.of(call.owner) if alarm.kind in kinds]
        for keep in self._filters(request, call):
            found = [alarm for alarm in found if keep(alarm)]
        after, limit = _token(request), request.get("MaxRecords", _PAGE)
        page = [alarm for alarm in found if alarm.name > after]
        answer: Answer = {shown: [] for kind, shown in _SHOWN.items() if kind in kinds}
        for alarm in page[:limit]:
            answer[_SHOWN[alarm.kind]].append(_brief(alarm) if family else _shown(alarm))
        return answer if len(page) <= limit else {**answer, "NextToken": page[limit - 1].name}

    def _filters(self, request: Answer, call: Call) -> list[Callable[[Alarm], bool]]:
        filters: list[Callable[[Alarm], bool]] = []
        if "AlarmNames" in request:
            filters.append(lambda alarm: alarm.name in request["AlarmNames"])
        if "AlarmNamePrefix" in request:
            filters.append(lambda alarm: alarm.name.startswith(request["AlarmNamePrefix"]))
        if "StateValue" in request:
            filters.append(lambda alarm: alarm.state == request["StateValue"])
        if "ActionPrefix" in request:
            prefix = request["ActionPrefix"]
            filters.append(lambda alarm: any(arn.startswith(prefix) for arn in _actions(alarm)))
        if "ChildrenOfAlarmName" in request:
            parent = self._alarm(request["ChildrenOfAlarmName"], call)
            children = self.alarms.children(parent.owner, parent.name)
            filters.append(lambda alarm: alarm.name in children)
        if "ParentsOfAlarmName" in request:
            child = self._alarm(request["ParentsOfAlarmName"], call).name
            filters.append(lambda alarm: child in self.alarms.children(alarm.owner, alarm.name))
        return filters

    def describe_alarms_for_metric(self, request: Answer, call: Call) -> Answer:
        """DescribeAlarmsForMetric: those with exactly this metric, and with the statistic, period and unit given."""
        metric = metric_of(call.owner, request)
        found = []
        for alarm in self._alarms.of(call.owner):
            if alarm.kind != METRIC or "Metrics" in alarm.configuration:
                continue
            asked = [name for name in ("Statistic", "ExtendedStatistic", "Period", "Unit") if name in request]
            same = all(alarm.configuration.get(name) == request[name] for name in asked)
            if same and metric_of(alarm.owner, alarm.configuration) == metric:
                found.append(_shown(alarm))
        return {"MetricAlarms": found}

    def describe_alarm_history(self, request: Answer, call: Call) -> Answer:
        """DescribeAlarmHistory: of the last 30 days, of deleted alarms too."""
        if "AlarmContributorId" in request:
            raise invalid("Contributors of alarms are not supported by the local cloud: leave out AlarmContributorId.")
        where: dict[str, object] = {}
        for name, key in (("AlarmName", "alarm"), ("HistoryItemType", "type")):
            if name in request:
                where[key] = request[name]
        for name, key in (("StartDate", "since"), ("EndDate", "until")):
            if name in request:
                where[key] = request[name].timestamp()
        token = _token(request)
        if token and not (token.isdecimal() and token.isascii() and len(token) < 19):
            raise _bad_token()
        limit = request.get("MaxRecords", 100)
        newest = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        kinds = request.get("AlarmTypes", [METRIC, COMPOSITE])
        found = self._alarms.history(
            call.owner, where, kinds, int(token) if token else None, limit + 1, newest
        )  # fmt: skip
        answer: Answer = {"AlarmHistoryItems": [_entry(one) for one in found[:limit]]}
        return answer if len(found) <= limit else {**answer, "NextToken": str(found[limit - 1].id)}


def _token(request: Answer) -> str:
    return str(request.get("NextToken", ""))


def _bad_token() -> ServiceError:
    return ServiceError("InvalidNextToken", "The token is not one of this operation's.")


def _actions(alarm: Alarm) -> Sequence[str]:
    return [arn for kind in ACTIONS.values() for arn in alarm.configuration.get(kind, [])]


def _brief(alarm: Alarm) -> Answer:
    return {"AlarmName": alarm.name, "AlarmArn": alarm.arn, "StateValue": alarm.state,
            "StateUpdatedTimestamp": moment(alarm.state_updated)}  # fmt: skip


def _shown(alarm: Alarm) -> Answer:
    shown: dict[str, Any] = {kind: [] for kind in ACTIONS.values()}
    if alarm.kind == METRIC and "Metrics" not in alarm.configuration:
        shown["Dimensions"] = []
    return {
        **shown,
        **alarm.configuration,
        **_brief(alarm),
        "AlarmConfigurationUpdatedTimestamp": moment(alarm.updated),
        "StateReason": alarm.reason,
        "StateReasonData": alarm.data or None,
        "StateTransitionedTimestamp": moment(alarm.changed),
    }


def _entry(one: Happened) -> Answer:
    return {
        "AlarmName": one.alarm,
        "AlarmType": one.kind,
        "Timestamp": moment(one.time),
        "HistoryItemType": one.type,
        "HistorySummary": one.summary,
        "HistoryData": one.data,
    }
