"""S3 addresses in requests: reading them, checking that something is there, fetching."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import urlsplit

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.archives import BadArchive, unpack

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class Missing(Exception):
    """An object or bucket is not there, or is not what it should be; the text says which and why."""


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of ``s3://bucket/key`` or ``https://s3.region.amazonaws.com/bucket/key``."""
    parts = urlsplit(uri)
    bucket, path = parts.netloc, parts.path.lstrip("/")
    if parts.scheme == "https":
        host = bucket
        if host.startswith(("s3.", "s3-")):
            bucket, _, path = path.partition("/")
        else:
            bucket = host.split(".s3", 1)[0]
    elif parts.scheme != "s3" or not bucket:
        raise Missing(f"'{uri}' is no S3 address: write s3://bucket/key")
    return bucket, path


class Places:
    """S3 as the other services see it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    @property
    def objects(self) -> Any:
        """The objects of this cloud."""
        return self._cloud.service("s3").objects

    def check_bucket(self, uri: str) -> None:
        """Raise :class:`Missing` when the bucket of an address is not there."""
        bucket, _ = split(uri)
        try:
            self.objects.page(bucket, limit=1)
        except ServiceError as error:
            raise Missing(f"the bucket '{bucket}' of {uri} does not exist") from error

    def check_any(self, uri: str) -> None:
        """Raise :class:`Missing` when no key begins as this address does."""
        self.check_bucket(uri)
        bucket, prefix = split(uri)
        if not self.objects.page(bucket, prefix=prefix, limit=1).objects:
            raise Missing(f"there is no object under {uri}")

    def check_input(self, uri: str) -> None:
        """Refuse a job (ValidationException, as AWS words it) when there is no object under an input's address."""
        try:
            self.check_any(uri)
        except Missing as error:
            raise ServiceError(
                "ValidationException",
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure '
                f"that the bucket exists in the selected region ({self._cloud.region}), that objects "
                f"exist under that S3 prefix ({error}).",
            ) from error

    def check_object(self, uri: str) -> None:
        """Raise :class:`Missing` when there is no object at this very address."""
        bucket, key = split(uri)
        try:
            self.objects.head(bucket, key)
        except ServiceError as error:
            raise Missing(f"{uri} cannot be read: {error.message}") from error

    def lay(self, uri: str, into: Path) -> None:
        """Put the objects under a prefix into a folder, as S3Prefix does."""
        bucket, prefix = split(uri)
        try:
            count = self.objects.materialise(bucket, prefix, into)
        except ServiceError as error:
            raise Missing(f"{uri} cannot be read: {error.message}") from error
        if not count:
            raise Missing(f"there is no object under {uri}")

    def unpack(self, uri: str, into: Path) -> None:
        """Unpack an object, a .tar.gz, into a folder."""
        bucket, key = split(uri)
        try:
            with self.objects.open(bucket, key) as raw, io.BufferedReader(raw) as file:
                unpack(cast(BinaryIO, file), into)
        except ServiceError as error:
            raise Missing(f"{uri} cannot be read: {error.message}") from error
        except BadArchive as error:
            raise Missing(f"{uri} cannot be unpacked: {error}") from error

    def store(self, source: Path, uri: str) -> None:
        """Move a file to an address; it appears whole or not at all."""
        bucket, key = split(uri)
        try:
            self.objects.put_file(bucket, key, source)
        except ServiceError as error:
            raise Missing(f"{uri} cannot be written: {error.message}") from error
