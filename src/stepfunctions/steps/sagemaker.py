"""SageMaker steps: train a model, make it deployable, serve it.

Where 2.3.0 took an object of the SageMaker SDK, a step also takes the plain request of the API as a dict; then
nothing here needs that SDK. A step's other arguments are written over the request, and ``parameters`` over both.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.placeholders import Placeholder
from stepfunctions.steps.compute import waiting
from stepfunctions.steps.flow import Task
from stepfunctions.steps.integration_resources import get_service_integration_arn
from stepfunctions.steps.sagemaker_requests import (
    create_model_request,
    create_training_job_request,
    expected_model,
    prepare_estimator,
)
from stepfunctions.steps.utils import merge_dicts, tags_dict_to_kv_list

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


class _SageMakerStep(Task):
    """A task whose parameters are built here and may be overridden by the caller's ``parameters``."""

    def __init__(self, state_id: str, resource: str, request: dict[str, Any], fields: ServiceFields) -> None:
        merge_dicts(request, fields.get("parameters") or {})
        fields["resource"] = resource
        fields["parameters"] = request
        super().__init__(state_id, **fields)


class TrainingStep(_SageMakerStep):
    """Train a model: CreateTrainingJob, and by default wait for its end.

    ``estimator`` is the CreateTrainingJob request as a dict, or an estimator of the SageMaker SDK 2.
    ``data`` is an S3 URI (or placeholder of one) for the channel ``training``, a dict of channel -> URI, or a list of
    channels of the API. ``hyperparameters`` are merged over the estimator's; a placeholder replaces them.
    ``tags`` is a dict. Job names must be unique in an account and Region: use a placeholder, or
    ``States.Format`` in ``parameters={"TrainingJobName.$": …}``.
    """

    def __init__(
        self,
        state_id: str,
        estimator: Any,
        job_name: str | Placeholder | None = None,
        data: Any = None,
        hyperparameters: Mapping[str, Any] | Placeholder | None = None,
        mini_batch_size: int | None = None,
        experiment_config: Mapping[str, Any] | Placeholder | None = None,
        wait_for_completion: bool = True,
        tags: Mapping[str, str] | Placeholder | None = None,
        output_data_config_path: str | Placeholder | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        self.estimator = estimator
        self.job_name = job_name
        self._prepared = prepare_estimator(estimator, data, job_name, mini_batch_size)
        request = create_training_job_request(self._prepared, data, mini_batch_size)
        if job_name is not None:
            request["TrainingJobName"] = job_name
        if hyperparameters is not None:
            _set_hyperparameters(request, hyperparameters)
        if experiment_config is not None:
            request["ExperimentConfig"] = experiment_config
        if output_data_config_path is not None:
            request.setdefault("OutputDataConfig", {})["S3OutputPath"] = output_data_config_path
        _set_tags(request, tags)
        resource = get_service_integration_arn("sagemaker", "createTrainingJob", waiting(wait_for_completion))
        super().__init__(state_id, resource, request, fields)

    def get_expected_model(self, model_name: str | Placeholder | None = None) -> Any:
        """Return the model that this step trains, for :class:`ModelStep`; its artefact is of this step's output.

        It is what the step was made of: a CreateModel request when ``estimator`` is a request, else the model that
        the SDK's estimator makes, with ``name``, ``env`` and ``model_data`` set.
        """
        if not isinstance(self.estimator, Mapping):
            return expected_model(self._prepared, self.output()["ModelArtifacts"]["S3ModelArtifacts"], model_name)
        request: dict[str, Any] = {
            "PrimaryContainer": {
                "Image": self.parameters["AlgorithmSpecification"]["TrainingImage"],
                "ModelDataUrl": self.output()["ModelArtifacts"]["S3ModelArtifacts"],
            },
            "ExecutionRoleArn": self.parameters["RoleArn"],
        }
        if model_name is not None:
            request["ModelName"] = model_name
        return request


class ModelStep(_SageMakerStep):
    """Make a model of an artefact and an image: CreateModel.

    ``model`` is the request as a dict, or a Model of the SageMaker SDK 2.
    """

    def __init__(
        self,
        state_id: str,
        model: Any,
        model_name: str | Placeholder | None = None,
        instance_type: str | None = None,
        tags: Mapping[str, str] | Placeholder | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request = create_model_request(model, instance_type)
        if model_name is not None:
            request["ModelName"] = model_name
        _set_tags(request, tags)
        super().__init__(state_id, get_service_integration_arn("sagemaker", "createModel"), request, fields)


class EndpointConfigStep(_SageMakerStep):
    """Describe the fleet that serves a model: CreateEndpointConfig with one production variant."""

    def __init__(
        self,
        state_id: str,
        endpoint_config_name: str | Placeholder,
        model_name: str | Placeholder,
        initial_instance_count: int | Placeholder,
        instance_type: str | Placeholder,
        variant_name: str | Placeholder = "AllTraffic",
        data_capture_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | Placeholder | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request: dict[str, Any] = {
            "EndpointConfigName": endpoint_config_name,
            "ProductionVariants": [
                {
                    "InitialInstanceCount": initial_instance_count,
                    "InstanceType": instance_type,
                    "ModelName": model_name,
                    "VariantName": variant_name,
                }
            ],
        }
        if data_capture_config is not None:
            request["DataCaptureConfig"] = _data_capture(data_capture_config)
        _set_tags(request, tags)
        super().__init__(state_id, get_service_integration_arn("sagemaker", "createEndpointConfig"), request, fields)


class EndpointStep(_SageMakerStep):
    """Create an endpoint, or with ``update=True`` put an existing one on another config.

    The step does not wait: AWS has no ``.sync`` for endpoints. Poll DescribeEndpoint after it.
    """

    def __init__(
        self,
        state_id: str,
        endpoint_name: str | Placeholder,
        endpoint_config_name: str | Placeholder,
        tags: Mapping[str, str] | Placeholder | None = None,
        update: bool = False,
        **fields: Unpack[ServiceFields],
    ) -> None:
        request: dict[str, Any] = {"EndpointConfigName": endpoint_config_name, "EndpointName": endpoint_name}
        _set_tags(request, tags)
        action = "updateEndpoint" if update else "createEndpoint"
        super().__init__(state_id, get_service_integration_arn("sagemaker", action), request, fields)


def _set_tags(request: dict[str, Any], tags: Mapping[str, str] | Placeholder | None) -> None:
    if tags is not None:
        request["Tags"] = tags if isinstance(tags, Placeholder) else tags_dict_to_kv_list(tags)


def _set_hyperparameters(request: dict[str, Any], hyperparameters: Mapping[str, Any] | Placeholder) -> None:
    if isinstance(hyperparameters, Placeholder):
        request["HyperParameters"] = hyperparameters
    else:
        merge_dicts(request.setdefault("HyperParameters", {}), hyperparameters)


def _data_capture(config: Any) -> Any:
    """Return the API's form of a DataCaptureConfig: a dict as it is, an SDK object by its own method."""
    to_request = getattr(config, "_to_request_dict", None)
    return to_request() if to_request is not None else copy.deepcopy(dict(config))
