"""FleetRetrainingPipeline and the caching of its models, with mocked tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.faults_of import faults_of

from stepfunctions.errors import StateFailed
from stepfunctions.inputs import MapItem, StepInput, states
from stepfunctions.steps import ChoiceRule, ItemReader, LambdaStep, ResultWriter
from stepfunctions.template import FleetRetrainingPipeline, StepCache

ROLE = "arn:aws:iam::123456789012:role/any"
NAME = StepInput()["name"]
CACHE = StepCache("bucket", key=NAME, inputs=states.format("sets/{}/", NAME))


def fleet(**more: Any) -> FleetRetrainingPipeline:
    select = LambdaStep(
        "Select",
        parameters={"FunctionName": "select"},
        result_selector={"Key.$": "$.Payload.Key", "Due.$": "$.Payload.Due"},
        result_path="$.Select",
    )
    given: dict[str, Any] = {
        "select": select,
        "items": ItemReader.jsonl("bucket", select.output()["Select"]["Key"]),
        "nothing_due": ChoiceRule.NumericEquals("$.Select.Due", 0),
        "prepare": "prepare",
        "deploy": "deploy",
        "notify": "tell",
        **{name: name for name in ("train", "evaluate", "register", "keep")},
        **more,
    }
    return FleetRetrainingPipeline("fleet", ROLE, **given)


class World:
    """Models that are due, objects in a bucket, and functions that train."""

    def __init__(self, *models: str, **answers: Any) -> None:
        self.called: list[str] = []
        self.trained: list[str] = []
        self.told: list[Any] = []
        self.objects: dict[str, str] = {}
        self.inputs = {name: [{"ETag": f'"{name}"', "Size": 1}] for name in models}
        usual: dict[str, Any] = {
            "select": {"Key": "due.jsonl", "Due": len(models)},
            "prepare": {},
            "train": self._train,
            "evaluate": lambda event: {"Better": not event["name"].startswith("bad")},
            "register": {"serves": "new"},
            "keep": {"serves": "old"},
            "deploy": {},
            "tell": self.told.append,
        }
        self.mocks: dict[str, Any] = {name: self._noting(name, answer) for name, answer in {**usual, **answers}.items()}
        self.mocks["s3://bucket/due.jsonl"] = "".join(json.dumps({"name": name}) + "\n" for name in models)
        self.mocks |= {
            "Look at the inputs": self._list,
            "Look up the last run": self._get,
            "Remember the run": self._put,
        }

    def _noting(self, name: str, answer: Any) -> Any:
        def mock(event: Any) -> Any:
            self.called.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer(event) if callable(answer) else answer

        return mock

    def _train(self, event: Any) -> Any:
        self.trained.append(event["name"])
        if event["name"].startswith("broken"):
            raise StateFailed("Training.Failed", event["name"])
        return {"model": event["name"]}

    def _list(self, request: Any) -> Any:
        found = self.inputs[request["Prefix"].split("/")[1]]
        return {
            "KeyCount": len(found),
            "IsTruncated": len(found) > request["MaxKeys"],
            **({"Contents": found[: request["MaxKeys"]]} if found else {}),
        }

    def _get(self, request: Any) -> Any:
        if request["Key"] not in self.objects:
            raise StateFailed("S3.NoSuchKeyException", "The specified key does not exist.")
        return {"Body": self.objects[request["Key"]]}

    def _put(self, request: Any) -> Any:
        self.objects[request["Key"]] = request["Body"]
        return {"ETag": "x"}

    def run(self, made: FleetRetrainingPipeline) -> Any:
        self.trained.clear()
        self.called.clear()
        return made.workflow.run({"week": 1}, mocks=self.mocks)

    def rows(self, made: FleetRetrainingPipeline) -> Any:
        execution = self.run(made)
        assert execution.status == "SUCCEEDED", execution.describe()
        return {row["name"]: row for row in execution.get_output()["Models"] if row.get("Status") != "FAILED"}


def test_nothing_is_wrong_with_the_definition() -> None:
    for more in ({}, {"cache": CACHE}, {"cache": StepCache("b", key=NAME, hash=StepInput()["hash"])}):
        definition = fleet(**more).definition.to_dict()
        assert faults_of(definition) == []
        each = definition["States"]["Retrain"]
        assert each["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        assert (each["MaxConcurrency"], each["ToleratedFailurePercentage"], each["Label"]) == (10, 5, "Retrain")
        assert each["ResultPath"] == "$.Models"
        assert "Retry" not in each
        tasks = [
            (name, state)
            for region in (definition["States"], each["ItemProcessor"]["States"])
            for name, state in region.items()
            if state["Type"] == "Task"
        ]
        for name, task in tasks:
            assert task["Retry"][-1]["ErrorEquals"] == ["States.ALL"], name
            assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name


def test_each_due_model_is_trained_and_one_report_told() -> None:
    world = World("a", "bad", "c")
    rows = world.rows(fleet())
    assert {name: row.get("Register", row.get("Keep"))["serves"] for name, row in rows.items()} == {
        "a": "new",
        "bad": "old",
        "c": "new",
    }
    assert sorted(world.trained) == ["a", "bad", "c"]
    (told,) = world.told
    assert told["Status"] == "SUCCEEDED"
    assert [row["name"] for row in told["Result"]["Models"]] == ["a", "bad", "c"]
    assert [name for name in world.called if name in ("select", "prepare", "deploy", "tell")] == [
        "select",
        "prepare",
        "deploy",
        "tell",
    ]


def test_when_nothing_is_due_only_the_report_is_told() -> None:
    world = World()
    assert world.run(fleet()).status == "SUCCEEDED"
    assert world.called == ["select", "tell"]
    assert world.told[0]["Result"]["Models"] == []


def test_some_models_may_fail() -> None:
    names = [f"m{number:02}" for number in range(19)]
    world = World(*names, "broken")
    assert set(world.rows(fleet())) == set(names)
    assert world.trained.count("broken") == 3
    assert world.told[0]["Status"] == "SUCCEEDED"


def test_when_too_many_fail_it_is_told_and_nothing_is_deployed() -> None:
    world = World("a", "broken")
    result = world.run(fleet()).describe()
    assert (result["status"], result["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert world.told[0]["Error"]["Error"] == "States.ExceedToleratedFailureThreshold"
    assert "deploy" not in world.called


def test_what_a_model_gets_of_its_item_can_be_chosen() -> None:
    item = {"name": MapItem()["name"], "week.$": "$.week", "index": MapItem().index}
    world = World("a", "b", train=lambda event: {"got": event})
    assert [row["Train"]["got"] for row in world.rows(fleet(item=item)).values()] == [
        {"name": "a", "week": 1, "index": 0},
        {"name": "b", "week": 1, "index": 1},
    ]


def test_options_of_the_map() -> None:
    writer = ResultWriter(
        resource="arn:aws:states:::s3:putObject", parameters={"Bucket": "bucket", "Prefix": "results"}
    )
    made = fleet(
        max_concurrency=3,
        tolerated_failure_percentage=0.5,
        result_path="$.Routes",
        label="Each",
        result_writer=writer,
        nothing_due=None,
        prepare=None,
        deploy=None,
        register=None,
        keep=None,
    )
    definition = made.definition.to_dict()
    each = definition["States"]["Each"]
    assert (each["MaxConcurrency"], each["ToleratedFailurePercentage"]) == (3, 0.5)
    assert each["ResultWriter"]["Parameters"] == {"Bucket": "bucket", "Prefix": "results"}
    assert list(definition["States"]) == ["Select", "Each", "Notify success", "Notify failure", "Failed"]
    assert faults_of(definition) == []


def test_models_whose_inputs_have_not_changed_are_left_out() -> None:
    world, made = World("a", "bad", "c"), fleet(cache=CACHE)
    first = world.rows(made)
    assert not any("Cached" in row for row in first.values())
    second = world.rows(made)
    assert world.trained == []
    assert second == {name: {**row, "Cached": True} for name, row in first.items()}
    world.inputs["c"] = [{"ETag": '"new"', "Size": 1}]
    third = world.rows(made)
    assert world.trained == ["c"]
    assert [name for name, row in third.items() if "Cached" in row] == ["a", "bad"]


@pytest.mark.parametrize(
    "changed",
    [
        [{"ETag": '"a"', "Size": 2}],
        [{"ETag": '"a"', "Size": 1}, {"ETag": '"b"', "Size": 1}],
        [{"ETag": '"b"', "Size": 1}],
        [],
    ],
    ids=["size", "more", "etag", "none"],
)
def test_any_change_of_the_inputs_counts(changed: list[Any]) -> None:
    world, made = World("a"), fleet(cache=CACHE)
    world.rows(made)
    world.inputs["a"] = changed
    world.rows(made)
    assert world.trained == ["a"]


def test_inputs_of_many_objects_are_compared_and_of_too_many_never() -> None:
    world, made = World("many", "more"), fleet(cache=CACHE)
    objects = [{"ETag": f'"{number:032x}-100"', "Size": 10**9 + number} for number in range(501)]
    world.inputs = {"many": objects[:500], "more": objects}
    world.rows(made)
    assert sorted(world.trained) == ["many", "more"]
    world.rows(made)
    assert world.trained == ["more"]
    world.inputs["many"] = [*objects[:499], objects[500]]
    world.rows(made)
    assert sorted(world.trained) == ["many", "more"]


def test_another_version_trains_every_model_again() -> None:
    world = World("a", "b")
    for version, trained in (("1", ["a", "b"]), ("1", []), ("2", ["a", "b"])):
        world.rows(fleet(cache=StepCache("bucket", key=NAME, inputs=CACHE.inputs, version=version)))
        assert sorted(world.trained) == trained


def test_a_hash_in_the_data_does_it_too() -> None:
    made = fleet(cache=StepCache("bucket", key=NAME, hash=StepInput()["hash"], prefix="records/"))
    world = World("a")
    for given, trained in (("1", ["a"]), ("1", []), ("2", ["a"])):
        world.mocks["s3://bucket/due.jsonl"] = json.dumps({"name": "a", "hash": given})
        world.rows(made)
        assert world.trained == trained
    assert list(world.objects) == ["records/a.json"]


def test_a_model_whose_hash_is_missing_is_always_trained() -> None:
    made = fleet(cache=StepCache("bucket", key=NAME, hash=StepInput()["hash"]))
    world = World("a")
    for _ in range(2):
        world.rows(made)
        assert world.trained == ["a"]


def test_version_and_hash_are_told_apart() -> None:
    world = World("a")
    for given, version in (("1", "12"), ("11", "2")):
        world.mocks["s3://bucket/due.jsonl"] = json.dumps({"name": "a", "hash": given})
        world.rows(fleet(cache=StepCache("bucket", key=NAME, hash=StepInput()["hash"], version=version)))
        assert world.trained == ["a"]


def test_the_largest_list_of_inputs_fits_a_task() -> None:
    entry = {"Key": "k" * 250, "ETag": f'"{0:032x}-10000"', "Size": 10**12, "LastModified": "2026-11-22T18:48:42.590Z"}
    entry |= {"StorageClass": "INTELLIGENT_TIERING"}
    world, made = World("a"), fleet(cache=CACHE)
    world.inputs["a"] = [entry] * 500
    for trained in (["a"], []):
        world.rows(made)
        assert world.trained == trained


def test_what_has_failed_is_not_remembered() -> None:
    world, made = World("broken"), fleet(cache=CACHE, tolerated_failure_percentage=100)
    for _ in range(2):
        assert world.run(made).status == "SUCCEEDED"
        assert world.trained == ["broken"] * 3
    assert world.objects == {}


@pytest.mark.parametrize("record", ["", "{", "[]", '{"Hash": 5}', '{"Output": {}}', "null"])
def test_a_record_that_says_nothing_is_as_none(record: str) -> None:
    world, made = World("a"), fleet(cache=CACHE)
    world.objects["cache/a.json"] = record
    world.rows(made)
    assert world.trained == ["a"]
    world.rows(made)
    assert world.trained == []


def test_a_run_that_cannot_be_remembered_has_still_succeeded() -> None:
    world, made = World("a"), fleet(cache=CACHE)
    world.mocks["Remember the run"] = StateFailed("S3.S3Exception", "Access Denied")
    assert "Register" in world.rows(made)["a"]


def test_a_cache_that_cannot_be_read_fails_the_model() -> None:
    world, made = World("a"), fleet(cache=CACHE, tolerated_failure_percentage=0)
    world.mocks["Look up the last run"] = StateFailed("S3.S3Exception", "Access Denied")
    assert world.run(made).describe()["error"] == "States.ExceedToleratedFailureThreshold"
    assert world.trained == []


def test_an_output_that_is_no_object_is_kept_too() -> None:
    register = LambdaStep("Register", parameters={"FunctionName": "register"}, output_path="$.Payload.serves")
    world, made = World("a"), fleet(cache=CACHE, register=register)
    assert world.run(made).get_output()["Models"] == ["new"]
    assert world.run(made).get_output()["Models"] == [{"Output": "new", "Cached": True}]


def test_a_cache_has_to_know_its_inputs() -> None:
    wrong: list[dict[str, Any]] = [{}, {"inputs": "x/", "hash": NAME}]
    for more in wrong:
        with pytest.raises(ValueError, match="give inputs=, the prefix of its objects in S3, or hash="):
            StepCache("bucket", key=NAME, **more)
    with pytest.raises(ValueError, match="without 's3://' and prefix"):
        StepCache("s3://bucket", key=NAME, inputs="x/")
