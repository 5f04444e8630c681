"""Activities: create, describe, list, delete, and the tasks that workers ask for."""

from __future__ import annotations

from collections.abc import Callable

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import TaskSubmitted
from stepfunctions.engine.tokens import make_token
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.pages import page, page_mark, page_size
from stepfunctions.runtime.operations.service import Request, Response, Service, check_arn, check_encryption, check_name
from stepfunctions.runtime.operations.tags import checked
from stepfunctions.runtime.store.activities import ActivityRow

_MOST_WORKERS = 1000
"""Workers that may poll for one activity at the same time."""
_DEFAULT_ENCRYPTION = {"type": "AWS_OWNED_KEY"}


def create(service: Service, request: Request) -> Response:
    """CreateActivity: the same name again answers as the first request did; tags are not changed by it."""
    name = check_name(request["name"], service.limits.name)
    encryption = check_encryption(request.get("encryptionConfiguration"))
    arn = f"{service.prefix}:activity:{name}"
    tags = checked(arn, request.get("tags") or [])
    with service.machines_lock:
        activity = service.store.activities.get(arn)
        if activity is None:
            activity = ActivityRow(
                arn=arn,
                name=name,
                created_at=service.clock.now(),
                encryption=encryption,
                tags=tags,
            )
            service.store.activities.put(activity)
        elif (encryption or _DEFAULT_ENCRYPTION) != (activity.encryption or _DEFAULT_ENCRYPTION):
            raise ServiceError(
                "ActivityAlreadyExists",
                f"Activity Already Exists: '{arn}' (its encryptionConfiguration may not be updated)",
            )
    return {"activityArn": arn, "creationDate": moment(activity.created_at)}


def describe(service: Service, request: Request) -> Response:
    """DescribeActivity."""
    activity = _find(service, request)
    return {**_summary(activity), "encryptionConfiguration": activity.encryption or _DEFAULT_ENCRYPTION}


def list_(service: Service, request: Request) -> Response:
    """ListActivities, by name."""
    prefix = f"{service.prefix}:activity:"
    scope = ["ListActivities", prefix]
    after = page_mark(service, request, scope)
    found, mark = service.store.activities.list(prefix, after, page_size(request))
    return page(service, "activities", map(_summary, found), scope, mark)


def delete(service: Service, request: Request) -> Response:
    """DeleteActivity: one that is not there is no error. Tasks that wait for its workers go on waiting."""
    check_arn(request["activityArn"], "activity")
    service.store.activities.delete(request["activityArn"])
    return {}


def get_task(
    service: Service, request: Request, seconds: float = 0.0, gone: Callable[[], bool] = lambda: False
) -> Response:
    """GetActivityTask: the oldest task, or nothing when none came in ``seconds`` real seconds.

    ``gone`` tells whether the worker has hung up. What is answered is durable: ActivityStarted is in the history, and
    the token is good after a restart.
    """
    arn = _find(service, request).arn
    waiting = service.runner.activities
    if waiting.polling(arn) >= _MOST_WORKERS:
        raise ServiceError(
            "ActivityWorkerLimitExceeded", f"Activity Worker Limit Exceeded: {_MOST_WORKERS} workers poll '{arn}'"
        )
    worker = {"workerName": request["workerName"]} if request.get("workerName") else {}
    while (call := waiting.take(arn, seconds, gone)) is not None:
        task = call.command
        if service.runner.tell(call.execution_arn, TaskSubmitted(task.branch, task.attempt, Document(worker))):
            token = make_token(call.execution_arn, task.branch, task.attempt)
            return {"taskToken": token, "input": task.arguments.text}
    return {}


def _find(service: Service, request: Request) -> ActivityRow:
    arn = request["activityArn"]
    check_arn(arn, "activity")
    activity = service.store.activities.get(arn)
    if activity is None:
        raise ServiceError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    return activity


def _summary(activity: ActivityRow) -> Response:
    return {"activityArn": activity.arn, "name": activity.name, "creationDate": moment(activity.created_at)}
