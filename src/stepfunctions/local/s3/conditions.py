"""Conditional requests and byte ranges.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html, RFC 9110 sections 13 and 14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from stepfunctions.local.s3.faults import S3Error, invalid_argument, no_such_key, not_implemented, precondition_failed
from stepfunctions.local.s3.records import ObjectInfo

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class NotModified(S3Error):
    """The object is the one the client has already (304, an answer without a body)."""

    def __init__(self, info: ObjectInfo) -> None:
        super().__init__("NotModified", "Not Modified", 304)
        self.info = info


@dataclass(frozen=True)
class Slice:
    """The bytes ``[start, start + length)`` of a content."""

    start: int
    length: int


def check_read(info: ObjectInfo, request: Mapping[str, Any], prefix: str = "") -> None:
    """Check ``If…`` members of a read; with ``prefix`` ("CopySource") those of a copy's source, which never give 304.

    Raises PreconditionFailed or :class:`NotModified`. A true If-Match makes If-Unmodified-Since irrelevant, and a
    given If-None-Match makes If-Modified-Since irrelevant.
    """
    match, none_match = request.get(f"{prefix}IfMatch"), request.get(f"{prefix}IfNoneMatch")
    unmodified = request.get(f"{prefix}IfUnmodifiedSince")
    modified = request.get(f"{prefix}IfModifiedSince")
    if match is not None:
        if not _matches(match, info.etag):
            raise precondition_failed("If-Match")
    elif unmodified is not None and _seconds(info.last_modified) > _seconds(unmodified):
        raise precondition_failed("If-Unmodified-Since")
    if none_match is not None:
        same = _matches(none_match, info.etag)
    else:
        same = modified is not None and _seconds(info.last_modified) <= _seconds(modified)
    if same and prefix:
        raise precondition_failed("If-None-Match" if none_match is not None else "If-Modified-Since")
    if same:
        raise NotModified(info)


def check_write(existing: ObjectInfo | None, request: Mapping[str, Any]) -> None:
    """Check If-Match and If-None-Match of a write against the object that would be replaced (None: there is none)."""
    match, none_match = request.get("IfMatch"), request.get("IfNoneMatch")
    if none_match is not None:
        if none_match.strip() != "*":
            raise not_implemented("If-None-Match with an ETag on a write", "Use If-None-Match: *.")
        if existing is not None:
            raise precondition_failed("If-None-Match")
    if match is not None:
        if existing is None:
            raise no_such_key(str(request.get("Key", "")))
        if not _matches(match, existing.etag):
            raise precondition_failed("If-Match")


def choose_slice(info: ObjectInfo, range_: str | None, part: int | None) -> Slice | None:
    """Return the part of the object a Range header or a part number asks for, None for all of it.

    A header that is no single byte range is ignored, as HTTP says; one outside the object raises InvalidRange.
    """
    if part is not None:
        if range_ is not None:
            raise S3Error("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        return _part_slice(info, part)
    match = _RANGE.fullmatch(range_.strip()) if range_ is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        start = int(match[1])
        last = min(int(match[2]), info.size - 1) if match[2] else info.size - 1
        if match[2] and int(match[2]) < start:
            return None
    else:
        start, last = max(0, info.size - int(match[2])), info.size - 1
    if start > last:
        raise S3Error(
            "InvalidRange",
            "The requested range is not satisfiable",
            416,
            {"RangeRequested": str(range_), "ActualObjectSize": str(info.size)},
            {"Content-Range": f"bytes */{info.size}"},
        )
    return Slice(start, last - start + 1)


def copy_slice(size: int, range_: str | None) -> Slice:
    """Return what CopySourceRange asks for: only ``bytes=first-last`` within the source is accepted."""
    if range_ is None:
        return Slice(0, size)
    match = _RANGE.fullmatch(range_.strip())
    if match is None or not (match[1] and match[2]):
        raise invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            range_,
        )
    start, last = int(match[1]), int(match[2])
    if start > last or last >= size:
        raise invalid_argument(
            f"Range specified is not valid for source object of size: {size}", "x-amz-copy-source-range", range_
        )
    return Slice(start, last - start + 1)


def _part_slice(info: ObjectInfo, part: int) -> Slice:
    sizes = info.parts or (info.size,)
    if not 1 <= part <= len(sizes):
        raise S3Error(
            "InvalidPartNumber",
            "The requested partnumber is not satisfiable",
            416,
            {"PartNumberRequested": str(part), "ActualPartCount": str(len(sizes))},
        )
    return Slice(sum(sizes[: part - 1]), sizes[part - 1])


def _matches(header: str, etag: str) -> bool:
    wanted = [one.strip().removeprefix("W/").strip('"') for one in header.split(",")]
    return "*" in wanted or etag in wanted


def _seconds(when: datetime) -> int:
    # HTTP dates have whole seconds.
    return int((when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp())
