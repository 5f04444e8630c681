"""The server as a process: starting, being found, being called, stopping, being killed."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stepfunctions.local.datadir import STATUS_PATH, ask, running

pytestmark = pytest.mark.local
COMMAND = [sys.executable, "-c", "from stepfunctions.cli.main import main; main()", "local"]


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def send(server: Any, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_it_is_ready_soon_and_boto3_talks_to_it(server: Any) -> None:
    assert server.seconds < 5
    sts = server.client("sts")
    assert sts.get_caller_identity()["Account"] == "123456789012"
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/Trainer", RoleSessionName="me")
    assert role["Credentials"]["AccessKeyId"]
    with pytest.raises(ClientError) as caught:
        server.client("mediaconvert").list_jobs()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"
    sts.close()


def test_it_is_found_by_its_data_directory_and_stopped(server: Any) -> None:
    status = cli("status", "--data-dir", str(server.data_dir), "--format", "json")
    assert status.returncode == 0
    assert json.loads(status.stdout)["endpoint"] == server.endpoint
    assert server.endpoint in cli("status", "--data-dir", str(server.data_dir)).stdout
    env = cli("env", "--data-dir", str(server.data_dir)).stdout.splitlines()
    assert f"export AWS_ENDPOINT_URL={server.endpoint}" in env
    assert "export AWS_DISABLE_HOST_PREFIX_INJECTION=true" in env
    stopped = cli("stop", "--data-dir", str(server.data_dir))
    assert (stopped.returncode, stopped.stdout) == (0, f"Stopped: {server.endpoint}\n")
    assert server.process.wait(30) == 0
    assert not (server.data_dir / "server.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_exit_code_0_though_a_connection_is_open(server: Any, number: signal.Signals) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as open_one:
        open_one.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf a req")
        assert ask(server.endpoint) is not None
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
    assert running(server.data_dir) is None


def test_a_killed_server_leaves_nothing_that_hinders_the_next(start_server: Callable[..., Any]) -> None:
    first = start_server()
    first.process.kill()
    first.process.wait(30)
    assert running(first.data_dir) is None
    assert cli("status", "--data-dir", str(first.data_dir)).returncode == 1
    second = start_server(first.data_dir)
    info = running(first.data_dir)
    assert info is not None
    assert info.endpoint == second.endpoint


def test_a_directory_or_port_in_use_is_one_line_and_exit_code_3(server: Any, tmp_path: Path) -> None:
    second = cli("start", "--port", "0", "--data-dir", str(server.data_dir))
    assert second.returncode == 3
    assert second.stderr.count("\n") == 1
    assert server.endpoint in second.stderr
    assert "--data-dir" in second.stderr
    other = cli("start", "--port", str(server.port), "--data-dir", str(tmp_path / "other"))
    assert other.returncode == 3
    assert other.stderr.count("\n") == 1
    assert f"Port {server.port}" in other.stderr
    assert ask(server.endpoint) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
    ],
)
def test_requests_in_another_sites_name_are_refused(server: Any, headers: dict[str, str]) -> None:
    status, body = send(server, "GET", STATUS_PATH, headers)
    assert status == 403
    assert json.loads(body)["__type"] == "AccessDeniedException"


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8083", "models.localhost"])
def test_the_names_of_this_machine_are_answered(server: Any, host: str) -> None:
    assert send(server, "GET", STATUS_PATH, {"Host": host})[0] == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_too_large_is_refused_and_the_server_goes_on(server: Any, chunked: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"X-Amz-Target": "AWSStepFunctions.StartExecution"}
    size = 33 * 1024 * 1024
    try:
        if chunked:
            connection.request("POST", "/", (b"x" * 1024 * 1024 for _ in range(40)), headers, encode_chunked=True)
        else:
            connection.putrequest("POST", "/")
            for name, value in {**headers, "Content-Length": str(size)}.items():
                connection.putheader(name, value)
            connection.endheaders()
        response = connection.getresponse()
        assert response.status == 413
        assert json.loads(response.read())["__type"] == "RequestEntityTooLargeException"
    except (ConnectionError, BrokenPipeError):
        assert chunked  # the refusal may come while the client still writes
    finally:
        connection.close()
    assert ask(server.endpoint) is not None


def test_fifty_clients_at_once_get_their_own_answers(server: Any) -> None:
    from concurrent.futures import ThreadPoolExecutor

    sts = server.client("sts")

    def session(number: int) -> str:
        arn = "arn:aws:iam::123456789012:role/Trainer"
        answer = sts.assume_role(RoleArn=arn, RoleSessionName=f"session-{number}")
        return str(answer["AssumedRoleUser"]["Arn"]).rpartition("/")[2]

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(session, range(200))) == [f"session-{number}" for number in range(200)]
    sts.close()


def test_s3_streams_through_the_same_port(server: Any) -> None:
    s3 = server.client("s3")
    s3.create_bucket(Bucket="models")
    content = bytes(range(256)) * 200_000  # more than other services take in one request
    s3.put_object(Bucket="models", Key="a folder/model ü.bin", Body=content)
    assert s3.get_object(Bucket="models", Key="a folder/model ü.bin")["Body"].read() == content
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="models")["Contents"]] == ["a folder/model ü.bin"]
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="models", Key="nothing")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "models", "Key": "a folder/model ü.bin"})
    status, body = send(server, "GET", url.removeprefix(server.endpoint), {})
    assert (status, body) == (200, content)
    s3.close()


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "example.org")
    told = json.loads(cli("env", "--format", "json", "--data-dir", str(server.data_dir)).stdout)
    assert told["NO_PROXY"] == told["no_proxy"] == "example.org,127.0.0.1"
    shown = subprocess.run(
        [*COMMAND[:-1], "executions", "list", "--data-dir", str(server.data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "No executions.\n")


def test_a_handler_sees_nothing_of_the_servers_environment(
    start_server: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a user's shell has must not reach code that believes to run in AWS, least of all keys of the real AWS."""
    with monkeypatch.context() as users:
        for name in (
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "HTTPS_PROXY",
            "AWS_ENDPOINT_URL_S3",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "OWN",
        ):
            users.setenv(name, "http://real-secret")
        server = start_server()
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("import os\ndef handler(event, context): return dict(os.environ)\n")
    functions = server.client("lambda")
    functions.create_function(
        FunctionName="f",
        Role="arn:aws:iam::123456789012:role/x",
        Runtime="python3.11",
        Handler="a.handler",
        Timeout=60,
        Code={"S3Bucket": "local-folder", "S3Key": str(tmp_path / "code")},
    )
    seen = json.loads(functions.invoke(FunctionName="f")["Payload"].read())
    functions.close()
    assert [name for name, value in seen.items() if "real-secret" in value] == []
    assert seen["AWS_ENDPOINT_URL"] == server.endpoint
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_SECRET_ACCESS_KEY"]) == ("local", "local")
    assert (seen["AWS_CONFIG_FILE"], seen["AWS_SHARED_CREDENTIALS_FILE"]) == (os.devnull, os.devnull)


def test_room_for_many_clients() -> None:
    code = (
        "import resource as r; from stepfunctions.local.own_process import more_files; hard = r.getrlimit(7)[1]\n"
        "r.setrlimit(7, (64, hard)); more_files(); print(r.getrlimit(7)[0] > 64, r.getrlimit(7)[1] == hard)\n"
    )
    code = code.replace("7", "r.RLIMIT_NOFILE")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
