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
from typing import Any, BinaryIO, Protocol

from stepfunctions.local.database import Database
from stepfunctions.local.s3.buckets import Buckets
from stepfunctions.local.s3.conditions import check_write
from stepfunctions.local.s3.contents import Contents, Staged, link_or_copy, measure
from stepfunctions.local.s3.faults import S3Error, invalid_argument, no_such_key
from stepfunctions.local.s3.layout import relative_path
from stepfunctions.local.s3.listing import Page, list_page
from stepfunctions.local.s3.records import Checksum, ObjectInfo, encode
from stepfunctions.local.s3.versions import Deletion, add, delete_current, delete_version, find, read_version
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.durability import Durability

MAX_KEY_BYTES = 1024
LINK_ABOVE = 16 * 1024 * 1024
"""``materialise`` copies contents up to this size, so that programs may change them, and links larger ones."""


class Observer(Protocol):
    """Who is told of changes of objects in buckets that notify."""

    def record(self, writer: sqlite3.Connection, name: str, info: ObjectInfo) -> int | None:
        """Note a change (``ObjectCreated:Put``) in the transaction that makes it; return the note's id."""

    def send(self, change: int) -> None:
        """Tell of a noted change that is committed."""


class Objects:
    """The objects of one data folder. ``now`` gives their times, in seconds since the epoch."""

    observer: Observer | None = None

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

    def head(self, bucket: str, key: str, version: str | None = None) -> ObjectInfo:
        """Return what is known of an object; raises NoSuchBucket, NoSuchKey, NoSuchVersion or MethodNotAllowed."""
        check_key(key)
        reader = self.database.read()
        try:
            return read_version(reader, bucket, key, version)
        except S3Error:
            self.buckets.require(reader, bucket)
            raise

    def path(self, bucket: str, key: str) -> Path:
        """Return the file that holds an object now. Never write to it: other objects may share it.

        It goes away when the object is replaced or deleted; use :meth:`open` where that may happen meanwhile.
        """
        return self.contents.path(self.head(bucket, key).content)

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        """Open an object for reading; what is read stays the same even if the object is replaced meanwhile."""
        return self.open_info(bucket, key, version)[1]

    def open_info(self, bucket: str, key: str, version: str | None = None) -> tuple[ObjectInfo, BinaryIO]:
        """Return an object and its opened content, both of the same version. The caller closes the file."""
        while True:
            info = self.head(bucket, key, version)
            try:
                return info, self.contents.open(info.content)
            except FileNotFoundError:
                # Replaced between the two lines above: look again.
                self._must_have_changed(info, self.head(bucket, key, version))

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
            target = into / relative_path(info.key, prefix_or_key)
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

    def delete(
        self, bucket: str, key: str, request: Mapping[str, Any] | None = None, version: str | None = None
    ) -> Deletion:
        """Delete an object if it is there, by a delete marker where the bucket has versions; or one version for good.

        ``request`` may have the IfMatch condition of DeleteObject.
        """
        check_key(key)
        with self.database.write() as writer:
            row = self.buckets.require(writer, bucket)
            if request:
                check_write(find(writer, bucket, key), request)
            if version is None:
                old = find(writer, bucket, key)
                done = delete_current(writer, row["versioning"], old, bucket, key, self.now())
            else:
                done = delete_version(writer, bucket, key, version)
            change = None
            if done.marker is not None:
                change = self._record(writer, row, "ObjectRemoved:DeleteMarkerCreated", done.marker)
            elif done.gone is not None:
                change = self._record(writer, row, "ObjectRemoved:Delete", done.gone)
        self.contents.remove(done.freed)
        self._tell(change)
        return done

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
        how: str = "Put",
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
        return self.store(info, request, how=how)

    def store(
        self,
        info: ObjectInfo,
        request: Mapping[str, Any] | None = None,
        also: Callable[[sqlite3.Connection], Sequence[str]] | None = None,
        how: str = "Put",
    ) -> ObjectInfo:
        """Write an object's row; its content must be in place and is removed when this fails.

        ``also`` runs in the same transaction and returns contents that are free afterwards. ``how`` is Put, Post,
        Copy or CompleteMultipartUpload, for those who are told.
        """
        try:
            check_key(info.key)
            with self.database.write() as writer:
                row = self.buckets.require(writer, info.bucket)
                old = find(writer, info.bucket, info.key)
                check_write(old, request or {})
                freed = list(also(writer)) if also else []
                info, replaced = add(writer, row["versioning"], old, info)
                change = self._record(writer, row, f"ObjectCreated:{how}", info)
        except BaseException:
            self.contents.remove([info.content])
            raise
        self.contents.remove([*freed, *replaced])
        self._tell(change)
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
            return self.contents.open(info.content)
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
            how="Copy",
        )

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version: str | None = None) -> ObjectInfo:
        """Replace the tags of an object, or of one version of it, and return what it was before."""
        with self.database.write() as writer:
            row = self.buckets.require(writer, bucket)
            info = read_version(writer, bucket, key, version)
            for table in ("objects", "versions"):
                writer.execute(
                    f"UPDATE {table} SET tags = ? WHERE bucket = ? AND key = ? AND version = ?",
                    (encode(dict(tags)), bucket, key, info.version),
                )
            change = self._record(writer, row, f"ObjectTagging:{'Put' if tags else 'Delete'}", info)
        self._tell(change)
        return info

    def check_put(self, bucket: str, key: str, request: Mapping[str, Any]) -> None:
        """Refuse a write that cannot succeed, before its body is received; the write itself checks again."""
        self._check_target(bucket, key)
        if request.get("IfMatch") is not None or request.get("IfNoneMatch") is not None:
            check_write(find(self.database.read(), bucket, key), request)

    def _check_target(self, bucket: str, key: str) -> None:
        check_key(key)
        self.buckets.require(self.database.read(), bucket)

    def _record(self, writer: sqlite3.Connection, row: sqlite3.Row, name: str, info: ObjectInfo) -> int | None:
        if not row["notifies"] or self.observer is None:
            return None
        return self.observer.record(writer, name, info)

    def _tell(self, change: int | None) -> None:
        if change is not None and self.observer is not None:
            self.observer.send(change)

    def _must_have_changed(self, info: ObjectInfo, now: ObjectInfo) -> None:
        if now.content == info.content:
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
                with self.contents.open(info.content) as file:
                    if info.size > LINK_ABOVE:
                        link_or_copy(source, target)
                    else:
                        with open(target, "xb") as out:
                            shutil.copyfileobj(file, out)
                return
            except FileNotFoundError:
                now = self.head(info.bucket, info.key)
                self._must_have_changed(info, now)
                info = now

    def _named(self, contents: Sequence[str]) -> set[str]:
        marks = ",".join("?" * len(contents))
        reader = self.database.read()
        named: set[str] = set()
        for table in ("objects", "versions", "parts"):
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


def _attributes(content_type: str | None, metadata: Mapping[str, str] | None) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    if content_type is not None:
        attributes["ContentType"] = content_type
    if metadata:
        attributes["Metadata"] = {name.lower(): value for name, value in metadata.items()}
    return attributes
