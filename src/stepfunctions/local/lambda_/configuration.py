"""A function's configuration: checked on the way in, kept and returned in the shape of AWS's FunctionConfiguration."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.lambda_.code import Code
from stepfunctions.local.lambda_.names import LATEST, function_arn

RUNTIMES = (
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
)
"""The runtimes that are taken. Each runs in the interpreter that runs the local cloud."""

_KEPT = (
    "Description",
    "Role",
    "Handler",
    "Runtime",
    "Timeout",
    "MemorySize",
    "Environment",
    "VpcConfig",
    "DeadLetterConfig",
    "KMSKeyArn",
    "TracingConfig",
    "EphemeralStorage",
    "LoggingConfig",
)
_REFUSED = {
    "Layers": "put what the layer has into the function's zip or install it beside the local cloud",
    "FileSystemConfigs": "read the folder by its path on this machine",
    "ImageConfig": "use a zip, S3 or a local folder",
    "CapacityProviderConfig": "leave it out",
    "DurableConfig": "leave it out",
    "TenancyConfig": "leave it out",
}
_RESERVED = frozenset(
    (
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    )
)
_ENVIRONMENT_LIMIT = 4096


def new_configuration(request: Mapping[str, Any], name: str, account: str, region: str) -> dict[str, Any]:
    """Return the configuration that CreateFunction asks for, without code and revision.

    Raises ServiceError InvalidParameterValueException.
    """
    if request.get("PackageType", "Zip") != "Zip":
        raise _invalid("The local cloud runs no container images for Lambda: PackageType must be Zip.")
    for needed in ("Runtime", "Handler"):
        if not request.get(needed):
            raise _invalid(f"{needed} is mandatory for functions created with deployment packages.")
    if request.get("Publish") or request.get("PublishTo"):
        raise _invalid("The local cloud keeps only the version $LATEST: leave Publish out.")
    base: dict[str, Any] = {
        "FunctionName": name,
        "FunctionArn": function_arn(account, region, name),
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": LATEST,
        "TracingConfig": {"Mode": "PassThrough"},
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"},
        "PackageType": "Zip",
        "Architectures": list(request.get("Architectures") or ["x86_64"]),
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }
    return changed_configuration(base, request)


def changed_configuration(old: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a configuration with what the request sets. Raises InvalidParameterValueException."""
    _check(request)
    new = dict(old)
    for key in _KEPT:
        if key in request:
            new[key] = request[key]
    new["LoggingConfig"] = {**old["LoggingConfig"], **request.get("LoggingConfig", {})}
    if not new.get("Environment", {}).get("Variables"):
        new.pop("Environment", None)
    return new


def with_code(configuration: Mapping[str, Any], code: Code) -> dict[str, Any]:
    """Return a copy that describes this code."""
    return {**configuration, "CodeSha256": code.sha256, "CodeSize": code.size}


def revised(configuration: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return a copy with a new RevisionId, changed ``now``."""
    moment = datetime.fromtimestamp(now, timezone.utc)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"
    return {**configuration, "LastModified": stamp, "RevisionId": str(uuid.uuid4())}


def handler_environment(
    configuration: Mapping[str, Any], code: Code, log_stream: str, base: Mapping[str, str]
) -> dict[str, str]:
    """Return a worker's environment variables: the user's, AWS's, and those of ``base`` that they leave."""
    return {
        **base,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        **configuration.get("Environment", {}).get("Variables", {}),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info[0]}.{sys.version_info[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": configuration["FunctionName"],
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration["LoggingConfig"]["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "LAMBDA_TASK_ROOT": str(code.folder),
        "_HANDLER": configuration["Handler"],
    }


def _check(request: Mapping[str, Any]) -> None:
    for key, instead in _REFUSED.items():
        if request.get(key):
            raise _invalid(f"The local cloud has no {key} for Lambda: {instead}.")
    if request.get("SnapStart", {}).get("ApplyOn", "None") != "None":
        raise _invalid("The local cloud has no SnapStart: leave it out; workers stay warm without it.")
    runtime = request.get("Runtime")
    if runtime is not None and runtime not in RUNTIMES:
        raise _invalid(
            f"The runtime parameter of {runtime} is not supported by the local cloud. Supported: {', '.join(RUNTIMES)}."
        )
    _check_bounds(request, "Timeout", 1, 900)
    _check_bounds(request, "MemorySize", 128, 10240)
    _check_environment(request.get("Environment", {}).get("Variables", {}))


def _check_bounds(request: Mapping[str, Any], key: str, low: int, high: int) -> None:
    value = request.get(key)
    if value is not None and not low <= value <= high:
        raise _invalid(f"'{key}' must be between {low} and {high}; it is {value}.")


def _check_environment(variables: Mapping[str, str]) -> None:
    reserved = sorted(_RESERVED.intersection(variables))
    if reserved:
        raise _invalid(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided contains reserved keys that are currently not supported "
            f"for modification. Reserved keys used in this request: {', '.join(reserved)}"
        )
    size = sum(len(key.encode()) + len(value.encode()) for key, value in variables.items())
    if size > _ENVIRONMENT_LIMIT:
        raise _invalid(
            "Lambda was unable to configure your environment variables because the environment "
            "variables you have provided exceeded the 4KB limit."
        )


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message)
