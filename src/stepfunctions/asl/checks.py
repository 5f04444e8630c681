"""What one object's fields say together: rules that no single field's declaration can express.

Each check gets the fields that were read, as keyword arguments of the object's class, and yields
(pointer relative to the object, message, hint).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from stepfunctions.asl.document import JSON
from stepfunctions.asl.maps import ItemBatcher, ProcessorConfig, ReaderConfig, ResultWriter
from stepfunctions.asl.states import Task, Wait

Found: TypeAlias = Iterator[tuple[str, str, str]]
_WAITS = ("seconds", "timestamp", "seconds_path", "timestamp_path")
_BATCHES = (
    "max_items_per_batch",
    "max_items_per_batch_path",
    "max_input_bytes_per_batch",
    "max_input_bytes_per_batch_path",
)


def check_together(cls: type[Any], fields: Mapping[str, Any]) -> Found:
    """Yield what is wrong with the fields of an object of a class, taken together."""
    check = _CHECKS.get(cls)
    return iter(()) if check is None else check(fields)


def check_dynamic_names(variables: Mapping[str, JSON]) -> Found:
    """Yield each ``.$`` name in the Assign of a JSONata state. In payloads such a key is a key like any other."""
    for key in variables:
        if key.endswith(".$"):
            yield (
                f"/{key}",
                f"The key '{key}' is JSONPath's form, but the query language here is JSONata.",
                f'Write "{key.removesuffix(".$")}": "{{% … %}}".',
            )


def _task(fields: Mapping[str, Any]) -> Found:
    timeout, heartbeat = fields.get("timeout_seconds"), fields.get("heartbeat_seconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield (
            "/HeartbeatSeconds",
            f"The field 'HeartbeatSeconds' must be less than 'TimeoutSeconds' ({timeout}), but is {heartbeat}.",
            "",
        )


def _wait(fields: Mapping[str, Any]) -> Found:
    if not any(name in fields for name in _WAITS):
        wires = "Seconds, Timestamp, SecondsPath, TimestampPath"
        yield "", f"There should be one of the following fields: [{wires}]", 'Write for example "Seconds": 10.'


def _processor_config(fields: Mapping[str, Any]) -> Found:
    if fields.get("mode") == "DISTRIBUTED" and "execution_type" not in fields:
        yield "", "These fields are required: [ExecutionType]", 'Write "ExecutionType": "STANDARD".'


def _batcher(fields: Mapping[str, Any]) -> Found:
    if not any(name in fields for name in _BATCHES):
        yield (
            "",
            "An ItemBatcher needs 'MaxItemsPerBatch' or 'MaxInputBytesPerBatch'.",
            'Write for example "MaxItemsPerBatch": 100.',
        )


def _writer(fields: Mapping[str, Any]) -> Found:
    if "resource" not in fields and "writer_config" not in fields:
        yield (
            "",
            "A ResultWriter needs 'Resource' or 'WriterConfig'.",
            'Write "Resource": "arn:aws:states:::s3:putObject", or remove it.',
        )
    elif "resource" in fields and "parameters" not in fields and "arguments" not in fields:
        yield "", "A ResultWriter with a 'Resource' needs to know the bucket.", 'Write "Parameters": {"Bucket": …}.'


def _reader_config(fields: Mapping[str, Any]) -> Found:
    headers = fields.get("csv_headers")
    if fields.get("csv_header_location") == "GIVEN" and "csv_headers" not in fields:
        yield "", "These fields are required: [CSVHeaders]", 'Write "CSVHeaders": ["<name>", …].'
    if headers is not None and fields.get("csv_header_location") != "GIVEN":
        yield (
            "/CSVHeaders",
            "The field 'CSVHeaders' needs the header location GIVEN.",
            'Write "CSVHeaderLocation": "GIVEN".',
        )
    if isinstance(headers, tuple) and len(set(headers)) < len(headers):
        twice = next(name for name in headers if headers.count(name) > 1)
        yield "/CSVHeaders", f"The header '{twice}' is given more than once.", "Rename one."
    if fields.get("manifest_type") == "S3_INVENTORY" and "input_type" in fields:
        yield "/InputType", "The field 'InputType' must not be written with the manifest type S3_INVENTORY.", ""
    if fields.get("transformation") == "LOAD_AND_FLATTEN" and "input_type" not in fields:
        yield "", "These fields are required: [InputType]", 'LOAD_AND_FLATTEN reads files: write "InputType": "JSON".'


_CHECKS: Mapping[type[Any], Callable[[Mapping[str, Any]], Found]] = MappingProxyType(
    {
        ItemBatcher: _batcher,
        ProcessorConfig: _processor_config,
        ReaderConfig: _reader_config,
        ResultWriter: _writer,
        Task: _task,
        Wait: _wait,
    }
)
