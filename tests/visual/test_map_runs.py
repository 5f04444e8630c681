"""The numbers of Distributed Maps: asked of the service, after a redrive too; missing when it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual.notebook.watching import Watch
from stepfunctions.visual.report import report
from stepfunctions.visual.report.asking import Questions
from stepfunctions.visual.runs import map_counts
from stepfunctions.workflow import Execution


class Redriven:
    """A Distributed Map of three items of which one fails when it is first tried; its client may refuse."""

    def __init__(self) -> None:
        self.tries: list[int] = []
        self.client = LocalClient({"train": self.train})
        self.refused = False
        task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                "Parameters": {"FunctionName": "train", "Payload.$": "$"}}  # fmt: skip
        processor = {
            "StartAt": "T",
            "States": {"T": task},
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        }
        each = {"Type": "Map", "Label": "M", "ItemProcessor": processor, "End": True}
        machine = self.client.create_state_machine(
            name="m",
            definition=json.dumps({"StartAt": "M", "States": {"M": each}}),
            roleArn="arn:aws:iam::123456789012:role/r",
        )
        started = self.client.start_execution(stateMachineArn=machine["stateMachineArn"], input="[0, 1, 2]")
        self.arn: str = started["executionArn"]
        self.client.run_until_idle()

    def train(self, number: int) -> int:
        self.tries.append(number)
        if number == 1 and self.tries.count(1) == 1:
            raise StateFailed("Boom", "once")
        return number

    def redrive(self) -> None:
        self.client.redrive_execution(executionArn=self.arn)
        self.client.run_until_idle()

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_execution_history(executionArn=self.arn)["events"]
        return found

    def describe_map_run(self, **request: Any) -> Any:
        if self.refused:
            raise ServiceError("AccessDeniedException", "not you")
        return self.client.describe_map_run(**request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@pytest.fixture
def redriven() -> Redriven:
    return Redriven()


def test_a_watch_asks_for_a_map_run_again_when_it_is_redriven(redriven: Redriven) -> None:
    watch = Watch(redriven, redriven.arn, lambda: redriven.events)
    watch.ask()
    assert watch.history.overlay.states["M"].text().startswith("Failed · 3/3 · 1 failed")
    redriven.redrive()
    watched = redriven.events
    redrive = [event["type"] for event in watched].index("MapRunRedriven") + 1
    watch.fresh = lambda: watched[:redrive]
    watch.ask()
    assert watch.history.overlay.states["M"].text() == "Running · 3/3"


def test_a_watch_goes_on_without_what_is_refused_and_says_so(redriven: Redriven) -> None:
    redriven.refused = True
    watch = Watch(redriven, redriven.arn, lambda: redriven.events)
    watch.ask()
    assert watch.history.overlay.states["M"].text() == "Failed"
    assert "The items of M could not be read: AccessDeniedException: not you" in watch.bundle()["text/plain"]
    assert watch.document()["maps"] == []
    redriven.refused = False
    watch.ask()
    assert "could not be read" not in watch.bundle()["text/plain"]
    assert "1 failed" in watch.bundle()["text/plain"]


def test_counts_that_are_refused_are_missing_and_noted(redriven: Redriven) -> None:
    assert map_counts(redriven, redriven.events)["M"]["failed"] == 1
    redriven.refused = True
    questions = Questions()
    assert map_counts(redriven, redriven.events, questions) == {}
    assert questions.notes == ["The item counts of M could not be read: AccessDeniedException: not you"]
    page = report(redriven, redriven.arn)
    assert "AccessDeniedException: not you" in page


@pytest.mark.parametrize("ring", [3, 4])
def test_a_map_run_whose_beginning_is_lost_has_no_name(redriven: Redriven, ring: int) -> None:
    events = [event for event in redriven.events if event["type"] != "MapStateEntered"]
    assert map_counts(redriven, events) == {}
    events[1]["previousEventId"] = ring  # an event that follows itself, or one that follows it
    assert map_counts(redriven, events) == {}
    assert map_counts(redriven, [{"type": "MapRunStarted"}, {}]) == {}


def test_a_picture_warns_of_counts_that_are_refused(redriven: Redriven) -> None:
    redriven.refused = True
    execution = Execution.attach(redriven.arn, redriven)
    with pytest.warns(UserWarning, match="The item counts of M could not be read: AccessDeniedException: not you"):
        picture = execution.render_progress()
    assert "M  [Distributed Map]  Failed\n" in str(picture)
