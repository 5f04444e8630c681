"""Updates that are cancelled, that cannot be rolled back, that are kept as they failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.cloudformation import workshop
from stepfunctions.local.cloudformation.handlers import Context, Handler, Made, Properties, handler_of


class Stubborn(Handler):
    """A resource that waits, and refuses values."""

    type = "Test::Stubborn::Thing"
    properties = frozenset({"Value"})

    def __init__(self) -> None:
        self.refused: set[str] = set()
        self.values: dict[str, str] = {}
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def create(self, context: Context, properties: Properties) -> Made:
        return self._set(context.logical_id, properties)

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        return self._set(id, new)

    def delete(self, context: Context, id: str, properties: Properties) -> None:
        self.values.pop(id, None)

    def _set(self, name: str, properties: Properties) -> Made:
        value = properties["Value"]
        if value == "slow":
            self.entered.set()
            assert self.go_on.wait(30)
        if value in self.refused:
            raise ServiceError("InvalidRequest", f"{value} is refused")
        self.values[name] = value
        return Made(name, {"Value": value})


@pytest.fixture
def thing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubborn]:
    made = Stubborn()
    monkeypatch.setattr(workshop, "handler_of", lambda kind: made if kind == made.type else handler_of(kind))
    yield made
    made.go_on.set()


def things(**values: str) -> dict[str, Any]:
    resources: dict[str, Any] = {}
    for name, value in values.items():
        before = list(resources)[-1:]
        resources[name] = {"Type": Stubborn.type, "Properties": {"Value": value}, "DependsOn": before}
    return {"Resources": resources}


def begin(stacks: Stacks, operation: str, template: dict[str, Any]) -> None:
    import json

    stacks(operation, StackName="mine", TemplateBody=json.dumps(template))


def test_a_cancelled_update_is_rolled_back(stacks: Stacks, thing: Stubborn) -> None:
    stacks.create("mine", things(A="1", B="1"))
    begin(stacks, "UpdateStack", things(A="slow", B="2"))
    assert thing.entered.wait(30)
    stacks("CancelUpdateStack", StackName="mine")
    thing.go_on.set()
    assert stacks.end("mine")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert thing.values == {"A": "1", "B": "1"}


def test_a_rollback_that_fails_goes_on_when_asked(stacks: Stacks, thing: Stubborn) -> None:
    stacks.create("mine", things(A="1", B="1"))
    thing.refused |= {"1", "3"}
    assert stacks.update("mine", things(A="2", B="3"))["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ServiceError, match="state and can not be updated"):
        stacks.update("mine", things(A="2", B="2"))
    stacks("ContinueUpdateRollback", StackName="mine")
    assert stacks.end("mine")["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    thing.refused.clear()
    stacks("ContinueUpdateRollback", StackName="mine")
    assert stacks.end("mine")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert thing.values == {"A": "1", "B": "1"}


def test_a_rollback_may_skip_resources(stacks: Stacks, thing: Stubborn) -> None:
    stacks.create("mine", things(A="1", B="1"))
    thing.refused |= {"1", "3"}
    stacks.update("mine", things(A="2", B="3"))
    with pytest.raises(ServiceError, match="cannot be skipped"):
        stacks("ContinueUpdateRollback", StackName="mine", ResourcesToSkip=["Z"])
    stacks("ContinueUpdateRollback", StackName="mine", ResourcesToSkip=["A", "B"])
    assert stacks.end("mine")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_failed_update_may_stay(stacks: Stacks, thing: Stubborn) -> None:
    stacks.create("mine", things(A="1", B="1"))
    thing.refused.add("3")
    assert stacks.update("mine", things(A="2", B="3"), DisableRollback=True)["StackStatus"] == "UPDATE_FAILED"
    assert thing.values == {"A": "2", "B": "1"}
    assert stacks.update("mine", things(A="2", B="4"))["StackStatus"] == "UPDATE_COMPLETE"
    assert thing.values == {"A": "2", "B": "4"}


def test_a_stack_is_deleted_while_it_is_made(stacks: Stacks, thing: Stubborn, cloud: Cloud) -> None:
    begin(stacks, "CreateStack", things(A="slow", B="1"))
    arn = stacks("DescribeStacks", StackName="mine")["Stacks"][0]["StackId"]
    assert thing.entered.wait(30)
    stacks("DeleteStack", StackName="mine")
    thing.go_on.set()
    assert stacks.end(arn)["StackStatus"] == "DELETE_COMPLETE"
    assert thing.values == {}
