"""The names and causes that a refused API call has as a task's failure.

Optimised integrations speak like AWS's first SDK for Java, ``aws-sdk:`` ones like the second.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import dumps
from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.integrations import INTEGRATIONS, SDK_SERVICES
from stepfunctions.errors import ServiceError, StateFailed

if TYPE_CHECKING:
    from botocore.model import OperationModel

_BAD_REQUEST = ("SerializationException",)


def failure_of(error: ServiceError, resource: Resource, model: OperationModel, arguments: Any) -> StateFailed:
    """Return the failure of a task whose API call was refused with this error."""
    if error.code in _BAD_REQUEST:
        return StateFailed("States.Runtime", f"The Parameters '{dumps(arguments)}' could not be used to start the "
                           f"Task: [{error.message}]")
    modelled = {shape.metadata.get("error", {}).get("code", shape.name): shape.name for shape in model.error_shapes}
    name = modelled.get(error.code) or (error.code if error.code in modelled.values() else None)
    if resource.sdk:
        prefix = SDK_SERVICES.get(resource.service, ("", resource.service.capitalize()))[1]
        name = _exception(name) if name else f"{prefix}Exception"
        cause = (f"{error.message} (Service: {prefix}, Status Code: {error.status}, Request ID: {uuid.uuid4()})")
        return StateFailed(f"{prefix}.{name}", cause)
    service = INTEGRATIONS["lambda" if resource.kind == "lambda" else resource.service]
    name = _exception(name) if name else service.unmodelled
    family = service.unmodelled.removesuffix("Exception")
    cause = (f"{error.message} (Service: {family}; Status Code: {error.status}; Error Code: {error.code}; "
             f"Request ID: {uuid.uuid4()}; Proxy: null)")
    return StateFailed(f"{service.prefix}.{name}", cause)


def _exception(name: str) -> str:
    return name if name.endswith("Exception") else f"{name}Exception"
