"""The parameters of a client's methods, checked as boto3 checks them before it sends anything."""

from __future__ import annotations

import functools
from typing import Any


def check_parameters(method: str, request: dict[str, Any]) -> None:
    """Raise botocore's ParamValidationError for parameters that are missing, unknown or of a wrong type."""
    from botocore.exceptions import ParamValidationError
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(request, _shapes()[method])
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


@functools.cache
def _shapes() -> dict[str, Any]:
    """Return the shapes of the API's requests, by the names of boto3's methods."""
    from botocore import xform_name
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    model = ServiceModel(Loader().load_service_model("stepfunctions", "service-2"), "stepfunctions")
    return {xform_name(name): model.operation_model(name).input_shape for name in model.operation_names}
