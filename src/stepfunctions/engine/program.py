"""A definition compiled once: every path, template and choice becomes a closure.

A :class:`Node` is one state: its data flow, its retriers and catchers, and the part that only its type has
(``work``). Nothing is parsed while an execution runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.document import JSON, Document, Lasting
from stepfunctions.asl.machine import StateMachine
from stepfunctions.asl.resource import Resource
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.errors import DefinitionError, Problem
from stepfunctions.query.scope import Evaluator, Scope

Place = Callable[[JSON, JSON], JSON]
"""Puts a value into a document at a reference path; returns the new document."""


@dataclass(slots=True)
class Flow:
    """How data goes through a state; None stands for "as it is".

    JSONata has ``parameters`` (Arguments), ``output`` and ``assign``: each sees the state's raw input.
    """

    input: Evaluator | None = None
    parameters: Evaluator | None = None
    selector: Evaluator | None = None
    place: Place | None = None
    discard: bool = False
    """ResultPath null: the result is thrown away."""
    output: Evaluator | None = None
    assign: Evaluator | None = None
    jsonata: bool = False


@dataclass(slots=True)
class Number:
    """A number that is written, or computed by ``path`` (a path, or ``{% … %}``) when the state runs."""

    field: str
    """The wire name of the field that was written (``TimeoutSecondsPath``)."""
    value: float | None = None
    path: Evaluator | None = None
    text: str = ""
    jsonata: bool = False


@dataclass(slots=True)
class CompiledRetrier:
    """One retrier with its defaults filled in."""

    errors: tuple[str, ...]
    interval: float
    max_attempts: int
    rate: float
    max_delay: float | None
    jitter: bool


@dataclass(slots=True)
class CompiledCatcher:
    """One catcher."""

    errors: tuple[str, ...]
    next: str
    place: Place | None
    discard: bool
    assign: Evaluator | None
    output: Evaluator | None = None


@dataclass(slots=True)
class Transition:
    """Where a choice rule leads; ``test`` None: the default."""

    test: Callable[[Scope], bool] | None
    next: str | None
    assign: Evaluator | None = None
    output: Evaluator | None = None


@dataclass(slots=True)
class ChoiceWork:
    """Rules in order, then the default (``next`` None when there is none)."""

    rules: tuple[Transition, ...]
    default: Transition


@dataclass(slots=True)
class WaitWork:
    """Exactly one of the two is set."""

    seconds: Number | None = None
    timestamp: Evaluator | str | None = None
    field: str = "Timestamp"
    text: str = ""
    """The field as it is written, for errors about its value."""


@dataclass(slots=True)
class FailWork:
    """Constants or evaluators; None: not written."""

    error: Evaluator | str | None
    cause: Evaluator | str | None


@dataclass(slots=True)
class TaskWork:
    """What a Task calls."""

    resource: Resource
    called: str
    """What an error about its result calls it: the service, or the ARN."""
    events: str
    """How the names of its events begin: Task, LambdaFunction or Activity."""
    where: Lasting | None
    """How the events of a service task name its resource; None for functions and activities."""
    token: bool
    credentials: Evaluator | None
    timeout: Number | None
    heartbeat: Number | None
    scheduled: dict[str, Lasting] = field(default_factory=dict)
    """How the events of tasks that are scheduled name the resource, by the execution's region."""


@dataclass(slots=True)
class ParallelWork:
    """The keys of the branches' regions."""

    regions: tuple[str, ...]


@dataclass(slots=True)
class DistributedWork:
    """What only a Distributed Map has. Templates give the resolved object of their field."""

    execution_type: str
    label: str
    tolerated_count: Number | None
    tolerated_percentage: Number | None
    reader: Evaluator | None
    reader_settings: dict[str, JSON]
    max_items: Number | None
    batcher: dict[str, JSON] | None
    batch_input: Evaluator | None
    batch_numbers: tuple[Number, ...]
    writer: Evaluator | None
    writer_settings: dict[str, JSON] | None


@dataclass(slots=True)
class MapWork:
    """A Map; ``items`` None: its effective input is the items."""

    region: str
    items: Evaluator | None
    items_text: str
    selector: Evaluator | None
    concurrency: Number | None
    distributed: DistributedWork | None


@dataclass(slots=True)
class Node:
    """One compiled state."""

    name: str
    type: str
    path: str
    """JSON Pointer of the state in the definition."""
    flow: Flow
    next: str | None
    """None: the region ends here."""
    retriers: tuple[CompiledRetrier, ...] = ()
    catchers: tuple[CompiledCatcher, ...] = ()
    work: Any = None
    result: Document | None = None
    """A Pass state's Result."""
    entered: str = ""
    exited: str = ""

    def __post_init__(self) -> None:
        self.entered = f"{self.type}StateEntered"
        self.exited = f"{self.type}StateExited"


@dataclass(slots=True)
class CompiledRegion:
    """One scope of states."""

    start_at: str
    nodes: dict[str, Node]
    parent: Node | None = None
    """The Parallel or Map it belongs to."""


@dataclass(slots=True)
class Program:
    """A compiled state machine: immutable, shared by threads and executions."""

    machine: StateMachine
    regions: dict[str, CompiledRegion]
    """By key: the JSON Pointer of the object with StartAt; "" is the machine."""
    timeout_seconds: int | None = None
    limits: Limits = AWS_LIMITS
    """What its executions may use."""


def compile_program(machine: StateMachine, limits: Limits = AWS_LIMITS) -> Program:
    """Compile a machine; raises DefinitionError for the first expression that cannot be read (``lint`` lists all)."""
    # Imported late: the compiler builds what this module declares.
    from stepfunctions.engine.compiler import Compiler

    try:
        return Compiler(limits).program(machine)
    except ValueError as error:
        raise DefinitionError([Problem(path=None, message=str(error))]) from error
