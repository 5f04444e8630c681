"""Pull data: the hourly weather of New York's airports, to ``--destination`` (AWS Glue, Python shell)."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import boto3
from awsglue.utils import getResolvedOptions

if __name__ == "__main__":
    place = urlsplit(getResolvedOptions(sys.argv, ["destination"])["destination"])
    boto3.client("s3").copy_object(
        Bucket=place.netloc,
        Key=f"{place.path.strip('/')}/weather.csv",
        CopySource={"Bucket": place.netloc, "Key": "raw/weather.csv"},
    )
