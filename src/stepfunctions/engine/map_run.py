"""A Distributed Map as data: the record of a map run and the pure rules of its progress.

The runner holds the items' cursor and starts the child executions; every decision is made here:
how many may start, when too many have failed, when it is over, what a child gets as input.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Status
from stepfunctions.engine.limits import DATA_LIMIT, MAX_PAYLOAD, check_size
from stepfunctions.errors import StateFailed
from stepfunctions.query.scope import Scope

if TYPE_CHECKING:
    from stepfunctions.engine.program import Program

MAX_CONCURRENCY = 10_000
"""What MaxConcurrency 0 (the default) means for a Distributed Map."""


def map_item(index: int, value: JSON, key: str | None, source: str | None = None) -> dict[str, JSON]:
    """Return the context's Map.Item of one iteration."""
    item: dict[str, JSON] = {"Index": index, "Value": value}
    if key is not None:
        item["Key"] = key
    if source is not None:
        item["Source"] = source
    return item


def plain_input(value: JSON, key: str | None) -> JSON:
    """Return the input of an iteration without ItemSelector: the item, or the pair that a member of an object is.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemspath.html
    """
    return value if key is None else {"Key": key, "Value": value}


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


EXCEEDED = "States.ExceedToleratedFailureThreshold"


def capacity(run: MapRun) -> int:
    """Return how many children may be started now; 0 when the run is over, exhausted or at its window."""
    if run.status != Status.RUNNING or run.exhausted or _exceeded(run):
        return 0
    room = min(run.max_concurrency or MAX_CONCURRENCY, MAX_CONCURRENCY) - run.running
    if run.total is not None:
        room = min(room, run.total - run.cursor)
    return max(room, 0)


def child_started(run: MapRun) -> None:
    """Count the item at the cursor as running."""
    run.cursor += 1
    run.running += 1
    if run.cursor == run.total:
        run.exhausted = True


def source_ended(run: MapRun) -> None:
    """The source has no further item: the total is what was started."""
    run.exhausted = True
    run.total = run.cursor


def child_ended(run: MapRun, status: str) -> None:
    """Count one child's final status (SUCCEEDED, FAILED, TIMED_OUT, ABORTED)."""
    run.running -= 1
    name = _COUNTER[status]
    setattr(run, name, getattr(run, name) + 1)


_COUNTER = {
    Status.SUCCEEDED: "succeeded",
    Status.FAILED: "failed",
    Status.TIMED_OUT: "timed_out",
    Status.ABORTED: "aborted",
}


def verdict(run: MapRun) -> Verdict | None:
    """Return how the run ends, or None while it goes on. Call after source_ended and after child_ended.

    FAILED with ``States.ExceedToleratedFailureThreshold`` as soon as a tolerance is exceeded;
    SUCCEEDED when the source is exhausted and no child runs.
    """
    if _exceeded(run):
        return Verdict(Status.FAILED, EXCEEDED, "The specified tolerated failure threshold was exceeded")
    if not run.running and (run.exhausted or run.total == run.cursor):
        return Verdict(Status.SUCCEEDED)
    return None


def _exceeded(run: MapRun) -> bool:
    """Tell whether more children failed than are tolerated. With neither tolerance written, none is.

    A percentage over 0 is of all items, so it counts once their number is known.
    """
    failures = run.failed + run.timed_out + run.aborted
    count, percentage = run.tolerated_failure_count, run.tolerated_failure_percentage
    if not failures:
        return False
    if count is None and percentage is None:
        return True
    if count is not None and failures > count:
        return True
    if percentage is None or (run.total is None and percentage > 0):
        return False
    return failures * 100 > percentage * (run.total or 0)


def child_input(
    program: Program, run: MapRun, item: JSON, index: int, key: str | None = None, source: str = "STATE_DATA"
) -> Document:
    """Return the input of the child for this item: the item as it is, or what ItemSelector makes of it.

    Raises StateFailed when ItemSelector fails or the result is over 256 KiB.
    """
    node = program.regions[run.region].parent
    assert node is not None
    document = Document(plain_input(item, key))
    if node.work.selector is not None:
        context = {**(run.context or {}), "Map": {"Item": map_item(index, item, key, source)}}
        chance = Random(f"{run.arn}/{index}")
        # The time is that of the run's start, so that a child that is started again gets the same input.
        scope = Scope(run.input.value, lambda: context, run.variables, lambda: chance, run.started_at)
        document = Document(node.work.selector(scope))
    check_size(document, run.state)
    return document


def map_output(outputs: Iterable[Document]) -> Document:
    """Return the Map's result: the children's outputs in item order, as one array.

    Raises StateFailed(States.DataLimitExceeded) when it is over 256 KiB, without reading further.
    """
    texts: list[str] = []
    size = 2
    for output in outputs:
        size += output.size + bool(texts)
        if size > MAX_PAYLOAD:
            raise StateFailed(
                DATA_LIMIT,
                "The state/task 'Map' returned a result with a size exceeding the "
                "maximum number of bytes service limit.",
            )
        texts.append(output.text)
    return Document.parse(f"[{','.join(texts)}]")
