"""DeployModelStep: what it is written as, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.faults_of import faults_of

from stepfunctions import lint
from stepfunctions.deploy.policy import policy_of
from stepfunctions.mlops import (
    AllAtOnce,
    Canary,
    DeployModelStep,
    Instances,
    Linear,
    Metric,
    MetricGate,
    QuietAlarms,
    Rolling,
    SmokeTest,
)
from stepfunctions.steps import ProductionVariant, human_approval
from stepfunctions.steps.strategies import Strategy
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
MODEL = {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://models/m.tar.gz"}}
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/approvals"
GATE = MetricGate(
    metric=Metric(namespace="Models", name="mae", dimensions={"Model": "delays"}, period=60), threshold=30, seconds=600
)
GOLDEN = Path(__file__).parent / "golden"
STRATEGIES: dict[str, Strategy | None] = {
    "default": None,
    "all-at-once": AllAtOnce(termination_wait=300),
    "canary": Canary(25, 600, termination_wait=60),
    "linear": Linear(Instances(1), 300),
    "rolling": Rolling(50, 120, rollback_batch=100),
}
LANGUAGES = ("JSONPath", "JSONata")


def step(language: str = "JSONPath", **more: Any) -> DeployModelStep:
    given: dict[str, Any] = {"model": MODEL, "instance_type": "ml.m5.large", "initial_instance_count": 4, **more}
    spoken: Any = {"query_language": language} if language == "JSONata" else {}
    return DeployModelStep("Deploy", "delays", **given, **spoken)


def written(language: str = "JSONPath", **more: Any) -> dict[str, Any]:
    spoken: Any = {"query_language": language} if language == "JSONata" else {}
    found: dict[str, Any] = Workflow("deploy", step(language, **more), ROLE, **spoken).definition.to_dict()
    return found


def everything(language: str) -> dict[str, Any]:
    asked = human_approval("Ask", queue_url=QUEUE, message="Deploy?", timeout_seconds=3600, query_language=language)
    return written(
        language,
        strategy=Canary(25, 600),
        alarms=["errors"],
        approval=asked,
        checks=[SmokeTest(body={"n": 1}, expect=[1.5]), QuietAlarms(["latency"], 300), GATE],
        data_capture_config={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captured/",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        tags={"team": "delays"},
        kms_key_id="alias/models",
        clean_up=True,
    )


GOLDENS = {
    **{
        f"{name}-{language.lower()}": partial(written, language, strategy=strategy)
        for name, strategy in STRATEGIES.items()
        for language in LANGUAGES
    },
    **{f"everything-{language.lower()}": partial(everything, language) for language in LANGUAGES},
}
OF_THE_ACCOUNT = {"HARD_CODED_ACCOUNT", "HARD_CODED_REGION"}
"""Which is right here: the model's role and image, and the queue, are this account's."""


@pytest.mark.parametrize("name", GOLDENS)
def test_it_is_written_as_before(name: str) -> None:
    file = GOLDEN / f"{name}.asl.json"
    made = json.dumps(GOLDENS[name](), indent=2) + "\n"
    if not file.exists():
        file.write_text(made)
        pytest.fail(f"{file.name} was not there and is written now: read it, and run again")
    assert made == file.read_text()


@pytest.mark.parametrize("name", GOLDENS)
def test_nothing_is_wrong_with_it(name: str) -> None:
    definition = GOLDENS[name]()
    assert faults_of(definition) == []
    assert [one for one in lint.check(definition) if one.rule not in OF_THE_ACCOUNT] == []


def test_gates_that_cannot_be() -> None:
    for given, message in (
        ({"comparison": "=="}, "comparison is '=='; write >, >=, < or <="),
        ({"seconds": 30}, "seconds is 30, but must be 60 to 86400"),
        ({"datapoints": 11}, "datapoints is 11, but must be 0 to 10"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(GATE, **given)


def test_what_names_no_fleet_or_model_is_refused() -> None:
    with pytest.raises(ValueError, match="is given a model, or the model_name"):
        step(model=None)
    with pytest.raises(ValueError, match="is given a model, or the model_name"):
        step(model_name="m")
    with pytest.raises(ValueError, match="has no fleet"):
        step(instance_type=None)
    with pytest.raises(ValueError, match="and also the fleet of a single one"):
        step(variants=[ProductionVariant(instance_type="ml.m5.large")])
    with pytest.raises(ValueError, match="endpoint_name is 'a_b'"):
        DeployModelStep("Deploy", "a_b", MODEL, instance_type="ml.m5.large")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strategy": Canary(50, 60), "initial_instance_count": 1}, "at most 50 percent"),
        ({"strategy": Linear(10, 3600)}, "must be less than the longest deployment"),
        ({"alarms": [str(number) for number in range(11)]}, "11 alarms"),
        ({"poll": 0}, "poll is 0"),
        ({"poll": 5, "strategy": Linear(25, 3600)}, r"after 25000 Step Functions fails the execution. Give poll=\d+"),
    ],
)
def test_what_could_not_be_deployed_is_refused_when_written(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        step(**given)


def test_the_poll_that_is_advised_is_taken() -> None:
    with pytest.raises(ValueError, match="Give poll=") as error:
        step(poll=5, strategy=Linear(25, 3600))
    step(poll=int(str(error.value).rpartition("poll=")[2].rstrip(".")), strategy=Linear(25, 3600))


def test_two_of_them_stand_in_one_workflow() -> None:
    first, second = (
        DeployModelStep(name, name.lower(), model_name="m", instance_type="ml.m5.large") for name in ("One", "Two")
    )
    definition = Workflow("two", first >> second, ROLE).definition.to_dict()
    assert faults_of(definition) == []


def test_alarms_need_a_right() -> None:
    def actions(**more: Any) -> set[str]:
        return {action for one in policy_of(written(**more)).statements for action in one.actions}

    assert actions(strategy=Canary(25, 60), alarms=["errors"]) - actions(strategy=Canary(25, 60)) == {
        "cloudwatch:DescribeAlarms"
    }
