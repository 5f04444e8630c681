from __future__ import annotations

import gzip
import io
import json
import random
from typing import Any, BinaryIO

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.runtime.items import items_of, read_items
from stepfunctions.runtime.json_stream import MAX_MEMBER, JsonStream, JsonStreamError


class Files:
    """An ObjectReader over a dict that counts what it opened and what was closed."""

    def __init__(self, **files: bytes) -> None:
        self.files = files
        self.opened: list[BinaryIO] = []

    def open(self, bucket: str, key: str) -> BinaryIO:
        name = key.split(".")[0]
        if name not in self.files:
            raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        stream = io.BytesIO(self.files[name])
        self.opened.append(stream)
        return stream


def reader(kind: str, key: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": key},
        "ReaderConfig": {"InputType": kind, **config},
    }


def values(kind: str, content: str | bytes, key: str = "f.x", **config: Any) -> list[Any]:
    files = Files(f=content.encode() if isinstance(content, str) else content)
    result = list(read_items(reader(kind, key, **config), files))
    assert all(stream.closed for stream in files.opened)
    return [value if name is None else (name, value) for name, value in result]


def cause(kind: str, content: str, key: str = "f.x", **config: Any) -> str:
    with pytest.raises(StateFailed) as caught:
        values(kind, content, key, **config)
    assert caught.value.error == "States.ItemReaderFailed"
    return caught.value.cause


def test_state_items_are_elements_or_members() -> None:
    assert list(items_of(Document([1, 2]))) == [(None, 1), (None, 2)]
    assert list(items_of(Document({"a": 1}))) == [("a", 1)]


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
        ("7", "neither an array nor an object"),
        ("", "neither an array nor an object"),
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


def test_csv_that_is_wrong() -> None:
    assert "CSV headers must be unique; found twice: a" in cause("CSV", "a,b,a\n1,2,3\n")
    assert "no header row" in cause("CSV", "")
    assert "CSVDelimiter 'DOT' is not one of COMMA, PIPE" in cause("CSV", "a\n", CSVDelimiter="DOT")
    assert "neither FIRST_ROW nor GIVEN" in cause("CSV", "a\n", CSVHeaderLocation="LAST")


def test_max_items_and_gzip() -> None:
    packed = gzip.compress(b'{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    assert values("JSONL", packed, "f.jsonl.gz", MaxItems=2) == [{"n": 1}, {"n": 2}]
    with pytest.raises(StateFailed, match=r"Cannot read items from s3://b/f\.gz: Not a gzipped file"):
        values("JSONL", b"plain", "f.gz")


def test_what_cannot_be_read_says_so() -> None:
    assert cause("JSON", "", "gone.json") == (
        "Cannot read s3://b/gone.json: The specified key does not exist. (NoSuchKey)"
    )
    assert "use CSV, JSON or JSONL" in cause("PARQUET", "")
    with pytest.raises(StateFailed, match="utf-8"):
        values("JSONL", b"\xff\xfe")
    with pytest.raises(StateFailed, match="needs the strings 'Bucket' and 'Key'"):
        list(read_items({"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": 1}}, Files()))
    with pytest.raises(StateFailed, match="is not supported here"):
        list(read_items({"Resource": "arn:aws:states:::dynamodb:scan"}, Files()))
    with pytest.raises(StateFailed, match="no object store here"):
        list(read_items(reader("JSON", "x"), None))
