"""The images that SageMaker has: which account holds a repository, in each Region.

The table is made from the SageMaker SDK's by ``docs/reference/images.py``; it names the versions.

https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from stepfunctions.catalog.regions import REGION

_TABLE = Path(__file__).with_name("images.json")
IMAGE = re.compile(
    rf"(?P<account>\d{{12}})\.dkr\.ecr\.(?P<region>{REGION})\.(?P<suffix>[a-z0-9.-]+)/"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?P<version>(?::[A-Za-z0-9_][A-Za-z0-9_.-]*)?(?:@sha256:[0-9a-f]+)?)"
)
"""The URI of an image in a private registry of ECR."""


@dataclass(frozen=True)
class Image:
    """An image in a private registry of ECR, taken apart. ``version``: ``:tag``, ``@digest`` or nothing."""

    account: str
    region: str
    suffix: str
    repository: str
    version: str

    @property
    def registry(self) -> Mapping[str, str] | None:
        """The accounts that have this repository, by Region, when the image is SageMaker's own; else None."""
        accounts = _registries().get(self.repository, {})
        return accounts if accounts.get(self.region) == self.account else None

    @classmethod
    def parse(cls, uri: str) -> Image | None:
        """Take the URI of an image apart; None for anything else.

        >>> Image.parse("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1").registry["cn-north-1"]
        '450853457545'
        """
        found = IMAGE.fullmatch(uri)
        if found is None:
            return None
        return cls(found["account"], found["region"], found["suffix"], found["repository"], found["version"])


@lru_cache
def _registries() -> Mapping[str, Mapping[str, str]]:
    read = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: one["accounts"] for one in read["registries"] for name in one["repositories"]}
