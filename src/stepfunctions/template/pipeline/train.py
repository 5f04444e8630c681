"""Train an estimator and deploy its model."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.graph import Chain
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ModelStep
from stepfunctions.template.pipeline.common import StepId, WorkflowTemplate
from stepfunctions.template.pipeline.jobs import (
    artifact,
    check_job_name,
    fill_training,
    instances,
    models_path,
    set_artifact,
    set_hyperparameters,
    train_step,
)
from stepfunctions.workflow import Workflow

if TYPE_CHECKING:
    from stepfunctions.workflow import Execution


class TrainingPipeline(WorkflowTemplate):
    """Training → Create Model → Configure Endpoint → Deploy.

    ``estimator``: what :class:`~stepfunctions.steps.TrainingStep` takes: a CreateTrainingJob request as a dict, an
    estimator of the SageMaker SDK 2 or a ModelTrainer of the SDK 3. ``inputs``: its data, as that step takes them.
    ``role``: the ARN of the workflow's execution role. ``pipeline_name``: the workflow's name, by default
    ``training-pipeline-<time>``. The endpoint has the instances of the training job, unless ``deploy_instance_type``
    and ``deploy_instance_count`` say otherwise.
    """

    def __init__(
        self,
        estimator: Any,
        role: str,
        inputs: Any,
        s3_bucket: str,
        client: Any = None,
        pipeline_name: str | None = None,
        *,
        deploy_instance_type: str | None = None,
        deploy_instance_count: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.inputs = inputs
        self.s3_bucket = s3_bucket
        self.pipeline_name = pipeline_name or f"training-pipeline-{self._generate_timestamp()}"
        self.deploy_instance_type = deploy_instance_type
        self.deploy_instance_count = deploy_instance_count
        self.definition = self.build_workflow_definition()
        self.input_template = self._extract_input_template(self.definition)
        workflow = Workflow(self.pipeline_name, self.definition, role, format_json=True, client=client)
        super().__init__(s3_bucket, workflow, role, client)

    def build_workflow_definition(self) -> Chain:
        """Return the four steps, with their whole requests."""
        name, job = self.pipeline_name, f"estimator-{self.pipeline_name}"
        train = train_step(StepId.Train.value, self.estimator, self.inputs, job, models_path(self.s3_bucket, name))
        model = ModelStep(StepId.CreateModel.value, model=train.get_expected_model(name), model_name=name)
        output = train.request["OutputDataConfig"]["S3OutputPath"]
        set_artifact(model.request["PrimaryContainer"], artifact(output, job))
        instance_type, count = instances(train, self.deploy_instance_type, self.deploy_instance_count, "deploy")
        config = EndpointConfigStep(
            StepId.ConfigureEndpoint.value,
            endpoint_config_name=name,
            model_name=name,
            initial_instance_count=count,
            instance_type=instance_type,
        )
        deploy = EndpointStep(StepId.Deploy.value, endpoint_name=name, endpoint_config_name=name)
        return Chain([train, model, config, deploy])

    def execute(self, job_name: str | None = None, hyperparameters: Mapping[str, Any] | None = None) -> Execution:
        """Start an execution, and create the state machine before when it is not there yet.

        ``job_name`` names the execution, the model, the endpoint's configuration and the endpoint; the training job is
        ``estimator-<job_name>``. Default: ``training-pipeline-<time>``. ``hyperparameters`` replace the estimator's,
        in this execution only. Raises ValueError for a name that SageMaker does not take.
        """
        job = check_job_name(job_name or f"training-pipeline-{self._generate_timestamp()}", "estimator-")
        inputs = copy.deepcopy(self.input_template)
        models = models_path(self.s3_bucket, self.workflow.name)
        training = inputs[StepId.Train.value]
        if hyperparameters is not None:
            set_hyperparameters(training, hyperparameters)
        fill_training(training, f"estimator-{job}", models)
        model = inputs[StepId.CreateModel.value]
        model["ModelName"] = job
        set_artifact(model["PrimaryContainer"], artifact(models, f"estimator-{job}"))
        fill_deployment(inputs, job)
        return self._start(job, inputs)


def fill_deployment(inputs: dict[str, Any], job: str) -> None:
    """Name a model's endpoint and its configuration after the job."""
    config, deploy = inputs[StepId.ConfigureEndpoint.value], inputs[StepId.Deploy.value]
    config["EndpointConfigName"] = job
    config["ProductionVariants"][0]["ModelName"] = job
    deploy["EndpointConfigName"] = job
    deploy["EndpointName"] = job
