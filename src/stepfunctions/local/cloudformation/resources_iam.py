"""Resource types of IAM: roles and the policies they have.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.convert import document, text, wrong
from stepfunctions.local.cloudformation.handlers import Context, Handler, Made, Properties, is_missing
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Setting, TagCalls

_VERSIONS = 5
"""How many versions IAM keeps of a managed policy."""


def _inline(context: Context, facts: Properties) -> list[dict[str, Any]]:
    names = context.call("iam", "ListRolePolicies", RoleName=facts["RoleName"])["PolicyNames"]
    order = [one.get("PolicyName") for one in facts.get("Policies", [])]
    names.sort(key=lambda name: order.index(name) if name in order else len(order))
    found = [context.call("iam", "GetRolePolicy", RoleName=facts["RoleName"], PolicyName=name) for name in names]
    return [{"PolicyName": one["PolicyName"], "PolicyDocument": one["PolicyDocument"]} for one in found]


def _put_inline(context: Context, facts: Properties, policies: Any) -> None:
    """Make these the inline policies of a role that its template has; those that others put there stay."""
    role, wanted = facts["RoleName"], {one["PolicyName"]: one["PolicyDocument"] for one in policies or []}
    for one in facts.get("was") or []:
        if one["PolicyName"] not in wanted:
            _drop_inline(context, role, one["PolicyName"])
    for name, value in wanted.items():
        context.call("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=text(value))


def _drop_inline(context: Context, role: str, name: str) -> None:
    try:
        context.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)
    except ServiceError as error:
        if not is_missing(error):
            raise


def _attached(context: Context, facts: Properties) -> list[str]:
    found = context.call("iam", "ListAttachedRolePolicies", RoleName=facts["RoleName"])["AttachedPolicies"]
    order = facts.get("ManagedPolicyArns", [])
    arns = [one["PolicyArn"] for one in found]
    return sorted(arns, key=lambda arn: order.index(arn) if arn in order else len(order))


def _attach(context: Context, facts: Properties, arns: Any) -> None:
    wanted = arns or []
    for arn in facts.get("was") or []:
        if arn not in wanted:
            _detach(context, facts["RoleName"], arn)
    for arn in wanted:
        context.call("iam", "AttachRolePolicy", RoleName=facts["RoleName"], PolicyArn=arn)


def _detach(context: Context, role: str, arn: str) -> None:
    try:
        context.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=arn)
    except ServiceError as error:
        if not is_missing(error):
            raise


def _empty(context: Context, facts: Properties) -> None:
    """Take a role's policies away, those of its template."""
    for arn in facts.get("ManagedPolicyArns", []):
        _detach(context, facts["RoleName"], arn)
    for policy in facts.get("Policies", []):
        _drop_inline(context, facts["RoleName"], policy["PolicyName"])


class _RolePolicy(Handler):
    """An inline policy of a role (``RoleName``), or the same one of several (``Roles``)."""

    def __init__(self, type: str, roles: str, required: set[str], create_only: set[str]) -> None:
        self.type, self._roles = type, roles
        self.properties = frozenset({"PolicyName", "PolicyDocument", roles})
        self.required, self.create_only = frozenset(required), frozenset(create_only)

    def create(self, context: Context, properties: Properties) -> Made:
        """See Handler."""
        self._put(context, properties)
        return self._made(context.generated_name(128), properties)

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """See Handler."""
        self._put(context, new)
        for role in self._of(old):
            if role not in self._of(new) or old["PolicyName"] != new["PolicyName"]:
                _drop_inline(context, role, old["PolicyName"])
        return self._made(id, new)

    def delete(self, context: Context, id: str, properties: Properties) -> None:  # noqa: ARG002
        """See Handler."""
        for role in self._of(properties):
            _drop_inline(context, role, properties["PolicyName"])

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:  # noqa: ARG002
        """See Handler."""
        found: list[Any] = []
        for role in self._of(properties):
            try:
                shown = context.call("iam", "GetRolePolicy", RoleName=role, PolicyName=properties["PolicyName"])
            except ServiceError as error:
                if not is_missing(error):
                    raise
            else:
                found.append((role, document(shown["PolicyDocument"])))
        if not found:
            return None
        different = [one for _, one in found if one != properties.get("PolicyDocument")]
        live = {"PolicyName": properties["PolicyName"], "PolicyDocument": (different or [found[0][1]])[0]}
        return live | {self._roles: [role for role, _ in found] if self._roles == "Roles" else found[0][0]}

    def _made(self, id: str, properties: Properties) -> Made:
        return Made(id, {"Id": id}) if self._roles == "Roles" else Made(str(properties["PolicyName"]))

    def _of(self, properties: Properties) -> list[str]:
        roles = properties.get(self._roles, [])
        return roles if isinstance(roles, list) else [roles]

    def _put(self, context: Context, properties: Properties) -> None:
        if not self._of(properties):
            raise wrong("At least one of [Groups,Roles,Users] must be non-empty.")
        for role in self._of(properties):
            _put_inline(context, {"RoleName": role}, [properties])


def _replace_document(context: Context, facts: Properties, value: Any) -> None:
    """Make a new default version of a managed policy; the oldest goes when there are too many."""
    arn = facts["id"]
    versions = context.call("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]
    if len(versions) >= _VERSIONS:
        oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"])
        context.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=oldest["VersionId"])
    context.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=text(value), SetAsDefault=True)


def _default_document(context: Context, facts: Properties) -> Any:
    policy = context.call("iam", "GetPolicy", PolicyArn=facts["id"])["Policy"]
    shown = context.call("iam", "GetPolicyVersion", PolicyArn=facts["id"], VersionId=policy["DefaultVersionId"])
    return shown["PolicyVersion"]["Document"]


def _attach_roles(context: Context, facts: Properties, roles: Any) -> None:
    wanted = roles or []
    for role in facts.get("was") or []:
        if role not in wanted:
            _detach(context, role, facts["id"])
    for role in wanted:
        context.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=facts["id"])


def _strip(context: Context, facts: Properties) -> None:
    """Detach a managed policy and delete its older versions, so that it can be deleted."""
    for one in context.call("iam", "ListEntitiesForPolicy", PolicyArn=facts["id"])["PolicyRoles"]:
        _detach(context, one["RoleName"], facts["id"])
    for one in context.call("iam", "ListPolicyVersions", PolicyArn=facts["id"])["Versions"]:
        if not one["IsDefaultVersion"]:
            context.call("iam", "DeletePolicyVersion", PolicyArn=facts["id"], VersionId=one["VersionId"])


def _trust(value: Any) -> Properties:
    return {"PolicyDocument": value}


HANDLERS: list[Handler] = [
    Resource(
        type="AWS::IAM::Role",
        service="iam",
        fields="AssumeRolePolicyDocument* Description ManagedPolicyArns MaxSessionDuration Path! PermissionsBoundary"
        " Policies RoleName! Tags",
        create_call="CreateRole",
        update_call="UpdateRole",
        describe_call="GetRole",
        inside="Role",
        delete_call="DeleteRole",
        name=("RoleName", 64),
        ref="{RoleName}",
        key={"RoleName": "{RoleName}"},
        attributes={"Arn": "{Arn}", "RoleId": "{RoleId}"},
        defaults={"Description": "", "MaxSessionDuration": 3600},
        settings=(
            Setting("AssumeRolePolicyDocument", "UpdateAssumeRolePolicy", members=_trust, created=True),
            Setting("PermissionsBoundary", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", created=True),
            Setting("ManagedPolicyArns", apply=_attach, live=_attached),
            Setting("Policies", apply=_put_inline, live=_inline),
        ),
        before_delete=_empty,
        unread=frozenset({"PermissionsBoundary"}),
        tags=TagCalls("RoleName", "{RoleName}", "TagRole", "UntagRole"),
    ),
    _RolePolicy("AWS::IAM::Policy", "Roles", {"PolicyDocument", "PolicyName"}, set()),
    _RolePolicy("AWS::IAM::RolePolicy", "RoleName", {"PolicyName", "RoleName"}, {"PolicyName", "RoleName"}),
    Resource(
        type="AWS::IAM::ManagedPolicy",
        service="iam",
        fields="Description! ManagedPolicyName! Path! PolicyDocument* Roles",
        renames={"ManagedPolicyName": "PolicyName"},
        create_call="CreatePolicy",
        describe_call="GetPolicy",
        inside="Policy",
        delete_call="DeletePolicy",
        name=("ManagedPolicyName", 128),
        assumed={"Path": "/"},
        ref="arn:{partition}:iam::{account}:policy{Path}{ManagedPolicyName}",
        key={"PolicyArn": "{id}"},
        attributes={"PolicyArn": "{id}", "PolicyId": "{PolicyId}", "DefaultVersionId": "{DefaultVersionId}"},
        settings=(
            Setting("PolicyDocument", apply=_replace_document, live=_default_document, created=True),
            Setting("Roles", apply=_attach_roles),
        ),
        before_delete=_strip,
    ),
]
