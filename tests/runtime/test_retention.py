"""Executions that ended long ago are forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import MockIntegration
from stepfunctions.runtime.retention import Retention
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.sqlite import SqliteStore

DAY = 86_400


def test_each_is_kept_for_as_many_days_from_its_end(tmp_path: Path) -> None:
    store, clock = SqliteStore(tmp_path / "states.db"), ManualClock()
    runner = Runner(store, clock, MockIntegration({}), Items(), workers=0)
    api = StepFunctionsApi(runner, store, clock)
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}}
    machine = api.create_state_machine(
        {"name": "m", "definition": json.dumps(definition), "roleArn": "arn:aws:iam::1:role/r"}
    )
    arns = []
    for seconds in (0, 20 * DAY):
        given = {"stateMachineArn": machine["stateMachineArn"], "input": json.dumps({"s": seconds})}
        arns.append(api.start_execution(given)["executionArn"])
        runner.pump()
    retention = Retention(store, clock, days=30)
    clock.advance_to(clock.now() + 20 * DAY)
    runner.pump()
    assert retention.sweep() == 0
    clock.advance_to(clock.now() + 11 * DAY)
    assert retention.sweep() == 1
    with pytest.raises(ServiceError, match="Execution Does Not Exist"):
        api.describe_execution({"executionArn": arns[0]})
    assert api.describe_execution({"executionArn": arns[1]})["status"] == "SUCCEEDED"
    clock.advance_to(clock.now() + 20 * DAY)
    retention.start()
    retention.stop()
    assert retention.sweep() == 0
    store.close()
