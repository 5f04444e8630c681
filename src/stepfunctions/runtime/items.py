"""The items of a Distributed Map: from the state's input, or streamed from a file in S3.

See https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html for the fields, and
https://docs.aws.amazon.com/step-functions/latest/dg/example-csv-parse-dist-map.html for the CSV rules.
"""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import IO, BinaryIO, Protocol, TextIO, cast

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.map_run import MapRun
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.json_stream import MAX_MEMBER, JsonStream, JsonStreamError, no_constant

Item = tuple["str | None", JSON]
"""The key (of an object's member; None for an array's element, a row or a line) and the value of an item."""

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_GET_OBJECT = "arn:aws:states:::s3:getObject"


class ObjectReader(Protocol):
    """Where item files come from."""

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Return the object's content as a stream; the caller closes it.

        Raises ServiceError (NoSuchBucket, NoSuchKey, AccessDenied) when it cannot be read.
        """


class Items:
    """The ItemSource of a runner: items of the state's input, or files from ``objects``."""

    def __init__(self, objects: ObjectReader | None = None) -> None:
        self._objects = objects

    def items(self, run: MapRun, start: int) -> Iterator[Item]:
        """See the port."""
        found = items_of(run.items) if run.items is not None else read_items(run.reader, self._objects)
        return _from(found, start)


def _from(found: Iterator[Item], start: int) -> Iterator[Item]:
    with closing(cast("Generator[Item, None, None]", found)):
        yield from itertools.islice(found, start, None)


def items_of(document: Document) -> Iterator[Item]:
    """Yield the items of an array or object that is already in memory."""
    value = document.value
    if isinstance(value, dict):
        yield from value.items()
    else:
        yield from ((None, element) for element in value)


def read_items(reader: JSON, objects: ObjectReader | None) -> Iterator[Item]:
    """Stream the items that a resolved ``ItemReader`` (Resource, Parameters, ReaderConfig) names.

    Memory does not grow with the file. Whatever goes wrong raises StateFailed("States.ItemReaderFailed")
    with a cause that names the object.
    """
    resource = reader.get("Resource")
    if resource != _GET_OBJECT:
        raise _failed(f"The ItemReader resource '{resource}' is not supported here; use '{_GET_OBJECT}'.")
    where = reader.get("Parameters") or reader.get("Arguments") or {}
    bucket, key = where.get("Bucket"), where.get("Key")
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise _failed("The ItemReader needs the strings 'Bucket' and 'Key' in its Parameters.")
    if objects is None:
        raise _failed(f"There is no object store here to read s3://{bucket}/{key} from.")
    config = reader.get("ReaderConfig") or {}
    limit = config.get("MaxItems")
    try:
        with _open(objects, bucket, key) as stream:
            yield from itertools.islice(_parser(config, key)(stream, config), limit)
    except ServiceError as error:
        raise _failed(f"Cannot read s3://{bucket}/{key}: {error.message} ({error.code})") from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, ValueError, csv.Error) as error:
        raise _failed(f"Cannot read items from s3://{bucket}/{key}: {error}") from error


def _failed(cause: str) -> StateFailed:
    return StateFailed("States.ItemReaderFailed", cause)


def _open(objects: ObjectReader, bucket: str, key: str) -> closing[TextIO]:
    raw: IO[bytes] = objects.open(bucket, key)
    if key.endswith((".gz", ".gzip")):
        return closing(_Unzipped(raw))
    return closing(io.TextIOWrapper(raw, encoding="utf-8-sig", newline=""))


class _Unzipped(io.TextIOWrapper):
    """Text of a gzip stream; closing it also closes the stream below, which GzipFile leaves open."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        super().__init__(cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")), encoding="utf-8-sig", newline="")

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._raw.close()


def _parser(config: JSON, key: str) -> Callable[[TextIO, JSON], Iterator[Item]]:
    kind = config.get("InputType", "JSON")
    parser = _PARSERS.get(kind)
    if parser is None:
        raise _failed(f"The InputType '{kind}' of '{key}' is not supported here; use CSV, JSON or JSONL.")
    return parser


def _json(stream: TextIO, config: JSON) -> Iterator[Item]:
    document = JsonStream(stream)
    document.descend(config.get("ItemsPointer", ""))
    return document.members()


def _jsonl(stream: TextIO, _config: JSON) -> Iterator[Item]:
    for number in itertools.count(1):
        line = stream.readline(MAX_MEMBER + 1)
        if not line:
            return
        if len(line) > MAX_MEMBER:
            raise JsonStreamError(f"line {number} is longer than {MAX_MEMBER} characters")
        if line.isspace():
            continue
        try:
            yield None, json.loads(line, parse_constant=no_constant)
        except ValueError as error:
            raise JsonStreamError(f"line {number} is not JSON: {error}") from None
        except RecursionError:
            raise JsonStreamError(f"line {number} is nested too deeply") from None


def _csv(stream: TextIO, config: JSON) -> Iterator[Item]:
    delimiter = _DELIMITERS.get(config.get("CSVDelimiter", "COMMA"))
    if delimiter is None:
        raise ValueError(f"CSVDelimiter '{config['CSVDelimiter']}' is not one of {', '.join(_DELIMITERS)}")
    csv.field_size_limit(max(csv.field_size_limit(), MAX_MEMBER))
    rows = csv.reader(stream, delimiter=delimiter, escapechar="\\", strict=False)
    location = config.get("CSVHeaderLocation")
    if location == "GIVEN":
        headers = list(config.get("CSVHeaders") or ())
    elif location in (None, "FIRST_ROW"):
        headers = next(rows, [])
    else:
        raise ValueError(f"CSVHeaderLocation '{location}' is neither FIRST_ROW nor GIVEN")
    if not headers:
        raise ValueError("the CSV file has no header row; put one first, or give CSVHeaders")
    twice = {name for name in headers if headers.count(name) > 1}
    if twice:
        raise ValueError(f"CSV headers must be unique; found twice: {', '.join(sorted(twice))}")
    for row in rows:
        if row:
            padded = itertools.chain(row, itertools.repeat("", max(0, len(headers) - len(row))))
            yield None, dict(zip(headers, padded, strict=False))


_PARSERS: dict[str, Callable[[TextIO, JSON], Iterator[Item]]] = {"CSV": _csv, "JSON": _json, "JSONL": _jsonl}
