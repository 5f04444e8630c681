"""The context object: what the service knows of the execution, as references.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
"""

from __future__ import annotations

from stepfunctions.inputs.expressions import Reference


def _field(*names: str, type: type | None = None) -> Reference:
    return Reference("$$", "$states.context", names, type)


class ExecutionContext:
    """``$$.Execution``: the execution itself."""

    id = _field("Execution", "Id", type=str)
    """Its ARN."""
    input = _field("Execution", "Input")
    name = _field("Execution", "Name", type=str)
    role_arn = _field("Execution", "RoleArn", type=str)
    start_time = _field("Execution", "StartTime", type=str)
    redrive_count = _field("Execution", "RedriveCount", type=int)
    redrive_time = _field("Execution", "RedriveTime", type=str)


class StateContext:
    """``$$.State``: the state that runs."""

    entered_time = _field("State", "EnteredTime", type=str)
    name = _field("State", "Name", type=str)
    retry_count = _field("State", "RetryCount", type=int)
    """How often it was tried again: 0 in the first attempt."""


class StateMachineContext:
    """``$$.StateMachine``: the state machine."""

    id = _field("StateMachine", "Id", type=str)
    """Its ARN."""
    name = _field("StateMachine", "Name", type=str)


class TaskContext:
    """``$$.Task``: in a task that waits for a callback."""

    token = _field("Task", "Token", type=str)
    """What SendTaskSuccess and SendTaskFailure name the task by."""


class MapItemContext:
    """``$$.Map.Item``: in the ItemSelector of a Map."""

    index = _field("Map", "Item", "Index", type=int)
    value = _field("Map", "Item", "Value")
    key = _field("Map", "Item", "Key", type=str)
    """The name of the member, when the items are the members of an object."""
    source = _field("Map", "Item", "Source", type=str)
    """``STATE_DATA``, or the S3 address of the object that the item was read from."""


class MapContext:
    """``$$.Map``."""

    item = MapItemContext()


class Context:
    """The context object: ``context.execution.name``, ``context.state.retry_count`` …"""

    execution = ExecutionContext()
    state = StateContext()
    state_machine = StateMachineContext()
    task = TaskContext()
    map = MapContext()


context = Context()
"""The context object of the execution that runs."""
