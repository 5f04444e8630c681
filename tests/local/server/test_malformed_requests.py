"""Requests that are wrong in any way get AWS's JSON errors, and leave nothing behind."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.wire.front import handle
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.models import operation_model, service_model

SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
OPERATIONS = sorted(service_model("stepfunctions").operation_names)
# what waits for a worker, or makes something when the request happens to be right
_SKIPPED = {"GetActivityTask"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([ARN, "{}", "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("malformed")) as made:
        yield made


def ask(cloud: Cloud, target: str, body: bytes) -> Response:
    headers = {"authorization": SIGNED, "x-amz-target": target, "content-type": "application/x-amz-json-1.0"}
    return handle(cloud, "stepfunctions", Request(method="POST", path="/", headers=headers, body=body))


def refusal(response: Response) -> tuple[str, str]:
    assert 400 <= response.status < 500, response
    body = json.loads(response.body)
    assert dict(response.headers)["x-amzn-ErrorType"] == body["__type"]
    return body["__type"], body["message"]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_request_is_answered(cloud: Cloud, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from([name for name in OPERATIONS if name not in _SKIPPED]))
    model = operation_model("stepfunctions", operation)
    assert model is not None
    members = list(model.input_shape.members) if model.input_shape else []
    names = st.sampled_from([*members, "unknown"])
    request = data.draw(JSON_VALUES | st.dictionaries(names, JSON_VALUES, max_size=4))
    response = ask(cloud, f"AWSStepFunctions.{operation}", json.dumps(request).encode())
    assert response.status == 200 or refusal(response)[0]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=50), target=st.text(st.characters(codec="latin-1"), max_size=30))
def test_any_bytes_are_answered(cloud: Cloud, body: bytes, target: str) -> None:
    assert refusal(ask(cloud, target, body))


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    right = {"name": "m", "definition": definition, "roleArn": "arn:aws:iam::123456789012:role/r"}
    wrong: list[dict[str, Any]] = [
        {"name": "a b"},
        {"roleArn": "role"},
        {"definition": "{}"},
        {"publish": "yes"},
        {"tags": [{"key": ""}]},
        {"versionDescription": "d"},
        {"loggingConfiguration": {"level": "ALL"}},
        {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}},
        {"tracingConfiguration": {"enabled": 1}},
        {"unknown": 1},
    ]
    with Cloud(tmp_path) as cloud:
        for change in wrong:
            refusal(ask(cloud, "AWSStepFunctions.CreateStateMachine", json.dumps({**right, **change}).encode()))
        listed = ask(cloud, "AWSStepFunctions.ListStateMachines", b"{}")
        assert json.loads(listed.body) == {"stateMachines": []}
        assert ask(cloud, "AWSStepFunctions.CreateStateMachine", json.dumps(right).encode()).status == 200


@pytest.mark.parametrize(
    ("target", "body", "code", "words"),
    [
        ("AWSStepFunctions.Explode", b"{}", "UnknownOperationException", "Explode"),
        ("", b"{}", "UnknownOperationException", "X-Amz-Target"),
        ("AWSStepFunctions.StartExecution", b"{", "SerializationException", "JSON"),
        ("AWSStepFunctions.StartExecution", b"[]", "SerializationException", "object"),
        ("AWSStepFunctions.StartExecution", b"\xff", "SerializationException", "JSON"),
        ("AWSStepFunctions.StartExecution", b'{"stateMachineArn": 1}', "SerializationException", "string"),
        (
            "AWSStepFunctions.StartExecution",
            b"{}",
            "ValidationException",
            "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "AWSStepFunctions.ListStateMachines",
            b'{"maxResults": 1001}',
            "ValidationException",
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 1000",
        ),
        (
            "AWSStepFunctions.StartExecution",
            json.dumps({"stateMachineArn": ARN, "name": "a" * 300}).encode(),
            "ValidationException",
            f"1 validation error detected: Value '{'a' * 300}' at 'name' failed to satisfy constraint: "
            "Member must have length less than or equal to 80",
        ),
        (
            "AWSStepFunctions.StartExecution",
            json.dumps({"stateMachineArn": ARN, "input": "1" * 262_145}).encode(),
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            "Member must have size less than or equal to 262144 bytes in UTF-8 encoding",
        ),
        (
            "AWSStepFunctions.CreateStateMachine",
            b'{"type": "FAST"}',
            "ValidationException",
            "4 validation errors detected: ",
        ),
    ],
)
def test_what_is_said(cloud: Cloud, target: str, body: bytes, code: str, words: str) -> None:
    found, message = refusal(ask(cloud, target, body))
    assert found == code
    assert words in message


@pytest.mark.local
def test_over_a_socket(start_server: Callable[..., Any]) -> None:
    server = start_server()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for target, body in (
        ("AWSStepFunctions.Explode", b"{}"),
        ("AWSStepFunctions.StartExecution", b"\x00{"),
        ("AWSStepFunctions.StartExecution", b'{"stateMachineArn": {}}'),
    ):
        connection.request("POST", "/", body, {"Authorization": SIGNED, "X-Amz-Target": target})
        answer = connection.getresponse()
        assert answer.status == 400
        assert json.loads(answer.read())["__type"]
    connection.close()
