"""Retriers and catchers that name errors which do not exist, or that are never reached."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Located
from stepfunctions.asl.retry import Catcher, Retrier
from stepfunctions.asl.states import Map, Parallel, Task
from stepfunctions.catalog.errors import ERROR_NAMES, is_error_name, meant_error
from stepfunctions.catalog.integrations import INTEGRATIONS
from stepfunctions.catalog.sdk_services import prefix_of_id, sdk_service
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject, TaskAt

_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
_ALL, _TASK_FAILED = "States.ALL", "States.TaskFailed"
_NOT_ALL = frozenset({"States.DataLimitExceeded", "States.Runtime"})
_NOT_TASK_FAILED = frozenset(name for name in ERROR_NAMES if name != _TASK_FAILED) - {
    "States.BranchFailed",
    "States.Permissions",
}
"""What States.TaskFailed does not take: States.Timeout and what the state itself fails with."""


def unknown_errors(subject: Subject) -> Iterator[Finding]:
    """Find names of errors that nothing reports."""
    prefixes = {task.path: task for task in subject.tasks}
    for found in subject.located:
        tasks = [task for path, task in prefixes.items() if path == found.path or path.startswith(found.path + "/")]
        for where, handler in _handlers(found):
            for index, name in enumerate(handler.error_equals):
                hint = _unknown(name, tasks)
                if hint is not None:
                    yield UNKNOWN_ERROR_NAME.at(
                        f"{where}/ErrorEquals/{index}", f"Nothing here fails with '{name}'.", hint
                    )


def _unknown(name: str, tasks: list[TaskAt]) -> str | None:
    """Return what to write instead of a name that no error has, None for one that an error may have."""
    if name.startswith("States."):
        if is_error_name(name):
            return None
        meant = meant_error(name)
        return f"Did you mean '{meant}'?" if meant else f"There are {', '.join(ERROR_NAMES)}."
    prefix, dot, rest = name.partition(".")
    if not dot or not tasks:
        return None
    right = {_prefix(task) for task in tasks}
    if prefix in right or None in right:
        return None
    for task in tasks:
        own = _prefix(task)
        others = _other_prefixes(task)
        if own and (prefix.lower() == own.lower() or prefix in others or _is_near(prefix, own)):
            return f"The errors of this task begin with '{own}.': write '{own}.{rest}'."
    return None


def _is_near(prefix: str, own: str) -> bool:
    return bool(difflib.get_close_matches(prefix.lower(), [own.lower()], n=1, cutoff=0.85))


def _prefix(task: TaskAt) -> str | None:
    """Return how the names of a task's errors begin; None when they may have any name."""
    resource = task.resource
    if resource.kind == "activity" or (resource.pattern.value == "waitForTaskToken"):
        return None
    if resource.kind == "lambda" or (resource.service == "lambda" and not resource.sdk):
        return None  # a handler's own errors
    if not resource.sdk:
        found = INTEGRATIONS.get(resource.service)
        return None if found is None or found.prefix.startswith("States") else found.prefix
    return _sdk_prefix(resource.service)


def _other_prefixes(task: TaskAt) -> set[str]:
    """Return how the errors of the same service begin in the other kind of integration."""
    client = None
    if task.resource.sdk:
        client = sdk_service(task.resource.service).client
        return {one.prefix for one in INTEGRATIONS.values() if one.client == client}
    client = INTEGRATIONS[task.resource.service].client
    found = _sdk_prefix(client)
    return set() if found is None else {found}


def _sdk_prefix(service: str) -> str | None:
    from stepfunctions.catalog.requests import service_model

    try:
        return prefix_of_id(str(service_model(sdk_service(service).client).service_id))
    except ValueError:
        return None


def shadowed_retriers(subject: Subject) -> Iterator[Finding]:
    """Find retriers that an earlier one leaves nothing to."""
    for found in subject.located:
        yield from _shadowed(SHADOWED_RETRIER, [one for one in _handlers(found) if isinstance(one[1], Retrier)])


def shadowed_catchers(subject: Subject) -> Iterator[Finding]:
    """Find catchers that an earlier one leaves nothing to."""
    for found in subject.located:
        yield from _shadowed(SHADOWED_CATCHER, [one for one in _handlers(found) if isinstance(one[1], Catcher)])


def _shadowed(rule: Rule, handlers: list[tuple[str, Retrier | Catcher]]) -> Iterator[Finding]:
    before: list[str] = []
    for where, handler in handlers:
        if before and all(_taken(name, before) for name in handler.error_equals):
            names = ", ".join(handler.error_equals)
            yield rule.at(where, f"Entries before this one take {names} already.", "Put the special one first.")
        before += handler.error_equals


def _taken(name: str, before: Iterable[str]) -> bool:
    if name in before:
        return True
    if _ALL in before and name not in _NOT_ALL:
        return True
    return _TASK_FAILED in before and name not in _NOT_TASK_FAILED


def _handlers(found: Located) -> Iterator[tuple[str, Retrier | Catcher]]:
    state = found.state
    if isinstance(state, (Task, Parallel, Map)):
        for index, retrier in enumerate(() if state.retry is ABSENT else state.retry):
            yield f"{found.path}/Retry/{index}", retrier
        for index, catcher in enumerate(() if state.catch is ABSENT else state.catch):
            yield f"{found.path}/Catch/{index}", catcher


UNKNOWN_ERROR_NAME = Rule(
    id="UNKNOWN_ERROR_NAME",
    severity=WARNING,
    summary="A Retry or Catch names an error that does not exist, or that another integration has.",
    why="The error it was meant for is not retried and not caught.",
    source=_GUIDE,
    good="""
        Read:
          Type: Task
          Resource: arn:aws:states:::dynamodb:getItem
          Parameters: {TableName: t, Key: {id: {S: a}}}
          Retry: [{ErrorEquals: [DynamoDB.ProvisionedThroughputExceededException, States.Timeout]}]
          End: true
    """,
    bad="""
        Read:
          Type: Task
          Resource: arn:aws:states:::dynamodb:getItem
          Parameters: {TableName: t, Key: {id: {S: a}}}
          Retry: [{ErrorEquals: [DynamoDb.ProvisionedThroughputExceededException, States.TimedOut]}]
          End: true
    """,
    check=unknown_errors,
)
_SHADOWED = """
        Each:
          Type: Parallel
          Branches: [{StartAt: One, States: {One: {Type: Pass, End: true}}}]
          %s
          End: true
    """
SHADOWED_RETRIER = Rule(
    id="SHADOWED_RETRIER",
    severity=WARNING,
    summary="A Retry's entry is never reached: entries before it take all its errors.",
    why="Its intervals and attempts never apply.",
    source=_GUIDE,
    good=_SHADOWED % "Retry: [{ErrorEquals: [States.Timeout], MaxAttempts: 1}, {ErrorEquals: [States.TaskFailed]}]",
    bad=_SHADOWED % "Retry: [{ErrorEquals: [States.Timeout]}, {ErrorEquals: [States.Timeout], MaxAttempts: 9}]",
    check=shadowed_retriers,
)
SHADOWED_CATCHER = Rule(
    id="SHADOWED_CATCHER",
    severity=WARNING,
    summary="A Catch's entry is never reached: entries before it take all its errors.",
    why="The state it leads to is not the one that handles the error.",
    source=_GUIDE,
    good=_SHADOWED
    % "Catch: [{ErrorEquals: [States.Timeout], Next: Late}, {ErrorEquals: [States.TaskFailed], Next: Late}]"
    + "    Late: {Type: Fail, Error: Late}\n",
    bad=_SHADOWED % "Catch: [{ErrorEquals: [States.TaskFailed], Next: Late}, {ErrorEquals: [Custom], Next: Late}]"
    + "    Late: {Type: Fail, Error: Late}\n",
    check=shadowed_catchers,
)
