"""Metric math: expressions over time series, read once and computed many times.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.functions import (
    FUNCTIONS,
    OPERATORS,
    Env,
    Operator,
    Series,
    Value,
    apply,
    error,
)

Node = Callable[[Env], Value]

_DEPTH = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|"
    r"(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^%<>(),\[\]]))"
)
_LEVELS: tuple[Mapping[str, str], ...] = (
    {"OR": "OR", "||": "OR"},
    {"AND": "AND", "&&": "AND"},
    {sign: sign for sign in ("==", "!=", "<", "<=", ">", ">=")},
    {sign: sign for sign in "+-"},
    {sign: sign for sign in "*/%"},
    {"^": "^"},
)
"""Binary operators, the weakest first."""


@dataclass(frozen=True)
class Expression:
    """What an expression computes. ``names`` are the ids it uses; ``all_metrics``: it has METRICS()."""

    compute: Node
    names: frozenset[str]
    all_metrics: bool


def read(text: str) -> Expression:
    """Return what computes an expression. Raises ValidationError that says what is wrong where."""
    if "ANOMALY_DETECTION_BAND" in text:
        raise error("ANOMALY_DETECTION_BAND is not supported by the local cloud: compare with a static threshold")
    if text.lstrip().upper().startswith("SELECT"):
        raise error("Metrics Insights queries (SELECT …) are not supported by the local cloud: name each metric")
    parser = _Parser(text, list(_tokens(text)))
    node = parser.binary(0)
    if parser.kind != "end":
        raise parser.unexpected()
    return Expression(node, frozenset(parser.names), parser.all_metrics)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            where = len(text) - len(text[place:].lstrip())
            raise error(f"The expression has an unexpected '{text[where]}' at position {where + 1}")
        yield found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)
        place = found.end()
    yield "end", "", end


@dataclass
class _Parser:
    text: str
    tokens: list[tuple[str, str, int]]
    place: int = 0
    depth: int = 0
    names: set[str] = field(default_factory=set)
    all_metrics: bool = False

    @property
    def kind(self) -> str:
        return self.tokens[self.place][0]

    @property
    def word(self) -> str:
        return self.tokens[self.place][1]

    def unexpected(self) -> ServiceError:
        _, word, where = self.tokens[self.place]
        shown = f"'{word}' at position {where + 1}" if word else "end"
        return error(f"The expression has an unexpected {shown}")

    def take(self, word: str) -> bool:
        if self.word != word or self.kind not in ("sign", "name"):
            return False
        self.place += 1
        return True

    def want(self, word: str) -> None:
        if not self.take(word):
            raise self.unexpected()

    def binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        rest: list[tuple[Operator, Node]] = []
        while self.kind in ("sign", "name") and self.word in _LEVELS[level]:
            operator = OPERATORS[_LEVELS[level][self.word]]
            self.place += 1
            rest.append((operator, self.binary(level + 1)))
        return _chained(left, rest) if rest else left

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > _DEPTH:
            raise error(f"The expression is nested more than {_DEPTH} deep")
        try:
            if self.take("-"):
                return _chained(lambda _: 0.0, [(OPERATORS["-"], self.unary())])
            if self.take("+"):
                return self.unary()
            return self.atom()
        finally:
            self.depth -= 1

    def atom(self) -> Node:
        kind, word = self.kind, self.word
        if self.take("("):
            node = self.binary(0)
            self.want(")")
            return node
        if self.take("["):
            return _listed(self.items("]"))
        self.place += 1
        if kind == "number":
            number = float(word)
            return lambda _: number
        if kind == "text":
            return lambda _: word[1:-1]
        if kind == "name" and self.take("("):
            return self.call(word)
        if kind == "name" and word in ("REPEAT", "LINEAR"):
            return lambda _: word
        if kind == "name" and word[0].islower():
            self.names.add(word)
            return lambda env: env.values[word]
        self.place -= 1
        raise self.unexpected()

    def items(self, end: str) -> list[Node]:
        found: list[Node] = []
        if self.take(end):
            return found
        while True:
            found.append(self.binary(0))
            if self.take(end):
                return found
            self.want(",")

    def call(self, name: str) -> Node:
        given = self.items(")")
        function = FUNCTIONS.get(name)
        if function is None:
            raise error(f"The function {name} is not supported by the local cloud. Use: {', '.join(FUNCTIONS)}")
        least, most, compute = function
        if not least <= len(given) <= most:
            count = str(least) if least == most else f"{least} to {most}"
            raise error(f"The function {name} takes {count} argument(s), not {len(given)}")
        if name == "METRICS":
            self.all_metrics = True
        return lambda env: compute(env, *(one(env) for one in given))


def _chained(first: Node, rest: list[tuple[Operator, Node]]) -> Node:
    """Return what computes operators of one level, from the left; a loop, so that a chain may be long."""

    def compute(env: Env) -> Value:
        value = first(env)
        for operator, node in rest:
            value = apply(operator, value, node(env))
        return value

    return compute


def _listed(nodes: list[Node]) -> Node:
    def compute(env: Env) -> Value:
        found: list[Series] = []
        for node in nodes:
            value = node(env)
            if isinstance(value, Series):
                found.append(value)
            elif isinstance(value, list):
                found += value
            else:
                raise error("A list [m1, m2] in an expression takes time series")
        return found

    return compute
