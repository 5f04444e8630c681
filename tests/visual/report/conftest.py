"""Executions of an in-process client, to be reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from stepfunctions.errors import StateFailed
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual.report import report

ROLE = "arn:aws:iam::123456789012:role/r"
LAMBDA = "arn:aws:states:::lambda:invoke"


class Page(HTMLParser):
    """A page as a browser's parser has it: its elements, and the text of those that hold it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._within = dict(attrs).get("id") or tag

    def handle_data(self, data: str) -> None:
        self.inside[self._within] = self.inside.get(self._within, "") + data

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.inside["document"])
        return found

    def value(self, text: Any) -> Any:
        """A text of the document, wherever it is."""
        return self.document["texts"][text["$"]] if isinstance(text, dict) and "$" in text else text


class Ran:
    """An execution that ran in process."""

    def __init__(self, definition: dict[str, Any], given: Any, mocks: dict[str, Any]) -> None:
        self.client = LocalClient(mocks)
        machine = self.client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)
        started = self.client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name="e", input=json.dumps(given, separators=(",", ":"))
        )
        self.arn: str = started["executionArn"]
        self.status: str = self.client.describe_execution(executionArn=self.arn)["status"]

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get_execution_history(executionArn=self.arn)["events"]
        return found

    def page(self, **options: Any) -> Page:
        return Page(report(self.client, self.arn, **options))

    def document(self, **options: Any) -> dict[str, Any]:
        return self.page(**options).document


@pytest.fixture(scope="session")
def run() -> Callable[..., Ran]:
    def start(definition: dict[str, Any], given: Any = None, **mocks: Any) -> Ran:
        return Ran(definition, {} if given is None else given, mocks)

    return start


def task(function: str, **fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return {"Type": "Task", "Resource": LAMBDA, "Parameters": parameters, "End": True, **fields}


@pytest.fixture(scope="module")
def failing(run: Callable[..., Ran]) -> Ran:
    """A Map in a Parallel whose item 2 fails in its second state, for good after one retry."""

    def train(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["n"] == 2:
            raise StateFailed("Diverged", '{"errorMessage": "loss is NaN"}')
        return payload

    retry = [{"ErrorEquals": ["Diverged"], "MaxAttempts": 1, "IntervalSeconds": 5}]
    steps = {"Load": {"Type": "Pass", "Next": "Train"}, "Train": task("train", Retry=retry)}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "Load", "States": steps}, "End": True}
    branches = [
        {"StartAt": "Each", "States": {"Each": each}},
        {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 100, "End": True}}},
    ]
    definition = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}}
    return run(definition, {"items": [{"n": number} for number in range(4)]}, train=train)
