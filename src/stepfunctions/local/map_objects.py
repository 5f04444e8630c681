"""S3 as Distributed Maps need it: the local one, or AWS's where the user says so (``--real s3``)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from stepfunctions.asl.document import Document
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.map_run import Item, MapRun
from stepfunctions.local.iam.own_rights import check_map
from stepfunctions.local.principal import IamMode, acting, acting_as
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.objects import ObjectStore, ObjectSummary, Upload

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.s3.contents import Staging
    from stepfunctions.local.s3.objects import Objects

S = TypeVar("S")
R = TypeVar("R")
_IN_MEMORY = 8 * 1024 * 1024
"""Bytes of an object of AWS's that are held in memory; more are in a temporary file."""


def objects_of(cloud: Cloud) -> ObjectStore:
    """Return the objects that a cloud's Distributed Maps read and write."""
    return RealObjects(cloud) if "s3" in cloud.real else CloudObjects(cloud)


class ItemsUnderRoles(Items):
    """Items whose objects are read and written under the role of the map run's execution."""

    def __init__(self, cloud: Cloud, role_of: Callable[[str], str | None]) -> None:
        super().__init__(objects_of(cloud))
        self._cloud = cloud
        self._role_of = role_of

    def items(self, run: MapRun, start: int) -> Generator[Item, None, None]:
        """See the port. The role must also allow what the map run does with its children."""
        role = self._role_of(run.execution_arn)
        found = _under(role, super().items(run, start))
        check_map(self._cloud, role, run)
        yield from found

    def export(
        self, run: MapRun, children: Iterable[Execution], unstarted: Iterable[tuple[Document, int]]
    ) -> Generator[None, None, Document]:
        """See the port."""
        return _under(self._role_of(run.execution_arn), super().export(run, children, unstarted))


def _under(role: str | None, steps: Generator[S, None, R]) -> Generator[S, None, R]:
    """Take each step of a generator under a role."""
    with closing(steps):
        while True:
            try:
                with acting_as(role):
                    step = next(steps)
            except StopIteration as end:
                result: R = end.value
                return result
            yield step


def items_under_roles(cloud: Cloud, role_of: Callable[[str], str | None]) -> Items:
    """Return the items of a cloud's Distributed Maps; ``role_of`` an execution is asked where roles are looked at."""
    return Items(objects_of(cloud)) if cloud.iam is IamMode.OFF else ItemsUnderRoles(cloud, role_of)


class CloudObjects:
    """An ObjectStore over the objects of the local S3."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def _objects(self) -> Objects:
        objects: Objects = self._cloud.service("s3").objects
        return objects

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        """See ObjectStore."""
        self._check("GetObject", _which(bucket, key, version))
        return self._objects.open(bucket, key, version)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        """See ObjectStore."""
        self._check("ListObjectsV2", {"Bucket": bucket, "Prefix": prefix})
        for info in self._objects.list(bucket, prefix):
            yield ObjectSummary(info.key, info.size, info.etag, info.last_modified.timestamp())

    def create(self, bucket: str, key: str) -> Upload:
        """See ObjectStore."""
        self._check("PutObject", {"Bucket": bucket, "Key": key})
        self._objects.check_put(bucket, key, {})
        return _Upload(self._objects, bucket, key, self._objects.contents.stage())

    def _check(self, operation: str, params: dict[str, Any]) -> None:
        role = acting()
        if role is not None:
            self._cloud.service("iam").guard.check(role, "s3", operation, params, self._cloud.region)


class _Upload:
    def __init__(self, objects: Objects, bucket: str, key: str, staging: Staging) -> None:
        self._objects, self._bucket, self._key = objects, bucket, key
        self._staging = staging

    def write(self, data: bytes) -> None:
        self._staging.write([data])

    def finish(self) -> None:
        attributes: dict[str, Any] = {"ContentType": "application/json"}
        self._objects.put(self._bucket, self._key, self._staging.finish(), attributes=attributes)

    def discard(self) -> None:
        self._staging.discard()


class RealObjects:
    """An ObjectStore over AWS's S3: objects are fetched before they are read, and sent once they are written."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def open(self, bucket: str, key: str, version: str | None = None) -> BinaryIO:
        """See ObjectStore."""
        body = self._cloud.call("s3", "GetObject", _which(bucket, key, version))["Body"]
        fetched = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the caller closes it
        with body:
            for part in body.iter_chunks(1 << 20):
                fetched.write(part)
        fetched.seek(0)
        return cast(BinaryIO, fetched)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectSummary]:
        """See ObjectStore."""
        request = {"Bucket": bucket, "Prefix": prefix}
        while True:
            page = self._cloud.call("s3", "ListObjectsV2", request)
            for one in page.get("Contents", ()):
                yield ObjectSummary(one["Key"], one["Size"], one["ETag"].strip('"'), one["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def create(self, bucket: str, key: str) -> Upload:
        """See ObjectStore."""
        return _RealUpload(self._cloud, bucket, key)


class _RealUpload:
    def __init__(self, cloud: Cloud, bucket: str, key: str) -> None:
        self._cloud, self._bucket, self._key = cloud, bucket, key
        self._written: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - until finish

    def write(self, data: bytes) -> None:
        self._written.write(data)

    def finish(self) -> None:
        self._written.seek(0)
        elsewhere = self._cloud.elsewhere("s3")
        assert elsewhere is not None
        elsewhere.upload(self._written, self._bucket, self._key)
        self._written.close()

    def discard(self) -> None:
        self._written.close()


def _which(bucket: str, key: str, version: str | None) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key, **({} if version is None else {"VersionId": version})}
