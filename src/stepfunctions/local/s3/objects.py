"""The in-process API of the local S3: buckets and objects for the services of the same process.

Everything here is thread-safe and blocking. Errors are :class:`~stepfunctions.errors.ServiceError` with S3's codes
(NoSuchBucket, NoSuchKey, PreconditionFailed, …).
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

from stepfunctions.local.database import Database
from stepfunctions.local.s3.buckets import Buckets
from stepfunctions.local.s3.conditions import check_write
from stepfunctions.local.s3.contents import Contents, Staged, link_or_copy, measure
from stepfunctions.local.s3.faults import S3Error, invalid_argument, no_such_key
from stepfunctions.local.s3.listing import Page, list_page
from stepfunctions.local.s3.records import Checksum, ObjectInfo, encode, moment, object_of
from stepfunctions.runtime.durability import Durability

MAX_KEY_BYTES = 1024
LINK_ABOVE = 16 * 1024 * 1024
"""``materialise`` copies contents up to this size, so that programs may change them, and links larger ones."""


class Objects:
    """The objects of one data folder. ``now`` gives their times, in seconds since the epoch."""

    def __init__(self, folder: Path, database: Database, now: Callable[[], float] = time.time) -> None:
        self.database = database
        self.buckets = Buckets(database, now)
        self.contents = Contents(folder, sync=database.durability is Durability.FULL)
        self.now = now
        self.contents.sweep(self._named)

    # -- what the services of the local cloud call -----------------------------------------------------------

    def put_file(
        self,
        bucket: str,
        key: str,
        source: Path,
        *,
        move: bool = True,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Store a file, by a rename where the file system allows; with ``move`` the source is gone afterwards."""
        self._check_target(bucket, key)
        staged = self.contents.stage_file(Path(source), move=move)
        return self.put(bucket, key, staged, attributes=_attributes(content_type, metadata))

    def put_bytes(
        self,
        bucket: str,
        key: str,
        data: bytes,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> ObjectInfo:
        """Store these bytes."""
        self._check_target(bucket, key)
        staging = self.contents.stage()
        try:
            staging.write([data])
        except BaseException:
            staging.discard()
            raise
        return self.put(bucket, key, staging.finish(), attributes=_attributes(content_type, metadata))

    def head(self, bucket: str, key: str) -> ObjectInfo:
        """Return what is known of an object; raises NoSuchBucket or NoSuchKey."""
        info = self._find(self.database.read(), bucket, key)
        if info is None:
            self.buckets.get(bucket)
            raise no_such_key(key)
        return info

    def path(self, bucket: str, key: str) -> Path:
        """Return the file that holds an object now. Never write to it: other objects may share it.

        It goes away when the object is replaced or deleted; use :meth:`open` where that may happen meanwhile.
        """
        return self.contents.path(self.head(bucket, key).content)

    def open(self, bucket: str, key: str) -> BinaryIO:
        """Open an object for reading; what is read stays the same even if the object is replaced meanwhile."""
        return self.open_info(bucket, key)[1]

    def open_info(self, bucket: str, key: str) -> tuple[ObjectInfo, BinaryIO]:
        """Return an object and its opened content, both of the same version. The caller closes the file."""
        while True:
            info = self.head(bucket, key)
            try:
                return info, open(self.contents.path(info.content), "rb")
            except FileNotFoundError:
                self._still_same(info)  # replaced between the two lines above: look again

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectInfo]:
        """Yield the objects with this prefix in order of their keys, reading the index page by page."""
        after = ""
        while True:
            page = self.page(bucket, prefix=prefix, after=after)
            yield from page.objects
            if not page.truncated or page.last is None:
                return
            after = page.last

    def materialise(self, bucket: str, prefix_or_key: str, into: Path) -> int:
        """Put the objects with this prefix into a folder as files, as SageMaker's S3Prefix does; return how many.

        A file is named by its key without the prefix, if that ends a path segment, else without the part of the
        prefix before the last ``/``. Keys that end in ``/`` become folders. Contents above ``LINK_ABOVE`` bytes
        are hard links and read-only. A key that is no relative path (``..``, ``//``) raises InvalidArgument, two
        keys that cannot both be files (``a``, ``a/b``) too. No object: 0, and ``into`` is made all the same.
        """
        into.mkdir(parents=True, exist_ok=True)
        count = 0
        for info in self.list(bucket, prefix_or_key):
            target = into / _relative(info.key, prefix_or_key)
            try:
                if info.key.endswith("/"):
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                self._lay(info, target)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                raise invalid_argument(
                    f"s3://{bucket}/{info.key} cannot be a file in {into}: another object has a name that makes "
                    f"it a folder, or the file is there already."
                ) from None
            count += 1
        return count

    def delete(self, bucket: str, key: str, request: Mapping[str, Any] | None = None) -> None:
        """Delete an object if it is there; ``request`` may have the IfMatch condition of DeleteObject."""
        with self.database.write() as writer:
            info = self._find(writer, bucket, key)
            if info is None:
                self.buckets.require(writer, bucket)
            if request:
                check_write(info, request)
            writer.execute("DELETE FROM objects WHERE bucket = ? AND key = ?", (bucket, key))
        if info is not None:
            self.contents.remove([info.content])

    # -- what the operations are made of ---------------------------------------------------------------------

    def page(self, bucket: str, *, prefix: str = "", delimiter: str = "", after: str = "", limit: int = 1000) -> Page:
        """Return one page of a listing; see :func:`stepfunctions.local.s3.listing.list_page`."""
        self.buckets.get(bucket)
        return list_page(self.database.read(), bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit)

    def put(
        self,
        bucket: str,
        key: str,
        staged: Staged,
        *,
        attributes: Mapping[str, Any] | None = None,
        checksum: Checksum | None = None,
        tags: Mapping[str, str] | None = None,
        request: Mapping[str, Any] | None = None,
    ) -> ObjectInfo:
        """Store a staged content; takes it over, also when it fails. ``request`` may have IfMatch, IfNoneMatch."""
        try:
            content = self.contents.adopt(staged)
        except BaseException:
            staged.discard()
            raise
        info = ObjectInfo(
            bucket=bucket,
            key=key,
            size=staged.measured.size,
            etag=staged.measured.md5.hex(),
            content=content,
            last_modified=moment(self.now()),
            attributes=attributes or {},
            checksum=checksum,
            tags=tags or {},
        )
        return self.store(info, request)

    def store(
        self,
        info: ObjectInfo,
        request: Mapping[str, Any] | None = None,
        also: Callable[[sqlite3.Connection], Sequence[str]] | None = None,
    ) -> ObjectInfo:
        """Write an object's row; its content must be in place and is removed when this fails.

        ``also`` runs in the same transaction and returns contents that are free afterwards.
        """
        try:
            check_key(info.key)
            with self.database.write() as writer:
                old = self._find(writer, info.bucket, info.key)
                if old is None:
                    self.buckets.require(writer, info.bucket)
                check_write(old, request or {})
                freed = list(also(writer)) if also else []
                _insert(writer, info)
        except BaseException:
            self.contents.remove([info.content])
            raise
        self.contents.remove(freed if old is None else [*freed, old.content])
        return info

    def remeasure(self, source: ObjectInfo, algorithm: str | None) -> tuple[str, Checksum | None]:
        """Return ETag and checksum that a copy of an object has; those of a multipart object are its parts'.

        ``algorithm`` asks for a checksum the source may not have.
        """
        kept = source.checksum
        algorithm = algorithm or (kept.algorithm if kept else None)
        same = kept is None if algorithm is None else kept is not None and kept.algorithm == algorithm
        if same and not source.parts:
            return source.etag, kept
        with self.open_same(source) as file:
            measured = measure(file, [algorithm] if algorithm else [])
        value = measured.checksums.get(algorithm) if algorithm else None
        if value is None or algorithm is None:
            return measured.md5.hex(), kept if same and kept and kept.kind == "FULL_OBJECT" else None
        return measured.md5.hex(), Checksum(algorithm, value)

    def open_same(self, info: ObjectInfo) -> BinaryIO:
        """Open the content an object had when ``info`` was read; raises NoSuchKey when it is gone."""
        try:
            return open(self.contents.path(info.content), "rb", buffering=0)
        except FileNotFoundError:
            raise no_such_key(info.key) from None

    def copy(
        self,
        source: ObjectInfo,
        bucket: str,
        key: str,
        *,
        etag: str,
        checksum: Checksum | None,
        attributes: Mapping[str, Any],
        tags: Mapping[str, str],
        request: Mapping[str, Any] | None = None,
    ) -> ObjectInfo:
        """Store an object with the bytes of another, without copying them where the file system can link."""
        self._check_target(bucket, key)
        try:
            content = self.contents.duplicate(source.content)
        except FileNotFoundError:
            raise no_such_key(source.key) from None
        return self.store(
            ObjectInfo(
                bucket=bucket,
                key=key,
                size=source.size,
                etag=etag,
                content=content,
                last_modified=moment(self.now()),
                attributes=attributes,
                checksum=checksum,
                tags=tags,
            ),
            request,
        )

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str]) -> None:
        """Replace the tags of an object."""
        with self.database.write() as writer:
            changed = writer.execute(
                "UPDATE objects SET tags = ? WHERE bucket = ? AND key = ?", (encode(dict(tags)), bucket, key)
            ).rowcount
        if not changed:
            self.head(bucket, key)

    def check_put(self, bucket: str, key: str, request: Mapping[str, Any]) -> None:
        """Refuse a write that cannot succeed, before its body is received; the write itself checks again."""
        self._check_target(bucket, key)
        if request.get("IfMatch") is not None or request.get("IfNoneMatch") is not None:
            check_write(self._find(self.database.read(), bucket, key), request)

    def _check_target(self, bucket: str, key: str) -> None:
        check_key(key)
        self.buckets.get(bucket)

    def _find(self, connection: sqlite3.Connection, bucket: str, key: str) -> ObjectInfo | None:
        check_key(key)
        row = connection.execute("SELECT * FROM objects WHERE bucket = ? AND key = ?", (bucket, key)).fetchone()
        return None if row is None else object_of(row)

    def _still_same(self, info: ObjectInfo) -> None:
        if self.head(info.bucket, info.key).content == info.content:
            raise S3Error(
                "InternalError",
                f"The file of s3://{info.bucket}/{info.key} is missing from the data "
                f"directory: {self.contents.path(info.content)}",
                500,
            )

    def _lay(self, info: ObjectInfo, target: Path) -> None:
        while True:
            try:
                source = self.contents.path(info.content)
                if info.size > LINK_ABOVE:
                    link_or_copy(source, target)
                else:
                    with open(source, "rb") as file, open(target, "xb") as out:
                        shutil.copyfileobj(file, out)
                return
            except FileNotFoundError:
                self._still_same(info)
                info = self.head(info.bucket, info.key)

    def _named(self, contents: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(contents))
        reader = self.database.read()
        named: set[str] = set()
        for table in ("objects", "parts"):
            with closing(reader.execute(f"SELECT content FROM {table} WHERE content IN ({marks})", contents)) as rows:
                named.update(row["content"] for row in rows)
        return named


def check_key(key: str) -> None:
    """Raise KeyTooLongError or InvalidURI for what cannot be a key: more than 1,024 bytes, or no UTF-8."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI.") from None
    if size > MAX_KEY_BYTES:
        raise S3Error(
            "KeyTooLongError", "Your key is too long", 400, {"Size": str(size), "MaxSizeAllowed": str(MAX_KEY_BYTES)}
        )


def _insert(writer: sqlite3.Connection, info: ObjectInfo) -> None:
    checksum = info.checksum and encode([info.checksum.algorithm, info.checksum.value, info.checksum.kind])
    writer.execute(
        "INSERT OR REPLACE INTO objects (bucket, key, content, size, etag, modified, attributes, checksum, tags,"
        " parts, upload_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            info.bucket,
            info.key,
            info.content,
            info.size,
            info.etag,
            info.last_modified.timestamp(),
            encode(dict(info.attributes)),
            checksum,
            encode(dict(info.tags)),
            encode(info.parts),
            info.upload_id,
        ),
    )


def _attributes(content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if content_type is not None:
        attributes["ContentType"] = content_type
    if metadata:
        attributes["Metadata"] = {name.lower(): value for name, value in metadata.items()}
    return attributes


def _relative(key: str, prefix: str) -> str:
    """Return the path of a materialised key within its folder."""
    if key == prefix and not key.endswith("/"):
        name = key.rsplit("/", 1)[-1]
    elif not prefix or prefix.endswith("/"):
        name = key[len(prefix) :]
    elif key[len(prefix)] == "/":
        name = key[len(prefix) + 1 :]
    else:
        name = key[prefix.rfind("/") + 1 :]
    segments = name.removesuffix("/").split("/") if name else []
    if any(segment in ("", ".", "..") or "\0" in segment or len(segment.encode()) > 255 for segment in segments):
        raise invalid_argument(
            f"The object '{key}' cannot be laid out as a file: '{name}' is not a path below a "
            f"folder. Use another prefix or key."
        )
    return "/".join(segments)
