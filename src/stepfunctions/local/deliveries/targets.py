"""Which operation of which service delivers to a target, by the target's ARN.

Targets of rules: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html;
of schedules: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.principal import acting_as
from stepfunctions.local.wire.models import operation_model

if TYPE_CHECKING:
    from botocore.model import Shape

    from stepfunctions.local.cloud import Cloud

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
"""How the ARN of a schedule's universal target begins; ``<service>:<action>`` follows."""
_READING = (
    "get",
    "describe",
    "list",
    "poll",
    "receive",
    "search",
    "scan",
    "query",
    "select",
    "read",
    "lookup",
    "discover",
    "validate",
    "batchGet",
    "batchDescribe",
    "batchRead",
    "transactGet",
    "adminGet",
    "adminList",
    "testMigration",
    "retrieve",
    "testConnection",
    "translateDocument",
    "isAuthorized",
    "invokeModel",
)
"""How actions begin that read only: no universal target."""


@dataclass(frozen=True)
class Target:
    """Where something is delivered.

    ``arn``: a state machine, its version or alias, a function, queue, topic, log group, event bus, an ECS cluster,
    or a schedule's universal target. ``parameters``: what AWS's Target has besides, by AWS's names
    (``SqsParameters``, ``EcsParameters``, ``EventBridgeParameters``).
    """

    arn: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is delivered. ``id`` stays the same from try to try; ``attributes`` go to a queue with the payload."""

    id: str
    payload: str
    now: float
    attributes: Mapping[str, str] = field(default_factory=dict)


def problem_with(arn: str) -> str | None:
    """Return why nothing can be delivered to an ARN, None when it can. The target itself need not exist."""
    if arn.startswith(UNIVERSAL):
        try:
            _universal(arn)
        except ServiceError as error:
            return error.message
        return None
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return f"Provided Arn is not in correct format: {arn}"
    if _SENDERS.get(_kind(parts)) is None:
        known = "state machines, Lambda functions, SQS queues, SNS topics, log groups, event buses and ECS clusters"
        return f"The local cloud cannot deliver to {arn}: targets are {known}"
    return None


def deliver(cloud: Cloud, target: Target, letter: Letter) -> None:
    """Deliver a letter. Raises ServiceError when the target refuses it."""
    problem = problem_with(target.arn)
    if problem is not None:
        raise ServiceError("ValidationException", problem)
    if target.arn.startswith(UNIVERSAL):
        client, operation, shape = _universal(target.arn)
        cloud.call(client, operation, _named(_json(letter.payload or "{}"), shape), token=letter.id)
        return
    parts = target.arn.split(":", 5)
    _SENDERS[_kind(parts)](cloud, target, letter)


def _kind(parts: list[str]) -> str:
    """Return the service of an ARN, with the type of its resource where a service has several."""
    service, resource = parts[2], parts[5]
    if service in ("states", "lambda", "logs"):
        return f"{service}:{resource.partition(':')[0]}"
    return f"{service}:{resource.partition('/')[0]}" if "/" in resource else service


def _start_execution(cloud: Cloud, target: Target, letter: Letter) -> None:
    """The same name each time: a second try after a crash begins no second execution."""
    request = {"stateMachineArn": target.arn, "input": letter.payload or "{}", "name": letter.id}
    _call(cloud, target, "stepfunctions", "StartExecution", request)


def _invoke(cloud: Cloud, target: Target, letter: Letter) -> None:
    request = {"FunctionName": target.arn, "InvocationType": "Event", "Payload": letter.payload.encode()}
    _call(cloud, target, "lambda", "Invoke", request)


def _send_message(cloud: Cloud, target: Target, letter: Letter) -> None:
    account, name = target.arn.split(":", 5)[4:]
    with acting_as(None):  # to know its address takes no permission
        place = {"QueueName": name, "QueueOwnerAWSAccountId": account}
        url = _call(cloud, target, "sqs", "GetQueueUrl", place)["QueueUrl"]
    request: dict[str, Any] = {
        "QueueUrl": url,
        "MessageBody": letter.payload,
        **target.parameters.get("SqsParameters", {}),
    }
    if name.endswith(".fifo"):
        request.setdefault("MessageDeduplicationId", letter.id)
    if letter.attributes:
        request["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in letter.attributes.items() if value
        }
    _call(cloud, target, "sqs", "SendMessage", request)


def _publish(cloud: Cloud, target: Target, letter: Letter) -> None:
    request = {"TopicArn": target.arn, "Message": letter.payload, **target.parameters.get("SnsParameters", {})}
    if target.arn.endswith(".fifo"):
        request.setdefault("MessageDeduplicationId", letter.id)
    _call(cloud, target, "sns", "Publish", request)


def _put_log_events(cloud: Cloud, target: Target, letter: Letter) -> None:
    place = {"logGroupName": target.arn.split(":")[6], "logStreamName": letter.id}
    try:
        _call(cloud, target, "logs", "CreateLogStream", place)
    except ServiceError as error:
        if error.code != "ResourceAlreadyExistsException":
            raise
    events = [{"timestamp": int(letter.now * 1000), "message": letter.payload}]
    _call(cloud, target, "logs", "PutLogEvents", {**place, "logEvents": events})


def _put_events(cloud: Cloud, target: Target, letter: Letter) -> None:
    """With ``EventBridgeParameters`` the payload is the detail of a new event, else it is a whole event."""
    given = target.parameters.get("EventBridgeParameters")
    if given is None:
        cloud.service("events").receive(target.arn, _json(letter.payload))
        return
    entry = {"EventBusName": target.arn, "Detail": letter.payload, "Source": given["Source"]}
    answer = _call(cloud, target, "events", "PutEvents", {"Entries": [{**entry, "DetailType": given["DetailType"]}]})
    if answer.get("FailedEntryCount"):
        failed = answer["Entries"][0]
        raise ServiceError(failed["ErrorCode"], failed["ErrorMessage"])


def _run_task(cloud: Cloud, target: Target, letter: Letter) -> None:
    """The payload is a task's overrides, as with AWS."""
    given = dict(target.parameters.get("EcsParameters", {}))
    task = given.pop("TaskDefinitionArn", None)
    count = given.pop("TaskCount", 1)
    request = {
        "Cluster": target.arn,
        "TaskDefinition": task,
        "Count": count,
        **given,
        "Overrides": _json(letter.payload or "{}"),
    }
    model = operation_model("ecs", "RunTask")
    assert model is not None
    answer = _call(cloud, target, "ecs", "RunTask", _named(request, model.input_shape))
    for failure in answer.get("failures", ()):
        raise ServiceError("ClientException", f"RunTask failed: {failure.get('reason', 'unknown')}")


def _call(cloud: Cloud, target: Target, service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    parts = target.arn.split(":", 5)
    return cloud.call(service, operation, request, account=parts[4] or None, region=parts[3] or None)


_SENDERS: Mapping[str, Callable[[Cloud, Target, Letter], None]] = {
    "states:stateMachine": _start_execution,
    "lambda:function": _invoke,
    "sqs": _send_message,
    "sns": _publish,
    "logs:log-group": _put_log_events,
    "events:event-bus": _put_events,
    "ecs:cluster": _run_task,
}


def _universal(arn: str) -> tuple[str, str, Shape | None]:
    """Return boto3's name of the service, the operation and the shape of its request. Raises ServiceError."""
    from stepfunctions.catalog.sdk_services import sdk_service

    service, _, action = arn.removeprefix(UNIVERSAL).partition(":")
    try:
        client = sdk_service(service).client
    except ValueError as error:
        raise ServiceError("ValidationException", f"Provided Arn is not valid: {arn}. {error}") from None
    if action.startswith(_READING):
        said = f"The API {action} of {service} only reads: it is no target of a schedule"
        raise ServiceError("ValidationException", f"Provided Arn is not valid: {arn}. {said}")
    operation = action[:1].upper() + action[1:]
    model = operation_model(client, operation)
    if model is None:
        raise ServiceError("ValidationException", f"Provided Arn is not valid: {arn}. {service} has no API {action}")
    return client, operation, model.input_shape


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ServiceError("ValidationException", f"The input is not JSON: {error}") from None


def _named(value: Any, shape: Shape | None) -> Any:
    """Give the members of a request their names in the model, however capitalised, and make blobs bytes."""
    kind = None if shape is None else shape.type_name
    if kind == "structure" and isinstance(value, dict):
        members = shape.members  # type: ignore[union-attr]
        names = {name.lower(): name for name in members}
        renamed = {names.get(name.lower(), name): item for name, item in value.items()}
        return {name: _named(item, members.get(name)) for name, item in renamed.items()}
    if kind == "list" and isinstance(value, list):
        return [_named(item, shape.member) for item in value]  # type: ignore[union-attr]
    if kind == "map" and isinstance(value, dict):
        return {name: _named(item, shape.value) for name, item in value.items()}  # type: ignore[union-attr]
    if kind == "blob" and value is not None:
        return (value if isinstance(value, str) else json.dumps(value)).encode()
    if kind == "string" and isinstance(value, (dict, list)):
        return json.dumps(value)
    return value
