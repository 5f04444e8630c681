"""What the rules look at: a state machine that was read, and what several rules want to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

from stepfunctions.asl.codec import dump
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Located, Region, StateMachine, subregions, walk
from stepfunctions.asl.resource import Resource
from stepfunctions.asl.states import Task

Kind = Literal["STANDARD", "EXPRESS"]


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

    @cached_property
    def located(self) -> tuple[Located, ...]:
        """Every state, those inside others too, with its pointer and its query language."""
        return tuple(walk(self.machine))

    @cached_property
    def tasks(self) -> tuple[TaskAt, ...]:
        """Every Task whose resource is known; those with a ``${Token}`` in it are not."""
        return tuple(self._tasks())

    def _tasks(self) -> Iterator[TaskAt]:
        for found in self.located:
            if isinstance(found.state, Task) and "${" not in found.state.resource:
                try:
                    yield TaskAt(found, found.state, Resource.parse(found.state.resource))
                except ValueError:
                    continue  # UNKNOWN_RESOURCE says so

    @cached_property
    def regions(self) -> tuple[tuple[str, Region], ...]:
        """The machine and every region inside it, each with its JSON Pointer."""
        return tuple(self._regions())

    def _regions(self) -> Iterator[tuple[str, Region]]:
        yield "", self.machine
        for found in self.located:
            for pointer, region in subregions(found.state):
                yield found.path + pointer, region
