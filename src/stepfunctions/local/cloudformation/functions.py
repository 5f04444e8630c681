"""The values of intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.local.cloudformation.texts import invalid

NO_VALUE = object()
"""What ``AWS::NoValue`` is: the member that has it is left out."""
_VARIABLE = re.compile(r"\$\{(!?)([^{}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
_MOST_SUBNETS = 256


class Pending(Exception):
    """A value depends on a resource that is not made yet; ``name`` is its logical id."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(kw_only=True)
class Scope:
    """What a template's functions see.

    ``values``: parameters and pseudo-parameters. ``ref`` and ``attribute`` give what resources are; they raise
    :class:`Pending` where that is not known yet. ``imported`` gives an export, ``resolved`` a dynamic reference.
    """

    values: Mapping[str, Any]
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    ref: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    imported: Callable[[str], str]
    resolved: Callable[[str, str], str]
    zones: Callable[[str], list[str]]
    _met: dict[str, bool] = field(default_factory=dict)
    _asked: list[str] = field(default_factory=list)

    def value(self, given: Any) -> Any:
        """Return a value with its functions evaluated. Raises ServiceError for wrong ones, :class:`Pending`."""
        if isinstance(given, dict):
            if len(given) == 1:
                ((name, argument),) = given.items()
                if name == "Ref":
                    return self._ref(argument)
                if name in _FUNCTIONS:
                    return _FUNCTIONS[name](self, argument)
                if name.startswith("Fn::") and name != "Fn::Transform":
                    raise invalid(f"Template error: unknown intrinsic function {name}")
            made = {key: self.value(one) for key, one in given.items()}
            return {key: one for key, one in made.items() if one is not NO_VALUE}
        if isinstance(given, list):
            return [one for one in map(self.value, given) if one is not NO_VALUE]
        if isinstance(given, str) and "{{resolve:" in given:
            return _DYNAMIC.sub(lambda found: self.resolved(found[1], found[2]), given)
        return given

    def met(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self.conditions:
            raise invalid(f"Template format error: Unresolved condition dependency {name} in the Conditions block")
        if name in self._asked:
            raise invalid(f"Template format error: Circular dependency between conditions: [{', '.join(self._asked)}]")
        if name not in self._met:
            self._asked.append(name)
            self._met[name] = self.holds(self.conditions[name])
            self._asked.pop()
        return self._met[name]

    def holds(self, given: Any) -> bool:
        """Whether a condition's expression holds."""
        value = self.met(given["Condition"]) if _is_condition(given) else self.value(given)
        if not isinstance(value, bool) and value not in ("true", "false"):
            raise invalid("Template format error: Conditions can only be boolean operations on parameters")
        return value is True or value == "true"

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise invalid("Template format error: every Ref object must have a single String value.")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self.values:
            return self.values[name]
        if name not in self.resources:
            raise invalid(f"Template format error: Unresolved resource dependencies [{name}] in the template")
        return self.ref(name)

    def named(self, name: str, local: Mapping[str, Any]) -> Any:
        """Return what ``${name}`` in an Fn::Sub stands for."""
        name = name.strip()
        if name in local:
            return local[name]
        if "." in name:
            return _get_att(self, name.split(".", 1))
        return self._ref(name)


def _is_condition(given: Any) -> bool:
    return isinstance(given, dict) and set(given) == {"Condition"} and isinstance(given["Condition"], str)


def text(value: Any, where: str) -> str:
    """Return a value as text; raises ServiceError for lists and objects."""
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (str, int, float)):
        return str(value)
    raise invalid(f"Template error: every value in {where} must be a string")


def _get_att(scope: Scope, argument: Any) -> Any:
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) < 2 or not isinstance(parts[0], str):
        raise invalid(
            "Template error: every Fn::GetAtt object requires two non-empty parameters, "
            "the resource name and the resource attribute"
        )
    attribute = ".".join(text(scope.value(one), "Fn::GetAtt") for one in parts[1:])
    if parts[0] not in scope.resources:
        raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {parts[0]}")
    return scope.attribute(parts[0], attribute)


def _sub(scope: Scope, argument: Any) -> Any:
    whole, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(whole, str) or not isinstance(local, dict):
        raise invalid(
            "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a "
            "string as first argument, and an optional second argument to specify a mapping of values to replace in "
            "the string"
        )
    values = {name: scope.value(one) for name, one in local.items()}

    def put(found: re.Match[str]) -> str:
        return f"${{{found[2]}}}" if found[1] else text(scope.named(found[2], values), "Fn::Sub")

    return scope.value(_VARIABLE.sub(put, whole))


def _join(scope: Scope, argument: Any) -> str:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise invalid(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
            "(2) a list of strings to be joined or a function that returns a list of strings"
        )
    parts = scope.value(argument[1])
    if not isinstance(parts, list):
        raise invalid("Template error: the second parameter of Fn::Join must be a list")
    return argument[0].join(text(one, "Fn::Join") for one in parts)


def _split(scope: Scope, argument: Any) -> list[str]:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
        raise invalid(
            "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
            "(2) a string to be split or a function that returns a string to be split"
        )
    return text(scope.value(argument[1]), "Fn::Split").split(argument[0])


def _select(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid("Template error: Fn::Select requires a list argument with two elements: an index and a list")
    index, given = scope.value(argument[0]), scope.value(argument[1])
    if isinstance(given, str):
        given = given.split(",")
    if not isinstance(given, list) or not str(index).isdecimal():
        raise invalid("Template error: Fn::Select requires a list argument with two elements: an index and a list")
    if int(index) >= len(given):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return given[int(index)]


def _find_in_map(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        raise invalid(
            "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the "
            "attribute for return value"
        )
    options = argument[3] if len(argument) == 4 else {}
    default = options.get("DefaultValue", NO_VALUE) if isinstance(options, dict) else NO_VALUE
    name, first, second = (text(scope.value(one), "Fn::FindInMap") for one in argument[:3])
    rows = scope.mappings.get(name)
    if isinstance(rows, dict) and isinstance(rows.get(first), dict) and second in rows[first]:
        return rows[first][second]
    if default is not NO_VALUE:
        return scope.value(default)
    if rows is None:
        raise invalid(f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template.")
    raise invalid(f"Template error: Unable to get mapping for {name}::{first}::{second}")


def _if(scope: Scope, argument: Any) -> Any:
    if not isinstance(argument, list) or len(argument) != 3 or not isinstance(argument[0], str):
        raise invalid("Template error: Fn::If requires a list argument with three elements")
    return scope.value(argument[1] if scope.met(argument[0]) else argument[2])


def _conditions(
    name: str, least: int, most: int, combine: Callable[[list[bool]], bool]
) -> Callable[[Scope, Any], bool]:
    def function(scope: Scope, argument: Any) -> bool:
        if not isinstance(argument, list) or not least <= len(argument) <= most:
            many = f"{least}" if least == most else f"between {least} and {most}"
            raise invalid(f"Template error: every {name} object requires a list of {many} boolean parameters.")
        return combine([scope.holds(one) for one in argument])

    return function


def _equals(scope: Scope, argument: Any) -> bool:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid("Template error: every Fn::Equals object requires a list of 2 string parameters.")
    one, other = (scope.value(part) for part in argument)
    return bool(_as_text(one) == _as_text(other))


def _as_text(value: Any) -> Any:
    return value if isinstance(value, (list, dict)) else text(value, "Fn::Equals")


def _cidr(scope: Scope, argument: Any) -> list[str]:
    values = scope.value(argument)
    try:
        block, count, bits = (*values, 8)[:3]
        network = ipaddress.ip_network(block)
        prefix = network.max_prefixlen - int(bits)
        if not 1 <= int(count) <= _MOST_SUBNETS or prefix < network.prefixlen:
            raise ValueError
        if 2 ** (prefix - network.prefixlen) < int(count):
            raise ValueError
        found = network.subnets(new_prefix=prefix)
        return [str(next(found)) for _ in range(int(count))]
    except (TypeError, ValueError):
        raise invalid("Template error: Fn::Cidr requires an ipBlock, a count of 1 to 256 and cidrBits") from None


def _length(scope: Scope, argument: Any) -> int:
    found = scope.value(argument)
    if not isinstance(found, list):
        raise invalid("Template error: Fn::Length requires a list")
    return len(found)


def _to_json(scope: Scope, argument: Any) -> str:
    found = scope.value(argument)
    if not isinstance(found, (dict, list)):
        raise invalid("Template error: Fn::ToJsonString requires an object or an array")
    return json.dumps(found, separators=(",", ":"))


def _import(scope: Scope, argument: Any) -> str:
    return scope.imported(text(scope.value(argument), "Fn::ImportValue"))


_FUNCTIONS: Mapping[str, Callable[[Scope, Any], Any]] = {
    "Fn::And": _conditions("Fn::And", 2, 10, all),
    "Fn::Base64": lambda scope, given: base64.b64encode(text(scope.value(given), "Fn::Base64").encode()).decode(),
    "Fn::Cidr": _cidr,
    "Fn::Equals": _equals,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": lambda scope, given: scope.zones(text(scope.value(given), "Fn::GetAZs")),
    "Fn::GetAtt": _get_att,
    "Fn::If": _if,
    "Fn::ImportValue": _import,
    "Fn::Join": _join,
    "Fn::Length": _length,
    "Fn::Not": _conditions("Fn::Not", 1, 1, lambda values: not values[0]),
    "Fn::Or": _conditions("Fn::Or", 2, 10, any),
    "Fn::Select": _select,
    "Fn::Split": _split,
    "Fn::Sub": _sub,
    "Fn::ToJsonString": _to_json,
}


def mentioned(value: Any) -> set[str]:
    """Return the names that a value's Refs, Fn::GetAtts and Fn::Subs mention."""
    found: set[str] = set()
    if isinstance(value, list):
        for one in value:
            found |= mentioned(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "Ref" and len(value) == 1 and isinstance(one, str):
                found.add(one)
            elif name == "Fn::GetAtt" and len(value) == 1:
                first = one.split(".")[0] if isinstance(one, str) else one[0] if isinstance(one, list) and one else ""
                found |= {first} if isinstance(first, str) else mentioned(first)
            elif name == "Fn::Sub" and len(value) == 1:
                found |= _in_sub(one)
            else:
                found |= mentioned(one)
    return found


def _in_sub(argument: Any) -> set[str]:
    whole, local = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(whole, str) or not isinstance(local, dict):
        return set()
    names = {found[2].strip() for found in _VARIABLE.finditer(whole) if not found[1]} - set(local)
    return {name.split(".")[0] for name in names} | mentioned(local)
