"""Files that a stack is made of: named after their content, so that what does not change is not uploaded again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from stepfunctions.deploy.parts import ASSET_BUCKET

DEFAULT_PREFIX = "stepfunctions"


@dataclass(frozen=True, kw_only=True)
class AssetFile:
    """A file that must be in the bucket before the stack is made.

    ``name``: the file's name. ``build`` returns its content, the same bytes for the same sources. ``key_parameter``
    and ``bucket_parameter``: the template's Parameters that say where the file is. ``prefix``: of the key.
    """

    name: str
    build: Callable[[], bytes] = field(compare=False)
    key_parameter: str
    bucket_parameter: str = ASSET_BUCKET
    prefix: str = DEFAULT_PREFIX

    @cached_property
    def content(self) -> bytes:
        """The content, built once."""
        return self.build()

    @property
    def digest(self) -> str:
        """The SHA-256 of the content, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def key(self) -> str:
        """The key of the object: prefix, name and sixteen digits of the digest."""
        return key_of(self.name, self.content, self.prefix)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file in the bucket. ``uploaded``: whether it was not there before."""

    key: str
    uploaded: bool


def key_of(name: str, content: bytes, prefix: str = DEFAULT_PREFIX) -> str:
    """Return the key of a file, which tells its content.

    >>> key_of("pull.py", b"print(1)")
    'stepfunctions/pull-d287bb7f9d15abdc.py'
    """
    path = PurePosixPath(name)
    ending = "".join(path.suffixes)
    digits = hashlib.sha256(content).hexdigest()[:16]
    return "/".join(filter(None, (prefix.strip("/"), f"{path.name.removesuffix(ending)}-{digits}{ending}")))


def publish(assets: Iterable[AssetFile], bucket: str, s3: Any) -> list[Published]:
    """Put files into a bucket, those that are not there yet, and return what became of each, in order.

    ``s3``: boto3's client. Raises ValueError when there is no such bucket or it may not be read or written; botocore's
    ClientError for what else S3 refuses.
    """
    from botocore.exceptions import ClientError

    try:
        return [Published(key=one.key, uploaded=upload(s3, bucket, one.key, one.content)) for one in assets]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchBucket", "AccessDenied", "403"):
            raise ValueError(
                f"The files cannot be put into the bucket '{bucket}': {code}. Make it with 'stepfunctions bootstrap', "
                "or give the name of a bucket that you may write to."
            ) from error
        raise


def upload(s3: Any, bucket: str, key: str, content: bytes) -> bool:
    """Put an object into a bucket, unless the key is there, and return whether it was not."""
    from botocore.exceptions import ClientError

    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        s3.put_object(Bucket=bucket, Key=key, Body=content)
        return True
    return False
