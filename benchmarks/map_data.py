"""What an item of a Distributed Map costs that reads, batches and exports: ``python benchmarks/map_data.py``.

CPU time of the whole process (engine, SQLite and files), and the most memory that Python held while it ran.
"""

from __future__ import annotations

import json
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import SystemClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.mocks import MockIntegration
from stepfunctions.runtime.objects import ObjectSummary
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.sqlite import SqliteStore
from table import Row, show

ITEMS = 20_000
BATCH = 20


class FileObjects:
    """An ObjectStore of plain files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:  # noqa: ARG002 - there is one
        """See ObjectStore."""
        return (self.folder / bucket / key).open("rb")

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:  # noqa: ARG002 - nothing is listed here
        """See ObjectStore."""
        return iter(())

    def create(self, bucket: str, key: str) -> _File:
        """See ObjectStore."""
        path = self.folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        return _File(path)


class _File:
    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        self._file.close()

    def discard(self) -> None:
        self._file.close()


def machine(batch: int | None, kind: str) -> dict[str, Any]:
    """A Map over the lines of an object, with its results in another."""
    spread = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "lake", "Key": "items.jsonl"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "lake", "Prefix": "results"},
        },
        "MaxConcurrency": 100,
        "End": True,
    }
    if batch is not None:
        spread["ItemBatcher"] = {"MaxItemsPerBatch": batch}
    return {"StartAt": "M", "States": {"M": spread}}


def run(items: int, batch: int | None = BATCH, kind: str = "STANDARD") -> tuple[float, float]:
    """CPU and wall seconds of one execution over so many items."""
    with tempfile.TemporaryDirectory() as name:
        objects = FileObjects(Path(name))
        (objects.folder / "lake").mkdir()
        with (objects.folder / "lake" / "items.jsonl").open("w") as lines:
            lines.writelines(f'{{"route": "JFK-LAX", "flight": {number}}}\n' for number in range(items))
        with closing(SqliteStore(objects.folder / "states.db")) as store:
            clock = SystemClock()
            runner = Runner(store, clock, MockIntegration({}), Items(objects), workers=0)
            api = StepFunctionsApi(runner, store, clock)
            role = "arn:aws:iam::123456789012:role/r"
            definition = json.dumps(machine(batch, kind))
            made = api.create_state_machine({"name": "m", "definition": definition, "roleArn": role})
            cpu, wall = time.process_time(), time.perf_counter()
            arn = api.start_execution({"stateMachineArn": made["stateMachineArn"]})["executionArn"]
            found = api.wait_for(arn)
            assert found["status"] == "SUCCEEDED", found
            return time.process_time() - cpu, time.perf_counter() - wall


def peak(items: int) -> float:
    """MiB that Python held at most while it ran, above what it held before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        run(items)
        return (tracemalloc.get_traced_memory()[1] - before) / 2**20
    finally:
        tracemalloc.stop()


def rows() -> Iterator[Row]:
    """Reader, batcher and writer with SQLite; about a quarter of a minute."""
    run(100)  # imports
    for what, batch, kind, items in (
        (f"item, in batches of {BATCH}", BATCH, "STANDARD", ITEMS),
        ("item, a child each", None, "STANDARD", ITEMS // 4),
        ("item, an Express child each", None, "EXPRESS", ITEMS // 4),
    ):
        cpu, wall = min(run(items, batch, kind) for _ in range(2))
        yield Row(f"Distributed Map {what}", cpu * 1e6 / items, "µs CPU", None, f"{wall * 1e6 / items:.0f} µs wall")
    few, many = peak(ITEMS // 2), peak(2 * ITEMS)
    yield Row(f"  its memory, {ITEMS // 2:,} items", few, "MiB", None, "the most that Python held")
    yield Row(f"  its memory, {2 * ITEMS:,} items", many, "MiB", 1.5 * few, "does not grow with the items")


def main() -> None:
    show("Distributed Map: items read, batched and exported", rows())


if __name__ == "__main__":
    main()
