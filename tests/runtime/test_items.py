from __future__ import annotations

import base64
import gzip
import io
import json
import random
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow
import pytest
import zstandard
from pyarrow import parquet

from stepfunctions.asl.document import Document
from stepfunctions.errors import StateFailed
from stepfunctions.runtime.items import parquet as parquet_reader
from stepfunctions.runtime.items.source import items_of, read_items
from stepfunctions.runtime.json_stream import MAX_MEMBER, JsonStream, JsonStreamError
from stepfunctions.runtime.objects import MemoryObjects, ObjectSummary, Upload


class Files(MemoryObjects):
    """Remembers what it opened, to see that it was closed."""

    def __init__(self, **files: Any) -> None:
        super().__init__({f"s3://b/{name}": content for name, content in files.items()})
        self.opened: list[BinaryIO] = []

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        self.opened.append(super().open(bucket, key, version))
        return self.opened[-1]


def reader(kind: str, key: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": key},
        "ReaderConfig": {"InputType": kind, **config},
    }


def values(kind: str, content: str | bytes, key: str = "f.x", **config: Any) -> list[Any]:
    files = Files(**{key: content})
    try:
        result = list(read_items(reader(kind, key, **config), files))
    finally:
        assert all(stream.closed for stream in files.opened)
    assert {item.source for item in result} <= {f"S3://b/{key}"}
    return [item.value if item.key is None else (item.key, item.value) for item in result]


def cause(kind: str, content: str | bytes, key: str = "f.x", **config: Any) -> str:
    with pytest.raises(StateFailed) as caught:
        values(kind, content, key, **config)
    assert caught.value.error == "States.ItemReaderFailed"
    return caught.value.cause


def test_state_items_are_elements_or_members() -> None:
    assert list(items_of(Document([1, 2]))) == [(None, 1, "STATE_DATA"), (None, 2, "STATE_DATA")]
    assert list(items_of(Document({"a": 1}))) == [("a", 1, "STATE_DATA")]


def test_json_array_object_and_pointer() -> None:
    assert values("JSON", '[1, "a", {"b": null}, [2]]') == [1, "a", {"b": None}, [2]]
    assert values("JSON", ' { "a" : 1, "b":[2] } ') == [("a", 1), ("b", [2])]
    nested = json.dumps({"skip": {"x": ['"]}', "\\", [1]]}, "s": 'a"]', "a/b": [[0], {"c": [7, 8]}], "tail": 1})
    assert values("JSON", nested, ItemsPointer="/a~1b/1/c") == [7, 8]
    assert values("JSON", "[]") == []
    assert values("JSON", "{}") == []


def test_json_of_any_chunk_boundary() -> None:
    class OneByOne(io.StringIO):
        def read(self, size: int | None = -1, /) -> str:
            return super().read(1)

    document = {"skip": [{"a": '\\"]['}, -1.5e3], "items": [123456, "x\\u00e9\\\\", {"k": [True, None]}, 1.25]}
    stream = JsonStream(OneByOne(json.dumps(document)))
    stream.descend("/items")
    assert [value for _, value in stream.members()] == document["items"]


def test_json_memory_is_one_member() -> None:
    class Endless(io.StringIO):
        served = 0

        def read(self, size: int | None = -1, /) -> str:
            self.served += 1
            return "[" + "[1]," * 10_000 if self.served == 1 else "[2]," * 10_000

    members = JsonStream(Endless()).members()
    for _ in range(100_000):
        next(members)


def test_random_documents_survive_random_chunks() -> None:
    chance = random.Random(7)

    class Chunked(io.StringIO):
        def read(self, size: int | None = -1, /) -> str:
            return super().read(chance.randint(1, 9))

    def make(depth: int) -> Any:
        kind = chance.randint(0, 6 if depth else 4)
        if kind == 5:
            return [make(depth - 1) for _ in range(chance.randint(0, 3))]
        if kind == 6:
            return {chance.choice('ab"\\é]{'): make(depth - 1) for _ in range(chance.randint(0, 3))}
        return [None, True, chance.randint(-99, 99), chance.random(), chance.choice(['"', "\\", "][", "é{"])][kind]

    for _ in range(200):
        document = {"first": make(3), "wanted": [make(3) for _ in range(4)], "last": make(2)}
        stream = JsonStream(Chunked(json.dumps(document, ensure_ascii=chance.random() < 0.5)))
        stream.descend("/wanted")
        assert [value for _, value in stream.members()] == document["wanted"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1 2]", "expected ',' or ']' at character 4, found '2'"),
        ("[1,", "Expecting value at character 4"),
        ("[1, NaN]", "NaN is not JSON"),
        ('{"a" 1}', "expected ':' at character 6, found '1'"),
        ("{1: 2}", "expected a member name in double quotes at character 2"),
        ("7", "Attempting to map over non-iterable node."),
        ("", "Attempting to map over non-iterable node."),
        ("[" + "[" * 200_000, "nested too deeply"),
    ],
)
def test_json_that_is_wrong(text: str, expected: str) -> None:
    message = cause("JSON", text)
    assert message.startswith("Cannot read items from s3://b/f.x: ")
    assert expected in message


def test_json_pointer_that_finds_nothing() -> None:
    assert "nothing is found at the JSON Pointer '/b'" in cause("JSON", '{"a": 1}', ItemsPointer="/b")
    assert "does not begin with '/'" in cause("JSON", '{"a": 1}', ItemsPointer="a")


def test_a_member_that_is_too_large() -> None:
    stream = JsonStream(io.StringIO('["' + "x" * (2 * MAX_MEMBER)))
    with pytest.raises(JsonStreamError, match="larger than 8388608 characters"):
        list(stream.members())


def test_jsonl() -> None:
    assert values("JSONL", '{"a": 1}\n\n[2]\r\n"x"') == [{"a": 1}, [2], "x"]
    assert "line 2 is not JSON" in cause("JSONL", '{"a": 1}\n{"a"\n')


@pytest.mark.parametrize(("line", "expected"), [("NaN", "NaN is not JSON"), ("[" * 200_000, "nested too deeply")])
def test_jsonl_that_is_no_json(line: str, expected: str) -> None:
    found = cause("JSONL", f"1\n{line}\n")
    assert expected in found
    assert "line 2" in found


def test_csv_headers_and_rules() -> None:
    text = '\ufeffpath,size\r\nC:\\\\x,1\r\n"a,b\nc","d""e"\r\n\r\nshort\r\nlong,2,3\r\n'
    assert values("CSV", text, CSVHeaderLocation="FIRST_ROW") == [
        {"path": "C:\\x", "size": "1"},
        {"path": "a,b\nc", "size": 'd"e'},
        {"path": "short", "size": ""},
        {"path": "long", "size": "2"},
    ]
    assert values("CSV", "1|2\n", CSVHeaderLocation="GIVEN", CSVHeaders=["a", "b"], CSVDelimiter="PIPE") == [
        {"a": "1", "b": "2"}
    ]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,b\n{""k"":""v""},x', [{"a": '{"k":"v"}', "b": "x"}]),
        ('a,b\n"""q""",""\n', [{"a": '"q"', "b": ""}]),
        ('a,b\nx"y,"z"w\n', [{"a": 'x"y', "b": "zw"}]),
        ('a,b\n"1\n2,3","\\"\\,\\n"\n', [{"a": "1\n2,3", "b": '",n'}]),
        ("a,b\nx\\,y,\\z\n\\\n", [{"a": "x,y", "b": "z"}, {"a": "", "b": ""}]),
        ('a,b\n"x\r\ny",1\r\n\r\n2,"3"\r\n', [{"a": "x\r\ny", "b": "1"}, {"a": "2", "b": "3"}]),
        ('"a,b",c\n1,2', [{"a,b": "1", "c": "2"}]),
    ],
)
def test_csv_quotes_and_backslashes(text: str, rows: list[dict[str, str]]) -> None:
    assert values("CSV", text, CSVHeaderLocation="FIRST_ROW") == rows


def test_csv_that_is_wrong() -> None:
    assert "CSV headers cannot contain duplicates." in cause("CSV", "a,b,a\n1,2,3\n")
    assert "no header row" in cause("CSV", "")
    assert "CSVDelimiter 'DOT' is not one of COMMA, PIPE" in cause("CSV", "a\n", CSVDelimiter="DOT")
    assert "neither FIRST_ROW nor GIVEN" in cause("CSV", "a\n", CSVHeaderLocation="LAST")
    assert "the file ends inside quotes" in cause("CSV", 'a\n"x\n')
    assert "the CSV header is longer than 10240 bytes" in cause("CSV", "a" * 10_240)
    assert "line 2 is longer than 8388608 characters" in cause("CSV", "a\n" + "x" * (MAX_MEMBER + 1))
    assert "is longer than 8388608 characters" in cause("CSV", 'a\n"' + "x\n" * (MAX_MEMBER // 2 + 2))


def test_max_items() -> None:
    packed = gzip.compress(b'{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    assert values("JSONL", packed, "f.jsonl.gz", MaxItems=2) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("ending", ["gz", "gzip", "zst", "zstd"])
def test_compressed_by_the_ending(ending: str) -> None:
    text = "".join(f"{number}\n" for number in range(50_000)).encode()
    halves = [text[: len(text) // 2], text[len(text) // 2 :]]  # two members, two frames
    squeeze = gzip.compress if ending.startswith("g") else zstandard.ZstdCompressor().compress
    packed = b"".join(squeeze(half) for half in halves)
    assert values("JSONL", packed, f"f.jsonl.{ending}") == list(range(50_000))
    assert cause("JSONL", b"plain", f"f.{ending}").startswith(f"Cannot read items from s3://b/f.{ending}: ")
    assert cause("JSONL", packed[:-50], f"f.{ending}").startswith(f"Cannot read items from s3://b/f.{ending}: ")


@pytest.mark.parametrize(("kind", "key", "package"), [("JSONL", "f.zst", "zstandard"), ("PARQUET", "f", "pyarrow")])
def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, kind: str, key: str, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert cause(kind, b"", key) == (
        f"Reading '{key}' needs the package {package}: pip install 'stepfunctions-sdk[local]'"
    )


def of_rows(rows: list[dict[str, Any]], schema: Any = None, group: int = 2, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), file, row_group_size=group, **options)
    return file.getvalue()


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
def test_parquet_of_any_compression(compression: str) -> None:
    rows = [{"n": number, "s": "x" * number} for number in range(7)]
    assert values("PARQUET", of_rows(rows, compression=compression)) == rows


def test_parquet_values_that_json_has_not() -> None:
    schema = pyarrow.schema(
        [
            ("at", pyarrow.timestamp("us", tz="UTC")),
            ("day", pyarrow.date32()),
            ("hour", pyarrow.time64("us")),
            ("took", pyarrow.duration("us")),
            ("price", pyarrow.decimal128(10, 2)),
            ("whole", pyarrow.decimal128(10, 0)),
            ("raw", pyarrow.binary()),
            ("text", pyarrow.binary()),
            ("nan", pyarrow.float64()),
            ("map", pyarrow.map_(pyarrow.int32(), pyarrow.float64())),
        ]
    )
    row = {
        "at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        "day": date(2024, 1, 2),
        "hour": time(3, 4),
        "took": timedelta(minutes=1.5),
        "price": Decimal("1.25"),
        "whole": Decimal(7),
        "raw": b"\xff\x00",
        "text": "é".encode(),
        "nan": float("nan"),
        "map": [(1, 0.5), (2, float("inf"))],
    }
    assert values("PARQUET", of_rows([row], schema)) == [
        {
            "at": "2024-01-02T03:04:05+00:00",
            "day": "2024-01-02",
            "hour": "03:04:00",
            "took": 90.0,
            "price": 1.25,
            "whole": 7,
            "raw": base64.b64encode(b"\xff\x00").decode(),
            "text": "é",
            "nan": None,
            "map": {"1": 0.5, "2": None},
        }
    ]


def test_parquet_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    content = of_rows([{"n": 1}])
    monkeypatch.setattr(parquet_reader, "LARGEST_GROUP", 1)
    assert "the row group 0 has" in cause("PARQUET", content)
    monkeypatch.setattr(parquet_reader, "LARGEST_FOOTER", 1)
    assert "the footer has" in cause("PARQUET", content)
    assert cause("PARQUET", b"no").startswith("Cannot read items from s3://b/f.x: ")


def manifest(content: Any, files: dict[str, Any], **config: Any) -> list[Any]:
    objects = Files(**{"m": content, **files})
    try:
        found = list(read_items(reader_of("m", **config), objects))
    finally:
        assert all(stream.closed for stream in objects.opened)
    return [item.value for item in found]


def reader_of(key: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": key},
        "ReaderConfig": config,
    }


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("x", "this is not the manifest.json of an S3 inventory"),
        ({"fileFormat": "CSV", "fileSchema": 1}, "this is not the manifest.json of an S3 inventory"),
        ("[" * 100_000, "this is not the manifest.json of an S3 inventory"),
        (" " * (MAX_MEMBER + 1), "the manifest is longer than 8388608 characters"),
        ({"fileFormat": "ORC", "fileSchema": "Key", "destinationBucket": "b", "files": []}, "the inventory is in ORC"),
    ],
)
def test_an_inventory_that_is_none(content: Any, expected: str) -> None:
    with pytest.raises(StateFailed, match=r"Cannot read items from s3://b/m: ") as caught:
        manifest(content, {}, ManifestType="S3_INVENTORY")
    assert expected in caught.value.cause


@pytest.mark.parametrize("line", ["x", "s3://b", "s3:///k", "http://b/k"])
def test_an_athena_manifest_that_is_none(line: str) -> None:
    with pytest.raises(StateFailed, match="is not the URI of an object"):
        manifest(line, {}, ManifestType="ATHENA_DATA", InputType="JSONL")


def test_an_athena_manifest_of_what_athena_does_not_write() -> None:
    with pytest.raises(StateFailed, match="is one of CSV, JSONL, PARQUET"):
        manifest("s3://b/k", {"k": "[]"}, ManifestType="ATHENA_DATA", InputType="JSON")


def test_folders_of_the_console_are_listed_and_not_loaded() -> None:
    objects = Files(**{"in/": "", "in/a": "1\n"})
    listing: dict[str, Any] = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    assert [item.value["Key"] for item in read_items(listing, objects)] == ["in/", "in/a"]
    listing["ReaderConfig"] = {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}
    assert [item.value for item in read_items(listing, objects)] == [1]


def test_what_cannot_be_read_says_so() -> None:
    where = {"Bucket": "b", "Key": "gone.json"}
    with pytest.raises(StateFailed, match=r"Cannot read s3://b/gone\.json: there is no mock for it; .*\(NoSuchKey\)"):
        list(read_items({**reader("JSON", "x"), "Parameters": where}, Files()))
    assert "The InputType 'MANIFEST' does not fit" in cause("MANIFEST", "", ManifestType="OTHER")
    assert "utf-8" in cause("JSONL", b"\xff\xfe")
    get = "arn:aws:states:::s3:getObject"
    for parameters, expected in (
        ({"Bucket": 1, "Key": "k"}, "needs the string 'Bucket'"),
        (["b", "k"], "needs the string 'Bucket'"),
        ({"Bucket": "b", "Key": 1}, "needs the string 'Key'"),
        ({"Bucket": "b", "Key": "k", "VersionId": "2"}, "NoSuchVersion"),
        ({"Bucket": "b", "Key": "k", "VersionId": 2}, "'VersionId' of the ItemReader must be a string"),
    ):
        with pytest.raises(StateFailed, match=expected):
            list(read_items({"Resource": get, "Parameters": parameters}, Files(k="[]")))
    assert not list(
        read_items({"Resource": get, "Parameters": {**where, "VersionId": "null"}}, Files(**{"gone.json": "[]"}))
    )
    with pytest.raises(StateFailed, match="The 'Prefix' of the ItemReader must be a string"):
        list(
            read_items(
                {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": 1}}, Files()
            )
        )
    with pytest.raises(StateFailed, match=r"Cannot list s3://c/: The specified bucket does not exist \(NoSuchBucket\)"):
        list(read_items({"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "c"}}, Files()))
    with pytest.raises(StateFailed, match="is not supported; use"):
        list(read_items({"Resource": "arn:aws:states:::dynamodb:scan"}, Files()))
    with pytest.raises(StateFailed, match="no object store here"):
        list(read_items(reader("JSON", "x"), None))


class Endless:
    """An ObjectStore with one object that is made while it is read."""

    def __init__(self, kind: str, count: int) -> None:
        self.kind, self.count = kind, count

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        return io.BufferedReader(Lines(self.pieces()))

    def pieces(self) -> Iterator[bytes]:
        text = "x" * 200
        if self.kind == "JSON":
            yield b'{"skip": [1, {"a": "]"}], "items": ['
            yield from (b'%s{"n": %d, "t": "%s"}' % (b"," if n else b"", n, text.encode()) for n in range(self.count))
            yield b"]}"
        elif self.kind == "CSV":
            yield b"n,t\n"
            yield from (b'%d,"%s"\n' % (n, text.encode()) for n in range(self.count))
        else:
            yield from (b'{"n": %d, "t": "%s"}\n' % (n, text.encode()) for n in range(self.count))

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        raise NotImplementedError

    def create(self, bucket: str, key: str) -> Upload:
        raise NotImplementedError


class Lines(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self.rest = self.rest or next(self.pieces, b"")
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


@pytest.mark.parametrize("kind", ["JSON", "JSONL", "CSV"])
def test_memory_does_not_grow_with_the_number_of_items(kind: str) -> None:
    config = {"ItemsPointer": "/items"} if kind == "JSON" else {}

    def peak(count: int) -> int:
        tracemalloc.start()
        try:
            assert sum(1 for _ in read_items(reader(kind, "f", **config), Endless(kind, count))) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    assert peak(20_000) < peak(2_000) + 200_000
