"""STS: who the caller is. The local cloud knows one account and lets every role be assumed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call


class SecurityTokenService:
    """The operations of AWS's Security Token Service that workflows and SDKs call."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def get_caller_identity(self, _request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return the one local user."""
        return {
            "UserId": "AIDALOCALLOCALLOCAL00",
            "Account": call.account,
            "Arn": f"arn:aws:iam::{call.account}:user/local",
        }

    def assume_role(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return credentials for any role: nothing checks permissions here."""
        now = datetime.fromtimestamp(self._cloud.clock.now(), timezone.utc)
        role = request["RoleArn"].rsplit("/", 1)[-1]
        session = request["RoleSessionName"]
        return {
            "Credentials": {
                "AccessKeyId": self._cloud.service("iam").key_of(request["RoleArn"]),
                "SecretAccessKey": "local",
                "SessionToken": "local",
                "Expiration": now + timedelta(seconds=request.get("DurationSeconds", 3600)),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROALOCALLOCALLOCAL00:{session}",
                "Arn": f"arn:aws:sts::{call.account}:assumed-role/{role}/{session}",
            },
        }


def create(cloud: Cloud) -> SecurityTokenService:
    """Make the service for a cloud."""
    return SecurityTokenService(cloud)
