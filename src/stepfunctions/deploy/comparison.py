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
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


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
                if not _is_allowed(action, resource, role):
                    yield Difference(
                        kind="missing", action=action, resource=resource, states=statement.states, why=statement.reason
                    )


def _is_allowed(action: str, resource: str, role: Sequence[_Allowed]) -> bool:
    effects = {
        one.effect
        for one in role
        if any(_matches(pattern, action) for pattern in one.actions)
        and any(_covers(pattern, resource) for pattern in one.resources)
    }
    return effects == {"Allow"}


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
                yield _Allowed(
                    str(one.get("Effect", "Allow")), _texts(one.get("Action", ())), _texts(one.get("Resource", "*"))
                )
        for name, one in value.items():
            if name != "Statement":
                yield from _statements(one)


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


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
