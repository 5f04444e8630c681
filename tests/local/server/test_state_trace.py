"""TestState of an HTTP task: what it sends and gets, over boto3, a real local cloud and a real web server.

https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html
"""

from __future__ import annotations

import json
from typing import Any

from tests.local.conftest import Site
from tests.local.server.conftest import Server

ROLE = "arn:aws:iam::123456789012:role/r"
OURS = "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144"
AUTHORITIES: dict[str, Any] = {
    "BASIC": {"BasicAuthParameters": {"Username": "u", "Password": "p"}},
    "API_KEY": {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}},
}
ADDED = {
    "HeaderParameters": [{"Key": "CustomHeader1", "Value": "CustomHeaderValue1"}],
    "QueryStringParameters": [{"Key": "QueryParam1", "Value": "QueryParamValue1"}],
    "BodyParameters": [{"Key": "BodyKey1", "Value": "BodyValue1"}],
}


class HttpTester:
    """Tests HTTP tasks on a server."""

    def __init__(self, server: Server) -> None:
        self.states, self._events = server.client("stepfunctions"), server.client("events")

    def connection(self, kind: str, **more: Any) -> str:
        created = self._events.create_connection(
            Name=kind, AuthorizationType=kind, AuthParameters={**AUTHORITIES[kind], **more}
        )
        return str(created["ConnectionArn"])

    def __call__(self, state: dict[str, Any], **request: Any) -> dict[str, Any]:
        definition = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True, **state}
        request = {"roleArn": ROLE, "inspectionLevel": "TRACE", **request}
        answer: dict[str, Any] = self.states.test_state(definition=json.dumps(definition), **request)
        return answer


def call(url: str, arn: str, **more: Any) -> dict[str, Any]:
    return {"Parameters": {"ApiEndpoint": url, "Method": "GET", "Authentication": {"ConnectionArn": arn}, **more}}


def test_the_request_and_the_response_are_told(server: Server, site: Site) -> None:
    tested = HttpTester(server)
    arn = tested.connection("BASIC", InvocationHttpParameters=ADDED)
    state = call(
        f"{site.url}/get",
        arn,
        Headers={"definitionHeader": "h1"},
        RequestBody={"message": "Hello from Step Functions!"},
        QueryParameters={"queryParam": "q1"},
    )
    told = tested(state, revealSecrets=True)
    assert told["status"] == "SUCCEEDED"
    assert json.loads(told["output"])["ResponseBody"] == {"ok": True}
    shown = told["inspectionData"]
    assert json.loads(shown["afterParameters"]) == state["Parameters"]
    assert shown["request"] == {
        "protocol": "http",
        "method": "GET",
        "url": f"{site.url}/get?queryParam=q1&QueryParam1=QueryParamValue1",
        "headers": f"[definitionHeader: h1, Authorization: Basic dTpw, CustomHeader1: CustomHeaderValue1, {OURS}]",
        "body": '{"message":"Hello from Step Functions!","BodyKey1":"BodyValue1"}',
    }
    headers = shown["response"].pop("headers")
    assert headers.startswith("[")
    assert headers.endswith("x-twice: 1, x-twice: 2, content-length: 12]")
    assert "content-type: application/json" in headers
    assert shown["response"] == {
        "protocol": "http",
        "statusCode": "200",
        "statusMessage": "OK",
        "body": '{"ok": true}',
    }
    hidden = tested(state)["inspectionData"]
    assert hidden["request"] == {
        "protocol": "http",
        "method": "GET",
        "url": f"{site.url}/get?queryParam=q1",
        "headers": f"[definitionHeader: h1, {OURS}]",
        "body": '{"message":"Hello from Step Functions!"}',
    }
    assert hidden["response"]["body"] == '{"ok": true}'
    first, second = site.asked
    assert first == second
    assert first["headers"]["authorization"] == "Basic dTpw"
    for level in ("INFO", "DEBUG"):
        assert "request" not in tested(state, inspectionLevel=level).get("inspectionData", {})


def test_the_definition_has_no_secrets(server: Server, site: Site) -> None:
    """What the definition says is told, also where the connection's value counts instead."""
    tested = HttpTester(server)
    arn = tested.connection("API_KEY")
    state = call(site.url, arn, Headers={"X-Key": "mine"})
    assert tested(state)["inspectionData"]["request"] == {
        "protocol": "http",
        "method": "GET",
        "url": f"{site.url}/",
        "headers": f"[X-Key: mine, {OURS}]",
    }
    revealed = tested(state, revealSecrets=True)["inspectionData"]["request"]
    assert revealed["headers"] == f"[x-key: secret, {OURS}]"


def test_what_there_was_until_it_failed_is_told(server: Server, site: Site) -> None:
    tested = HttpTester(server)
    arn = tested.connection("API_KEY")
    site.answer = lambda _: (503, "text/plain", b"later")
    told = tested({**call(site.url, arn), "Retry": [{"ErrorEquals": ["States.Http.StatusCode.503"]}]})
    assert (told["status"], told["error"]) == ("RETRIABLE", "States.Http.StatusCode.503")
    response = told["inspectionData"]["response"]
    assert (response["statusCode"], response["statusMessage"]) == ("503", "Service Unavailable")
    assert response["body"] == "later"
    site.answer = lambda _: (200, "image/png", b"\x89PNG")
    told = tested(call(site.url, arn))
    assert (told["status"], told["error"]) == ("FAILED", "States.Runtime")
    assert told["inspectionData"]["response"]["body"] == "\ufffdPNG"
    told = tested(call("http://127.0.0.1:1/", arn))
    assert (told["status"], told["error"]) == ("FAILED", "States.Http.Socket")
    assert told["inspectionData"]["request"]["url"] == "http://127.0.0.1:1/"
    assert "response" not in told["inspectionData"]
    told = tested(call(site.url, arn.replace("API_KEY", "none")))
    assert told["status"] == "FAILED"
    assert not {"request", "response"} & set(told["inspectionData"])
