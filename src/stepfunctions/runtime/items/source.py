"""Where the items of a Distributed Map come from: the port ItemSource over a store of objects.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import BinaryIO, TextIO

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.map_run import Item, MapRun
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.items.broken import BrokenItems, reader_failed
from stepfunctions.runtime.items.contents import text_of
from stepfunctions.runtime.items.csv_rows import csv_items
from stepfunctions.runtime.items.json_items import json_items, json_lines
from stepfunctions.runtime.items.manifests import athena_files, inventory_files
from stepfunctions.runtime.items.parquet import parquet_items
from stepfunctions.runtime.objects import ObjectStore, ObjectSummary
from stepfunctions.runtime.results.export import export

_GET = "arn:aws:states:::s3:getObject"
_LIST = "arn:aws:states:::s3:listObjectsV2"
_TEXTS: dict[str, Callable[[TextIO, JSON], Iterator[tuple[str | None, JSON]]]] = {
    "CSV": csv_items,
    "JSON": json_items,
    "JSONL": json_lines,
}
_OF_ATHENA = ("CSV", "JSONL", "PARQUET")


class Items:
    """The ItemSource of a runner: items of the state's input, or of objects."""

    def __init__(self, objects: ObjectStore | None = None) -> None:
        self._objects = objects

    def items(self, run: MapRun, start: int) -> Generator[Item, None, None]:
        """See the port."""
        account = run.execution_arn.split(":")[4:5]
        found = (
            items_of(run.items)
            if run.items is not None
            else read_items(run.reader, self._objects, account[0] if account else None)
        )
        with closing(found):
            yield from itertools.islice(found, start, None)

    def export(
        self, run: MapRun, children: Iterable[Execution], unstarted: Iterable[tuple[Document, int]]
    ) -> Generator[None, None, Document]:
        """See the port."""
        return export(run, children, unstarted, self._objects)


def items_of(document: Document) -> Generator[Item, None, None]:
    """Yield the items of an array or object that is already in memory."""
    value = document.value
    if isinstance(value, dict):
        yield from (Item(key, member) for key, member in value.items())
    else:
        yield from (Item(None, element) for element in value)


def read_items(reader: JSON, objects: ObjectStore | None, account: str | None = None) -> Generator[Item, None, None]:
    """Stream the items that a resolved ``ItemReader`` (Resource, Parameters, ReaderConfig) names.

    Memory does not grow with their number. ``account``: the owner of all buckets; None: any. Whatever goes wrong
    raises StateFailed("States.ItemReaderFailed") with a cause that names the object.
    """
    resource = reader.get("Resource")
    if resource not in (_GET, _LIST):
        raise reader_failed(f"The ItemReader resource '{resource}' is not supported; use '{_GET}' or '{_LIST}'.")
    where = reader.get("Parameters") or {}
    bucket = where.get("Bucket") if isinstance(where, dict) else None
    if objects is None:
        raise reader_failed(f"There is no object store here to read s3://{bucket} from.")
    if not isinstance(bucket, str):
        raise reader_failed("The ItemReader needs the string 'Bucket' in its Parameters or Arguments.")
    owner = where.get("ExpectedBucketOwner")
    if owner is not None and account is not None and owner != account:
        raise reader_failed(f"Cannot read s3://{bucket}: Access Denied (AccessDenied)")
    config = reader.get("ReaderConfig") or {}
    source = _Reader(objects, bucket, config)
    found = source.file(where) if resource == _GET else source.listing(where)
    with closing(found):
        yield from itertools.islice(found, config.get("MaxItems"))


class _Reader:
    """One ItemReader."""

    def __init__(self, objects: ObjectStore, bucket: str, config: JSON) -> None:
        self._objects = objects
        self._bucket = bucket
        self._config = config
        self._kind = config.get("InputType")

    def file(self, where: JSON) -> Generator[Item, None, None]:
        """Yield the items of one object, or of the objects that it is the manifest of."""
        key = where.get("Key")
        if not isinstance(key, str):
            raise reader_failed("The ItemReader needs the string 'Key' in its Parameters or Arguments.")
        version = self._version(where.get("VersionId"), key)
        manifest = self._config.get("ManifestType")
        if manifest == "S3_INVENTORY" or (manifest is None and self._kind == "MANIFEST"):
            with self._reading(self._bucket, key, version) as raw, text_of(raw, key) as text:
                files, config = inventory_files(text, self._config)
            for bucket, data_key in files:
                yield from self._items(bucket, data_key, "CSV", config)
        elif manifest == "ATHENA_DATA":
            if self._kind not in _OF_ATHENA:
                raise reader_failed(f"The InputType of an Athena manifest is one of {', '.join(_OF_ATHENA)}.")
            with self._reading(self._bucket, key, version) as raw, text_of(raw, key) as text:
                for bucket, data_key in athena_files(text):
                    yield from self._items(bucket, data_key, self._kind, self._config)
        else:
            yield from self._items(self._bucket, key, self._kind or "JSON", self._config, version)

    def listing(self, where: JSON) -> Generator[Item, None, None]:
        """Yield what is known of the objects below a prefix, or their items."""
        prefix = where.get("Prefix", "")
        if not isinstance(prefix, str):
            raise reader_failed("The 'Prefix' of the ItemReader must be a string.")
        load = self._config.get("Transformation") == "LOAD_AND_FLATTEN"
        try:
            for found in self._objects.list(self._bucket, prefix):
                if not load:
                    yield Item(None, _metadata(found), f"S3://{self._bucket}")
                elif found.size or not found.key.endswith("/"):  # no folder that the console made
                    yield from self._items(self._bucket, found.key, self._kind, self._config)
        except ServiceError as error:
            raise reader_failed(f"Cannot list s3://{self._bucket}/{prefix}: {error.message} ({error.code})") from error

    def _items(self, bucket: str, key: str, kind: str, config: JSON, version: str | None = None) -> Iterator[Item]:
        source = f"S3://{bucket}/{key}"
        with self._reading(bucket, key, version) as raw:
            for name, value in self._parsed(raw, key, kind, config):
                yield Item(name, value, source)

    def _parsed(self, raw: BinaryIO, key: str, kind: str, config: JSON) -> Iterator[tuple[str | None, JSON]]:
        if kind == "PARQUET":
            yield from parquet_items(raw, key)
            return
        parser = _TEXTS.get(kind)
        if parser is None:
            raise reader_failed(f"The InputType '{kind}' does not fit the object '{key}'.")
        with text_of(raw, key) as text:
            yield from parser(text, config)

    def _reading(self, bucket: str, key: str, version: str | None) -> _Reading:
        return _Reading(self._objects, bucket, key, version)

    def _version(self, version: JSON, key: str) -> str | None:
        if version is None:
            return None
        if self._kind == "PARQUET":
            raise reader_failed(f"VersionId is not supported for Parquet; leave it out for s3://{self._bucket}/{key}.")
        if not isinstance(version, str):
            raise reader_failed("The 'VersionId' of the ItemReader must be a string.")
        return version


class _Reading:
    """An open object; what goes wrong while it is read is said of it."""

    def __init__(self, objects: ObjectStore, bucket: str, key: str, version: str | None) -> None:
        self._objects, self._bucket, self._key, self._version = objects, bucket, key, version

    def __enter__(self) -> BinaryIO:
        try:
            self._raw = self._objects.open(self._bucket, self._key, self._version)
        except ServiceError as error:
            raise reader_failed(
                f"Cannot read s3://{self._bucket}/{self._key}: {error.message} ({error.code})"
            ) from error
        return self._raw

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._raw.close()
        if isinstance(error, (OSError, ValueError, BrokenItems)):
            raise reader_failed(f"Cannot read items from s3://{self._bucket}/{self._key}: {error}") from error


def _metadata(found: ObjectSummary) -> JSON:
    return {
        "Etag": f'"{found.etag}"',
        "Key": found.key,
        "LastModified": int(found.modified),
        "Size": found.size,
        "StorageClass": "STANDARD",
    }
