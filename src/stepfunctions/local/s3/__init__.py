"""S3 of the local cloud: buckets and objects as plain files with an index in SQLite, streamed both ways.

The path of a request: ``http`` (ASGI, streaming) -> ``routing`` (which operation) -> ``protocol`` (request and
response from botocore's model) -> ``service`` (one method per operation) -> ``objects`` and ``multipart`` (index
rows) -> ``contents`` (files). Everything in the same process calls ``objects.Objects`` directly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.s3.service import S3


def create(cloud: Cloud) -> S3:
    """Make the service for a cloud: its files in ``<data_dir>/s3/``, its index in ``<data_dir>/s3.db``."""
    from stepfunctions.local.s3.service import S3

    return S3(cloud)
