"""Steps of services: their resources, and the requests that the SageMaker steps build."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Chain,
    EcsRunTaskStep,
    EndpointConfigStep,
    EndpointStep,
    GlueStartJobRunStep,
    Graph,
    LambdaStep,
    ModelStep,
    TrainingStep,
)
from stepfunctions.steps.integration_resources import IntegrationPattern, get_service_integration_arn

TRAINING: dict[str, Any] = {
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/delays:1",
        "TrainingInputMode": "File",
    },
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    "RoleArn": "arn:aws:iam::123456789012:role/train",
    "HyperParameters": {"depth": "3"},
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


@pytest.mark.parametrize(
    ("step", "resource"),
    [
        (lambda: LambdaStep("s"), "arn:aws:states:::lambda:invoke"),
        (lambda: LambdaStep("s", wait_for_callback=True), "arn:aws:states:::lambda:invoke.waitForTaskToken"),
        (lambda: GlueStartJobRunStep("s"), "arn:aws:states:::glue:startJobRun.sync"),
        (lambda: GlueStartJobRunStep("s", wait_for_completion=False), "arn:aws:states:::glue:startJobRun"),
        (lambda: EcsRunTaskStep("s"), "arn:aws:states:::ecs:runTask.sync"),
        (lambda: TrainingStep("s", TRAINING, "job"), "arn:aws:states:::sagemaker:createTrainingJob.sync"),
        (lambda: EndpointStep("s", "e", "c"), "arn:aws:states:::sagemaker:createEndpoint"),
        (lambda: EndpointStep("s", "e", "c", update=True), "arn:aws:states:::sagemaker:updateEndpoint"),
    ],
)
def test_resources(step: Any, resource: str) -> None:
    assert step().to_dict()["Resource"] == resource


def test_the_partition_is_the_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    assert (
        get_service_integration_arn("states", "startExecution", IntegrationPattern.WaitForCompletion, 2)
        == "arn:aws-cn:states:::states:startExecution.sync:2"
    )


def _validate(operation: str, request: Any) -> str:
    model = botocore.session.get_session().get_service_model("sagemaker").operation_model(operation)
    return str(ParamValidator().validate(request, model.input_shape).generate_report())


def test_requests_are_what_the_api_takes() -> None:
    training = TrainingStep(
        "train",
        TRAINING,
        "job",
        data={"train": "s3://b/train", "test": "s3://b/test"},
        hyperparameters={"rate": "0.1"},
        mini_batch_size=100,
        tags={"team": "delays"},
        experiment_config={"ExperimentName": "e"},
        output_data_config_path="s3://b/out",
        parameters={"StoppingCondition": {"MaxRuntimeInSeconds": 60}},
    )
    request = training.to_dict()["Parameters"]
    assert _validate("CreateTrainingJob", request) == ""
    assert request["HyperParameters"] == {"depth": "3", "rate": "0.1", "mini_batch_size": "100"}
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}
    assert request["Tags"] == [{"Key": "team", "Value": "delays"}]
    assert [channel["ChannelName"] for channel in request["InputDataConfig"]] == ["train", "test"]
    model = ModelStep(
        "model",
        {
            "PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"},
            "ExecutionRoleArn": TRAINING["RoleArn"],
        },
        model_name="m",
        tags={"a": "b"},
    )
    assert _validate("CreateModel", model.to_dict()["Parameters"]) == ""
    config = EndpointConfigStep("config", "c", "m", 1, "ml.m5.large", tags={"a": "b"})
    assert _validate("CreateEndpointConfig", config.to_dict()["Parameters"]) == ""
    assert _validate("CreateEndpoint", EndpointStep("e", "e", "c", tags={"a": "b"}).to_dict()["Parameters"]) == ""


def test_placeholders_stand_for_names_data_and_hyperparameters() -> None:
    given = ExecutionInput()
    step = TrainingStep(
        "train", TRAINING, given["name"], data=given["data"], hyperparameters=given["hps"], tags=given["tags"]
    )
    request = step.to_dict()["Parameters"]
    assert request["TrainingJobName.$"] == "$$.Execution.Input['name']"
    assert request["HyperParameters.$"] == "$$.Execution.Input['hps']"
    assert request["Tags.$"] == "$$.Execution.Input['tags']"
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri.$"] == "$$.Execution.Input['data']"
    assert TRAINING["HyperParameters"] == {"depth": "3"}


def test_the_model_of_a_training_step_is_its_artefact() -> None:
    training = TrainingStep("train", TRAINING, "job")
    model = ModelStep("model", training.get_expected_model(), model_name="m")
    states = Graph(Chain([training, model])).to_dict()["States"]
    assert (
        states["model"]["Parameters"]["PrimaryContainer"]["ModelDataUrl.$"] == "$['ModelArtifacts']['S3ModelArtifacts']"
    )
    assert states["model"]["Parameters"]["ExecutionRoleArn"] == TRAINING["RoleArn"]


def test_anything_else_than_a_request_or_an_estimator_is_refused() -> None:
    with pytest.raises(ValueError, match="CreateTrainingJob request"):
        TrainingStep("train", object(), "job")
    with pytest.raises(ValueError, match="CreateModel request"):
        ModelStep("model", 3)
