"""Assemble release: put every champion under one prefix that belongs to this execution alone.

A multi-model endpoint serves whatever lies under its prefix, so a prefix is never changed once released: going
back to last week's models is pointing the endpoint at last week's configuration.
"""

from __future__ import annotations

from typing import Any

import storage


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """``{"Run"}`` -> ``{"Name", "Models", "Prefix"}``; the name is that of the model and its configuration."""
    prefix = f"releases/{event['Run']}/"
    champions = storage.champions()
    for route, record in champions.items():
        bucket, key = storage.split_uri(record["artifact"])
        storage.s3.copy_object(
            Bucket=storage.BUCKET, Key=f"{prefix}{route}.tar.gz", CopySource={"Bucket": bucket, "Key": key}
        )
    if not champions:
        raise ValueError("There is no champion to release: no training has ended in Promote or Keep.")
    return {"Name": f"flight-delays-{event['Run']}", "Models": len(champions), "Prefix": storage.uri(prefix)}
