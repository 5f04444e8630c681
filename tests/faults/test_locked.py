"""Another program keeps a database locked: calls wait a while, then say so; nothing is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.faults.conftest import Faulty, wait_for

from stepfunctions.errors import ServiceError
from stepfunctions.local import database
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.store import connections

NOTES = "def handler(event, context):\n    open(event, 'a').write('x')\n"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def impatient(open_cloud: Callable[..., Faulty], monkeypatch: pytest.MonkeyPatch) -> Faulty:
    """A cloud whose calls wait for a file for a moment only."""
    for module in (connections, database):
        monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    return open_cloud(clock=ManualClock())


def _refused(call: Callable[[], Any]) -> None:
    with pytest.raises(ServiceError) as caught:
        call()
    assert (caught.value.code, caught.value.status) == ("ServiceUnavailable", 503)
    assert "Another program" in caught.value.message


def test_calls_are_refused_and_what_runs_goes_on_afterwards(impatient: Faulty, tmp_path: Path) -> None:
    activity = impatient("CreateActivity", name="ask")["activityArn"]
    machine = impatient.machine({"Ask": {"Type": "Task", "Resource": activity}})
    rests = impatient.machine({"Rest": {"Type": "Wait", "Seconds": 10}}, "rests")
    arn, resting = impatient.start(machine), impatient.start(rests)
    token = impatient("GetActivityTask", activityArn=activity)["taskToken"]
    with _locked(tmp_path / "data" / "stepfunctions.db"):
        _refused(lambda: impatient.start(machine, name="other"))
        _refused(lambda: impatient("SendTaskSuccess", taskToken=token, output="1"))
        _refused(lambda: impatient("DeleteActivity", activityArn=activity))
        impatient.cloud.clock.advance(10)  # type: ignore[attr-defined]
        impatient("CreateBucket", "s3", Bucket="bucket")
        assert impatient.described(arn)["status"] == "RUNNING"
    impatient("SendTaskSuccess", taskToken=token, output="1")
    assert impatient.ended(arn)["output"] == "1"
    assert impatient.ended(resting)["status"] == "SUCCEEDED"


def test_an_event_that_was_handled_is_not_handled_again(impatient: Faulty, tmp_path: Path) -> None:
    impatient.function(NOTES)
    note = tmp_path / "note"
    impatient("Invoke", "lambda", FunctionName="f", Payload=f'"{note}"'.encode())  # a warm worker
    note.unlink()
    impatient("Invoke", "lambda", FunctionName="f", Payload=f'"{note}"'.encode(), InvocationType="Event")
    queue = impatient.cloud.service("lambda")._queue
    with _locked(tmp_path / "data" / "lambda.db"):
        wait_for(note.exists)
        _refused(lambda: impatient("Invoke", "lambda", FunctionName="f", Payload=b"1", InvocationType="Event"))
    wait_for(lambda: not queue._in_flight)
    assert note.read_text() == "x"
