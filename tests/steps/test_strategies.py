"""How traffic moves: the requests, and what SageMaker would refuse."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.mlops import AllAtOnce, Canary, Instances, Linear, Rolling
from stepfunctions.steps.strategies import Strategy

ONE: dict[str, Any] = {"VariantName": "all", "InitialInstanceCount": 1}
TEN: dict[str, Any] = {"VariantName": "all", "InitialInstanceCount": 10}
SERVERLESS: dict[str, Any] = {"VariantName": "all", "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}}


def routing(strategy: Strategy, *variants: dict[str, Any]) -> Any:
    return strategy.deployment_config(variants)["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]


def test_each_gives_the_routing_of_its_type() -> None:
    assert routing(AllAtOnce(), ONE) == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert routing(Canary(10, 600), TEN) == {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 600,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
    }
    assert routing(Linear(Instances(5), 60), TEN) == {
        "Type": "LINEAR",
        "WaitIntervalInSeconds": 60,
        "LinearStepSize": {"Type": "INSTANCE_COUNT", "Value": 5},
    }
    assert Rolling(50, 60, rollback_batch=100, timeout=900).deployment_config([TEN], ["errors"]) == {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 60,
            "MaximumExecutionTimeoutInSeconds": 900,
            "RollbackMaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 100},
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
    }
    whole = AllAtOnce(termination_wait=300, timeout=1200).deployment_config()["BlueGreenUpdatePolicy"]
    assert (whole["TerminationWaitInSeconds"], whole["MaximumExecutionTimeoutInSeconds"]) == (300, 1200)


@pytest.mark.parametrize(
    ("strategy", "variants", "message"),
    [
        (Canary(10, 600), [ONE], "1 of the 1 instances of the variant 'all', but must be at most 50 percent"),
        (Canary(Instances(6), 600), [TEN], "at most 50 percent"),
        (Linear(Instances(6), 60), [TEN], "10 to 50 percent"),
        (Rolling(50, 60), [SERVERLESS], "not for serverless"),
        (Rolling(50, 60), [TEN, TEN], "one production variant"),
        (Canary(Instances(1), 60), [SERVERLESS], "has no instances"),
        (Linear(10, 3600), [], "take 36000 seconds, which must be less than the longest deployment, 28800"),
        (Linear(Instances(1), 3600), [TEN], "take 36000 seconds"),
        (Canary(10, 600, timeout=600), [], "MaximumExecutionTimeoutInSeconds, 600"),
    ],
)
def test_what_sagemaker_refuses_is_refused_when_written(
    strategy: Strategy, variants: list[dict[str, Any]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        strategy.deployment_config(variants)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Canary(51, 0), "Canary.size is 51, but must be 1 to 50"),
        (lambda: Canary(10, 3601), "Canary.bake is 3601"),
        (lambda: Linear(9, 0), "Linear.step is 9, but must be 10 to 50"),
        (lambda: Rolling(4, 0), "Rolling.batch is 4, but must be 5 to 50"),
        (lambda: AllAtOnce(termination_wait=-1), "AllAtOnce.termination_wait is -1"),
        (lambda: AllAtOnce(timeout=599), "AllAtOnce.timeout is 599, but must be 600 to 28800 seconds"),
        (lambda: Instances(0), "Instances.count is 0, but must be at least 1"),
    ],
)
def test_sizes_and_times_have_bounds(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_numbers_are_whole() -> None:
    with pytest.raises(TypeError, match=r"Canary\.size must be an int"):
        Canary(0.1, 600)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="list of names"):
        AllAtOnce().deployment_config(alarms="errors")
    with pytest.raises(ValueError, match="11 alarms"):
        AllAtOnce().deployment_config(alarms=[str(number) for number in range(11)])
    with pytest.raises(ValueError, match="1 to 255 characters"):
        AllAtOnce().deployment_config(alarms=["a" * 256])


SIZES = st.integers(0, 101) | st.integers(1, 12).map(Instances)
MADE = st.one_of(
    st.builds(lambda wait: lambda: AllAtOnce(termination_wait=wait), st.integers(0, 4000)),
    st.builds(lambda size, wait: lambda: Canary(size, wait), SIZES, st.integers(0, 4000)),
    st.builds(lambda size, wait: lambda: Linear(size, wait), SIZES, st.integers(0, 4000)),
    st.builds(lambda size, wait: lambda: Rolling(size, wait), SIZES, st.integers(0, 4000)),
)


@given(MADE, st.integers(1, 12))
def test_what_is_not_refused_fits_the_service_model(make: Any, count: int) -> None:
    try:
        made = make().deployment_config([{**TEN, "InitialInstanceCount": count}], ["errors"])
    except ValueError:
        return
    model = get_session().get_service_model("sagemaker").shape_for("DeploymentConfig")
    assert ParamValidator().validate(made, model).generate_report() == ""
