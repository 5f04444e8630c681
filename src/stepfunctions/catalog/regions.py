"""Regions and the partitions they belong to.

AWS reference: https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DEFAULT_PARTITION = "aws"

PARTITION_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "cn-": "aws-cn",
        "us-gov-": "aws-us-gov",
        "us-isob-": "aws-iso-b",
        "us-isof-": "aws-iso-f",
        "us-iso-": "aws-iso",
        "eu-isoe-": "aws-iso-e",
        "eusc-": "aws-eusc",
    }
)
"""How a Region's name begins -> its partition. Every other Region is in ``aws``."""


REGION = (
    r"(?:af|ap|ca|cn|eu|eu-isoe|eusc-[a-z]{2}|il|me|mx|sa|us|us-gov|us-iso|us-isob|us-isof)-"
    r"(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-[1-9]"
)
"""A regular expression for the name of a Region, as AWS names them."""


def partition_of(region: str) -> str:
    """Return the partition of a Region.

    >>> partition_of("eu-central-1"), partition_of("cn-north-1")
    ('aws', 'aws-cn')
    """
    return next(
        (partition for prefix, partition in PARTITION_PREFIXES.items() if region.startswith(prefix)), DEFAULT_PARTITION
    )
