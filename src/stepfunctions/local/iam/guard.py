"""The check of calls made under a role: the engine's tasks, jobs, functions, and whoever assumed a role.

``enforce`` refuses as AWS does; ``log`` lets everything through and lists what a role lacks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.iam.documents import Statement, identity_policy, trust_policy
from stepfunctions.local.iam.evaluation import Asked, Decision, decide, facts_of, may_be_assumed
from stepfunctions.local.iam.records import ROLE, IamTables, Record, account_of
from stepfunctions.local.iam.requests import rights
from stepfunctions.local.principal import IamMode

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.iam.policies import Policies

_log = logging.getLogger("stepfunctions.local.iam")

OPEN = frozenset({("sts", "GetCallerIdentity")})
"""What needs no right."""


class Guard:
    """Checks calls against the policies of roles."""

    def __init__(self, cloud: Cloud, mode: IamMode, tables: IamTables, policies: Policies) -> None:
        self._cloud = cloud
        self._mode = mode
        self._tables = tables
        self._policies = policies

    def check(self, role: str, service: str, operation: str, params: dict[str, Any], region: str) -> None:
        """Raise ServiceError (AccessDeniedException, 403) when a role may not make a call, as AWS words it."""
        account = account_of(role)
        if (service, operation) not in OPEN:
            for asked in rights(service, operation, self._complete(service, operation, params), region, account):
                self.require(role, asked)

    def _complete(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Return a request with the roles that it hands on without naming them: those of ECS's task definition."""
        if (service, operation) != ("ecs", "RunTask") or self._cloud.elsewhere(service) is not None:
            return params
        try:
            found = self._cloud.call(service, "DescribeTaskDefinition", {"taskDefinition": params["taskDefinition"]})
        except (KeyError, ServiceError):
            return params  # which RunTask itself refuses
        roles = {name: found["taskDefinition"].get(name) for name in ("taskRoleArn", "executionRoleArn")}
        return {**{name: role for name, role in roles.items() if role}, **params}

    def require(self, role: str, asked: Asked) -> None:
        """Raise ServiceError (AccessDeniedException, 403) when a role lacks a right."""
        decision = self.decision(role, asked)
        if decision is Decision.ALLOWED:
            return
        resource = asked.resource or "*"
        if self._tables.note_missing(role, asked.action, resource, self._cloud.clock.now()):
            _log.warning("%s lacks %s on %s", role, asked.action, resource)
        if self._mode is IamMode.ENFORCE:
            why = (
                "with an explicit deny in an identity-based policy"
                if decision is Decision.EXPLICIT_DENY
                else f"because no identity-based policy allows the {asked.action} action"
            )
            raise ServiceError(
                "AccessDeniedException",
                f"User: {session_arn(role)} is not authorized to perform: {asked.action} on resource: {resource} {why}",
                403,
            )

    def trusts(self, role: str, service: str, source: str) -> None:
        """Raise ServiceError (AccessDeniedException) when a service may not assume a role.

        ``service``: such as ``states``. ``source``: the ARN of the resource that it is for, aws:SourceArn.
        """
        record = self._role(role)
        principal = f"{service}.amazonaws.com"
        if record is not None and may_be_assumed(
            trust_policy(record["AssumeRolePolicyDocument"]),
            "Service",
            principal,
            self._facts(role, facts_of({"aws:SourceArn": source})),
        ):
            return
        if self._tables.note_missing(role, "sts:AssumeRole", principal, self._cloud.clock.now()):
            _log.warning("%s cannot be assumed by %s", role, principal)
        if self._mode is IamMode.ENFORCE:
            raise ServiceError(
                "AccessDeniedException",
                f"Neither the global service principal {principal}, nor the regional one is authorized to assume "
                "the provided role.",
            )

    def decision(self, role: str, asked: Asked) -> Decision:
        """Return what a role's policies, and its boundary, say; a role that is not there has no rights."""
        record = self._role(role)
        if record is None:
            return Decision.IMPLICIT_DENY
        facts = self._facts(role, asked.facts)
        asked = Asked(asked.action, asked.resource, facts)
        account = account_of(role)
        decision = decide(self._statements(account, record), asked)
        if decision is Decision.ALLOWED and "boundary" in record:
            decision = decide(identity_policy(self._policies.text(account, record["boundary"])), asked)
        return decision

    def _statements(self, account: str, record: Record) -> Iterable[Statement]:
        texts = [*record["inline"].values(), *(self._policies.text(account, arn) for arn in record["attached"])]
        return [statement for text in texts for statement in identity_policy(text)]

    def _facts(self, role: str, facts: Any) -> dict[str, Any]:
        account, now = account_of(role), self._cloud.clock.now()
        own = facts_of(
            {
                "aws:PrincipalArn": role,
                "aws:PrincipalAccount": account,
                "aws:PrincipalType": "AssumedRole",
                "aws:SourceAccount": account,
                "aws:EpochTime": int(now),
                "aws:CurrentTime": int(now),
            }
        )
        return {**own, **facts}

    def _role(self, arn: str) -> Record | None:
        record = self._tables.get(account_of(arn), ROLE, arn.rpartition("/")[2])
        return record if record is not None and record["Arn"] == arn else None


def session_arn(role: str) -> str:
    """Return the ARN of a session of a role, as refusals name who called."""
    account, name = account_of(role), role.rpartition("/")[2]
    return f"arn:aws:sts::{account}:assumed-role/{name}/local"
