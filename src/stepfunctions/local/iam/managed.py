"""AWS's own policies (``arn:aws:iam::aws:policy/…``), as moto's package has them."""

from __future__ import annotations

import functools
import json
from typing import Any

PREFIX = "arn:aws:iam::aws:policy/"


@functools.lru_cache(maxsize=1)
def _all() -> dict[str, dict[str, Any]]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return {f"{PREFIX}{one.get('Path', '/').lstrip('/')}{name}": {"name": name, **one} for name, one in found.items()}


def aws_policy(arn: str) -> dict[str, Any] | None:
    """Return one of AWS's policies by its ARN: name, Path, Document, DefaultVersionId, CreateDate, UpdateDate."""
    return _all().get(arn) if arn.startswith(PREFIX) else None


def aws_policies() -> dict[str, dict[str, Any]]:
    """Return all of AWS's policies by ARN."""
    return _all()
