"""Activities: who gets a task, how long a poll waits, and what a restart leaves."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from stepfunctions.runtime.store.activities import ActivityRow

ARN = "arn:aws:states:us-east-1:123456789012:activity:people"
ASK = {"A": {"Type": "Task", "Resource": ARN}}


@pytest.fixture
def asked(world: Any, api: Any) -> str:
    """An execution whose task waits for a worker."""
    world.api.poll_seconds = 0.0
    api("CreateActivity", name="people")
    return str(world.run(ASK, {"n": 1}))


def test_a_worker_gets_the_task_and_answers(world: Any, api: Any, asked: str) -> None:
    task = api("GetActivityTask", activityArn=ARN, workerName="w")
    assert json.loads(task["input"]) == {"n": 1}
    assert api("GetActivityTask", activityArn=ARN) == {}
    api("SendTaskSuccess", taskToken=task["taskToken"], output="[2]")
    world.runner.pump()
    assert world.output(asked) == [2]


def test_a_task_that_nobody_took_waits_after_a_restart(world: Any, api: Any, asked: str) -> None:
    world.restart()
    world.api.poll_seconds = 0.0
    task = api("GetActivityTask", activityArn=ARN)
    api("SendTaskFailure", taskToken=task["taskToken"], error="No", cause="none")
    world.runner.pump()
    assert world.describe(asked)["error"] == "No"


def test_a_token_is_good_after_a_restart_and_the_task_is_given_once(world: Any, api: Any, asked: str) -> None:
    task = api("GetActivityTask", activityArn=ARN)
    world.restart()
    world.api.poll_seconds = 0.0
    assert api("GetActivityTask", activityArn=ARN) == {}
    api("SendTaskHeartbeat", taskToken=task["taskToken"])
    api("SendTaskSuccess", taskToken=task["taskToken"], output="1")
    world.runner.pump()
    assert world.output(asked) == 1


def test_a_worker_that_is_gone_takes_no_task(world: Any, api: Any, asked: str) -> None:
    assert world.api.get_activity_task({"activityArn": ARN}, lambda: True) == {}
    assert world.types(asked)[-1] == "ActivityScheduled"
    assert api("GetActivityTask", activityArn=ARN)["input"] == '{"n":1}'


def test_a_stopped_execution_leaves_no_task(world: Any, api: Any, asked: str) -> None:
    api("StopExecution", executionArn=asked)
    world.runner.pump()
    assert api("GetActivityTask", activityArn=ARN) == {}


def poll(world: Any, api: Any) -> tuple[threading.Thread, list[Any]]:
    """Poll in a thread; it waits when this returns. The list gets its answer."""
    answers: list[Any] = []
    worker = threading.Thread(target=lambda: answers.append(api("GetActivityTask", activityArn=ARN)))
    worker.start()
    while not world.runner.activities.polling(ARN):
        pass
    return worker, answers


def test_a_poll_waits_for_a_task(world: Any, api: Any) -> None:
    world.threaded()
    api("CreateActivity", name="people")
    worker, answers = poll(world, api)
    world.begin(world.create(ASK))
    worker.join(30)
    assert json.loads(answers[0]["input"]) == {}


def test_a_stop_lets_go_of_workers(world: Any, api: Any) -> None:
    world.threaded()
    api("CreateActivity", name="people")
    worker, answers = poll(world, api)
    world.runner.stop()
    worker.join(30)
    assert answers == [{}]


def test_too_many_workers(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api("CreateActivity", name="people")
    monkeypatch.setattr(world.runner.activities, "polling", lambda _arn: 1000)
    api.refuses("ActivityWorkerLimitExceeded", "GetActivityTask", activityArn=ARN)


def test_activities_are_rows(world: Any) -> None:
    rows = [
        ActivityRow(arn=f"p:{name}", name=name, created_at=1.5, encryption={"type": "AWS_OWNED_KEY"}, tags={"a": "é"})
        for name in ("c", "a", "b")
    ]
    for row in rows:
        world.store.activities.put(row)
    world.store.activities.put(ActivityRow(arn="q:d", name="d", created_at=2.0))
    world.restart()
    store = world.store.activities
    assert store.get("p:a") == rows[1]
    assert store.get("p:z") is None
    page, mark = store.list("p:", None, 2)
    assert [one.name for one in page] == ["a", "b"]
    page, mark = store.list("p:", mark, 2)
    assert ([one.name for one in page], mark) == (["c"], None)
    store.delete("p:a")
    store.delete("p:a")
    assert [one.name for one in store.list("", None, 9)[0]] == ["b", "c", "d"]
