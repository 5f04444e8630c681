"""Deploy Model: make the trained model the one in use. Readers of ``current/`` never see half of it."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:  # noqa: ARG001 - Lambda's signature
    source = urlsplit(event["Model"])
    bucket, key = os.environ["BUCKET"], "current/model.tar.gz"
    boto3.client("s3").copy_object(
        Bucket=bucket, Key=key, CopySource={"Bucket": source.netloc, "Key": source.path.lstrip("/")}
    )
    return {"Deployed": f"s3://{bucket}/{key}", "Model": event["Model"]}
