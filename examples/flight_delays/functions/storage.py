"""What the five functions share: where things are in the bucket, and reading and writing them.

The bucket's name comes from the function's environment variable BUCKET. Layout:

    raw/…                               the files as they were delivered
    lake/flights/week=NN/…              cleaned flights, one partition a week (Extract)
    incoming/week=NN.csv                a week's raw flights, as they come (the weekly workflow)
    recent/<run>/, trained/<run>/       what the drift monitor compares (Recent; Convert to training sets)
    runs/<run>/due.jsonl                what one execution retrains (Prepare)
    runs/<run>/routes/<route>.json      how one training was judged (Promote, Keep)
    runs/<run>/summary.json             the outcome of the execution (HandleSuccess, HandleFailed)
    sets/<run>/<route>/…                training sets (Convert to training sets)
    training/<job>/output/…             what a training job leaves
    champions/<route>.json              the registry: what serves each route, and when it was last trained
    releases/<run>/<route>.tar.gz       the models behind the endpoint
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3

BUCKET = os.environ["BUCKET"]
s3 = boto3.client("s3")


def read_bytes(key: str) -> bytes:
    """The content of an object of the bucket."""
    body: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body


def read_json(key: str) -> Any:
    """The JSON document stored at a key."""
    return json.loads(read_bytes(key))


def write_json(key: str, document: Any) -> None:
    """Store a JSON document; readers see the old one or the new one, never a half of it."""
    write_bytes(key, json.dumps(document, indent=1).encode(), "application/json")


def write_bytes(key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
    """Store an object."""
    s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=content_type)


def keys(prefix: str) -> Iterator[str]:
    """Every key under a prefix, in order."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
        for entry in page.get("Contents", []):
            yield entry["Key"]


def champions() -> dict[str, dict[str, Any]]:
    """The registry: route -> its record."""
    records = (read_json(key) for key in keys("champions/"))
    return {record["route"]: record for record in records}


def partition(week: int) -> str:
    """The key of a week of the lake."""
    return f"lake/flights/week={week:02}/flights.csv"


def uri(key: str) -> str:
    """The s3:// address of a key of the bucket."""
    return f"s3://{BUCKET}/{key}"


def split_uri(address: str) -> tuple[str, str]:
    """``s3://bucket/key`` -> (bucket, key)."""
    parts = urlsplit(address)
    return parts.netloc, parts.path.lstrip("/")


def unpack(archive: bytes) -> dict[str, bytes]:
    """The files of a .tar.gz, by name."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        members = [member for member in tar if member.isfile()]
        return {member.name.removeprefix("./"): _content(tar, member) for member in members}


def pack(files: dict[str, bytes]) -> bytes:
    """A .tar.gz of the files; the same files give the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(member)
    assert stream is not None  # a regular file
    with stream:
        return stream.read()
