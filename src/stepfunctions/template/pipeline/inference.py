"""Train a preprocessor and an estimator on what it makes of the data, and deploy both behind one endpoint."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.graph import Chain
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ModelStep, TrainingStep, TransformStep
from stepfunctions.template.pipeline.common import StepId, WorkflowTemplate
from stepfunctions.template.pipeline.jobs import (
    artifact,
    check_job_name,
    fill_training,
    instances,
    models_path,
    name_in_hyperparameters,
    set_artifact,
    set_hyperparameters,
    train_step,
)
from stepfunctions.template.pipeline.train import fill_deployment
from stepfunctions.workflow import Workflow

if TYPE_CHECKING:
    from stepfunctions.workflow import Execution

_MAX_PAYLOAD = 20  # MB, as 2.3.0 asked of every transform job


class InferencePipeline(WorkflowTemplate):
    """Train Preprocessor → Create Preprocessor Model → Transform Input → Training → Create Pipeline Model → Configure
    Endpoint → Deploy.

    ``preprocessor`` and ``estimator``: what :class:`~stepfunctions.steps.TrainingStep` takes. ``inputs``: the S3
    location of the data, or a dict of channels; only ``train`` (or the only channel) is preprocessed and trained on.
    ``content_type`` and ``compression_type`` say what the preprocessor's transform job reads. ``role``: the ARN of
    the workflow's execution role. ``pipeline_name``: by default ``inference-pipeline-<time>``. The transform job has
    the preprocessor's instances; the endpoint has the estimator's, unless ``deploy_instance_type`` and
    ``deploy_instance_count`` say otherwise.
    """

    def __init__(
        self,
        preprocessor: Any,
        estimator: Any,
        inputs: Any,
        s3_bucket: str,
        role: str,
        client: Any = None,
        compression_type: str | None = None,
        content_type: str | None = None,
        pipeline_name: str | None = None,
        *,
        deploy_instance_type: str | None = None,
        deploy_instance_count: int | None = None,
    ) -> None:
        self.preprocessor = preprocessor
        self.estimator = estimator
        self.inputs = inputs
        self.s3_bucket = s3_bucket
        self.compression_type = compression_type
        self.content_type = content_type
        self.pipeline_name = pipeline_name or f"inference-pipeline-{self._generate_timestamp()}"
        self.deploy_instance_type = deploy_instance_type
        self.deploy_instance_count = deploy_instance_count
        self.definition = self.build_workflow_definition()
        self.input_template = self._extract_input_template(self.definition)
        workflow = Workflow(self.pipeline_name, self.definition, role, format_json=True, client=client)
        super().__init__(s3_bucket, workflow, role, client)

    def build_workflow_definition(self) -> Chain:
        """Return the seven steps, with their whole requests."""
        name = self.pipeline_name
        models = models_path(self.s3_bucket, name)
        preprocess, train = (
            train_step(state_id.value, estimator, self.inputs, f"{prefix}-{name}", models)
            for state_id, estimator, prefix in (
                (StepId.TrainPreprocessor, self.preprocessor, "preprocessor"),
                (StepId.Train, self.estimator, "estimator"),
            )
        )
        model = ModelStep(
            StepId.CreatePreprocessorModel.value, model=preprocess.get_expected_model(name), model_name=name
        )
        set_artifact(model.request["PrimaryContainer"], _artifact_of(preprocess))
        instance_type, count = instances(train, self.deploy_instance_type, self.deploy_instance_count, "deploy")
        both = ModelStep(
            StepId.CreatePipelineModel.value,
            model=_pipeline_model(preprocess, train, instance_type),
            model_name="pipeline-model",
        )
        config = EndpointConfigStep(
            StepId.ConfigureEndpoint.value,
            endpoint_config_name=name,
            model_name=name,
            initial_instance_count=count,
            instance_type=instance_type,
        )
        deploy = EndpointStep(StepId.Deploy.value, endpoint_name=name, endpoint_config_name=name)
        return Chain([preprocess, model, self._transform(preprocess), train, both, config, deploy])

    def _transform(self, preprocess: TrainingStep) -> TransformStep:
        instance_type, count = instances(preprocess, None, None, "transform")
        request = {
            "TransformOutput": {"S3OutputPath": self._transformed(self.pipeline_name, self.pipeline_name)},
            "TransformResources": {"InstanceCount": count, "InstanceType": instance_type},
            "MaxPayloadInMB": _MAX_PAYLOAD,
            "Environment": {},
        }
        return TransformStep(
            StepId.TransformInput.value,
            transformer=request,
            job_name=self.pipeline_name,
            model_name=self.pipeline_name,
            data=_train_channel(preprocess)["DataSource"]["S3DataSource"]["S3Uri"],
            content_type=self.content_type,
            compression_type=self.compression_type,
        )

    def _transformed(self, name: str, job: str) -> str:
        """Return where the data lie that the preprocessor of a job has made."""
        return f"s3://{self.s3_bucket}/{name}/preprocessor-transform-{job}/transform"

    def pipeline_model_config(self, instance_type: str, pipeline_model: Any) -> dict[str, Any]:
        """Return the CreateModel request of a model made of several containers."""
        step = ModelStep(
            StepId.CreatePipelineModel.value, pipeline_model, model_name="pipeline-model", instance_type=instance_type
        )
        return step.request

    def replace_sagemaker_job_name(self, config: dict[str, Any], job_name: str) -> None:
        """Write a job's name into the hyperparameters of a training request that have one."""
        name_in_hyperparameters(config, job_name)

    def execute(self, job_name: str | None = None, hyperparameters: Mapping[str, Any] | None = None) -> Execution:
        """Start an execution, and create the state machine before when it is not there yet.

        ``job_name`` names the execution, the pipeline's model, the endpoint's configuration and the endpoint; the jobs
        are ``preprocessor-<job_name>`` and ``estimator-<job_name>``. Default: ``inference-pipeline-<time>``.
        ``hyperparameters`` replace the estimator's, in this execution only; those that start the container of a
        framework stay. Raises ValueError for a name that SageMaker does not take.
        """
        job = check_job_name(job_name or f"inference-pipeline-{self._generate_timestamp()}", "preprocessor-")
        inputs = copy.deepcopy(self.input_template)
        models = models_path(self.s3_bucket, self.workflow.name)
        first, second = f"preprocessor-{job}", f"estimator-{job}"
        preprocess, training = inputs[StepId.TrainPreprocessor.value], inputs[StepId.Train.value]
        if hyperparameters is not None:
            set_hyperparameters(training, hyperparameters)
        for request, name in ((preprocess, first), (training, second)):
            fill_training(request, name, models)
            if request.get("DebugHookConfig"):
                request["DebugHookConfig"]["S3OutputPath"] = f"{models}/debug"
        transformed = self._transformed(self.workflow.name, job)
        _fill_transform(inputs, first, artifact(models, first), transformed)
        _fill_channel(training, transformed)
        both = inputs[StepId.CreatePipelineModel.value]
        both["ModelName"] = job
        for container, name in zip(both["Containers"], (first, second), strict=True):
            set_artifact(container, artifact(models, name))
        fill_deployment(inputs, job)
        return self._start(job, inputs)


def _artifact_of(train: TrainingStep) -> str:
    return artifact(train.request["OutputDataConfig"]["S3OutputPath"], train.request["TrainingJobName"])


def _pipeline_model(preprocess: TrainingStep, train: TrainingStep, instance_type: str) -> dict[str, Any]:
    """Return the CreateModel request of both models, one container after the other."""
    containers = []
    for step in (preprocess, train):
        single = ModelStep(step.state_id, step.get_expected_model("one"), instance_type=instance_type).request
        set_artifact(single["PrimaryContainer"], _artifact_of(step))
        containers.append(single["PrimaryContainer"])
    return {"Containers": containers, "ExecutionRoleArn": train.request["RoleArn"]}


def _train_channel(step: TrainingStep) -> dict[str, Any]:
    """Return the channel that is preprocessed. Raises ValueError when it is not clear which one."""
    channels = step.request.get("InputDataConfig") or []
    chosen = [channel for channel in channels if channel["ChannelName"] == "train"] or channels
    if len(chosen) != 1:
        names = ", ".join(channel["ChannelName"] for channel in channels) or "none"
        raise ValueError(
            f"An InferencePipeline preprocesses the channel 'train' of its inputs, and trains on that; the channels "
            f"are: {names}. Write inputs={{'train': 's3://…'}}."
        )
    found: dict[str, Any] = chosen[0]
    return found


def _fill_transform(inputs: dict[str, Any], name: str, address: str, transformed: str) -> None:
    model, transform = inputs[StepId.CreatePreprocessorModel.value], inputs[StepId.TransformInput.value]
    model["ModelName"] = name
    set_artifact(model["PrimaryContainer"], address)
    transform["ModelName"] = name
    transform["TransformJobName"] = name
    transform["TransformOutput"]["S3OutputPath"] = transformed


def _fill_channel(training: dict[str, Any], address: str) -> None:
    """Train on what the preprocessor has made."""
    names = [channel["ChannelName"] for channel in training["InputDataConfig"]]
    source = {"S3DataType": "S3Prefix", "S3Uri": address, "S3DataDistributionType": "FullyReplicated"}
    training["InputDataConfig"] = [
        {"ChannelName": "train" if "train" in names else names[0], "DataSource": {"S3DataSource": source}}
    ]
