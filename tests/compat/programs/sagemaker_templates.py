"""The two pipelines made of estimators: their definitions, input templates and what executions are given."""

from __future__ import annotations

import json
import re

import boto3
from compat_tools import STARTED, Service, attempt
from sagemaker.estimator import Estimator
from sagemaker.sklearn import SKLearn

import sagemaker
from stepfunctions.steps import Pass
from stepfunctions.template import InferencePipeline, TrainingPipeline
from stepfunctions.template.pipeline.common import StepId, WorkflowTemplate
from stepfunctions.template.utils import replace_parameters_with_context_object, replace_parameters_with_jsonpath
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
FLOW_ROLE = "arn:aws:iam::123456789012:role/workflow"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:p"
RUN = "arn:aws:states:us-east-1:123456789012:execution:p:run"
_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"
_CREATED = {"stateMachineArn": ARN, "creationDate": STARTED}
_STARTED = {"executionArn": RUN, "startDate": STARTED}


def _session():
    session = sagemaker.Session(boto_session=boto3.Session(region_name="us-east-1"))
    session._default_bucket = "default"  # known without asking a service
    return session


def _estimator(**fields):
    given = {
        "image_uri": _IMAGE,
        "role": ROLE,
        "instance_count": 1,
        "instance_type": "ml.m5.large",
        "output_path": "s3://bucket/models",
        "sagemaker_session": _session(),
        "hyperparameters": {"epochs": 3, "rate": "0.1"},
        **fields,
    }
    return Estimator(**given)


def _sklearn(**fields):
    return SKLearn(
        entry_point="train.py",
        source_dir="s3://bucket/code/source.tar.gz",
        framework_version="1.2-1",
        py_version="py3",
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        output_path="s3://bucket/models",
        code_location="s3://bucket/code",
        sagemaker_session=_session(),
        **fields,
    )


def _training(service, **fields):
    return TrainingPipeline(
        estimator=_estimator(),
        role=FLOW_ROLE,
        inputs={"train": "s3://bucket/train", "validation": "s3://bucket/validation"},
        s3_bucket="bucket",
        client=service.client,
        **fields,
    )


def _inference(service, **fields):
    return InferencePipeline(
        preprocessor=_sklearn(),
        estimator=_sklearn(),
        inputs={"train": "s3://bucket/train"},
        s3_bucket="bucket",
        role=FLOW_ROLE,
        client=service.client,
        compression_type="Gzip",
        content_type="text/csv",
        **fields,
    )


def _read(requests):
    """Requests with the JSON texts in them read: the order of keys in a request means nothing."""
    for _, body in requests:
        body.update({key: json.loads(body[key]) for key in ("definition", "input") if key in body})
    return requests


def _timeless(text):
    return re.sub(r"\d{4}(-\d\d){5}", "<time>", text)


def ids_of_steps():
    return {step.name: step.value for step in StepId}


def the_training_pipeline():
    pipeline = _training(Service(), pipeline_name="p")
    workflow = pipeline.get_workflow()
    return {
        "definition": workflow.definition,
        "template": pipeline.input_template,
        "name": workflow.name,
        "role": workflow.role,
        "attributes": [
            isinstance(pipeline, WorkflowTemplate),
            isinstance(workflow, Workflow),
            pipeline.workflow is workflow,
            pipeline.s3_bucket,
            pipeline.role,
            [state.state_id for state in pipeline.definition.steps],
        ],
    }


def the_training_pipeline_by_position():
    pipeline = TrainingPipeline(
        _estimator(), FLOW_ROLE, "s3://bucket/train", "bucket", Service().client, pipeline_name="p"
    )
    return [pipeline.workflow.name, pipeline.input_template]


def what_a_training_pipeline_is_executed_with():
    service = Service(CreateStateMachine=_CREATED, StartExecution=[_STARTED, _STARTED, _STARTED])
    pipeline = _training(service, pipeline_name="p")
    arn = pipeline.create()
    execution = pipeline.execute(job_name="the-job")
    pipeline.execute(job_name="other", hyperparameters={"epochs": 5, "more": 1.5, "flag": True})
    pipeline.execute("by-position")
    return [arn, execution.execution_arn, _read(service.requests)]


def the_name_of_a_training_job():
    service = Service(CreateStateMachine=_CREATED, StartExecution=_STARTED)
    pipeline = _training(service)
    pipeline.create()
    pipeline.execute()
    start = _read(service.requests)[1][1]
    return [
        [_timeless(body["name"]) for _, body in service.requests],
        json.loads(_timeless(json.dumps(start["input"]))),
    ]


def the_inference_pipeline():
    pipeline = _inference(Service(), pipeline_name="p")
    workflow = pipeline.get_workflow()
    return {
        "definition": workflow.definition,
        "template": pipeline.input_template,
        "name": workflow.name,
        "role": workflow.role,
        "states": [state.state_id for state in pipeline.definition.steps],
    }


def what_an_inference_pipeline_is_executed_with():
    service = Service(CreateStateMachine=_CREATED, StartExecution=[_STARTED, _STARTED])
    pipeline = _inference(service, pipeline_name="p")
    pipeline.create()
    pipeline.execute(job_name="the-job")
    pipeline.execute(job_name="other", hyperparameters={"epochs": "5"})
    return _read(service.requests)


def the_name_of_an_inference_job():
    service = Service(CreateStateMachine=_CREATED, StartExecution=_STARTED)
    pipeline = _inference(service)
    pipeline.create()
    pipeline.execute()
    return [_timeless(body["name"]) for _, body in service.requests]


def a_pipeline_is_shown():
    pipeline = _training(Service(), pipeline_name="p")
    return [pipeline.render_graph() is not None, pipeline.render_graph(portrait=True) is not None, repr(pipeline)]


def parameters_replaced():
    step = Pass("s", parameters={"A": 1, "B": {"C": 2, "D": 3}, "L": [{"x": 1}]})
    return [
        replace_parameters_with_context_object(step),
        replace_parameters_with_context_object(Pass("empty", parameters={})),
        replace_parameters_with_jsonpath(Pass("s", parameters={"A": 1, "B": 2}), {"A.$": "$.a"}),
        replace_parameters_with_jsonpath(step, {"A.$": "$.a", "B": {"C.$": "$.c"}, "L": 5}),
        attempt(lambda: replace_parameters_with_jsonpath(step, {"X.$": "$.x"})),
    ]


def a_template_of_ones_own():
    workflow = Workflow("w", Pass("p"), FLOW_ROLE, client=Service().client)
    template = WorkflowTemplate(s3_bucket="bucket", workflow=workflow, role=FLOW_ROLE, client=None)
    return [
        template.get_workflow() is workflow,
        template.s3_bucket,
        template.role,
        repr(template),
        attempt(lambda: template.build_workflow_definition()),
    ]
