"""The durable record of one execution: a header and a tree of branches.

A branch is one line of control: the root, a branch of a Parallel, or an iteration of an inline Map. The
store keeps one row a branch (``Branch.to_json``); the engine says which rows a step touched (``dirty``) and
which are gone (``removed``). What can be computed from the rows (who is whose child, how many run) is kept
in memory only, so that the end of a child never rewrites its parent's row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import JSON, Document, dumps

if TYPE_CHECKING:
    from stepfunctions.engine.program import Program

ROOT_BRANCH = 1


class Status:
    """The statuses of an execution, as AWS's API spells them."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"
    """Only shown: a child of a map run that is being redriven, whose turn has not come."""


class Waiting(str, Enum):
    """What a branch waits for."""

    NOTHING = ""
    """It is ready to go on (only seen between two calls of advance when the first answered ``more``)."""
    TASK = "task"
    TIMER = "timer"
    RETRY = "retry"
    CHILDREN = "children"
    MAP_RUN = "map_run"
    ENDED = "ended"
    """A child is done; ``output`` is its result, kept until its parent joins."""


@dataclass(slots=True)
class Branch:
    """One line of control of an execution. Owned and changed by the engine only."""

    id: int
    parent: int = 0
    """Branch id of the Parallel or Map that this one belongs to; 0 for the root."""
    index: int = 0
    """Which branch of the Parallel, or which iteration of the Map."""
    region: str = ""
    """Key of the region in the program: the JSON Pointer of the object with StartAt; "" is the machine."""
    state: str = ""
    attempt: int = 0
    """Number of the latest wait; counts up over the whole life of the branch."""
    waiting: Waiting = Waiting.NOTHING
    entered: bool = False
    """False while the state ``state`` is still to be entered with ``input``."""
    input: Document = field(default_factory=lambda: Document(None))
    """The raw input of the current state."""
    effective: Document | None = None
    """The current state's input after InputPath, where that is another document than ``input``."""
    output: Document | None = None
    """The result of an ended child."""
    variables: dict[str, JSON] = field(default_factory=dict)
    """Variables assigned in this branch; names not here are looked up in the parent."""
    retries: list[int] = field(default_factory=list)
    """How often each retrier of the current state was used in this visit."""
    retried: int = 0
    """How often the current state was retried in this visit (``$$.State.RetryCount``)."""
    entered_at: float = 0.0
    last_event: int = 0
    """Id of the branch's latest history event: the next one's ``previousEventId``."""
    map_run_arn: str | None = None
    """The latest map run of a Distributed Map, unless it is over for good."""
    map_started: int = 0
    """Id of the latest MapStateStarted of a Distributed Map: MapRunRedriven follows it."""
    map_redrives: int = 0
    """How often ``map_run_arn`` was redriven."""
    submitted: bool = False
    """True once a job's TaskSubmitted was written."""
    heartbeat: int = 0
    """HeartbeatSeconds of the waiting task, 0 when it has none."""
    timeout: int = 0
    """TimeoutSeconds of the waiting task, 0 when it has none: the time of an activity's begins when it is taken."""
    timed: int = -1
    """Number of the latest wait that had a timer."""
    entered_event: int = 0
    """Id of the current state's Entered event: error texts name it."""

    def works_on(self, effective: Document) -> Document:
        """Keep what the state works on, where that is not its raw input; return it."""
        self.effective = None if effective is self.input else effective
        return effective

    def to_json(self) -> str:
        """Return the branch as one compact JSON text, for a store's row."""
        row: dict[str, Any] = {"id": self.id, "state": self.state}
        for (name, default), value in zip(_DEFAULTS, _plain_of(self), strict=True):
            if value != default:
                row[name] = value
        row["waiting"] = self.waiting.value
        text = dumps(row)[:-1]
        for name in _DOCUMENTS:
            document: Document | None = getattr(self, name)
            if document is not None:
                text += f',"{name}":{document.text}'
        return text + "}"

    @classmethod
    def from_json(cls, text: str) -> Branch:
        """Return the branch of such a row; the opposite of ``to_json``."""
        row: dict[str, Any] = Document.parse(text).value
        row["waiting"] = Waiting(row["waiting"])
        row.pop("key", None)  # only what was written by an early version has one
        for name in _DOCUMENTS:
            if name in row:
                row[name] = Document(row[name])
        return cls(**row)


_DOCUMENTS = ("input", "effective", "output")
_PLAIN: dict[str, Any] = {
    "parent": 0,
    "index": 0,
    "region": "",
    "attempt": 0,
    "entered": False,
    "variables": {},
    "retries": [],
    "retried": 0,
    "entered_at": 0.0,
    "last_event": 0,
    "map_run_arn": None,
    "map_started": 0,
    "map_redrives": 0,
    "submitted": False,
    "heartbeat": 0,
    "timeout": 0,
    "timed": -1,
    "entered_event": 0,
}
_DEFAULTS = tuple(_PLAIN.items())
_plain_of = attrgetter(*_PLAIN)


@dataclass(slots=True)
class Family:
    """The children of one waiting Parallel or Map, computed from the rows."""

    ids: list[int] = field(default_factory=list)
    """In the order they were started, which is the order of their indexes."""
    running: int = 0
    window: int = 0
    """A Map's concurrency; 0 = not read yet, as after a load."""
    items: list[JSON] | None = None
    """A Map's items, found again from the parent's input when needed."""
    keys: list[str] | None = None
    """The items' keys, when they are the members of an object."""


@dataclass(slots=True)
class Header:
    """What is stored of an execution besides its branches, which are one row each."""

    arn: str
    name: str
    machine_arn: str
    machine_name: str
    role_arn: str
    input: Document
    started_at: float
    """Epoch seconds."""
    definition_id: str = ""
    """Content hash of the definition it runs: an update of the machine does not change it."""
    region: str = ""
    """Key of the region it runs: "" the machine; for a child of a map run that run's ``region``."""
    type: str = "STANDARD"
    """STANDARD or EXPRESS."""
    status: str = Status.RUNNING
    output: Document | None = None
    error: str | None = None
    cause: str | None = None
    stopped_at: float | None = None
    parent_map_run_arn: str | None = None
    item_index: int | None = None
    """Of a child of a map run: the index of its first item."""
    item_count: int = 1
    """Of a child of a map run: how many items it has."""
    version_arn: str | None = None
    """The version that it was started of, if any."""
    alias_arn: str | None = None
    """The alias that it was started through, if any."""
    trace_header: str | None = None
    """The X-Ray trace header that it was started with, if any."""
    next_branch: int = ROOT_BRANCH
    last_event_id: int = 0
    transitions: int = 0
    redrive_count: int = 0
    redriven_at: float | None = None
    """When it was redriven last. Not set for Express children of a map run."""
    redrive_tokens: tuple[JSON, ...] = ()
    """The latest ``[clientToken, time of the redrive]``."""

    @property
    def ended(self) -> bool:
        """True once the status is final."""
        return self.status != Status.RUNNING


@dataclass(slots=True)
class Execution(Header):
    """One execution. The engine changes it; the runner commits it, or drops it and loads it again."""

    branches: dict[int, Branch] = field(default_factory=dict)
    program: Program | None = None
    """Attached by the runner before the first ``advance``; not stored."""
    latest: float = 0.0
    """When its latest event was; set by whoever loads it."""
    dirty: set[int] = field(default_factory=set)
    """Branches changed since the last commit; the runner clears it after a commit."""
    removed: set[int] = field(default_factory=set)
    """Branches gone since the last commit; the runner clears it after a commit. Wins over ``dirty``."""
    families: dict[int, Family] = field(default_factory=dict)
    """Computed from the branches; see ``attach``."""
    variable_bytes: int | None = None
    """Bytes of all variables; computed from the branches too, when it is first asked for: None before."""
    ready: deque[int] = field(default_factory=deque)
    """Branches that can go on now; computed from the branches too."""

    def attach(self, branches: Iterable[Branch]) -> None:
        """Give a loaded execution its branches (in any order) and rebuild what is computed from them."""
        self.branches = {branch.id: branch for branch in sorted(branches, key=lambda branch: branch.id)}
        self.families = {}
        self.variable_bytes = None
        for branch in self.branches.values():
            if branch.waiting is Waiting.CHILDREN:
                self.families.setdefault(branch.id, Family())
            if branch.parent:
                family = self.families.setdefault(branch.parent, Family())
                family.ids.append(branch.id)
                family.running += branch.waiting is not Waiting.ENDED
        self.ready = deque(id for id, branch in self.branches.items() if branch.waiting is Waiting.NOTHING)
