"""The S3 service of the local cloud: every operation in process, and the ASGI app that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.local.s3.bucket_operations import BucketOperations
from stepfunctions.local.s3.changes import Changes
from stepfunctions.local.s3.configurations import ConfigurationOperations
from stepfunctions.local.s3.http import App
from stepfunctions.local.s3.multipart import Uploads
from stepfunctions.local.s3.multipart_operations import MultipartOperations
from stepfunctions.local.s3.objects import Objects
from stepfunctions.local.s3.permits import permit_of
from stepfunctions.local.s3.records import MIGRATIONS

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class S3(BucketOperations, ConfigurationOperations, MultipartOperations):
    """S3 of one cloud. ``objects`` is the API for services of the same process, ``app`` the HTTP side."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.objects = Objects(cloud.data_dir / "s3", cloud.database("s3", MIGRATIONS), cloud.clock.now)
        self.objects.observer = self.changes = Changes(cloud, self.objects)
        self.uploads = Uploads(self.objects)
        self.app = App(self, account=cloud.account, region=cloud.region, permit=permit_of(cloud))

    def start(self) -> None:
        """Tell of changes that a killed process did not."""
        self.changes.send_all()

    def stop(self) -> None:
        """Wait for file work under way."""
        self.app.close()
