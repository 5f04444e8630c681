"""CreateTrainingJob requests of line 2's estimators.

The SDK prepares an estimator itself (rules, debugger, hyperparameters of its frameworks and algorithms), on a copy.
It would call AWS for an output path, a bucket for code and a role that are not given; those are refused before.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.channels import set_channels
from stepfunctions.steps.sagemaker.objects import check_instance, given, is_a, read, tag_list, texts, to_request
from stepfunctions.steps.sagemaker.request import StandIns, copy_request, is_in_s3

_UNNAMED = "sfn-unnamed-job-"
"""Stands for the name of a job that nobody has named: hyperparameters made of it are left out."""


class Prepared(NamedTuple):
    """A copy of an estimator that knows what the SDK finds out before it trains."""

    estimator: Any
    stand_ins: StandIns
    original: Any
    """The caller's object, which is not changed."""

    def request(self, data: Any) -> dict[str, Any]:
        """Return the CreateTrainingJob request, without the job's name."""
        request = {**self.definition(data), **_of_training_jobs_alone(self.estimator)}
        return self._resolved(request)

    def definition(self, data: Any) -> dict[str, Any]:
        """Return the members that training jobs of their own and those of a tuning job share."""
        estimator = self.estimator
        request = {**_algorithm(estimator), **_resources(estimator), "RoleArn": estimator.role}
        hyperparameters = texts(estimator.hyperparameters())
        if hyperparameters:
            request["HyperParameters"] = hyperparameters
        set_channels(request, data)
        for uri, name, more in (
            ("model_uri", "model_channel_name", {"ContentType": "application/x-sagemaker-model", "InputMode": "File"}),
            ("code_uri", "code_channel_name", {}),
        ):
            if read(estimator, uri):
                set_channels(request, {getattr(estimator, name): getattr(estimator, uri)})
                request["InputDataConfig"][-1].update(more)
        return self._resolved(request)

    def _resolved(self, request: dict[str, Any]) -> dict[str, Any]:
        hyperparameters = request.get("HyperParameters", {})
        for name in [name for name, value in hyperparameters.items() if isinstance(value, str) and _UNNAMED in value]:
            del hyperparameters[name]
        resolved: dict[str, Any] = self.stand_ins.resolve(request)
        return resolved


def is_estimator(value: Any) -> bool:
    """Tell whether a value is an estimator of line 2."""
    return callable(getattr(value, "training_image_uri", None))


def prepare(
    estimator: Any, data: Any, job_name: Any, mini_batch_size: int | None = None, output_path: Any = None
) -> Prepared:
    """Prepare a copy of an estimator. ``output_path`` is used where the estimator has none.

    Raises ValueError for what AWS would have to be asked: an output path or code that is not in S3, local mode.
    """
    whose = f"The {type(estimator).__name__}"
    stand_ins = StandIns()
    prepared = copy.copy(estimator)
    prepared.output_path = stand_ins.of(_output_path(estimator, output_path, whose), "s3://{}")
    check_instance(read(estimator, "instance_type"), whose)
    _set_code(prepared, whose)
    prepared._hyperparameters = {
        name: stand_ins.of(value) for name, value in (getattr(estimator, "_hyperparameters", None) or {}).items()
    }
    _copy_debugger(prepared, whose)
    name = _UNNAMED if job_name is None else stand_ins.of(job_name)
    _let_the_sdk_prepare(prepared, data, name, mini_batch_size)
    prepared._current_job_name = name
    return Prepared(prepared, stand_ins, estimator)


def _output_path(estimator: Any, other: Any, whose: str) -> Any:
    path = other if read(estimator, "output_path") is None else estimator.output_path
    if path is None:
        raise ValueError(
            f"{whose} has no output_path, and no bucket is looked up in AWS while a definition is built: give "
            "output_path='s3://<bucket>/<prefix>' to it, or output_data_config_path=… to the step."
        )
    if not is_in_s3(path):
        raise ValueError(f"{whose} has the output_path {path!r}, which is not in S3: give 's3://<bucket>/<prefix>'.")
    return path


def _set_code(prepared: Any, whose: str) -> None:
    """Point a copy at its code in S3. Raises ValueError when the code is on this machine, or in a repository."""
    if read(prepared, "git_config"):
        raise ValueError(
            f"{whose} has a git_config: nothing is cloned while a definition is built. Clone the repository, upload "
            "the code with upload_code(…), and give source_dir='s3://…/sourcedir.tar.gz'."
        )
    entry_point, source_dir = read(prepared, "entry_point"), read(prepared, "source_dir")
    if not (entry_point or source_dir or read(prepared, "dependencies")):
        return
    uploaded = read(prepared, "uploaded_code")
    if uploaded is not None and not is_in_s3(source_dir):
        prepared.source_dir, prepared.entry_point = uploaded.s3_prefix, uploaded.script_name
        prepared.dependencies = []
    elif not is_in_s3(source_dir):
        raise code_is_local(whose, source_dir or entry_point)
    elif is_a(prepared, "Framework") and isinstance(entry_point, str):
        prepared.entry_point = os.path.basename(entry_point)  # as in 2.3.0: the script is at the archive's root


def code_is_local(whose: str, where: Any) -> ValueError:
    """Return the error for code on this machine."""
    return ValueError(
        f"The code of {whose[:1].lower() + whose[1:]} ({where}) is on this machine, and nothing is uploaded while a "
        "definition is built. Upload it before, which gives an object for the step: "
        "upload_code(…, 's3://<bucket>/<prefix>') of stepfunctions.steps.sagemaker; or give a source_dir in S3 "
        "('s3://…/sourcedir.tar.gz')."
    )


def _copy_debugger(prepared: Any, whose: str) -> None:
    """Copy what the SDK changes when it prepares."""
    for name in ("rules", "debugger_hook_config", "profiler_config", "tensorboard_output_config"):
        if read(prepared, name) is not None:
            setattr(prepared, name, copy.deepcopy(getattr(prepared, name)))
    for rule in read(prepared, "rules", []):
        source = (read(rule, "rule_parameters") or {}).get("source_s3_uri")
        if source is not None and not is_in_s3(source):
            owner = whose[:1].lower() + whose[1:]
            raise ValueError(f"The rule '{rule.name}' of {owner} has its source at {source!r}: give one in S3.")


def _let_the_sdk_prepare(prepared: Any, data: Any, name: str, mini_batch_size: int | None) -> None:
    if not is_a(prepared, "AmazonAlgorithmEstimatorBase"):
        prepare_it = getattr(prepared, "prepare_workflow_for_training", None)
        if prepare_it is not None:
            prepare_it(job_name=name)
        return
    if is_records(data):
        prepared.prepare_workflow_for_training(records=data, mini_batch_size=mini_batch_size, job_name=name)
    else:  # what an algorithm reads from RecordSets, such as feature_dim, is the caller's to give
        base: Any = next(cls for cls in type(prepared).__mro__ if cls.__name__ == "EstimatorBase")
        base._prepare_for_training(prepared, job_name=name)
    prepared.mini_batch_size = mini_batch_size


def is_records(data: Any) -> bool:
    """Tell whether data are RecordSets of line 2, which only its own algorithms take."""
    items = data if isinstance(data, (list, tuple)) else [data]
    return bool(items) and all(hasattr(item, "feature_dim") for item in items)


def _algorithm(estimator: Any) -> dict[str, Any]:
    specification: dict[str, Any] = {"TrainingInputMode": read(estimator, "input_mode", "File")}
    if read(estimator, "algorithm_arn"):
        specification["AlgorithmName"] = estimator.algorithm_arn
    else:
        specification["TrainingImage"] = estimator.training_image_uri()
    return {"AlgorithmSpecification": specification}


def _resources(estimator: Any) -> dict[str, Any]:
    groups = read(estimator, "instance_groups")
    resources = {
        "VolumeSizeInGB": read(estimator, "volume_size"),
        "VolumeKmsKeyId": read(estimator, "volume_kms_key"),
        "KeepAlivePeriodInSeconds": read(estimator, "keep_alive_period_in_seconds"),
        "InstanceCount": None if groups else read(estimator, "instance_count"),
        "InstanceType": None if groups else read(estimator, "instance_type"),
        "InstanceGroups": [to_request(group) for group in groups or []],
        "TrainingPlanArn": read(estimator, "training_plan"),
        "InstancePlacementConfig": read(estimator, "instance_placement_config"),
    }
    output = {
        "S3OutputPath": estimator.output_path,
        "KmsKeyId": read(estimator, "output_kms_key"),
        "CompressionType": "NONE" if read(estimator, "disable_output_compression") else None,
    }
    stopping = {
        "MaxRuntimeInSeconds": read(estimator, "max_run"),
        "MaxWaitTimeInSeconds": read(estimator, "max_wait") or None,
    }
    checkpoint = {"S3Uri": read(estimator, "checkpoint_s3_uri"), "LocalPath": read(estimator, "checkpoint_local_path")}
    attempts = read(estimator, "max_retry_attempts")
    return {
        "OutputDataConfig": given(**output),
        "StoppingCondition": given(**stopping),
        "ResourceConfig": given(**resources),
        **given(
            VpcConfig=_network(estimator),
            EnableManagedSpotTraining=read(estimator, "use_spot_instances") or None,
            EnableNetworkIsolation=_isolated(estimator) or None,
            EnableInterContainerTrafficEncryption=read(estimator, "encrypt_inter_container_traffic") or None,
            CheckpointConfig=given(**checkpoint) if checkpoint["S3Uri"] else None,
            Environment=copy_request(read(estimator, "environment")),
            RetryStrategy=None if attempts is None else {"MaximumRetryAttempts": attempts},
        ),
    }


def _isolated(estimator: Any) -> Any:
    isolated = getattr(estimator, "enable_network_isolation", None)
    return isolated() if callable(isolated) else isolated


def _network(estimator: Any) -> Any:
    subnets, groups = read(estimator, "subnets"), read(estimator, "security_group_ids")
    if subnets is None or groups is None:
        return None
    return {"Subnets": copy_request(subnets), "SecurityGroupIds": copy_request(groups)}


def _of_training_jobs_alone(estimator: Any) -> dict[str, Any]:
    """Return the members that a tuning job's training jobs do not have, without the algorithm's."""
    algorithm = _algorithm(estimator)["AlgorithmSpecification"]
    image_access = read(estimator, "training_repository_access_mode")
    credentials = read(estimator, "training_repository_credentials_provider_arn")
    algorithm |= given(
        MetricDefinitions=copy_request(read(estimator, "metric_definitions")),
        ContainerEntrypoint=copy_request(read(estimator, "container_entry_point")),
        ContainerArguments=copy_request(read(estimator, "container_arguments")),
        EnableSageMakerMetricsTimeSeries=read(estimator, "enable_sagemaker_metrics"),
        TrainingImageConfig=image_access
        and {
            "TrainingRepositoryAccessMode": image_access,
            **given(
                TrainingRepositoryAuthConfig=credentials and {"TrainingRepositoryCredentialsProviderArn": credentials}
            ),
        },
    )
    infra_check = read(estimator, "enable_infra_check")
    return {
        "AlgorithmSpecification": algorithm,
        **given(
            Tags=tag_list(read(estimator, "tags")),
            InfraCheckConfig=None if infra_check is None else {"EnableInfraCheck": infra_check},
            RemoteDebugConfig=_asked(estimator, "get_remote_debug_config"),
            SessionChainingConfig=_asked(estimator, "get_session_chaining_config"),
            **_debugger(estimator),
        ),
    }


def _asked(estimator: Any, method: str) -> Any:
    found = getattr(estimator, method, None)
    return copy_request(found()) if callable(found) else None


def _debugger(estimator: Any) -> dict[str, Any]:
    """The SDK has turned no hook into the default one, and sorted the rules; ``False`` turns the debugger off."""
    hook = read(estimator, "debugger_hook_config")
    return {
        "DebugHookConfig": None if isinstance(hook, bool) else to_request(hook),
        "DebugRuleConfigurations": [
            copy_request(rule.to_debugger_rule_config_dict()) for rule in read(estimator, "debugger_rules", [])
        ],
        "TensorBoardOutputConfig": to_request(read(estimator, "tensorboard_output_config")),
    }


def profiler(prepared: Prepared) -> dict[str, Any]:
    """Return the profiler's members: only what the caller asked for, as 2.3.0 wrote none at all."""
    original, estimator = prepared.original, prepared.estimator
    rules = [rule for rule in read(original, "rules", []) if hasattr(rule, "to_profiler_rule_config_dict")]
    if read(original, "disable_profiler"):
        return {"ProfilerConfig": {"DisableProfiler": True}}
    if not rules and read(original, "profiler_config") is None:
        return {}
    members = given(
        ProfilerConfig=to_request(read(estimator, "profiler_config")),
        ProfilerRuleConfigurations=copy_request(read(estimator, "profiler_rule_configs", [])),
    )
    resolved: dict[str, Any] = prepared.stand_ins.resolve(members)
    return resolved


def expected_model(prepared: Prepared, artifacts: Any, model_name: Any) -> Any:
    """Return the SDK's model of an estimator whose training has not run yet."""
    model = prepared.estimator.create_model()
    model.model_data = artifacts
    model.name = model_name
    if read(prepared.original, "environment"):
        model.env = copy_request(prepared.original.environment)
    return model


def is_plain(estimator: Any) -> bool:
    """Tell whether an estimator is a request (a dict), which needs no SDK."""
    return isinstance(estimator, Mapping) and not is_dynamic(estimator)
