"""Express workflows: synchronous executions, and what can be told of the others."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest

from stepfunctions.errors import ExecutionFailed
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, Fail, FrozenGraph, Pass, Wait
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow


@dataclass
class Week:
    number: int
    note: str = ""


def express(door: Any, definition: Any = None, **given: Any) -> Workflow:
    flow = Workflow(door.name, definition or Pass("Copy"), door.role, client=door.client, type="EXPRESS", **given)
    flow.create()
    return flow


def test_a_synchronous_execution(door: Any) -> None:
    ended = express(door).execute_sync({"n": "é"}, name="first")
    assert ended.status is ExecutionStatus.Succeeded
    assert ended.output == ended.get_output() == ended.input == ended.get_input() == {"n": "é"}
    assert (ended.name, ended.error, ended.cause, ended.failure) == ("first", None, None, None)
    assert ended.stop_date >= ended.start_date
    assert ended.billing.milliseconds is not None
    assert ended.billing.milliseconds % 100 == 0
    assert ended.billing.memory_mb == 64
    assert ended.execution_arn.split(":")[5] == "express"
    assert ended.workflow.name == door.name


def test_a_failed_one_raises_only_when_asked(door: Any) -> None:
    flow = express(door, Fail("F", error="Late", cause="by an hour"))
    ended = flow.execute_sync()
    assert (ended.status, ended.error, ended.cause) == (ExecutionStatus.Failed, "Late", "by an hour")
    assert ended.get_output() is None
    assert isinstance(ended.failure, ExecutionFailed)
    with pytest.raises(ExecutionFailed, match=r"ended FAILED: Late \(by an hour\)"):
        ended.get_output(raise_on_failure=True)
    with pytest.raises(ExecutionFailed):
        flow.execute_sync(raise_on_failure=True)


def test_of_a_version_and_through_an_alias(door: Any) -> None:
    flow = express(door, Pass("P", result="one"))
    first = flow.publish()
    flow.alias("live", first)
    flow.update(Pass("P", result="two"))
    assert [flow.execute_sync(**one).output for one in ({}, {"version": 1}, {"alias": "live"})] == ["two", "one", "one"]


def test_inputs_are_checked_and_written_as_json(door: Any) -> None:
    flow = express(door, execution_input=ExecutionInput(schema=Week))
    assert flow.execute_sync(Week(39)).output == {"number": 39, "note": ""}
    with pytest.raises(ValueError, match="number: expected int, not 'x'"):
        flow.execute_sync({"number": "x"})


def test_a_standard_workflow_has_none(door: Any) -> None:
    flow = Workflow(door.name, Pass("P"), door.role, client=door.client)
    flow.create()
    with pytest.raises(door.client.exceptions.StateMachineTypeNotSupported):
        flow.execute_sync()


def test_what_an_express_workflow_cannot_have_is_refused(door: Any) -> None:
    with pytest.raises(door.client.exceptions.InvalidDefinition, match=r"\.waitForTaskToken"):
        express(door, FrozenGraph(door.waiting_task()))


def test_attach_knows_the_type(door: Any) -> None:
    flow = express(door)
    attached = Workflow.attach(str(flow.state_machine_arn), door.client)
    assert attached.type == "EXPRESS"
    assert attached.execute_sync([1]).output == [1]


def test_of_an_asynchronous_one_the_status_stays_what_it_was(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.workflow.execution.STATUS_SECONDS", 0.0)
    execution = express(door).execute(inputs={"n": 1})
    assert ":express:" in execution.execution_arn
    known = execution.status
    if hasattr(door.client, "run_until_idle"):
        assert known is ExecutionStatus.Succeeded, "in this process it can be asked about"
    else:
        assert known is ExecutionStatus.Running
        with pytest.raises(door.client.exceptions.InvalidArn):
            execution.describe()
        for wait in (execution.wait, lambda: asyncio.run(execution._awaited()), lambda: execution.events(follow=True)):
            with pytest.raises(ValueError, match=r"it cannot be waited for. Use workflow.execute_sync\(\)"):
                wait()


def test_run_in_process() -> None:
    flow = Workflow("w", Chain([Wait("W", seconds=10), Pass("P")]), "role", type="EXPRESS")
    execution = flow.run({"n": 1})
    assert isinstance(execution, Execution)
    assert (execution.status, execution.get_output()) == (ExecutionStatus.Succeeded, {"n": 1})
    assert [event["type"] for event in execution.events()][-1] == "ExecutionSucceeded"
    long = Workflow("w", Wait("W", seconds=301), "role", type="EXPRESS").run()
    assert long.status is ExecutionStatus.TimedOut
    assert json.dumps(long.get_input()) == "{}"
