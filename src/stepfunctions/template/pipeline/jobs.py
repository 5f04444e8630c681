"""Names and places of the jobs of one execution, and requests that are filled with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker import TrainingStep

_LONGEST = 63
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_OF_THE_FRAMEWORK = "sagemaker_"


def check_job_name(job_name: str, prefix: str) -> str:
    """Return the name of an execution's job. Raises ValueError when SageMaker takes no ``<prefix><job_name>``."""
    longest = _LONGEST - len(prefix)
    if not _NAME.fullmatch(job_name) or len(job_name) > longest:
        raise ValueError(
            f"The job name {job_name!r} has to have letters, digits and hyphens only, and at most {longest} characters:"
            f" the jobs are called {prefix}{job_name}."
        )
    return job_name


def models_path(bucket: str, name: str) -> str:
    """Return where a pipeline's training jobs write their models."""
    return f"s3://{bucket}/{name}/models"


def artifact(output_path: str, job: str) -> str:
    """Return the address of the model that a training job writes."""
    return f"{output_path.rstrip('/')}/{job}/output/model.tar.gz"


def train_step(state_id: str, estimator: Any, inputs: Any, job: str, models: str) -> TrainingStep:
    """Return the step of a training job that writes to ``models``, unless its estimator says where to."""
    path = None if _output_path(estimator) else models
    return TrainingStep(state_id, estimator=estimator, job_name=job, data=inputs, output_data_config_path=path)


def _output_path(estimator: Any) -> Any:
    if isinstance(estimator, Mapping):
        return (estimator.get("OutputDataConfig") or {}).get("S3OutputPath")
    config = getattr(estimator, "output_data_config", None)
    return getattr(estimator, "output_path", None) or getattr(config, "s3_output_path", None)


def instances(step: TrainingStep, instance_type: str | None, instance_count: int | None, what: str) -> tuple[str, int]:
    """Return the type and number of instances: those given, else those of a training job.

    Raises ValueError when the job has no single type, or one known only at run time.
    """
    resources = step.request.get("ResourceConfig") or {}
    chosen = resources.get("InstanceType") if instance_type is None else instance_type
    count = resources.get("InstanceCount", 1) if instance_count is None else instance_count
    if not isinstance(chosen, str) or is_dynamic(count):
        raise ValueError(
            f"'{step.state_id}' does not say which instances are to {what}: give {what}_instance_type and "
            f"{what}_instance_count."
        )
    return chosen, count


def fill_training(request: dict[str, Any], job: str, models: str) -> None:
    """Give a training request the name of its job and where it writes."""
    request["TrainingJobName"] = job
    request.setdefault("OutputDataConfig", {})["S3OutputPath"] = models
    name_in_hyperparameters(request, job)


def name_in_hyperparameters(request: dict[str, Any], job: str) -> None:
    """Give a framework's container the name of its job, which it is told as JSON."""
    hyperparameters = request.get("HyperParameters") or {}
    if "sagemaker_job_name" in hyperparameters:
        hyperparameters["sagemaker_job_name"] = f'"{job}"'


def set_hyperparameters(request: dict[str, Any], hyperparameters: Mapping[str, Any]) -> None:
    """Replace the hyperparameters of a training request; those that start a framework's container stay."""
    kept = {
        name: value
        for name, value in (request.get("HyperParameters") or {}).items()
        if name.startswith(_OF_THE_FRAMEWORK)
    }
    request["HyperParameters"] = kept | {name: str(value) for name, value in hyperparameters.items()}


def set_artifact(container: dict[str, Any], address: str) -> None:
    """Point a container of a model to its artefact."""
    for name in ("ModelDataUrl.$", "ModelDataSource"):
        container.pop(name, None)
    container["ModelDataUrl"] = address
