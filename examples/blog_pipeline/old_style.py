"""A pipeline as a practitioner published it in 2019, written for ``stepfunctions`` 2.3.0 and SageMaker's SDK 2.

    Prepare → Pull data → Convert to training set → Train model → Deploy Model → HandleSuccess

Nothing in this file was changed for this package: the same imports, and the same JSON, which a test compares with
what 2.3.0 emits. ``pipeline.py`` says the same in today's style.
"""

from __future__ import annotations

from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    EcsRunTaskStep,
    Fail,
    GlueStartJobRunStep,
    LambdaStep,
    Retry,
    Succeed,
    TrainingStep,
)
from stepfunctions.workflow import Workflow

ACCOUNT = "123456789012"
BUCKET = "blog-pipeline"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/blog-pipeline"

execution_input = ExecutionInput(schema={"JobName": str})

handle_failed = Fail("HandleFailed")
handle_success = Succeed("HandleSuccess")

prepare = LambdaStep(
    state_id="Prepare",
    parameters={"FunctionName": "blog-pipeline-prepare", "Payload": {"JobName": execution_input["JobName"]}},
    output_path="$.Payload",
)

pull = GlueStartJobRunStep(
    state_id="Pull data (Glue job)",
    parameters={"JobName": "blog-pipeline-pull", "Arguments": {"--destination.$": "$.S3Location"}},
    result_path=None,
)

convert = EcsRunTaskStep(
    state_id="Convert to training set (ESC Fargate)",
    parameters={
        "Cluster": "default",
        "TaskDefinition": "blog-pipeline-convert",
        "LaunchType": "FARGATE",
        "PlatformVersion": "1.4.0",
        "NetworkConfiguration": {
            "AwsvpcConfiguration": {
                "Subnets": ["subnet-0a1b2c3d"],
                "SecurityGroups": ["sg-0a1b2c3d"],
                "AssignPublicIp": "DISABLED",
            }
        },
        "Overrides": {
            "ContainerOverrides": [
                {
                    "Name": "convert",
                    "Environment": [
                        {"Name": "SOURCE", "Value.$": "$.S3Location"},
                        {"Name": "TARGET", "Value.$": "$.S3Location"},
                    ],
                }
            ]
        },
    },
    result_path=None,
)

estimator = Estimator(
    image_uri=f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/blog-pipeline-clusters:latest",
    role=ROLE,
    instance_count=1,
    instance_type="ml.p3.2xlarge",
    output_path=f"s3://{BUCKET}/models",
    hyperparameters={
        "clusters": 6,
        "learning-rate": 0.05,
        "batch-size": 256,
        "epochs": 40,
        "min-epochs": 5,
        "patience": 3,
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"s3://{BUCKET}/code/training.tar.gz",
    },
)

train = TrainingStep(
    state_id="Train model (SageMaker)",
    estimator=estimator,
    job_name=execution_input["JobName"],
    data={name: TrainingInput(f"s3://{BUCKET}/data/{name}") for name in ("train", "val", "test")},
    wait_for_completion=True,
)

deploy = LambdaStep(
    state_id="Deploy Model",
    parameters={
        "FunctionName": "blog-pipeline-deploy",
        "Payload": {"Model": train.output()["ModelArtifacts"]["S3ModelArtifacts"]},
    },
    output_path="$.Payload",
)

for step in (prepare, pull, convert, train):
    step.add_retry(Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0))
    step.add_catch(Catch(error_equals=["States.TaskFailed"], next_step=handle_failed))

definition = Chain([prepare, pull, convert, train, deploy, handle_success])

workflow = Workflow("blog-pipeline", definition, ROLE, execution_input=execution_input)
