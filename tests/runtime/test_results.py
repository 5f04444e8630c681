"""The results of a Distributed Map, written to S3."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.map_run import MapRun
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.objects import MemoryObjects, Upload
from stepfunctions.runtime.results import export as exporting
from stepfunctions.runtime.results.export import export


def run_of(**writer: Any) -> MapRun:
    return MapRun(
        arn="arn:aws:states:us-east-1:123456789012:mapRun:m/each:run",
        execution_arn="e",
        machine_arn="m",
        branch=1,
        attempt=1,
        state="M",
        label="each",
        region="",
        writer={
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "b", "Prefix": "p"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
            **writer,
        },
    )


def child(number: int, status: str = "SUCCEEDED", output: Any = None) -> Execution:
    return Execution(
        arn=f"a:{number}",
        name=str(number),
        machine_arn="m/each",
        machine_name="m/each",
        role_arn="r",
        input=Document(number),
        started_at=0.0,
        stopped_at=1.5,
        status=status,
        output=Document(number if output is None else output) if status == "SUCCEEDED" else None,
        error=None if status == "SUCCEEDED" else "E",
        cause=None if status == "SUCCEEDED" else "c",
    )


def exported(run: MapRun, objects: Any, *children: Execution, unstarted: Any = ()) -> Any:
    steps = export(run, children, unstarted, objects)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.value


def files(objects: MemoryObjects) -> dict[str, Any]:
    return {key.removeprefix("p/run/"): objects.get("b", key).decode() for key in objects.keys("b")}


def test_a_file_that_would_be_too_large_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "LARGEST_FILE", 30)
    objects, run = MemoryObjects(), run_of()
    result = exported(run, objects, *(child(number, output="x" * 10) for number in range(5)))
    assert result == {"MapRunArn": run.arn, "ResultWriterDetails": {"Bucket": "b", "Key": "p/run/manifest.json"}}
    found = files(objects)
    listed = json.loads(found.pop("manifest.json"))["ResultFiles"]
    assert found == {
        "SUCCEEDED_0.json": json.dumps(["x" * 10] * 2, separators=(",", ":")),
        "SUCCEEDED_1.json": json.dumps(["x" * 10] * 2, separators=(",", ":")),
        "SUCCEEDED_2.json": json.dumps(["x" * 10]),
    }
    assert listed == {
        "FAILED": [],
        "PENDING": [],
        "SUCCEEDED": [{"Key": f"p/run/{name}", "Size": len(text)} for name, text in found.items()],
    }
    assert (run.written, run.written_items) == (5, 5)


def test_lines() -> None:
    objects = MemoryObjects()
    run = run_of(WriterConfig={"Transformation": "FLATTEN", "OutputType": "JSONL"})
    exported(run, objects, child(0, output=[1, [2]]), child(1, output={"a": 1}), child(2, output=[]))
    assert files(objects)["SUCCEEDED_0.json"] == '1\n[2]\n{"a":1}\n'


def test_times_are_those_of_the_execution() -> None:
    objects = MemoryObjects()
    exported(run_of(), objects, child(0, "TIMED_OUT"), child(1, "ABORTED"))
    first, second = json.loads(files(objects)["FAILED_0.json"])
    assert (first["Status"], second["Status"]) == ("TIMED_OUT", "ABORTED")
    assert (first["StartDate"], first["StopDate"]) == ("1970-01-01T00:00:00Z", "1970-01-01T00:00:01.500Z")


def test_a_source_that_breaks_ends_the_pending_ones() -> None:
    def unstarted() -> Iterator[tuple[Document, int]]:
        yield Document(7), 1
        raise StateFailed("States.ItemReaderFailed", "broken")

    objects = MemoryObjects()
    exported(run_of(), objects, child(0, "FAILED"), unstarted=unstarted())
    assert json.loads(files(objects)["PENDING_0.json"]) == [
        {"Input": "7", "InputDetails": {"Included": True}, "Status": "PENDING"}
    ]


class Refusing(MemoryObjects):
    """Refuses to create, or to finish, and remembers what was discarded."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at
        self.discarded = 0

    def create(self, bucket: str, key: str) -> Upload:
        if self.at == "create":
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        return Broken(self)


class Broken:
    def __init__(self, objects: Refusing) -> None:
        self.objects = objects

    def write(self, data: bytes) -> None:
        if self.objects.at == "write":
            raise OSError("No space left on device")

    def finish(self) -> None:
        raise ServiceError("AccessDenied", "Access Denied", 403)

    def discard(self) -> None:
        self.objects.discarded += 1


@pytest.mark.parametrize(
    ("at", "cause", "discarded"),
    [
        ("create", "Cannot write s3://b/p/run/: NoSuchBucket: The specified bucket does not exist", 0),
        ("write", "Cannot write s3://b/p/run/: No space left on device", 1),
        ("finish", "Cannot write s3://b/p/run/: AccessDenied: Access Denied", 1),
    ],
)
def test_what_cannot_be_written(at: str, cause: str, discarded: int) -> None:
    objects = Refusing(at)
    with pytest.raises(StateFailed) as caught:
        exported(run_of(), objects, child(0))
    assert (caught.value.error, caught.value.cause) == ("States.ResultWriterFailed", cause)
    assert objects.discarded == discarded


@pytest.mark.parametrize(
    ("writer", "objects", "cause"),
    [
        ({"Resource": "arn:aws:states:::sqs:sendMessage"}, MemoryObjects(), "is not supported; use"),
        ({"Parameters": {}}, MemoryObjects(), "needs the string 'Bucket'"),
        ({"Parameters": "b"}, MemoryObjects(), "needs the string 'Bucket'"),
        ({"Parameters": {"Bucket": "b", "Prefix": 1}}, MemoryObjects(), "a string as 'Prefix'"),
        ({}, None, "There is no object store here to write s3://b/p/run/ to"),
    ],
)
def test_a_writer_that_is_none(writer: dict[str, Any], objects: Any, cause: str) -> None:
    with pytest.raises(StateFailed, match=cause):
        exported(run_of(**writer), objects, child(0))


class Sink(MemoryObjects):
    def create(self, bucket: str, key: str) -> Upload:
        return Nowhere()


class Nowhere:
    def write(self, data: bytes) -> None:
        """Keep nothing."""

    def finish(self) -> None:
        """Keep nothing."""

    def discard(self) -> None:
        """Keep nothing."""


def test_memory_does_not_grow_with_the_number_of_results() -> None:
    def peak(count: int) -> int:
        children = (child(number, output=["x" * 200]) for number in range(count))
        tracemalloc.start()
        try:
            for _ in export(run_of(), children, (), Sink()):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(20_000) < peak(2_000) + 100_000
