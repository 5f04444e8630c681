"""The workflow's definition, and what it does when things go well and when they do not, with mocked tasks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from tests.faults_of import faults_of

from stepfunctions.errors import StateFailed

pytestmark = pytest.mark.examples
Module = Callable[[str], ModuleType]
CREATE, UPDATE = "Deploy: create the endpoint", "Deploy: update the endpoint"


@pytest.fixture(scope="module")
def definition(module: Module) -> dict[str, Any]:
    built: dict[str, Any] = module("workflow").workflow.definition.to_dict()
    return built


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from states(state["ItemProcessor"])


def test_nothing_is_wrong_with_it(definition: dict[str, Any]) -> None:
    assert faults_of(definition) == []


def test_every_task_is_retried_and_caught(definition: dict[str, Any]) -> None:
    tasks = {name: state for name, state in states(definition) if state["Type"] == "Task"}
    assert len(tasks) == 10
    retry = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 15, "BackoffRate": 4.0, "MaxAttempts": 2}
    for name, task in tasks.items():
        full = [one["ErrorEquals"] for one in task["Retry"][:-1]]
        assert full == ([["SageMaker.ResourceLimitExceededException"]] if name == "Train" else []), name
        assert task["Retry"][-1] == retry, name
        assert task["Catch"][0]["ErrorEquals"] == ["States.ALL"], name
    deploy = definition["States"]["Deploy"]  # its tasks have retriers of their own
    assert "Retry" not in deploy
    tasks["Deploy"] = deploy
    handlers = {task["Catch"][0]["Next"] for name, task in tasks.items() if name in definition["States"]}
    assert handlers == {"HandleFailed", "Failed"}


def test_only_the_settings_name_an_account(module: Module) -> None:
    workflow = module("workflow")
    one, other = (
        workflow.Settings(account=account, bucket=f"bucket-{account}", region=region, subnets=(f"subnet-{account}",))
        for account, region in (("111111111111", "eu-west-1"), ("222222222222", "us-west-2"))
    )
    texts = [json.dumps(workflow.build_workflow(settings).definition.to_dict()) for settings in (one, other)]
    assert texts[0].replace("1" * 12, "2" * 12).replace("eu-west-1", "us-west-2") == texts[1]
    for local in ("127.0.0.1", "localhost", "/home", "/tmp", "file:"):
        assert local not in texts[0]


def prepared(due: int) -> dict[str, Any]:
    return {"Eligible": 196, "Due": due, "DueKey": "runs/due.jsonl", "Reasons": {"growth": due}}


def item(route: str, champion: str | None = None) -> str:
    fields = {"Route": route, "Flights": 60, "NewFlights": 8, "Reason": "growth", "Champion": champion}
    return json.dumps(fields) + "\n"


def trained(request: dict[str, Any]) -> dict[str, Any]:
    name = request["TrainingJobName"]
    metric_data = [{"MetricName": "test:model", "Value": 3.0}]
    artefact = {"S3ModelArtifacts": f"s3://flight-delays/training/{name}/output/model.tar.gz"}
    return {"TrainingJobName": name, "ModelArtifacts": artefact, "FinalMetricDataList": metric_data}


SCORES: dict[str, tuple[float, float, float | None]] = {
    # route: (model, baseline, champion)
    "NEW-WINS": (3.0, 4.0, None),
    "NEW-LOSES": (5.0, 4.0, None),
    "OLD-WINS": (3.0, 4.0, 3.5),
    "OLD-LOSES": (3.0, 4.0, 2.0),
    "OLD-BELOW-BASELINE": (4.5, 4.0, 5.0),
    "OLD-TIES": (3.0, 4.0, 3.0),
}


def evaluated(payload: dict[str, Any]) -> dict[str, Any]:
    scores = dict(zip(("Model", "Baseline", "Champion"), SCORES[payload["Route"]], strict=True))
    return {**scores, "TestRows": 9, "Facts": {}}


class Services:
    """Mocks of everything the workflow calls; ``asked`` has what it sent."""

    def __init__(
        self, routes: list[str], endpoints: tuple[str, ...] = (), answers: dict[str, Any] | None = None
    ) -> None:
        self.asked: dict[str, list[Any]] = {}
        names = {"EndpointName": "flight-delays", "EndpointConfigName": "flight-delays-release"}
        usual: dict[str, Any] = {
            "Prepare": lambda _: {"Payload": prepared(len(routes))},
            "Extract": {},
            "Convert to training sets": {},
            "Train": trained,
            "flight-delays-evaluate": evaluated,
            "flight-delays-register": lambda sent: {"Route": sent["Route"], "Decision": sent["Decision"]},
            "flight-delays-release": {"Name": "flight-delays-release", "Models": 196, "Prefix": "s3://b/releases/x/"},
            "Deploy: create model": {"ModelArn": "arn:aws:sagemaker:us-east-1:1:model/flight-delays-release"},
            "Deploy: create configuration": {},
            "Deploy: find the endpoint": {"Endpoints": [{"EndpointName": name} for name in endpoints]},
            "Deploy: look at the endpoint": {**names, "EndpointStatus": "InService"},
            "Deploy: create the endpoint": {},
            "Deploy: update the endpoint": {},
            "Deploy: describe the endpoint": {**names, "EndpointStatus": "InService"},
            "flight-delays-notify": lambda sent: sent,
        }
        self.mocks: dict[str, Any] = {
            name: self._noting(name, answer) for name, answer in {**usual, **(answers or {})}.items()
        }
        champions = {route: f"s3://b/{route}" for route in routes if SCORES.get(route, (0, 0, None))[2] is not None}
        self.mocks["s3://flight-delays/runs/due.jsonl"] = "".join(item(r, champions.get(r)) for r in routes)

    def _noting(self, name: str, answer: Any) -> Callable[[Any], Any]:
        def mock(request: Any) -> Any:
            self.asked.setdefault(name, []).append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer(request) if callable(answer) else answer

        return mock

    def run(self, module: Module) -> Any:
        return module("workflow").workflow.run({"Week": 40}, mocks=self.mocks).describe()


def test_the_choice_promotes_only_what_beats_baseline_and_champion(module: Module) -> None:
    services = Services(list(SCORES))
    result = services.run(module)
    assert result["status"] == "SUCCEEDED", result
    decisions = {row["Route"]: row["Decision"] for row in json.loads(result["output"])["Routes"]}
    assert decisions == {
        "NEW-WINS": "promote",
        "NEW-LOSES": "keep",
        "OLD-WINS": "promote",
        "OLD-LOSES": "keep",
        "OLD-BELOW-BASELINE": "keep",
        "OLD-TIES": "keep",
    }


def test_each_child_gets_its_own_training_job(module: Module) -> None:
    services = Services(["NEW-WINS", "OLD-WINS"])
    services.run(module)
    jobs = {job["HyperParameters"]["route"]: job for job in services.asked["Train"]}
    names = {job["TrainingJobName"] for job in jobs.values()}
    assert len(names) == 2
    run = services.asked["Prepare"][0]["Payload"]["Run"]
    for route, job in jobs.items():
        assert job["TrainingJobName"].startswith(f"{route}-week-40-")
        assert len(job["TrainingJobName"]) <= 63
        assert job["HyperParameters"]["week"] == "40"
        source = job["InputDataConfig"][0]["DataSource"]["S3DataSource"]
        assert source["S3Uri"] == f"s3://flight-delays/sets/{run}/{route}/"


def test_a_retried_training_has_another_name(module: Module) -> None:
    attempts: list[str] = []

    def flaky(request: dict[str, Any]) -> dict[str, Any]:
        attempts.append(request["TrainingJobName"])
        if len(attempts) < 3:
            raise StateFailed("SageMaker.AmazonSageMakerException", "Rate exceeded")
        return trained(request)

    assert Services(["NEW-WINS"], answers={"Train": flaky}).run(module)["status"] == "SUCCEEDED"
    assert [name.rsplit("-", 1)[1] for name in attempts] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("endpoints", "step"),
    [((), CREATE), (("flight-delays",), UPDATE), (("flight-delays-old",), CREATE)],
)
def test_the_endpoint_is_created_once_and_then_updated(module: Module, endpoints: tuple[str, ...], step: str) -> None:
    services = Services(["NEW-WINS"], endpoints)
    assert services.run(module)["status"] == "SUCCEEDED"
    assert {name for name in services.asked if name in (CREATE, UPDATE)} == {step}
    assert services.asked[step] == [{"EndpointName": "flight-delays", "EndpointConfigName": "flight-delays-release"}]


def test_the_poll_waits_for_this_releases_configuration(module: Module) -> None:
    def config(status: str, name: str) -> dict[str, str]:
        return {"EndpointName": "flight-delays", "EndpointStatus": status, "EndpointConfigName": name}

    seen = iter(
        [
            config("Updating", "flight-delays-last-week"),
            config("RollingBack", "flight-delays-last-week"),
            config("InService", "flight-delays-release"),
        ]
    )
    services = Services(["NEW-WINS"], ("flight-delays",), {"Deploy: describe the endpoint": lambda _: next(seen)})
    assert services.run(module)["status"] == "SUCCEEDED"
    assert len(services.asked["Deploy: describe the endpoint"]) == 3


def test_a_deployment_that_is_rolled_back_fails_the_execution(module: Module) -> None:
    rolled_back = {
        "EndpointName": "flight-delays",
        "EndpointStatus": "InService",
        "EndpointConfigName": "flight-delays-last-week",
    }
    services = Services(["NEW-WINS"], ("flight-delays",), {"Deploy: describe the endpoint": rolled_back})
    result = services.run(module)
    assert (result["status"], result["error"]) == ("FAILED", "DeployModel.RolledBack")
    assert "flight-delays-last-week" in result["cause"]
    assert services.asked["flight-delays-notify"][0]["Status"] == "FAILED"


def test_when_nothing_is_due_nothing_is_deployed(module: Module) -> None:
    services = Services([])
    result = services.run(module)
    assert result["status"] == "SUCCEEDED"
    assert set(services.asked) == {"Prepare", "flight-delays-notify"}


@pytest.mark.parametrize("state", ["Prepare", "Extract", "Convert to training sets", "Deploy: create model"])
def test_a_task_that_keeps_failing_ends_in_handle_failed(module: Module, state: str) -> None:
    services = Services(["NEW-WINS"], answers={state: StateFailed("Some.Error", "no luck")})
    result = services.run(module)
    assert (result["status"], result["error"], result["cause"]) == ("FAILED", "Some.Error", "no luck")
    assert len(services.asked[state]) == (5 if state.startswith("Deploy") else 3)
    assert services.asked["flight-delays-notify"] == [
        {
            "Week": 40,
            "Run": services.asked["flight-delays-notify"][0]["Run"],
            "Status": "FAILED",
            "Error": {"Error": "Some.Error", "Cause": "no luck"},
        }
    ]


def test_one_failing_route_of_twenty_is_tolerated_and_two_are_not(module: Module) -> None:
    routes = [f"R-{number:02}" for number in range(20)]

    def failing(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        def train(request: dict[str, Any]) -> dict[str, Any]:
            if request["HyperParameters"]["route"] in names:
                raise StateFailed("States.TaskFailed", "AlgorithmError")
            return trained(request)

        return train

    scores: dict[str, Any] = {"Model": 1.0, "Baseline": 2.0, "Champion": None, "TestRows": 1, "Facts": {}}
    one = Services(routes, answers={"Train": failing("R-03"), "flight-delays-evaluate": scores}).run(module)
    assert one["status"] == "SUCCEEDED", one
    two = Services(routes, answers={"Train": failing("R-03", "R-09"), "flight-delays-evaluate": scores}).run(module)
    assert (two["status"], two["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
