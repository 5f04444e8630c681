"""What policies say to requests: effects, wildcards, variables, conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepfunctions.errors import ServiceError
from stepfunctions.local.iam.conditions import arn_like, like
from stepfunctions.local.iam.documents import identity_policy, trust_policy
from stepfunctions.local.iam.evaluation import Asked, Decision, decide, facts_of, may_be_assumed

KEY = "arn:aws:s3:::flights/raw/week.csv"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def say(statement: dict[str, Any], action: str = "s3:GetObject", resource: str = KEY, **facts: Any) -> Decision:
    given = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    given = {name: value for name, value in given.items() if value is not None}
    return decide(identity_policy(policy(given)), Asked(action, resource, facts_of(facts)))


ALLOWED, IMPLICIT, EXPLICIT = Decision.ALLOWED, Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        ({}, ALLOWED),
        ({"Effect": "Deny"}, EXPLICIT),
        ({"Action": "*"}, ALLOWED),
        ({"Action": "S3:getobject"}, ALLOWED),
        ({"Action": "s3:Get*"}, ALLOWED),
        ({"Action": ["s3:PutObject", "s3:Get?bject"]}, ALLOWED),
        ({"Action": "s3:PutObject"}, IMPLICIT),
        ({"Action": None, "NotAction": "s3:PutObject"}, ALLOWED),
        ({"Action": None, "NotAction": "s3:*"}, IMPLICIT),
        ({"Resource": KEY}, ALLOWED),
        ({"Resource": "arn:aws:s3:::flights/*"}, ALLOWED),
        ({"Resource": "arn:aws:s3:::flights"}, IMPLICIT),
        ({"Resource": None, "NotResource": "arn:aws:s3:::secret/*"}, ALLOWED),
        ({"Resource": None, "NotResource": "arn:aws:s3:::flights/*"}, IMPLICIT),
        ({"Resource": "arn:aws:s3:::${aws:PrincipalTag/team}/*"}, IMPLICIT),
        ({"Resource": "arn:aws:s3:::${aws:PrincipalTag/team, 'flights'}/*"}, ALLOWED),
    ],
)
def test_statements(statement: dict[str, Any], decision: Decision) -> None:
    assert say(statement) is decision


def test_a_denial_wins_wherever_it_stands() -> None:
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::flights/*"}
    for statements in ((allow, deny), (deny, allow)):
        assert decide(identity_policy(policy(*statements)), Asked("s3:GetObject", KEY)) is EXPLICIT


def test_a_resource_that_is_not_known_is_any() -> None:
    assert say({"Resource": "arn:aws:s3:::other/*"}, resource="") is ALLOWED


@pytest.mark.parametrize(
    ("operator", "key", "value", "facts", "holds"),
    [
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", {"aws:requestedregion": "eu-west-1"}, True),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", {"aws:RequestedRegion": "us-east-1"}, False),
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", {}, False),
        ("StringEqualsIfExists", "aws:RequestedRegion", "eu-west-1", {}, True),
        ("StringNotEquals", "k", "a", {"k": "b"}, True),
        ("StringNotEquals", "k", "a", {}, True),
        ("StringNotEquals", "k", ["a", "b"], {"k": "b"}, False),
        ("StringEqualsIgnoreCase", "k", "A", {"k": "a"}, True),
        ("StringLike", "k", ["x", "raw/*"], {"k": "raw/1"}, True),
        ("StringNotLike", "k", "raw/*", {"k": "raw/1"}, False),
        ("NumericLessThanEquals", "k", "3", {"k": 3}, True),
        ("NumericLessThan", "k", "3", {"k": 3}, False),
        ("NumericGreaterThan", "k", "3", {"k": "none"}, False),
        ("DateLessThan", "aws:CurrentTime", "2026-01-02T00:00:00Z", {"aws:CurrentTime": "2026-01-01T00:00:00Z"}, True),
        ("DateGreaterThan", "aws:EpochTime", "2026-01-01T00:00:00Z", {"aws:EpochTime": 1}, False),
        ("Bool", "aws:SecureTransport", "true", {"aws:SecureTransport": True}, True),
        ("Null", "k", "true", {}, True),
        ("Null", "k", "true", {"k": "a"}, False),
        ("IpAddress", "aws:SourceIp", "10.0.0.0/8", {"aws:SourceIp": "10.2.3.4"}, True),
        ("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", {"aws:SourceIp": "11.2.3.4"}, True),
        ("ArnLike", "k", "arn:aws:iam::*:role/ml-*", {"k": "arn:aws:iam::123456789012:role/ml-1"}, True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], {"aws:TagKeys": ["a"]}, True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a", "b"], {"aws:TagKeys": ["a", "c"]}, False),
        ("ForAllValues:StringEquals", "aws:TagKeys", ["a"], {}, True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], {"aws:TagKeys": ["c", "a"]}, True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ["a"], {}, False),
    ],
)
def test_conditions(operator: str, key: str, value: Any, facts: dict[str, Any], holds: bool) -> None:
    assert (say({"Condition": {operator: {key: value}}}, **facts) is ALLOWED) == holds


def test_all_conditions_must_hold() -> None:
    both = {"StringEquals": {"a": "1"}, "StringLike": {"b": "2*"}}
    assert say({"Condition": both}, a="1", b="22") is ALLOWED
    assert say({"Condition": both}, a="1", b="3") is IMPLICIT


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "invalid Json"),
        ("[" * 100_000, "invalid Json"),
        ("[]", "no JSON object"),
        ("{}", "needs a Statement"),
        ('{"Version": "2020-01-01", "Statement": []}', "Version must be"),
        ('{"Statement": [], "Extra": 1}', "unknown element Extra"),
        (policy({"Effect": "Allow", "Action": "s3:*"}), "exactly one of Resource"),
        (policy({"Effect": "Maybe", "Action": "s3:*", "Resource": "*"}), "Allow or Deny"),
        (policy({"Effect": "Allow", "Action": "GetObject", "Resource": "*"}), "prefaced by a vendor"),
        (policy({"Effect": "Allow", "Action": "s3:*", "Resource": "flights"}), "ARN format"),
        (policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*"}), "must not have"),
        (
            policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Equals": {"a": "b"}}}),
            "Invalid Condition type",
        ),
    ],
)
def test_documents_that_are_none(text: str, told: str) -> None:
    with pytest.raises(ServiceError, match=told) as refused:
        identity_policy(text)
    assert refused.value.code == "MalformedPolicyDocument"


def test_who_may_assume_a_role() -> None:
    def trust(principal: object, **more: object) -> bool:
        text = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more})
        return may_be_assumed(trust_policy(text), "Service", "states.amazonaws.com", {})

    assert trust({"Service": "states.amazonaws.com"})
    assert trust({"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]})
    assert not trust({"Service": "lambda.amazonaws.com"})
    assert not trust({"AWS": "*"})
    assert not trust({"Service": "states.amazonaws.com"}, Effect="Deny")
    assert not trust({"Service": "states.amazonaws.com"}, Condition={"StringEquals": {"sts:ExternalId": "x"}})


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_pattern_is_found_in_what_it_was_made_from(before: str, after: str) -> None:
    text = before + "x" + after
    escaped = before.replace("*", "?") + "*" + after.replace("*", "?")
    assert like(escaped, text)
    assert like("*", text)


@given(st.lists(st.sampled_from(["aws", "s3", "eu-west-1", "123456789012", "a/b", "*"]), min_size=6, max_size=6))
def test_an_arn_is_like_itself_and_like_stars(parts: list[str]) -> None:
    arn = ":".join(parts).replace("*", "x")
    assert arn_like(arn, arn)
    assert arn_like("*:*:*:*:*:*", arn)
