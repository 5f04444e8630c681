"""Tune hyperparameters: CreateHyperParameterTuningJob."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.functions import states
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.channels import set_channels
from stepfunctions.steps.sagemaker.estimators import Prepared, expected_model, is_plain, prepare
from stepfunctions.steps.sagemaker.objects import check_role, given, is_a, pascal, read, tag_list, texts, to_request
from stepfunctions.steps.sagemaker.request import find, put
from stepfunctions.steps.sagemaker.step import SageMakerStep
from stepfunctions.steps.sagemaker.trainers import trainer_definition
from stepfunctions.steps.sagemaker.training import model_of_training

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.inputs.placeholders import Placeholder
    from stepfunctions.steps.signatures import ServiceFields


class TuningStep(SageMakerStep):
    """Tune hyperparameters, and by default wait for the end.

    ``tuner`` is the CreateHyperParameterTuningJob request as a dict, or a HyperparameterTuner of the SageMaker SDK 2
    or 3, also of several estimators (``HyperparameterTuner.create``). It is not changed.

    ``job_name``: unique in an account and Region, at most 32 letters, digits and hyphens. None: ``<state>-<12 hex
    digits>``, new in every attempt. ``data`` as :class:`TrainingStep` takes it; for several estimators a dict of
    estimator name -> data. ``tags``: a dict, or a placeholder of a list of pairs.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
    """

    ACTION = "createHyperParameterTuningJob"
    NAME = "HyperParameterTuningJobName"
    LONGEST_NAME = 32
    NEEDS: ClassVar[Mapping[str, str]] = {
        "HyperParameterTuningJobConfig": "give a HyperparameterTuner, or the request with this member."
    }

    def __init__(
        self,
        state_id: str,
        tuner: Any,
        job_name: str | Expression | None = None,
        data: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        self.tuner = tuner
        self.job_name = job_name
        self._prepared: Prepared | None = None
        if is_plain(tuner):
            request = to_request(tuner)
            for definition in _definitions(request):
                set_channels(definition, data)
        elif is_a(tuner, "HyperparameterTuner"):
            request = self._of_tuner(state_id, tuner, data)
        else:
            raise ValueError(
                f"The tuner of the step '{state_id}' is a CreateHyperParameterTuningJob request (a dict) or a "
                f"HyperparameterTuner of the SageMaker SDK, not {type(tuner).__name__}."
            )
        put(request, HyperParameterTuningJobName=job_name)
        super().__init__(state_id, request, fields, wait_for_completion=wait_for_completion, tags=tags)

    def _of_tuner(self, state_id: str, tuner: Any, data: Any) -> dict[str, Any]:
        request: dict[str, Any] = {"HyperParameterTuningJobConfig": _configuration(tuner)}
        if read(tuner, "autotune"):
            request["Autotune"] = {"Mode": "Enabled"}
        several = read(tuner, "estimator_dict") or read(tuner, "model_trainer_dict")
        if several:
            request["TrainingJobDefinitions"] = self._definitions_of(state_id, tuner, several, data)
        else:
            single = read(tuner, "estimator") or read(tuner, "model_trainer")
            request["TrainingJobDefinition"] = self._definition(state_id, tuner, None, single, data)
        return request | given(
            Tags=tag_list(read(tuner, "tags")), WarmStartConfig=to_request(read(tuner, "warm_start_config"))
        )

    def _definitions_of(self, state_id: str, tuner: Any, several: Any, data: Any) -> list[dict[str, Any]]:
        if data is not None and (not isinstance(data, Mapping) or set(data) - set(several)):
            raise ValueError(
                f"The tuner of the step '{state_id}' has several estimators: data is a dict of the data of each, with "
                f"the names {', '.join(sorted(several))}."
            )
        return [
            self._definition(state_id, tuner, name, several[name], (data or {}).get(name)) for name in sorted(several)
        ]

    def _definition(self, state_id: str, tuner: Any, name: str | None, trains: Any, data: Any) -> dict[str, Any]:
        """Return one training job definition: of the only estimator (``name`` None), or of one of several."""
        if is_a(trains, "ModelTrainer"):
            definition = trainer_definition(trains, data)
            static = definition.pop("HyperParameters", {})
            more = {}
        else:
            prepared = prepare(trains, data, self.job_name)
            definition = prepared.definition(data)
            static = definition.pop("HyperParameters", {})
            more = _class_of(trains)
            self._prepared = prepared if name is None else None
        check_role(definition.get("RoleArn"), f"The {type(trains).__name__} of the step '{state_id}'")
        ranges = _of_one(tuner, "_hyperparameter_ranges", name) or {}
        static = {key: value for key, value in static.items() if key not in ranges} | more
        static, automatic = _automatic(tuner, name, static)
        definition["StaticHyperParameters"] = static
        metrics = to_request(_of_one(tuner, "metric_definitions", name))
        if metrics:
            definition["AlgorithmSpecification"]["MetricDefinitions"] = [
                {pascal(member): value for member, value in metric.items()} for metric in metrics
            ]
        _set_instances(definition, _of_one(tuner, "instance_configs", name))
        if name is not None:
            metric_name = _of_one(tuner, "objective_metric_name", name)
            definition["DefinitionName"] = name
            definition["TuningObjective"] = {"Type": tuner.objective_type, "MetricName": metric_name}
            definition["HyperParameterRanges"] = _ranges(tuner, name) or {}
        if automatic:
            definition.setdefault("HyperParameterRanges", {})["AutoParameters"] = automatic
        return definition

    def get_best_training_job(self) -> Placeholder:
        """Return the placeholder of the best training job, a summary with its name, metric and hyperparameters.

        ``["TunedHyperParameters"]["depth"]``, ``["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]``,
        ``["TrainingJobName"]``. The step must wait for the job's end.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html
        """
        return self.output()["BestTrainingJob"]

    def get_best_model(self, model_name: str | Expression | None = None) -> Any:
        """Return the model of the best training job, for :class:`ModelStep`, of the kind that a TrainingStep expects.

        Its name is ``model_name``, else the best training job's. Raises ValueError for a tuner of several estimators,
        of which any may win.
        """
        definition = find(self.request, "TrainingJobDefinition")
        if not isinstance(definition, Mapping):
            raise ValueError(
                f"The step '{self.state_id}' tunes several estimators, and which of them is the best is not known: "
                "choose by get_best_training_job()['TrainingJobDefinitionName'] in a Choice."
            )
        best = self.get_best_training_job()["TrainingJobName"]
        output = find(definition, "OutputDataConfig", "S3OutputPath")
        if is_dynamic(output):
            artifacts = states.format("{}/{}/output/model.tar.gz", output, best)
        else:
            artifacts = states.format(f"{str(output).rstrip('/')}/{{}}/output/model.tar.gz", best)
        name = best if model_name is None else model_name
        if self._prepared is not None:
            return expected_model(self._prepared, artifacts, name)
        return model_of_training(definition, artifacts, name)


def _definitions(request: dict[str, Any]) -> list[dict[str, Any]]:
    one = request.get("TrainingJobDefinition")
    return [one] if isinstance(one, dict) else list(request.get("TrainingJobDefinitions") or [])


def _configuration(tuner: Any) -> dict[str, Any]:
    limits = {
        "MaxNumberOfTrainingJobs": read(tuner, "max_jobs"),
        "MaxParallelTrainingJobs": read(tuner, "max_parallel_jobs"),
        "MaxRuntimeInSeconds": read(tuner, "max_runtime_in_seconds"),
    }
    metric = read(tuner, "objective_metric_name")
    ranges = _ranges(tuner, None) or {}
    single = read(tuner, "estimator") or read(tuner, "model_trainer")
    if single is not None and read(tuner, "autotune"):
        automatic = _automatic(tuner, None, _static(tuner, single))[1]
        ranges |= given(AutoParameters=automatic)
    return {
        "Strategy": tuner.strategy,
        "ResourceLimits": given(**limits),
        "TrainingJobEarlyStoppingType": tuner.early_stopping_type,
        **given(
            HyperParameterTuningJobObjective=metric and {"Type": tuner.objective_type, "MetricName": metric},
            ParameterRanges=ranges,
            RandomSeed=read(tuner, "random_seed"),
            StrategyConfig=to_request(read(tuner, "strategy_config")),
            TuningJobCompletionCriteria=to_request(read(tuner, "completion_criteria_config")),
        ),
    }


def _static(tuner: Any, single: Any) -> dict[str, Any]:
    values = read(single, "hyperparameters")
    values = values() if callable(values) else values
    ranges = read(tuner, "_hyperparameter_ranges") or {}
    return {name: value for name, value in texts(values).items() if name not in ranges}


def _ranges(tuner: Any, name: str | None) -> Any:
    """Return the ranges in the API's form: of the only estimator (None), or of one of several."""
    if name is None:
        ranges = tuner.hyperparameter_ranges() if read(tuner, "_hyperparameter_ranges") else None
    else:
        ranges = (tuner.hyperparameter_ranges_dict() or {}).get(name)
    return ranges and {
        kind: [{pascal(member): value for member, value in one.items()} for one in of_kind]
        for kind, of_kind in ranges.items()
    }


def _of_one(tuner: Any, attribute: str, name: str | None) -> Any:
    """Return what a tuner says of its only estimator (None), or of one of several."""
    return read(tuner, attribute) if name is None else (read(tuner, f"{attribute}_dict") or {}).get(name)


def _automatic(tuner: Any, name: str | None, static: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Split static hyperparameters in those that stay, and those that autotune may choose."""
    if not read(tuner, "autotune"):
        return static, []
    kept = set(_of_one(tuner, "hyperparameters_to_keep_static", name) or ())
    chosen = [{"Name": key, "ValueHint": value} for key, value in static.items() if key not in kept]
    return {key: value for key, value in static.items() if key in kept}, chosen


def _class_of(estimator: Any) -> dict[str, str]:
    """Return the hyperparameters by which the SDK knows a framework's estimator again when it attaches to a job."""
    if not is_a(estimator, "Framework"):
        return {}
    return {
        "sagemaker_estimator_class_name": f'"{type(estimator).__name__}"',
        "sagemaker_estimator_module": f'"{type(estimator).__module__}"',
    }


def _set_instances(definition: dict[str, Any], configs: Any) -> None:
    if configs:
        resources = definition.pop("ResourceConfig")
        definition["HyperParameterTuningResourceConfig"] = {
            **given(VolumeKmsKeyId=resources.get("VolumeKmsKeyId")),
            "InstanceConfigs": to_request(copy.copy(configs)),
        }
