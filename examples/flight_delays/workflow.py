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

from stepfunctions.inputs import ExecutionInput, StepInput, context, states
from stepfunctions.mlops import DeployModelStep
from stepfunctions.steps import (
    ChoiceRule,
    EcsRunTaskStep,
    Flow,
    GlueStartJobRunStep,
    ItemReader,
    LambdaStep,
    TrainingStep,
)
from stepfunctions.steps.choice_rule import BaseRule
from stepfunctions.template import FleetRetrainingPipeline
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
    poll_seconds: int = field(default_factory=lambda: int(_setting("POLL_SECONDS", "5")))  # for the endpoint

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
    prepare = function("Prepare", "prepare", RUN, ("Eligible", "Due", "DueKey", "Reasons"))
    return FleetRetrainingPipeline(
        NAME,
        settings.role("workflow"),
        select=prepare,
        nothing_due=ChoiceRule.NumericEquals("$.Prepare.Due", 0),
        prepare=extract(settings) >> convert(settings),
        items=ItemReader.jsonl(settings.bucket, prepare.output()["Prepare"]["DueKey"]),
        item={**RUN, **{f"{name}.$": f"$$.Map.Item.Value.{name}" for name in ITEM}},
        train=train(settings),
        evaluate=evaluate(),
        better=better(),
        register=register("Promote", "promote"),
        keep=register("Keep", "keep"),
        deploy=deploy(settings),
        on_success=LambdaStep(
            "HandleSuccess",
            parameters=invoke(
                "notify", {**RUN, "Status": "SUCCEEDED", "Prepare.$": "$.Prepare", "Routes.$": "$.Routes"}
            ),
            output_path="$.Payload",
        ),
        on_failure=LambdaStep(
            "HandleFailed", parameters=invoke("notify", {**RUN, "Status": "FAILED", "Error.$": "$.Error"})
        ),
        max_concurrency=settings.max_concurrency,
        tolerated_failure_percentage=5,
        result_path="$.Routes",
        execution_input=ExecutionInput(schema={"Week": int}),
        comment="Retrain the delay models of the routes that are due in a week, and deploy what won.",
        timeout_seconds=3 * 3600,
        client=client,
    ).workflow


RUN = {"Week.$": "$.Week", "Run.$": "$$.Execution.Name"}
ITEM = ("Route", "Flights", "NewFlights", "Reason", "Champion")


def invoke(function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The request that invokes one of the functions."""
    return {"FunctionName": f"{NAME}-{function}", "Payload": payload}


def function(state: str, function: str, payload: dict[str, Any], kept: tuple[str, ...], at: str = "") -> LambdaStep:
    """A step that invokes a function and keeps some members of its answer beside the data."""
    return LambdaStep(
        state,
        parameters=invoke(function, payload),
        result_selector={f"{name}.$": f"$.Payload.{name}" for name in kept},
        result_path=f"$.{at or state}",
    )


def extract(settings: Settings) -> GlueStartJobRunStep:
    """The Glue job that cleans the raw data."""
    return GlueStartJobRunStep(
        "Extract",
        parameters={
            "JobName": f"{NAME}-extract",
            "Arguments": {"--bucket": settings.bucket, "--week.$": "States.Format('{}', $.Week)"},
        },
        result_path=None,
    )


def convert(settings: Settings, weeks: int | None = None) -> EcsRunTaskStep:
    """The container that makes training sets, of the last so many weeks (default: all)."""
    bucket = {"Name": "BUCKET", "Value": settings.bucket}
    week = {"Name": "WEEK", "Value.$": "States.Format('{}', $.Week)"}
    run = {"Name": "RUN", "Value.$": "$$.Execution.Name"}
    most = [] if weeks is None else [{"Name": "WEEKS", "Value": str(weeks)}]
    return EcsRunTaskStep(
        "Convert to training sets",
        parameters={
            "Cluster": "default",
            "LaunchType": "FARGATE",
            "TaskDefinition": f"{NAME}-convert",
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {"Subnets": list(settings.subnets), "AssignPublicIp": "ENABLED"}
            },
            "Overrides": {"ContainerOverrides": [{"Name": "convert", "Environment": [bucket, week, run, *most]}]},
        },
        result_path=None,
    )


def train(settings: Settings) -> TrainingStep:
    """The training job of a route."""
    return TrainingStep(
        "Train",
        estimator=training_job(settings),
        result_selector={
            "Job.$": "$.TrainingJobName",
            "Artifact.$": "$.ModelArtifacts.S3ModelArtifacts",
            "Metrics.$": "$.FinalMetricDataList",
        },
        result_path="$.Training",
    )


def evaluate() -> LambdaStep:
    """The function that scores all contenders on the same flights."""
    payload = {"Route.$": "$.Route", "Artifact.$": "$.Training.Artifact", "Metrics.$": "$.Training.Metrics"}
    judged = ("Model", "Baseline", "Champion", "TestRows", "Facts")
    return function("Evaluate", "evaluate", payload, judged, at="Evaluation")


def better() -> BaseRule:
    """A model wins that beats the naive baseline, and the champion where there is one."""
    better_than_champion = ChoiceRule.Or(
        [
            ChoiceRule.IsNull("$.Evaluation.Champion", True),
            ChoiceRule.NumericLessThanPath("$.Evaluation.Model", "$.Evaluation.Champion"),
        ]
    )
    better_than_baseline = ChoiceRule.NumericLessThanPath("$.Evaluation.Model", "$.Evaluation.Baseline")
    return ChoiceRule.And([better_than_baseline, better_than_champion])


def training_job(settings: Settings) -> dict[str, Any]:
    """The CreateTrainingJob request. The job's name is new for each execution, route, redrive and attempt."""
    execution = states.array_get_item(states.string_split(context.execution.name, "-"), 0)
    attempt = (context.execution.redrive_count, context.state.retry_count)
    item = StepInput()
    return {
        "TrainingJobName": states.format("{}-week-{}-{}-{}-{}", item["Route"], item["Week"], execution, *attempt),
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


def register(state: str, decision: str) -> LambdaStep:
    """The function that writes a decision into the registry."""
    fields = ("Route", "Week", "Run", "Flights", "NewFlights", "Reason", "Champion", "Evaluation")
    payload = {
        "Decision": decision,
        "TrainingJobName.$": "$.Training.Job",
        "Artifact.$": "$.Training.Artifact",
        **{f"{name}.$": f"$.{name}" for name in fields},
    }
    return LambdaStep(state, parameters=invoke("register", payload), output_path="$.Payload")


def deploy(settings: Settings) -> Flow:
    """Put the champions together in one release, and make the endpoint serve it."""
    release = function("Assemble release", "release", RUN, ("Name", "Models", "Prefix"), at="Release")
    name = release.output()["Release"]["Name"]
    deployment = DeployModelStep(
        "Deploy",
        NAME,
        model(settings),
        name=name,
        instance_type="ml.m5.large",
        poll=settings.poll_seconds,
        result_path="$.Deployment",
    )
    return release >> deployment


def model(settings: Settings) -> dict[str, Any]:
    """The CreateModel request: every archive under the release's prefix is one model of the endpoint."""
    return {
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


workflow = build_workflow(Settings())
