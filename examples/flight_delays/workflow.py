"""The workflow: retrain the delay models of the routes that are due in a week, and deploy what won.

    Prepare → Extract → Convert to training sets → Retrain (a child execution a route) → Deploy → HandleSuccess

``build_workflow(Settings(…))`` gives the whole state machine. The same definition runs on this machine and on AWS:
everything that differs between two accounts is in :class:`Settings`. The execution's input is ``{"Week": 39}``;
its name labels everything it makes (``Run`` in the payloads below).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    EcsRunTaskStep,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    GlueStartJobRunStep,
    LambdaStep,
    Map,
    ModelStep,
    Pass,
    Retry,
    Task,
    TrainingStep,
    Wait,
)
from stepfunctions.workflow import Workflow

NAME = "flight-delays"
METRICS = {  # what train.py prints: mean absolute errors, minutes
    "validation:mae": "validation_mae",
    "test:model": "model_mae",
    "test:baseline": "baseline_mae",
    "test:champion": "champion_mae",
}


@dataclass(frozen=True)
class Settings:
    """What differs between two accounts. The defaults fit the local cloud; each can be set in the environment."""

    account: str = field(default_factory=lambda: _setting("ACCOUNT", "123456789012"))
    region: str = field(default_factory=lambda: _setting("REGION", "us-east-1"))
    bucket: str = field(default_factory=lambda: _setting("BUCKET", "flight-delays"))
    subnets: tuple[str, ...] = field(default_factory=lambda: tuple(_setting("SUBNETS", "subnet-0").split(",")))
    training_image: str = field(
        default_factory=lambda: _setting(
            # SageMaker's own scikit-learn image in us-east-1; other Regions have it under another account.
            "IMAGE",
            "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        )
    )
    max_concurrency: int = field(default_factory=lambda: int(_setting("MAX_CONCURRENCY", "8")))

    def role(self, name: str) -> str:
        """The ARN of one of the example's roles."""
        return f"arn:aws:iam::{self.account}:role/{NAME}-{name}"

    def uri(self, key: str) -> str:
        """The s3:// address of a key of the bucket."""
        return f"s3://{self.bucket}/{key}"

    @property
    def convert_image(self) -> str:
        """The image of the container that makes training sets."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{NAME}-convert:latest"


def _setting(name: str, default: str) -> str:
    return os.environ.get(f"FLIGHT_DELAYS_{name}", default)


def build_workflow(settings: Settings, client: Any = None) -> Workflow:
    """The workflow of one account; ``client`` is a boto3 Step Functions client."""
    failed = Fail("Failed", error_path="$.Error.Error", cause_path="$.Error.Cause")
    handle_failed = LambdaStep(
        "HandleFailed",
        parameters=_invoke("notify", {**RUN, "Status": "FAILED", "Error.$": "$.Error"}),
        result_path=None,
        retry=_retry(),
        catch=Catch(failed, error_equals=["States.ALL"], result_path="$.Notification"),
    )
    handle_failed.next(failed)
    handle_success = LambdaStep(
        "HandleSuccess",
        parameters=_invoke("notify", {**RUN, "Status": "SUCCEEDED", "Prepare.$": "$.Prepare", "Routes.$": "$.Routes"}),
        output_path="$.Payload",
        **_guard(handle_failed),
    )
    retrain = Chain(
        [
            _extract(settings, handle_failed),
            _convert(settings, handle_failed),
            _retrain(settings, handle_failed),
            _deploy(settings, handle_failed, handle_success),
        ]
    )
    nothing = Pass("Nothing due", result=[], result_path="$.Routes")
    nothing.next(handle_success)
    anything = Choice("Anything due?")
    anything.add_choice(ChoiceRule.NumericEquals("$.Prepare.Due", 0), nothing)
    anything.default_choice(retrain)
    prepare = LambdaStep(
        "Prepare",
        parameters=_invoke("prepare", RUN),
        result_selector={f"{name}.$": f"$.Payload.{name}" for name in ("Eligible", "Due", "DueKey", "Reasons")},
        result_path="$.Prepare",
        **_guard(handle_failed),
    )
    prepare.next(anything)
    return Workflow(
        NAME,
        prepare,
        settings.role("workflow"),
        execution_input=ExecutionInput(schema={"Week": int}),
        comment="Retrain the delay models of the routes that are due in a week, and deploy what won.",
        timeout_seconds=6 * 3600,
        client=client,
    )


RUN = {"Week.$": "$.Week", "Run.$": "$$.Execution.Name"}


def _retry() -> Retry:
    return Retry(error_equals=["States.ALL"], interval_seconds=15, backoff_rate=4.0, max_attempts=2)


def _guard(handler: LambdaStep | Fail) -> dict[str, Any]:
    """What every task has: two more attempts after 15 s and 60 s, then the handler, with the error beside the data."""
    return {"retry": _retry(), "catch": Catch(handler, error_equals=["States.ALL"], result_path="$.Error")}


def _invoke(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"FunctionName": f"{NAME}-{function}", "Payload": payload}


def _extract(settings: Settings, handle_failed: LambdaStep) -> GlueStartJobRunStep:
    return GlueStartJobRunStep(
        "Extract",
        parameters={
            "JobName": f"{NAME}-extract",
            "Arguments": {"--bucket": settings.bucket, "--week.$": "States.Format('{}', $.Week)"},
        },
        result_path=None,
        **_guard(handle_failed),
    )


def _convert(settings: Settings, handle_failed: LambdaStep) -> EcsRunTaskStep:
    bucket = {"Name": "BUCKET", "Value": settings.bucket}
    week = {"Name": "WEEK", "Value.$": "States.Format('{}', $.Week)"}
    run = {"Name": "RUN", "Value.$": "$$.Execution.Name"}
    return EcsRunTaskStep(
        "Convert to training sets",
        parameters={
            "Cluster": "default",
            "LaunchType": "FARGATE",
            "TaskDefinition": f"{NAME}-convert",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {"Subnets": list(settings.subnets), "AssignPublicIp": "ENABLED"}
            },
            "Overrides": {"ContainerOverrides": [{"Name": "convert", "Environment": [bucket, week, run]}]},
        },
        result_path=None,
        **_guard(handle_failed),
    )


def _retrain(settings: Settings, handle_failed: LambdaStep) -> Map:
    """One child execution a due route. Up to 5 % of them may fail; those routes keep what serves them now.

    The Map itself has no Retry: on AWS that would train every route again. The tasks inside are retried.
    """
    item = ("Route", "Flights", "NewFlights", "Reason", "Champion")
    return Map(
        "Retrain",
        label="Retrain",
        processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        item_processor=_retrain_route(settings),
        item_reader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": settings.bucket, "Key.$": "$.Prepare.DueKey"},
        },
        item_selector={**RUN, **{f"{name}.$": f"$$.Map.Item.Value.{name}" for name in item}},
        max_concurrency=settings.max_concurrency,
        tolerated_failure_percentage=5,
        result_path="$.Routes",
        catch=Catch(handle_failed, error_equals=["States.ALL"], result_path="$.Error"),
    )


def _retrain_route(settings: Settings) -> Chain:
    """Train → Evaluate → Choice against the champion → Promote or Keep: what each child execution does."""
    failed = Fail("Route failed", error_path="$.Error.Error", cause_path="$.Error.Cause")
    train = TrainingStep(
        "Train",
        estimator=_training_job(settings),
        result_selector={
            "Job.$": "$.TrainingJobName",
            "Artifact.$": "$.ModelArtifacts.S3ModelArtifacts",
            "Metrics.$": "$.FinalMetricDataList",
        },
        result_path="$.Training",
        **_guard(failed),
    )
    judged = ("Model", "Baseline", "Champion", "TestRows", "Facts")
    evaluate = LambdaStep(
        "Evaluate",
        parameters=_invoke(
            "evaluate",
            {"Route.$": "$.Route", "Artifact.$": "$.Training.Artifact", "Metrics.$": "$.Training.Metrics"},
        ),
        result_selector={f"{name}.$": f"$.Payload.{name}" for name in judged},
        result_path="$.Evaluation",
        **_guard(failed),
    )
    compare = Choice("Better than the champion?")
    better_than_champion = ChoiceRule.Or(
        [
            ChoiceRule.IsNull("$.Evaluation.Champion", True),
            ChoiceRule.NumericLessThanPath("$.Evaluation.Model", "$.Evaluation.Champion"),
        ]
    )
    better_than_baseline = ChoiceRule.NumericLessThanPath("$.Evaluation.Model", "$.Evaluation.Baseline")
    compare.add_choice(
        ChoiceRule.And([better_than_baseline, better_than_champion]), _register("Promote", "promote", failed)
    )
    compare.default_choice(_register("Keep", "keep", failed))
    return Chain([train, evaluate, compare])


def _training_job(settings: Settings) -> dict[str, Any]:
    """The CreateTrainingJob request. The job's name is new for each execution, route and attempt."""
    name = "States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), 0)"
    return {
        "TrainingJobName.$": f"States.Format('{{}}-week-{{}}-{{}}-{{}}', $.Route, $.Week, {name}, $$.State.RetryCount)",
        "AlgorithmSpecification": {
            "TrainingImage": settings.training_image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": name, "Regex": f"{printed}=([0-9.]+);"} for name, printed in METRICS.items()
            ],
        },
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": settings.uri("code/training.tar.gz"),
            "route.$": "$.Route",
            "week.$": "States.Format('{}', $.Week)",
        },
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3DataDistributionType": "FullyReplicated",
                        "S3Uri.$": f"States.Format('{settings.uri('sets/{}/{}/')}', $.Run, $.Route)",
                    }
                },
            }
        ],
        "Environment": {"OMP_NUM_THREADS": "1"},  # a route is small: many jobs beat many threads
        "OutputDataConfig": {"S3OutputPath": settings.uri("training")},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900},
        "RoleArn": settings.role("sagemaker"),
    }


def _register(state: str, decision: str, failed: Fail) -> LambdaStep:
    fields = ("Route", "Week", "Run", "Flights", "NewFlights", "Reason", "Champion", "Evaluation")
    payload = {
        "Decision": decision,
        "TrainingJobName.$": "$.Training.Job",
        "Artifact.$": "$.Training.Artifact",
        **{f"{name}.$": f"$.{name}" for name in fields},
    }
    return LambdaStep(state, parameters=_invoke("register", payload), output_path="$.Payload", **_guard(failed))


def _deploy(settings: Settings, handle_failed: LambdaStep, done: LambdaStep) -> Chain:
    """Release → model → endpoint configuration → create or update the endpoint → wait until it serves."""
    guard = _guard(handle_failed)
    release = LambdaStep(
        "Assemble release",
        parameters=_invoke("release", RUN),
        result_selector={f"{name}.$": f"$.Payload.{name}" for name in ("Name", "Models", "Prefix")},
        result_path="$.Release",
        **guard,
    )
    model = ModelStep("Create model", model=_model(settings), result_path=None, **guard)
    config = EndpointConfigStep(
        "Create endpoint configuration",
        endpoint_config_name=model.output()["Release"]["Name"],
        model_name=model.output()["Release"]["Name"],
        initial_instance_count=1,
        instance_type="ml.m5.large",
        result_path=None,
        **guard,
    )
    find = Task(
        "Find endpoint",
        resource="arn:aws:states:::aws-sdk:sagemaker:listEndpoints",
        parameters={"NameContains": NAME},
        result_selector={"Exists.$": f"States.ArrayContains($.Endpoints[*].EndpointName, '{NAME}')"},
        result_path="$.Endpoint",
        **guard,
    )
    exists = Choice("Endpoint exists?")
    update, create = (
        EndpointStep(
            name,
            endpoint_name=NAME,
            endpoint_config_name=exists.output()["Release"]["Name"],
            update=name == "Update endpoint",
            result_path=None,
            **guard,
        )
        for name in ("Update endpoint", "Create endpoint")
    )
    exists.add_choice(ChoiceRule.BooleanEquals("$.Endpoint.Exists", True), update)
    exists.default_choice(create)
    poll = _poll(handle_failed, done)
    update.next(poll)
    create.next(poll)
    return Chain([release, model, config, find, exists])


def _model(settings: Settings) -> dict[str, Any]:
    """The CreateModel request: every archive under the release's prefix is one model of the endpoint."""
    return {
        "ModelName.$": "$.Release.Name",
        "ExecutionRoleArn": settings.role("sagemaker"),
        "PrimaryContainer": {
            "Image": settings.training_image,
            "Mode": "MultiModel",
            "ModelDataUrl.$": "$.Release.Prefix",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": settings.uri("code/training.tar.gz"),
                "SAGEMAKER_REGION": settings.region,
                "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
            },
        },
    }


def _poll(handle_failed: LambdaStep, done: LambdaStep) -> Task:
    """Ask until the endpoint serves this release. A deployment that was rolled back names its reason."""
    describe = Task(
        "Describe endpoint",
        resource="arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
        parameters={"EndpointName": NAME},
        result_path="$.Endpoint",
        **_guard(handle_failed),
    )
    wait = Wait("Wait for the endpoint", seconds=5)
    wait.next(describe)
    broken = Pass(
        "Deployment failed",
        parameters={
            "Error": "DeploymentFailed",
            "Cause.$": "States.Format('The endpoint {} is {} on the configuration {}.', $.Endpoint.EndpointName, "
            "$.Endpoint.EndpointStatus, $.Endpoint.EndpointConfigName)",
        },
        result_path="$.Error",
    )
    broken.next(handle_failed)
    check = Choice("In service?")
    serves = ChoiceRule.And(
        [
            ChoiceRule.StringEquals("$.Endpoint.EndpointStatus", "InService"),
            ChoiceRule.StringEqualsPath("$.Endpoint.EndpointConfigName", "$.Release.Name"),
        ]
    )
    check.add_choice(serves, done)
    gave_up = ChoiceRule.Or(
        [
            ChoiceRule.StringEquals("$.Endpoint.EndpointStatus", "Failed"),
            ChoiceRule.IsPresent("$.Endpoint.FailureReason", True),
        ]
    )
    check.add_choice(gave_up, broken)
    check.default_choice(wait)
    describe.next(check)
    return describe


workflow = build_workflow(Settings())
