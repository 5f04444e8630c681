"""Tasks that may wait for ever, wait for an answer that cannot come, or fail where a retry would have helped."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.resource import IntegrationPattern
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject, TaskAt

_TOKENS = ("$$.Task.Token", "states.context.Task.Token", "$$.Task", "states.context.Task")
_WHOLE = ("$$", "$states.context", "$states")
_LIMITS = (
    "StoppingCondition.MaxRuntimeInSeconds",
    "StoppingConditions.MaxRuntimeInSeconds",
    "HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds",
    "Timeout",
    "Timeout.AttemptDurationSeconds",
    "TimeoutInMinutesOverride",
    "ExecutionTimeoutMinutes",
)
"""Where requests of jobs limit the job themselves."""
_UNAVAILABLE = ("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException")
"""What AWS says to retry: https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html"""
_ALL = frozenset({"States.ALL", "States.TaskFailed"})
_FOREVER = "The task waits up to 99,999,999 seconds, three years"


def callback_without_token(subject: Subject) -> Iterator[Finding]:
    """Find callback tasks whose payload has no task token."""
    for task in subject.tasks:
        path, payload = task.payload
        if _waits_for_token(task) and task.resource.kind == "service" and not _has_token(payload):
            written = "$states.context.Task.Token" if path.endswith("/Arguments") else "$$.Task.Token"
            yield CALLBACK_WITHOUT_TOKEN.at(
                path, "The payload has no task token: nobody can answer.", f"Hand on {written}."
            )


def callback_without_timeout(subject: Subject) -> Iterator[Finding]:
    """Find callback tasks and activities that wait for ever for an answer that does not come."""
    for task in () if _is_bounded(subject) else subject.tasks:
        if _waits_for_token(task) and not _is_limited(task, heartbeat=True):
            yield CALLBACK_WITHOUT_TIMEOUT.at(
                task.path,
                f"{_FOREVER}, for an answer that may never come.",
                "Write TimeoutSeconds or HeartbeatSeconds.",
            )


def job_without_timeout(subject: Subject) -> Iterator[Finding]:
    """Find jobs that nothing limits."""
    for task in () if _is_bounded(subject) else subject.tasks:
        if task.resource.pattern is IntegrationPattern.RUN_JOB and not _is_limited(task):
            _, payload = task.payload
            if not any(_has(payload, limit.split(".")) for limit in _LIMITS):
                yield JOB_WITHOUT_TIMEOUT.at(
                    task.path, f"{_FOREVER}, for a job that may hang.", "Write TimeoutSeconds, or limit the job itself."
                )


def lambda_without_retry(subject: Subject) -> Iterator[Finding]:
    """Find functions whose task does not retry what Lambda's service itself fails with at times."""
    for task in subject.tasks:
        if task.resource.kind != "lambda" and (task.call != ("lambda", "invoke") or task.resource.sdk):
            continue
        retried: set[str] = set()
        for retrier in () if task.state.retry is ABSENT else task.state.retry:
            if retrier.max_attempts is ABSENT or retrier.max_attempts > 0:
                retried.update(retrier.error_equals)
        missing = [] if retried & _ALL else [name for name in _UNAVAILABLE if name not in retried]
        if missing:
            yield LAMBDA_WITHOUT_RETRY.at(
                task.path,
                f"The task does not retry {', '.join(missing)}, which pass.",
                'Write a Retry with "ErrorEquals": '
                '["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", '
                '"Lambda.TooManyRequestsException"].',
            )


def _is_bounded(subject: Subject) -> bool:
    """Tell whether the execution itself ends in time."""
    return subject.machine.timeout_seconds is not ABSENT


def _waits_for_token(task: TaskAt) -> bool:
    return task.resource.pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN


def _is_limited(task: TaskAt, heartbeat: bool = False) -> bool:
    state = task.state
    fields = [state.timeout_seconds, state.timeout_seconds_path]
    fields += [state.heartbeat_seconds, state.heartbeat_seconds_path] if heartbeat else []
    return any(field is not ABSENT for field in fields)


def _has_token(payload: JSON) -> bool:
    if payload is ABSENT:
        return False
    text = dumps(payload)
    return (
        any(token in text for token in _TOKENS) or any(f'"{whole}"' in text for whole in _WHOLE) or _computed(payload)
    )


def _computed(payload: JSON) -> bool:
    """Tell whether a payload is one expression that reads the whole context, or a token of CloudFormation."""
    return isinstance(payload, str) and (
        "$states.context " in payload or "$states.context)" in payload or "${" in payload
    )


def _has(value: JSON, names: list[str]) -> bool:
    """Tell whether a payload has a member, as a constant or computed; whatever is computed as a whole may have it."""
    for name in names:
        if not isinstance(value, dict):
            return isinstance(value, str)
        key = next((key for key in (name, f"{name}.$") if key in value), None)
        if key is None:
            return False
        value = value[key]
    return True


CALLBACK_WITHOUT_TOKEN = Rule(
    id="CALLBACK_WITHOUT_TOKEN",
    severity=WARNING,
    summary="A task waits for an answer, but its payload does not hand on the task token.",
    why="Nobody can answer, and the task waits until its timeout.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token",
    good="""
        Ask:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
          Parameters: {QueueUrl.$: $.queue, MessageBody: {Token.$: $$.Task.Token}}
          TimeoutSeconds: 3600
          End: true
    """,
    bad="""
        Ask:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
          Parameters: {QueueUrl.$: $.queue, MessageBody: please}
          TimeoutSeconds: 3600
          End: true
    """,
    check=callback_without_token,
)
CALLBACK_WITHOUT_TIMEOUT = Rule(
    id="CALLBACK_WITHOUT_TIMEOUT",
    severity=WARNING,
    summary="A task waits for an answer, and nothing limits it: not the task, not the state machine.",
    why="When the answer does not come the execution hangs, up to a year.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    good=CALLBACK_WITHOUT_TOKEN.good,
    bad=CALLBACK_WITHOUT_TOKEN.good.replace("          TimeoutSeconds: 3600\n", ""),
    check=callback_without_timeout,
)
JOB_WITHOUT_TIMEOUT = Rule(
    id="JOB_WITHOUT_TIMEOUT",
    severity=WARNING,
    summary="A task waits for a job, and nothing limits it: not the task, not the job, not the state machine.",
    why="A job that hangs is paid for until somebody notices.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    good="""
        Extract:
          Type: Task
          Resource: arn:aws:states:::glue:startJobRun.sync
          Parameters: {JobName: extract}
          TimeoutSeconds: 3600
          End: true
    """,
    bad="""
        Extract:
          Type: Task
          Resource: arn:aws:states:::glue:startJobRun.sync
          Parameters: {JobName: extract}
          End: true
    """,
    check=job_without_timeout,
)
LAMBDA_WITHOUT_RETRY = Rule(
    id="LAMBDA_WITHOUT_RETRY",
    severity=WARNING,
    summary="A task does not retry the errors that Lambda's service has at times.",
    why="A rare hiccup of the service fails the whole execution.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    good="""
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Parameters: {FunctionName: work}
          Retry:
            - ErrorEquals: [Lambda.ServiceException, Lambda.AWSLambdaException, Lambda.SdkClientException]
          End: true
    """,
    bad="""
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Parameters: {FunctionName: work}
          End: true
    """,
    check=lambda_without_retry,
)
