"""Invoking handlers in real worker processes."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.lambda_.pool import Pool
from stepfunctions.runtime.clock import ManualClock

DEADLINE = 60.0


def wait_until(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)
    return value


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_the_handler_gets_event_context_and_environment(functions: Any) -> None:
    functions.create(
        """
import os
def handler(event, context):
    names = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "_HANDLER", "AWS_REGION", "MINE", "TZ",
             "AWS_ACCESS_KEY_ID", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    return {"event": event, "env": {name: os.environ[name] for name in names},
            "in_task_root": os.getcwd() == os.environ["LAMBDA_TASK_ROOT"],
            "left": context.get_remaining_time_in_millis(), "name": context.function_name,
            "version": context.function_version, "arn": context.invoked_function_arn,
            "memory": context.memory_limit_in_mb, "request": context.aws_request_id,
            "group": context.log_group_name, "stream": context.log_stream_name,
            "identity": context.identity.cognito_identity_id, "client": context.client_context.custom["k"]}
""",
        Environment={"Variables": {"MINE": "1"}},
        Timeout=10,
    )
    client_context = base64.b64encode(b'{"custom": {"k": "v"}}').decode()
    answer = functions.invoke({"x": [1, "ü"]}, ClientContext=client_context)
    value = answer.value
    assert value["event"] == {"x": [1, "ü"]}
    assert value["env"] == {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "_HANDLER": "app.handler",
        "AWS_REGION": "us-east-1",
        "MINE": "1",
        "TZ": ":UTC",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    }
    assert value["in_task_root"]
    assert 0 < value["left"] <= 10_000
    assert (value["name"], value["version"], value["memory"]) == ("f", "$LATEST", "128")
    assert value["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert value["group"] == "/aws/lambda/f"
    assert "[$LATEST]" in value["stream"]
    assert value["identity"] is None
    assert value["client"] == "v"
    assert f"START RequestId: {value['request']} Version: $LATEST" in answer.log
    assert f"REPORT RequestId: {value['request']}\tDuration: " in answer.log


def test_a_worker_stays_warm(functions: Any) -> None:
    functions.create("import os\ncalls = []\ndef handler(e, c): calls.append(1); return [os.getpid(), len(calls)]")
    pid, _ = functions.invoke().value
    assert [functions.invoke().value for _ in range(3)] == [[pid, 2], [pid, 3], [pid, 4]]


def test_what_a_handler_prints_is_log_and_nothing_else(functions: Any) -> None:
    functions.create("""
import logging, os, sys, subprocess
logging.getLogger().setLevel("INFO")
def handler(event, context):
    print("printed"); os.write(1, b"raw\\n"); sys.stderr.write("to stderr\\n")
    subprocess.run(["echo", "child"], check=True)
    logging.info("logged")
    return "answer"
""")
    answer = functions.invoke()
    assert answer.value == "answer"
    lines = answer.log.splitlines()
    assert lines[1:5] == ["printed", "raw", "to stderr", "child"]
    assert lines[5].startswith("[INFO]\t")
    assert lines[5].endswith("\tlogged")


def test_the_log_tail_is_the_last_4_kb_of_this_invocation(functions: Any) -> None:
    functions.create("def handler(event, context): print(event * 100)")
    functions.invoke("a" * 100)
    log = functions.invoke("b" * 100).log
    assert len(log) == 4096
    assert "a" * 100 not in log


@pytest.mark.parametrize(
    ("source", "handler", "kind", "message"),
    [
        (
            "import no_such_module",
            "app.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'no_such_module'",
        ),
        (
            "def other(e, c): pass",
            "app.handler",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        ("", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("def handler(e, c) return 1", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("raise KeyError('secret')", "app.handler", "KeyError", "'secret'"),
        (
            "def handler(e, c): return {1, 2}",
            "app.handler",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        ("def handler(e, c): return float('nan')", "app.handler", "Runtime.MarshalError", "Unable to marshal response"),
        (
            "import sys\ndef handler(e, c): sys.exit(3)",
            "app.handler",
            "Runtime.ExitError",
            "Runtime exited with error: exit status 3",
        ),
        (
            "import os\ndef handler(e, c): os._exit(0)",
            "app.handler",
            "Runtime.ExitError",
            "Runtime exited without providing a reason",
        ),
        (
            "import os\ndef handler(e, c): os.kill(os.getpid(), 9)",
            "app.handler",
            "Runtime.ExitError",
            "Runtime exited with error: signal: killed",
        ),
        ("import sys\nsys.exit(1)", "app.handler", "Runtime.ExitError", "exit status 1"),
        (
            "def handler(e, c): return 'x' * 7_000_000",
            "app.handler",
            "Function.ResponseSizeTooLarge",
            "exceeded maximum allowed payload size (6291556 bytes)",
        ),
    ],
)
def test_every_failure_has_awss_error_type(functions: Any, source: str, handler: str, kind: str, message: str) -> None:
    functions.create(source, Handler=handler)
    for _ in range(2):  # the second time shows that a worker that died was replaced
        answer = functions.invoke()
        assert answer.error == "Unhandled"
        assert answer.value["errorType"] == kind
        assert message in answer.value["errorMessage"]


def test_an_exception_shows_the_users_own_frames(functions: Any) -> None:
    functions.create("def inner():\n    raise ValueError('too late')\ndef handler(e, c):\n    inner()\n")
    answer = functions.invoke()
    assert answer.error == "Unhandled"
    assert set(answer.value) == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert (answer.value["errorType"], answer.value["errorMessage"]) == ("ValueError", "too late")
    assert [line.split(", ", 1)[1].splitlines()[0] for line in answer.value["stackTrace"]] == [
        "line 4, in handler",
        "line 2, in inner",
    ]
    assert "[ERROR] ValueError: too late" in answer.log


@pytest.mark.parametrize("garbage", [b"\xff" * 1000, b"\0\0\0\2\0\0\0\0{}", b"\0\0\0\1\0\0\0\0["])
def test_a_handler_that_writes_to_descriptors_not_its_own_fails_alone(functions: Any, garbage: bytes) -> None:
    functions.create(f"""
import os
def handler(event, context):
    if event == "fine":
        return event
    for number in range(3, 30):
        try:
            os.write(number, {garbage!r})
        except OSError:
            pass
    os._exit(0)
""")
    answer = functions.invoke("bad")
    assert (answer.error, answer.value["errorType"]) == ("Unhandled", "Runtime.ExitError")
    assert functions.invoke("fine").value == "fine"


def test_a_timeout_kills_the_worker_and_what_it_started(functions: Any, tmp_path: Path) -> None:
    functions.create(
        f"""
import os, subprocess, time
def handler(event, context):
    if event == "hang":
        child = subprocess.Popen(["sleep", "1000"])
        with open({str(tmp_path / "pids")!r}, "w") as file:
            file.write(f"{{os.getpid()}} {{child.pid}}")
        time.sleep(1000)
    return "fine"
""",
        Timeout=1,
    )
    answer = functions.invoke("hang")
    assert answer.error == "Unhandled"
    assert answer.value["errorType"] == "Sandbox.Timedout"
    assert answer.value["errorMessage"].endswith(" Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in answer.log
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    wait_until(lambda: not any(running(pid) for pid in pids), "both processes ended")
    assert functions.invoke("fine").value == "fine"


def test_a_worker_that_died_while_idle_is_replaced(functions: Any) -> None:
    functions.create("import os\ndef handler(e, c): return os.getpid()")
    pid = functions.invoke().value
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not running(pid), "the worker ended")
    assert functions.invoke().value != pid


def test_concurrent_invocations_run_in_processes_of_their_own(functions: Any, tmp_path: Path) -> None:
    functions.create(
        f"""
import os, time
def handler(event, context):
    open(os.path.join({str(tmp_path)!r}, f"here-{{event}}"), "w").close()
    while not os.path.exists(os.path.join({str(tmp_path)!r}, f"here-{{1 - event}}")):
        time.sleep(0.01)
    return os.getpid()
""",
        Timeout=60,
    )
    pids: list[int] = []
    threads = [threading.Thread(target=lambda n=n: pids.append(functions.invoke(n).value)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2


def test_a_full_pool_makes_callers_wait(functions: Any) -> None:
    functions.create("import os\ndef handler(e, c): return os.getpid()")
    functions.invoke()
    crew = functions.cloud.service("lambda")._fleet._crews["f"]
    crew.pool.close()
    crew.pool = pool = Pool(crew.pool._start_worker, max_workers=1)
    pids: list[int] = []
    threads = [threading.Thread(target=lambda: pids.append(functions.invoke().value)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pids) == 5
    assert len(set(pids)) == 1
    assert pool.close_idle(time.monotonic()) is True
    assert pool.close_idle(time.monotonic() + 1000) is False
    wait_until(lambda: not running(pids[0]), "the idle worker ended")


@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_a_payload_that_is_no_json_is_refused(functions: Any, kind: str) -> None:
    functions.create("def handler(e, c): return 1")
    with pytest.raises(ServiceError, match="Could not parse request body into json") as raised:
        functions.call("Invoke", FunctionName="f", Payload=b"{oops", InvocationType=kind)
    assert (raised.value.code, raised.value.status) == ("InvalidRequestContentException", 400)


def test_no_payload_is_an_empty_object(functions: Any) -> None:
    functions.create("def handler(e, c): return [e]")
    assert functions.call("Invoke", FunctionName="f")["Payload"] == b"[{}]"


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6_291_456), ("Event", 1_048_576)])
def test_payloads_are_limited(functions: Any, kind: str, limit: int) -> None:
    functions.create("def handler(e, c): return len(e)")
    with pytest.raises(ServiceError, match=f"smaller than {limit} bytes") as raised:
        functions.call("Invoke", FunctionName="f", InvocationType=kind, Payload=b'"' + b"x" * (limit - 1) + b'"')
    assert (raised.value.code, raised.value.status) == ("RequestTooLargeException", 413)
    functions.call("Invoke", FunctionName="f", InvocationType=kind, Payload=b'"' + b"x" * (limit - 2) + b'"')


def test_a_dry_run_runs_nothing(functions: Any, tmp_path: Path) -> None:
    functions.create(f"def handler(e, c): open({str(tmp_path / 'ran')!r}, 'w').close()")
    answer = functions.call("Invoke", FunctionName="f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert not (tmp_path / "ran").exists()


APPENDING = """
import json
def handler(event, context):
    with open(event["file"], "a") as file:
        file.write(json.dumps(event["fail"]) + "\\n")
    if event["fail"]:
        raise ValueError("no")
"""


def queued(cloud: Cloud) -> int:
    rows = cloud.service("lambda")._queue._database.read().execute("SELECT count(*) FROM events")
    return int(rows.fetchone()[0])


def test_an_event_is_accepted_and_handled_later(functions: Any, tmp_path: Path) -> None:
    functions.create(APPENDING)
    event = json.dumps({"file": str(tmp_path / "out"), "fail": False}).encode()
    answer = functions.call("Invoke", FunctionName="f", InvocationType="Event", Payload=event)
    assert answer == {"StatusCode": 202}
    wait_until(lambda: queued(functions.cloud) == 0, "the event is done")
    assert (tmp_path / "out").read_text() == "false\n"


def test_a_failing_event_is_tried_three_times_as_the_clock_moves(
    functions: Any, clock: ManualClock, tmp_path: Path
) -> None:
    functions.create(APPENDING)
    out = tmp_path / "out"
    event = json.dumps({"file": str(out), "fail": True}).encode()
    functions.call("Invoke", FunctionName="f", InvocationType="Event", Payload=event)
    queue = functions.cloud.service("lambda")._queue

    def failed(times: int) -> bool:
        row = queue._database.read().execute("SELECT attempts FROM events").fetchone()
        return row is not None and row[0] == times

    wait_until(lambda: failed(1), "the first attempt failed")
    clock.advance(60)
    wait_until(lambda: failed(2), "the second attempt failed")
    clock.advance(119)
    assert failed(2)
    clock.advance(1)
    wait_until(lambda: queued(functions.cloud) == 0, "the event was given up")
    assert out.read_text() == "true\n" * 3


def test_an_accepted_event_outlives_the_server(functions: Any, reopened: Callable[[], Cloud], tmp_path: Path) -> None:
    functions.create(
        f"""
import os, time
def handler(event, context):
    with open({str(tmp_path / "out")!r}, "a") as file:
        file.write("x")
    while not os.path.exists({str(tmp_path / "go")!r}):
        time.sleep(0.01)
""",
        Timeout=60,
    )
    functions.call("Invoke", FunctionName="f", InvocationType="Event", Payload=b"{}")
    wait_until((tmp_path / "out").exists, "the handler began")
    functions.cloud.stop()
    (tmp_path / "go").touch()
    with reopened() as cloud:
        wait_until(lambda: queued(cloud) == 0, "the event is done")
    assert (tmp_path / "out").read_text() == "xx"


def test_workers_die_with_a_killed_server(tmp_path: Path, functions: Any) -> None:
    functions.create(
        f"""
import os, subprocess
def handler(event, context):
    child = subprocess.Popen(["sleep", "1000"])
    with open({str(tmp_path / "pids.new")!r}, "w") as file:
        file.write(f"{{os.getpid()}} {{child.pid}}")
    os.rename({str(tmp_path / "pids.new")!r}, {str(tmp_path / "pids")!r})
    while True:
        pass
""",
        Timeout=900,
    )
    functions.cloud.stop()
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
        from stepfunctions.local.cloud import Cloud
        with Cloud({str(tmp_path / "data")!r}) as cloud:
            cloud.call("lambda", "Invoke", {{"FunctionName": "f"}})
    """),
        ]
    )
    try:
        wait_until(lambda: server.poll() is not None or (tmp_path / "pids").exists(), "the handler runs")
        pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
        assert all(running(pid) for pid in pids)
    finally:
        server.kill()
        server.wait()
    wait_until(lambda: not any(running(pid) for pid in pids), "both processes ended")


def test_stopping_the_cloud_ends_busy_workers(functions: Any, tmp_path: Path) -> None:
    functions.create(
        f"""
import os, time
def handler(event, context):
    with open({str(tmp_path / "pid.new")!r}, "w") as file:
        file.write(str(os.getpid()))
    os.rename({str(tmp_path / "pid.new")!r}, {str(tmp_path / "pid")!r})
    time.sleep(1000)
""",
        Timeout=900,
    )
    thread = threading.Thread(target=functions.invoke)
    thread.start()
    wait_until((tmp_path / "pid").exists, "the handler runs")
    functions.cloud.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not running(pid), "the worker ended")


def test_what_a_handler_prints_is_in_its_log_group(functions: Any) -> None:
    functions.create("def handler(event, context):\n    print(event)\n    return context.log_stream_name")
    stream = functions.invoke("one").value
    assert functions.invoke("two").value == stream
    request = {"logGroupName": "/aws/lambda/f", "logStreamName": stream}
    events = functions.cloud.call("logs", "GetLogEvents", request)["events"]
    said = [event["message"] for event in events]
    assert [one for one in said if not one.startswith(("START ", "END ", "REPORT "))] == ["one", "two"]
