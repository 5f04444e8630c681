"""The inside of a training container: the ``/opt/ml`` folder, the ``SM_`` variables, the command.

What a script may rely on: https://docs.aws.amazon.com/sagemaker/latest/dg/amazon-sagemaker-toolkits.html and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stepfunctions.local.images import Runtime
from stepfunctions.local.jobs import Job, JobRefused, can_mount
from stepfunctions.local.sagemaker.places import Missing, Places, split

OPT_ML = "/opt/ml"
HOST = "algo-1"
# Hyperparameters that are for the container, not for the script: these, and everything that begins with sagemaker_.
PROGRAM, SUBMIT, REGION = "sagemaker_program", "sagemaker_submit_directory", "sagemaker_region"
_LOG_LEVEL, _JOB_NAME = "sagemaker_container_log_level", "sagemaker_job_name"
_CONTAINERS = frozenset(
    {PROGRAM, SUBMIT, REGION, _LOG_LEVEL, _JOB_NAME, "sagemaker_s3_output", "sagemaker_enable_cloudwatch_metrics"}
)
_FRAMEWORK_MODULES = MappingProxyType({"sagemaker-scikit-learn": "sagemaker_sklearn_container.training:main"})


@dataclass(frozen=True)
class Container:
    """A laid out container: its real ``/opt/ml``, where the process sees it, and what runs in it."""

    ml: Path
    root: str
    argv: tuple[str, ...]
    env: dict[str, str]
    mounts: dict[str, Path]


def lay_out(
    job: Job, request: Mapping[str, Any], runtime: Runtime, places: Places, *, arn: str, base: Mapping[str, str]
) -> Container:
    """Make the ``/opt/ml`` of a training job below its folder. Raises :class:`JobRefused` for what is missing."""
    ml = job.folder / "ml"
    for name in ("input/config", "input/data", "model", "output/data", "output/intermediate", "code", "checkpoints"):
        (ml / name).mkdir(parents=True)
    mounted = can_mount(OPT_ML)
    root = OPT_ML if mounted else str(ml)
    if runtime.folder is not None:
        shutil.copytree(runtime.folder, ml / "code", dirs_exist_ok=True)
    try:
        for channel in request.get("InputDataConfig", []):
            _lay_channel(channel, ml / "input" / "data" / channel["ChannelName"], places)
        if "CheckpointConfig" in request:
            _lay_checkpoints(request["CheckpointConfig"], ml / "checkpoints", places)
    except Missing as error:
        raise JobRefused(f"ClientError: Data download failed: {error}") from error
    hyperparameters = decode_hyperparameters(request.get("HyperParameters", {}))
    _lay_config(ml / "input" / "config", request)
    given = hyperparameters.get(SUBMIT)
    if isinstance(given, str) and given.startswith(("s3://", "https://")):
        try:
            places.unpack(given, ml / "code")
        except Missing as error:
            raise JobRefused(f"ClientError: The code of {SUBMIT} is not there: {error}") from error
    user = request.get("Environment", {})
    path = os.pathsep.join([f"{root}/code", *filter(None, [user.get("PYTHONPATH")])])
    env = {
        **base,
        "SAGEMAKER_REGION": base.get("AWS_REGION", ""),
        "PYTHONUNBUFFERED": "TRUE",
        "PYTHONDONTWRITEBYTECODE": "1",
        **user,
        "PYTHONPATH": path,
        "TRAINING_JOB_NAME": job.key,
        "TRAINING_JOB_ARN": arn,
        **script_variables(request, hyperparameters, root, runtime),
    }
    argv = _command(request, hyperparameters, ml / "code")
    return Container(ml, root, argv, env, {OPT_ML: ml} if mounted else {})


def decode_hyperparameters(given: Mapping[str, str]) -> dict[str, Any]:
    """Return hyperparameters as the toolkit reads them: each value is JSON if it can be, else the text itself."""
    return {name: _decoded(text) for name, text in given.items()}


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Return the script's arguments, ``--name value`` by name; the values of a map as ``key=value,...``."""
    words = []
    for name, value in sorted(own(hyperparameters).items()):
        words.append(f"--{name}" if len(name) > 1 else f"-{name}")
        if isinstance(value, dict):
            words.append(",".join(f"{key}={item}" for key, item in sorted(value.items())))
        else:
            words.append("" if value is None else str(value))
    return words


def own(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that are the script's."""
    return {name: value for name, value in hyperparameters.items() if not name.startswith("sagemaker_")}


def script_variables(
    request: Mapping[str, Any], hyperparameters: Mapping[str, Any], root: str, runtime: Runtime
) -> dict[str, str]:
    """Return the ``SM_`` variables and the few beside them that a script finds in SageMaker's containers."""
    program = hyperparameters.get(PROGRAM)
    channels = {
        one["ChannelName"]: f"{root}/input/data/{one['ChannelName']}" for one in request.get("InputDataConfig", [])
    }
    facts: dict[str, Any] = {
        "hosts": [HOST],
        "current_host": HOST,
        "current_instance_type": _instance_type(request),
        "current_instance_group": "homogeneousCluster",
        "current_instance_group_hosts": [HOST],
        "instance_groups": ["homogeneousCluster"],
        "is_hetero": False,
        "master_hostname": HOST,
        "is_master": True,
        "instance_groups_dict": {"homogeneousCluster": _group(request)},
        "distribution_instance_groups": [],
        "network_interface_name": "eth0",
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        "num_neurons": 0,
        "hyperparameters": own(hyperparameters),
        "user_entry_point": program,
        "additional_framework_parameters": {
            name: value
            for name, value in hyperparameters.items()
            if name.startswith("sagemaker_") and name not in _CONTAINERS
        },
        "resource_config": resource_config(request),
        "input_data_config": input_data_config(request),
        "channel_input_dirs": channels,
        "module_name": _module_name(program),
        "module_dir": hyperparameters.get(SUBMIT, f"{root}/code"),
        "job_name": request["TrainingJobName"],
        "log_level": hyperparameters.get(_LOG_LEVEL, 20),
        "framework_module": _FRAMEWORK_MODULES.get(runtime.repository.rsplit("/", 1)[-1]),
        "input_dir": f"{root}/input",
        "input_config_dir": f"{root}/input/config",
        "output_dir": f"{root}/output",
        "output_data_dir": f"{root}/output/data",
        "output_intermediate_dir": f"{root}/output/intermediate",
        "model_dir": f"{root}/model",
    }
    named = {
        "hps": facts["hyperparameters"],
        "framework_params": facts["additional_framework_parameters"],
        "channels": sorted(channels),
        "user_args": arguments(hyperparameters),
        "training_env": facts,
    }
    plain = {name: value for name, value in facts.items() if name not in _UNNAMED}
    variables = {
        **plain,
        **named,
        **{f"channel_{name}": path for name, path in channels.items()},
        **{f"hp_{name}": value for name, value in own(hyperparameters).items()},
    }
    return {
        **{f"SM_{name.upper()}": _text(value) for name, value in variables.items() if "=" not in name},
        "SAGEMAKER_JOB_NAME": request["TrainingJobName"],
        "CURRENT_HOST": HOST,
        **({"SAGEMAKER_REGION": _text(hyperparameters[REGION])} if REGION in hyperparameters else {}),
    }


_UNNAMED = frozenset(
    {
        "hyperparameters",
        "additional_framework_parameters",
        "channel_input_dirs",
        "job_name",
        "master_hostname",
        "is_master",
    }
)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _module_name(program: Any) -> str | None:
    return program[:-3] if isinstance(program, str) and program.endswith(".py") else program


def _instance_type(request: Mapping[str, Any]) -> str:
    return str(request.get("ResourceConfig", {}).get("InstanceType", "local"))


def _group(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"instance_group_name": "homogeneousCluster", "instance_type": _instance_type(request), "hosts": [HOST]}


def resource_config(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``resourceconfig.json``."""
    return {
        "current_host": HOST,
        "current_instance_type": _instance_type(request),
        "current_group_name": "homogeneousCluster",
        "hosts": [HOST],
        "instance_groups": [_group(request)],
        "network_interface_name": "eth0",
    }


def input_data_config(request: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return ``inputdataconfig.json``: a member a channel."""
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    config = {}
    for channel in request.get("InputDataConfig", []):
        s3 = channel["DataSource"]["S3DataSource"]
        said = {
            "TrainingInputMode": channel.get("InputMode", mode),
            "S3DistributionType": s3.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
        if "ContentType" in channel:
            said["ContentType"] = channel["ContentType"]
        config[channel["ChannelName"]] = said
    return config


def _lay_config(folder: Path, request: Mapping[str, Any]) -> None:
    files = {
        "hyperparameters.json": request.get("HyperParameters", {}),
        "inputdataconfig.json": input_data_config(request),
        "resourceconfig.json": resource_config(request),
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value))


def _lay_channel(channel: Mapping[str, Any], into: Path, places: Places) -> None:
    places.lay(channel["DataSource"]["S3DataSource"]["S3Uri"], into)
    if channel.get("CompressionType") == "Gzip":
        for path in sorted(into.rglob("*.gz")):
            with gzip.open(path, "rb") as source, open(path.with_suffix(""), "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            path.unlink()


def _lay_checkpoints(config: Mapping[str, Any], into: Path, places: Places) -> None:
    places.check_bucket(config["S3Uri"])
    bucket, prefix = split_prefix(config["S3Uri"])
    places.objects.materialise(bucket, prefix, into)


def split_prefix(uri: str) -> tuple[str, str]:
    """Return bucket and prefix; the prefix ends with ``/`` unless it is empty."""
    bucket, prefix = split(uri)
    return bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def _command(request: Mapping[str, Any], hyperparameters: Mapping[str, Any], code: Path) -> tuple[str, ...]:
    """Return what runs in the code folder. Raises :class:`JobRefused` when there is nothing to run."""
    algorithm = request["AlgorithmSpecification"]
    if "ContainerEntrypoint" in algorithm:
        return (*algorithm["ContainerEntrypoint"], *algorithm.get("ContainerArguments", ()))
    program = hyperparameters.get(PROGRAM)
    if program is None:
        if os.access(code / "train", os.X_OK):
            return ("./train", *algorithm.get("ContainerArguments", ()))
        raise JobRefused(
            f"AlgorithmError: There is nothing to run: give the hyperparameter {PROGRAM} (a script in "
            f"{SUBMIT}), ContainerEntrypoint, or an image folder with an executable 'train'"
        )
    if not (code / str(program)).is_file() or ".." in Path(str(program)).parts or str(program).startswith("/"):
        found = ", ".join(sorted(path.name for path in code.iterdir())) or "nothing"
        raise JobRefused(f"AlgorithmError: The script '{program}' ({PROGRAM}) is not in {SUBMIT}, which has: {found}")
    check_requirements(code)
    words = arguments(hyperparameters)
    return ("/bin/sh", str(program), *words) if str(program).endswith(".sh") else ("python", str(program), *words)


def check_requirements(code: Path) -> None:
    """Refuse packages a container would install and that are not here: nothing is installed behind a user's back."""
    file = code / "requirements.txt"
    names = [] if not file.is_file() else re.findall(r"^\s*([A-Za-z0-9][\w.-]*)", file.read_text(), re.MULTILINE)
    missing = []
    for name in names:
        try:
            importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise JobRefused(
            f"AlgorithmError: requirements.txt names packages that are not installed beside the local "
            f"cloud: pip install {' '.join(missing)}"
        )
