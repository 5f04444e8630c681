"""What the rules look at: a state machine that was read, and what several rules want to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

from stepfunctions.asl.codec import dump
from stepfunctions.asl.machine import Located, Region, StateMachine, subregions, walk

Kind = Literal["STANDARD", "EXPRESS"]


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
    def regions(self) -> tuple[tuple[str, Region], ...]:
        """The machine and every region inside it, each with its JSON Pointer."""
        return tuple(self._regions())

    def _regions(self) -> Iterator[tuple[str, Region]]:
        yield "", self.machine
        for found in self.located:
            for pointer, region in subregions(found.state):
                yield found.path + pointer, region
