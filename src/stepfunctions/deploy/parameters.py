"""What differs between accounts in a definition: pseudo parameters, Parameters and Mappings of a template.

Nothing is lost: :func:`render` with the values that were found gives the same definition back.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.catalog.images import IMAGE, Image
from stepfunctions.catalog.regions import REGION
from stepfunctions.deploy.placeholders import Own, Placeholders

_NAMES = frozenset({"Next", "Default", "StartAt", "Type", "QueryLanguage"})
"""Fields of states that hold names of states and words of the language."""
_REGIONS = frozenset({"ItemProcessor", "Iterator"})
_RULES = frozenset({"Choices", "Catch"})


@dataclass(frozen=True, kw_only=True)
class Parameterised:
    """A definition with ``${Placeholders}``, and what they are.

    ``substitutions``: what CloudFormation fills in for each. ``parameters`` and ``mappings``: members of the template
    that these need. ``values``: what each stood for. ``given``: values of the Parameters that have no default.
    """

    definition: dict[str, Any]
    substitutions: Mapping[str, Any]
    parameters: Mapping[str, Any]
    mappings: Mapping[str, Any]
    values: Mapping[str, Any]
    given: Mapping[str, str]


def parameterise(
    definition: Mapping[str, Any], *, account: str | None = None, region: str | None = None
) -> Parameterised:
    """Return a definition without ARNs, accounts, Regions, buckets, roles, subnets and images of one account.

    ``account`` and ``region``: whose they are; by default those that stand in the definition most often. They become
    pseudo parameters, others Parameters.
    """
    placeholders = placeholders_for(definition, account=account, region=region)
    written = fill(definition, placeholders)
    substitutions = placeholders.used_in(written)
    return Parameterised(
        definition=written,
        substitutions=substitutions,
        parameters=dict(placeholders.parameters),
        mappings=dict(placeholders.mappings),
        values={name: placeholders.values[name] for name in substitutions},
        given=dict(placeholders.given),
    )


def render(definition: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition with values in the place of its placeholders, as CloudFormation fills them in.

    A value that is a list stands for the only item of a list. Placeholders without a value stay.
    """
    text = json.dumps(definition, ensure_ascii=False)

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        items = values[found[1]] if isinstance(values[found[1]], list) else [values[found[1]]]
        return '","'.join(json.dumps(item, ensure_ascii=False)[1:-1] for item in items)

    filled: dict[str, Any] = json.loads(re.sub(r"\$\{(\w+)\}", value, text))
    return filled


def placeholders_for(
    found: Any,
    *,
    account: str | None = None,
    region: str | None = None,
    taken: Iterable[str] = (),
) -> Placeholders:
    """Return placeholders for a definition, and what else is JSON in ``found``; none of them is used yet.

    ``taken``: names of a template's other members.
    """
    text = json.dumps(found, ensure_ascii=False)
    images = [Image(**found.groupdict()) for found in IMAGE.finditer(text)]
    accounts = re.findall(r"(?<=:)\d{12}(?=:)", text) + [one.account for one in images if one.registry is None]
    regions = re.findall(rf"(?<=[:.])(?:{REGION})(?=[:.])", text) or re.findall(rf"(?<![\w-])(?:{REGION})(?!\w)", text)
    own = Own.of(account or _most(accounts), region or _most(regions))
    return Placeholders(own, frozenset(re.findall(r"\$\{(\w+)\}", text)), frozenset(taken))


def _most(found: list[str]) -> str | None:
    return Counter(found).most_common(1)[0][0] if found else None


def fill(definition: Mapping[str, Any], placeholders: Placeholders) -> dict[str, Any]:
    """Return a definition with placeholders in its values. Names of states stay as they are."""
    return {
        name: {
            state: _state(value, placeholders, f" (state {state})") if isinstance(value, Mapping) else value
            for state, value in found.items()
        }
        if name == "States" and isinstance(found, Mapping)
        else found
        if name in _NAMES
        else _value(found, placeholders, name, "")
        for name, found in definition.items()
    }


def _state(state: Mapping[str, Any], placeholders: Placeholders, where: str) -> dict[str, Any]:
    return {name: _field(name, value, placeholders, where) for name, value in state.items()}


def _field(name: str, value: Any, placeholders: Placeholders, where: str) -> Any:
    if name in _NAMES:
        return value
    if name in _REGIONS and isinstance(value, Mapping):
        return fill(value, placeholders)
    if name == "Branches" and isinstance(value, list):
        return [fill(branch, placeholders) if isinstance(branch, Mapping) else branch for branch in value]
    if name in _RULES and isinstance(value, list):
        return [_state(rule, placeholders, where) if isinstance(rule, Mapping) else rule for rule in value]
    return _value(value, placeholders, name, where)


def _value(value: Any, placeholders: Placeholders, key: str, where: str) -> Any:
    """Write a value of any shape anew; ``key`` is the member that it is the value of."""
    if isinstance(value, str):
        if key == "Resource" and re.fullmatch(r"arn:[\w:/.${}-]+", value):
            return placeholders.whole(value, where)
        return placeholders.text(value, key, where)
    if isinstance(value, Mapping):
        named = value.get("Name", value.get("name"))
        return {
            placeholders.text(name, "", where): _value(
                item, placeholders, named if name.lower() == "value" and isinstance(named, str) else name, where
            )
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return placeholders.list(list(value), where) or [_value(item, placeholders, key, where) for item in value]
    return value
