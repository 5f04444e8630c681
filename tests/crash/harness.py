"""Kills of the local cloud under a mixed load, at random moments and at named points, and what must be left.

One seed decides every kill; it repeats a run as far as time allows.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import random
import sqlite3
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.armed import POINTS
from tests.crash.killable import SECONDS, KillableCloud, Trainings, User, check_history, written
from tests.crash.load import BUCKET, INPUTS, ITEMS, answer_callbacks, machines, model, provision

RANDOM = "random"
AT_MOST_OPEN = 2
"""Executions of a kind that are open at a time."""
ALONE = "alone"
"""The end of the names of executions that run before the kills."""
PAUSE = 0.05
"""Seconds between two looks at whether another execution may start."""
_MOST_ARRIVALS = {"artefact-rename": 4, "map-cursor": 12}
"""Until which arrival at a point a kill may wait; elsewhere 20."""
Answer = tuple[str, str | None, str | None, str | None]
"""Status, output, error and cause of an execution."""


@dataclass
class Report:
    """What a run did, for people to read."""

    seed: int
    kills: Counter[str] = field(default_factory=Counter)
    executions: Counter[str] = field(default_factory=Counter)
    open_at_kills: int = 0
    events: int = 0
    invocations: int = 0
    invocations_again: int = 0
    invocations_in_flight: int = 0
    trainings: int = 0
    trainings_again: int = 0
    trainings_in_flight: int = 0
    objects: int = 0
    seconds: float = 0.0

    def table(self) -> str:
        """The report as a table of Markdown."""
        rows = [
            *((f"kills: {name}", count) for name, count in sorted(self.kills.items())),
            ("kills", sum(self.kills.values())),
            ("open executions at kills", self.open_at_kills),
            *((f"executions as without kills: {name}", count) for name, count in sorted(self.executions.items())),
            ("executions as without kills", sum(self.executions.values())),
            ("events of well-formed histories", self.events),
            ("Lambda invocations", self.invocations),
            ("- of them again", self.invocations_again),
            ("- in flight at kills", self.invocations_in_flight),
            ("training jobs", self.trainings),
            ("- attempts again", self.trainings_again),
            ("- in flight at kills", self.trainings_in_flight),
            ("whole objects in S3", self.objects),
            ("seconds", round(self.seconds)),
            ("seed", self.seed),
        ]
        width = max(len(name) for name, _ in rows)
        lines = [f"| {name:<{width}} | {count:>7} |" for name, count in rows]
        return "\n".join([f"| {'':<{width}} | {'':>7} |", f"| {'-' * width} | ------: |", *lines])


class Harness:
    """A load on a cloud, its kills, and the checks of what they leave."""

    def __init__(self, cloud: KillableCloud, folder: Path, seed: int) -> None:
        self.cloud, self.folder = cloud, folder
        self.chance = random.Random(seed)
        self.report = Report(seed)
        self.user = User(cloud, BUCKET)
        self.acknowledged: dict[str, str] = {}
        """ARN of each execution -> its kind and number, as in ``chain-2``."""
        self.trainings = Trainings()
        self.in_flight: Counter[str] = Counter()
        """Key of an invocation -> the kills at which its task had no outcome yet."""
        self._kinds = list(machines(folder))
        self._numbers = itertools.count()
        self._feeding = threading.Lock()
        self._full = False
        self._expected: dict[str, tuple[Answer, Counter[str]]] = {}

    def run(self, kills: Iterable[str]) -> Report:
        """Kill the cloud, which runs, once for each of these: ``random``, or a point. Raises AssertionError."""
        begun = time.monotonic()
        user = self.user
        self.arns = provision(user, self.folder)
        try:
            user.beside(lambda: answer_callbacks(user))
            self._learn()
            user.beside(self._feed)
            self.cloud.stop()
            for kill in kills:
                assert not user.faults, user.faults
                self._kill(kill)
            self.cloud.start()
            with self._feeding:  # what is being started is acknowledged
                self._full = True
            self._wait(self.acknowledged)
            assert not user.faults, user.faults
            self._check()
        finally:
            user.over.set()
        self.report.seconds = time.monotonic() - begun
        return self.report

    # --- the load -----------------------------------------------------------------------------------------

    def _learn(self) -> None:
        """Note how executions of each kind and number end when nothing is killed."""
        alike = {f"{kind}-{n}": self._start(kind, n, ALONE) for kind in self.arns for n in range(INPUTS)}
        self._wait(alike.values())
        self._expected = {what: (self._answer(arn), self._shape(arn)) for what, arn in alike.items()}

    def _start(self, kind: str, n: int, name: str) -> str:
        arn = self.user.start(self.arns[kind], f"{kind}-{n}-{name}", {"n": n})
        self.acknowledged[arn] = f"{kind}-{n}"
        return arn

    def _feed(self) -> None:
        """Start one more execution if there is room for one of the kind whose turn it is."""
        time.sleep(PAUSE)
        number = next(self._numbers)
        kind = self._kinds[number % len(self._kinds)]
        request = {"stateMachineArn": self.arns[kind], "statusFilter": "RUNNING", "maxResults": AT_MOST_OPEN}
        with self._feeding:
            if self._full:
                return
            found = self.user.ask(lambda: self.user.states.list_executions(**request))
            if len(found["executions"]) < AT_MOST_OPEN:
                self._start(kind, number // len(self._kinds) % INPUTS, str(number))

    def _wait(self, arns: Iterable[str]) -> None:
        """Wait until all of these have ended; SECONDS without the end of one of them is too long."""
        deadline = time.monotonic() + SECONDS
        for arn in list(arns):
            while self.user.described(arn)["status"] == "RUNNING":
                assert not self.user.faults, self.user.faults
                assert time.monotonic() < deadline, f"{arn} does not end: {self.cloud.log.read_text()[-5000:]}"
                time.sleep(0.1)
            deadline = time.monotonic() + SECONDS

    # --- the kills ----------------------------------------------------------------------------------------

    def _kill(self, point: str) -> None:
        """Start the cloud and have it killed."""
        self.report.kills[point] += 1
        everything = False
        if point != RANDOM:
            number = self.chance.randint(1, _MOST_ARRIVALS.get(point, 20))
            self.cloud.start(point, number, ready=False)
            assert self.cloud.killed_itself(SECONDS), f"it did not get to the arrival {number} at {point}"
        else:
            everything = self.chance.random() < 0.15
            starting = self.chance.random() < 0.2  # it is killed while it starts or recovers
            self.cloud.start(ready=not starting)
            time.sleep(self.chance.uniform(0, 1.5))
            self.cloud.kill(everything=everything)
        self._note(everything)

    def _note(self, everything: bool) -> None:
        """Look at what was in flight."""
        self.trainings.note(self.cloud.training_jobs(), everything=everything)
        opened, tasks = self.cloud.open_tasks()
        self.report.open_at_kills += opened
        for task in tasks:
            if task.resource.service == "lambda":
                self.in_flight[task.arguments.value["Payload"]["key"]] += 1

    # --- the checks ---------------------------------------------------------------------------------------

    def _check(self) -> None:
        for arn, what in self.acknowledged.items():
            self._check_execution(arn, what)
        self._check_nested()
        self._check_invocations()
        self._check_trainings()
        self._check_objects()
        self._check_files()

    def _count(self, kind: str) -> int:
        return sum(what.partition("-")[0] == kind for what in self.acknowledged.values())

    def _answer(self, arn: str) -> Answer:
        found = self.user.described(arn)
        return found["status"], found.get("output"), found.get("error"), found.get("cause")

    def _shape(self, arn: str) -> Counter[str]:
        """What happened, without times and order, both of which may differ.

        TaskSubmitted of a callback is not there when its answer came first.
        """
        events = self.user.history(arn)
        check_history(events)
        self.report.events += len(events)
        return Counter(_line(event) for event in events if event["type"] != "TaskSubmitted")

    def _check_execution(self, arn: str, what: str) -> None:
        kind = what.partition("-")[0]
        answer, shape = self._expected[what]
        assert self._answer(arn) == answer, (arn, self._answer(arn), answer)
        assert self._shape(arn) == shape, (arn, self._shape(arn) - shape, shape - self._shape(arn))
        if kind in ("spread", "gather"):
            self._check_map_run(arn, exports=kind == "spread")
        if not arn.endswith(ALONE):
            self.report.executions[kind] += 1

    def _check_map_run(self, arn: str, *, exports: bool) -> None:
        """Each item has one child, which has succeeded; the results are whole."""
        ((run,),) = self.user.pages("list_map_runs", "mapRuns", executionArn=arn)
        found = self.user.states.describe_map_run(mapRunArn=run["mapRunArn"])
        wanted = {"total": ITEMS, "succeeded": ITEMS, "resultsWritten": ITEMS if exports else 0}
        for counts in (found["itemCounts"], found["executionCounts"]):
            assert {name: count for name, count in counts.items() if count or name in wanted} == wanted, found
        children = list(itertools.chain(*self.user.pages("list_executions", "executions", mapRunArn=run["mapRunArn"])))
        assert len(children) == ITEMS
        items = []
        for child in children:
            assert child["status"] == "SUCCEEDED"
            self._shape(child["executionArn"])
            items.append(json.loads(self.user.described(child["executionArn"])["input"])["item"])
        assert len({json.dumps(item) for item in items}) == ITEMS, items
        if exports:
            name, run_id = arn.rpartition(":")[2], run["mapRunArn"].rpartition(":")[2]
            key = f"results/{name}/{run_id}/manifest.json"
            results = written(self.user, {"MapRunArn": run["mapRunArn"], "ResultWriterDetails": {"Key": key}})
            assert [len(results[status]) for status in ("FAILED", "PENDING", "SUCCEEDED")] == [0, 0, ITEMS]

    def _check_nested(self) -> None:
        """Each task has begun one execution, however often it was asked to."""
        pages = self.user.pages("list_executions", "executions", stateMachineArn=self.arns["inner"])
        begun = [one for one in itertools.chain(*pages) if one["executionArn"] not in self.acknowledged]
        assert len(begun) == self._count("nested")
        assert {one["status"] for one in begun} == {"SUCCEEDED"}

    def _check_invocations(self) -> None:
        """An invocation was repeated at most once for each kill at which it was in flight."""
        lines = [line.split() for line in (self.folder / "invocations").read_text().splitlines()]
        times = Counter(key for key, _ in lines)
        again = {key: count - 1 for key, count in times.items() if count > 1}
        assert all(count <= self.in_flight[key] for key, count in again.items()), (again, self.in_flight)
        count = self._count
        assert len(times) == count("function") + 2 * count("retried") + ITEMS * count("spread")
        self.report.invocations = len(lines)
        self.report.invocations_again = sum(again.values())
        self.report.invocations_in_flight = sum(self.in_flight.values())

    def _check_trainings(self) -> None:
        """One job for each execution, begun once but for what was in flight; its model is whole."""
        jobs = self.cloud.training_jobs()
        names = {arn.rpartition(":")[2] for arn, what in self.acknowledged.items() if what.startswith("train-")}
        assert set(jobs) == names
        self.report.trainings = len(jobs)
        self.report.trainings_again = self.trainings.check(jobs)
        self.report.trainings_in_flight = sum(self.trainings.in_flight.values())
        begun = Counter((self.folder / "trainings").read_text().split())
        assert set(begun) == names
        assert all(count <= jobs[name].attempt for name, count in begun.items()), begun
        for name in names:
            body = self.user.s3.get_object(Bucket=BUCKET, Key=f"models/{name}/output/model.tar.gz")["Body"].read()
            with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                content = tar.extractfile("model.txt")
                assert content is not None
                assert content.read() == model(int(name.split("-")[1]))

    def _check_objects(self) -> None:
        """Each object is as long as its list says, and has the digest that is its ETag."""
        pages = self.user.pages("list_objects_v2", "Contents", Bucket=BUCKET)
        for entry in itertools.chain(*pages):
            body = self.user.s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            assert len(body) == entry["Size"], entry
            assert hashlib.md5(body).hexdigest() == entry["ETag"].strip('"'), entry
            self.report.objects += 1

    def _check_files(self) -> None:
        """After one more start nothing of what kills have cut off is left, and every database is sound."""
        self.cloud.stop()
        self.cloud.start()
        self.cloud.stop()
        store = self.cloud.data_dir / "s3"
        assert not list((store / "incoming").iterdir())
        for path in self.cloud.data_dir.rglob("*.db"):
            with contextlib.closing(sqlite3.connect(path)) as database:
                assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path
        self.cloud.start()


def _line(event: dict[str, Any]) -> str:
    details = event.get("stateEnteredEventDetails") or event.get("stateExitedEventDetails") or {}
    return f"{event['type']} {details.get('name', '')}"


def plan(chance: random.Random, random_kills: int, each_point: int) -> list[str]:
    """Kills in random order."""
    kills = [RANDOM] * random_kills + [point for point in POINTS for _ in range(each_point)]
    chance.shuffle(kills)
    return kills
