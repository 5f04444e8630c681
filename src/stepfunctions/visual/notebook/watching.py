"""One execution that is asked about again and again: what changed, its picture, its document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.visual.notebook.still import Bundle, standing, still
from stepfunctions.visual.picture import Picture
from stepfunctions.visual.report.asking import Asked, MapRun, Questions, Services, map_run
from stepfunctions.visual.report.document import make
from stepfunctions.visual.report.jobs import Job, find, look
from stepfunctions.visual.report.nested import failed_below
from stepfunctions.visual.report.reading import Event, History, parsed, read
from stepfunctions.visual.report.redaction import Redaction
from stepfunctions.visual.text import line_of

_OPEN = ("RUNNING", "PENDING_REDRIVE")
SLOW_SECONDS = 5.0
"""How old the items of Map Runs and the logs of jobs may be in a document: they take more calls than the rest."""


@dataclass(slots=True)
class _Slow:
    """What takes more calls than the rest."""

    at: float
    arns: list[str]
    """The Map Runs that there were."""
    runs: list[MapRun]
    jobs: list[Job]
    notes: list[str]
    """What was refused."""


@dataclass
class Watch:
    """What is known of an execution. ``fresh`` gives the events that it did not give before.

    Raises what the service raises when it is asked for the first time.
    """

    client: Any
    arn: str
    fresh: Callable[[], Iterable[Event]]
    services: Services | None = None
    portrait: bool = True
    link: tuple[str, str] | None = None
    clock: Callable[[], float] = time.monotonic
    described: dict[str, Any] = field(init=False, default_factory=dict)
    events: list[Event] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._machine: dict[str, Any] = self.client.describe_state_machine_for_execution(executionArn=self.arn)
        definition = parsed(self._machine.get("definition", "{}"))
        self.picture = Picture.of(definition, portrait=self.portrait)
        self.picture.link = self.link
        self.history: History = read(())
        self._counts: dict[str, dict[str, Any]] = {}
        self._refused: tuple[str, ...] = ()
        self._slow: _Slow | None = None

    def has_ended(self) -> bool:
        """Whether the execution has ended."""
        return self.described.get("status") not in _OPEN

    def ask(self) -> bool:
        """Ask the service how the execution stands, and return whether anything is different from before."""
        described = self.client.describe_execution(executionArn=self.arn)  # before the events: the last ones are there
        new = list(self.fresh())
        changed = bool(new) or described["status"] != self.described.get("status")
        self.described = described
        if new:
            self.events += new
            self.history = read(self.events)
        return self._count() or changed

    def _count(self) -> bool:
        """Ask for the items of Map Runs that have not ended, and return whether they are others.

        What is refused is missing until it is told.
        """
        before = dict(self._counts)
        overlay = self.history.overlay
        questions = Questions()
        for span in self.history.spans:
            for arn in span.runs:
                known = self._counts.get(arn, {"status": "RUNNING"})
                again = span.visit.status == "RUNNING" and arn == span.runs[-1]  # it may be redriven
                if known["status"] == "RUNNING" or again:
                    what = f"The items of {line_of(span.visit.name)}"
                    told = questions.ask(what, self.client.describe_map_run, mapRunArn=arn)
                    if told is not None:
                        self._counts[arn] = {"status": told["status"], **told["itemCounts"]}
                if arn in self._counts:
                    overlay.states[span.visit.name].counts = self._items(arn)
        self.picture.overlay = overlay
        self._refused = tuple(questions.notes)
        return self._counts != before

    def _items(self, arn: str) -> dict[str, int]:
        return {name: value for name, value in self._counts[arn].items() if isinstance(value, int)}

    def bundle(self, notes: tuple[str, ...] = (), *, whole: bool = True) -> Bundle:
        """Return what a notebook shows without a kernel; ``whole``: also what only exporters read."""
        notes = (*notes, *self._refused)
        return still(self.picture, standing(self.described, self.history, time.time(), notes), whole=whole)

    @property
    def is_stale(self) -> bool:
        """Whether a document made now would have newer items and logs than the last one."""
        slow = self._slow
        return slow is None or slow.arns != self._runs() or self.clock() - slow.at >= SLOW_SECONDS

    def _runs(self) -> list[str]:
        return list(dict.fromkeys(arn for span in self.history.spans for arn in span.runs))

    def document(self) -> dict[str, Any]:
        """Return what the page of the execution shows; see :func:`~stepfunctions.visual.report.document.make`."""
        questions = Questions()
        if self._slow is None or self.is_stale:
            arns = self._runs()
            runs = [run for arn in arns if (run := map_run(self.client, arn, questions)) is not None]
            jobs = [] if self.services is None else look(find(self.history.spans), self.services, questions)
            self._slow = _Slow(self.clock(), arns, runs, jobs, questions.notes[:])
        slow = self._slow
        for run in [run for run in slow.runs if run.arn in self._counts]:
            run.described = {
                **run.described,
                "status": self._counts[run.arn]["status"],
                "itemCounts": self._items(run.arn),
            }
        below = failed_below(self.client, self.history, questions)
        notes = list(dict.fromkeys([*slow.notes, *questions.notes]))
        asked = Asked(self.described, self._machine, list(self.events), slow.runs, notes)
        return make(asked, self.history, slow.jobs, below, Redaction(False))
