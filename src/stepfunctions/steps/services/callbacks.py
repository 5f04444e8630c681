"""Steps that wait for somebody: a worker that polls an activity, a person who approves.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.asl.resource import is_activity
from stepfunctions.inputs.context import context
from stepfunctions.steps.compute import LambdaStep
from stepfunctions.steps.services.messages import SnsPublishStep, SqsSendMessageStep
from stepfunctions.steps.services.step import put_request
from stepfunctions.steps.services.task_tokens import task_token
from stepfunctions.steps.state_types import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.inputs.expressions import Expression
    from stepfunctions.steps.services.step import CallbackStep
    from stepfunctions.steps.signatures import ServiceFields

__all__ = ["ActivityStep", "human_approval", "task_token"]


class ActivityStep(Task):
    """Hand work to an activity: programs of yours that ask for it (GetActivityTask), wherever they run.

    ``parameters``, else the state's input, is what the program gets; what it answers (SendTaskSuccess) is the result.
    Set ``heartbeat_seconds`` to notice a program that died, and ``timeout_seconds``: without it the step waits as
    long as the execution may last.

    Raises TypeError and ValueError when ``activity_arn`` is not the ARN of an activity.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
    """

    REQUEST: ClassVar[bool] = True

    def __init__(self, state_id: str, activity_arn: str, **fields: Unpack[ServiceFields]) -> None:
        if not isinstance(activity_arn, str):
            raise TypeError(f"State '{state_id}': activity_arn={activity_arn!r}: a resource is fixed: write its ARN.")
        if "${" not in activity_arn and not is_activity(activity_arn):
            raise ValueError(
                f"State '{state_id}': '{activity_arn}' is not the ARN of an activity, "
                "arn:aws:states:<region>:<account>:activity:<name>."
            )
        fields["resource"] = activity_arn
        super().__init__(state_id, **fields)


def human_approval(
    state_id: str,
    *,
    topic_arn: str | Expression | None = None,
    queue_url: str | Expression | None = None,
    function: Any = None,
    message: Any,
    subject: str | Expression | None = None,
    **fields: Unpack[ServiceFields],
) -> CallbackStep:
    """Return a step that asks a person, and waits for the answer.

    It sends ``{"Message": message, "TaskToken": …, "Execution": name, "State": name}`` to exactly one of an SNS topic
    (``topic_arn``; ``subject`` is the mail's), an SQS queue (``queue_url``) and a Lambda function (``function``, as
    :class:`~stepfunctions.steps.LambdaStep` takes it). ``message`` is a text, an expression or a dict with
    expressions in it: what is to be approved.

    Whoever approves calls SendTaskSuccess with the token; the output given there is the step's result. Whoever
    rejects calls SendTaskFailure, whose error a ``catch`` can name. Give ``timeout_seconds``: without it the step
    waits as long as the execution may last, a year at most.

    Raises ValueError unless exactly one receiver is given.
    https://docs.aws.amazon.com/step-functions/latest/dg/tutorial-human-approval.html
    """
    receivers = {"topic_arn": topic_arn, "queue_url": queue_url, "function": function}
    given = [name for name, value in receivers.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            f"State '{state_id}' asks exactly one receiver: give one of {', '.join(receivers)}, "
            f"not {' and '.join(given) or 'none'}."
        )
    if subject is not None and topic_arn is None:
        raise ValueError(f"State '{state_id}': 'subject' is of messages to a topic; write it into the message.")
    question = {
        "Message": message,
        "TaskToken": task_token(),
        "Execution": context.execution.name,
        "State": context.state.name,
    }
    if function is not None:
        return LambdaStep(state_id, True, function=function, payload=question, **fields)
    if queue_url is not None:
        put_request(state_id, {"QueueUrl": queue_url, "MessageBody": question}, fields)
        return SqsSendMessageStep(state_id, True, **fields)
    request = {"TopicArn": topic_arn, "Message": question}
    put_request(state_id, request if subject is None else {**request, "Subject": subject}, fields)
    return SnsPublishStep(state_id, True, **fields)
