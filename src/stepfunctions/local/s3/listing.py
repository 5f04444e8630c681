"""Listing keys with prefix, delimiter and pages: S3's order is that of the keys' UTF-8 bytes, as SQLite's is.

A delimiter groups keys into common prefixes; the scan jumps over each group with one seek, so the cost of a page
does not depend on how many keys its groups have.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from stepfunctions.local.s3.records import ObjectInfo, object_of
from stepfunctions.local.s3.versions import COLUMNS

_LAST = 0x10FFFF


@dataclass(frozen=True)
class Page:
    """One page of a listing. ``last`` is the greatest name in it (key or common prefix), None when empty."""

    objects: tuple[ObjectInfo, ...]
    prefixes: tuple[str, ...]
    truncated: bool
    last: str | None


def after_prefix(prefix: str) -> str | None:
    """Return the least string greater than every string with this prefix, None when there is none."""
    for index in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[index])
        if code < _LAST:
            following = 0xE000 if code == 0xD7FF else code + 1  # surrogates are no characters
            return prefix[:index] + chr(following)
    return None


def common_prefix(name: str, prefix: str, delimiter: str) -> str | None:
    """Return the group a key is listed as, None when it is listed itself."""
    if not delimiter:
        return None
    at = name.find(delimiter, len(prefix))
    return None if at < 0 else name[: at + len(delimiter)]


def list_page(
    reader: sqlite3.Connection,
    bucket: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    limit: int = 1000,
) -> Page:
    """Return the first ``limit`` names greater than ``after``."""
    objects: list[ObjectInfo] = []
    prefixes: list[str] = []
    last: str | None = None
    seek: str | None = max(prefix, after)
    while limit and seek is not None:
        jump: str | None = None
        with closing(_rows(reader, bucket, prefix, seek)) as rows:  # an open cursor would hold back checkpoints
            for row in rows:
                key = row["key"]
                group = common_prefix(key, prefix, delimiter)
                name = key if group is None else group
                if name > after:
                    if len(objects) + len(prefixes) == limit:
                        return Page(tuple(objects), tuple(prefixes), True, last)
                    last = name
                    if group is None:
                        objects.append(object_of(row))
                    else:
                        prefixes.append(group)
                if group is not None:
                    jump = after_prefix(group)
                    break
        seek = jump
    return Page(tuple(objects), tuple(prefixes), False, last)


@dataclass(frozen=True)
class VersionPage:
    """One page of the versions of a bucket: each with whether it is its key's latest; ``last`` as in Page."""

    versions: tuple[tuple[ObjectInfo, bool], ...]
    prefixes: tuple[str, ...]
    truncated: bool
    last: tuple[str, str] | None


def list_versions(
    reader: sqlite3.Connection,
    bucket: str,
    *,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    after_number: int | None = None,
    limit: int = 1000,
) -> VersionPage:
    """Return the first ``limit`` versions behind ``after``, newest first for each key.

    ``after_number``: versions of the key ``after`` itself that are older than this number come too.
    """
    versions: list[tuple[ObjectInfo, bool]] = []
    prefixes: list[str] = []
    last: tuple[str, str] | None = None
    seen = after if after_number is not None else None
    seek: str | None = max(prefix, after)
    while limit and seek is not None:
        jump: str | None = None
        with closing(_version_rows(reader, bucket, prefix, seek)) as rows:
            for row in rows:
                key, group = row["key"], common_prefix(row["key"], prefix, delimiter)
                if group is not None:
                    jump = after_prefix(group)
                if (group or key) <= after and not (key == after and row["number"] < (after_number or 0)):
                    if group is not None:
                        break
                    continue
                if len(versions) + len(prefixes) == limit:
                    return VersionPage(tuple(versions), tuple(prefixes), True, last)
                if group is not None:
                    prefixes.append(group)
                    last = (group, "")
                    break
                versions.append((object_of(row), key != seen))
                last, seen = (key, row["version"]), key
        seek = jump
    return VersionPage(tuple(versions), tuple(prefixes), False, last)


def _version_rows(reader: sqlite3.Connection, bucket: str, prefix: str, seek: str) -> sqlite3.Cursor:
    end = after_prefix(prefix)
    where, values = "bucket = ? AND key >= ?", [bucket, seek]
    if end is not None:
        where, values = f"{where} AND key < ?", [*values, end]
    return reader.execute(
        f"SELECT {COLUMNS} FROM objects WHERE {where} UNION ALL SELECT {COLUMNS} FROM versions WHERE {where}"
        " ORDER BY key, number DESC",
        (*values, *values),
    )


def _rows(reader: sqlite3.Connection, bucket: str, prefix: str, seek: str) -> sqlite3.Cursor:
    end = after_prefix(prefix)
    if end is None:
        return reader.execute("SELECT * FROM objects WHERE bucket = ? AND key >= ? ORDER BY key", (bucket, seek))
    return reader.execute(
        "SELECT * FROM objects WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key", (bucket, seek, end)
    )
