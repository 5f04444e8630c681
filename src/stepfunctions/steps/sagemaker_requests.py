"""API requests from what callers hand to a SageMaker step: a plain dict, or an object of the SageMaker SDK 2.

The SDK is never imported. Its objects are read through their public attributes, which calls AWS nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.inputs.placeholders import Placeholder


def create_training_job_request(estimator: Any, data: Any) -> dict[str, Any]:
    """Return a CreateTrainingJob request without a name. Raises ValueError when ``estimator`` is neither form."""
    if isinstance(estimator, Mapping):
        request: dict[str, Any] = copy_request(estimator)
    elif hasattr(estimator, "training_image_uri"):
        request = _from_estimator(estimator)
    else:
        raise ValueError(f"An estimator is a CreateTrainingJob request (a dict) or an estimator of the SageMaker "
                         f"SDK 2, not {type(estimator).__name__}.")
    if data is not None:
        _set_data(request, data)
    return request


def create_model_request(model: Any, instance_type: str | None) -> dict[str, Any]:
    """Return a CreateModel request. Raises ValueError when ``model`` is neither form."""
    if isinstance(model, Mapping):
        request: dict[str, Any] = copy_request(model)
        return request
    if not hasattr(model, "prepare_container_def"):
        raise ValueError(f"A model is a CreateModel request (a dict) or a Model of the SageMaker SDK 2, not "
                         f"{type(model).__name__}.")
    if type(model).__name__ == "Model":
        container = {"Environment": dict(model.env or {}), "Image": model.image_uri,
                     "ModelDataUrl": model.model_data}
    else:
        container = model.prepare_container_def(instance_type)
    return {"PrimaryContainer": container, "ExecutionRoleArn": model.role}


def copy_request(value: Any) -> Any:
    """Return a copy of a request at every depth. Placeholders are kept: they are known by identity."""
    if isinstance(value, Mapping):
        return {key: copy_request(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copy_request(item) for item in value]
    return value if isinstance(value, Placeholder) else copy.deepcopy(value)


def _set_data(request: dict[str, Any], data: Any) -> None:
    if isinstance(data, (str, Placeholder)):
        channels = request.get("InputDataConfig")
        if channels:
            channels[0]["DataSource"]["S3DataSource"]["S3Uri"] = data
        else:
            request["InputDataConfig"] = [_channel("training", data)]
    elif isinstance(data, Mapping):
        request["InputDataConfig"] = [_channel(name, source) for name, source in data.items()]
    else:
        request["InputDataConfig"] = copy_request(list(data))


def _channel(name: str, source: Any) -> dict[str, Any]:
    if hasattr(source, "config"):
        return {**copy_request(source.config), "ChannelName": name}
    return {"ChannelName": name, "DataSource": {"S3DataSource": {
        "S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix", "S3Uri": source}}}


def _from_estimator(estimator: Any) -> dict[str, Any]:
    if estimator.output_path is None:
        raise ValueError("The estimator has no output_path: give it one, so that the definition does not depend on "
                         "the account in which it is written.")
    request: dict[str, Any] = {
        "AlgorithmSpecification": {"TrainingImage": estimator.training_image_uri(),
                                   "TrainingInputMode": estimator.input_mode or "File"},
        "OutputDataConfig": {"S3OutputPath": estimator.output_path},
        "StoppingCondition": {"MaxRuntimeInSeconds": estimator.max_run},
        "ResourceConfig": {"InstanceCount": estimator.instance_count, "InstanceType": estimator.instance_type,
                           "VolumeSizeInGB": estimator.volume_size},
        "RoleArn": estimator.role,
    }
    hyperparameters = estimator.hyperparameters()
    if hyperparameters:
        request["HyperParameters"] = {name: str(value) for name, value in hyperparameters.items()}
    if estimator.metric_definitions:
        request["AlgorithmSpecification"]["MetricDefinitions"] = copy_request(estimator.metric_definitions)
    if estimator.output_kms_key:
        request["OutputDataConfig"]["KmsKeyId"] = estimator.output_kms_key
    if estimator.subnets and estimator.security_group_ids:
        request["VpcConfig"] = {"Subnets": list(estimator.subnets),
                                "SecurityGroupIds": list(estimator.security_group_ids)}
    _optional_estimator_fields(estimator, request)
    return request


def _optional_estimator_fields(estimator: Any, request: dict[str, Any]) -> None:
    if estimator.use_spot_instances:
        request["EnableManagedSpotTraining"] = True
        if estimator.max_wait:
            request["StoppingCondition"]["MaxWaitTimeInSeconds"] = estimator.max_wait
    if estimator.checkpoint_s3_uri:
        request["CheckpointConfig"] = {"S3Uri": estimator.checkpoint_s3_uri}
        if estimator.checkpoint_local_path:
            request["CheckpointConfig"]["LocalPath"] = estimator.checkpoint_local_path
    if estimator.environment:
        request["Environment"] = copy_request(estimator.environment)
    if estimator.encrypt_inter_container_traffic:
        request["EnableInterContainerTrafficEncryption"] = True
    if estimator.enable_network_isolation():
        request["EnableNetworkIsolation"] = True
    if estimator.tags:
        request["Tags"] = [_tag(tag) for tag in _pairs(estimator.tags)]


def _pairs(tags: Any) -> Iterable[Any]:
    return [{"Key": key, "Value": value} for key, value in tags.items()] if isinstance(tags, Mapping) else tags


def _tag(tag: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tag in the API's case, whichever the estimator has (``key`` or ``Key``)."""
    return {key.capitalize(): value for key, value in tag.items()}
