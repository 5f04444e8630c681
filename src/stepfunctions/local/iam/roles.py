"""The operations about roles.

API reference: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.errors import ServiceError
from stepfunctions.local.iam import documents
from stepfunctions.local.iam.managed import aws_policy
from stepfunctions.local.iam.records import POLICY, ROLE, IamTables, Record

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]
_PAGE = 100
_MOST_INLINE = 10_240
_MOST_ATTACHED = 20


class Roles:
    """Roles with their inline policies, attached policies, boundary and tags."""

    def __init__(self, cloud: Cloud, tables: IamTables) -> None:
        self._clock = cloud.clock
        self._tables = tables

    # --- roles ------------------------------------------------------------------------------------------

    def create_role(self, request: Answer, call: Call) -> Answer:
        """CreateRole."""
        name, path = request["RoleName"], request.get("Path", "/")
        documents.trust_policy(request["AssumeRolePolicyDocument"])
        record: Record = {
            "Path": path,
            "RoleName": name,
            "RoleId": new_id("AROA"),
            "Arn": f"arn:aws:iam::{call.account}:role{path}{name}",
            "CreateDate": self._clock.now(),
            "AssumeRolePolicyDocument": request["AssumeRolePolicyDocument"],
            "MaxSessionDuration": request.get("MaxSessionDuration", 3600),
            "Tags": request.get("Tags", []),
            "inline": {},
            "attached": [],
        }
        if "Description" in request:
            record["Description"] = request["Description"]
        if "PermissionsBoundary" in request:
            self._policy_of(call, request["PermissionsBoundary"])
            record["boundary"] = request["PermissionsBoundary"]
        with self._tables.writing():
            if self._tables.get(call.account, ROLE, name) is not None:
                raise ServiceError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
            self._tables.put(call.account, ROLE, name, record)
        return {"Role": shown_role(record)}

    def get_role(self, request: Answer, call: Call) -> Answer:
        """GetRole."""
        return {"Role": shown_role(self.role(call.account, request["RoleName"]))}

    def list_roles(self, request: Answer, call: Call) -> Answer:
        """ListRoles."""
        prefix = request.get("PathPrefix", "/")
        found = (one for one in self._tables.all(call.account, ROLE, marker(request)) if one["Path"].startswith(prefix))
        return page("Roles", found, request, lambda one: one["RoleName"], lambda one: shown_role(one, listed=True))

    def delete_role(self, request: Answer, call: Call) -> None:
        """DeleteRole: only one without policies."""
        with self._tables.writing():
            role = self.role(call.account, request["RoleName"])
            if role["attached"]:
                raise ServiceError("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409)
            if role["inline"]:
                raise ServiceError("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)
            self._tables.drop(call.account, ROLE, role["RoleName"])

    def update_role(self, request: Answer, call: Call) -> Answer:
        """UpdateRole: its description and the longest session."""
        with self._changed_role(request, call) as role:
            role.update({name: request[name] for name in ("Description", "MaxSessionDuration") if name in request})
        return {}

    def update_assume_role_policy(self, request: Answer, call: Call) -> None:
        """UpdateAssumeRolePolicy."""
        documents.trust_policy(request["PolicyDocument"])
        with self._changed_role(request, call) as role:
            role["AssumeRolePolicyDocument"] = request["PolicyDocument"]

    def put_role_permissions_boundary(self, request: Answer, call: Call) -> None:
        """PutRolePermissionsBoundary."""
        self._policy_of(call, request["PermissionsBoundary"])
        with self._changed_role(request, call) as role:
            role["boundary"] = request["PermissionsBoundary"]

    def delete_role_permissions_boundary(self, request: Answer, call: Call) -> None:
        """DeleteRolePermissionsBoundary."""
        with self._changed_role(request, call) as role:
            role.pop("boundary", None)

    # --- tags -------------------------------------------------------------------------------------------

    def tag_role(self, request: Answer, call: Call) -> None:
        """TagRole."""
        with self._changed_role(request, call) as role:
            role["Tags"] = tagged(role["Tags"], request["Tags"])

    def untag_role(self, request: Answer, call: Call) -> None:
        """UntagRole."""
        with self._changed_role(request, call) as role:
            role["Tags"] = [tag for tag in role["Tags"] if tag["Key"] not in request["TagKeys"]]

    def list_role_tags(self, request: Answer, call: Call) -> Answer:
        """ListRoleTags, all at once."""
        return {"Tags": self.role(call.account, request["RoleName"])["Tags"], "IsTruncated": False}

    # --- inline policies --------------------------------------------------------------------------------

    def put_role_policy(self, request: Answer, call: Call) -> None:
        """PutRolePolicy."""
        documents.identity_policy(request["PolicyDocument"])
        with self._changed_role(request, call) as role:
            role["inline"][request["PolicyName"]] = request["PolicyDocument"]
            if sum(len("".join(text.split())) for text in role["inline"].values()) > _MOST_INLINE:
                raise ServiceError(
                    "LimitExceeded",
                    f"Maximum policy size of {_MOST_INLINE} bytes exceeded for role {role['RoleName']}",
                    409,
                )

    def get_role_policy(self, request: Answer, call: Call) -> Answer:
        """GetRolePolicy: the document is URL-encoded, as AWS's is."""
        role = self.role(call.account, request["RoleName"])
        text = role["inline"].get(request["PolicyName"])
        if text is None:
            raise _no_inline(request["PolicyName"])
        return {
            "RoleName": role["RoleName"],
            "PolicyName": request["PolicyName"],
            "PolicyDocument": quote(text, safe=""),
        }

    def list_role_policies(self, request: Answer, call: Call) -> Answer:
        """ListRolePolicies."""
        names = sorted(self.role(call.account, request["RoleName"])["inline"])
        after = marker(request)
        return page("PolicyNames", (one for one in names if one > after), request, str, str)

    def delete_role_policy(self, request: Answer, call: Call) -> None:
        """DeleteRolePolicy."""
        with self._changed_role(request, call) as role:
            if role["inline"].pop(request["PolicyName"], None) is None:
                raise _no_inline(request["PolicyName"])

    # --- attached policies ------------------------------------------------------------------------------

    def attach_role_policy(self, request: Answer, call: Call) -> None:
        """AttachRolePolicy."""
        arn = request["PolicyArn"]
        with self._tables.writing():
            self._policy_of(call, arn)
            with self._changed_role(request, call) as role:
                if arn not in role["attached"]:
                    if len(role["attached"]) >= _MOST_ATTACHED:
                        raise ServiceError(
                            "LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {_MOST_ATTACHED}", 409
                        )
                    role["attached"].append(arn)

    def detach_role_policy(self, request: Answer, call: Call) -> None:
        """DetachRolePolicy."""
        with self._changed_role(request, call) as role:
            if request["PolicyArn"] not in role["attached"]:
                raise ServiceError("NoSuchEntity", f"Policy {request['PolicyArn']} was not found.", 404)
            role["attached"].remove(request["PolicyArn"])

    def list_attached_role_policies(self, request: Answer, call: Call) -> Answer:
        """ListAttachedRolePolicies."""
        role, after = self.role(call.account, request["RoleName"]), marker(request)
        found = sorted(({"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in role["attached"]),
                       key=lambda one: one["PolicyArn"])  # fmt: skip
        rest = (one for one in found if one["PolicyArn"] > after)
        return page("AttachedPolicies", rest, request, lambda one: one["PolicyArn"], dict)

    # --- for the other modules --------------------------------------------------------------------------

    def role(self, account: str, name: str) -> Record:
        """Return a role's record. Raises ServiceError (NoSuchEntity)."""
        found = self._tables.get(account, ROLE, name)
        if found is None:
            raise ServiceError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
        return found

    def _policy_of(self, call: Call, arn: str) -> None:
        if aws_policy(arn) is None and self._tables.get(call.account, POLICY, arn) is None:
            raise ServiceError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404)

    @contextmanager
    def _changed_role(self, request: Answer, call: Call) -> Iterator[Record]:
        """Give a role's record; what is changed in it is written."""
        with self._tables.writing():
            role = self.role(call.account, request["RoleName"])
            yield role
            self._tables.put(call.account, ROLE, role["RoleName"], role)


def shown_role(record: Record, *, listed: bool = False) -> Answer:
    """Return a role as GetRole and, without tags and boundary, as ListRoles shows it."""
    own = ("inline", "attached", "boundary", *(("Tags",) if listed or not record["Tags"] else ()))
    answer = {name: value for name, value in record.items() if name not in own}
    answer["CreateDate"] = moment(record["CreateDate"])
    answer["AssumeRolePolicyDocument"] = quote(record["AssumeRolePolicyDocument"], safe="")
    if "boundary" in record and not listed:
        answer["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": record["boundary"],
        }
    return answer


def page(
    key: str,
    found: Iterable[Any],
    request: Answer,
    name_of: Callable[[Any], str],
    shown: Callable[[Any], Any],
) -> Answer:
    """Return a page of a List operation; the marker leads on after the last one's name."""
    limit = request.get("MaxItems", _PAGE)
    taken: list[Any] = []
    for one in found:
        if len(taken) == limit:
            mark = base64.urlsafe_b64encode(name_of(taken[-1]).encode()).decode()
            return {key: [shown(each) for each in taken], "IsTruncated": True, "Marker": mark}
        taken.append(one)
    return {key: [shown(each) for each in taken], "IsTruncated": False}


def marker(request: Answer) -> str:
    """Return the name after which a page begins. Raises ServiceError for a marker that no page gave."""
    try:
        return base64.b64decode(request.get("Marker", ""), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise ServiceError("ValidationError", "The Marker is not one that a page of this list gave.") from None


def tagged(tags: list[dict[str, str]], new: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return tags with new ones; a key that was there gets its new value."""
    merged = {tag["Key"]: tag["Value"] for tag in [*tags, *new]}
    if len(merged) > 50:
        raise ServiceError("LimitExceeded", "The number of tags has reached the maximum limit.", 409)
    return [{"Key": key, "Value": value} for key, value in merged.items()]


def new_id(prefix: str) -> str:
    """Return a new unique ID of IAM: 21 characters."""
    return prefix + base64.b32encode(uuid.uuid4().bytes).decode()[:17]


def moment(epoch: float) -> datetime:
    """Return a time as the API shows it, in whole seconds."""
    return datetime.fromtimestamp(int(epoch), timezone.utc)


def _no_inline(name: str) -> ServiceError:
    return ServiceError("NoSuchEntity", f"The role policy with name {name} cannot be found.", 404)
