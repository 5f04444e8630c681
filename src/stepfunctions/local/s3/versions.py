"""The versions of objects as rows: which one is current, what a write or a delete does to the others.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from __future__ import annotations

import re
import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from stepfunctions.local.s3.faults import S3Error, invalid_argument, no_such_key, no_such_version
from stepfunctions.local.s3.records import NULL_VERSION, ObjectInfo, encode, object_of
from stepfunctions.runtime.clock import moment

ENABLED = "Enabled"
SUSPENDED = "Suspended"
COLUMNS = "bucket, key, content, size, etag, modified, attributes, checksum, tags, parts, upload_id, version, number"
_MARKS = ", ".join("?" * len(COLUMNS.split(",")))
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Deletion:
    """What a delete did. ``gone`` is the row that it removed for good, ``marker`` the delete marker that it made."""

    gone: ObjectInfo | None = None
    marker: ObjectInfo | None = None

    @property
    def freed(self) -> list[str]:
        """The contents that no row names any more."""
        return [self.gone.content] if self.gone is not None and self.gone.content else []


def find(connection: sqlite3.Connection, bucket: str, key: str) -> ObjectInfo | None:
    """Return the current object, None when there is none or it is a delete marker."""
    row = connection.execute("SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
    return None if row is None else object_of(row)


def find_version(connection: sqlite3.Connection, bucket: str, key: str, version: str) -> ObjectInfo | None:
    """Return one version, which may be a delete marker; raises InvalidArgument for what is no version id."""
    if version != NULL_VERSION and not _ID.fullmatch(version):
        raise invalid_argument("Invalid version id specified", "versionId", version)
    for table in ("objects", "versions"):
        row = connection.execute(
            f"SELECT * FROM {table} WHERE bucket = ? AND key = ? AND version = ?", (bucket, key, version)
        ).fetchone()
        if row is not None:
            return object_of(row)
    return None


def read_version(connection: sqlite3.Connection, bucket: str, key: str, version: str | None) -> ObjectInfo:
    """Return what a read of a key, or of one version of it, is answered with.

    Raises NoSuchKey, NoSuchVersion, and MethodNotAllowed for the version id of a delete marker, as on AWS.
    """
    if version is None:
        info = find(connection, bucket, key)
        if info is not None:
            return info
        marker = _newest(connection, bucket, key)
        fault = no_such_key(key)
        if marker is not None:
            fault.headers.update({"x-amz-delete-marker": "true", "x-amz-version-id": marker.version})
        raise fault
    info = find_version(connection, bucket, key, version)
    if info is None:
        raise no_such_version(key, version)
    if info.is_marker:
        raise S3Error(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            405,
            {"Method": "GET", "ResourceType": "DeleteMarker"},
            {"x-amz-delete-marker": "true", "x-amz-version-id": version, "Allow": "DELETE"},
        )
    return info


def add(
    writer: sqlite3.Connection, versioning: str, old: ObjectInfo | None, info: ObjectInfo
) -> tuple[ObjectInfo, list[str]]:
    """Make ``info`` the current version in place of ``old``; return it with its id, and the contents freed."""
    if not versioning:
        info = replace(info, number=_number(info, old))
        _insert(writer, "objects", info)
        return info, [] if old is None else [old.content]
    info = _numbered(writer, versioning, info, old)
    freed = _make_room(writer, versioning, info, old)
    _insert(writer, "objects", info)
    return info, freed


def delete_current(
    writer: sqlite3.Connection, versioning: str, old: ObjectInfo | None, bucket: str, key: str, now: float
) -> Deletion:
    """Delete a key: for good in a bucket without versions, else by a delete marker."""
    if not versioning:
        writer.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
        return Deletion(gone=old)
    marker = ObjectInfo(bucket=bucket, key=key, size=0, etag="", last_modified=moment(now), content="")
    marker = _numbered(writer, versioning, marker, old)
    gone = find_version(writer, bucket, key, NULL_VERSION) if versioning == SUSPENDED else None
    _make_room(writer, versioning, marker, old)
    writer.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
    _insert(writer, "versions", marker)
    return Deletion(gone=gone, marker=marker)


def delete_version(writer: sqlite3.Connection, bucket: str, key: str, version: str) -> Deletion:
    """Delete one version for good; the newest of the others is current then. One that is not there is deleted too."""
    gone = find_version(writer, bucket, key, version)
    if gone is None:
        return Deletion()
    for table in ("objects", "versions"):
        writer.execute(f"DELETE FROM {table} WHERE bucket = ? AND key = ? AND version = ?", (bucket, key, version))
    if find(writer, bucket, key) is None:
        newest = _newest(writer, bucket, key)
        if newest is not None and not newest.is_marker:
            writer.execute(
                "DELETE FROM versions WHERE bucket = ? AND key = ? AND number = ?", (bucket, key, newest.number)
            )
            _insert(writer, "objects", newest)
    return Deletion(gone=gone)


def number_of(connection: sqlite3.Connection, bucket: str, key: str, version: str) -> int:
    """Return the place of a version in its key's order, also of one that is not there any more."""
    found = find_version(connection, bucket, key, version)
    if found is not None:
        return found.number
    return 0 if version == NULL_VERSION else int(version[:16], 16)


def _numbered(writer: sqlite3.Connection, versioning: str, info: ObjectInfo, old: ObjectInfo | None) -> ObjectInfo:
    number = _number(info, old or _newest(writer, info.bucket, info.key))
    return replace(
        info, number=number, version=NULL_VERSION if versioning == SUSPENDED else f"{number:016x}{secrets.token_hex(8)}"
    )


def _number(info: ObjectInfo, newest: ObjectInfo | None) -> int:
    """Return microseconds since the epoch, and more than the version before had also when the clock went back."""
    return max(int(info.last_modified.timestamp() * 1_000_000), newest.number + 1 if newest is not None else 0)


def _make_room(writer: sqlite3.Connection, versioning: str, info: ObjectInfo, old: ObjectInfo | None) -> list[str]:
    """Let the current version be an older one; in a suspended bucket the null version goes. Return what is freed."""
    place = (info.bucket, info.key)
    if old is not None and (versioning == ENABLED or old.version != NULL_VERSION):
        _insert(writer, "versions", old)
    if versioning == ENABLED:
        return []
    null = find_version(writer, *place, NULL_VERSION)
    writer.execute("DELETE FROM versions WHERE bucket = ? AND key = ? AND version = ?", (*place, NULL_VERSION))
    return [null.content] if null is not None and null.content else []


def _newest(connection: sqlite3.Connection, bucket: str, key: str) -> ObjectInfo | None:
    row = connection.execute(
        "SELECT * FROM versions WHERE bucket = ? AND key = ? ORDER BY number DESC LIMIT 1", (bucket, key)
    ).fetchone()
    return None if row is None else object_of(row)


def _insert(writer: sqlite3.Connection, table: str, info: ObjectInfo) -> None:
    checksum = info.checksum and encode([info.checksum.algorithm, info.checksum.value, info.checksum.kind])
    values: tuple[Any, ...] = (
        info.bucket,
        info.key,
        info.content or None,
        info.size,
        info.etag,
        info.last_modified.timestamp(),
        encode(dict(info.attributes)),
        checksum,
        encode(dict(info.tags)),
        encode(info.parts),
        info.upload_id,
        info.version,
        info.number,
    )
    writer.execute(f"INSERT OR REPLACE INTO {table} ({COLUMNS}) VALUES ({_MARKS})", values)
