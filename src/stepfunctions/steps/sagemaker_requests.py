"""API requests from what callers hand to a SageMaker step: a plain dict, or an object of the SageMaker SDK 2.

The SDK is never imported. Its objects are read through their public attributes, which calls AWS nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.inputs.placeholders import Placeholder


def prepare_estimator(estimator: Any, data: Any, job_name: Any, mini_batch_size: int | None) -> Any:
    """Return a copy of an SDK estimator that knows what the SDK finds out before it trains; a request as it is.

    That is where its code is, how wide its records are, and where the debugger writes. The caller's object is not
    changed. AWS is asked only what 2.3.0 asked too: the default bucket when there is no ``output_path``, and to
    upload training code that is not in S3 yet. Raises ValueError when ``estimator`` is neither form.
    """
    if isinstance(estimator, Mapping):
        return estimator
    if not hasattr(estimator, "training_image_uri"):
        raise ValueError(
            f"An estimator is a CreateTrainingJob request (a dict) or an estimator of the SageMaker "
            f"SDK 2, not {type(estimator).__name__}."
        )
    prepared = copy.copy(estimator)
    prepared.output_path = estimator.output_path or f"s3://{estimator.sagemaker_session.default_bucket()}/"
    prepared.rules = copy.deepcopy(getattr(estimator, "rules", None))
    prepared._hyperparameters = dict(getattr(estimator, "_hyperparameters", None) or {})
    name = job_name if isinstance(job_name, str) else None
    prepare = getattr(prepared, "_prepare_for_training", None)
    if _is_records(data) and prepare is not None:
        prepare(data, mini_batch_size=mini_batch_size, job_name=name)
    elif prepare is not None and not hasattr(estimator, "repo_name"):
        prepare(job_name=name)
    if name is None:  # the SDK made one up, which would be the same in every execution
        prepared._hyperparameters.pop("sagemaker_job_name", None)
    prepared._current_job_name = name or "job"
    return prepared


def create_training_job_request(estimator: Any, data: Any, mini_batch_size: int | None = None) -> dict[str, Any]:
    """Return a CreateTrainingJob request without its name, of what :func:`prepare_estimator` returned."""
    request: dict[str, Any] = copy_request(estimator) if isinstance(estimator, Mapping) else _from_estimator(estimator)
    if data is not None:
        _set_data(request, data)
    if mini_batch_size is not None:
        request.setdefault("HyperParameters", {})["mini_batch_size"] = str(mini_batch_size)
    return request


def expected_model(estimator: Any, artifacts: Placeholder, model_name: Any) -> Any:
    """Return the SDK's model of an estimator whose training has not run yet."""
    model = estimator.create_model()
    model.model_data = artifacts
    if model_name is not None:
        model.name = model_name
    if getattr(estimator, "environment", None):
        model.env = estimator.environment
    return model


def create_model_request(model: Any, instance_type: str | None) -> dict[str, Any]:
    """Return a CreateModel request. Raises ValueError when ``model`` is neither form."""
    if isinstance(model, Mapping):
        request: dict[str, Any] = copy_request(model)
        return request
    if not hasattr(model, "prepare_container_def"):
        raise ValueError(
            f"A model is a CreateModel request (a dict) or a Model of the SageMaker SDK 2, not {type(model).__name__}."
        )
    if type(model).__name__ == "Model":
        container = {"Environment": dict(model.env or {}), "Image": model.image_uri, "ModelDataUrl": model.model_data}
    else:
        container = model.prepare_container_def(instance_type)
    result = {"PrimaryContainer": container, "ExecutionRoleArn": model.role}
    return {**result, "ModelName": model.name} if getattr(model, "name", None) is not None else result


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
    elif hasattr(data, "data_channel"):  # the SDK's RecordSet
        request["InputDataConfig"] = [_channel(name, source) for name, source in data.data_channel().items()]
    elif hasattr(data, "config"):  # the SDK's TrainingInput or FileSystemInput
        request["InputDataConfig"] = [_channel("training", data)]
    elif isinstance(data, Mapping):
        request["InputDataConfig"] = [_channel(name, source) for name, source in data.items()]
    elif data and all(hasattr(source, "data_channel") for source in data):
        request["InputDataConfig"] = [
            _channel(name, source) for records in data for name, source in records.data_channel().items()
        ]
    else:
        request["InputDataConfig"] = copy_request(list(data))


def _channel(name: str, source: Any) -> dict[str, Any]:
    if hasattr(source, "config"):
        return {**copy_request(source.config), "ChannelName": name}
    return {
        "ChannelName": name,
        "DataSource": {
            "S3DataSource": {"S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix", "S3Uri": source}
        },
    }


def _is_records(data: Any) -> bool:
    """Tell whether data are RecordSets of the SDK, which only its own algorithms take."""
    items = data if isinstance(data, (list, tuple)) else [data]
    return bool(items) and all(hasattr(item, "feature_dim") for item in items)


def _role(estimator: Any) -> Any:
    role = estimator.role
    named = isinstance(role, str) and not role.startswith("arn:")
    return estimator.sagemaker_session.expand_role(role) if named else role


def _from_estimator(estimator: Any) -> dict[str, Any]:
    request: dict[str, Any] = {
        "AlgorithmSpecification": {
            "TrainingImage": estimator.training_image_uri(),
            "TrainingInputMode": estimator.input_mode or "File",
        },
        "OutputDataConfig": {"S3OutputPath": estimator.output_path},
        "StoppingCondition": {"MaxRuntimeInSeconds": estimator.max_run},
        "ResourceConfig": {
            "InstanceCount": estimator.instance_count,
            "InstanceType": estimator.instance_type,
            "VolumeSizeInGB": estimator.volume_size,
        },
        "RoleArn": _role(estimator),
    }
    hyperparameters = estimator.hyperparameters()
    if hyperparameters:
        request["HyperParameters"] = {name: str(value) for name, value in hyperparameters.items()}
    if estimator.metric_definitions:
        request["AlgorithmSpecification"]["MetricDefinitions"] = copy_request(estimator.metric_definitions)
    if estimator.output_kms_key:
        request["OutputDataConfig"]["KmsKeyId"] = estimator.output_kms_key
    if estimator.subnets and estimator.security_group_ids:
        request["VpcConfig"] = {
            "Subnets": list(estimator.subnets),
            "SecurityGroupIds": list(estimator.security_group_ids),
        }
    for wire, attribute in (
        ("VolumeKmsKeyId", "volume_kms_key"),
        ("KeepAlivePeriodInSeconds", "keep_alive_period_in_seconds"),
    ):
        if getattr(estimator, attribute, None):
            request["ResourceConfig"][wire] = getattr(estimator, attribute)
    _debugger_fields(estimator, request)
    _optional_estimator_fields(estimator, request)
    return request


def _debugger_fields(estimator: Any, request: dict[str, Any]) -> None:
    """Preparing an estimator turned no hook configuration into the default one; ``False`` turns the debugger off."""
    hook = getattr(estimator, "debugger_hook_config", None)
    if hook is not None and not isinstance(hook, bool):
        request["DebugHookConfig"] = hook._to_request_dict()
    rules = getattr(estimator, "debugger_rules", None)
    if rules:
        request["DebugRuleConfigurations"] = [rule.to_debugger_rule_config_dict() for rule in rules]


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
