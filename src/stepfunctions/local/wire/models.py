"""botocore's service models, loaded once and only when a service is first asked for."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel

_lock = threading.Lock()


@functools.cache
def _loader() -> Loader:
    from botocore.loaders import Loader

    return Loader()


@functools.cache
def _load(service: str) -> ServiceModel:
    from botocore.model import ServiceModel

    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


def service_model(service: str) -> ServiceModel:
    """Return the model of a service by its boto3 name (``stepfunctions``, ``sagemaker-runtime``)."""
    with _lock:
        return _load(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel | None:
    """Return the model of an operation (``StartExecution``), or None when the service has none so named."""
    from botocore.model import OperationNotFoundError

    try:
        return service_model(service).operation_model(operation)
    except OperationNotFoundError:
        return None


@functools.cache
def method_name(operation: str) -> str:
    """Return the Python name of an operation, as boto3 has it: ``ListObjectsV2`` -> ``list_objects_v2``."""
    from botocore import xform_name

    name: str = xform_name(operation)
    return name


@functools.cache
def protocols(service: str) -> tuple[str, ...]:
    """Return the wire protocols that a service's model declares, the one that clients prefer first."""
    metadata = service_model(service).metadata
    older = ["query"] if "awsQueryCompatible" in metadata else []
    return tuple(dict.fromkeys([*metadata.get("protocols", ()), metadata["protocol"], *older]))


def protocol(service: str, spoken: str = "") -> str:
    """Return the wire protocol of a request: what the client seems to speak, where the service has it, else its own."""
    declared = protocols(service)
    return spoken if spoken in declared else declared[0]
