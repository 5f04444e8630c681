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


def protocol(service: str) -> str:
    """Return the wire protocol we speak for a service: json, query, rest-json or rest-xml."""
    model = service_model(service)
    declared: list[str] = [*model.metadata.get("protocols", ()), model.metadata["protocol"]]
    return next(name for name in declared if name in ("json", "rest-json", "rest-xml", "query"))
