"""The execution role of a stack, with the policy that was computed from its definition.

Quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stepfunctions.deploy.parts import ROLE, Parts

_VERSION = "2012-10-17"
_MOST_INLINE = 10_240
"""Characters that the inline policies of a role may have together, without white space."""
_MOST_MANAGED = 6_144
"""Characters of a managed policy."""
_MARGIN = 0.75
"""How much of a limit is used: ARNs are longer when they are filled in."""


def execution_role(document: Mapping[str, Any], trust: Mapping[str, Any]) -> Parts:
    """Return the role with a policy: inline, or in managed policies when it is too long for that."""
    properties: dict[str, Any] = {
        "Description": {"Fn::Sub": "What the state machine of the stack ${AWS::StackName} may do."},
        "AssumeRolePolicyDocument": dict(trust),
    }
    resources: dict[str, Any] = {ROLE: {"Type": "AWS::IAM::Role", "Properties": properties}}
    if not document["Statement"]:
        return Parts(resources=resources)
    if _length(document) <= _MOST_INLINE * _MARGIN:
        properties["Policies"] = [{"PolicyName": "workflow", "PolicyDocument": dict(document)}]
        return Parts(resources=resources)
    policies = {
        f"ExecutionPolicy{number}": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": {**document, "Statement": statements}},
        }
        for number, statements in enumerate(_split(document["Statement"]), 1)
    }
    properties["ManagedPolicyArns"] = [{"Ref": name} for name in policies]
    return Parts(resources={**policies, **resources})


_TELL_THE_ACCOUNT = {"events", "scheduler"}
"""Services that say for which account they assume a role, so that it serves no other:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html"""


def service_role(name: str, services: Sequence[str], statements: Sequence[Mapping[str, Any]]) -> Parts:
    """Return a role that services of AWS may assume, such as ``lambda``. ``name``: its logical id."""
    principals = [f"{service}.amazonaws.com" for service in services]
    principal = {"Service": principals if len(principals) > 1 else principals[0]}
    own = {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if set(services) <= _TELL_THE_ACCOUNT:
        trust["Condition"] = own
    document = {"Version": _VERSION, "Statement": list(statements)}
    properties = {
        "AssumeRolePolicyDocument": {"Version": _VERSION, "Statement": [trust]},
        "Policies": [{"PolicyName": "needs", "PolicyDocument": document}],
    }
    return Parts(resources={name: {"Type": "AWS::IAM::Role", "Properties": properties}})


def allow(actions: Sequence[str], resource: Any, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a statement. A text with ``${`` in it becomes Fn::Sub."""
    text = isinstance(resource, str) and "${" in resource
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": {"Fn::Sub": resource} if text else resource}
    return {**statement, "Condition": dict(condition)} if condition else statement


def _split(statements: Sequence[Any]) -> list[list[Any]]:
    """Return statements in groups, in order, each of which fits into a managed policy."""
    groups: list[list[Any]] = [[]]
    for statement in statements:
        if groups[-1] and _length([*groups[-1], statement]) > _MOST_MANAGED * _MARGIN:
            groups.append([])
        groups[-1].append(statement)
    return groups


def _length(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
