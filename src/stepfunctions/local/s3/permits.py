"""Whether the role that signed a request to S3 may make it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stepfunctions.errors import ServiceError
from stepfunctions.local.principal import IamMode
from stepfunctions.local.s3.faults import S3Error
from stepfunctions.local.s3.routing import Incoming

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


def permit_of(cloud: Cloud) -> Callable[[str, Incoming], None] | None:
    """Return what refuses a call that its role may not make; None where roles are not looked at."""
    if cloud.iam is IamMode.OFF:
        return None

    def permit(operation: str, incoming: Incoming) -> None:
        iam = cloud.service("iam")
        role = iam.role_of(incoming.access_key)
        if role is None:
            return
        params: dict[str, object] = {"Bucket": incoming.bucket} if incoming.bucket else {}
        params |= {"Key": incoming.key} if incoming.key else {}
        if "prefix" in incoming.query:
            params["Prefix"] = incoming.query["prefix"]
        if "x-amz-copy-source" in incoming.headers:
            params["CopySource"] = unquote(incoming.headers["x-amz-copy-source"])
        if operation == "DeleteObjects":  # the keys are in its body
            params, operation = {**params, "Key": "*"}, "DeleteObject"
        try:
            iam.guard.check(role, "s3", operation, params, cloud.region)
        except ServiceError as error:
            raise S3Error("AccessDenied", error.message, 403) from None

    return permit
