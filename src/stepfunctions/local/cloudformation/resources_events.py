"""Resource types of EventBridge and EventBridge Scheduler.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.local.cloudformation.convert import converted, wrong
from stepfunctions.local.cloudformation.handlers import Context, Properties
from stepfunctions.local.cloudformation.resource import Resource, member_shape
from stepfunctions.local.cloudformation.resource_parts import Setting, TagCalls

_TAGS = TagCalls("ResourceARN", "{Arn}")


def _rule(facts: Properties) -> dict[str, str]:
    return {"Rule": facts["Name"], "EventBusName": facts.get("EventBusName", "default")}


def _on_default(facts: Properties) -> bool:
    return bool(facts["EventBusName"].rpartition("/")[2] == "default")


def _targets(context: Context, facts: Properties) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = context.call("events", "ListTargetsByRule", **_rule(facts))["Targets"]
    return found


def _aim(context: Context, facts: Properties, targets: Any) -> None:
    """Make these the targets of a rule."""
    wanted = converted(targets or [], member_shape("events", "PutTargets", "Targets"), "Targets")
    kept = {target.get("Id") for target in wanted}
    stale = [target["Id"] for target in _targets(context, facts) if target["Id"] not in kept]
    if stale:
        context.call("events", "RemoveTargets", **_rule(facts), Ids=stale)
    if wanted:
        answer = context.call("events", "PutTargets", **_rule(facts), Targets=wanted)
        failed = "; ".join(f"{one['TargetId']}: {one['ErrorMessage']}" for one in answer.get("FailedEntries", []))
        if failed:
            raise wrong(f"Targets were refused: {failed}")


def _in_order(context: Context, facts: Properties) -> list[dict[str, Any]]:
    """Return the targets in the order in which the template has them."""
    order = [target["Id"] for target in facts.get("Targets", [])]
    live = _targets(context, facts)
    return sorted(live, key=lambda one: order.index(one["Id"]) if one["Id"] in order else len(order))


HANDLERS = [
    Resource(
        type="AWS::Events::EventBus",
        service="events",
        fields="DeadLetterConfig Description EventSourceName KmsKeyIdentifier LogConfig Name*! Policy Tags",
        create_call="CreateEventBus",
        update_call="UpdateEventBus",
        describe_call="DescribeEventBus",
        delete_call="DeleteEventBus",
        ref="{Name}",
        key={"Name": "{id}", "EventBusName": "{id}"},
        attributes={"Arn": "{Arn}", "Name": "{Name}"},
        settings=(Setting("Policy", "PutPermission", get="DescribeEventBus"),),
        tags=_TAGS,
    ),
    Resource(
        type="AWS::Events::Rule",
        service="events",
        fields="Description EventBusName EventPattern Name! RoleArn ScheduleExpression State Tags Targets",
        create_call="PutRule",
        update_call="PutRule",
        describe_call="DescribeRule",
        delete_call="DeleteRule",
        upserts=True,
        name=("Name", 64),
        ref=lambda facts: facts["Name"] if _on_default(facts) else f"{facts['EventBusName']}|{facts['Name']}",
        key={"Name": "{Name}", "EventBusName": "{EventBusName}"},
        attributes={"Arn": "{Arn}", "RuleName": "{Name}"},
        assumed={"EventBusName": "default"},
        settings=(Setting("Targets", apply=_aim, live=_in_order),),
        before_delete=lambda context, facts: _aim(context, facts, []),
        tags=_TAGS,
    ),
    Resource(
        type="AWS::Events::Archive",
        service="events",
        fields="ArchiveName! Description EventPattern RetentionDays SourceArn*!",
        renames={"SourceArn": "EventSourceArn"},
        create_call="CreateArchive",
        update_call="UpdateArchive",
        describe_call="DescribeArchive",
        delete_call="DeleteArchive",
        name=("ArchiveName", 48),
        ref="{ArchiveName}",
        key={"ArchiveName": "{ArchiveName}"},
        attributes={"Arn": "{ArchiveArn}", "ArchiveName": "{ArchiveName}"},
        defaults={"Description": "", "RetentionDays": 0},
    ),
    Resource(
        type="AWS::Scheduler::ScheduleGroup",
        service="scheduler",
        fields="Name! Tags",
        create_call="CreateScheduleGroup",
        describe_call="GetScheduleGroup",
        delete_call="DeleteScheduleGroup",
        name=("Name", 64),
        ref="{Name}",
        key={"Name": "{Name}"},
        attributes={name: f"{{{name}}}" for name in ("Arn", "CreationDate", "LastModificationDate", "State")},
        tags=TagCalls("ResourceArn", "{Arn}"),
    ),
    Resource(
        type="AWS::Scheduler::Schedule",
        service="scheduler",
        fields="Description EndDate FlexibleTimeWindow* GroupName KmsKeyArn Name! ScheduleExpression*"
        " ScheduleExpressionTimezone StartDate State Target*",
        create_call="CreateSchedule",
        update_call="UpdateSchedule",
        describe_call="GetSchedule",
        delete_call="DeleteSchedule",
        name=("Name", 64),
        ref="{Name}",
        key={"Name": "{Name}", "GroupName": "{GroupName}"},
        assumed={"GroupName": "default"},
        attributes={"Arn": "{Arn}"},
    ),
]
