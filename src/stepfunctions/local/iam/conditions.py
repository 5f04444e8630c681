"""The conditions of policy statements.

User guide: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from types import MappingProxyType

Facts = Mapping[str, Sequence[str]]
"""What is known of a request: condition keys (in lower case) and their values as texts."""
_VARIABLE = re.compile(r"\$\{(?P<key>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
_LITERALS = MappingProxyType({"*": "*", "?": "?", "$": "$"})


def like(pattern: str, text: str) -> bool:
    """Whether a text has the form of a pattern with ``*`` and ``?``."""
    return _pattern(pattern).fullmatch(text) is not None


@functools.lru_cache(maxsize=4096)
def _pattern(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+|\?)", pattern)
    return re.compile("".join(".*" if p[:1] == "*" else "." if p == "?" else re.escape(p) for p in parts), re.DOTALL)


def arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN has the form of a pattern: each of the six parts for itself."""
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) < 6 or len(given) < 6:
        return like(pattern, arn)
    return all(like(part, text) for part, text in zip(wanted, given, strict=True))


def filled(text: str, facts: Facts) -> str | None:
    """Return a text with its policy variables' values, None where one has none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    missing = False

    def value(found: re.Match[str]) -> str:
        nonlocal missing
        if found["key"] in _LITERALS:
            return _LITERALS[found["key"]]
        known = facts.get(found["key"].lower())
        if not known and found["default"] is None:
            missing = True
        return known[0] if known else found["default"] or ""

    result = _VARIABLE.sub(value, text) if "${" in text else text
    return None if missing else result


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    def holds(wanted: str, given: str) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return holds


def _time(compare: Callable[[datetime, datetime], bool]) -> Callable[[str, str], bool]:
    def holds(wanted: str, given: str) -> bool:
        try:
            return compare(_moment(given), _moment(wanted))
        except (ValueError, OverflowError, OSError):
            return False

    return holds


def _moment(text: str) -> datetime:
    if text.replace(".", "", 1).isdecimal():
        return datetime.fromtimestamp(float(text), timezone.utc)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _address(wanted: str, given: str) -> bool:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {
        "StringEquals": lambda wanted, given: wanted == given,
        "StringEqualsIgnoreCase": lambda wanted, given: wanted.casefold() == given.casefold(),
        "StringLike": like,
        "NumericEquals": _number(lambda given, wanted: given == wanted),
        "NumericLessThan": _number(lambda given, wanted: given < wanted),
        "NumericLessThanEquals": _number(lambda given, wanted: given <= wanted),
        "NumericGreaterThan": _number(lambda given, wanted: given > wanted),
        "NumericGreaterThanEquals": _number(lambda given, wanted: given >= wanted),
        "DateEquals": _time(lambda given, wanted: given == wanted),
        "DateLessThan": _time(lambda given, wanted: given < wanted),
        "DateLessThanEquals": _time(lambda given, wanted: given <= wanted),
        "DateGreaterThan": _time(lambda given, wanted: given > wanted),
        "DateGreaterThanEquals": _time(lambda given, wanted: given >= wanted),
        "Bool": lambda wanted, given: wanted.casefold() == given.casefold(),
        "BinaryEquals": lambda wanted, given: wanted == given,
        "IpAddress": _address,
        "ArnEquals": arn_like,
        "ArnLike": arn_like,
    }
)
_NEGATED = MappingProxyType(
    {
        "StringNotEquals": "StringEquals",
        "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
        "StringNotLike": "StringLike",
        "NumericNotEquals": "NumericEquals",
        "DateNotEquals": "DateEquals",
        "NotIpAddress": "IpAddress",
        "ArnNotEquals": "ArnEquals",
        "ArnNotLike": "ArnLike",
    }
)


def _parts(operator: str) -> tuple[str, str, bool]:
    """Return set operator ("" = none), the operator itself, and whether it ends with IfExists."""
    quantity, _, name = operator.rpartition(":")
    optional = name.endswith("IfExists")
    return quantity, name.removesuffix("IfExists"), optional


def known(operator: str) -> bool:
    """Whether there is a condition operator of this name."""
    quantity, name, optional = _parts(operator)
    if name == "Null":
        return not optional and quantity in ("", "ForAllValues", "ForAnyValue")
    return quantity in ("", "ForAllValues", "ForAnyValue") and (name in _OPERATORS or name in _NEGATED)


def holds(operator: str, key: str, values: Sequence[str], facts: Facts) -> bool:
    """Whether one condition of a statement holds for a request."""
    quantity, name, optional = _parts(operator)
    given = facts.get(key.lower())
    if name == "Null":
        return any((given is None) == (value.lower() == "true") for value in values)
    if given is None:
        return optional or quantity == "ForAllValues" or (name in _NEGATED and not quantity)
    wanted = [text for text in (filled(value, facts) for value in values) if text is not None]
    compare = _OPERATORS[_NEGATED.get(name, name)]
    hits = [any(compare(one, text) for one in wanted) != (name in _NEGATED) for text in given]
    return any(hits) if quantity == "ForAnyValue" else all(hits)
