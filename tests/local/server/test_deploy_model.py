"""A pipeline that deploys: each strategy, faults, and a bad model that is turned back while the old one serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.local.server.test_shifting import IMAGE, ROLE, Endpoints

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
from stepfunctions.steps import Catch, Pass, ProductionVariant
from stepfunctions.steps.strategies import Strategy
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Execution, Workflow

pytestmark = pytest.mark.local

WORKFLOW_ROLE = "arn:aws:iam::123456789012:role/workflow"
STRATEGIES: dict[str, Strategy | None] = {
    "default": None,
    "all-at-once": AllAtOnce(termination_wait=120),
    "canary": Canary(25, 120),
    "linear": Linear(Instances(2), 60),
    "rolling": Rolling(50, 60),
}
WAIT = 100.0


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    """The clock jumps by itself: an hour of baking takes no longer than its work."""
    with LocalCloud(clock="jump") as cloud:
        yield Endpoints(cloud)


class Pipeline:
    """A workflow of one DeployModelStep, whose failure is caught."""

    def __init__(self, endpoints: Endpoints, endpoint: str, language: str = "JSONPath", **given: Any) -> None:
        self.endpoints, self.endpoint, self.language, self.given = endpoints, endpoint, language, given
        self.number = 0

    def begin(self, model: str | dict[str, Any], **more: Any) -> Execution:
        """Start deploying the model of a configuration that ``Endpoints.config`` made, or a container."""
        flow = self.flow(model, **more)
        flow.create()
        return flow.execute()

    def flow(self, model: str | dict[str, Any], **more: Any) -> Workflow:
        self.number += 1
        spoken: Any = {"query_language": self.language} if self.language == "JSONata" else {}
        made = {"Image": IMAGE, "ModelDataUrl": f"s3://models/{model}.tar.gz"}
        container = made if isinstance(model, str) else model
        fleet = {"instance_type": "ml.m5.large", "initial_instance_count": 4}
        step = DeployModelStep(
            "Deploy",
            self.endpoint,
            {"ExecutionRoleArn": ROLE, "PrimaryContainer": container},
            catch=Catch(Pass("Told", **spoken), error_equals=["States.ALL"]),
            **{**fleet, "poll": 30, **self.given, **more},
            **spoken,
        )
        name = f"{self.endpoint}-{self.number}-{len(self.given)}"
        return Workflow(name, step, WORKFLOW_ROLE, client=self.endpoints.cloud.client("stepfunctions"), **spoken)

    def deploy(self, model: str | dict[str, Any], **more: Any) -> dict[str, Any]:
        """Deploy to the end; returns the step's result, or what was caught."""
        output: dict[str, Any] = self.begin(model, **more).get_output(wait=True, timeout=WAIT)
        return output


@pytest.fixture(scope="module")
def models(endpoints: Endpoints) -> dict[str, str]:
    """Models that answer their names; "bad" fails, and "slow" takes 0.3 s."""
    bad: dict[str, dict[str, Any]] = {"broken": {"broken": True}, "slow": {"seconds": 0.3}}
    return {name: endpoints.config(name, instances=4, **bad.get(name, {})) for name in ("one", "two", "broken", "slow")}


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_it_creates_and_updates(endpoints: Endpoints, models: Any, strategy: str, language: str) -> None:
    endpoint = f"{strategy}-{language.lower()}"
    pipeline = Pipeline(endpoints, endpoint, language, strategy=STRATEGIES[strategy])
    first = pipeline.deploy("one", checks=[SmokeTest(body="x", content_type="text/plain", expect="one")])
    assert endpoints.ask(endpoint) == "one"
    second = pipeline.deploy("two")
    assert endpoints.ask(endpoint) == "two"
    said = endpoints.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert said["EndpointStatus"] == "InService"
    assert said["EndpointConfigName"] == second["EndpointConfigName"] == second["ModelName"] != first["ModelName"]
    assert second["EndpointName"] == endpoint
    assert said["EndpointConfigName"].startswith(f"{endpoint}-"[:26])
    wanted = STRATEGIES[strategy]
    if wanted is not None:
        assert said["LastDeploymentConfig"] == wanted.deployment_config()


def test_a_wrong_answer_puts_the_old_model_back(endpoints: Endpoints, models: Any) -> None:
    pipeline = Pipeline(endpoints, "checked")
    old = pipeline.deploy("one")
    check = SmokeTest(body="x", content_type="text/plain", expect="one")
    told = pipeline.deploy("two", checks=[QuietAlarms([endpoints_alarm(endpoints, "quiet")], 60), check])
    assert told["Error"] == "DeployModel.CheckFailed"
    assert 'DeployModel.WrongAnswer: The answer should be "one", not "two".' in told["Cause"]
    assert f"is on the configuration {old['EndpointConfigName']}" in told["Cause"]
    assert endpoints.ask("checked") == "one"
    # A new endpoint has no way back: it stays, and the step says so.
    told = Pipeline(endpoints, "new-and-wrong").deploy("two", checks=[check])
    assert told["Error"] == "DeployModel.CheckFailed"
    assert endpoints.ask("new-and-wrong") == "two"


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_metric_that_is_bad_or_unknown_puts_the_old_model_back(
    endpoints: Endpoints, models: Any, language: str
) -> None:
    """The gate sees what the model's own service measures while the new one serves."""
    name = f"gated-{language.lower()}"
    metric = Metric(namespace="Models", name="mae", dimensions={"Model": name}, statistic="Maximum", period=60)
    gate = MetricGate(metric=metric, threshold=20, seconds=600)
    pipeline = Pipeline(endpoints, name, language)
    old = pipeline.deploy("one")
    told = pipeline.deploy("two", checks=[gate])
    assert "DeployModel.Metric: mae has fewer than 1 values of 600 seconds." in told["Cause"]
    assert endpoints.ask(name) == "one"
    for value, error in ((30.0, "DeployModel.Metric: mae was > 20 within 600 seconds."), (10.0, None)):
        endpoints.cloud.clock.hold()
        execution = pipeline.begin("two", checks=[gate])
        endpoints.until(lambda run=execution: waits(endpoints, run, "let the metric be measured"))  # type: ignore[misc]
        dimensions = [{"Name": "Model", "Value": name}]
        data = [{"MetricName": "mae", "Dimensions": dimensions, "Value": value}]
        endpoints.cloudwatch.put_metric_data(Namespace="Models", MetricData=data)
        endpoints.cloud.clock.hold(False)
        output: dict[str, Any] = execution.get_output(wait=True, timeout=WAIT)
        if error is None:
            assert output["EndpointConfigName"] != old["EndpointConfigName"]
            assert endpoints.ask(name) == "two"
        else:
            assert error in output["Cause"]
            assert endpoints.ask(name) == "one"


def waits(endpoints: Endpoints, execution: Execution, state: str) -> bool:
    """Tell whether an execution is in a state; the clock goes on while it is not."""
    entered = [one.get("stateEnteredEventDetails", {}).get("name", "") for one in execution.list_events(1000)]
    if entered and entered[-1].endswith(state):
        return True
    endpoints.cloud.clock.advance(10)
    return False


def endpoints_alarm(endpoints: Endpoints, name: str, metric: str = "Invocation5XXErrors") -> str:
    endpoints.alarm(name, name, metric, 0.02)
    return name


BAD = {"broken": ("Invocation5XXErrors", 0.02), "slow": ("ModelLatency", 20_000)}


@pytest.mark.parametrize("model", BAD)
def test_a_bad_model_is_turned_back_by_what_it_really_did(endpoints: Endpoints, models: Any, model: str) -> None:
    endpoint, (metric, threshold) = f"bad-{model}", BAD[model]
    pipeline = Pipeline(
        endpoints, endpoint, variants=None, strategy=Canary(50, 1800), alarms=[f"{endpoint} is bad"], timeout=4000
    )
    alarm_on(endpoints, f"{endpoint} is bad", endpoint, metric, threshold)
    old = pipeline.deploy("one")
    endpoints.cloud.clock.hold()
    try:
        execution = pipeline.begin(model)
        endpoints.until(lambda: step_by_step(endpoints) or endpoints.message(endpoint).startswith("50%"))
        answers = endpoints.load(endpoint, 80)
        assert answers["one"] > 0
        assert answers[model if model == "slow" else "ModelError"] > 0
    finally:
        endpoints.cloud.clock.hold(False)
    told = execution.get_output(wait=True, timeout=WAIT)
    assert told["Error"] == "DeployModel.RolledBack"
    assert f"is InService on the configuration {old['EndpointConfigName']}, not InService on" in told["Cause"]
    assert f"the alarm {endpoint} is bad is in the state ALARM" in told["Cause"]
    assert endpoints.load(endpoint, 40) == {"one": 40}
    assert "Told" in {event.get("stateEnteredEventDetails", {}).get("name") for event in execution.list_events()}


def alarm_on(endpoints: Endpoints, name: str, endpoint: str, metric: str, threshold: float) -> None:
    endpoints.cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


def step_by_step(endpoints: Endpoints) -> bool:
    """Move the held clock a little, so that the pipeline's own waits end."""
    endpoints.cloud.clock.advance(20)
    return False


def test_a_model_that_does_not_start_leaves_the_old_one(endpoints: Endpoints, models: Any) -> None:
    pipeline = Pipeline(endpoints, "sick")
    pipeline.deploy("one")
    endpoints.s3.put_object(Bucket="models", Key="sick.tar.gz", Body=b"no archive at all")
    told = pipeline.deploy("sick")
    assert told["Error"] in ("DeployModel.RolledBack", "DeployModel.Failed")
    assert endpoints.ask("sick") == "one"


def test_an_endpoint_that_has_failed_is_left_alone(endpoints: Endpoints, models: Any) -> None:
    endpoints.s3.put_object(Bucket="models", Key="never.tar.gz", Body=b"no archive at all")
    told = Pipeline(endpoints, "failed").deploy("never")
    assert told["Error"] == "DeployModel.Failed"
    assert "The endpoint failed is Failed on the configuration failed-" in told["Cause"]
    told = Pipeline(endpoints, "failed", strategy=AllAtOnce(), timeout=3000).deploy("one")
    assert told["Error"] == "DeployModel.NotUpdatable"
    assert told["Cause"] == "The endpoint failed is Failed, in which no update can begin."


def test_an_alarm_that_is_not_there_fails_the_step(endpoints: Endpoints, models: Any) -> None:
    pipeline = Pipeline(endpoints, "alarmed", strategy=Canary(25, 60), alarms=["none such"])
    pipeline.deploy("one")
    told = pipeline.deploy("two")
    assert "alarm none such" in told["Cause"]
    assert endpoints.ask("alarmed") == "one"


def test_other_variants_are_refused_with_a_strategy(endpoints: Endpoints, models: Any) -> None:
    pipeline = Pipeline(endpoints, "renamed")
    pipeline.deploy("one")
    other = [ProductionVariant(variant_name="Other", instance_type="ml.m5.large", initial_instance_count=4)]
    given = {"variants": other, "instance_type": None, "initial_instance_count": None}
    told = pipeline.deploy("two", strategy=Canary(25, 60), **given)
    assert "AllTraffic, not Other" in told["Cause"]
    assert endpoints.ask("renamed") == "one"


def test_two_pipelines_deploy_one_after_the_other(endpoints: Endpoints, models: Any) -> None:
    Pipeline(endpoints, "busy").deploy("one")
    both = [
        Pipeline(endpoints, "busy", strategy=Linear(25, 600)),
        Pipeline(endpoints, "busy", strategy=AllAtOnce(), timeout=4000),
    ]
    both[0].number, both[1].number = 10, 20
    first, second = both[0].begin("two"), both[1].begin("one")
    results = [one.get_output(wait=True, timeout=WAIT) for one in (first, second)]
    assert {"EndpointName"} <= set(results[0]) | set(results[1])
    served = endpoints.sagemaker.describe_endpoint(EndpointName="busy")["EndpointConfigName"]
    assert served in {found.get("EndpointConfigName") for found in results}


def test_eight_hours_fit_into_the_history(endpoints: Endpoints, models: Any) -> None:
    pipeline = Pipeline(endpoints, "long", strategy=Linear(Instances(1), 3600, termination_wait=3500))
    pipeline.deploy("one")
    execution = pipeline.begin("two", initial_instance_count=7)
    assert execution.get_output(wait=True, timeout=WAIT)["EndpointName"] == "long"
    client = endpoints.cloud.client("stepfunctions")
    last = client.get_execution_history(executionArn=execution.execution_arn, reverseOrder=True, maxResults=1)
    assert 8_000 < last["events"][0]["id"] < 25_000
    described = client.describe_execution(executionArn=execution.execution_arn)
    assert (described["stopDate"] - described["startDate"]).total_seconds() > 7 * 3600 + 3500


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_what_was_before_is_deleted_when_asked(endpoints: Endpoints, models: Any, language: str) -> None:
    pipeline = Pipeline(endpoints, f"clean-{language.lower()}", language, clean_up=True)
    first, second = pipeline.deploy("one"), pipeline.deploy("two")
    assert "Error" not in first | second
    made = {"NameContains": pipeline.endpoint, "MaxResults": 10}
    configs = endpoints.sagemaker.list_endpoint_configs(**made)["EndpointConfigs"]
    names = endpoints.sagemaker.list_models(**made)["Models"]
    assert [one["EndpointConfigName"] for one in configs] == [second["EndpointConfigName"]]
    assert [one["ModelName"] for one in names] == [second["ModelName"]]
    assert endpoints.ask(pipeline.endpoint) == "two"
