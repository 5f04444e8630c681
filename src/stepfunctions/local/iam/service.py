"""IAM: roles and managed policies, the simulator, and the guard of calls.

API reference: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.iam.documents import Statement, identity_policy
from stepfunctions.local.iam.evaluation import Asked, Decision, decide, facts_of
from stepfunctions.local.iam.guard import Guard
from stepfunctions.local.iam.policies import Policies
from stepfunctions.local.iam.records import MIGRATIONS, ROLE, IamTables, account_of
from stepfunctions.local.iam.roles import Roles

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

Answer = dict[str, Any]


class Iam(Roles, Policies):
    """The service. Users, groups and instance profiles are not here: nothing signs in on one machine."""

    def __init__(self, cloud: Cloud) -> None:
        tables = IamTables(cloud.database("iam", MIGRATIONS))
        super().__init__(cloud, tables)
        self.guard = Guard(cloud, cloud.iam, tables, self)

    def simulate_custom_policy(self, request: Answer, _call: Call) -> Answer:
        """SimulatePolicy over documents that are given."""
        statements = [one for text in request["PolicyInputList"] for one in identity_policy(text)]
        return _simulated(statements, request)

    def simulate_principal_policy(self, request: Answer, call: Call) -> Answer:
        """SimulatePrincipalPolicy over a role's policies, and documents that are given."""
        arn = request["PolicySourceArn"]
        if ":role/" not in arn:
            raise ServiceError("InvalidInput", f"Invalid Entity Arn: {arn} is not a role; there are only roles here.")
        role = self.role(call.account, arn.rpartition("/")[2])
        texts = [*role["inline"].values(), *(self.text(call.account, one) for one in role["attached"])]
        texts += request.get("PolicyInputList", [])
        return _simulated([one for text in texts for one in identity_policy(text)], request)

    # --- for the other services -------------------------------------------------------------------------

    def key_of(self, role: str) -> str:
        """Return the access key that stands for a role from now on: calls signed with it are the role's."""
        return self._tables.key_of(role, "ASIA" + uuid.uuid4().hex[:16].upper())

    def role_of(self, key: str) -> str | None:
        """Return the ARN of the role whose access key this is, None for any other key."""
        return self._tables.role_of(key)

    def missing(self) -> list[dict[str, Any]]:
        """Return the rights that roles lacked: role, action, resource, first, last, times."""
        return self._tables.missing()

    def exists(self, role: str) -> bool:
        """Whether there is a role of this ARN."""
        return self._tables.get(account_of(role), ROLE, role.rpartition("/")[2]) is not None


def _simulated(statements: list[Statement], request: Answer) -> Answer:
    facts = facts_of({one["ContextKeyName"]: one["ContextKeyValues"] for one in request.get("ContextEntries", [])})
    results = []
    for action in request["ActionNames"]:
        for resource in request.get("ResourceArns", ["*"]):
            decision: Decision = decide(statements, Asked(action, resource, facts))
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": decision.value,
                    "MatchedStatements": [],
                    "MissingContextValues": [],
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}


def create(cloud: Cloud) -> Iam:
    """Make the service for a cloud."""
    return Iam(cloud)
