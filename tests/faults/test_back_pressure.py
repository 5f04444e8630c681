"""What cannot be done at once waits in a bounded place; what is too much is refused as AWS refuses it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.faults.conftest import Faulty, wait_for

from stepfunctions.engine.limits import Limits
from stepfunctions.errors import ServiceError
from stepfunctions.local.lambda_ import fleet
from stepfunctions.local.threads import DaemonPool
from stepfunctions.runtime import core
from stepfunctions.runtime.operations import executions

UNTIL = """
import os, time
def handler(event, context):
    while not os.path.exists({path!r}):
        time.sleep(0.005)
    return event
"""


def _invoke(function: str) -> dict[str, Any]:
    return {"Type": "Task", "Resource": function}


def test_open_executions_are_bounded(open_cloud: Callable[..., Faulty], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.local.stepfunctions.AWS_LIMITS", Limits(open=2))
    cloud = open_cloud()
    machine = cloud.machine({"Rest": {"Type": "Wait", "Seconds": 600}})
    first, second = (cloud.start(machine, name=name) for name in ("first", "second"))
    with pytest.raises(ServiceError) as caught:
        cloud.start(machine, name="third")
    assert caught.value.code == "ExecutionLimitExceeded"
    cloud("StopExecution", executionArn=first)
    cloud.start(machine, name="third")
    assert cloud.described(second)["status"] == "RUNNING"


def test_a_slow_function_throttles_who_starts_and_loses_nothing(
    faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executions, "MOST_BEHIND", 3)
    monkeypatch.setattr("stepfunctions.local.tasks.cloud_tasks._LANE", 1)
    go = tmp_path / "go"
    machine = faulty.machine({"Slow": _invoke(faulty.function(UNTIL.format(path=str(go))))})
    runner = faulty.cloud.service("stepfunctions")._runner
    started = [faulty.start(machine, name="n0")]
    wait_for(lambda: runner.backlog == 0)
    started += [faulty.start(machine, name=f"n{number}") for number in (1, 2, 3)]
    assert runner.backlog == 3
    with pytest.raises(ServiceError) as caught:
        faulty.start(machine, name="more")
    assert (caught.value.code, caught.value.status) == ("ThrottlingException", 400)
    go.touch()
    assert {faulty.ended(arn)["status"] for arn in started} == {"SUCCEEDED"}
    assert faulty.run(machine, name="later")["status"] == "SUCCEEDED"


def test_invocations_beyond_the_quota_are_refused_as_aws_does(
    faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "MOST", 2)
    go = tmp_path / "go"
    function = faulty.function(UNTIL.format(path=str(go)))
    retry = [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 60}]
    machine = faulty.machine({"Slow": {**_invoke(function), "Retry": retry}})
    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(faulty, "Invoke", "lambda", FunctionName="f", Payload=b"1") for _ in range(2)]
        wait_for(lambda: faulty.cloud.service("lambda")._fleet._present == 2)
        with pytest.raises(ServiceError) as caught:
            faulty("Invoke", "lambda", FunctionName="f", Payload=b"1")
        assert (caught.value.code, caught.value.status) == ("TooManyRequestsException", 429)
        arn = faulty.start(machine)
        wait_for(lambda: "LambdaFunctionFailed" in [event["type"] for event in faulty.history(arn)])
        go.touch()
        assert [one.result()["Payload"] for one in busy] == [b"1", b"1"]
    assert faulty.ended(arn)["status"] == "SUCCEEDED"


def test_children_of_a_map_are_started_as_their_tasks_are_done(
    faulty: Faulty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "_BACKLOG", 5)
    monkeypatch.setattr(core, "_CHILDREN", 5)
    monkeypatch.setattr("stepfunctions.local.tasks.cloud_tasks._LANE", 1)
    go = tmp_path / "go"
    function = faulty.function(UNTIL.format(path=str(go)))
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "Slow",
        "States": {"Slow": {**_invoke(function), "End": True}},
    }
    arn = faulty.start(faulty.machine({"Each": {"Type": "Map", "ItemProcessor": processor}}), list(range(60)))
    runner = faulty.cloud.service("stepfunctions")._runner
    wait_for(lambda: runner.backlog >= 5)
    assert runner.open <= 1 + 15
    go.touch()
    done = faulty.ended(arn)
    assert done["status"] == "SUCCEEDED"
    assert done["output"] == "[" + ",".join(map(str, range(60))) + "]"


def test_a_pool_tells_how_much_waits() -> None:
    pool, go = DaemonPool("p", 1), threading.Event()
    futures = [pool.submit(go.wait) for _ in range(3)]
    wait_for(lambda: pool.backlog == 2)
    go.set()
    assert [future.result(10) for future in futures] == [True] * 3
    assert pool.backlog == 0
