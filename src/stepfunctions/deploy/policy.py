"""The policy of a state machine's role: the least that its definition needs, statement by statement with the reasons.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.machine import walk
from stepfunctions.deploy.arns import Right, arn
from stepfunctions.deploy.rights import rights_of

VERSION = "2012-10-17"
_WORDS = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is allowed, on which resources, for which states (their JSON Pointers), and why.

    ``verified`` is False where no page of AWS's documentation was seen that says so. ARNs may have pseudo parameters
    of CloudFormation (``${AWS::Region}``).
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    conditions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    verified: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the statement in IAM's form."""
        made: dict[str, Any] = {"Sid": self.sid, "Effect": "Allow"}
        made["Action"] = self.actions[0] if len(self.actions) == 1 else list(self.actions)
        made["Resource"] = self.resources[0] if len(self.resources) == 1 else list(self.resources)
        if self.conditions:
            made["Condition"] = {name: dict(values) for name, values in self.conditions.items()}
        return made


@dataclass(frozen=True)
class Policy:
    """The statements of a state machine's role."""

    statements: tuple[Statement, ...]

    def document(
        self, *, partition: str | None = None, region: str | None = None, account: str | None = None
    ) -> dict[str, Any]:
        """Return the policy document. What is given takes the place of the pseudo parameter."""
        made = {"Version": VERSION, "Statement": [one.to_dict() for one in self.statements]}
        return _placed(made, partition, region, account)

    def trust(
        self, *, partition: str | None = None, region: str | None = None, account: str | None = None
    ) -> dict[str, Any]:
        """Return who may assume the role: Step Functions, for state machines of the account."""
        condition = {
            "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
            "ArnLike": {"aws:SourceArn": arn("states", "stateMachine:*")},
        }
        principal = {"Service": "states.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
        return _placed({"Version": VERSION, "Statement": [statement]}, partition, region, account)


def policy_of(
    definition: Mapping[str, Any],
    *,
    name: str = "*",
    logging: bool = False,
    tracing: bool = False,
    kms_key: str | None = None,
) -> Policy:
    """Return the policy that executions of a definition need.

    ``name``: the state machine's, for the children of Distributed Maps. ``logging``, ``tracing``, ``kms_key`` (an ARN):
    what the state machine has of these; its type changes nothing. Raises DefinitionError for a definition that cannot
    be read.
    """
    found: dict[tuple[Any, ...], tuple[Right, list[str]]] = {}
    for located in walk(parse(dict(definition))):
        for right in rights_of(located, name):
            states = found.setdefault(_key(right), (right, []))[1]
            if located.path not in states:
                states.append(located.path)
    for right in _around(logging, tracing, kms_key):
        found.setdefault(_key(right), (right, []))
    statements: list[Statement] = []
    names: set[str] = set()
    for right, states in found.values():
        sid = _sid(right, names)
        names.add(sid)
        statements.append(
            Statement(
                sid=sid,
                actions=right.actions,
                resources=right.resources,
                reason=right.reason,
                conditions=right.conditions,
                states=tuple(states),
                verified=right.verified,
            )
        )
    return Policy(tuple(statements))


def _around(logging: bool, tracing: bool, kms_key: str | None) -> Iterator[Right]:
    """Yield what the state machine itself needs, whatever its states do."""
    if logging:
        yield Right(
            (
                "logs:CreateLogDelivery",
                "logs:CreateLogStream",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutLogEvents",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ),
            ("*",),
            "Executions are logged; deliveries of logs have no resources that a policy could name.",
        )
    if tracing:
        yield Right(
            (
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ),
            ("*",),
            "Executions are traced; X-Ray has no resources that a policy could name.",
        )
    if kms_key is not None:
        yield Right(
            ("kms:Decrypt", "kms:GenerateDataKey"), (kms_key,), "The state machine's data is encrypted with the key."
        )


def _key(right: Right) -> tuple[Any, ...]:
    conditions = tuple((name, tuple(sorted(values.items()))) for name, values in sorted(right.conditions.items()))
    return right.actions, right.resources, conditions


def _sid(right: Right, taken: set[str]) -> str:
    service, _, action = right.actions[0].partition(":")
    words = "".join(word[:1].upper() + word[1:] for word in _WORDS.split(service))
    base = f"{words}{action}"
    number = 1
    while (base if number == 1 else f"{base}{number}") in taken:
        number += 1
    return base if number == 1 else f"{base}{number}"


def _placed(document: dict[str, Any], partition: str | None, region: str | None, account: str | None) -> dict[str, Any]:
    given = {"AWS::Partition": partition, "AWS::Region": region, "AWS::AccountId": account}
    filled: dict[str, Any] = _filled(document, given)
    return filled


def _filled(value: Any, given: Mapping[str, str | None]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, given) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, given) for one in value]
    if isinstance(value, str):
        for name, text in given.items():
            if text is not None:
                value = value.replace(f"${{{name}}}", text)
    return value
