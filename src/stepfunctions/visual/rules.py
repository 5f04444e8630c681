"""The condition of a Choice rule in a few words, for the label of its edge."""

from __future__ import annotations

import re
from typing import Any

_SIGNS = (("GreaterThanEquals", "≥"), ("LessThanEquals", "≤"), ("GreaterThan", ">"), ("LessThan", "<"), ("Equals", "="))
_TESTS = {
    "IsNull": ("is null", "is not null"),
    "IsPresent": ("is present", "is absent"),
    "IsNumeric": ("is a number", "is not a number"),
    "IsString": ("is a string", "is not a string"),
    "IsBoolean": ("is a boolean", "is not a boolean"),
    "IsTimestamp": ("is a timestamp", "is not a timestamp"),
}
_DEEPEST = 20
_PATH = re.compile(r"\$\$?(?:\w*)(?:\.\w+)*\.(\w+)(?![\w.\[(])")


def compact(text: str) -> str:
    """Return a condition with the last name of each path only: ``EndpointStatus = "InService"``."""
    return _PATH.sub(lambda match: match[1], text)


def rule_text(rule: Any) -> str:
    """Return the condition of a rule (its ``Comment`` if it has one): ``$.n > 3 and $.name is present``."""
    if not isinstance(rule, dict):
        return "?"
    comment = rule.get("Comment")
    if isinstance(comment, str) and comment.strip():
        return " ".join(comment.split())
    return condition_text(rule)


def condition_text(rule: Any) -> str:
    """Return the condition of a rule, never its comment."""
    if isinstance(rule, dict) and isinstance(rule.get("Condition"), str):
        text = rule["Condition"].strip()
        if text.startswith("{%") and text.endswith("%}"):
            text = text[2:-2]
        return " ".join(text.split())
    return _test(rule, 0)


def _test(test: Any, depth: int) -> str:
    if not isinstance(test, dict) or depth > _DEEPEST:
        return "…" if depth > _DEEPEST else "?"
    for name, word in (("And", " and "), ("Or", " or ")):
        if isinstance(test.get(name), list):
            text = word.join(_test(inner, depth + 1) for inner in test[name])
            return f"({text})" if depth and len(test[name]) > 1 else text
    if "Not" in test:
        return f"not {_test(test['Not'], depth + 1)}"
    return _comparison(test)


def _comparison(test: dict[str, Any]) -> str:
    variable = str(test.get("Variable", "?"))
    for name, value in test.items():
        if name in _TESTS:
            return f"{variable} {_TESTS[name][0 if value is not False else 1]}"
        if name == "StringMatches":
            return f"{variable} matches {_value(value)}"
        plain = name.removesuffix("Path")
        for ending, sign in _SIGNS:
            if plain.endswith(ending):
                return f"{variable} {sign} {value if plain != name else _value(value)}"
    return f"{variable} ?"


def _value(value: Any) -> str:
    if value is True or value is False or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return f'"{value}"' if isinstance(value, str) else str(value)
