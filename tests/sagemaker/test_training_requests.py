"""Training and tuning made of plain requests: nothing of the SageMaker SDK is needed."""

from __future__ import annotations

import copy
import logging
import re
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput, StepInput, context, states
from stepfunctions.steps import Chain, Graph, ModelStep, Pass, TrainingStep, TuningStep
from stepfunctions.steps.sagemaker.step import SageMakerStep
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/train"
given = ExecutionInput()


def training(**more: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "HyperParameters": {"depth": "3"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        "RoleArn": ROLE,
        **more,
    }


def test_a_request_is_written_as_it_is_and_stays_as_it_was(checked: Any) -> None:
    request = training(
        Environment={"A": "b"},
        ResourceConfig={
            "InstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "VolumeSizeInGB": 5,
            "KeepAlivePeriodInSeconds": 600,
        },
        RetryStrategy={"MaximumRetryAttempts": 2},
        ProfilerConfig={"DisableProfiler": True},
    )
    before = copy.deepcopy(request)
    assert checked(TrainingStep("train", request)) == before
    checked(TrainingStep("train", request, "other", data="s3://b/x", hyperparameters={"depth": "4"}, tags={"a": "b"}))
    assert request == before


def test_arguments_are_written_over_the_request_and_parameters_over_both(checked: Any) -> None:
    step = TrainingStep(
        "train",
        training(),
        "mine",
        data={"train": given["train"], "test": "s3://bucket/test"},
        hyperparameters={"depth": 4, "rate": given["rate"]},
        mini_batch_size=given["batch"],
        experiment_config={"ExperimentName": given["experiment"]},
        tags={"team": given["team"]},
        output_data_config_path=given["out"],
        wait_for_completion=False,
        parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 5}, "HyperParameters": {"more": "1"}},
    )
    assert step.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createTrainingJob"
    path = "$$.Execution.Input"
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/test", "S3DataDistributionType": "FullyReplicated"}
    assert checked(step) == {
        **training(),
        "TrainingJobName": "mine",
        "HyperParameters": {
            "depth": "4",
            "rate.$": f"{path}['rate']",
            "mini_batch_size.$": f"{path}['batch']",
            "more": "1",
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri.$": f"{path}['train']"}},
            },
            {"ChannelName": "test", "DataSource": {"S3DataSource": source}},
        ],
        "ExperimentConfig": {"ExperimentName.$": f"{path}['experiment']"},
        "Tags": [{"Key": "team", "Value.$": f"{path}['team']"}],
        "OutputDataConfig": {"S3OutputPath.$": f"{path}['out']"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 5},
    }


def test_placeholders_stand_for_whole_members(checked: Any) -> None:
    step = TrainingStep("train", training(), given["job"], given["data"], given["hyperparameters"], tags=given["tags"])
    written = checked(step)
    path = "$$.Execution.Input"
    assert written["TrainingJobName.$"] == f"{path}['job']"
    assert written["HyperParameters.$"] == f"{path}['hyperparameters']"
    assert written["Tags.$"] == f"{path}['tags']"
    assert written["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri.$"] == f"{path}['data']"
    assert not {"TrainingJobName", "HyperParameters", "Tags"} & set(written)


def test_a_member_and_its_path_are_one_member(checked: Any) -> None:
    step = TrainingStep("train", training(), "mine", parameters={"TrainingJobName.$": "$.name", "RoleArn": given["r"]})
    written = step.to_dict()["Parameters"]
    assert written["TrainingJobName.$"] == "$.name"
    assert "TrainingJobName" not in written
    assert written["RoleArn.$"] == "$$.Execution.Input['r']"
    back = TrainingStep("train", {**training(), "TrainingJobName.$": "$.name"}, "mine").to_dict()["Parameters"]
    assert back["TrainingJobName"] == "mine"
    assert "TrainingJobName.$" not in back


def test_what_is_overwritten_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="stepfunctions"):
        TrainingStep("train", training(), "job", hyperparameters={"depth": 4}, parameters={"RoleArn": "other"})
    assert [record.getMessage() for record in caplog.records] == [
        "The hyperparameter 'depth' is overwritten: 3 becomes 4",
        f"The member 'RoleArn' is overwritten: {ROLE} becomes other",
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="stepfunctions"):
        TrainingStep("train", training(), "job", hyperparameters={"depth": "3"}, parameters={"RoleArn": ROLE})
    assert caplog.records == []


@pytest.mark.parametrize(
    ("state_id", "name"),
    [
        ("Train the model!", "Train-the-model"),
        ("x" * 80, "x" * 26),
        ("--", "step"),
    ],
)
def test_a_job_without_a_name_gets_one_that_is_new_in_every_attempt(checked: Any, state_id: str, name: str) -> None:
    request = training()
    del request["TrainingJobName"]
    written = checked(TrainingStep(state_id, request))
    assert written["TrainingJobName.$"] == f"States.Format('{name}-{{}}', States.UUID())"
    assert len(name) + 1 + 36 <= 63


def test_an_unnamed_tuning_job_has_at_most_32_characters(checked: Any) -> None:
    written = checked(TuningStep("Tune all of the hyperparameters", tuning()))
    digits = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 4)"
    assert written["HyperParameterTuningJobName.$"] == f"States.Format('Tune-all-of-the-hyp-{{}}', {digits})"
    assert len("Tune-all-of-the-hyp-") + 12 == 32


def test_a_request_in_a_state_of_jsonata(checked: Any) -> None:
    step = TrainingStep("train", training(), given["job"], arguments={"RoleArn": given["role"]})
    written = step.to_dict()
    assert written["Arguments"]["TrainingJobName"] == "{% $states.context.Execution.Input.job %}"
    assert written["Arguments"]["RoleArn"] == "{% $states.context.Execution.Input.role %}"
    assert "Parameters" not in written
    named = TrainingStep("train", training(), query_language="JSONata", parameters={"RoleArn": ROLE}).to_dict()
    assert named["Arguments"]["RoleArn"] == ROLE
    of_graph = Graph(TrainingStep("train", training(), given["job"]), query_language="JSONata").to_dict()
    assert of_graph["States"]["train"]["Arguments"]["TrainingJobName"].startswith("{%")


def test_the_expected_model_is_served_by_the_same_image(checked: Any) -> None:
    train = TrainingStep("train", training(Environment={"A": "b"}), given["job"])
    model = ModelStep("model", train.get_expected_model())
    assert Graph(Chain([train, model])).to_dict()["States"]["model"]["Parameters"] == {
        "PrimaryContainer": {
            "Image": "image",
            "ModelDataUrl.$": "$['ModelArtifacts']['S3ModelArtifacts']",
            "Environment": {"A": "b"},
        },
        "ExecutionRoleArn": ROLE,
        "ModelName.$": "$$.Execution.Input['job']",
    }
    checked(model)
    loose = training(OutputDataConfig={"S3OutputPath": "s3://b/o", "CompressionType": "NONE"})
    directory = ModelStep("m", TrainingStep("train", loose).get_expected_model("mine"))
    assert checked(directory)["PrimaryContainer"]["ModelDataSource"]["S3DataSource"] == {
        "S3Uri.$": "$['ModelArtifacts']['S3ModelArtifacts']",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
    }
    algorithm = training(AlgorithmSpecification={"AlgorithmName": "a", "TrainingInputMode": "File"})
    with pytest.raises(ValueError, match=r"PrimaryContainer.ModelPackageName"):
        TrainingStep("train", algorithm).get_expected_model()


def tuning(**more: Any) -> dict[str, Any]:
    definition = training()
    for name in ("TrainingJobName", "HyperParameters"):
        del definition[name]
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}]}
    return {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "mae"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2, "MaxNumberOfTrainingJobs": 8},
            "ParameterRanges": ranges,
        },
        "TrainingJobDefinition": definition,
        **more,
    }


def test_tuning_of_a_request(checked: Any) -> None:
    step = TuningStep("tune", tuning(), given["job"], {"train": given["data"]}, tags={"a": "b"})
    written = checked(step)
    assert step.to_dict()["Resource"] == "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync"
    assert written["HyperParameterTuningJobName.$"] == "$$.Execution.Input['job']"
    (channel,) = written["TrainingJobDefinition"]["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri.$"] == "$$.Execution.Input['data']"
    assert channel["ContentType"] == "text/csv"


def test_the_best_model_of_a_tuning_job(checked: Any) -> None:
    tune = TuningStep("tune", tuning(), "job")
    best = tune.get_best_training_job()
    assert (
        best["TunedHyperParameters"]["depth"].to_jsonpath() == "$['BestTrainingJob']['TunedHyperParameters']['depth']"
    )
    name = "$['BestTrainingJob']['TrainingJobName']"
    step = ModelStep("model", tune.get_best_model())
    assert checked(step) == {
        "PrimaryContainer": {
            "Image": "image",
            "ModelDataUrl.$": f"States.Format('s3://bucket/out/{{}}/output/model.tar.gz', {name})",
        },
        "ExecutionRoleArn": ROLE,
        "ModelName.$": name,
    }
    request = tuning()
    request["TrainingJobDefinition"]["OutputDataConfig"] = {"S3OutputPath": StepInput()["out"]}
    placed = TuningStep("tune", request, "job").get_best_model("mine")
    found = placed["PrimaryContainer"]["ModelDataUrl"].to_jsonpath()
    assert found == f"States.Format('{{}}/{{}}/output/model.tar.gz', $['out'], {name})"
    several = tuning(TrainingJobDefinitions=[])
    del several["TrainingJobDefinition"]
    with pytest.raises(ValueError, match="tunes several estimators"):
        TuningStep("tune", several, "job").get_best_model()


@pytest.mark.parametrize(
    ("arguments", "fields", "says"),
    [
        ((5,), {}, "CreateTrainingJob request .* not int"),
        ((None,), {}, "CreateTrainingJob request .* not NoneType"),
        ((Pass("p"),), {}, "not Pass"),
        ((training(RoleArn=None),), {}, "The step 'train' has no RoleArn: give the estimator a role"),
        ((training(OutputDataConfig={}),), {}, "has no OutputDataConfig.S3OutputPath: give output_data_config_path"),
        (
            (training(), "job", "/home/me/train.csv"),
            {},
            "channel 'train' are at '/home/me/train.csv', which is not in S3",
        ),
        ((training(), "job", {"x": "file:///d"}), {}, "channel 'x' are at 'file:///d'"),
        ((training(), "job", {"x": 5}), {}, "The channel 'x' is an S3 location, .* not int"),
        ((training(), "job", 5), {}, "Training data are an S3 location, .* not int"),
        ((training(), "job"), {"parameters": given["all"]}, "'parameters' of the step 'train' is merged"),
        ((training(), "job"), {"tags": "team"}, "Tags are a dict"),
        ((training(), "job"), {"tags": [{"Key": "a"}]}, "A tag has a key and a value"),
        ((training(Environment={"A": {1, 2}}), "job"), {}, "cannot write Environment.A: set"),
        (
            (training(HyperParameters=given["all"]), "job"),
            {"hyperparameters": {"depth": 4}},
            "HyperParameters is known only at run time as a whole",
        ),
        (
            ({**training(), "HyperParameters": None, "HyperParameters.$": "$.all"}, "job"),
            {"mini_batch_size": 5},
            "HyperParameters is known only at run time as a whole",
        ),
    ],
)
def test_what_cannot_be_written_says_so(arguments: Any, fields: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        TrainingStep("train", *arguments, **fields)


def test_values_of_later_are_no_places_on_this_machine(checked: Any) -> None:
    for place in ("${Data}", "https://s3.amazonaws.com/b/x", states.format("s3://b/{}", context.execution.name)):
        checked(TrainingStep("train", training(), "job", data=place))


def test_all_steps_that_name_something_have_the_length_of_its_name() -> None:
    lengths = {cls.__name__: cls.LONGEST_NAME for cls in SageMakerStep.__subclasses__() if cls.NAME}
    assert lengths.pop("TuningStep") == 32
    assert set(lengths.values()) == {63}


def test_names_that_are_made_at_run_time_are_names_of_the_api() -> None:
    request = training()
    del request["TrainingJobName"]
    names = []

    def note(parameters: dict[str, Any]) -> dict[str, Any]:
        names.append(parameters.get("TrainingJobName") or parameters["HyperParameterTuningJobName"])
        return {}

    steps = [
        TrainingStep("Train all the models of the week (1)", request),
        TuningStep("Tune: all of them again", tuning()),
    ]
    workflow = Workflow("names", Chain(steps), role="arn:aws:iam::123456789012:role/r")
    for _ in range(2):
        workflow.run({}, mocks={step.state_id: note for step in steps}).get_output(wait=True, raise_on_failure=True)
    assert len(set(names)) == 4
    for name, longest in zip(names, (63, 32, 63, 32), strict=True):
        assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*", name)
        assert len(name) <= longest
