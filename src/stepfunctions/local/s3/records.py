"""The rows of the index and what they say: buckets, objects, multipart uploads and their parts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from stepfunctions.runtime.clock import moment

MIGRATIONS = (
    """
    CREATE TABLE buckets (
        name TEXT PRIMARY KEY, region TEXT NOT NULL, created REAL NOT NULL, tags TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID;
    CREATE TABLE objects (
        bucket TEXT NOT NULL REFERENCES buckets (name), key TEXT NOT NULL, content TEXT NOT NULL,
        size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, attributes TEXT NOT NULL,
        checksum TEXT, tags TEXT NOT NULL, parts TEXT NOT NULL, upload_id TEXT,
        PRIMARY KEY (bucket, key)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX objects_content ON objects (content);
    CREATE TABLE uploads (
        upload_id TEXT PRIMARY KEY, bucket TEXT NOT NULL REFERENCES buckets (name), key TEXT NOT NULL,
        initiated REAL NOT NULL, attributes TEXT NOT NULL, tags TEXT NOT NULL, algorithm TEXT, kind TEXT
    ) WITHOUT ROWID;
    CREATE INDEX uploads_key ON uploads (bucket, key, upload_id);
    CREATE TABLE parts (
        upload_id TEXT NOT NULL REFERENCES uploads (upload_id), number INTEGER NOT NULL, content TEXT NOT NULL,
        size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, checksums TEXT NOT NULL,
        PRIMARY KEY (upload_id, number)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX parts_content ON parts (content);
    """,
    # The newest version of a key is in ``objects``, unless it is a delete marker. All others are in ``versions``;
    # a delete marker has no content. ``number`` orders the versions of a key.
    """
    ALTER TABLE buckets ADD COLUMN versioning TEXT NOT NULL DEFAULT '';
    ALTER TABLE buckets ADD COLUMN notifies INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE objects ADD COLUMN version TEXT NOT NULL DEFAULT 'null';
    ALTER TABLE objects ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE versions (
        bucket TEXT NOT NULL REFERENCES buckets (name), key TEXT NOT NULL, content TEXT,
        size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL, attributes TEXT NOT NULL,
        checksum TEXT, tags TEXT NOT NULL, parts TEXT NOT NULL, upload_id TEXT,
        version TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (bucket, key, number DESC)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX versions_version ON versions (bucket, key, version);
    CREATE UNIQUE INDEX versions_content ON versions (content);
    CREATE TABLE configurations (
        bucket TEXT NOT NULL REFERENCES buckets (name), kind TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (bucket, kind)
    ) WITHOUT ROWID;
    CREATE TABLE changes (id INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, change TEXT NOT NULL);
    """,
)
NULL_VERSION = "null"
DEFAULT_CONTENT_TYPE = "binary/octet-stream"


@dataclass(frozen=True)
class Checksum:
    """The one checksum an object has; ``kind`` is FULL_OBJECT or COMPOSITE (checksum of the parts' checksums)."""

    algorithm: str
    value: str
    kind: str = "FULL_OBJECT"


@dataclass(frozen=True, kw_only=True)
class BucketInfo:
    """A bucket. ``versioning`` is Enabled or Suspended, "" when it never was enabled."""

    name: str
    region: str
    created: datetime
    tags: Mapping[str, str]
    versioning: str = ""
    notifies: bool = False


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """An object as it was when asked for. ``size`` in bytes; ``etag`` without quotes; times in UTC.

    ``attributes`` are the stored headers under boto3's names (``ContentType``, ``Metadata``, …), ``parts`` the
    sizes of the parts of a multipart object, ``content`` the id of its file. ``version`` is its version id, and
    ``number`` is greater than that of every older version of the key.
    """

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: datetime
    content: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    checksum: Checksum | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[int, ...] = ()
    upload_id: str | None = None
    version: str = NULL_VERSION
    number: int = 0

    @property
    def is_marker(self) -> bool:
        """Whether this is a delete marker, which has no content."""
        return not self.content

    @property
    def content_type(self) -> str:
        """The Content-Type given with the object, or S3's default."""
        return str(self.attributes.get("ContentType", DEFAULT_CONTENT_TYPE))

    @property
    def metadata(self) -> Mapping[str, str]:
        """The user metadata, names without ``x-amz-meta-``."""
        metadata: Mapping[str, str] = self.attributes.get("Metadata", {})
        return metadata


@dataclass(frozen=True, kw_only=True)
class UploadInfo:
    """A multipart upload in progress, with what the object will have. ``algorithm``, ``kind``: its checksum's."""

    upload_id: str
    bucket: str
    key: str
    initiated: datetime
    attributes: Mapping[str, Any]
    tags: Mapping[str, str]
    algorithm: str | None
    kind: str | None


@dataclass(frozen=True, kw_only=True)
class PartInfo:
    """An uploaded part. ``checksums`` are base64 by algorithm."""

    number: int
    content: str
    size: int
    etag: str
    last_modified: datetime
    checksums: Mapping[str, str]


def encode(value: object) -> str:
    """Return the JSON text of a column."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_date)


def _date(value: object) -> str:
    if isinstance(value, datetime):  # the dates of lifecycle rules
        return value.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is no JSON")


def _decode(text: str) -> Any:
    # Most objects have no tags and no parts: nothing to parse.
    return {} if text == "{}" else [] if text == "[]" else json.loads(text)


def bucket_of(row: sqlite3.Row) -> BucketInfo:
    """Read a row of ``buckets``."""
    return BucketInfo(
        name=row["name"],
        region=row["region"],
        created=moment(row["created"]),
        tags=json.loads(row["tags"]),
        versioning=row["versioning"],
        notifies=bool(row["notifies"]),
    )


def object_of(row: sqlite3.Row) -> ObjectInfo:
    """Read a row of ``objects`` or ``versions``."""
    checksum = None if row["checksum"] is None else Checksum(*json.loads(row["checksum"]))
    return ObjectInfo(
        bucket=row["bucket"],
        key=row["key"],
        size=row["size"],
        etag=row["etag"],
        last_modified=moment(row["modified"]),
        content=row["content"] or "",
        attributes=_decode(row["attributes"]),
        checksum=checksum,
        tags=_decode(row["tags"]),
        parts=tuple(_decode(row["parts"])),
        upload_id=row["upload_id"],
        version=row["version"],
        number=row["number"],
    )


def upload_of(row: sqlite3.Row) -> UploadInfo:
    """Read a row of ``uploads``."""
    return UploadInfo(
        upload_id=row["upload_id"],
        bucket=row["bucket"],
        key=row["key"],
        initiated=moment(row["initiated"]),
        attributes=json.loads(row["attributes"]),
        tags=json.loads(row["tags"]),
        algorithm=row["algorithm"],
        kind=row["kind"],
    )


def part_of(row: sqlite3.Row) -> PartInfo:
    """Read a row of ``parts``."""
    return PartInfo(
        number=row["number"],
        content=row["content"],
        size=row["size"],
        etag=row["etag"],
        last_modified=moment(row["modified"]),
        checksums=json.loads(row["checksums"]),
    )
