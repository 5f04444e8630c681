"""Multipart uploads: parts are contents of their own until the upload is completed into one object.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from stepfunctions.local.s3.contents import Staged
from stepfunctions.local.s3.digests import composite, full_object
from stepfunctions.local.s3.faults import S3Error, invalid_argument, invalid_request, malformed_xml, no_such_upload
from stepfunctions.local.s3.objects import Objects, check_key
from stepfunctions.local.s3.records import Checksum, ObjectInfo, PartInfo, UploadInfo, encode, part_of, upload_of
from stepfunctions.runtime.clock import moment

MIN_PART_SIZE = 5 * 1024 * 1024
MAX_PARTS = 10_000


class Uploads:
    """The multipart uploads into a store of objects. Thread-safe."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._database = objects.database

    def create(
        self,
        bucket: str,
        key: str,
        *,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str],
        algorithm: str | None,
        kind: str | None,
    ) -> UploadInfo:
        """Begin an upload; ``algorithm`` and ``kind`` are those of the object's checksum, if it is to have one."""
        check_key(key)
        info = UploadInfo(
            upload_id=secrets.token_hex(24),
            bucket=bucket,
            key=key,
            initiated=moment(self._objects.now()),
            attributes=attributes,
            tags=tags,
            algorithm=algorithm,
            kind=kind,
        )
        with self._database.write() as writer:
            self._objects.buckets.require(writer, bucket)
            writer.execute(
                "INSERT INTO uploads (upload_id, bucket, key, initiated, attributes, tags, algorithm, kind)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    info.upload_id,
                    bucket,
                    key,
                    info.initiated.timestamp(),
                    encode(dict(attributes)),
                    encode(dict(tags)),
                    algorithm,
                    kind,
                ),
            )
        return info

    def get(self, bucket: str, key: str, upload_id: str) -> UploadInfo:
        """Return an upload in progress; raises NoSuchBucket or NoSuchUpload."""
        self._objects.buckets.get(bucket)
        return self._require(self._database.read(), bucket, key, upload_id)

    def put_part(self, upload: UploadInfo, number: int, staged: Staged, checksums: Mapping[str, str]) -> PartInfo:
        """Store a part, replacing one of the same number; takes the staged content over, also when it fails."""
        contents = self._objects.contents
        try:
            content = contents.adopt(staged)
        except BaseException:
            staged.discard()
            raise
        measured = staged.measured
        part = PartInfo(
            number=number,
            content=content,
            size=measured.size,
            etag=measured.md5.hex(),
            last_modified=moment(self._objects.now()),
            checksums=checksums,
        )
        try:
            with self._database.write() as writer:
                self._require(writer, upload.bucket, upload.key, upload.upload_id)
                old = writer.execute(
                    "SELECT content FROM parts WHERE upload_id = ? AND number = ?", (upload.upload_id, number)
                ).fetchone()
                writer.execute(
                    "INSERT OR REPLACE INTO parts (upload_id, number, content, size, etag, modified, checksums)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        upload.upload_id,
                        number,
                        content,
                        part.size,
                        part.etag,
                        part.last_modified.timestamp(),
                        encode(dict(part.checksums)),
                    ),
                )
        except BaseException:
            contents.remove([content])
            raise
        if old is not None:
            contents.remove([old["content"]])
        return part

    def parts(self, upload_id: str, after: int = 0, limit: int = MAX_PARTS) -> list[PartInfo]:
        """Return the parts with a greater number than ``after`` in order."""
        return _parts(self._database.read(), upload_id, after, limit)

    def uploads(self, bucket: str, prefix: str) -> list[UploadInfo]:
        """Return the uploads in progress of keys with this prefix, by key and then by time."""
        self._objects.buckets.get(bucket)
        rows = (
            self._database.read()
            .execute("SELECT * FROM uploads WHERE bucket = ? ORDER BY key, initiated, upload_id", (bucket,))
            .fetchall()
        )
        return [upload_of(row) for row in rows if row["key"].startswith(prefix)]

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Drop an upload and its parts; raises NoSuchUpload."""
        self._objects.buckets.get(bucket)
        with self._database.write() as writer:
            self._require(writer, bucket, key, upload_id)
            freed = _drop(writer, upload_id)
        self._objects.contents.remove(freed)

    def complete(
        self, bucket: str, key: str, upload_id: str, wanted: Sequence[Mapping[str, Any]], request: Mapping[str, Any]
    ) -> ObjectInfo:
        """Join the wanted parts (``PartNumber``, ``ETag``, checksums) into the object.

        Completing again what was completed returns the object there is, so that a client may retry.
        """
        self._objects.buckets.get(bucket)
        reader = self._database.read()
        try:
            upload = self._require(reader, bucket, key, upload_id)
        except S3Error:
            return self._completed(bucket, key, upload_id)
        parts = _choose(wanted, {part.number: part for part in _parts(reader, upload_id)}, upload_id)
        size = sum(part.size for part in parts)
        expected = request.get("MpuObjectSize")
        if expected is not None and expected != size:
            raise invalid_request(
                f"The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {size}"
            )
        checksum = _checksum(upload, parts, request)
        self._objects.check_put(bucket, key, request)
        try:
            content = self._objects.contents.join([part.content for part in parts])
        except FileNotFoundError:  # a part was replaced, or the upload aborted or completed, meanwhile
            self._require(self._database.read(), bucket, key, upload_id)
            raise _invalid_part(upload_id, parts[0]) from None
        return self._store(upload, parts, content, checksum, request)

    def _store(
        self,
        upload: UploadInfo,
        parts: Sequence[PartInfo],
        content: str,
        checksum: Checksum | None,
        request: Mapping[str, Any],
    ) -> ObjectInfo:
        digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False)
        info = ObjectInfo(
            bucket=upload.bucket,
            key=upload.key,
            size=sum(part.size for part in parts),
            etag=f"{digest.hexdigest()}-{len(parts)}",
            last_modified=moment(self._objects.now()),
            content=content,
            attributes=upload.attributes,
            checksum=checksum,
            tags=upload.tags,
            parts=tuple(part.size for part in parts),
            upload_id=upload.upload_id,
        )

        def end_upload(writer: sqlite3.Connection) -> list[str]:
            self._require(writer, upload.bucket, upload.key, upload.upload_id)
            return _drop(writer, upload.upload_id)

        return self._objects.store(info, request, end_upload, how="CompleteMultipartUpload")

    def _completed(self, bucket: str, key: str, upload_id: str) -> ObjectInfo:
        try:
            info = self._objects.head(bucket, key)
        except S3Error:
            raise no_such_upload(upload_id) from None
        if info.upload_id != upload_id:
            raise no_such_upload(upload_id)
        return info

    def _require(self, connection: sqlite3.Connection, bucket: str, key: str, upload_id: str) -> UploadInfo:
        row = connection.execute(
            "SELECT * FROM uploads WHERE upload_id = ? AND bucket = ? AND key = ?", (upload_id, bucket, key)
        ).fetchone()
        if row is None:
            raise no_such_upload(upload_id)
        return upload_of(row)


def check_part_number(number: int) -> None:
    """Raise InvalidArgument unless S3 accepts the number of a part."""
    if not 1 <= number <= MAX_PARTS:
        raise invalid_argument(
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive", "partNumber", str(number)
        )


def _parts(connection: sqlite3.Connection, upload_id: str, after: int = 0, limit: int = MAX_PARTS) -> list[PartInfo]:
    rows = connection.execute(
        "SELECT * FROM parts WHERE upload_id = ? AND number > ? ORDER BY number LIMIT ?", (upload_id, after, limit)
    ).fetchall()
    return [part_of(row) for row in rows]


def _drop(writer: sqlite3.Connection, upload_id: str) -> list[str]:
    rows = writer.execute("SELECT content FROM parts WHERE upload_id = ?", (upload_id,)).fetchall()
    writer.execute("DELETE FROM parts WHERE upload_id = ?", (upload_id,))
    writer.execute("DELETE FROM uploads WHERE upload_id = ?", (upload_id,))
    return [row["content"] for row in rows]


def _choose(wanted: Sequence[Mapping[str, Any]], there: Mapping[int, PartInfo], upload_id: str) -> list[PartInfo]:
    """Return the parts a CompleteMultipartUpload lists, after every check of S3 on the list."""
    if not wanted:
        raise malformed_xml("a CompleteMultipartUpload lists at least one part")
    if any("PartNumber" not in one for one in wanted):
        raise malformed_xml("every Part has a PartNumber")
    numbers = [int(one["PartNumber"]) for one in wanted]
    if numbers != sorted(set(numbers)):
        raise S3Error(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
            400,
            {"UploadId": upload_id},
        )
    chosen = []
    for one in wanted:
        part = there.get(one["PartNumber"])
        etag = str(one.get("ETag", "")).strip('"')
        if part is None or etag != part.etag or not _same_checksums(one, part):
            raise _invalid_part(upload_id, part, one)
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < MIN_PART_SIZE:
            raise S3Error(
                "EntityTooSmall",
                "Your proposed upload is smaller than the minimum allowed size",
                400,
                {
                    "ProposedSize": str(part.size),
                    "MinSizeAllowed": str(MIN_PART_SIZE),
                    "PartNumber": str(part.number),
                    "ETag": part.etag,
                },
            )
    return chosen


def _same_checksums(one: Mapping[str, Any], part: PartInfo) -> bool:
    return all(one.get(f"Checksum{algorithm}", value) == value for algorithm, value in part.checksums.items())


def _invalid_part(upload_id: str, part: PartInfo | None, one: Mapping[str, Any] | None = None) -> S3Error:
    number = one["PartNumber"] if one else part.number if part else ""
    etag = str(one.get("ETag", "")).strip('"') if one else part.etag if part else ""
    return S3Error(
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been uploaded, "
        "or the specified entity tag may not match the part's entity tag.",
        400,
        {"UploadId": upload_id, "PartNumber": str(number), "ETag": etag},
    )


def _checksum(upload: UploadInfo, parts: Sequence[PartInfo], request: Mapping[str, Any]) -> Checksum | None:
    """Return the object's checksum from its parts', checked against the one the client may have sent."""
    algorithm = upload.algorithm
    if algorithm is None:
        return None
    values = [part.checksums.get(algorithm) for part in parts]
    if any(value is None for value in values):
        raise invalid_request(
            f"The upload was created using a {algorithm.lower()} checksum. The complete request must "
            "include the checksum for each part."
        )
    given = [value for value in values if value is not None]
    kind = upload.kind or "COMPOSITE"
    if kind == "FULL_OBJECT":
        value = full_object(algorithm, zip(given, (part.size for part in parts), strict=True))
    else:
        value = composite(algorithm, given)
    expected = request.get(f"Checksum{algorithm}")
    if expected is not None and expected not in (value, value.split("-")[0]):
        raise S3Error("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    return Checksum(algorithm, value, kind)
