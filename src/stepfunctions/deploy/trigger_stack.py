"""The triggers of a state machine that is there already, as a small stack of their own beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stepfunctions.deploy.bootstrap import delete_stack, put_stack
from stepfunctions.deploy.parts import Context, Options
from stepfunctions.deploy.triggers import Trigger, triggers_of


def triggers_template(arn: str, triggers: Sequence[Trigger]) -> dict[str, Any]:
    """Return the template of what starts executions of a state machine, a version or an alias with this ARN."""
    target: Any = arn
    options = Options(name="triggers", triggers=tuple(triggers))
    parts = triggers_of(Context(options=options, target=target, machine_arn=target, value=lambda value: value))
    members = {"Parameters": parts.parameters, "Resources": parts.resources, "Outputs": parts.outputs}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What starts executions of {arn}.",
        **{name: dict(found) for name, found in members.items() if found},
    }


def put_triggers(
    name: str,
    arn: str,
    triggers: Sequence[Trigger],
    client: Callable[[str], Any],
    tags: Mapping[str, str] | None = None,
) -> bool:
    """Make the triggers of a workflow just these, in the stack ``<name>-triggers``; return whether anything changed.

    Without a trigger the stack is deleted. ``client(service)`` is boto3's client of a service. Raises ValueError for a
    bucket or alarm that is missing, before anything is made, and with CloudFormation's reason.
    """
    stack = f"{name}-triggers"
    cloudformation = client("cloudformation")
    if not triggers:
        return delete_stack(stack, cloudformation)
    for trigger in triggers:
        trigger.prepare(client)
    return put_stack(stack, triggers_template(arn, triggers), cloudformation, tags)
