"""Helpers of 2.3.0's ``steps.utils``."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from stepfunctions.catalog.regions import DEFAULT_PARTITION, partition_of

logger = logging.getLogger("stepfunctions")


def tags_dict_to_kv_list(tags_dict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return tags in the form of AWS's APIs.

    >>> tags_dict_to_kv_list({"team": "delays"})
    [{'Key': 'team', 'Value': 'delays'}]
    """
    return [{"Key": key, "Value": value} for key, value in tags_dict.items()]


def current_region() -> str | None:
    """Return the Region of the environment, else of boto3's session, else None."""
    return (
        os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or _configured_region(*(os.environ.get(name) for name in _CONFIGURATION))
    )


_CONFIGURATION = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "HOME")
"""Variables of the environment that say which configuration boto3 reads."""


@lru_cache
def _configured_region(*_: str | None) -> str | None:
    """Return the Region of boto3's session: kept, as every step asks and a session takes milliseconds to make."""
    try:
        import boto3
    except ImportError:
        return None
    found: str | None = boto3.session.Session().region_name
    return found


def get_aws_partition() -> str:
    """Return the partition of the current Region: from the environment, else of boto3's session.

    Without a Region it is ``aws``, which is logged as a warning: ARNs made with it are wrong in China, GovCloud and
    the other partitions.
    """
    region = current_region()
    if not region:
        logger.warning("There is no Region in the environment or boto3's session: ARNs are of the partition 'aws'.")
        return DEFAULT_PARTITION
    return partition_of(region)


def merge_dicts(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    """Merge ``source`` into ``target`` in place, at every depth; ``source`` wins, which is logged (INFO)."""
    for key, value in source.items():
        if isinstance(target.get(key), dict) and isinstance(value, Mapping):
            merge_dicts(target[key], value)
            continue
        if key in target:
            logger.info("'%s' is overwritten: %s becomes %s", key, target[key], value)
        target[key] = value
