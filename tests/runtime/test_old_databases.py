"""Databases that older versions left: what was open in them goes on, and ends as it would have there."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stepfunctions.engine.messages import RunTask
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import PENDING, MockIntegration
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.schema import MIGRATIONS
from stepfunctions.runtime.store.sqlite import SqliteStore

FILES = sorted((Path(__file__).parent / "schemas").glob("schema_*.sql"))
PREFIX = "arn:aws:states:us-east-1:123456789012:execution"
ENDS = {
    "ended": {"a": [1, "é" * 200]},
    "waits": {"n": 1},
    "asks": {"answer": 42},
    "retries": {"MessageId": "m"},
    "parallel": [1, {"n": 1}],
    "map": [1, 2, 3],
    "spread": [0, 1, 2, 3],
}


def test_every_schema_has_a_database() -> None:
    never_ran = {3, 4}
    assert {int(path.stem.partition("_")[2]) for path in FILES} == set(range(1, len(MIGRATIONS) + 1)) - never_ran


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_open_in_an_old_database_goes_on(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "states.db")) as database:
        database.executescript(path.read_text())
    store, clock = SqliteStore(tmp_path / "states.db"), ManualClock()
    mocks = MockIntegration({"Ask": PENDING, "Flaky": {"MessageId": "m"}})
    runner = Runner(store, clock, mocks, Items(), workers=0)
    api = StepFunctionsApi(runner, store, clock)
    runner.recover()
    assert {name for name in ENDS if api.describe_execution(of(name))["status"] == "SUCCEEDED"} == {"ended"}
    (task, _) = store.executions.pending(of("asks")["executionArn"]).tasks[0]
    assert isinstance(task, RunTask)
    api.send_task_success({"taskToken": task.token, "output": '{"answer": 42}'})
    runner.drive()
    for name, expected in ENDS.items():
        described = api.describe_execution(of(name))
        assert described["status"] == "SUCCEEDED", name
        assert json.loads(described["output"]) == expected
        ids = [event["id"] for event in api.get_execution_history(of(name))["events"]]
        assert ids == list(range(1, len(ids) + 1))
    failed = api.describe_execution(of("failed"))
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "E", "c")
    children = api.list_executions({"mapRunArn": api.list_map_runs(of("spread"))["mapRuns"][0]["mapRunArn"]})
    assert [child["status"] for child in children["executions"]] == ["SUCCEEDED"] * 4
    store.close()


def of(name: str) -> dict[str, str]:
    return {"executionArn": f"{PREFIX}:{name}:one"}
