"""The stages of an update's traffic, and which DeploymentConfigs are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.strategies import Stage, plan_of


def variants(*counts: int | None) -> list[dict[str, Any]]:
    named = [{"VariantName": f"v{index}"} for index in range(len(counts))]
    return [
        {**one, **({"ServerlessConfig": {}} if count is None else {"InitialInstanceCount": count})}
        for one, count in zip(named, counts, strict=True)
    ]


def blue_green(kind: str, wait: int = 60, termination: int = 0, **sizes: tuple[str, int]) -> dict[str, Any]:
    given = {name: {"Type": of, "Value": value} for name, (of, value) in sizes.items()}
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **given}
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            **({"TerminationWaitInSeconds": termination} if termination else {}),
        }
    }


def rolling(value: int, of: str = "CAPACITY_PERCENT", wait: int = 60) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": {"Type": of, "Value": value}, "WaitIntervalInSeconds": wait}}


PERCENT, COUNT = "CAPACITY_PERCENT", "INSTANCE_COUNT"
PLANS: list[tuple[dict[str, Any], tuple[int | None, ...], list[tuple[float, float]]]] = [
    ({}, (1,), [(1.0, 0)]),
    (blue_green("ALL_AT_ONCE", 0, 600), (1,), [(1.0, 600)]),
    (blue_green("CANARY", 300, 60, CanarySize=(PERCENT, 10)), (10,), [(0.1, 300), (1.0, 60)]),
    (blue_green("CANARY", 300, CanarySize=(COUNT, 1)), (4,), [(0.25, 300), (1.0, 0)]),
    (blue_green("CANARY", 300, CanarySize=(PERCENT, 5)), (None,), [(0.05, 300), (1.0, 0)]),
    (blue_green("LINEAR", 60, 30, LinearStepSize=(PERCENT, 50)), (2,), [(0.5, 60), (1.0, 90)]),
    (blue_green("LINEAR", 60, LinearStepSize=(PERCENT, 40)), (5,), [(0.4, 60), (0.8, 60), (1.0, 60)]),
    (rolling(1, COUNT), (3,), [(1 / 3, 60), (2 / 3, 60), (1.0, 60)]),
]


@pytest.mark.parametrize(("config", "counts", "stages"), PLANS)
def test_stages(config: dict[str, Any], counts: tuple[int | None, ...], stages: list[tuple[float, float]]) -> None:
    found = plan_of(config, variants(*counts)).stages
    assert [one.share for one in found] == pytest.approx([share for share, _ in stages])
    assert [one.wait for one in found] == [wait for _, wait in stages]


REFUSED: list[tuple[dict[str, Any], tuple[int | None, ...], str]] = [
    (blue_green("CANARY", CanarySize=(PERCENT, 10)), (1,), "at most 50 percent of the variant's instances"),
    (blue_green("CANARY", CanarySize=(PERCENT, 51)), (10,), "at most 50 percent"),
    (blue_green("CANARY", CanarySize=(COUNT, 3)), (4,), "3 INSTANCE_COUNT of v0's 4"),
    (blue_green("CANARY", CanarySize=(COUNT, 1)), (None,), "CAPACITY_PERCENT"),
    (blue_green("CANARY"), (4,), "CanarySize is required for the Type CANARY"),
    (blue_green("LINEAR", CanarySize=(PERCENT, 10)), (4,), "CanarySize is only for the Type CANARY"),
    (blue_green("LINEAR", LinearStepSize=(PERCENT, 9)), (20,), "from 10 to 50 percent"),
    (blue_green("CANARY", CanarySize=(COUNT, 1)), (4, 2), "not the same part of every variant"),
    (rolling(4), (100,), "from 5 to 50 percent"),
    (rolling(50), (2, 2), "several production variants"),
    (rolling(50), (None,), "serverless"),
    ({**rolling(50), **blue_green("ALL_AT_ONCE")}, (2,), "not both"),
]


@pytest.mark.parametrize(("config", "counts", "message"), REFUSED)
def test_refused(config: dict[str, Any], counts: tuple[int | None, ...], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        plan_of(config, variants(*counts))
    assert refused.value.code == "ValidationException"


def test_ten_steps_of_an_hour_are_longer_than_any_deployment() -> None:
    config = blue_green("LINEAR", 3600, LinearStepSize=(PERCENT, 10))
    config["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 28_800
    with pytest.raises(ServiceError, match=r"28800 must be more than all waits together: 10 stages, 36000 seconds"):
        plan_of(config, variants(10))


def test_alarms_and_timeout() -> None:
    config = blue_green("ALL_AT_ONCE", 60)
    config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "errors"}, {"AlarmName": "slow"}]}
    config["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    plan = plan_of(config, variants(1))
    assert (plan.alarms, plan.timeout) == (("errors", "slow"), 600)


@given(st.integers(10, 50), st.integers(2, 200), st.integers(0, 3600), st.integers(0, 3600))
def test_shares_grow_to_all_of_it(step: int, count: int, wait: int, termination: int) -> None:
    stages = plan_of(blue_green("LINEAR", wait, termination, LinearStepSize=(PERCENT, step)), variants(count)).stages
    shares = [stage.share for stage in stages]
    assert shares == sorted(set(shares))
    assert stages[-1] == Stage(1.0, wait + termination)
    assert all(stage.wait == wait for stage in stages[:-1])
    assert all(later - earlier <= step / 100 + 1e-9 for earlier, later in zip([0.0, *shares], shares, strict=False))
