"""What a bucket is configured with: kept and shown as it was put.

Notifications are sent. Policies, encryption, CORS, lifecycle rules, ownership and the block of public access change
nothing here: files are not encrypted, nothing expires, and nobody from elsewhere can reach the local cloud.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.local.s3.changes import Changes
from stepfunctions.local.s3.faults import S3Error
from stepfunctions.local.s3.notifications import KIND, checked, subscriptions
from stepfunctions.local.s3.objects import Objects

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Request = Mapping[str, Any]
Response = dict[str, Any]
_Operation = Callable[["ConfigurationOperations", Request, "Call"], Response]


def _kept(kind: str, absent: S3Error, *, wrapped: bool = True) -> tuple[_Operation, _Operation, _Operation]:
    """Return the operations that put, get and delete a configuration; ``kind`` is the member that holds it.

    ``wrapped``: whether the answer to get has that member too, or what is in it.
    """

    def put(self: ConfigurationOperations, request: Request, _call: Call) -> Response:
        if kind not in request:
            raise S3Error("MissingRequestBodyError", "Request Body is empty")
        self.objects.buckets.configure(request["Bucket"], kind, request[kind])
        return {}

    def get(self: ConfigurationOperations, request: Request, _call: Call) -> Response:
        found = self.objects.buckets.configuration(request["Bucket"], kind)
        if found is None:
            raise S3Error(absent.code, absent.message, absent.status, {"BucketName": request["Bucket"]})
        return {kind: found} if wrapped else dict(found)

    def delete(self: ConfigurationOperations, request: Request, _call: Call) -> Response:
        self.objects.buckets.configure(request["Bucket"], kind, None)
        return {}

    return put, get, delete


class ConfigurationOperations:
    """Put, get and delete a bucket's configurations."""

    objects: Objects
    changes: Changes
    _cloud: Cloud

    put_bucket_cors, get_bucket_cors, delete_bucket_cors = _kept(
        "CORSConfiguration",
        S3Error("NoSuchCORSConfiguration", "The CORS configuration does not exist", 404),
        wrapped=False,
    )
    put_bucket_lifecycle_configuration, get_bucket_lifecycle_configuration, delete_bucket_lifecycle = _kept(
        "LifecycleConfiguration",
        S3Error("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404),
        wrapped=False,
    )
    put_bucket_encryption, get_bucket_encryption, delete_bucket_encryption = _kept(
        "ServerSideEncryptionConfiguration",
        S3Error(
            "ServerSideEncryptionConfigurationNotFoundError",
            "The server side encryption configuration was not found",
            404,
        ),
    )
    put_public_access_block, get_public_access_block, delete_public_access_block = _kept(
        "PublicAccessBlockConfiguration",
        S3Error("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", 404),
    )
    put_bucket_ownership_controls, get_bucket_ownership_controls, delete_bucket_ownership_controls = _kept(
        "OwnershipControls",
        S3Error("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", 404),
    )
    _keep_policy, get_bucket_policy, delete_bucket_policy = _kept(
        "Policy", S3Error("NoSuchBucketPolicy", "The bucket policy does not exist", 404)
    )

    def put_bucket_policy(self, request: Request, call: Call) -> Response:
        """Keep a policy, which must be a JSON object with a Statement."""
        try:
            policy = json.loads(request.get("Policy") or "")
        except (ValueError, RecursionError):
            policy = None
        if not isinstance(policy, dict):
            raise S3Error("MalformedPolicy", "This policy contains invalid Json")
        if "Statement" not in policy:
            raise S3Error("MalformedPolicy", "Missing required field Statement")
        return self._keep_policy(request, call)

    def get_bucket_notification_configuration(self, request: Request, _call: Call) -> Response:
        """Return who is told of changes; empty when nobody is."""
        return dict(self.objects.buckets.configuration(request["Bucket"], KIND) or {})

    def put_bucket_notification_configuration(self, request: Request, _call: Call) -> Response:
        """Replace who is told of changes. New queues and topics get a test message, as on AWS."""
        bucket = request["Bucket"]
        before = self.objects.buckets.configuration(bucket, KIND) or {}
        validate = not request.get("SkipDestinationValidation")
        wanted = checked(self._cloud, request["NotificationConfiguration"], destinations=validate)
        self.objects.buckets.configure(bucket, KIND, wanted or None, notifies=bool(wanted))
        known = {one.arn for one in subscriptions(before)}
        for one in subscriptions(wanted) if validate else ():
            if one.service != "lambda" and one.arn not in known:
                self.changes.test(bucket, one)
        return {}
