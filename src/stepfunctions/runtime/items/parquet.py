"""Items of Parquet files, a few rows at a time.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html#itemsource-example-parquet-data says
nothing of types that JSON lacks. Here times and dates are in ISO 8601, decimals are numbers, bytes are text (Base64
where they are no UTF-8), and NaN and the infinities are null.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from stepfunctions.asl.document import JSON
from stepfunctions.runtime.items.broken import BrokenItems, reader_failed

LARGEST_GROUP = 256 * 1024 * 1024
"""The most bytes of a row group."""
LARGEST_FOOTER = 5 * 1024 * 1024
_ROWS = 256
"""Rows held at once."""


def parquet_items(file: BinaryIO, key: str) -> Iterator[tuple[str | None, JSON]]:
    """Yield each row as an object."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise reader_failed(
            f"Reading '{key}' needs the package pyarrow: pip install 'stepfunctions-sdk[local]'"
        ) from None
    try:
        content = parquet.ParquetFile(file)
        _check(content.metadata)
        for batch in content.iter_batches(batch_size=_ROWS, use_threads=False):
            for row in batch.to_pylist():
                yield None, _json(row)
    except pyarrow.ArrowException as error:
        raise BrokenItems(str(error)) from error


def _check(metadata: Any) -> None:
    if metadata.serialized_size > LARGEST_FOOTER:
        raise BrokenItems(f"the footer has {metadata.serialized_size} bytes; at most {LARGEST_FOOTER} are read")
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).total_byte_size
        if size > LARGEST_GROUP:
            raise BrokenItems(f"the row group {number} has {size} bytes; at most {LARGEST_GROUP} are read")


def _json(value: Any) -> JSON:
    if isinstance(value, dict):
        return {name: _json(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) for one in value):  # a map
            return {str(_json(name)): _json(one) for name, one in value}
        return [_json(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return _text(value)
    return value


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()
