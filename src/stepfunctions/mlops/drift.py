"""Whether a model still sees the data that it was trained on: a step that looks, metrics, alarms, a report.

It is a processing job in SageMaker's scikit-learn image; what it measures is in :mod:`stepfunctions.mlops.analysis`.
Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/processing-job.html
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.deploy.event_triggers import Metric
from stepfunctions.inputs.context import context
from stepfunctions.inputs.expressions import Expression, result
from stepfunctions.inputs.functions import states
from stepfunctions.mlops import analysis
from stepfunctions.mlops.analysis import baselines
from stepfunctions.mlops.analysis.job import dimension
from stepfunctions.steps.code.declared import Asset, Declared, check_role
from stepfunctions.steps.flows import Flow
from stepfunctions.steps.maps import ItemReader
from stepfunctions.steps.sagemaker import ProcessingStep
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.state_types import Parallel

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import Catches, ParallelFields, Retries, ServiceFields

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
"""SageMaker's scikit-learn image in us-east-1; ``Workflow.stack()`` takes that of the stack's Region."""
_ROOT = "/opt/ml/processing"
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,39}")
_URI = re.compile(r"s3://([a-z0-9][a-z0-9.-]*)(?:/(.*))?")
_PLAIN = re.compile(r"[A-Za-z0-9/!_.*()-]*")
"""A prefix that stands for itself in States.Format and in the address of a job's output."""
_NAMESPACE = re.compile(r"[^:\s][^:]{0,254}")
MEMBERS = ("Models", "Drifted", "Stable", "TooFew", "NoBaseline", "Drift", "Rows", "BadLines")
"""What the step's result has of the summary, beside ``Report``: where the job's outputs are."""


@dataclass(frozen=True, kw_only=True)
class Captured:
    """The requests that an endpoint captured in the last ``hours`` before the execution started.

    ``uri``: where the files of one variant are, ``s3://…/endpoint/variant`` below DataCaptureConfig's DestinationS3Uri.
    ``features``: the names of the values of a request that has none, such as one in CSV; by default those of the
    baseline. An hour is read as a whole.

    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
    """

    uri: str
    hours: int = 24
    features: Sequence[str] = ()

    def __post_init__(self) -> None:
        _place("Captured.uri", self.uri)
        if type(self.hours) is not int or not 1 <= self.hours <= 24 * 366:
            raise ValueError(f"Captured.hours is {self.hours!r}; write a whole number of hours, at least 1.")
        if isinstance(self.features, str):
            raise TypeError(f"Captured.features is {self.features!r}; write a list of names.")


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The rows of CSV, JSON lines or Parquet files.

    ``uri``: an object, or the prefix of several, ``s3://bucket/prefix``; a placeholder takes it from the execution.
    ``by``: the column that tells the model of each row, for a fleet of models; by default all rows are of one.
    """

    uri: str | Expression
    by: str | None = None

    def __post_init__(self) -> None:
        _place("Dataset.uri", self.uri)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What came true, beside what was predicted.

    ``label`` and ``prediction``: columns; captured requests have their answer as ``Prediction``. ``loss``: of which
    the mean is compared with the baseline's: ``absolute``, ``squared``, or ``wrong`` for classes. ``uri`` and ``key``:
    where the labels are, when they come by themselves, and the column that both have; captured requests have
    ``EventId``, which is the client's own InferenceId where it gave one.
    """

    label: str
    prediction: str = "Prediction"
    loss: str = "absolute"
    key: str | None = None
    uri: str | Expression | None = None

    def __post_init__(self) -> None:
        if self.loss not in baselines.LOSSES:
            raise ValueError(f"Truth.loss is {self.loss!r}; write one of {', '.join(baselines.LOSSES)}.")
        if (self.key is None) != (self.uri is None):
            raise ValueError("Truth.key and Truth.uri belong together: where labels are, and by what they are found.")
        if self.uri is not None:
            _place("Truth.uri", self.uri)


@dataclass(frozen=True)
class _Content:
    """The bytes of a file, whatever is asked for."""

    content: bytes

    def __call__(self, complete: bool = True) -> bytes:  # noqa: ARG002 - a file has no parts to leave out
        return self.content


class DriftMonitor:
    """Compares what a model is asked with what it was trained on.

    ``name``: at most 40 letters, digits and hyphens. ``source``: :class:`Captured` or :class:`Dataset`. ``baseline``:
    where ``statistics.json`` and ``constraints.json`` are (see :class:`Baseline`), ``s3://bucket/prefix``; of a fleet,
    any number of them. ``output``: where reports go, ``<output>/<name>/<execution>/``. ``role``: the ARN of the job's
    role, which reads and writes these places and may ``cloudwatch:PutMetricData``. ``model``: what the baseline calls
    the model (default: ``name``).

    ``thresholds``: from when on a measure is drift, ``{"PopulationStabilityIndex": 0.2, …}``; they win over the
    baseline's. ``feature_thresholds``: the same by feature. ``significance``: how seldom chance alone may be taken for
    drift, in each comparison (the baseline's, 0.001). ``minimum_count``: below so many rows there is no verdict (50).
    ``truth``: for the errors of the model. ``namespace``: of the metrics in CloudWatch; None: none.
    ``image``, ``instance_type`` and ``max_runtime`` (seconds) are the job's.

    Metrics: ``Drift``, the largest measure in units of its threshold, so that more than 1 is drift, and
    ``DriftedModels``, dimension ``Monitor``; of a single model ``Drift`` and each measure by ``Feature``, of a fleet
    ``Drift`` by ``Model``. Raises ValueError and TypeError that name the argument.
    """

    def __init__(
        self,
        name: str,
        *,
        source: Captured | Dataset,
        baseline: str | Expression,
        output: str,
        role: str,
        model: str | None = None,
        thresholds: Mapping[str, float] | None = None,
        feature_thresholds: Mapping[str, Mapping[str, float]] | None = None,
        significance: float | None = None,
        minimum_count: int | None = None,
        truth: Truth | None = None,
        namespace: str | None = "DriftMonitor",
        image: str = SKLEARN,
        instance_type: str = "ml.m5.large",
        max_runtime: int = 3600,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"DriftMonitor: name is {name!r}; write 1 to 40 letters, digits and hyphens.")
        if not isinstance(source, (Captured, Dataset)):
            raise TypeError(f"DriftMonitor: source is {source!r}; give Captured(uri=…) or Dataset(uri=…).")
        if namespace is not None and (not _NAMESPACE.fullmatch(namespace) or namespace.startswith("AWS/")):
            raise ValueError(
                f"DriftMonitor: namespace is {namespace!r}; write up to 255 characters, no 'AWS/…', no ':'."
            )
        _place("DriftMonitor: baseline", baseline)
        check_role("DriftMonitor", "role", role)
        self.name, self.namespace, self.source = name, namespace, source
        self.bucket, self._prefix = _place("DriftMonitor: output", output)
        if not _PLAIN.fullmatch(self._prefix):
            raise ValueError(f"DriftMonitor: output is {output!r}; write a prefix of letters, digits and /!_.*()-.")
        self.baseline, self.role, self.truth = baseline, role, truth
        self.image, self.instance_type, self.max_runtime = image, instance_type, max_runtime
        constraints = {
            "Thresholds": dict(thresholds or {}),
            "Features": {feature: dict(own) for feature, own in (feature_thresholds or {}).items()},
            "Significance": significance,
            "MinimumCount": minimum_count,
        }
        given = {member: value for member, value in constraints.items() if value not in (None, {})}
        baselines.checked(given, "DriftMonitor")
        self._config = {"Name": name, "Model": model or name, "Namespace": namespace, **_config(source, truth), **given}

    def archive(self) -> bytes:
        """Return the job's code and its configuration, a zip that Python runs; the same bytes each time."""
        here = Path(analysis.__file__).parent
        files = {f"stepfunctions/mlops/analysis/{path.name}": path.read_bytes() for path in sorted(here.glob("*.py"))}
        empty = {f"stepfunctions/{place}__init__.py": b"" for place in ("", "mlops/")}
        start = b"import sys\n\nfrom stepfunctions.mlops.analysis.job import main\n\nsys.exit(main())\n"
        config = json.dumps(self._config, indent=1, sort_keys=True).encode()
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in {"__main__.py": start, "config.json": config, **empty, **files}.items():
                package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    @property
    def code(self) -> tuple[str, str]:
        """Bucket and key of the archive, whose name tells its content. ``Workflow.provision()`` puts it there."""
        digest = hashlib.sha256(self.archive()).hexdigest()[:16]
        return self.bucket, self.key(f"code/analysis-{digest}.zip")

    def declared(self) -> Declared:
        """Return the archive as what ``Workflow.provision()`` makes."""
        bucket, key = self.code
        asset = Asset(name="analysis.zip", build=_Content(self.archive()), place=("Body",), form="object")
        request = {"Bucket": bucket, "Key": key}
        who = f"DriftMonitor '{self.name}'"
        return Declared(service="s3", name=f"{bucket}/{key}", request=request, assets=(asset,), source=who)

    def key(self, rest: str) -> str:
        """Return the key of what is under the monitor's prefix."""
        return "/".join(filter(None, (self._prefix, self.name, rest)))

    def step(
        self,
        state_id: str = "Look for drift",
        *,
        time: str | Expression | None = None,
        retry: Retries = None,
        catch: Catches = None,
        **fields: Unpack[ParallelFields],
    ) -> DriftStep:
        """Return the step that looks: see :class:`DriftStep`."""
        return DriftStep(state_id, self, time=time, retry=retry, catch=catch, **fields)

    def baseline_step(self, state_id: str, data: str | Expression, **fields: Unpack[ServiceFields]) -> ProcessingStep:
        """Return the step that makes the baseline of data: of all the models of a fleet that are in them.

        ``data``: what the models were trained on, as :class:`Dataset` has it, with what :class:`Truth` names. The files
        go to ``<baseline>/<execution>/``; of a model that several have, the last one by name counts, so name executions
        in the order in which they run, as ``week-07``. Raises ValueError when ``baseline`` is a placeholder.
        """
        if isinstance(self.baseline, Expression):
            raise ValueError(
                f"DriftMonitor '{self.name}': its baseline is a placeholder, so nothing can be kept there."
            )
        _place("DriftMonitor.baseline_step: data", data)
        output = states.format(f"{self.baseline.rstrip('/')}/{{}}", context.execution.name)
        request = _request(self, ["baseline"], [("data", data)], output)
        return _Baselining(state_id, request, declares=self.declared(), **fields)

    def metric(self, feature: str | None = None) -> Metric:
        """Return the metric ``Drift``: of a feature, or the largest of all. More than 1 is drift.

        ``OnModelDrift(monitor, threshold=1)`` starts a workflow by it.
        """
        if self.namespace is None:
            raise ValueError(f"DriftMonitor '{self.name}' puts no metrics: it has no namespace.")
        if feature is not None and self._config["Source"].get("By"):
            raise ValueError(f"DriftMonitor '{self.name}' is of a fleet, whose metrics are by model: give no feature.")
        dimensions = {"Monitor": self.name, **({} if feature is None else {"Feature": dimension(feature)})}
        return Metric(namespace=self.namespace, name="Drift", dimensions=dimensions, statistic="Maximum", period=300)

    def drifted(self) -> ItemReader:
        """Return the reader of the models that drifted in this execution, after :meth:`step`: a Map's items.

        Each is ``{"Model", "Drift", "Reason", "Features"}``.
        """
        return ItemReader.jsonl(self.bucket, self.place("drifted.jsonl"))

    def place(self, file: str) -> Expression:
        """Return the key of one of this execution's outputs."""
        return states.format(f"{self.key('{}')}/{file}", context.execution.name)


class _Baselining(ProcessingStep):
    """A processing job whose code is the monitor's."""

    def __init__(self, state_id: str, request: Any, *, declares: Declared, **fields: Unpack[ServiceFields]) -> None:
        super().__init__(state_id, request, **fields)
        self._declares = declares

    def declared(self) -> list[Declared]:
        return [self._declares]


class DriftStep(Parallel):
    """Run the analysis, and wait for what it found.

    The result is ``{"Models", "Drifted", "Stable", "TooFew", "NoBaseline", "Drift", "Rows", "BadLines", "Report"}``:
    how many models there are, by verdict; the largest drift, where more than 1 is too far; rows read and lines that
    could not be; the S3 address of ``report.html``, beside which are ``report.json``, ``summary.json`` and
    ``drifted.jsonl``. A Parallel state of one branch, so that it has one result and one ``catch``.

    ``time``: the end of the window of captured requests, in ISO 8601; by default the execution's start.
    """

    def __init__(
        self,
        state_id: str,
        monitor: DriftMonitor,
        *,
        time: str | Expression | None = None,
        retry: Retries = None,
        catch: Catches = None,
        **fields: Unpack[ParallelFields],
    ) -> None:
        self._monitor = monitor
        language = str(fields.get("query_language") or JSONPATH)
        branch = _looking(f"{state_id}: ", monitor, context.execution.start_time if time is None else time, language)
        if not {"result_selector", "output_path", "output"} & set(fields):
            report = states.format(f"s3://{monitor.bucket}/{{}}", monitor.place("report.html"))
            told: Any = {**{name: result[0][name] for name in MEMBERS}, "Report": report}
            fields["output" if language == JSONATA else "result_selector"] = told
        super().__init__(state_id, retry, catch, branches=[branch], **fields)

    def declared(self) -> list[Declared]:
        """Return what must exist: the job's code in its bucket."""
        return [self._monitor.declared()]


def _looking(prefix: str, monitor: DriftMonitor, time: Any, language: str) -> Flow:
    """Return the states of a step: run the job, read its summary."""
    more: dict[str, Any] = {"query_language": JSONATA} if language == JSONATA else {}
    arguments = ["analyse", "--time", time, "--name", context.execution.name]
    inputs = [("baseline", monitor.baseline)]
    if isinstance(monitor.source, Dataset):
        inputs.append(("data", monitor.source.uri))
    if monitor.truth is not None and monitor.truth.uri is not None:
        inputs.append(("truth", monitor.truth.uri))
    output = states.format(f"s3://{monitor.bucket}/{monitor.key('{}')}", context.execution.name)
    job = ProcessingStep(f"{prefix}analyse", _request(monitor, arguments, inputs, output), **more)
    read: Any = {"parameters": {"Bucket": monitor.bucket, "Key": monitor.place("summary.json")}, **more}
    if language == JSONATA:
        read["output"] = states.string_to_json(result["Body"])
    else:
        read.update(result_selector={"Summary": states.string_to_json(result["Body"])}, output_path="$.Summary")
    return job >> aws_sdk("s3", "get_object", f"{prefix}read the summary", **read)


def _request(
    monitor: DriftMonitor, arguments: list[Any], inputs: Sequence[tuple[str, Any]], output: Expression
) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html"""
    bucket, key = monitor.code
    written = {"S3Uri": output, "LocalPath": f"{_ROOT}/output", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceCount": 1, "InstanceType": monitor.instance_type, "VolumeSizeInGB": 30}
    return {
        "RoleArn": monitor.role,
        "AppSpecification": {
            "ImageUri": monitor.image,
            "ContainerEntrypoint": ["python3", f"{_ROOT}/code/{key.rsplit('/', 1)[1]}"],
            "ContainerArguments": arguments,
        },
        "ProcessingInputs": [
            {
                "InputName": name,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{_ROOT}/{name}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for name, uri in [("code", f"s3://{bucket}/{key}"), *inputs]
        ],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "report", "S3Output": written}]},
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": monitor.max_runtime},
    }


def _config(source: Captured | Dataset, truth: Truth | None) -> dict[str, Any]:
    """Return what the job is told of its source."""
    if isinstance(source, Captured):
        told: dict[str, Any] = {"Kind": "Captured", "Uri": source.uri, "Hours": source.hours}
        told["Features"] = list(source.features)
    else:
        told = {"Kind": "Dataset", "By": source.by}
    if truth is None:
        return {"Source": told}
    pair = {"Label": truth.label, "Prediction": truth.prediction, "Loss": truth.loss, "Key": truth.key}
    return {"Source": told, "Truth": pair}


def _place(what: str, uri: Any) -> tuple[str, str]:
    """Return bucket and prefix of an S3 URI; those of a placeholder are not known."""
    if isinstance(uri, Expression):
        return "", ""
    found = _URI.fullmatch(uri) if isinstance(uri, str) else None
    if found is None:
        raise ValueError(f"{what} is {uri!r}; write s3://bucket/prefix.")
    return found[1], (found[2] or "").strip("/")
