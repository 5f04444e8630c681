"""What the engine's surroundings must offer. The docstrings are the contract; every implementation
passes the one shared suite of its port.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.map_run import Item, MapRun
from stepfunctions.engine.messages import Command, Outcome, RunTask, SetTimer


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> float:
        """Return the time as epoch seconds."""
        ...

    def wait(self, until: float | None, wake: Any) -> None:
        """Block until ``wake`` (a threading.Event) is set or the time is ``until`` (None: no such time)."""
        ...


@dataclass(slots=True)
class Change:
    """What one step did to one execution; written whole or not at all."""

    execution: Execution
    """Its header and its ``dirty``/``removed`` branches are written."""
    events: list[HistoryEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    """Tasks and timers become rows; cancels remove them. (Map runs are written through ``map_runs``.)"""
    taken: list[Outcome] = field(default_factory=list)
    """Outcomes that this step took: the rows of ended tasks and fired timers go, before the commands' rows
    come; TaskSubmitted's output is kept in the row of its task."""


@dataclass(slots=True)
class Pending:
    """What an open execution waits for, read at recovery."""

    tasks: list[tuple[RunTask, Document | None]] = field(default_factory=list)
    """Tasks without an outcome, with the output of their TaskSubmitted if there was one."""
    timers: list[SetTimer] = field(default_factory=list)
    map_runs: list[MapRun] = field(default_factory=list)


class ExecutionStore(Protocol):
    """Executions with their branches, histories and waits."""

    def commit(self, changes: Sequence[Change], map_runs: Sequence[MapRun] = ()) -> None:
        """Write all changes in one transaction: after it returns they survive a kill; if it raises, none is there.

        An execution not seen before is created; one that has ended keeps no timers or tasks.
        ``map_runs`` are created or replaced in the same transaction. An execution is in ``changes`` at most
        once. Clears ``dirty`` and ``removed`` of the executions.
        """
        ...

    def load(self, arn: str, branches: bool = True) -> Execution | None:
        """Return the execution (with its branches attached, without a program), or None."""
        ...

    def open_arns(self) -> list[str]:
        """Return the ARNs of all RUNNING executions, oldest first."""
        ...

    def pending(self, arn: str) -> Pending:
        """Return what the execution waits for."""
        ...

    def history(self, arn: str, after: int = 0, limit: int = 1000, reverse: bool = False) -> list[HistoryEvent]:
        """Return at most ``limit`` events in order of id, those after ``after`` (reverse: before it; 0 = the end).

        There may be more behind a shorter list, too: one whose payloads are large ends early.
        """
        ...

    def page(
        self, machine_arn: str | None, status: str | None, map_run_arn: str | None, after: str | None, limit: int
    ) -> tuple[list[Execution], str | None]:
        """Return executions newest first, and the mark of the next page (None: no more).

        The time that counts is that of the end, of the last redrive, or of the start, whichever there is first.
        They come without branches, input and output. ``machine_arn`` and ``map_run_arn`` None mean any.
        """
        ...


DELETING = "DELETING"
"""The status of a state machine that is deleted once its executions have ended."""


@dataclass(slots=True, kw_only=True)
class Machine:
    """A state machine as it is stored."""

    arn: str
    name: str
    type: str
    role_arn: str
    definition: str
    """The text as it was given."""
    definition_id: str
    """Content hash of the definition."""
    revision_id: str
    created_at: float
    updated_at: float
    status: str = "ACTIVE"
    settings: JSON = None
    """Logging, tracing, encryption: kept and shown again, as given."""
    tags: dict[str, str] = field(default_factory=dict)


class MachineStore(Protocol):
    """State machines and the definitions their executions run, which stay after an update or a delete."""

    def put(self, machine: Machine) -> None:
        """Create or replace the machine; keeps its definition under ``definition_id``."""
        ...

    def get(self, arn: str) -> Machine | None:
        """Return the machine, or None."""
        ...

    def delete(self, arn: str) -> None:
        """Remove the machine; nothing happens when there is none."""
        ...

    def list(self, prefix: str, after: str | None, limit: int) -> tuple[list[Machine], str | None]:
        """Return the machines whose ARNs begin with ``prefix``, by name, and the mark of the next page."""
        ...

    def definition(self, definition_id: str) -> str:
        """Return the text of a definition; KeyError when unknown."""
        ...


class MapRunStore(Protocol):
    """Map runs, as ``ExecutionStore.commit`` wrote them: counters change together with the children they count."""

    def get(self, arn: str) -> MapRun | None:
        """Return the map run, or None."""
        ...

    def of_execution(self, execution_arn: str) -> list[MapRun]:
        """Return the map runs of an execution, oldest first."""
        ...

    def unwritten(self) -> list[MapRun]:
        """Return the aborted map runs whose results are still to be written."""
        ...

    def children(self, arn: str, first: int = 0) -> Iterator[Execution]:
        """Yield the map run's children that have ended in item order, without branches, a few at a time.

        ``first``: the least index of a child's first item.
        """
        ...

    def outputs(self, arn: str) -> Iterator[Document]:
        """Yield the outputs of the map run's children that succeeded, in item order, a few at a time."""
        ...


@dataclass(slots=True, kw_only=True)
class WebTrace:
    """What an HTTP task sent and got, as TestState tells it: filled in before the task's outcome is reported."""

    reveal_secrets: bool = False
    """Whether the request is told with what its connection adds."""
    request: dict[str, str] | None = None
    """The members of the API's InspectionDataRequest; None: nothing was sent."""
    response: dict[str, str] | None = None
    """The members of the API's InspectionDataResponse; None: nothing was answered."""


class TaskCall(NamedTuple):
    """One task as an integration sees it."""

    key: str
    """``<execution arn>/<branch>/<attempt>``: the same before and after a restart."""
    command: RunTask
    execution_arn: str
    submitted: Document | None
    """At resume: the output of TaskSubmitted, if it was reported before the restart."""
    report: Callable[[Outcome], None]
    """Takes outcomes from any thread, also before ``start`` returns."""
    trace: WebTrace | None = None
    """Where an HTTP task notes what it sends and gets; None: nobody asks."""


class Integration(Protocol):
    """Runs tasks. Never blocks for the length of a task; never raises: failures are TaskFailed outcomes."""

    def start(self, call: TaskCall) -> None:
        """Begin the task and report its outcome through ``call.report``."""
        ...

    def resume(self, call: TaskCall) -> None:
        """After a restart: the task may have begun or not. Find it by ``call.key`` and attach, or begin it."""
        ...

    def cancel(self, call: TaskCall) -> None:
        """Stop the task as far as possible; nobody waits for an outcome."""
        ...


class ItemSource(Protocol):
    """Reads the items of a Distributed Map, and writes its results: both streaming."""

    def items(self, run: MapRun, start: int) -> Generator[Item, None, None]:
        """Yield the items from index ``start`` on.

        Raises StateFailed("States.ItemReaderFailed", …) when the source cannot be read.
        """
        ...

    def export(
        self, run: MapRun, children: Iterable[Execution], unstarted: Iterable[tuple[Document, int]]
    ) -> Generator[None, None, Document]:
        """Write the results of children that have ended, and the inputs of those that were not started, each with how
        many items it has.

        Does a little at each step and returns the state's result. Counts in the run what it has written.
        Raises StateFailed("States.ResultWriterFailed", …) when it cannot write.
        """
        ...
