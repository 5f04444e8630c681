"""JSONPath text -> :class:`~stepfunctions.query.path_tokens.Steps`, in the dialect of Jayway JsonPath.

AWS evaluates paths with Jayway's library, so its liberties are read too: a dot before a bracket
(``$.[0]``), both kinds of quotes, several names or indexes in one bracket, unquoted words in filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from stepfunctions.asl.document import JSON
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.query.path_filter import COMPARISONS
from stepfunctions.query.path_tokens import (
    Compare,
    Every,
    Exists,
    Filter,
    Index,
    Indexes,
    Literal,
    Name,
    Names,
    Negated,
    Operand,
    Pattern,
    Query,
    Selector,
    Slice,
    Some,
    Step,
    Steps,
    Test,
    Wildcard,
)
from stepfunctions.query.values import number_of

MAX_LENGTH = 10_000
"""Longest path, in characters."""
MAX_DEPTH = 20
"""Deepest nesting of filters and parentheses."""
MAX_DIGITS = 100
"""Longest number in a filter."""

_NAME_ENDS = frozenset(".[(")
_NAME_ENDS_IN_FILTER = frozenset(".[]() \t\r\n&|=!<>~,")
_SPACE = " \t\r\n"
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD = re.compile(r"[^\s()\[\]&|=!<>~,'\"/]+")
_SYMBOL = re.compile(r"===|!==|==|!=|<=|>=|=~|<|>")
_INDEX = re.compile(r"-?\d{1,9}\Z")
_LAST = re.compile(r"\[\s*\(\s*@\.length\s*-\s*(\d{1,9})\s*\)\s*\]")
_FLAGS: Mapping[str, int] = MappingProxyType(
    {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE, "u": re.UNICODE, "d": re.UNICODE}
)
_CONSTANTS: Mapping[str, JSON] = MappingProxyType({"true": True, "false": False, "null": None})


def parse_steps(text: str, start: int) -> Steps:
    """Read the part of a path after its root, from ``start`` to the end of the text (blanks at its end allowed).

    Raises QuerySyntaxError.
    """
    if len(text) > MAX_LENGTH:
        raise QuerySyntaxError(f"{text[:80]}…", MAX_LENGTH, f"A path may have at most {MAX_LENGTH:,} characters")
    reader = _Reader(text, start)
    path = reader.path(_NAME_ENDS)
    reader.blanks()
    if reader.at < len(text):
        raise reader.error(
            "Expected '.', '[' or the end of the path. Write ['my name'] around a name that holds blanks"
        )
    return path


class _Reader:
    """A cursor over the text; each method reads one thing and leaves the cursor behind it."""

    __slots__ = ("at", "depth", "text")

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.depth = 0

    def error(self, message: str, position: int | None = None) -> QuerySyntaxError:
        return QuerySyntaxError(self.text, self.at if position is None else position, message)

    def blanks(self) -> None:
        text = self.text
        while self.at < len(text) and text[self.at] in _SPACE:
            self.at += 1

    def peek(self, what: str) -> bool:
        return self.text.startswith(what, self.at)

    def take(self, what: str) -> bool:
        """Read ``what`` if it stands here."""
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def need(self, what: str, message: str) -> None:
        self.blanks()
        if not self.take(what):
            raise self.error(message)

    @contextmanager
    def deeper(self) -> Iterator[None]:
        if self.depth == MAX_DEPTH:
            raise self.error(f"Filters and parentheses may be nested {MAX_DEPTH} deep")
        self.depth += 1
        yield
        self.depth -= 1

    # --- steps

    def path(self, ends: frozenset[str]) -> Steps:
        steps: list[Step] = []
        while self.at < len(self.text) and self.text[self.at] in ".[":
            deep = self.take("..")
            dotted = deep or self.take(".")
            if dotted and self.at >= len(self.text):
                raise self.error("A path must not end with '.'", self.at - 1)
            if self.peek("["):
                steps.append(Step(self.bracket(), deep))
            elif self.take("*"):
                steps.append(Step(Wildcard(), deep))
            else:
                name = self.name(ends)
                if self.peek("("):
                    if deep:
                        raise self.error("Expected a name or '[' after '..'")
                    return Steps(tuple(steps), self.function(name))
                steps.append(Step(Name(name), deep))
        return Steps(tuple(steps))

    def name(self, ends: frozenset[str]) -> str:
        start, text = self.at, self.text
        while self.at < len(text) and text[self.at] not in ends and text[self.at] not in _SPACE:
            self.at += 1
        if self.at == start:
            raise self.error("Expected a name, '*' or '['")
        return text[start : self.at]

    def function(self, name: str) -> str:
        self.at += 1
        self.need(")", f"The function '{name}()' takes no argument")
        return name

    def bracket(self) -> Selector:
        start = self.at
        last = _LAST.match(self.text, self.at)
        if last:
            if int(last[1]) == 0:
                raise self.error("The last item of an array is [(@.length-1)]")
            self.at = last.end()
            return Index(-int(last[1]))
        self.at += 1
        self.blanks()
        selector: Selector
        if self.take("*"):
            selector = Wildcard()
        elif self.peek("?"):
            selector = self.filter()
        elif self.peek("'") or self.peek('"'):
            selector = self.names()
        else:
            return self.indexes(start)
        self.need("]", "Expected ']'")
        return selector

    def names(self) -> Selector:
        names: list[str] = []
        while not names or self.take(","):
            self.blanks()
            names.append(self.quoted())
            self.blanks()
        return Name(names[0]) if len(names) == 1 else Names(tuple(names))

    def quoted(self) -> str:
        """A text in single or double quotes; a backslash takes the next character as it is."""
        start, quote = self.at, self.text[self.at : self.at + 1]
        if quote not in ("'", '"'):
            raise self.error("Expected a name in quotes")
        characters: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == quote:
                return "".join(characters)
            if character == "\\" and self.at < len(self.text):
                character = self.text[self.at]
                self.at += 1
            characters.append(character)
        raise self.error(f"The quote {quote} is not closed", start)

    def indexes(self, start: int) -> Selector:
        inside, closing, _ = self.text[self.at :].partition("]")
        if not closing or not inside.strip():
            raise self.error("Expected an index, a name in quotes, '*' or '?(' and a closing ']'")
        self.at += len(inside) + 1
        if ":" in inside:
            parts = [part.strip() for part in inside.split(":")]
            if len(parts) <= 3 and any(parts[:2]) and all(not part or _INDEX.match(part) for part in parts):
                start_at, stop_at = (int(part) if part else None for part in parts[:2])
                return Slice(start_at, stop_at)
            raise self.error("A slice is [first:last], [first:] or [:last], with whole numbers", start)
        numbers = [part.strip() for part in inside.split(",")]
        if not all(_INDEX.match(number) for number in numbers):
            raise self.error("Expected an index, a name in quotes, '*' or '?('", start + 1)
        return Index(int(numbers[0])) if len(numbers) == 1 else Indexes(tuple(map(int, numbers)))

    # --- filters

    def filter(self) -> Filter:
        self.at += 1
        with self.deeper():
            self.need("(", "A filter is written [?(@.name == 'value')]")
            test = self.either()
            self.need(")", "Expected an operator or ')' at the end of the filter")
        return Filter(test)

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else Some(tuple(tests))

    def both(self) -> Test:
        tests = [self.test()]
        self.blanks()
        while self.take("&&"):
            tests.append(self.test())
            self.blanks()
        return tests[0] if len(tests) == 1 else Every(tuple(tests))

    def test(self) -> Test:
        self.blanks()
        if self.take("!"):
            with self.deeper():
                return Negated(self.test())
        if self.take("("):
            with self.deeper():
                test = self.either()
                self.need(")", "Expected ')'")
            return test
        start = self.at
        left = self.operand(words=False)
        operator = self.operator()
        if operator is None:
            if not isinstance(left, Query):
                raise self.error("A test without operator must be a path such as @.name", start)
            return Exists(left)
        right = self.operand(words=True)
        if operator == "=~" and not (isinstance(left, Pattern) or isinstance(right, Pattern)):
            raise self.error("The operator '=~' needs a pattern such as /a.*/i", start)
        return Compare(operator, left, right)

    def operator(self) -> str | None:
        self.blanks()
        found = _SYMBOL.match(self.text, self.at)
        if found is None:
            found = _WORD.match(self.text, self.at)
            if found is None:
                return None
            if found[0].lower() not in COMPARISONS:
                raise self.error(f"Unknown operator '{found[0]}'")
        self.at = found.end()
        return found[0].lower()

    def operand(self, *, words: bool) -> Operand:
        self.blanks()
        if self.peek("@") or self.peek("$"):
            relative = self.peek("@")
            self.at += 1
            return Query(relative, self.path(_NAME_ENDS_IN_FILTER))
        if self.peek("/"):
            return self.pattern()
        return Literal(self.literal(words=words))

    def literal(self, *, words: bool) -> JSON:
        if self.peek("'") or self.peek('"'):
            return self.quoted()
        if self.peek("["):
            return self.array()
        word = _WORD.match(self.text, self.at)
        if word is None:
            raise self.error("Expected a path (@.name), a text in quotes, a number, true, false or null")
        text = word[0]
        if text in _CONSTANTS or _NUMBER.fullmatch(text) or words:
            self.at = word.end()
            if text in _CONSTANTS:
                return _CONSTANTS[text]
            if _NUMBER.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    raise self.error(f"A number may have at most {MAX_DIGITS} digits", word.start())
                return number_of(text)
            return text
        raise self.error("Begin the left side of a test with '@'")

    def array(self) -> list[JSON]:
        items: list[JSON] = []
        with self.deeper():
            self.at += 1
            self.blanks()
            while not self.take("]"):
                if items:
                    self.need(",", "Expected ',' or ']'")
                    self.blanks()
                items.append(self.literal(words=False))
                self.blanks()
        return items

    def pattern(self) -> Pattern:
        start = self.at
        end = start + 1
        while end < len(self.text) and self.text[end] != "/":
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise self.error("The pattern is not closed with '/'")
        self.at = end + 1
        flags = 0
        while self.at < len(self.text) and self.text[self.at] in _FLAGS:
            flags |= _FLAGS[self.text[self.at]]
            self.at += 1
        source = self.text[start + 1 : end]
        if _repeats_a_repetition(source):
            raise self.error("A repeated group of a pattern may hold neither a repetition nor alternatives", start)
        try:
            return Pattern(re.compile(source, flags))
        except (re.error, OverflowError, RecursionError) as error:
            raise self.error(f"The pattern cannot be read: {error}", start) from None


def _repeats_a_repetition(pattern: str) -> bool:
    """Whether a repeated group holds a repetition or alternatives: matching may then take exponential time."""
    text = _ATOM.sub(" ", pattern)
    while not _REPEATED.search(text):
        text, groups = _GROUP.subn(lambda group: "|" if _RISKY.search(group[0]) else " ", text)
        if not groups:
            return False
    return True


_ATOM = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\([^()]*\)")
_RISKY = re.compile(r"[*+{|]")
_REPEATED = re.compile(r"\([^()]*[*+{|][^()]*\)[*+{]")
