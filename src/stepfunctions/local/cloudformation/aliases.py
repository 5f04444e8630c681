"""AWS::StepFunctions::StateMachineAlias: which versions of a state machine get the executions, and how that shifts.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html
"""

from __future__ import annotations

import threading
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.convert import converted, mirrored, wrong
from stepfunctions.local.cloudformation.handlers import Context, Handler, Made, Properties, is_missing
from stepfunctions.local.cloudformation.resource import member_shape

_LOOK = 60.0
"""Seconds of the cloud's clock between two looks at the alarms of a deployment."""
_LONGEST = 2160 * 60.0
"""Seconds that AWS lets a deployment take."""


class Alias(Handler):
    """An alias. A DeploymentPreference shifts it on the cloud's clock, and back when an alarm goes off."""

    type = "AWS::StepFunctions::StateMachineAlias"
    properties = frozenset({"DeploymentPreference", "Description", "Name", "RoutingConfiguration", "StateMachineArn"})
    create_only = frozenset({"Name"})

    def create(self, context: Context, properties: Properties) -> Made:
        """See Handler."""
        routes = _routes(properties)
        name = properties.get("Name") or context.generated_name(80)
        described = {"description": properties["Description"]} if "Description" in properties else {}
        try:
            answer = context.call(
                "stepfunctions", "CreateStateMachineAlias", name=name, routingConfiguration=routes, **described
            )
        except ServiceError as error:
            if not (context.again and error.code == "ConflictException"):
                raise
            machine = routes[0]["stateMachineVersionArn"].rpartition(":")[0]
            answer = {"stateMachineAliasArn": f"{machine}:{name}"}
        return _made(answer["stateMachineAliasArn"])

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """See Handler."""
        routes = _routes(new)
        if old.get("Description") != new.get("Description"):
            _call(context, "UpdateStateMachineAlias", id, description=new.get("Description", ""))
        if "DeploymentPreference" in new:
            _shift(context, id, _preference(new["DeploymentPreference"]))
        else:
            _call(context, "UpdateStateMachineAlias", id, routingConfiguration=routes)
        return _made(id)

    def delete(self, context: Context, id: str, properties: Properties) -> None:  # noqa: ARG002
        """See Handler."""
        try:
            _call(context, "DeleteStateMachineAlias", id)
        except ServiceError as error:
            if not is_missing(error):
                raise

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """See Handler."""
        try:
            live = _call(context, "DescribeStateMachineAlias", id)
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        found: Properties = mirrored(properties, live)
        if "StateMachineArn" in properties:
            found["StateMachineArn"] = properties["StateMachineArn"]  # an alias tells only its versions
        if "DeploymentPreference" in properties:
            leads_to = max(live["routingConfiguration"], key=lambda route: route["weight"])["stateMachineVersionArn"]
            found["DeploymentPreference"] = properties["DeploymentPreference"] | {"StateMachineVersionArn": leads_to}
        return found


def _made(arn: str) -> Made:
    return Made(arn, {"Arn": arn})


def _call(context: Context, operation: str, arn: str, **more: Any) -> dict[str, Any]:
    return context.call("stepfunctions", operation, stateMachineAliasArn=arn, **more)


def _routes(properties: Properties) -> list[dict[str, Any]]:
    """Return where an alias with these properties leads in the end."""
    forms = [name for name in ("RoutingConfiguration", "DeploymentPreference") if name in properties]
    if len(forms) != 1:
        raise wrong("Give one of RoutingConfiguration and DeploymentPreference")
    if forms[0] == "DeploymentPreference":
        routes = _to(_preference(properties[forms[0]])["StateMachineVersionArn"])
    else:
        shape = member_shape("stepfunctions", "CreateStateMachineAlias", "routingConfiguration")
        routes = converted(properties[forms[0]], shape, forms[0])
    machine = properties.get("StateMachineArn")
    strange = [one for one in routes if machine and one["stateMachineVersionArn"].rpartition(":")[0] != machine]
    if strange:
        raise wrong(f"{strange[0]['stateMachineVersionArn']} is no version of StateMachineArn {machine}")
    return routes


def _to(version: str, others: str = "", weight: int = 100) -> list[dict[str, Any]]:
    new = [{"stateMachineVersionArn": version, "weight": weight}]
    return new if weight == 100 else [{"stateMachineVersionArn": others, "weight": 100 - weight}, *new]


def _preference(given: Any) -> dict[str, Any]:
    """Return a DeploymentPreference with its numbers as numbers. Raises ServiceError."""
    known = {"StateMachineVersionArn", "Type", "Percentage", "Interval", "Alarms"}
    if not isinstance(given, dict) or given.keys() - known:
        strange = sorted(given.keys() - known) if isinstance(given, dict) else []
        raise wrong(f"Encountered unsupported property {', '.join(strange) or 'DeploymentPreference'}")
    kind = given.get("Type")
    if kind not in ("ALL_AT_ONCE", "LINEAR", "CANARY") or not isinstance(given.get("StateMachineVersionArn"), str):
        raise wrong("DeploymentPreference needs StateMachineVersionArn and a Type: ALL_AT_ONCE, LINEAR or CANARY")
    preference = dict(given)
    if kind != "ALL_AT_ONCE":
        for name, longest in (("Percentage", 99), ("Interval", 2100)):
            try:
                preference[name] = int(given[name])
            except (KeyError, TypeError, ValueError):
                raise wrong(f"DeploymentPreference of Type {kind} needs a whole number {name}") from None
            if not 1 <= preference[name] <= longest:
                raise wrong(f"DeploymentPreference.{name} must be from 1 to {longest}")
    return preference


def _shift(context: Context, id: str, preference: dict[str, Any]) -> None:
    """Shift an alias to a version. The alias itself tells how far it is, so a restart goes on from there.

    Raises ServiceError when an alarm goes off or was on before; the alias then leads where it led.
    """
    version = preference["StateMachineVersionArn"]
    alias = _call(context, "DescribeStateMachineAlias", id)
    others = [one for one in alias["routingConfiguration"] if one["stateMachineVersionArn"] != version]
    if not others:
        return _call_to(context, id, _to(version))
    before = max(others, key=lambda one: int(one["weight"]))["stateMachineVersionArn"]
    while True:
        if alarm := _alarm(context, preference):
            _call_to(context, id, _to(before))
            raise ServiceError("NotStabilized", f"The deployment was rolled back: alarm {alarm} is in state ALARM")
        alias = _call(context, "DescribeStateMachineAlias", id)
        weights = {one["stateMachineVersionArn"]: int(one["weight"]) for one in alias["routingConfiguration"]}
        weight, now = weights.get(version, 0), context.cloud.clock.now()
        due = alias["updateDate"].timestamp() + preference.get("Interval", 0) * 60 if weight else now
        if weight == 100:
            return None
        if now >= due:
            _call_to(context, id, _to(version, before, _next(preference, weight)))
        else:
            _sleep(context, id, min(due, now + _LOOK))


def _next(preference: dict[str, Any], weight: int) -> int:
    if preference["Type"] == "ALL_AT_ONCE" or (preference["Type"] == "CANARY" and weight):
        return 100
    return min(weight + int(preference["Percentage"]), 100)


def _call_to(context: Context, id: str, routes: list[dict[str, Any]]) -> None:
    _call(context, "UpdateStateMachineAlias", id, routingConfiguration=routes)


def _alarm(context: Context, preference: dict[str, Any]) -> str:
    """Return the name of an alarm of a deployment that is on, "" when none is."""
    names = preference.get("Alarms")
    if not names:
        return ""
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = context.call("cloudwatch", "DescribeAlarms", AlarmNames=names, AlarmTypes=kinds, StateValue="ALARM")
    alarms = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    return str(alarms[0]["AlarmName"]) if alarms else ""


def _sleep(context: Context, id: str, due: float) -> None:
    """Wait until a time of the cloud's clock."""
    reached = threading.Event()
    key = f"cloudformation:{id}"
    context.cloud.timers.set(key, due, reached.set)
    try:
        context.wait(reached.is_set, seconds=_LONGEST)
    finally:
        context.cloud.timers.cancel(key)
