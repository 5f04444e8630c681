"""Whole requests against a cloud, without a socket: routing, refusals, error shapes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.parsers import create_parser

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.services import Call
from stepfunctions.local.wire.errors import error_response
from stepfunctions.local.wire.front import handle
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.route import guess_protocol, is_long, service_of

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON_TARGET = {"x-amz-target": "AWSStepFunctions.StartExecution", "content-type": "application/x-amz-json-1.0"}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


def read_error(response: Response, protocol: str) -> dict[str, Any]:
    parsed = create_parser(protocol).parse(
        {
            "status_code": response.status,
            "headers": {n.lower(): v for n, v in response.headers},
            "body": response.body,
            "context": {},
        },
        None,
    )
    error: dict[str, Any] = parsed["Error"]
    return error


@pytest.mark.parametrize(
    ("request_", "service"),
    [
        (Request(method="POST", path="/", headers={"authorization": SIGNED.format("states")}), "stepfunctions"),
        (Request(method="POST", path="/", headers={"authorization": SIGNED.format("s3")}), "s3"),
        (Request(method="POST", path="/", headers={"authorization": SIGNED.format("dynamodb")}), "dynamodb"),
        (
            Request(
                method="POST",
                path="/",
                headers={"authorization": SIGNED.format("sagemaker"), "x-amz-target": "SageMaker.ListModels"},
            ),
            "sagemaker",
        ),
        (
            Request(
                method="POST", path="/endpoints/e/invocations", headers={"authorization": SIGNED.format("sagemaker")}
            ),
            "sagemaker-runtime",
        ),
        (
            Request(
                method="POST",
                path="/",
                headers={
                    "authorization": "AWS4-HMAC-SHA256 Credential=team/key/20260101/us-east-1/glue/aws4_request, x=y"
                },
            ),
            "glue",
        ),
        (
            Request(
                method="GET", path="/b/k", query=(("X-Amz-Credential", "local/20260101/us-east-1/s3/aws4_request"),)
            ),
            "s3",
        ),
        (Request(method="GET", path="/b/k", query=(("AWSAccessKeyId", "local"),)), "s3"),
        (Request(method="POST", path="/", headers=JSON_TARGET), "stepfunctions"),
        (
            Request(method="POST", path="/", headers={"x-amz-target": "DynamoDB_20120810.ListTables"}),
            "DynamoDB_20120810",
        ),
        (Request(method="POST", path="/", headers=FORM, body=b"Action=GetCallerIdentity"), "sts"),
        (Request(method="GET", path="/"), "s3"),
    ],
)
def test_the_signature_says_which_service(request_: Request, service: str) -> None:
    assert service_of(request_) == service


def test_only_calls_that_wait_are_long() -> None:
    assert is_long("lambda", Request(method="POST", path="/2015-03-31/functions/f/invocations"))
    assert not is_long("lambda", Request(method="POST", path="/2015-03-31/functions"))
    assert is_long("sagemaker-runtime", Request(method="POST", path="/endpoints/e/invocations"))
    assert not is_long("stepfunctions", Request(method="POST", path="/", headers=JSON_TARGET))
    assert is_long(
        "stepfunctions",
        Request(method="POST", path="/", headers={"x-amz-target": "AWSStepFunctions.StartSyncExecution"}),
    )


def test_a_query_call_answers_xml_with_its_request_id(cloud: Cloud) -> None:
    response = handle(
        cloud,
        "sts",
        Request(method="POST", path="/", headers=FORM, body=b"Action=GetCallerIdentity&Version=2011-06-15"),
    )
    assert response.status == 200
    request_id = dict(response.headers)["x-amzn-RequestId"]
    assert f"<RequestId>{request_id}</RequestId>".encode() in response.body
    assert b"<Account>123456789012</Account>" in response.body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"Action=Nonsense", "UnknownOperationException"),
        (b"Version=2011-06-15", "MissingAction"),
        (b"Action=AssumeRole", "ValidationError"),
        (b"Action=AssumeRole&DurationSeconds=long", "SerializationException"),
        (b"\xff\xfe", "MalformedQueryString"),
    ],
)
def test_refusals_of_a_query_service_are_read_by_botocore(cloud: Cloud, body: bytes, code: str) -> None:
    response = handle(cloud, "sts", Request(method="POST", path="/", headers=FORM, body=body))
    assert 400 <= response.status < 500
    assert read_error(response, "query")["Code"] == code


def test_an_unsigned_request_for_a_service_of_nobody_goes_nowhere(cloud: Cloud) -> None:
    request = Request(method="POST", path="/", headers={"x-amz-target": "Nobody.ListThings"}, body=b"{}")
    response = handle(cloud, "Nobody", request)
    assert (response.status, read_error(response, "json")["Code"]) == (400, "UnknownOperationException")


@pytest.mark.parametrize(("headers", "protocol"), [(JSON_TARGET, "json"), (FORM, "query"), ({}, "rest-json")])
def test_a_service_we_do_not_have_is_refused_in_its_own_protocol(
    cloud: Cloud, headers: dict[str, str], protocol: str
) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/nosuch/aws4_request, SignedHeaders=host, Signature=0"
    request = Request(method="POST", path="/", headers={**headers, "authorization": scope})
    assert guess_protocol(request) == protocol
    error = read_error(handle(cloud, "nosuch", request), protocol)
    assert error["Code"] == "UnknownOperationException"
    assert "moto, which cannot do it: it has no such service" in error["Message"]


@pytest.mark.parametrize(
    ("service", "code", "status", "key"),
    [
        ("stepfunctions", "StateMachineDoesNotExist", 400, "message"),
        ("lambda", "ResourceNotFoundException", 404, "Message"),
        ("sagemaker", "ResourceNotFound", 400, "Message"),
        ("glue", "EntityNotFoundException", 400, "Message"),
        ("ecs", "ClusterNotFoundException", 400, "message"),
    ],
)
def test_modeled_errors_have_their_models_status_and_member(service: str, code: str, status: int, key: str) -> None:
    protocol = "rest-json" if service == "lambda" else "json"
    response = error_response(ServiceError(code, "no such thing"), protocol=protocol, service=service, request_id="r")
    assert response.status == status
    assert json.loads(response.body) == {"__type": code, key: "no such thing"}
    assert read_error(response, protocol) == {"Code": code, "Message": "no such thing"}


def test_errors_in_plain_xml_are_s3s() -> None:
    response = error_response(
        ServiceError("NoSuchKey", "a < b", 404), protocol="rest-xml", service=None, request_id="r"
    )
    assert read_error(response, "rest-xml")["Code"] == "NoSuchKey"
    assert b"a &lt; b" in response.body


class Broken:
    """A service whose operations fail in every way that is not a refusal."""

    def get_caller_identity(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        raise ZeroDivisionError("division by zero")

    def get_session_token(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        raise LocalCloudError("Install a missing package")


def test_a_fault_of_ours_is_an_answer_too(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    cloud._services["sts"] = Broken()
    response = handle(cloud, "sts", Request(method="POST", path="/", headers=FORM, body=b"Action=GetCallerIdentity"))
    assert response.status == 500
    assert read_error(response, "query")["Code"] == "InternalFailure"
    assert "ZeroDivisionError" in caplog.text
    response = handle(cloud, "sts", Request(method="POST", path="/", headers=FORM, body=b"Action=GetSessionToken"))
    assert response.status == 501
    assert read_error(response, "query")["Message"] == "Install a missing package"
