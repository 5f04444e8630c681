"""Export the results of a map run to S3: ``manifest.json``, and a series of files for each status.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html#input-output-resultwriter-exporting-to-S3
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import suppress

from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.engine.execution import Execution, Status
from stepfunctions.engine.map_run import MapRun
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.objects import ObjectStore, Upload
from stepfunctions.runtime.results.records import lines, pending, results_of, transformation

PUT_OBJECT = "arn:aws:states:::s3:putObject"
LARGEST_FILE = 5 * 1024**3
"""The most bytes of a result file; the next result begins another one."""
WRITER_FAILED = "States.ResultWriterFailed"


def export(
    run: MapRun, children: Iterable[Execution], unstarted: Iterable[tuple[Document, int]], objects: ObjectStore | None
) -> Generator[None, None, Document]:
    """Write the results, one a step, and return the state's result. Memory does not grow with their number.

    ``children`` have ended; ``unstarted`` are those that never began: input and items. Counts what it writes in the
    run. Raises StateFailed("States.ResultWriterFailed") when it cannot write.
    """
    bucket, folder = _target(run)
    if objects is None:
        raise StateFailed(WRITER_FAILED, f"There is no object store here to write s3://{bucket}/{folder} to.")
    series = {status: _Series(objects, bucket, f"{folder}{status}", lines(run)) for status in _STATUSES}
    form = transformation(run)
    run.written = run.written_items = 0
    try:
        for child in children:
            status = Status.SUCCEEDED if child.status == Status.SUCCEEDED else Status.FAILED
            for result in results_of(child, form):
                series[status].add(result)
            run.written += 1
            run.written_items += child.item_count
            yield
        with suppress(StateFailed):  # the run has failed already: what can be read of the rest is written
            for given, items in unstarted:
                series["PENDING"].add(Document(pending(given)))
                run.written += 1
                run.written_items += items
                yield
        manifest = {
            "DestinationBucket": bucket,
            "MapRunArn": run.arn,
            "ResultFiles": {status: series[status].finish() for status in _STATUSES},
        }
        _write(objects, bucket, f"{folder}manifest.json", dumps(manifest).encode())
    except (ServiceError, OSError) as error:
        raise StateFailed(WRITER_FAILED, f"Cannot write s3://{bucket}/{folder}: {error}") from error
    finally:
        for one in series.values():
            one.discard()
    details = {"Bucket": bucket, "Key": f"{folder}manifest.json"}
    return Document({"MapRunArn": run.arn, "ResultWriterDetails": details})


_STATUSES = (str(Status.FAILED), "PENDING", str(Status.SUCCEEDED))


def _target(run: MapRun) -> tuple[str, str]:
    """Return the bucket and the folder of the map run in it."""
    writer: dict[str, JSON] = run.writer or {}
    if writer.get("Resource") != PUT_OBJECT:
        raise StateFailed(
            WRITER_FAILED, f"The ResultWriter resource '{writer.get('Resource')}' is not supported; use '{PUT_OBJECT}'."
        )
    where = writer.get("Parameters")
    where = where if isinstance(where, dict) else {}
    bucket, prefix = where.get("Bucket"), where.get("Prefix", "")
    if not isinstance(bucket, str) or not isinstance(prefix, str):
        raise StateFailed(
            WRITER_FAILED, "The ResultWriter needs the string 'Bucket', and a string as 'Prefix' if it has one."
        )
    return bucket, f"{prefix}/{run.arn.rpartition(':')[2]}/".removeprefix("/")


class _Series:
    """The files ``<stem>_0.json``, ``<stem>_1.json``, … of one status."""

    def __init__(self, objects: ObjectStore, bucket: str, stem: str, as_lines: bool) -> None:
        self._objects, self._bucket, self._stem = objects, bucket, stem
        self._head, self._between, self._tail = (b"", b"\n", b"\n") if as_lines else (b"[", b",", b"]")
        self._files: list[dict[str, JSON]] = []
        self._upload: Upload | None = None
        self._size = 0

    def add(self, result: Document) -> None:
        """Append a result, to a new file if this one would grow too large."""
        data = result.text.encode()
        if self._upload is not None and self._size + len(data) + 2 > LARGEST_FILE:
            self._end()
        if self._upload is None:
            key = f"{self._stem}_{len(self._files)}.json"
            self._upload = self._objects.create(self._bucket, key)
            self._files.append({"Key": key, "Size": 0})
            self._size = 0
            self._put(self._head)
        else:
            self._put(self._between)
        self._put(data)

    def finish(self) -> list[dict[str, JSON]]:
        """Store the last file and return the manifest's entries."""
        if self._upload is not None:
            self._end()
        return self._files

    def discard(self) -> None:
        """Forget a file that is not finished."""
        if self._upload is not None:
            self._upload.discard()

    def _end(self) -> None:
        assert self._upload is not None
        self._put(self._tail)
        self._upload.finish()
        self._files[-1]["Size"] = self._size
        self._upload = None

    def _put(self, data: bytes) -> None:
        assert self._upload is not None
        self._upload.write(data)
        self._size += len(data)


def _write(objects: ObjectStore, bucket: str, key: str, data: bytes) -> None:
    upload = objects.create(bucket, key)
    try:
        upload.write(data)
        upload.finish()
    finally:
        upload.discard()
