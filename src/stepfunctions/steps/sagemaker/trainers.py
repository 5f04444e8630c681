"""CreateTrainingJob requests of line 3's ModelTrainer, read by its attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.channels import set_channels
from stepfunctions.steps.sagemaker.objects import given, is_a, read, tag_list, to_request
from stepfunctions.steps.sagemaker.request import find, is_in_s3

_COMPUTE_ONLY = ("EnableManagedSpotTraining",)
"""Members of line 3's Compute that are none of ResourceConfig."""
_NETWORK = ("Subnets", "SecurityGroupIds")


def is_trainer(value: Any) -> bool:
    """Tell whether a value is a ModelTrainer of line 3."""
    return is_a(value, "ModelTrainer")


def trainer_request(trainer: Any, data: Any, output_path: Any = None) -> dict[str, Any]:
    """Return the CreateTrainingJob request of a ModelTrainer, without the job's name.

    ``data`` are added to the trainer's own channels. Raises ValueError for what line 3 would upload when it starts
    the job: source code, a recipe, data on this machine.
    """
    request = trainer_definition(trainer, data, output_path)
    specification = given(
        TrainingImageConfig=to_request(read(trainer, "training_image_config")),
        MetricDefinitions=to_request(read(trainer, "_metric_definitions")),
    )
    request["AlgorithmSpecification"].update(specification)
    return request | given(
        Tags=tag_list(read(trainer, "tags")),
        RemoteDebugConfig=to_request(read(trainer, "_remote_debug_config")),
        TensorBoardOutputConfig=_located(trainer, "_tensorboard_output_config", "S3OutputPath"),
        InfraCheckConfig=to_request(read(trainer, "_infra_check_config")),
        SessionChainingConfig=to_request(read(trainer, "_session_chaining_config")),
        ModelPackageConfig=to_request(read(trainer, "model_package_config")),
    )


def trainer_definition(trainer: Any, data: Any, output_path: Any = None) -> dict[str, Any]:
    """Return the members that training jobs of their own and those of a tuning job share."""
    _check_code(trainer)
    compute = to_request(read(trainer, "compute")) or {}
    network = to_request(read(trainer, "networking")) or {}
    vpc = {name: network.pop(name) for name in _NETWORK if name in network}
    request: dict[str, Any] = {
        "AlgorithmSpecification": given(
            TrainingImage=read(trainer, "training_image"),
            AlgorithmName=read(trainer, "algorithm_name"),
            TrainingInputMode=read(trainer, "training_input_mode", "File"),
        ),
        "OutputDataConfig": _output(trainer, output_path),
        "ResourceConfig": {name: value for name, value in compute.items() if name not in _COMPUTE_ONLY},
        "RoleArn": read(trainer, "role"),
        **given(
            HyperParameters=trainer_hyperparameters(trainer),
            StoppingCondition=to_request(read(trainer, "stopping_condition")),
            Environment=to_request(read(trainer, "environment")),
            CheckpointConfig=_located(trainer, "checkpoint_config", "S3Uri"),
            RetryStrategy=to_request(read(trainer, "_retry_strategy")),
            VpcConfig=vpc,
            EnableManagedSpotTraining=compute.get("EnableManagedSpotTraining"),
            **network,
        ),
    }
    set_channels(request, read(trainer, "input_data_config"))
    set_channels(request, data)
    return request


def trainer_hyperparameters(trainer: Any) -> dict[str, Any]:
    """Return a trainer's hyperparameters as line 3 writes them: strings as they are, the rest as JSON."""
    return {str(name): encoded(value) for name, value in (read(trainer, "hyperparameters") or {}).items()}


def encoded(value: Any) -> Any:
    """Return a hyperparameter as a string: JSON, unless it is one already or known only at run time."""
    return value if isinstance(value, str) or is_dynamic(value) else json.dumps(value)


def _check_code(trainer: Any) -> None:
    """Raise ValueError for what line 3 uploads when it starts a job: source code with scripts of its own, a recipe."""
    if read(trainer, "source_code") is not None:
        uploaded = "source_code, which it uploads, with scripts of its own,"
    elif read(trainer, "_is_nova_recipe") or read(trainer, "_is_llmft_recipe"):
        uploaded = "a recipe, which it uploads"
    else:
        return
    raise ValueError(
        f"The ModelTrainer has {uploaded} when it starts a job, and nothing is uploaded while a definition is built. "
        "Let it upload before: upload_code(trainer) of stepfunctions.steps.sagemaker returns the request for the step."
    )


def _output(trainer: Any, other: Any) -> dict[str, Any]:
    output: dict[str, Any] = to_request(read(trainer, "output_data_config")) or {}
    if other is not None:
        output["S3OutputPath"] = other
    path = output.get("S3OutputPath")
    if path is None:
        raise ValueError(
            "The ModelTrainer has no output path, and no bucket is looked up in AWS while a definition is built: give "
            "output_data_config=OutputDataConfig(s3_output_path='s3://<bucket>/<prefix>') to it, or "
            "output_data_config_path=… to the step."
        )
    if not is_in_s3(path):
        raise ValueError(f"The ModelTrainer's output path {path!r} is not in S3: give 's3://<bucket>/<prefix>'.")
    return output


def _located(trainer: Any, attribute: str, member: str) -> Any:
    config = to_request(read(trainer, attribute))
    if isinstance(config, Mapping) and find(config, member) is None:
        raise ValueError(
            f"The ModelTrainer's {attribute.lstrip('_')} has no {member}, and no bucket is looked up in AWS while a "
            "definition is built: give 's3://<bucket>/<prefix>'."
        )
    return config
