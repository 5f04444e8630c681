"""2.3.0's two pipelines, made of plain requests: no SDK is needed."""

from __future__ import annotations

import copy
import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from tests.faults_of import faults_of

from stepfunctions.steps import Pass
from stepfunctions.template import InferencePipeline, TrainingPipeline
from stepfunctions.template.pipeline.common import WorkflowTemplate
from stepfunctions.template.utils import replace_parameters_with_context_object, replace_parameters_with_jsonpath
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/any"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:p"
RUN = "arn:aws:states:us-east-1:123456789012:execution:p:run"


def training(image: str = "image:1", **more: Any) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceCount": 2, "InstanceType": "ml.c5.xlarge", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": {"epochs": "3"},
        "RoleArn": ROLE,
        **more,
    }


class Service:
    """A client that answers what is expected of it, and remembers what executions were started with."""

    def __init__(self, executions: int = 0, create: bool = True) -> None:
        self.client = boto3.client(
            "stepfunctions", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.started: list[dict[str, Any]] = []
        stub = Stubber(self.client)
        if create:
            created = {"stateMachineArn": ARN, "creationDate": "2022-01-01"}
            stub.add_response(
                "create_state_machine", created, dict.fromkeys(("name", "definition", "roleArn", "tags"), ANY)
            )
        for _ in range(executions):
            wanted = dict.fromkeys(("stateMachineArn", "name", "input"), ANY)
            stub.add_response("start_execution", {"executionArn": RUN, "startDate": "2022-01-01"}, wanted)
        stub.activate()
        self.client.meta.events.register("provide-client-params.stepfunctions.StartExecution", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.started.append({"name": params["name"], **json.loads(params["input"])})


def pipeline(service: Service, **more: Any) -> TrainingPipeline:
    given = {"pipeline_name": "p", **more}
    return TrainingPipeline(training(), ROLE, {"train": "s3://b/train"}, "b", service.client, **given)


def inference(service: Service, inputs: Any = None, **more: Any) -> InferencePipeline:
    inputs = {"train": "s3://b/train"} if inputs is None else inputs
    given = {"pipeline_name": "p", "content_type": "text/csv", "compression_type": "Gzip", **more}
    return InferencePipeline(training("first:1"), training("second:1"), inputs, "b", ROLE, service.client, **given)


@pytest.mark.parametrize("make", [pipeline, inference])
def test_the_definition_takes_every_request_from_the_input(make: Any) -> None:
    made = make(Service())
    definition = made.get_workflow().definition.to_dict()
    assert faults_of(definition) == []
    assert set(made.input_template) == set(definition["States"])
    for name, state in definition["States"].items():
        assert state["Parameters"] == {
            f"{key}.$": f"$$.Execution.Input['{name}'].{key}" for key in made.input_template[name]
        }


def test_an_execution_is_named_after_its_job() -> None:
    service = Service(executions=1)
    pipeline(service).execute(job_name="monday")
    (started,) = service.started
    assert started["name"] == "monday"
    assert started["Training"]["TrainingJobName"] == "estimator-monday"
    assert started["Training"]["OutputDataConfig"] == {"S3OutputPath": "s3://b/p/models"}
    assert started["Create Model"]["ModelName"] == "monday"
    assert started["Create Model"]["PrimaryContainer"] == {
        "Image": "image:1",
        "ModelDataUrl": "s3://b/p/models/estimator-monday/output/model.tar.gz",
    }
    assert started["Deploy"] == {"EndpointConfigName": "monday", "EndpointName": "monday"}
    (variant,) = started["Configure Endpoint"]["ProductionVariants"]
    assert (variant["ModelName"], variant["InstanceType"], variant["InitialInstanceCount"]) == (
        "monday",
        "ml.c5.xlarge",
        2,
    )


def test_the_state_machine_is_created_before_the_first_execution_only() -> None:
    service = Service(executions=2)
    made = pipeline(service)
    made.execute(job_name="one")
    made.execute(job_name="two")
    assert [start["name"] for start in service.started] == ["one", "two"]


@pytest.mark.parametrize("make", [pipeline, inference])
def test_hyperparameters_of_one_execution_are_not_those_of_the_next(make: Any) -> None:
    service = Service(executions=3)
    made = make(service)
    before = copy.deepcopy(made.input_template)
    made.execute(job_name="a", hyperparameters={"epochs": 9, "flag": True})
    made.execute(job_name="b")
    made.execute(job_name="c", hyperparameters={})
    seen = [start["Training"]["HyperParameters"] for start in service.started]
    assert seen == [{"epochs": "9", "flag": "True"}, {"epochs": "3"}, {}]
    assert made.input_template == before


def test_what_starts_a_frameworks_container_stays() -> None:
    service = Service(executions=1)
    request = training(HyperParameters={"sagemaker_program": '"train.py"', "sagemaker_job_name": '"x"', "alpha": "1"})
    made = TrainingPipeline(request, ROLE, "s3://b/train", "b", service.client, pipeline_name="p")
    made.execute(job_name="j", hyperparameters={"alpha": 2})
    assert service.started[0]["Training"]["HyperParameters"] == {
        "sagemaker_program": '"train.py"',
        "sagemaker_job_name": '"estimator-j"',
        "alpha": "2",
    }


def test_the_endpoint_may_have_other_instances_than_the_training_job() -> None:
    made = pipeline(Service(), deploy_instance_type="ml.t3.medium", deploy_instance_count=1)
    (variant,) = made.input_template["Configure Endpoint"]["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.t3.medium", 1)
    groups = {"InstanceGroups": [{"InstanceType": "ml.c5.xlarge", "InstanceCount": 1, "InstanceGroupName": "g"}]}
    with pytest.raises(ValueError, match="deploy_instance_type"):
        TrainingPipeline(training(ResourceConfig=groups), ROLE, "s3://b/t", "b")


def test_the_preprocessor_makes_what_the_estimator_trains_on() -> None:
    service = Service(executions=1)
    inference(service).execute(job_name="j")
    (started,) = service.started
    made = "s3://b/p/preprocessor-transform-j/transform"
    assert started["Train Preprocessor"]["TrainingJobName"] == "preprocessor-j"
    transform = started["Transform Input"]
    assert transform["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/train"
    assert (transform["TransformInput"]["ContentType"], transform["TransformInput"]["CompressionType"]) == (
        "text/csv",
        "Gzip",
    )
    assert transform["TransformOutput"] == {"S3OutputPath": made}
    assert transform["TransformResources"] == {"InstanceCount": 2, "InstanceType": "ml.c5.xlarge"}
    (channel,) = started["Training"]["InputDataConfig"]
    assert (channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"]) == ("train", made)
    containers = started["Create Pipeline Model"]["Containers"]
    assert [container["Image"] for container in containers] == ["first:1", "second:1"]
    assert [container["ModelDataUrl"] for container in containers] == [
        f"s3://b/p/models/{job}-j/output/model.tar.gz" for job in ("preprocessor", "estimator")
    ]
    assert started["Create Pipeline Model"]["ModelName"] == "j"


def test_debug_output_goes_where_the_models_go_but_is_not_needed() -> None:
    service = Service(executions=1)
    hooked = training(DebugHookConfig={"S3OutputPath": "s3://elsewhere/x"})
    made = InferencePipeline(hooked, training(), {"train": "s3://b/t"}, "b", ROLE, service.client, pipeline_name="p")
    made.execute(job_name="j")
    assert service.started[0]["Train Preprocessor"]["DebugHookConfig"] == {"S3OutputPath": "s3://b/p/models/debug"}
    assert "DebugHookConfig" not in service.started[0]["Training"]


@pytest.mark.parametrize(
    ("inputs", "chosen"),
    [
        ("s3://b/only", "training"),
        ({"other": "s3://b/only"}, "other"),
        ({"train": "s3://b/only", "test": "s3://b/x"}, "train"),
    ],
)
def test_one_channel_is_preprocessed(inputs: Any, chosen: str) -> None:
    service = Service(executions=1)
    inference(service, inputs).execute(job_name="j")
    (started,) = service.started
    assert [channel["ChannelName"] for channel in started["Training"]["InputDataConfig"]] == [chosen]
    assert started["Transform Input"]["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/only"


def test_which_channel_has_to_be_clear() -> None:
    with pytest.raises(ValueError, match="the channels are: a, b"):
        inference(Service(), {"a": "s3://b/a", "b": "s3://b/b"})


@pytest.mark.parametrize("job", ["a/b", "-a", "a_b", " ", "x" * 60])
@pytest.mark.parametrize("make", [pipeline, inference])
def test_names_that_sagemaker_does_not_take_are_refused_before_anything_is_created(make: Any, job: str) -> None:
    service = Service(create=False)
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        make(service).execute(job_name=job)
    assert service.started == []


def test_names_are_made_of_the_time_when_none_are_given() -> None:
    service = Service(executions=1)
    made = TrainingPipeline(training(), ROLE, "s3://b/t", "b", service.client)
    made.execute()
    assert made.workflow.name.startswith("training-pipeline-2")
    assert service.started[0]["name"].startswith("training-pipeline-2")


def test_a_template_of_ones_own() -> None:
    workflow = Workflow("w", Pass("p"), ROLE)
    made = WorkflowTemplate("b", workflow, ROLE, None)
    assert made.get_workflow() is workflow
    assert repr(made) == f"WorkflowTemplate(s3_bucket='b', workflow={workflow!r}, role='{ROLE}')"
    for call in (made.build_workflow_definition, made.execute):
        with pytest.raises(NotImplementedError):
            call()


def test_parameters_are_replaced_in_a_copy() -> None:
    step = Pass("s", parameters={"A": 1, "B": {"C": 2, "D": 3}})
    before = step.to_dict()
    assert replace_parameters_with_context_object(step) == {
        "A.$": "$$.Execution.Input['s'].A",
        "B.$": "$$.Execution.Input['s'].B",
    }
    assert replace_parameters_with_jsonpath(step, {"B": {"C.$": "$.c"}}) == {"A": 1, "B": {"D": 3, "C.$": "$.c"}}
    assert step.to_dict() == before
    with pytest.raises(KeyError):
        replace_parameters_with_jsonpath(step, {"X.$": "$.x"})
    with pytest.raises(ValueError, match="has no parameters"):
        replace_parameters_with_context_object(Pass("p"))
