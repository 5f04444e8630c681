"""The ASGI application without a socket: who gets a request, and who waits for whom."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.datadir import ServerInfo
from stepfunctions.local.http_exchange import Message, Receive, Scope, Send
from stepfunctions.local.server import Application
from stepfunctions.local.services import Call

FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGNED = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
INFO = ServerInfo(
    endpoint="http://127.0.0.1:1", pid=1, region="us-east-1", account="123456789012", data_dir="/", started_at=0.0
)


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def ask(app: Application, method: str, path: str, headers: dict[str, str], *body: bytes | None) -> Answer:
    """Send a request whose body comes in parts; None is a client that goes away."""
    parts = list(body) or [b""]
    answer = Answer()

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()
        part = parts.pop(0)
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message["body"]

    route, _, query = path.partition("?")
    await app(
        {
            "type": "http",
            "method": method,
            "path": route,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        },
        receive,
        send,
    )
    return answer


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


class Waiting:
    """A Lambda whose functions return when the test says so."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.inside = threading.Semaphore(0)

    def invoke(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        self.inside.release()
        assert self.release.wait(30)
        return {"StatusCode": 200, "Payload": request["FunctionName"].encode() + b":" + request["Payload"]}


def test_waiting_calls_leave_room_for_others(cloud: Cloud) -> None:
    waiting = cloud._services["lambda"] = Waiting()
    app = Application(cloud, INFO)

    async def main() -> None:
        invocations = [
            asyncio.ensure_future(
                ask(
                    app,
                    "POST",
                    f"/2015-03-31/functions/f{number}/invocations",
                    {"authorization": SIGNED.format("lambda")},
                    b"pay",
                    b"load",
                )
            )
            for number in range(60)
        ]
        for _ in invocations:
            assert await asyncio.to_thread(waiting.inside.acquire, timeout=30)
        identity = await asyncio.wait_for(ask(app, "POST", "/", FORM, b"Action=GetCaller", b"Identity"), 30)
        assert identity.status == 200
        waiting.release.set()
        answers = await asyncio.gather(*invocations)
        assert [answer.body for answer in answers] == [f"f{number}:payload".encode() for number in range(60)]

    asyncio.run(main())


class Files:
    """An S3 that tells what reached it."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes, bytes]] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.seen.append((scope["method"], scope["raw_path"], message["body"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": SIGNED.format("s3")},
        {"authorization": SIGNED.format("s3"), "content-type": "application/x-www-form-urlencoded"},
    ],
)
def test_s3_gets_its_requests_unread(cloud: Cloud, headers: dict[str, str]) -> None:
    files = cloud._services["s3"] = Files()
    answer = asyncio.run(ask(Application(cloud, INFO), "PUT", "/bucket/a%20key?tagging", headers, b"first", b"second"))
    assert answer.status == 200
    assert files.seen == [("PUT", b"/bucket/a%20key?tagging", b"first")]


def test_an_s3_that_cannot_start_is_an_answer_in_its_shape(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_name: str) -> Any:
        raise OSError("the disk is full")

    monkeypatch.setattr(cloud, "service", broken)
    answer = asyncio.run(ask(Application(cloud, INFO), "GET", "/bucket", {}))
    assert answer.status == 500
    assert b"<Message>the disk is full</Message>" in answer.body


def test_a_client_that_goes_away_is_not_answered(cloud: Cloud) -> None:
    assert asyncio.run(ask(Application(cloud, INFO), "POST", "/", FORM, b"Action=Get", None)) == Answer()


def test_a_worker_that_hangs_up_gets_no_task(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.runtime.activities._LOOK", 0.01)
    activity = cloud.call("stepfunctions", "CreateActivity", {"name": "people"})["activityArn"]
    tasks = cloud.service("stepfunctions").api.service.runner.activities
    body = json.dumps({"activityArn": activity, "workerName": "dead"}).encode()

    async def hang_up() -> None:
        left, sent = asyncio.Event(), [{"type": "http.request", "body": body}]

        async def receive() -> Message:
            if sent:
                return sent.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(_message: Message) -> None:
            pass

        headers = [(b"x-amz-target", b"AWSStepFunctions.GetActivityTask")]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
        polling = asyncio.ensure_future(Application(cloud, INFO)(scope, receive, send))
        while not tasks.polling(activity):
            await asyncio.sleep(0)
        left.set()
        await polling

    asyncio.run(hang_up())
    states = {"A": {"Type": "Task", "Resource": activity, "End": True}}
    machine = {"name": "m", "roleArn": "arn:aws:iam::123456789012:role/r"}
    definition = json.dumps({"StartAt": "A", "States": states})
    made = cloud.call("stepfunctions", "CreateStateMachine", {**machine, "definition": definition})
    cloud.call("stepfunctions", "StartExecution", {"stateMachineArn": made["stateMachineArn"]})
    assert cloud.call("stepfunctions", "GetActivityTask", {"activityArn": activity})["input"] == "{}"


def test_the_status_says_who_answers(cloud: Cloud) -> None:
    answer = asyncio.run(ask(Application(cloud, INFO), "GET", "/_local/status", {"host": "localhost:8083"}))
    assert json.loads(answer.body)["pid"] == 1
