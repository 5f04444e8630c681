"""Which service a request is for: the scope of its signature says it. Loads no model."""

from __future__ import annotations

import re
from types import MappingProxyType

from stepfunctions.local.wire.messages import Request

# The name in a signature's scope -> boto3's names of the services that sign with it, where they differ.
SIGNING_NAMES = MappingProxyType(
    {
        "s3express": "s3",
        "s3-outposts": "s3",
        "s3-object-lambda": "s3",
        "monitoring": "cloudwatch",
        "states": "stepfunctions",
    }
)
TARGET_PREFIXES = MappingProxyType(
    {
        "AWSEvents": "events",
        "AWSGlue": "glue",
        "AWSStepFunctions": "stepfunctions",
        "AmazonEC2ContainerServiceV20141113": "ecs",
        "AmazonSQS": "sqs",
        "GraniteServiceVersion20100801": "cloudwatch",
        "Logs_20140328": "logs",
        "SageMaker": "sagemaker",
    }
)
_SCOPE = re.compile(
    r"Credential=(?P<key>[^/,\s]+)(?:/[^/,\s]+)*?/\d{8}/(?P<region>[^/,\s]+)/(?P<service>[^/,\s]+)/aws4_request"
)
_QUERY_SCOPE = re.compile(r"(?P<key>[^/]+)(?:/.+)?/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_FORM = "application/x-www-form-urlencoded"
CBOR = "smithy-rpc-v2-cbor"
"""botocore's name of the protocol of :mod:`stepfunctions.local.wire.cbor`."""
CBOR_MARK = ("smithy-protocol", "rpc-v2-cbor")
"""The header of every request and response in it."""
_CBOR_PATH = re.compile(r"/service/(?P<service>\w+)/operation/(?P<operation>\w+)/?")


def service_of(request: Request) -> str:
    """Return boto3's name of the service, which may be one that the local cloud does not have.

    Without a signature the X-Amz-Target header decides, then a form with an Action means STS (the one service
    whose calls need no signature), and everything else is S3: presigned and public URLs.
    """
    signed = _signed_for(request)
    target = request.headers.get("x-amz-target", "").partition(".")[0] or cbor_target(request)[0]
    if signed is None:
        if target:
            return TARGET_PREFIXES.get(target, target)
        return "sts" if request.content_type == _FORM and b"Action=" in request.body else "s3"
    if signed == "sagemaker":
        return "sagemaker" if target else "sagemaker-runtime"
    return SIGNING_NAMES.get(signed, signed)


def caller_of(request: Request) -> tuple[str | None, str | None]:
    """Return the account and the Region that a request's signature names, which is not verified.

    The account is the access key where that has 12 digits.
    """
    found = _signature_of(request)
    if found is None:
        return None, None
    key, region = found["key"], found["region"]
    return (
        key if len(key) == 12 and key.isdecimal() and key.isascii() else None,
        region if _REGION.fullmatch(region) else None,
    )


def cbor_target(request: Request) -> tuple[str, str]:
    """Return the service (as X-Amz-Target would name it) and the operation of a CBOR request's path, else no text."""
    found = _CBOR_PATH.fullmatch(request.path) if CBOR_MARK[0] in request.headers else None
    return (found["service"], found["operation"]) if found else ("", "")


def access_key_of(request: Request) -> str:
    """Return the access key that a request is signed with, "" without a signature."""
    found = _signature_of(request)
    return found["key"] if found else ""


def is_signed(request: Request) -> bool:
    """Tell whether a request says for which service it is signed."""
    return _signature_of(request) is not None


def _signed_for(request: Request) -> str | None:
    found = _signature_of(request)
    return found["service"] if found else None


def _signature_of(request: Request) -> re.Match[str] | None:
    found = _SCOPE.search(request.headers.get("authorization", ""))
    if found is None:
        text = next((text for name, text in request.query if name.lower() == "x-amz-credential"), "")
        found = _QUERY_SCOPE.fullmatch(text)
    return found


def guess_protocol(request: Request) -> str:
    """Return the protocol that a client most likely speaks, whatever the service."""
    if CBOR_MARK[0] in request.headers:
        return CBOR
    if "x-amz-target" in request.headers:
        return "json"
    return "query" if request.content_type == _FORM else "rest-json"


def is_long(service: str, request: Request) -> bool:
    """Tell whether a call may last long: it waits for an execution, a function, a model, or a task."""
    if service == "sqs":  # a receiver waits up to 20 seconds for a message
        return True
    if runs_code(service):
        return "/invocations" in request.path
    target = request.headers.get("x-amz-target", "")
    return target.endswith((".StartSyncExecution", ".GetActivityTask", ".TestState"))


def runs_code(service: str) -> bool:
    """Tell whether the calls of a service that last long do because a user's code runs; others merely wait."""
    return service in ("lambda", "sagemaker-runtime")
