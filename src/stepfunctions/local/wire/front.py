"""From an HTTP request to a service's method and back: parse, call, serialise. Every refusal is AWS-shaped."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

from botocore.model import OperationModel

from stepfunctions.errors import ServiceError, StepFunctionsError
from stepfunctions.local.principal import IamMode, acting_as
from stepfunctions.local.services import SERVICES
from stepfunctions.local.wire import cbor, jsonrpc, query, rest
from stepfunctions.local.wire.errors import error_response
from stepfunctions.local.wire.messages import Request, Response, unpacked
from stepfunctions.local.wire.models import operation_model, protocol
from stepfunctions.local.wire.route import CBOR, access_key_of, caller_of, guess_protocol, is_signed

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)


def handle(cloud: Cloud, service: str, request: Request) -> Response:
    """Answer a request for a service of the cloud. Never raises; blocks as long as the operation does."""
    request_id = str(uuid.uuid4())
    known: str | None = None
    spoken = guess_protocol(request)
    try:
        if service not in cloud.real and service not in SERVICES:
            if not is_signed(request):
                what = "The request has no signature, and no service here has its X-Amz-Target"
                raise ServiceError("UnknownOperationException", what)
            return cloud.moto.forward(service, request)
        if service not in cloud.real:
            cloud.service(service)
        known, spoken = service, protocol(service, spoken)
        response = _answer(cloud, service, spoken, request, request_id)
    except ServiceError as error:
        response = error_response(error, protocol=spoken, service=known, request_id=request_id)
    except StepFunctionsError as error:
        refusal = ServiceError("LocalCloudError", str(error), 501)
        response = error_response(refusal, protocol=spoken, service=known, request_id=request_id)
    except Exception as error:  # noqa: BLE001 - one broken call must not end the server; the log has the traceback
        _log.exception("%s: request %s failed", service, request_id)
        failure = ServiceError("InternalFailure", f"The local cloud failed: {type(error).__name__}: {error}", 500)
        response = error_response(failure, protocol=spoken, service=known, request_id=request_id)
    response.headers.append(("x-amzn-RequestId", request_id))
    return response


def _answer(cloud: Cloud, service: str, spoken: str, request: Request, request_id: str) -> Response:
    labels: dict[str, str] = {}
    if spoken in (CBOR, "json", "query"):
        request = unpacked(request)
    if spoken == "json":
        name = jsonrpc.operation_of(request)
    elif spoken == "query":
        name = query.operation_of(request)
    elif spoken == CBOR:
        name = cbor.operation_of(request)
    else:
        name, labels = rest.match(service, request)
    operation = operation_model(service, name)
    parameters = {} if operation is None else _parse(spoken, request, operation, labels)
    account, region = caller_of(request)
    with acting_as(_role_of(cloud, request)):
        result = cloud.call(
            service, name, parameters, request_id=request_id, account=account, region=region, gone=request.gone
        )
    assert operation is not None, "cloud.call refuses an unknown operation"
    if spoken == "json":
        return jsonrpc.serialise(result, operation)
    if spoken == "query":
        return query.serialise(result, operation, request_id)
    if spoken == CBOR:
        return cbor.serialise(result, operation)
    return rest.serialise(result, operation)


def _role_of(cloud: Cloud, request: Request) -> str | None:
    """Return the role whose access key signed a request, where roles are looked at."""
    if cloud.iam is IamMode.OFF:
        return None
    role: str | None = cloud.service("iam").role_of(access_key_of(request))
    return role


def _parse(spoken: str, request: Request, operation: OperationModel, labels: dict[str, str]) -> dict[str, Any]:
    if spoken == "json":
        return jsonrpc.parse(request, operation)
    if spoken == "query":
        return query.parse(request, operation)
    if spoken == CBOR:
        return cbor.parse(request)
    return rest.parse(request, operation, labels)
