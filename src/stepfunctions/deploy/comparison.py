"""A role's policies beside what a definition needs: what is missing, what nobody needs, what is wider than need be.

Policy language: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote

from stepfunctions.deploy.policy import Policy

_PLACEHOLDER = re.compile(r"\$\{AWS::[A-Za-z]+\}")
_ANY = "\0"
_ARN_PARTS = 6
_SERVICE = "iam:PassedToService"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """``missing``: an action that the definition needs and the role does not allow. ``superfluous``: one that no state
    needs. ``wider``: one that is allowed on more than the definition needs.
    """

    kind: Literal["missing", "superfluous", "wider"]
    action: str
    resource: str
    states: tuple[str, ...] = ()
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class _Allowed:
    """A statement of a role. ``but_actions``, ``but_resources``: NotAction and NotResource, all but which it is about.

    ``services``: the values of a condition on iam:PassedToService; ``conditional``: whether it has any other condition.
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    but_actions: tuple[str, ...] = ()
    but_resources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    conditional: bool = False

    def applies(self, action: str, resource: str, service: str | None) -> bool:
        """Tell whether it is about a call. Other conditions are taken to hold for an Allow, and not for a Deny."""
        return (
            any(_matches(pattern, action) for pattern in self.actions)
            and not any(_matches(pattern, action) for pattern in self.but_actions)
            and any(_covers(pattern, resource) for pattern in self.resources)
            and not any(_covers(pattern, resource) for pattern in self.but_resources)
            and (not self.services or service is None or any(_matches(one, service) for one in self.services))
            and not (self.conditional and self.effect == "Deny")
        )


def read_policies(path: Path) -> list[_Allowed]:
    """Return the statements in a JSON file: a policy document, a list of them, or an answer of IAM's API with some in
    it (GetRolePolicy, GetPolicyVersion, GetAccountAuthorizationDetails).

    Raises OSError, and ValueError that says what is wrong, for a file without any.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    found = list(_statements(document))
    if not found:
        raise ValueError(f"{path} has no policy: write a document with a Statement, or an answer of IAM's API.")
    return found


def compare(policy: Policy, role: Sequence[_Allowed]) -> list[Difference]:
    """Return how a role differs from what is needed: first what is missing."""
    return [*_missing(policy, role), *_too_much(policy, role)]


def _missing(policy: Policy, role: Sequence[_Allowed]) -> Iterator[Difference]:
    for statement in policy.statements:
        for action in statement.actions:
            for resource in statement.resources:
                service = statement.conditions.get("StringEquals", {}).get(_SERVICE)
                if not _is_allowed(action, resource, service, role):
                    yield Difference(
                        kind="missing", action=action, resource=resource, states=statement.states, why=statement.reason
                    )


def _is_allowed(action: str, resource: str, service: str | None, role: Sequence[_Allowed]) -> bool:
    return {one.effect for one in role if one.applies(action, resource, service)} == {"Allow"}


def _too_much(policy: Policy, role: Sequence[_Allowed]) -> Iterator[Difference]:
    needed = [(action, one.resources) for one in policy.statements for action in one.actions]
    for allowed in role:
        if allowed.effect != "Allow":
            continue
        for pattern in allowed.actions:
            used = sorted({action for action, _ in needed if _matches(pattern, action)})
            if not used:
                what = ", ".join(allowed.resources)
                yield Difference(kind="superfluous", action=pattern, resource=what, why="No state needs it.")
            elif "*" in pattern or "?" in pattern:
                yield Difference(
                    kind="wider",
                    action=pattern,
                    resource=", ".join(allowed.resources),
                    why=f"Needed: {', '.join(used)}.",
                )
            else:
                resources = sorted({one for action, several in needed if action == used[0] for one in several})
                if "*" in allowed.resources and "*" not in resources:
                    yield Difference(kind="wider", action=pattern, resource="*", why=f"Needed: {', '.join(resources)}.")


def _statements(value: Any) -> Iterator[_Allowed]:
    """Yield the statements anywhere in a document; IAM's API gives documents as texts with escapes."""
    if isinstance(value, str) and "Statement" in value:
        try:
            yield from _statements(json.loads(unquote(value)))
        except ValueError:
            return
    elif isinstance(value, list):
        for one in value:
            yield from _statements(one)
    elif isinstance(value, dict):
        listed = value.get("Statement")
        for one in listed if isinstance(listed, list) else [listed]:
            if isinstance(one, dict) and "Principal" not in one and ("Action" in one or "NotAction" in one):
                yield _statement(one)
        for name, one in value.items():
            if name != "Statement":
                yield from _statements(one)


def _statement(given: Mapping[str, Any]) -> _Allowed:
    conditions = given.get("Condition")
    asked = [
        (name.lower(), value)
        for values in (conditions.values() if isinstance(conditions, dict) else ())
        for name, value in (values.items() if isinstance(values, dict) else ())
    ]
    return _Allowed(
        effect=str(given.get("Effect", "Allow")),
        actions=_texts(given.get("Action", "*")),
        resources=_texts(given.get("Resource", "*")),
        but_actions=_texts(given.get("NotAction", ())),
        but_resources=_texts(given.get("NotResource", ())),
        services=tuple(text for name, value in asked if name == _SERVICE.lower() for text in _texts(value)),
        conditional=any(name != _SERVICE.lower() for name, _ in asked),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, (list, tuple)) else (str(value),)


def _matches(pattern: str, text: str) -> bool:
    return _glob(pattern.lower()).fullmatch(text.lower()) is not None


def _covers(pattern: str, resource: str) -> bool:
    """Tell whether a pattern takes all that a resource stands for; pseudo parameters may be anything."""
    if pattern == "*":
        return True
    own = _PLACEHOLDER.sub(_ANY, resource).split(":", _ARN_PARTS - 1)
    other = _PLACEHOLDER.sub(_ANY, pattern).split(":", _ARN_PARTS - 1)
    if len(own) == len(other) == _ARN_PARTS:
        return all(
            mine == _ANY or _glob(theirs).fullmatch(_without(mine, theirs)) is not None
            for mine, theirs in zip(own, other, strict=True)
        )
    return _glob(pattern).fullmatch(resource) is not None


def _without(text: str, pattern: str) -> str:
    """Return a text whose ``${Token}`` stand for the whole pattern, as when they are the whole text."""
    return pattern if re.fullmatch(r"\$\{[^}]+\}", text) else text


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    parts = ({"*": ".*", "?": "."}.get(one) or re.escape(one) for one in pattern)
    return re.compile("".join(parts), re.DOTALL)


def count(differences: Sequence[Difference]) -> Mapping[str, int]:
    """Return how many differences there are of each kind."""
    kinds = ("missing", "superfluous", "wider")
    return {kind: sum(one.kind == kind for one in differences) for kind in kinds}
