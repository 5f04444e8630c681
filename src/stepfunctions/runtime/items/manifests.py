"""Files that name the files with the items: Athena's UNLOAD and S3's inventories.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html#itemsource-example-athena-manifest-data
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from stepfunctions.asl.document import JSON
from stepfunctions.runtime.items.broken import BrokenItems
from stepfunctions.runtime.items.csv_rows import csv_rows
from stepfunctions.runtime.json_stream import MAX_MEMBER

File = tuple[str, str]
"""Bucket and key."""


def athena_files(manifest: TextIO) -> Iterator[File]:
    """Yield the data files of an Athena manifest: a CSV file of URIs."""
    for row in csv_rows(manifest, {}):
        scheme, found, rest = row[0].strip().partition("://")
        bucket, slash, key = rest.partition("/")
        if scheme.lower() != "s3" or not found or not slash or not bucket or not key:
            raise BrokenItems(f"'{row[0]}' is not the URI of an object: s3://<bucket>/<key>")
        yield bucket, key


def inventory_files(manifest: TextIO, config: JSON) -> tuple[list[File], JSON]:
    """Return the data files of an inventory and the ReaderConfig that reads them.

    Raises BrokenItems for a manifest that is none or whose inventory is not in CSV.
    """
    text = manifest.read(MAX_MEMBER + 1)
    if len(text) > MAX_MEMBER:
        raise BrokenItems(f"the manifest is longer than {MAX_MEMBER} characters")
    try:
        document = json.loads(text)
        kind = document["fileFormat"]
        headers = [name.strip() for name in document["fileSchema"].split(",")]
        bucket = document["destinationBucket"].rpartition(":")[2]
        files = [(bucket, str(file["key"])) for file in document["files"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenItems(f"this is not the manifest.json of an S3 inventory: {error!r}") from None
    if kind != "CSV":
        raise BrokenItems(f"the inventory is in {kind}; the output format of an inventory must be CSV")
    return files, {**config, "CSVHeaderLocation": "GIVEN", "CSVHeaders": headers}
