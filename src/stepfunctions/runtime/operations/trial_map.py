"""The Map of a TestState: its items and what becomes of them, then the mock's result for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Status
from stepfunctions.engine.map_run import Item, MapRun, child_inputs, selected_item, verdict
from stepfunctions.engine.messages import MapRunEnded
from stepfunctions.engine.program import Program
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.items.source import items_of, read_items
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.operations.mocks import Mock

_BUCKET, _KEY = "test", "data"
_GET = "arn:aws:states:::s3:getObject"


def run_map(
    program: Program,
    run: MapRun,
    note: Callable[[str, Any], None],
    *,
    data: str | None,
    failed: int,
    inline: bool,
    mock: Mock,
) -> MapRunEnded:
    """Note what is shown of a map run, and return how it ends.

    ``data``: what its ItemReader would read. ``failed``: how many items did not succeed.
    """
    note("maxConcurrency", run.max_concurrency)
    if run.tolerated_failure_count is not None:
        note("toleratedFailureCount", run.tolerated_failure_count)
    if run.tolerated_failure_percentage is not None:
        note("toleratedFailurePercentage", float(run.tolerated_failure_percentage))
    try:
        items = _items(run, note, data)
        if items is not None:
            _selected(program, run, items, note)
    except StateFailed as failure:
        return MapRunEnded(run.branch, run.attempt, Status.FAILED, None, failure.error, failure.cause)
    if mock.error is not None:
        return MapRunEnded(run.branch, run.attempt, Status.FAILED, None, mock.error, mock.cause)
    if failed and items is not None and failed > len(items):
        raise ServiceError(
            "ValidationException",
            f"stateConfiguration.mapIterationFailureCount is {failed}, but the Map state has {len(items)} items",
        )
    tolerance = run.tolerated_failure_count is not None or run.tolerated_failure_percentage is not None
    if failed and (tolerance or not inline):
        total = failed if items is None else len(items)
        ended = verdict(replace(run, failed=failed, failed_items=failed, cursor=total, total=total))
        if ended is not None and ended.status == Status.FAILED:
            return MapRunEnded(run.branch, run.attempt, Status.FAILED, None, ended.error, ended.cause)
    return MapRunEnded(run.branch, run.attempt, Status.SUCCEEDED, Document(mock.result))


def _items(run: MapRun, note: Callable[[str, Any], None], data: str | None) -> list[Item] | None:
    """Return the items; None when an ItemReader would read them, and nothing says what."""
    if run.items is not None:
        note("afterItemsPath", run.items.value)
        return list(items_of(run.items))
    if data is None:
        return None
    objects = MemoryObjects({f"s3://{_BUCKET}/{_KEY}": data.encode()})
    reader = dict(run.reader or {})
    # A listing is given as the list of what is known of each object.
    config = dict(reader.get("ReaderConfig") or {}) if reader.get("Resource") == _GET else {"InputType": "JSON"}
    reader |= {"Resource": _GET, "Parameters": {"Bucket": _BUCKET, "Key": _KEY}, "ReaderConfig": config}
    items = list(read_items(reader, objects))
    if "ItemsPointer" in config:
        keyed = bool(items) and items[0].key is not None
        note("afterItemsPointer", {item.key: item.value for item in items} if keyed else [one.value for one in items])
    return items


def _selected(program: Program, run: MapRun, items: list[Item], note: Callable[[str, Any], None]) -> None:
    parent = program.regions[run.region].parent
    assert parent is not None
    if parent.work.selector is not None:
        chosen = [selected_item(program, run, item, index).value for index, item in enumerate(items)]
        note("afterItemSelector", chosen)
    if run.batcher is not None:
        batches = child_inputs(program, run, (item for item in items))
        note("afterItemBatcher", [document.value for document, _ in batches])
