"""Steps that wait for somebody, run with answers given later."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput
from stepfunctions.runtime.mocks import PENDING
from stepfunctions.steps import Catch, Pass
from stepfunctions.steps.graph import Graph
from stepfunctions.steps.services.callbacks import ActivityStep, human_approval, task_token
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/r"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:review"


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def question_and_answer() -> tuple[list[Any], Any]:
    """Return a list and a mock that puts the requests it gets there, and whose token is answered later."""
    asked: list[Any] = []

    def ask(request: Any) -> Any:
        asked.append(request)
        return PENDING

    return asked, ask


def test_the_token_in_both_languages() -> None:
    assert task_token().to_jsonpath() == "$$.Task.Token"
    assert task_token().to_jsonata() == "$states.context.Task.Token"


def test_activities() -> None:
    step = ActivityStep("review", ACTIVITY, heartbeat_seconds=60, parameters={"week": ExecutionInput()["week"]})
    assert step.to_dict() == {
        "Resource": ACTIVITY,
        "HeartbeatSeconds": 60,
        "Parameters": {"week.$": "$$.Execution.Input['week']"},
        "Type": "Task",
        "End": True,
    }
    in_jsonata = Graph(step, query_language="JSONata").to_dict()["States"]["review"]
    assert in_jsonata["Arguments"] == {"week": "{% $states.context.Execution.Input.week %}"}
    with pytest.raises(ValueError, match="'arn:aws:states:::sns:publish' is not the ARN of an activity"):
        ActivityStep("review", "arn:aws:states:::sns:publish")
    with pytest.raises(ValueError, match="State 'review': 'review' is not the ARN"):
        ActivityStep("review", "review")
    for wrong in (None, ExecutionInput()["arn"]):
        with pytest.raises(TypeError, match=r"State 'review': activity_arn=.*: a resource is fixed"):
            ActivityStep("review", wrong)  # type: ignore[arg-type]
    execution = Workflow("w", step, ROLE).run({"week": 3}, mocks={"review": lambda request: {"seen": request}})
    assert execution.get_output() == {"seen": {"week": 3}}


@pytest.mark.parametrize(
    ("receiver", "resource", "message"),
    [
        ({"topic_arn": "t"}, "sns:publish", "Message"),
        ({"queue_url": "q"}, "sqs:sendMessage", "MessageBody"),
        ({"function": "f"}, "lambda:invoke", "Payload"),
    ],
)
@pytest.mark.parametrize("language", [None, "JSONata"])
def test_a_person_is_asked_and_answers(
    receiver: dict[str, str], resource: str, message: str, language: str | None
) -> None:
    asked, ask = question_and_answer()
    question = {"Deploy": ExecutionInput()["model"]}
    step = human_approval("Approve", message=question, **receiver, query_language=language)  # type: ignore[arg-type]
    assert step.to_dict()["Resource"] == f"arn:aws:states:::{resource}.waitForTaskToken"
    execution = Workflow("w", step, ROLE).run({"model": "m-7"}, mocks={"Approve": ask})
    assert execution.status.value == "RUNNING"
    sent = asked[0][message]
    assert {name: sent[name] for name in ("Message", "State")} == {"Message": {"Deploy": "m-7"}, "State": "Approve"}
    assert sent["Execution"] == execution.name
    execution.client.send_task_success(taskToken=sent["TaskToken"], output=json.dumps({"approved_by": "Ada"}))
    execution.client.run_until_idle()
    assert execution.get_output() == {"approved_by": "Ada"}


def test_a_person_rejects() -> None:
    asked, ask = question_and_answer()
    step = human_approval(
        "Approve",
        queue_url="q",
        message="Deploy?",
        catch=Catch(Pass("keep the old one", result="kept"), error_equals=["Rejected"]),
    )
    execution = Workflow("w", step, ROLE).run(mocks={"Approve": ask})
    execution.client.send_task_failure(
        taskToken=asked[0]["MessageBody"]["TaskToken"], error="Rejected", cause="too many errors"
    )
    execution.client.run_until_idle()
    assert execution.get_output() == "kept"


def test_nobody_answers_in_time() -> None:
    step = human_approval("Approve", topic_arn="t", subject="Deploy?", message="?", timeout_seconds=60)
    assert step.to_dict()["Parameters"]["Subject"] == "Deploy?"
    execution = Workflow("w", step, ROLE).run(mocks={"Approve": PENDING})
    assert execution.status.value == "FAILED"
    assert execution.describe()["error"] == "States.Timeout"


def test_exactly_one_is_asked() -> None:
    with pytest.raises(ValueError, match=r"give one of topic_arn, queue_url, function, not none\."):
        human_approval("Approve", message="?")
    with pytest.raises(ValueError, match=r"not topic_arn and function\."):
        human_approval("Approve", message="?", topic_arn="t", function="f")
    with pytest.raises(ValueError, match="'subject' is of messages to a topic"):
        human_approval("Approve", message="?", queue_url="q", subject="s")
