"""Whether policies allow a request.

User guide: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from stepfunctions.local.iam.conditions import Facts, arn_like, filled, holds, like
from stepfunctions.local.iam.documents import Statement


class Decision(Enum):
    """What policies say, with the names of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


@dataclass(frozen=True)
class Asked:
    """One right that a request needs. ``resource`` is an ARN; "" = not known, so it stands for any."""

    action: str
    resource: str = "*"
    facts: Facts = field(default_factory=dict)


def decide(statements: Iterable[Statement], asked: Asked) -> Decision:
    """Return what a role's statements say to a request: a denial wins, and nothing said is a denial."""
    decision = Decision.IMPLICIT_DENY
    for statement in statements:
        if _matches(statement, asked):
            if not statement.allows:
                return Decision.EXPLICIT_DENY
            decision = Decision.ALLOWED
    return decision


def may_be_assumed(statements: Iterable[Statement], kind: str, principal: str, facts: Facts) -> bool:
    """Whether a trust policy lets a principal (``Service``: ``states.amazonaws.com``; ``AWS``: an ARN) in."""
    asked = Asked("sts:AssumeRole", "", facts)
    allowed = False
    for statement in statements:
        names = statement.principals.get(kind, ())
        named = any(_is(name, principal) for name in names) != ("Principal" in statement.negated)
        if named and _matches(statement, asked):
            if not statement.allows:
                return False
            allowed = True
    return allowed


def _is(name: str, principal: str) -> bool:
    if name in ("*", principal):
        return True
    account = principal.split(":")[4] if principal.count(":") >= 5 else ""
    return bool(account) and name in (account, f"arn:aws:iam::{account}:root")


def _matches(statement: Statement, asked: Asked) -> bool:
    action = asked.action.lower()
    if any(like(one.lower(), action) for one in statement.actions) == ("Action" in statement.negated):
        return False
    if asked.resource and _on(statement, asked) == ("Resource" in statement.negated):
        return False
    return all(holds(operator, key, values, asked.facts) for operator, key, values in statement.conditions)


def _on(statement: Statement, asked: Asked) -> bool:
    texts = (filled(one, asked.facts) for one in statement.resources)
    return any(text is not None and (text == "*" or arn_like(text, asked.resource)) for text in texts)


def facts_of(given: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Return condition keys with their values as texts: one value, or a list of them; None is left out."""
    found = {}
    for key, value in given.items():
        if value is not None:
            values = value if isinstance(value, list | tuple) else (value,)
            found[key.lower()] = tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    return found
