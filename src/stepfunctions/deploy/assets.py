"""Files that a stack is made of: named after their content, so that what does not change is not uploaded again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

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
        name = PurePosixPath(self.name)
        ending = "".join(name.suffixes)
        return f"{self.prefix}/{name.name.removesuffix(ending)}-{self.digest[:16]}{ending}"
