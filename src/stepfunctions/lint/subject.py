"""What the rules look at: a state machine that was read, and what several rules want to know of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

from stepfunctions.asl.codec import dump
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, is_expression
from stepfunctions.asl.machine import Located, Region, StateMachine, subregions, walk
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task
from stepfunctions.catalog.integrations import operation_of, problem_with
from stepfunctions.catalog.requests import Mistake, mistakes_in_request
from stepfunctions.catalog.sdk_services import sdk_service

Kind = Literal["STANDARD", "EXPRESS"]
_PARTITION = re.compile(r"^arn:\$\{[^{}]+\}:")
_OWNER = re.compile(r"^(arn:aws[a-zA-Z-]*:(?:states|lambda)):(?:\$\{[^{}]*\}|[^:${}]*):(?:\$\{[^{}]*\}|[^:${}]*):")


class TaskAt(NamedTuple):
    """A Task, where it is, and its resource taken apart."""

    at: Located
    state: Task
    resource: Resource

    @property
    def path(self) -> str:
        """The Task's JSON Pointer."""
        return self.at.path

    @property
    def call(self) -> tuple[str, str]:
        """Service and action as they are written, both empty for an activity."""
        return self.resource.service, self.resource.action

    @property
    def payload(self) -> tuple[str, JSON]:
        """The pointer and the value of Parameters or Arguments; the Task's pointer and ABSENT without."""
        for wire, value in (("Parameters", self.state.parameters), ("Arguments", self.state.arguments)):
            if value is not ABSENT:
                return f"{self.path}/{wire}", value
        return self.path, ABSENT


class Subject:
    """A state machine under the rules. ``kind``: its type, None when nobody has said it."""

    def __init__(
        self, machine: StateMachine, document: Mapping[str, Any] | None = None, kind: Kind | None = None
    ) -> None:
        self.machine = machine
        self.kind = kind
        self._document = document

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The definition as it was written."""
        return dump(self.machine) if self._document is None else self._document

    def value(self, pointer: str) -> JSON:
        """Return what is written at a JSON Pointer, None when nothing is."""
        value: JSON = self.document
        for key in pointer.split("/")[1:]:
            key = key.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value.get(key)
            else:
                value = value[int(key)] if isinstance(value, (list, tuple)) and int(key) < len(value) else None
        return value

    @cached_property
    def located(self) -> tuple[Located, ...]:
        """Every state, those inside others too, with its pointer and its query language."""
        return tuple(walk(self.machine))

    @cached_property
    def at(self) -> Mapping[str, Located]:
        """Every state by its JSON Pointer."""
        return {found.path: found for found in self.located}

    @cached_property
    def tasks(self) -> tuple[TaskAt, ...]:
        """Every Task whose resource is known: a ``${Token}`` stands at most for partition, Region and account."""
        return tuple(self._tasks())

    @cached_property
    def task_at(self) -> Mapping[str, TaskAt]:
        """The tasks by their JSON Pointers."""
        return {task.path: task for task in self.tasks}

    def _tasks(self) -> Iterator[TaskAt]:
        for found in self.located:
            if isinstance(found.state, Task) and "${" not in (known := without_tokens(found.state.resource)):
                try:
                    resource = replace(Resource.parse(known), arn=found.state.resource)
                except ValueError:
                    continue  # UNKNOWN_RESOURCE says so
                if problem_with(resource) is None:
                    yield TaskAt(found, found.state, resource)

    @cached_property
    def mistakes(self) -> tuple[tuple[str, Mistake], ...]:
        """What is wrong with the requests of tasks, each with its JSON Pointer."""
        return tuple(self._mistakes())

    def _mistakes(self) -> Iterator[tuple[str, Mistake]]:
        for task in self.tasks:
            path, payload = task.payload
            operation = _operation(task)
            if operation is None or is_expression(payload) or isinstance(payload, str):
                continue
            client, action = operation
            request = {} if payload is ABSENT else payload
            for mistake in mistakes_in_request(client, action, request, sdk=task.resource.sdk):
                yield path + mistake.pointer, mistake

    @cached_property
    def regions(self) -> tuple[tuple[str, Region], ...]:
        """The machine and every region inside it, each with its JSON Pointer."""
        return tuple(self._regions())

    def _regions(self) -> Iterator[tuple[str, Region]]:
        yield "", self.machine
        for found in self.located:
            for pointer, region in subregions(found.state):
                yield found.path + pointer, region


def without_tokens(arn: str) -> str:
    """Return a resource's ARN in the partition ``aws``, of no Region and account where ``${Token}`` stands for them."""
    return _OWNER.sub(r"\1:::", _PARTITION.sub("arn:aws:", arn))


def _operation(task: TaskAt) -> tuple[str, str] | None:
    """Return boto3's name of a task's service and the operation; None for requests of another form."""
    if task.resource.kind != "service":
        return None
    if task.resource.sdk:
        return sdk_service(task.resource.service).client, task.resource.action
    return operation_of(*task.call)
