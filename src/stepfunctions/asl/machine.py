"""A state machine and the regions of states inside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from stepfunctions.asl.fields import (
    ABSENT,
    JSONATA,
    JSONPATH,
    STRING,
    Absent,
    QueryLanguageName,
    asl_field,
    integer,
    one_of,
)
from stepfunctions.asl.maps import ProcessorConfig
from stepfunctions.asl.states import AnyState, Map, Parallel


@dataclass(frozen=True, kw_only=True, slots=True)
class Region:
    """States of their own scope: a branch of a Parallel, the processor of a Map, or a machine's top level.

    Transitions never leave a region.
    """

    start_at: str
    states: Mapping[str, AnyState] = field(default_factory=lambda: MappingProxyType({}))
    comment: str | Absent = ABSENT
    query_language: str | Absent = ABSENT
    processor_config: ProcessorConfig | Absent = ABSENT


@dataclass(frozen=True, kw_only=True, slots=True)
class StateMachine(Region):
    """A whole definition. ``timeout_seconds`` bounds the execution."""

    comment: str | Absent = asl_field("Comment", STRING)
    version: str | Absent = asl_field("Version", STRING)
    timeout_seconds: int | Absent = asl_field("TimeoutSeconds", integer(1, 99_999_999))
    query_language: str | Absent = asl_field("QueryLanguage", one_of(JSONPATH, JSONATA))


@dataclass(frozen=True, slots=True)
class Located:
    """A state and where it stands: JSON Pointer, name, the query language in force, and its region."""

    path: str
    name: str
    state: AnyState
    language: QueryLanguageName
    region: Region


def escape_pointer(key: str) -> str:
    """Escape one key for a JSON Pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def subregions(state: AnyState) -> Iterator[tuple[str, Region]]:
    """Yield the regions directly inside a state, each with its pointer relative to the state."""
    if isinstance(state, Parallel):
        for index, branch in enumerate(state.branches):
            yield f"/Branches/{index}", branch
    elif isinstance(state, Map):
        name = "Iterator" if state.item_processor is ABSENT else "ItemProcessor"
        yield f"/{name}", state.processor


def state_language(state: AnyState, outer: QueryLanguageName) -> QueryLanguageName:
    """Return the query language in force inside a state."""
    if state.query_language is ABSENT:
        return outer
    return JSONATA if state.query_language == JSONATA else JSONPATH


def walk(machine: StateMachine) -> Iterator[Located]:
    """Yield every state of a machine, outer ones before those inside them, in the order written."""
    language: QueryLanguageName = JSONATA if machine.query_language == JSONATA else JSONPATH
    stack: list[tuple[str, Region, QueryLanguageName]] = [("", machine, language)]
    while stack:
        prefix, region, outer = stack.pop()
        inner: list[tuple[str, Region, QueryLanguageName]] = []
        for name, state in region.states.items():
            path = f"{prefix}/States/{escape_pointer(name)}"
            # A state's own QueryLanguage is for its own fields; the states inside inherit the machine's.
            yield Located(path, name, state, state_language(state, outer), region)
            inner.extend((path + pointer, sub, outer) for pointer, sub in subregions(state))
        stack.extend(reversed(inner))
