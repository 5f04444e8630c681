"""Prepare: empty the place where this run's data goes, and say where that is."""

from __future__ import annotations

import os
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001 - Lambda's signature
    bucket = boto3.resource("s3").Bucket(os.environ["BUCKET"])
    bucket.objects.filter(Prefix="data/").delete()
    return {"JobName": event["JobName"], "S3Location": f"s3://{bucket.name}/data"}
