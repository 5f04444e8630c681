"""Kill a real process that runs executions, at random moments, and start it again: nothing may be lost."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.engine.history import HistoryEvent
from stepfunctions.runtime.store.sqlite import SqliteStore

pytestmark = pytest.mark.crash

PROGRAM = Path(__file__).with_name("runner_process.py")
_SHORTEST = 0.1
"""Seconds that the execution takes at least: its waits and pauses are 5 seconds and more, 50 times as fast."""
ARN = "arn:aws:states:us-east-1:123456789012:execution:m:e"


def run(folder: Path, kill_after: float | None) -> bool:
    """Run the program in ``folder``; kill it so many seconds after it was ready. True when it got to its end."""
    folder.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, str(PROGRAM), str(folder)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            process.wait(kill_after if kill_after is not None else 60)
        except subprocess.TimeoutExpired:
            assert kill_after is not None, "it did not end"
            process.kill()
            return False
        assert process.stdout.read() == "done\n"
        assert process.returncode == 0
        return True


def shape(events: list[HistoryEvent]) -> Counter[str]:
    """A history without time, and without the order of branches that run side by side."""
    by_id = {event.id: event for event in events}

    def line(event: HistoryEvent) -> str:
        before = by_id.get(event.previous_id)
        extra = {key: value for key, value in (event.extra or {}).items() if key != "mapRunArn"}
        payload = event.payload.value if event.payload else None
        return json.dumps([event.type, event.name, payload, extra, before and before.type, before and before.name])

    return Counter(map(line, events))


def outcome(folder: Path) -> tuple[Any, ...]:
    """Everything that must not depend on kills."""
    store = SqliteStore(folder / "states.db")
    try:
        execution = store.executions.load(ARN)
        assert execution is not None
        assert (execution.status, execution.branches) == ("SUCCEEDED", {}), execution
        events = store.executions.history(ARN, limit=10_000)
        assert [event.id for event in events] == list(range(1, len(events) + 1))
        assert all(earlier.timestamp <= later.timestamp for earlier, later in itertools.pairwise(events))
        (map_run,) = store.map_runs.of_execution(ARN)
        children, more = store.executions.page(None, None, map_run.arn, None, 1_000)
        assert more is None
        assert sorted(child.item_index or 0 for child in children) == list(range(30))
        assert store.executions.open_arns() == []
        histories = Counter(str(sorted(shape(store.executions.history(one.arn)).items())) for one in children)
        counts = (map_run.status, map_run.succeeded, map_run.running, map_run.cursor, map_run.total)
        assert execution.output is not None
        return shape(events), execution.output.value, histories, counts
    finally:
        store.close()


@pytest.mark.timeout(300)
def test_killed_at_random_moments_it_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    begun = time.monotonic()
    assert run(tmp_path / "whole", None)
    duration = time.monotonic() - begun
    expected = outcome(tmp_path / "whole")
    assert sum(expected[0].values()) > 60
    chance = random.Random(20_261_122)
    for number in range(4):
        folder = tmp_path / f"killed-{number}"
        kills = 0
        # The first comes before it can have ended, the later ones later and later: a machine that is busier or idler
        # than in the first run makes it neither end too early nor never.
        longest = _SHORTEST
        while not run(folder, chance.uniform(0, longest)):
            kills += 1
            longest = max(longest, duration / 4) * 1.05
            assert kills < 100, "it makes no progress"
        assert outcome(folder) == expected
        assert kills > 0
        begun_times = [len(path.read_text().splitlines()) for path in (folder / "effects").iterdir()]
        assert max(begun_times) <= kills + 1
