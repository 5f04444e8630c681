"""Rules of composite alarms: which states of other alarms make one.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK

States = Callable[[str], "str | None"]
"""Gives the state of an alarm by its name, None when there is none."""
Rule = Callable[[States], bool]

_DEPTH = 40
_MOST_CHILDREN = 100
_TOKEN = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<double>[^\"]+)\"|'(?P<single>[^']+)'|(?P<bare>[^\s()\"']+))"
    r"\s*\)|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<sign>[()]))",
)
_ARN = re.compile(r"arn:[^:]+:cloudwatch:[^:]*:[^:]*:alarm:(?P<name>.+)")


@dataclass(frozen=True)
class CompositeRule:
    """A rule, and the names of the alarms in it."""

    holds: Rule
    children: tuple[str, ...]


def invalid(message: str) -> ServiceError:
    """Return AWS's refusal of a rule."""
    return ServiceError("ValidationError", message)


def read(text: str) -> CompositeRule:
    """Return a rule. Raises ValidationError that says what is wrong where."""
    parser = _Parser(text, [])
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise invalid(f"AlarmRule has an unexpected '{text[place:].strip()[:20]}' at position {place + 1}")
        parser.tokens.append(found)
        place = found.end()
    holds = parser.either()
    if parser.tokens:
        raise parser.unexpected()
    children = tuple(dict.fromkeys(parser.children))
    if len(children) > _MOST_CHILDREN:
        raise invalid(f"AlarmRule must not have more than {_MOST_CHILDREN} alarms.")
    return CompositeRule(holds, children)


@dataclass
class _Parser:
    text: str
    tokens: list[re.Match[str]]
    children: list[str] = field(default_factory=list)
    depth: int = 0

    def take(self, word: str) -> bool:
        if self.tokens and word in (self.tokens[0]["word"], self.tokens[0]["sign"]):
            self.tokens.pop(0)
            return True
        return False

    def unexpected(self) -> ServiceError:
        shown = f"'{self.tokens[0][0].strip()}'" if self.tokens else "end"
        return invalid(
            f"AlarmRule has an unexpected {shown}. Write ALARM(name), OK(name) and INSUFFICIENT_DATA(name), joined "
            "with AND, OR, NOT and parentheses; TRUE; FALSE."
        )

    def either(self) -> Rule:
        rules = [self.both()]
        while self.take("OR"):
            rules.append(self.both())
        return rules[0] if len(rules) == 1 else lambda states: any(rule(states) for rule in rules)

    def both(self) -> Rule:
        rules = [self.one()]
        while self.take("AND"):
            rules.append(self.one())
        return rules[0] if len(rules) == 1 else lambda states: all(rule(states) for rule in rules)

    def one(self) -> Rule:
        self.depth += 1
        if self.depth > _DEPTH:
            raise invalid(f"AlarmRule is nested more than {_DEPTH} deep")
        try:
            if self.take("NOT"):
                rule = self.one()
                return lambda states: not rule(states)
            if self.take("("):
                rule = self.either()
                if not self.take(")"):
                    raise self.unexpected()
                return rule
            for word in ("TRUE", "FALSE"):
                if self.take(word):
                    return lambda _, value=word == "TRUE": value  # type: ignore[misc]
            return self.state()
        finally:
            self.depth -= 1

    def state(self) -> Rule:
        if not self.tokens or self.tokens[0]["state"] is None:
            raise self.unexpected()
        found = self.tokens.pop(0)
        wanted = {"ALARM": ALARM, "OK": OK, "INSUFFICIENT_DATA": INSUFFICIENT}[found["state"]]
        name = found["double"] or found["single"] or found["bare"]
        arn = _ARN.fullmatch(name)
        name = arn["name"] if arn else name
        self.children.append(name)
        return lambda states: states(name) == wanted
