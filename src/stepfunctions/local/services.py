"""Which services the local cloud has, and what an object that is one looks like.

A service is an object with one public method per API operation, named as boto3 names it:

    def start_execution(self, request: dict[str, Any], call: Call) -> dict[str, Any]

``request`` and the returned dict have the member names of botocore's model (aware datetimes, bytes for
blobs); refusals are raised as :class:`~stepfunctions.errors.ServiceError`. A service's module has
``create(cloud)``. Optional methods: ``start()``, called once the cloud runs, and ``stop()``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.wire.models import method_name, service_model

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

SERVICES = MappingProxyType(
    {
        # boto3's name of the service -> "module:factory"
        "cloudformation": "stepfunctions.local.cloudformation:create",
        "cloudwatch": "stepfunctions.local.cloudwatch:create",
        "ecs": "stepfunctions.local.ecs:create",
        "events": "stepfunctions.local.events:create",
        "glue": "stepfunctions.local.glue:create",
        "iam": "stepfunctions.local.iam:create",
        "lambda": "stepfunctions.local.lambda_:create",
        "logs": "stepfunctions.local.logs:create",
        "s3": "stepfunctions.local.s3:create",
        "sagemaker": "stepfunctions.local.sagemaker:create",
        "sagemaker-runtime": "stepfunctions.local.sagemaker.runtime:create",
        "scheduler": "stepfunctions.local.scheduler:create",
        "sns": "stepfunctions.local.sns:create",
        "sqs": "stepfunctions.local.sqs:create",
        "stepfunctions": "stepfunctions.local.stepfunctions:create",
        "sts": "stepfunctions.local.sts:create",
    }
)
OF_JOBS = frozenset({"s3", "logs"})
"""What jobs that are just prepared or finished still read and write: it stops after them."""
_NOT_OPERATIONS = frozenset({"start", "stop"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One API call as a service sees it.

    ``token`` is the engine's idempotency key of the task that makes the call, None for everybody else's: a second
    call with it, after a crash, must answer as the first did and begin nothing anew. It is no task token.
    ``gone`` tells whether the client has hung up meanwhile.
    """

    operation: str
    request_id: str
    token: str | None = None
    account: str
    region: str
    gone: Callable[[], bool] = lambda: False

    @property
    def owner(self) -> str:
        """Whose rows a caller sees: ``region:account``, as it stands in ARNs."""
        return f"{self.region}:{self.account}"


def supported_operations(service: str, target: object) -> list[str]:
    """Return AWS's names of the operations a service object has methods for, sorted."""
    return sorted(
        name for name in service_model(service).operation_names if operation_of(target, method_name(name)) is not None
    )


def operation_of(target: object, name: str) -> Any:
    """Return the method of a service that performs an operation (by boto3's name), or None."""
    if name.startswith("_") or name in _NOT_OPERATIONS:
        return None
    method = getattr(target, name, None)
    return method if callable(method) else None


def unknown_operation(service: str, operation: str, target: object, *, known: bool) -> ServiceError:
    """Return the refusal of what a service does not do; it says what the service does."""
    names = ", ".join(supported_operations(service, target)) or "(none over this door)"
    what = "is not supported by the local cloud yet" if known else "is not an operation of this service"
    return ServiceError(
        "UnknownOperationException", f"{service}:{operation} {what}. Supported: {names}.", 501 if known else 400
    )


def factory(place: str) -> Callable[[Cloud], Any]:
    """Return what makes a service, by its place in SERVICES."""
    module, name = place.split(":")
    found: Callable[[Cloud], Any] = getattr(importlib.import_module(module), name)
    return found


def start(service: Any) -> None:
    """Let a service begin to work, where it has anything to begin."""
    if hasattr(service, "start"):
        service.start()


def check_known(service: str) -> None:
    """Refuse (UnknownService) a service that boto3 has not."""
    from botocore.exceptions import UnknownServiceError

    try:
        service_model(service)
    except UnknownServiceError:
        raise ServiceError("UnknownService", f"boto3 knows no service '{service}'.", 501) from None


def real_services(names: Iterable[str]) -> frozenset[str]:
    """Return boto3's names of the services of ``--real``.

    Raises LocalCloudError for unknown ones, and for Step Functions itself.
    """
    names = list(names)
    if not names:
        return frozenset()
    from stepfunctions.catalog.sdk_services import sdk_service

    try:
        found = frozenset(sdk_service(name).client for name in names)
    except ValueError as error:
        raise LocalCloudError(f"--real: {error}") from None
    if "stepfunctions" in found:
        raise LocalCloudError("--real: Step Functions is what runs here; name the services that its tasks call")
    return found
