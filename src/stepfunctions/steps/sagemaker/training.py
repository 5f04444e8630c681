"""Train a model: CreateTrainingJob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.channels import set_channels
from stepfunctions.steps.sagemaker.estimators import (
    Prepared,
    expected_model,
    is_estimator,
    is_plain,
    prepare,
    profiler,
)
from stepfunctions.steps.sagemaker.objects import check_role, texts, to_request
from stepfunctions.steps.sagemaker.request import copy_request, find, inside, overlay, put
from stepfunctions.steps.sagemaker.step import SageMakerStep
from stepfunctions.steps.sagemaker.trainers import encoded, is_trainer, trainer_request
from stepfunctions.steps.services.step import given_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields

_FORMS = "a CreateTrainingJob request (a dict), an estimator of the SageMaker SDK 2, or a ModelTrainer of the SDK 3"


class TrainingStep(SageMakerStep):
    """Train a model, and by default wait for the end.

    ``estimator`` is the CreateTrainingJob request as a dict, an estimator of the SageMaker SDK 2, or a ModelTrainer of
    the SDK 3. It is not changed, and nothing in AWS is asked or uploaded: what the SDK would look up or upload when
    it starts a job must be given, or ValueError names it.

    ``job_name``: unique in an account and Region, at most 63 letters, digits and hyphens. None: ``<state>-<UUID>``,
    new in every attempt. ``data``: an S3 location or placeholder for the first channel (``training``); a dict of
    channel -> location; TrainingInput, RecordSet, InputData, Channel, or a list of them or of channels of the API.
    ``hyperparameters`` are merged over the estimator's and may have placeholders as values; one placeholder replaces
    all. ``mini_batch_size`` is for Amazon's algorithms. ``output_data_config_path`` replaces the estimator's output
    path. ``tags``: a dict, or a placeholder of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
    """

    ACTION = "createTrainingJob"
    NAME = "TrainingJobName"
    NEEDS: ClassVar[Mapping[str, str]] = {
        "RoleArn": "give the estimator a role, 'arn:aws:iam::<account>:role/<name>'.",
        "OutputDataConfig.S3OutputPath": "give output_data_config_path='s3://<bucket>/<prefix>'.",
    }

    def __init__(
        self,
        state_id: str,
        estimator: Any,
        job_name: str | Expression | None = None,
        data: Any = None,
        hyperparameters: Mapping[str, Any] | Expression | None = None,
        mini_batch_size: int | Expression | None = None,
        experiment_config: Mapping[str, Any] | Expression | None = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        output_data_config_path: str | Expression | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        self.estimator = estimator
        self.job_name = job_name
        over = given_request(fields)
        output_path = output_data_config_path
        if output_path is None:
            output_path = find(over, "OutputDataConfig", "S3OutputPath")
        self._prepared: Prepared | None = None
        if is_plain(estimator):
            request = to_request(estimator)
            set_channels(request, data)
        elif is_estimator(estimator):
            known = mini_batch_size if isinstance(mini_batch_size, int) else None
            self._prepared = prepare(estimator, data, job_name, known, output_path)
            request = self._prepared.request(data) | profiler(self._prepared)
        elif is_trainer(estimator):
            request = trainer_request(estimator, data, output_path)
        else:
            raise ValueError(f"The estimator of the step '{state_id}' is {_FORMS}, not {type(estimator).__name__}.")
        _set(request, mini_batch_size, job_name, experiment_config, output_data_config_path)
        if hyperparameters is not None:
            _set_hyperparameters(request, hyperparameters, encoded if is_trainer(estimator) else None)
        if not is_plain(estimator) and find(over, "RoleArn") is None:
            check_role(request.get("RoleArn"), f"The {type(estimator).__name__} of the step '{state_id}'")
        super().__init__(state_id, request, fields, wait_for_completion=wait_for_completion, tags=tags)

    def get_expected_model(self, model_name: str | Expression | None = None) -> Any:
        """Return the model that this step trains, for :class:`ModelStep`; its artefact is of this step's output.

        It is what the step was made of: a model of the SDK 2 for an estimator of the SDK 2, else a CreateModel
        request. Its name is ``model_name``, else the training job's.
        """
        artifacts = self.output()["ModelArtifacts"]["S3ModelArtifacts"]
        name = self.job_name if model_name is None else model_name
        if self._prepared is not None:
            return expected_model(self._prepared, artifacts, name)
        return model_of_training(self.request, artifacts, name)


def model_of_training(training: Mapping[str, Any], artifacts: Any, model_name: Any) -> dict[str, Any]:
    """Return the CreateModel request of what a training job makes: the same image serves the artefact."""
    image = find(training, "AlgorithmSpecification", "TrainingImage")
    if image is None:
        raise ValueError(
            "The training job names an algorithm, no image, so what serves its model cannot be known: write the "
            "CreateModel request, a dict, with PrimaryContainer.ModelPackageName."
        )
    container: dict[str, Any] = {"Image": image}
    if find(training, "OutputDataConfig", "CompressionType") == "NONE":
        source = {"S3Uri": artifacts, "S3DataType": "S3Prefix", "CompressionType": "None"}
        container["ModelDataSource"] = {"S3DataSource": source}
    else:
        container["ModelDataUrl"] = artifacts
    environment = find(training, "Environment")
    if environment is not None:
        container["Environment"] = copy_request(environment)
    request: dict[str, Any] = {"PrimaryContainer": container, "ExecutionRoleArn": find(training, "RoleArn")}
    if model_name is not None:
        request["ModelName"] = model_name
    return request


def _set(request: dict[str, Any], mini_batch_size: Any, job_name: Any, experiment: Any, output_path: Any) -> None:
    put(request, TrainingJobName=job_name, ExperimentConfig=experiment)
    if mini_batch_size is not None:
        put(inside(request, "HyperParameters"), **texts({"mini_batch_size": mini_batch_size}))
    if output_path is not None:
        put(inside(request, "OutputDataConfig"), S3OutputPath=output_path)


def _set_hyperparameters(request: dict[str, Any], hyperparameters: Any, encode: Any) -> None:
    if is_dynamic(hyperparameters):
        put(request, HyperParameters=hyperparameters)
        return
    values = {name: encode(value) for name, value in hyperparameters.items()} if encode else texts(hyperparameters)
    overlay(inside(request, "HyperParameters"), values, "hyperparameter")
