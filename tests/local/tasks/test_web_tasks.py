"""HTTP, API Gateway and Kubernetes tasks, against a real server on this machine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from tests.local.conftest import Site
from tests.local.tasks.conftest import World

from stepfunctions.asl.resource import Resource
from stepfunctions.errors import StateFailed
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.tasks import CloudTasks, web

STATES = "arn:aws:states:::"
AUTHORITY = base64.b64encode(b"certificate").decode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data_dir = tmp_path_factory.mktemp("cloud")
    with Cloud(data_dir, max_jobs=2) as cloud:
        yield World(data_dir, cloud)


def connection(world: World, kind: str, parameters: dict[str, Any]) -> str:
    name = f"c{len(world.call('events', 'ListConnections')['Connections'])}"
    created = world.call("events", "CreateConnection", Name=name, AuthorizationType=kind, AuthParameters=parameters)
    return str(created["ConnectionArn"])


@pytest.fixture(scope="module")
def key(shared: World) -> str:
    """A connection with an API key and nothing else."""
    return connection(shared, "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}})


def ask(world: World, resource: str, arguments: Any) -> Any:
    """Perform a task and return its result."""
    tasks = CloudTasks(world.cloud)
    return tasks.request(Resource.parse(STATES + resource), arguments, "key")


def http(world: World, site: Site, arn: str, **more: Any) -> Any:
    arguments = {"ApiEndpoint": f"{site.url}/v1/a", "Method": "GET", "Authentication": {"ConnectionArn": arn}, **more}
    return ask(world, "http:invoke", arguments)


def failure(call: Callable[[], Any]) -> StateFailed:
    with pytest.raises(StateFailed) as caught:
        call()
    return caught.value


# --- HTTP -------------------------------------------------------------------------------------------------


def test_an_api_is_called_with_its_key(shared: World, site: Site, key: str) -> None:
    result = http(shared, site, key, QueryParameters={"b": "2", "c": ["3", "4"]}, Headers={"X-Own": "o"})
    assert result["ResponseBody"] == {"ok": True}
    assert (result["StatusCode"], result["StatusText"]) == (200, "OK")
    assert result["Headers"]["content-type"] == ["application/json"]
    assert result["Headers"]["x-twice"] == ["1", "2"]
    (asked,) = site.asked
    assert (asked["method"], asked["path"], asked["body"]) == ("GET", "/v1/a", "")
    assert asked["query"] == [("b", "2"), ("c", "3"), ("c", "4")]
    headers = asked["headers"]
    assert (headers["x-key"], headers["x-own"]) == ("secret", "o")
    assert headers["user-agent"] == "Amazon|StepFunctions|HttpInvoke|us-east-1"
    assert headers["range"] == "bytes=0-262144"
    assert headers["content-type"] == "application/json; charset=UTF-8"


def test_what_the_connection_has_counts(shared: World, site: Site) -> None:
    arn = connection(
        shared,
        "BASIC",
        {
            "BasicAuthParameters": {"Username": "u", "Password": "p"},
            "InvocationHttpParameters": {
                "HeaderParameters": [{"Key": "X-Own", "Value": "theirs"}],
                "QueryStringParameters": [{"Key": "b", "Value": "theirs"}],
                "BodyParameters": [{"Key": "k", "Value": "theirs"}],
            },
        },
    )
    more = {
        "Method": "POST",
        "Headers": {"x-own": "o"},
        "QueryParameters": {"a": "1", "b": "2"},
        "RequestBody": {"k": "v", "n": 1},
    }
    http(shared, site, arn, **more)
    (asked,) = site.asked
    assert asked["headers"]["authorization"] == "Basic " + base64.b64encode(b"u:p").decode()
    assert asked["headers"]["x-own"] == "theirs"
    assert asked["query"] == [("a", "1"), ("b", "theirs")]
    assert json.loads(asked["body"]) == {"k": "theirs", "n": 1}
    text = failure(lambda: http(shared, site, arn, **{**more, "RequestBody": "text"}))
    assert text.error == "States.Runtime"
    assert len(site.asked) == 1


def test_a_token_is_fetched(shared: World, site: Site) -> None:
    site.answer = lambda asked: (
        (200, "application/json", b'{"access_token": "t"}') if asked["path"] == "/token" else (200, "text/plain", b"in")
    )
    arn = connection(
        shared,
        "OAUTH_CLIENT_CREDENTIALS",
        {
            "OAuthParameters": {
                "ClientParameters": {"ClientID": "id", "ClientSecret": "secret"},
                "AuthorizationEndpoint": f"{site.url}/token",
                "HttpMethod": "POST",
                "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]},
            }
        },
    )
    assert http(shared, site, arn)["ResponseBody"] == "in"
    token, call = site.asked
    assert dict(parse_qsl(token["body"])) == {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "secret",
        "scope": "all",
    }
    assert call["headers"]["authorization"] == "Bearer t"
    site.answer = lambda _: (401, "text/plain", b"no")
    assert failure(lambda: http(shared, site, arn)).error == "Events.ConnectionResource.AuthFailed"


@pytest.mark.parametrize(
    ("form", "body"),
    [
        (None, "a%20b=c%26d&list[0]=1&list[1]=2&deep[x]=true"),
        ("INDICES", "a%20b=c%26d&list[0]=1&list[1]=2&deep[x]=true"),
        ("REPEAT", "a%20b=c%26d&list=1&list=2&deep[x]=true"),
        ("COMMAS", "a%20b=c%26d&list=1%2C2&deep[x]=true"),
        ("BRACKETS", "a%20b=c%26d&list[]=1&list[]=2&deep[x]=true"),
    ],
)
def test_bodies_as_forms(shared: World, site: Site, key: str, form: str | None, body: str) -> None:
    transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
    if form:
        transform["RequestEncodingOptions"] = {"ArrayFormat": form}
    given = {"a b": "c&d", "list": [1, 2], "deep": {"x": True}}
    headers = {"content-type": "application/x-www-form-urlencoded"}
    http(shared, site, key, Method="POST", RequestBody=given, Transform=transform, Headers=headers)
    assert site.asked[0]["body"] == body
    assert site.asked[0]["headers"]["content-type"] == "application/x-www-form-urlencoded"


def test_other_statuses_are_errors(shared: World, site: Site, key: str) -> None:
    site.answer = lambda _: (404, "application/json", b'{"message": "gone"}')
    failed = failure(lambda: http(shared, site, key))
    assert (failed.error, failed.cause) == ("States.Http.StatusCode.404", '{"message": "gone"}')
    site.answer = lambda _: (302, "text/plain", b"")
    failed = failure(lambda: http(shared, site, key))
    assert (failed.error, failed.cause) == ("States.Http.StatusCode.302", "Found")


@pytest.mark.parametrize(
    ("kind", "body"),
    [("image/png", b"text"), ("application/octet-stream", b"text"), ("text/plain", b"\xff\xfe"), ("audio/ogg", b"a")],
)
def test_bytes_cannot_be_read(shared: World, site: Site, key: str, kind: str, body: bytes) -> None:
    site.answer = lambda _: (200, kind, body)
    assert failure(lambda: http(shared, site, key)).error == "States.Runtime"


def test_json_that_is_none_is_text(shared: World, site: Site, key: str) -> None:
    site.answer = lambda _: (200, "application/json; charset=utf-8", b"{")
    assert http(shared, site, key)["ResponseBody"] == "{"


def test_no_answer_is_a_socket_error(shared: World, site: Site, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = {"ApiEndpoint": "http://127.0.0.1:1/", "Method": "GET", "InvocationConfig": {"ConnectionArn": key}}
    assert failure(lambda: ask(shared, "http:invoke", arguments)).error == "States.Http.Socket"
    assert web.WebRequest(method="GET", url="").seconds == 60.0
    held = threading.Event()
    site.answer = lambda _: (200, "text/plain", b"") if held.wait(30) else (500, "text/plain", b"")

    patient = web.send

    def impatient(request: web.WebRequest) -> web.WebResponse:
        request.seconds = 0.05
        return patient(request)

    monkeypatch.setattr("stepfunctions.local.tasks.web.send", impatient)
    failed = failure(lambda: http(shared, site, key))
    held.set()
    assert failed.error == "States.Http.Socket"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Method": "TRACE"}, "Method must be one of GET, POST"),
        ({"Method": ""}, "The field 'Method' is required but was missing"),
        ({"Authentication": {}}, "The field 'ConnectionArn' is required but was missing"),
        ({"ApiEndpoint": "http://example.com/a"}, "begins with https://"),
        ({"Headers": {"Host": "h"}}, "The header 'Host' is not permitted"),
        ({"Headers": {"X-Amz-Date": "h"}}, "The header 'X-Amz-Date' is not permitted"),
        ({"Nonsense": 1}, "The field 'Nonsense' is not supported by Step Functions"),
        ({"RequestBody": "x", "Transform": {"RequestBodyEncoding": "URL_ENCODED"}}, "RequestBody must be an object"),
        (
            {
                "RequestBody": {},
                "Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": {"ArrayFormat": "x"}},
            },
            "ArrayFormat must be one of INDICES",
        ),
    ],
)
def test_requests_that_are_none(shared: World, site: Site, key: str, more: Any, said: str) -> None:
    failed = failure(lambda: http(shared, site, key, **more))
    assert failed.error == "States.Runtime"
    assert said in failed.cause
    assert site.asked == []


def test_connections_that_are_none(shared: World, site: Site) -> None:
    gone = "arn:aws:events:us-east-1:123456789012:connection/none/11111111-2222-3333-4444-555555555555"
    assert failure(lambda: http(shared, site, gone)).error == "Events.ConnectionResource.ResourceNotFound"
    assert "is not the ARN" in failure(lambda: http(shared, site, "c")).cause


def test_an_execution_calls_an_api(shared: World, site: Site, key: str) -> None:
    site.answer = lambda _: (503, "text/plain", b"later") if len(site.asked) < 2 else (200, "text/plain", b"now")
    ran = shared.task(
        f"{STATES}http:invoke",
        {"ApiEndpoint.$": "$.url", "Method": "GET", "Authentication": {"ConnectionArn": key}},
        {"url": site.url},
        Retry=[{"ErrorEquals": ["States.Http.StatusCode.503"], "IntervalSeconds": 1, "MaxAttempts": 1}],
    )
    assert ran.output["ResponseBody"] == "now"
    assert ran.types.count("TaskFailed") == 1


# --- API Gateway ------------------------------------------------------------------------------------------


def gateway(world: World, site: Site, **more: Any) -> Any:
    return ask(world, "apigateway:invoke", {"ApiEndpoint": f"127.0.0.1:{site.port}", "Method": "GET", **more})


def test_an_api_gateway_is_called(shared: World, site: Site) -> None:
    result = gateway(
        shared,
        site,
        Method="POST",
        Stage="prod",
        Path="/bills/add",
        Headers={"Key": ["v1", "v2"]},
        QueryParameters={"id": ["1", "2"]},
        RequestBody={"n": 1},
    )
    assert result["ResponseBody"] == {"ok": True}
    assert result["Headers"]["X-Twice"] == ["1", "2"]
    assert (result["StatusCode"], result["StatusText"]) == (200, "OK")
    (asked,) = site.asked
    assert (asked["path"], asked["query"]) == ("/prod/bills/add", [("id", "1"), ("id", "2")])
    assert asked["headers"]["key"] == "v1,v2"
    assert json.loads(asked["body"]) == {"n": 1}
    assert "authorization" not in asked["headers"]


def test_an_api_gateway_refuses(shared: World, site: Site) -> None:
    site.answer = lambda _: (403, "application/json", b'{"message":"Missing Authentication Token"}')
    failed = failure(lambda: gateway(shared, site))
    assert (failed.error, failed.cause) == ("ApiGateway.403", '{"message":"Missing Authentication Token"}')
    assert failure(lambda: gateway(shared, site, ApiEndpoint="127.0.0.1:1")).error == "ApiGateway.SdkClientException"
    assert "AuthType must be one of" in failure(lambda: gateway(shared, site, AuthType="KEY")).cause


def test_an_api_gateway_call_is_signed(shared: World, site: Site) -> None:
    gateway(shared, site, AuthType="IAM_ROLE")
    assert "/us-east-1/execute-api/aws4_request" in site.asked[0]["headers"]["authorization"]


# --- Kubernetes -------------------------------------------------------------------------------------------


def cluster(site: Site, **more: Any) -> dict[str, Any]:
    return {"ClusterName": "c", "CertificateAuthority": AUTHORITY, "Endpoint": site.url, **more}


def test_kubernetes_objects_are_read(shared: World, site: Site) -> None:
    result = ask(
        shared,
        "eks:call",
        cluster(site, Method="GET", Path="/api/v1/pods", QueryParameters={"labelSelector": ["job-name=j"]}),
    )
    assert result["ResponseBody"] == {"ok": True}
    assert site.asked[0]["query"] == [("labelSelector", "job-name=j")]
    site.answer = lambda _: (409, "application/json", b'{"reason":"AlreadyExists"}')
    failed = failure(lambda: ask(shared, "eks:call", cluster(site, Method="POST", Path="/x", RequestBody={"a": 1})))
    assert (failed.error, failed.cause) == ("EKS.409", '{"reason":"AlreadyExists"}')
    broken = cluster(site, Method="GET", Path="/x", CertificateAuthority="?")
    assert "certificate in Base64" in failure(lambda: ask(shared, "eks:call", broken)).cause
    nobody = cluster(site, Method="GET", Path="/x", Endpoint="http://127.0.0.1:1")
    assert failure(lambda: ask(shared, "eks:call", nobody)).error == "EKS.SdkClientException"


@pytest.mark.parametrize("end", ["Complete", "Failed"])
def test_a_kubernetes_job_is_waited_for(shared: World, site: Site, end: str) -> None:
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}}

    def answer(asked: dict[str, Any]) -> tuple[int, str, bytes]:
        def shown(value: Any) -> tuple[int, str, bytes]:
            return 200, "application/json", json.dumps(value).encode()

        if asked["path"].endswith("/pods"):
            containers = [{"name": "good"}, {"name": "bad"}]
            return shown({"items": [{"metadata": {"name": "p"}, "spec": {"containers": containers}}]})
        if asked["path"].endswith("/log"):
            good = ("container", "good") in asked["query"]
            return (200, "text/plain", b'{"n": 1}') if good else (500, "text/plain", b"lost")
        looks = sum(one["path"].endswith("/jobs/j") for one in site.asked)
        conditions = [{"type": end, "status": "True"}] if looks > 1 else []
        return shown({**job, "status": {"conditions": conditions}})

    site.answer = answer
    options = {"RetrieveLogs": True, "LogParameters": {"tailLines": ["6"]}}
    ran = shared.task(f"{STATES}eks:runJob.sync", cluster(site, Job=job, LogOptions=options))
    found = ran.output if end == "Complete" else json.loads(ran.cause)
    assert found["metadata"] == {"name": "j"}
    containers = found["logs"]["pods"]["p"]["containers"]
    assert containers == {"good": {"log": {"n": 1}}, "bad": {"error": "EKS.500", "cause": "lost"}}
    assert site.asked[0]["path"] == "/apis/batch/v1/namespaces/default/jobs"
    assert json.loads(site.asked[0]["body"]) == job
    if end == "Failed":
        assert ran.error == "States.TaskFailed"
    assert json.loads(ran.details("TaskSubmitted")["output"])["StatusCode"] == 200
