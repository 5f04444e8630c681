"""The operations on rules and their targets.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.catalog.schedules import parse
from stepfunctions.errors import ServiceError
from stepfunctions.local.deliveries import problem_with
from stepfunctions.local.events.ground import Answer, Ground
from stepfunctions.local.events.records import DEFAULT_BUS, RULE, TARGET, Row, invalid, page
from stepfunctions.local.events.transform import check_input

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

_MOST_TARGETS = 5
_KEPT = ("EventPattern", "ScheduleExpression", "State", "Description", "RoleArn")
_PARAMETERS = frozenset({"SqsParameters", "EcsParameters"})
_FIELDS = ("id", "detail-type", "source", "account", "time", "region", "resources", "detail")


class RuleOperations(Ground):
    """Rules and targets."""

    def put_rule(self, request: Answer, call: Call) -> Answer:
        """PutRule: all of a rule that is there is replaced, but for its tags and targets."""
        bus = self._bus(request.get("EventBusName"), call)
        if not request.get("EventPattern") and not request.get("ScheduleExpression"):
            raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if request.get("EventPattern"):
            Pattern(request["EventPattern"])
        if request.get("ScheduleExpression"):
            if bus.name != DEFAULT_BUS:
                raise invalid("ScheduleExpression is supported only on the default event bus.")
            parse(request["ScheduleExpression"], rule=True)
        now = self._cloud.clock.now()
        body = {"State": "ENABLED"} | {member: request[member] for member in _KEPT if request.get(member)}
        with self._lock:
            old = self._rows.get(RULE, bus.owner, request["Name"], bus.name)
            rule = Row(RULE, bus.owner, bus.name, request["Name"], now if old is None else old.created, now, body)
            rule = self._schedules.planned(rule)
            with self._rows.database.write():
                self._rows.put(rule)
                if old is None:
                    self._rows.tag(rule.arn, request.get("Tags", []))
            self._changed(rule)
        return {"RuleArn": rule.arn}

    def delete_rule(self, request: Answer, call: Call) -> None:
        """DeleteRule: its targets must be gone; a rule that is not there is as good as deleted."""
        with self._lock:
            bus = self._bus(request.get("EventBusName"), call)
            rule = self._rows.get(RULE, bus.owner, request["Name"], bus.name)
            if rule is None:
                return
            if self._targets(rule):
                raise invalid("Rule can't be deleted since it has targets.")
            self._rows.drop(rule)
            self._changed(dataclasses.replace(rule, body={}))

    def describe_rule(self, request: Answer, call: Call) -> Answer:
        """DescribeRule."""
        rule = self._rule(request["Name"], request.get("EventBusName"), call)
        return {**_shown(rule), "CreatedBy": rule.owner.partition(":")[2]}

    def list_rules(self, request: Answer, call: Call) -> Answer:
        """ListRules, by name."""
        bus = self._bus(request.get("EventBusName"), call)
        found, token = page(self._rows.all(RULE, bus.owner, bus.name, request.get("NamePrefix", "")), request)
        return {"Rules": [_shown(rule) for rule in found], **token}

    def enable_rule(self, request: Answer, call: Call) -> None:
        """EnableRule."""
        self._switch(request, call, "ENABLED")

    def disable_rule(self, request: Answer, call: Call) -> None:
        """DisableRule."""
        self._switch(request, call, "DISABLED")

    def _switch(self, request: Answer, call: Call, state: str) -> None:
        with self._lock:
            rule = self._rule(request["Name"], request.get("EventBusName"), call)
            rule = dataclasses.replace(rule, body={**rule.body, "State": state}, modified=self._cloud.clock.now())
            rule = self._schedules.planned(rule)
            self._rows.put(rule)
            self._changed(rule)

    def list_rule_names_by_target(self, request: Answer, call: Call) -> Answer:
        """ListRuleNamesByTarget, by name."""
        bus = self._bus(request.get("EventBusName"), call)
        rules = self._rows.all(RULE, bus.owner, bus.name)
        arn = request["TargetArn"]
        found, token = page([rule for rule in rules if any(t.body["Arn"] == arn for t in self._targets(rule))], request)
        return {"RuleNames": [rule.name for rule in found], **token}

    def test_event_pattern(self, request: Answer, _call: Call) -> Answer:
        """TestEventPattern."""
        pattern = Pattern(request["EventPattern"])
        try:
            event = json.loads(request["Event"])
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            raise invalid("Parameter Event is not valid. Reason: it is not a JSON object.")
        lacking = [name for name in _FIELDS[:-1] if name not in event]
        if lacking:
            raise invalid(f"Parameter Event is not valid. Reason: it lacks {', '.join(lacking)}.")
        try:
            return {"Result": pattern.matches(event)}
        except RecursionError:
            raise invalid("Parameter Event is not valid. Reason: it is nested too deeply.") from None

    # --- targets ----------------------------------------------------------------------------------------

    def put_targets(self, request: Answer, call: Call) -> Answer:
        """PutTargets: a target of the same id is replaced. Nothing is kept where one of them is wrong."""
        with self._lock:
            rule = self._rule(request["Rule"], request.get("EventBusName"), call)
            for target in request["Targets"]:
                _check(target)
            ids = {row.name for row in self._targets(rule)} | {target["Id"] for target in request["Targets"]}
            if len(ids) > _MOST_TARGETS:
                raise ServiceError(
                    "LimitExceededException", "The requested resource exceeds the maximum number allowed."
                )
            now = self._cloud.clock.now()
            with self._rows.database.write():
                for target in request["Targets"]:
                    place = f"{rule.parent}/{rule.name}"
                    self._rows.put(Row(TARGET, rule.owner, place, target["Id"], now, now, target))
            self._changed(rule)
        return {"FailedEntryCount": 0, "FailedEntries": []}

    def remove_targets(self, request: Answer, call: Call) -> Answer:
        """RemoveTargets: ids that are not there fail by themselves."""
        with self._lock:
            rule = self._rule(request["Rule"], request.get("EventBusName"), call)
            targets = {row.name: row for row in self._targets(rule)}
            with self._rows.database.write():
                for name in dict.fromkeys(request["Ids"]):
                    if name in targets:
                        self._rows.drop(targets[name])
            self._changed(rule)
        failed = [
            {
                "TargetId": name,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": f"Rule {rule.name} has no target {name}.",
            }
            for name in request["Ids"]
            if name not in targets
        ]
        return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def list_targets_by_rule(self, request: Answer, call: Call) -> Answer:
        """ListTargetsByRule, by id."""
        rule = self._rule(request["Rule"], request.get("EventBusName"), call)
        found, token = page(self._targets(rule), request)
        return {"Targets": [row.body for row in found], **token}

    def _targets(self, rule: Row) -> list[Row]:
        return self._rows.all(TARGET, rule.owner, f"{rule.parent}/{rule.name}")

    def _changed(self, rule: Row) -> None:
        """Let the next event see the rule as it is now, and its schedule begin."""
        self._router.changed(rule.owner, rule.parent)
        self._schedules.arm(rule)


def _check(target: dict[str, Any]) -> None:
    """Refuse (``ValidationException``) a target that could not be honoured."""
    name, arn = target["Id"], target["Arn"]
    problem = problem_with(arn)
    if problem is not None:
        raise invalid(f"Parameter Arn of target {name} is not valid. Reason: {problem}.")
    unknown = sorted(key for key in target if key.endswith("Parameters") and key not in _PARAMETERS)
    if unknown:
        raise invalid(f"{', '.join(unknown)} of target {name} is not supported by the local cloud.")
    if arn.endswith(".fifo") and ":sqs:" in arn and not target.get("SqsParameters", {}).get("MessageGroupId"):
        raise invalid(f"Parameter(s) SqsParameters must be specified for target: {name}.")
    if ":states:" in arn and not target.get("RoleArn"):
        raise invalid(f"RoleArn is required for target {arn}.")
    letters = target.get("DeadLetterConfig", {}).get("Arn", "arn:aws:sqs:::")
    if not letters.startswith("arn:aws:sqs:"):
        raise invalid(f"Parameter DeadLetterConfig of target {name} is not valid. Reason: {letters} is no SQS queue.")
    check_input(target)


def _shown(rule: Row) -> Answer:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventBusName": rule.parent,
        **{k: rule.body[k] for k in _KEPT if k in rule.body},
    }
