"""The local S3 as Distributed Maps need it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from stepfunctions.runtime.objects import Found, Upload

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.s3.contents import Staging
    from stepfunctions.local.s3.objects import Objects


class CloudObjects:
    """An ObjectStore over the objects of the local S3."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def _objects(self) -> Objects:
        objects: Objects = self._cloud.service("s3").objects
        return objects

    def open(self, bucket: str, key: str) -> BinaryIO:
        """See ObjectStore."""
        return self._objects.open(bucket, key)

    def list(self, bucket: str, prefix: str = "") -> Iterator[Found]:
        """See ObjectStore."""
        for info in self._objects.list(bucket, prefix):
            yield Found(info.key, info.size, info.etag, info.last_modified.timestamp())

    def create(self, bucket: str, key: str) -> Upload:
        """See ObjectStore."""
        self._objects.check_put(bucket, key, {})
        return _Upload(self._objects, bucket, key, self._objects.contents.stage())


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
