"""What Workflow and Execution promise, whichever way they reach an engine."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from stepfunctions.errors import ExecutionFailed, WaitTimeout
from stepfunctions.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Catch, Chain, Fail, FrozenGraph, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.workflow import Execution, ExecutionStatus, Workflow

WAIT = 30.0


def workflow(door: Any, definition: Any = None, **given: Any) -> Workflow:
    made = Workflow(door.name, definition or Pass("Copy"), door.role, client=door.client, **given)
    made.create()
    return made


def waiting(door: Any) -> Execution:
    return workflow(door, FrozenGraph(door.waiting_task())).execute(inputs={"n": 1})


def token_of(door: Any, execution: Execution) -> str:
    """The token that the waiting task was given. Its event is there as soon as the history can be read."""
    for _ in range(1000):
        for event in execution.list_events():
            if event["type"] == "TaskScheduled":
                return str(json.loads(event["taskScheduledEventDetails"]["parameters"])["Input"]["token"])
        execution.describe()
    raise AssertionError("the task was not scheduled")


def test_create_execute_and_read(door: Any) -> None:
    flow = workflow(door, Chain([Pass("One", result={"a": 1}, result_path="$.one"), Pass("Two")]))
    assert flow.state_machine_arn == f"arn:aws:states:us-east-1:123456789012:stateMachine:{door.name}"
    execution = flow.execute(name="first", inputs={"given": "é"})
    assert execution.name == "first"
    assert execution.execution_arn.endswith(f":execution:{door.name}:first")
    assert execution.get_output(wait=True, timeout=WAIT) == {"given": "é", "one": {"a": 1}}
    assert execution.status is ExecutionStatus.Succeeded
    assert execution.stop_date is not None
    assert execution.stop_date >= execution.start_date
    assert execution.get_input() == {"given": "é"}
    assert execution.get_output(raise_on_failure=True) == {"given": "é", "one": {"a": 1}}


@pytest.mark.parametrize(
    ("inputs", "seen"),
    [
        (None, {}),
        ({}, {}),
        ([1, None], [1, None]),
        (7, 7),
        (False, False),
        ('{"text": "json"}', {"text": "json"}),
    ],
)
def test_inputs_are_json_values_or_their_text(door: Any, inputs: Any, seen: Any) -> None:
    execution = workflow(door).execute(inputs=inputs)
    assert execution.get_input() == seen
    assert execution.get_output(wait=True, timeout=WAIT) == seen


def test_inputs_that_are_no_json_never_leave(door: Any) -> None:
    flow = workflow(door)
    with pytest.raises(ValueError, match="Expecting"):
        flow.execute(inputs="{not json}")
    with pytest.raises(TypeError, match="set"):
        flow.execute(inputs={"a": {1, 2}})
    assert flow.list_executions() == []


def test_an_input_in_the_place_of_the_name_is_told(door: Any) -> None:
    with pytest.raises(TypeError, match=r"The name is dict, not a text\. The input is given as inputs="):
        Workflow(door.name, Pass("A"), door.role, client=door.client).execute({"n": 1})  # type: ignore[arg-type]


def test_inputs_are_checked_against_the_schema(door: Any) -> None:
    flow = Workflow(
        door.name,
        Pass("Copy"),
        door.role,
        client=door.client,
        execution_input=ExecutionInput({"week": int, "where": {"bucket": str}}),
    )
    with pytest.raises(ValueError, match=r'Expected run input.* \{"week": "int", .*where\.bucket: missing'):
        flow.execute(inputs={"week": 1})  # before it is noticed that there is no state machine
    with pytest.raises(ValueError, match=r"week: expected int, not 'one' \(str\)"):
        flow.execute(inputs={"week": "one", "where": {"bucket": "b"}})
    with pytest.raises(ValueError, match="Expected run input"):
        flow.execute()
    with pytest.raises(WorkflowNotFound, match=r"does not exist yet. Call create\(\) first"):
        flow.execute(inputs={"week": 1, "where": {"bucket": "b"}})
    flow.create()
    execution = flow.execute(inputs='{"week": 2, "where": {"bucket": "b"}, "more": true}')
    assert execution.get_output(wait=True, timeout=WAIT)["week"] == 2


def test_create_twice_changes_nothing(door: Any, caplog: pytest.LogCaptureFixture) -> None:
    flow = workflow(door)
    with caplog.at_level(logging.WARNING, "stepfunctions"):
        assert flow.create() == flow.state_machine_arn
        assert f"The workflow {door.name} exists already" in caplog.text
        caplog.clear()
        same = Workflow(door.name, Pass("Copy"), door.role, client=door.client)
        assert same.create() == flow.state_machine_arn
        assert caplog.text == ""
        other = Workflow(door.name, Pass("Other"), door.role, client=door.client)
        assert other.create() == flow.state_machine_arn
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"{flow.state_machine_arn}. Use update() to change it" in caplog.text
    stored = door.client.describe_state_machine(stateMachineArn=flow.state_machine_arn)
    assert json.loads(stored["definition"])["StartAt"] == "Copy"


def test_update(door: Any) -> None:
    flow = workflow(door)
    first = flow.execute(inputs={"n": 1})
    role = "arn:aws:iam::123456789012:role/Other"
    assert flow.update(definition=Pass("Other", result="new"), role=role) == flow.state_machine_arn
    second = flow.execute()
    assert first.get_output(wait=True, timeout=WAIT) == {"n": 1}
    assert second.get_output(wait=True, timeout=WAIT) == "new"
    attached = Workflow.attach(str(flow.state_machine_arn), door.client)
    assert (attached.role, list(attached.definition.to_dict()["States"])) == (role, ["Other"])
    assert list(Execution.attach(first.execution_arn, door.client).workflow.definition.to_dict()["States"]) == ["Copy"]
    flow.update(role=door.role)
    assert Workflow.attach(str(flow.state_machine_arn), door.client).role == door.role


def test_create_or_update(door: Any, caplog: pytest.LogCaptureFixture) -> None:
    first = Workflow(door.name, Pass("One"), door.role, client=door.client)
    arn = first.create_or_update()
    before = door.client.describe_state_machine(stateMachineArn=arn).get("revisionId")
    same = Workflow(door.name, Pass("One"), door.role, client=door.client)
    assert same.create_or_update() == arn == same.create_or_update()
    assert door.client.describe_state_machine(stateMachineArn=arn).get("revisionId") == before
    other = Workflow(door.name, Pass("Two"), door.role, client=door.client)
    assert other.create_or_update() == arn
    assert json.loads(door.client.describe_state_machine(stateMachineArn=arn)["definition"])["StartAt"] == "Two"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_update_needs_something_to_change_and_something_to_be_changed(door: Any) -> None:
    flow = Workflow(door.name, Pass("Copy"), door.role, client=door.client)
    with pytest.raises(MissingRequiredParameter):
        flow.update()
    with pytest.raises(WorkflowNotFound):
        flow.update(role=door.role)
    flow.create()
    with pytest.raises(door.client.exceptions.ClientError, match="InvalidDefinition"):
        flow.update(definition=FrozenGraph({"StartAt": "Lost", "States": {}}))
    assert list(flow.definition.to_dict()["States"]) == ["Copy"], "a refused definition is not kept"
    assert flow.execute().get_output(wait=True, timeout=WAIT) == {}


def test_attach_lists_and_delete(door: Any) -> None:
    flow = workflow(door, tags={"team": "science"})
    tags = door.client.list_tags_for_resource(resourceArn=flow.state_machine_arn)["tags"]
    assert tags == [{"key": "team", "value": "science"}]
    attached = Workflow.attach(str(flow.state_machine_arn), door.client)
    assert attached.name == door.name
    assert attached.definition.to_dict() == flow.definition.to_dict()
    names = [entry["name"] for entry in Workflow.list_workflows(client=door.client, max_items=1000)]
    assert door.name in names
    assert len(Workflow.list_workflows(client=door.client, max_items=1)) == 1
    ran = [attached.execute(name=f"run-{n}") for n in range(3)]
    for execution in ran:
        execution.get_output(wait=True, timeout=WAIT)
    assert sorted(one.name for one in flow.list_executions()) == ["run-0", "run-1", "run-2"]
    assert len(flow.list_executions(max_items=2)) == 2
    assert {one.status for one in flow.list_executions(status_filter="SUCCEEDED")} == {ExecutionStatus.Succeeded}
    assert flow.list_executions(status_filter="FAILED") == []
    flow.delete()
    assert flow.state_machine_arn is None
    assert flow.list_executions() == []
    flow.delete()
    with pytest.raises(door.client.exceptions.StateMachineDoesNotExist):
        Workflow.attach(str(attached.state_machine_arn), door.client)
    left = Execution.attach(ran[0].execution_arn, door.client)
    assert (left.name, left.status) == ("run-0", ExecutionStatus.Succeeded)
    assert left.workflow.name == door.name, "an execution outlives its state machine"


def test_nothing_to_attach_to(door: Any) -> None:
    with pytest.raises(door.client.exceptions.ExecutionDoesNotExist):
        Execution.attach(f"arn:aws:states:us-east-1:123456789012:execution:{door.name}:none", door.client)


def test_a_failed_execution(door: Any) -> None:
    execution = workflow(door, Chain([Pass("Before"), Fail("Stop here", error="Late", cause="by an hour")])).execute()
    assert execution.get_output(wait=True, timeout=WAIT) is None
    assert execution.status is ExecutionStatus.Failed
    with pytest.raises(ExecutionFailed) as caught:
        execution.get_output(wait=True, timeout=WAIT, raise_on_failure=True)
    failed = caught.value
    assert (failed.arn, failed.status, failed.error, failed.cause, failed.state) == (
        execution.execution_arn,
        "FAILED",
        "Late",
        "by an hour",
        "Stop here",
    )


def test_the_failed_state_is_the_one_of_the_branch_that_failed(door: Any) -> None:
    both = Parallel("Both")
    both.add_branch(Chain([Wait("Nap", seconds=0), Fail("Bad branch", error="Bad")]))
    both.add_branch(Chain([Pass("A"), Pass("B"), Pass("C"), Wait("Long", seconds=100_000)]))
    with pytest.raises(ExecutionFailed, match="in state 'Bad branch': Bad"):
        workflow(door, both).execute().get_output(wait=True, timeout=WAIT, raise_on_failure=True)


def test_a_runtime_failure_is_not_caught_and_names_its_state(door: Any) -> None:
    task = Task("Broken", resource="arn:aws:states:::aws-sdk:sts:assumeRole", parameters={"Nonsense": 1})
    task.add_catch(Catch(error_equals=["States.ALL"], next_step=Succeed("Anyway")))
    failing = workflow(door, task).execute()
    with pytest.raises(ExecutionFailed) as caught:
        failing.get_output(wait=True, timeout=WAIT, raise_on_failure=True)
    assert (caught.value.error, caught.value.state) == ("States.Runtime", "Broken")


def test_a_task_of_a_service(door: Any) -> None:
    who = Task(
        "Who", resource="arn:aws:states:::aws-sdk:sts:getCallerIdentity", result_selector={"account.$": "$.Account"}
    )
    assert workflow(door, who).execute().get_output(wait=True, timeout=WAIT) == {"account": "123456789012"}


def test_waiting_has_a_timeout_and_the_execution_runs_on(door: Any) -> None:
    execution = waiting(door)
    assert execution.get_output() is None
    assert execution.get_output(raise_on_failure=True) is None
    with pytest.raises(WaitTimeout, match=r"is still running after 0\.2 s"):
        execution.get_output(wait=True, timeout=0.2)
    with pytest.raises(TimeoutError):
        execution.wait(timeout=0)
    assert execution.status is ExecutionStatus.Running
    door.client.send_task_success(taskToken=token_of(door, execution), output='{"answer": 42}')
    assert execution.get_output(wait=True, timeout=WAIT) == {"answer": 42}


def test_stop(door: Any) -> None:
    execution = waiting(door)
    execution.stop(cause="no longer needed", error="Enough")
    assert execution.get_output(wait=True, timeout=WAIT) is None
    assert execution.status is ExecutionStatus.Aborted
    with pytest.raises(ExecutionFailed, match=r"ended ABORTED.*Enough.*no longer needed"):
        execution.get_output(raise_on_failure=True)
    stopped = execution.stop_date
    execution.stop()
    execution.describe()
    assert execution.stop_date == stopped
    assert execution.describe()["error"] == "Enough"


def test_events_of_a_history_in_both_orders(door: Any) -> None:
    execution = workflow(door, Chain([Pass(f"State {n}") for n in range(30)])).execute()
    execution.get_output(wait=True, timeout=WAIT)
    events = execution.list_events()
    assert [event["id"] for event in events] == list(range(1, 63))
    assert events[0]["type"] == "ExecutionStarted"
    assert events[-1]["type"] == "ExecutionSucceeded"
    newest = execution.list_events(max_items=5, reverse_order=True)
    assert [event["id"] for event in newest] == [62, 61, 60, 59, 58]
    assert execution.list_events(max_items=0) == []
    assert execution.list_events(html=True) == events


def test_a_name_is_used_once(door: Any) -> None:
    flow = workflow(door)
    flow.execute(name="same", inputs={"n": 1}).get_output(wait=True, timeout=WAIT)
    with pytest.raises(door.client.exceptions.ExecutionAlreadyExists):
        flow.execute(name="same", inputs={"n": 2})


def test_a_wrong_definition_is_refused_with_its_path(door: Any) -> None:
    flow = Workflow(
        door.name,
        FrozenGraph({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}),
        door.role,
        client=door.client,
    )
    with pytest.raises(door.client.exceptions.InvalidDefinition, match="/States/A/Next"):
        flow.create()
    assert flow.state_machine_arn is None


def test_the_progress_is_drawn_on_the_definition_that_ran(door: Any) -> None:
    flow = workflow(door, Chain([Pass("Ran"), Succeed("Well")]))
    execution = flow.execute()
    execution.get_output(wait=True, timeout=WAIT)
    flow.update(definition=Pass("New"))
    picture = execution.render_progress()
    assert "Ran" in picture.text
    assert "New" not in picture.text
    assert "New" in flow.render_graph().text
