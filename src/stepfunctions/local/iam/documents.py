"""Policy documents: JSON to statements, and what AWS refuses about them.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.errors import ServiceError

_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(
    "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition".split()  # noqa: SIM905
)
_ACTION = re.compile(r"[A-Za-z0-9_-]+:[A-Za-z0-9*?_-]+")


@dataclass(frozen=True)
class Statement:
    """One statement. ``negated`` are the elements that came as their ``Not`` form: Action, Resource, Principal."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    principals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """(operator, key, values)."""
    negated: frozenset[str] = frozenset()
    sid: str = ""

    @property
    def allows(self) -> bool:
        """Whether it allows rather than denies."""
        return self.effect == "Allow"


@functools.lru_cache(maxsize=512)
def identity_policy(text: str) -> tuple[Statement, ...]:
    """Return the statements of a policy for roles. Raises ServiceError (MalformedPolicyDocument)."""
    return _statements(text, trust=False)


@functools.lru_cache(maxsize=256)
def trust_policy(text: str) -> tuple[Statement, ...]:
    """Return the statements of an AssumeRolePolicyDocument. Raises ServiceError (MalformedPolicyDocument)."""
    return _statements(text, trust=True)


def _statements(text: str, *, trust: bool) -> tuple[Statement, ...]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict):
        raise malformed("Syntax errors in policy: it is no JSON object.")
    unknown = set(document) - {"Version", "Id", "Statement"}
    if unknown:
        raise malformed(f"Syntax errors in policy: unknown element {sorted(unknown)[0]}.")
    if document.get("Version", _VERSIONS[1]) not in _VERSIONS:
        raise malformed(f"The policy's Version must be one of {', '.join(_VERSIONS)}.")
    found = document.get("Statement")
    given = [found] if isinstance(found, dict) else found
    if not isinstance(given, list) or not given:
        raise malformed("Syntax errors in policy: it needs a Statement.")
    return tuple(_statement(one, number, trust) for number, one in enumerate(given))


def _statement(given: Any, number: int, trust: bool) -> Statement:
    where = f"Statement[{number}]"
    if not isinstance(given, dict) or set(given) - _ELEMENTS:
        strange = sorted(set(given) - _ELEMENTS)[0] if isinstance(given, dict) else type(given).__name__
        raise malformed(f"Syntax errors in policy: {where} has the unknown element {strange}.")
    if given.get("Effect") not in ("Allow", "Deny"):
        raise malformed(f"Syntax errors in policy: the Effect of {where} must be Allow or Deny.")
    negated = set()
    values: dict[str, Any] = {}
    for name, needed in (("Action", True), ("Resource", not trust), ("Principal", trust)):
        both = [key for key in (name, f"Not{name}") if key in given]
        if len(both) > 1 or bool(both) != needed:
            told = "must have exactly one of" if needed else "must not have"
            raise malformed(f"Syntax errors in policy: {where} {told} {name} and Not{name}.")
        if both:
            values[name] = given[both[0]]
            negated |= {name} if both[0] != name else set()
    actions = _texts(values["Action"], f"{where}.Action")
    for action in actions:
        if action != "*" and not _ACTION.fullmatch(action):
            raise malformed(f"Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.: {action}")
    resources = _texts(values["Resource"], f"{where}.Resource") if "Resource" in values else ("*",)
    for resource in resources:
        if resource != "*" and not resource.startswith(("arn:", "*", "${")):
            raise malformed(f'Resource {resource} must be in ARN format or "*".')
    return Statement(
        given["Effect"],
        actions,
        resources,
        _principals(values["Principal"], where) if "Principal" in values else {},
        tuple(_conditions(given.get("Condition", {}), where)),
        frozenset(negated),
        str(given.get("Sid", "")),
    )


def _principals(given: Any, where: str) -> dict[str, tuple[str, ...]]:
    if given == "*":
        return {"AWS": ("*",)}
    if not isinstance(given, dict) or not set(given) <= {"AWS", "Service", "Federated", "CanonicalUser"}:
        raise malformed(f"Invalid principal in policy: {where}.Principal")
    return {kind: _texts(values, f"{where}.Principal.{kind}") for kind, values in given.items()}


def _conditions(given: Any, where: str) -> list[tuple[str, str, tuple[str, ...]]]:
    from stepfunctions.local.iam.conditions import known

    if not isinstance(given, dict):
        raise malformed(f"Syntax errors in policy: {where}.Condition is no JSON object.")
    found = []
    for operator, keys in given.items():
        if not known(operator):
            raise malformed(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, dict):
            raise malformed(f"Syntax errors in policy: {where}.Condition.{operator} is no JSON object.")
        found += [
            (operator, key, _texts(values, f"{where}.Condition.{operator}.{key}")) for key, values in keys.items()
        ]
    return found


def _texts(given: Any, where: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [given]
    texts = [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
    if not values or any(isinstance(one, dict | list) or one is None for one in values):
        raise malformed(f"Syntax errors in policy: {where} must be a text or a list of texts.")
    return tuple(texts)


def malformed(message: str) -> ServiceError:
    """Return AWS's refusal of a policy document."""
    return ServiceError("MalformedPolicyDocument", message)
