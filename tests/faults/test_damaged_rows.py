"""A row that cannot be read is the end of its execution, and of no other."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.conftest import Faulty

from stepfunctions.errors import ServiceError
from stepfunctions.runtime.clock import ManualClock

OTHER = "UPDATE {table} SET row = ? WHERE execution = (SELECT id FROM executions WHERE name = 'hurt')"
DAMAGES = {
    "a branch cut short": (OTHER.format(table="branches"), '{"id": 1, "sta'),
    "a branch without its fields": (OTHER.format(table="branches"), '{"id": 1}'),
    "a branch of other data": (OTHER.format(table="branches"), "[]"),
    "a task cut short": (OTHER.format(table="tasks"), '{"branch"'),
    "a branch that is no text": (OTHER.format(table="branches"), "CAST(x'FF00FE' AS TEXT)"),
}


def _damage(data: Path, statement: str, value: str) -> None:
    with contextlib.closing(sqlite3.connect(data / "stepfunctions.db", isolation_level=None)) as file:
        if value.startswith("CAST"):
            assert file.execute(statement.replace("?", value)).rowcount == 1
        else:
            assert file.execute(statement, (value,)).rowcount == 1


def _waiting(cloud: Faulty) -> str:
    activity = cloud("CreateActivity", name="ask")["activityArn"]
    return cloud.machine({"Ask": {"Type": "Task", "Resource": activity}, "Rest": {"Type": "Wait", "Seconds": 60}})


@pytest.mark.parametrize(("statement", "value"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_execution_is_stopped_and_others_go_on(
    statement: str,
    value: str,
    open_cloud: Callable[..., Faulty],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    cloud = open_cloud(clock=clock)
    machine = _waiting(cloud)
    hurt, well = cloud.start(machine, name="hurt"), cloud.start(machine, name="well")
    cloud.cloud.stop()
    _damage(tmp_path / "data", statement, value)
    with caplog.at_level(logging.ERROR):
        cloud = open_cloud(clock=clock)

    stopped = cloud.ended(hurt)
    assert (stopped["status"], stopped["error"]) == ("ABORTED", "States.Runtime")
    assert "stepfunctions.db is damaged" in stopped["cause"]
    assert [event["type"] for event in cloud.history(hurt)][-1] == "ExecutionAborted"
    assert hurt in caplog.text
    task = cloud("GetActivityTask", activityArn="arn:aws:states:us-east-1:123456789012:activity:ask")
    cloud("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    clock.advance(60)
    assert cloud.ended(well)["status"] == "SUCCEEDED"
    assert cloud.run(cloud.machine({"P": {"Type": "Pass"}}, "new"))["status"] == "SUCCEEDED"


def test_what_cannot_be_read_is_an_answer_that_names_the_file(faulty: Faulty, tmp_path: Path) -> None:
    arn = faulty.run(faulty.machine({"P": {"Type": "Pass"}}), name="hurt")["executionArn"]
    statement = "UPDATE events SET extra = ? WHERE type = 'ExecutionStarted'"
    _damage(tmp_path / "data", statement, "{")
    with pytest.raises(ServiceError, match=r"stepfunctions\.db is damaged") as caught:
        faulty.history(arn)
    assert (caught.value.code, caught.value.status) == ("InternalFailure", 500)
    assert faulty.described(arn)["status"] == "SUCCEEDED"


def test_an_execution_whose_definition_is_gone_says_so_when_stopped(
    open_cloud: Callable[..., Faulty], tmp_path: Path
) -> None:
    cloud = open_cloud()
    machine = _waiting(cloud)
    arn = cloud.start(machine, name="hurt")
    cloud.cloud.stop()
    _damage(tmp_path / "data", "UPDATE definitions SET text = ?", "{")
    cloud = open_cloud()
    assert cloud.described(arn)["status"] == "RUNNING"
    with pytest.raises(ServiceError, match="set aside"):
        cloud("StopExecution", executionArn=arn)
    assert cloud.run(cloud.machine({"P": {"Type": "Pass"}}, "new"))["status"] == "SUCCEEDED"
