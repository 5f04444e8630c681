"""A Distributed Map as data: the record of a map run and the pure rules of its progress.

The runner holds the items' cursor and starts the child executions; every decision is made here:
how many may start, when too many have failed, when it is over, what a child gets as input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Status

if TYPE_CHECKING:
    from stepfunctions.engine.program import Program

MAX_CONCURRENCY = 10_000
"""What MaxConcurrency 0 (the default) means for a Distributed Map."""


@dataclass(slots=True, kw_only=True)
class MapRun:
    """One map run: a row. The engine makes it (StartMapRun), the runner's coordinator changes it."""

    arn: str
    """``arn:aws:states:<region>:<account>:mapRun:<machine>/<label>:<uuid>``"""
    execution_arn: str
    machine_arn: str
    branch: int
    attempt: int
    state: str
    label: str
    """The definition's Label, or one derived; children are ``…:execution:<machine>/<label>:<name>``."""
    region: str
    """The children's ``Execution.region`` (same ``definition_id`` as the parent)."""
    execution_type: str = "STANDARD"
    max_concurrency: int = 0
    """As written or read from its path; 0 = MAX_CONCURRENCY."""
    tolerated_failure_count: int | None = None
    tolerated_failure_percentage: float | None = None
    input: Document = field(default_factory=lambda: Document(None))
    """The Map's effective input: what ItemSelector's paths read."""
    items: Document | None = None
    """The items (array or object) when they come from the state's input; None when ``reader`` names them."""
    reader: JSON | None = None
    """Resolved ItemReader: ``{"Resource", "Parameters", "ReaderConfig"}``."""
    batcher: JSON | None = None
    """Resolved ItemBatcher."""
    writer: JSON | None = None
    """Resolved ResultWriter: ``{"Resource", "Parameters", "WriterConfig"}``."""
    context: JSON | None = None
    """The parent's context object, kept for an ItemSelector."""
    variables: dict[str, JSON] = field(default_factory=dict)
    """The parent's variables, kept for an ItemSelector; the children themselves see none."""
    status: str = Status.RUNNING
    started_at: float = 0.0
    stopped_at: float | None = None
    cursor: int = 0
    """How many items were given to children: the index of the next one."""
    exhausted: bool = False
    """True once the source has no item after ``cursor``."""
    total: int | None = None
    """The number of items, once known."""
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """A map run is over. FAILED: stop the children that still run; then deliver ``MapRunEnded``."""

    status: str
    error: str = ""
    cause: str = ""


def capacity(run: MapRun) -> int:
    """Return how many children may be started now; 0 when the run is over, exhausted or at its window."""
    raise NotImplementedError


def child_started(run: MapRun) -> None:
    """Count the item at the cursor as running."""
    raise NotImplementedError


def source_ended(run: MapRun) -> None:
    """The source has no further item: the total is what was started."""
    raise NotImplementedError


def child_ended(run: MapRun, status: str) -> None:
    """Count one child's final status (SUCCEEDED, FAILED, TIMED_OUT, ABORTED)."""
    raise NotImplementedError


def verdict(run: MapRun) -> Verdict | None:
    """Return how the run ends, or None while it goes on. Call after source_ended and after child_ended.

    FAILED with ``States.ExceedToleratedFailureThreshold`` as soon as a tolerance is exceeded;
    SUCCEEDED when the source is exhausted and no child runs.
    """
    raise NotImplementedError


def child_input(program: Program, run: MapRun, item: JSON, index: int, key: str | None = None,
                source: str = "STATE_DATA") -> Document:
    """Return the input of the child for this item: the item itself, or what ItemSelector makes of it.

    Raises StateFailed when ItemSelector fails or the result is over 256 KiB.
    """
    raise NotImplementedError


def map_output(outputs: Iterable[Document]) -> Document:
    """Return the Map's result: the children's outputs in item order, as one array.

    Raises StateFailed(States.DataLimitExceeded) when it is over 256 KiB.
    """
    raise NotImplementedError
