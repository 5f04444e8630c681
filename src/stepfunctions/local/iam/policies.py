"""The operations about managed policies.

API reference: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.errors import ServiceError
from stepfunctions.local.iam import documents
from stepfunctions.local.iam.managed import aws_policies, aws_policy
from stepfunctions.local.iam.records import POLICY, ROLE, IamTables, Record
from stepfunctions.local.iam.roles import marker, moment, new_id, page, tagged

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_MOST_VERSIONS = 5


class Policies:
    """Customer managed policies with up to five versions; AWS's own ones can be read and attached."""

    def __init__(self, cloud: Cloud, tables: IamTables) -> None:
        self._clock = cloud.clock
        self._tables = tables

    def create_policy(self, request: Answer, call: Call) -> Answer:
        """CreatePolicy."""
        name, path = request["PolicyName"], request.get("Path", "/")
        documents.identity_policy(request["PolicyDocument"])
        arn, now = f"arn:aws:iam::{call.account}:policy{path}{name}", self._clock.now()
        record: Record = {
            "PolicyName": name,
            "PolicyId": new_id("ANPA"),
            "Arn": arn,
            "Path": path,
            "DefaultVersionId": "v1",
            "CreateDate": now,
            "UpdateDate": now,
            "Tags": request.get("Tags", []),
            "versions": {"v1": {"Document": request["PolicyDocument"], "CreateDate": now}},
            "last": 1,
        }
        if "Description" in request:
            record["Description"] = request["Description"]
        with self._tables.writing():
            if any(one["PolicyName"].lower() == name.lower() for one in self._tables.all(call.account, POLICY)):
                raise ServiceError("EntityAlreadyExists", f"A policy called {name} already exists.", 409)
            self._tables.put(call.account, POLICY, arn, record)
        return {"Policy": self._shown(call.account, record, tags=True)}

    def get_policy(self, request: Answer, call: Call) -> Answer:
        """GetPolicy."""
        return {"Policy": self._shown(call.account, self.policy(call.account, request["PolicyArn"]), tags=True)}

    def list_policies(self, request: Answer, call: Call) -> Answer:
        """ListPolicies, by ARN. ``Scope``: All (AWS's too), AWS or Local."""
        scope, after = request.get("Scope", "All"), marker(request)
        records = list(self._tables.all(call.account, POLICY)) if scope != "AWS" else []
        if scope != "Local":
            records += [self.policy(call.account, arn) for arn in aws_policies()]
        found = (
            one
            for one in sorted(records, key=lambda one: str(one["Arn"]))
            if one["Arn"] > after and one["Path"].startswith(request.get("PathPrefix", "/"))
        )
        if request.get("OnlyAttached"):
            found = (one for one in found if self._attached(call.account, one["Arn"]))
        return page("Policies", found, request, lambda one: str(one["Arn"]), lambda one: self._shown(call.account, one))

    def delete_policy(self, request: Answer, call: Call) -> None:
        """DeletePolicy: only one that is attached to nothing and has no other version."""
        with self._tables.writing():
            policy = self._own(call, request)
            if self._attached(call.account, policy["Arn"]):
                raise ServiceError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)
            if len(policy["versions"]) > 1:
                raise ServiceError(
                    "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must "
                    "delete the policy's versions. The default version is deleted with the policy.", 409,
                )  # fmt: skip
            self._tables.drop(call.account, POLICY, policy["Arn"])

    # --- versions ---------------------------------------------------------------------------------------

    def create_policy_version(self, request: Answer, call: Call) -> Answer:
        """CreatePolicyVersion."""
        documents.identity_policy(request["PolicyDocument"])
        with self._changed_policy(request, call) as policy:
            if len(policy["versions"]) >= _MOST_VERSIONS:
                raise ServiceError(
                    "LimitExceeded",
                    "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
                    "existing version.",
                    409,
                )
            policy["last"] += 1
            version = f"v{policy['last']}"
            policy["versions"][version] = {"Document": request["PolicyDocument"], "CreateDate": self._clock.now()}
            if request.get("SetAsDefault"):
                policy["DefaultVersionId"] = version
        return {"PolicyVersion": {k: v for k, v in _shown_version(policy, version).items() if k != "Document"}}

    def get_policy_version(self, request: Answer, call: Call) -> Answer:
        """GetPolicyVersion: the document is URL-encoded, as AWS's is."""
        policy = self.policy(call.account, request["PolicyArn"])
        return {"PolicyVersion": _shown_version(policy, _version(policy, request["VersionId"]))}

    def list_policy_versions(self, request: Answer, call: Call) -> Answer:
        """ListPolicyVersions, the newest first."""
        policy = self.policy(call.account, request["PolicyArn"])
        versions = sorted(policy["versions"], key=lambda name: -int(name[1:]))
        shown = [_shown_version(policy, name) for name in versions]
        return {"Versions": [{k: v for k, v in one.items() if k != "Document"} for one in shown], "IsTruncated": False}

    def set_default_policy_version(self, request: Answer, call: Call) -> None:
        """SetDefaultPolicyVersion."""
        with self._changed_policy(request, call) as policy:
            policy["DefaultVersionId"] = _version(policy, request["VersionId"])

    def delete_policy_version(self, request: Answer, call: Call) -> None:
        """DeletePolicyVersion: not the default one."""
        with self._changed_policy(request, call) as policy:
            version = _version(policy, request["VersionId"])
            if version == policy["DefaultVersionId"]:
                raise ServiceError("DeleteConflict", "Cannot delete the default version of a policy.", 409)
            del policy["versions"][version]

    # --- tags, users ------------------------------------------------------------------------------------

    def tag_policy(self, request: Answer, call: Call) -> None:
        """TagPolicy."""
        with self._changed_policy(request, call) as policy:
            policy["Tags"] = tagged(policy["Tags"], request["Tags"])

    def untag_policy(self, request: Answer, call: Call) -> None:
        """UntagPolicy."""
        with self._changed_policy(request, call) as policy:
            policy["Tags"] = [tag for tag in policy["Tags"] if tag["Key"] not in request["TagKeys"]]

    def list_policy_tags(self, request: Answer, call: Call) -> Answer:
        """ListPolicyTags, all at once."""
        return {"Tags": self.policy(call.account, request["PolicyArn"])["Tags"], "IsTruncated": False}

    def list_entities_for_policy(self, request: Answer, call: Call) -> Answer:
        """ListEntitiesForPolicy: the roles, since there are no users and groups here."""
        arn, after = self.policy(call.account, request["PolicyArn"])["Arn"], marker(request)
        roles = [one for one in self._attached(call.account, arn) if one["RoleName"] > after]
        answer = page(
            "PolicyRoles", roles, request, lambda one: one["RoleName"],
            lambda one: {"RoleName": one["RoleName"], "RoleId": one["RoleId"]},
        )  # fmt: skip
        return {"PolicyGroups": [], "PolicyUsers": [], **answer}

    # --- for the other modules --------------------------------------------------------------------------

    def policy(self, account: str, arn: str) -> Record:
        """Return a policy's record, also one of AWS's. Raises ServiceError (NoSuchEntity)."""
        own = self._tables.get(account, POLICY, arn)
        if own is not None:
            return own
        theirs = aws_policy(arn)
        if theirs is None:
            raise ServiceError("NoSuchEntity", f"Policy {arn} was not found.", 404)
        made, version = _epoch(theirs["CreateDate"]), theirs["DefaultVersionId"]
        return {
            "PolicyName": theirs["name"],
            "PolicyId": "ANPA" + theirs["name"].upper().ljust(17, "A")[:17],
            "Arn": arn,
            "Path": theirs["Path"],
            "DefaultVersionId": version,
            "CreateDate": made,
            "UpdateDate": _epoch(theirs["UpdateDate"]),
            "Tags": [],
            "versions": {version: {"Document": json.dumps(theirs["Document"]), "CreateDate": made}},
        }

    def text(self, account: str, arn: str) -> str:
        """Return the document of a policy's default version. Raises ServiceError (NoSuchEntity)."""
        policy = self.policy(account, arn)
        return str(policy["versions"][policy["DefaultVersionId"]]["Document"])

    def _own(self, call: Call, request: Answer) -> Record:
        arn = request["PolicyArn"]
        policy = self.policy(call.account, arn)
        if aws_policy(arn) is not None:
            raise ServiceError("AccessDenied", f"{arn} is AWS's own: it cannot be changed.", 403)
        return policy

    @contextmanager
    def _changed_policy(self, request: Answer, call: Call) -> Iterator[Record]:
        with self._tables.writing():
            policy = self._own(call, request)
            yield policy
            policy["UpdateDate"] = self._clock.now()
            self._tables.put(call.account, POLICY, policy["Arn"], policy)

    def _attached(self, account: str, arn: str) -> list[Record]:
        return [role for role in self._tables.all(account, ROLE) if arn in role["attached"]]

    def _shown(self, account: str, record: Record, *, tags: bool = False) -> Answer:
        own = ("versions", "last", *(() if tags else ("Tags", "Description")))
        roles = list(self._tables.all(account, ROLE))
        return {
            **{name: value for name, value in record.items() if name not in own},
            "AttachmentCount": sum(record["Arn"] in role["attached"] for role in roles),
            "PermissionsBoundaryUsageCount": sum(record["Arn"] == role.get("boundary") for role in roles),
            "IsAttachable": True,
            "CreateDate": moment(record["CreateDate"]),
            "UpdateDate": moment(record["UpdateDate"]),
        }


def _version(policy: Record, name: str) -> str:
    if name not in policy["versions"]:
        raise ServiceError(
            "NoSuchEntity", f"Policy {policy['Arn']} version {name} does not exist or is not attachable.", 404
        )
    return name


def _shown_version(policy: Record, name: str) -> Answer:
    version = policy["versions"][name]
    return {
        "Document": quote(version["Document"], safe=""),
        "VersionId": name,
        "IsDefaultVersion": name == policy["DefaultVersionId"],
        "CreateDate": moment(version["CreateDate"]),
    }


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
