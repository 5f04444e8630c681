"""The names and causes that a refused API call has as a task's failure.

Optimised integrations speak like AWS's first SDK for Java, ``aws-sdk:`` ones like the second.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.integrations import INTEGRATIONS, ServiceIntegration
from stepfunctions.catalog.sdk_services import prefix_of_id
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local.elsewhere import NO_ANSWER
from stepfunctions.local.tasks.shapes import unusable

if TYPE_CHECKING:
    from botocore.model import OperationModel


def failure_of(error: ServiceError, resource: Resource, model: OperationModel, arguments: Any) -> StateFailed:
    """Return the failure of a task whose API call was refused with this error."""
    if error.code == "SerializationException":
        return unusable(arguments, error.message)
    if error.code == NO_ANSWER:
        prefix = prefix_of_id(str(model.service_model.service_id)) if resource.sdk else _integration(resource).prefix
        return StateFailed(f"{prefix}.{NO_ANSWER}", error.message)
    name = _modelled(error.code, model)
    if resource.sdk:
        prefix = prefix_of_id(str(model.service_model.service_id))
        name = name or f"{prefix}Exception"
        cause = f"{error.message} (Service: {prefix}, Status Code: {error.status}, Request ID: {uuid.uuid4()})"
        return StateFailed(f"{prefix}.{name}", cause)
    service = _integration(resource)
    name = name or service.unmodelled
    family = service.unmodelled.removesuffix("Exception")
    cause = (
        f"{error.message} (Service: {family}; Status Code: {error.status}; Error Code: {error.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return StateFailed(f"{service.prefix}.{name}", cause)


def _integration(resource: Resource) -> ServiceIntegration:
    return INTEGRATIONS["lambda" if resource.kind == "lambda" else resource.service]


def _modelled(code: str, model: OperationModel) -> str | None:
    """Return the name of the service's exception for an error code, None when its model has none."""
    for shape in model.service_model.error_shapes:
        if code in (shape.name, shape.metadata.get("error", {}).get("code")):
            name: str = shape.name
            return name if name.endswith("Exception") else f"{name}Exception"
    return None
