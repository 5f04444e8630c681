r"""Calls of intrinsic functions, ``States.Format('{} of {}', $.done, $.total)``, parsed and compiled.

Arguments are texts in single quotes (``\'``, ``\{``, ``\}`` and ``\\`` stand for the second character),
numbers, true, false, null, paths and calls.

https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.intrinsic_functions import FUNCTIONS, Function, IntrinsicError
from stepfunctions.query.jsonpath import Path, compile_path
from stepfunctions.query.path_tokens import InvalidPath, PathNotFound
from stepfunctions.query.scope import Evaluator, Scope
from stepfunctions.query.values import number_of

MAX_NESTING = 10
"""How deep the service lets calls be nested: lint says so."""
DEEPEST_NESTING = 100
"""How deep calls may be nested to be read at all."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_CONSTANTS: Mapping[str, JSON] = MappingProxyType({"true": True, "false": False, "null": None})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes, ``raw`` as written between them: States.Format tells ``{}`` from ``\\{\\}``."""

    raw: str

    @property
    def value(self) -> str:
        """The text that is meant."""
        return _ESCAPED.sub(r"\1", self.raw)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, true, false or null."""

    value: JSON


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function."""

    name: str
    function: Function
    arguments: tuple[Argument, ...]


Argument: TypeAlias = "Text | Constant | Path | Call"


def is_intrinsic(text: str) -> bool:
    """Whether this text is meant as a call of an intrinsic function and not as a path."""
    return text.startswith("States.")


def compile_intrinsic(text: str) -> Evaluator:
    """Compile a call; raises QuerySyntaxError.

    The compiled call raises StateFailed, ``States.Runtime``: for a path that leads to nothing, for arguments that a
    function cannot work with, and for too few or too many of them.
    """
    evaluate = _compile(parse_intrinsic(text))

    def run(scope: Scope) -> JSON:
        try:
            return evaluate(scope)
        except _ArgumentMissing as missing:
            said = missing.explain(scope)
        except (InvalidPath, IntrinsicError) as error:
            said = str(error)
        raise StateFailed("States.Runtime", f"The function '{text}' had the following error: {said}")

    return run


def parse_intrinsic(text: str) -> Call:
    """Parse a call without compiling it; raises QuerySyntaxError."""
    reader = _Reader(text)
    call = reader.call(1)
    reader.blanks()
    if reader.at < len(text):
        raise reader.error("Nothing may follow the closing parenthesis of the call")
    return call


def nesting_of(argument: Argument) -> int:
    """Return how deep calls are nested: 1 for a call with no other call in it, 0 for what is no call."""
    return 1 + max(map(nesting_of, argument.arguments), default=0) if isinstance(argument, Call) else 0


class _ArgumentMissing(Exception):
    """A path among the arguments leads to nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def explain(self, scope: Scope) -> str:
        try:
            document = self.path.document(scope)
        except PathNotFound as error:
            return str(error)
        return (
            f"The JsonPath argument for the field '{self.path.text}' could not be found in the input "
            f"'{dumps(document)}'"
        )


def _compile(argument: Argument) -> Evaluator:
    if isinstance(argument, Path):
        return _argument_reader(argument)
    if not isinstance(argument, Call):
        value = argument.value
        return lambda _scope: value
    name, function = argument.name, argument.function
    arguments = [_compile(each) for each in argument.arguments]
    template = argument.arguments[0] if argument.arguments else None
    if name == "States.Format" and isinstance(template, Text):
        raw = template.raw
        arguments[0] = lambda _scope: raw
    wrong_number = _wrong_number(function, len(arguments))

    def call(scope: Scope) -> JSON:
        if wrong_number:
            raise IntrinsicError(f"Invalid arguments in {name}: {wrong_number}")
        values = [evaluate(scope) for evaluate in arguments]
        try:
            return function.call(values, scope.chance)
        except IntrinsicError as error:
            raise IntrinsicError(f"Invalid arguments in {name}: {error}") from None

    return call


def _wrong_number(function: Function, given: int) -> str:
    """Return what is wrong with a number of arguments; nothing when it is right."""
    if function.fewest <= given and (function.most is None or given <= function.most):
        return ""
    return f"It takes {_arity(function)} but {given} were given"


def _argument_reader(path: Path) -> Evaluator:
    evaluate = path.evaluate

    def read(scope: Scope) -> JSON:
        try:
            return evaluate(scope)
        except PathNotFound:
            raise _ArgumentMissing(path) from None

    return read


class _Reader:
    """A cursor over the text; each method reads one thing and leaves the cursor behind it."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, message: str, position: int | None = None) -> QuerySyntaxError:
        return QuerySyntaxError(self.text, self.at if position is None else position, message)

    def blanks(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def call(self, depth: int) -> Call:
        start = self.at
        found = _NAME.match(self.text, self.at)
        name = found[0] if found else ""
        if name not in FUNCTIONS:
            raise self.error(f"There is no intrinsic function '{name}'. Known: {', '.join(FUNCTIONS)}", start)
        if depth > DEEPEST_NESTING:
            raise self.error(f"Intrinsic functions may be nested {DEEPEST_NESTING} deep", start)
        self.at += len(name)
        arguments = self.arguments(name, depth)
        return Call(name, FUNCTIONS[name], tuple(arguments))

    def arguments(self, name: str, depth: int) -> list[Argument]:
        self.blanks()
        if self.text[self.at : self.at + 1] != "(":
            raise self.error(f"Expected '(' after {name}")
        self.at += 1
        self.blanks()
        arguments: list[Argument] = []
        if self.text[self.at : self.at + 1] == ")":
            self.at += 1
            return arguments
        while True:
            arguments.append(self.argument(depth))
            self.blanks()
            ending = self.text[self.at : self.at + 1]
            if ending not in (",", ")"):
                raise self.error("Expected ',' or ')' after an argument")
            self.at += 1
            if ending == ")":
                return arguments
            self.blanks()

    def argument(self, depth: int) -> Argument:
        first = self.text[self.at : self.at + 1]
        if first == "'":
            return self.quoted()
        if first == "$":
            return self.path()
        number = _NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Constant(self.number(number))
        word = _NAME.match(self.text, self.at)
        if word and word[0] in _CONSTANTS:
            self.at = word.end()
            return Constant(_CONSTANTS[word[0]])
        if word and "." in word[0]:
            return self.call(depth + 1)
        raise self.error("Expected a path ($.name), a text in single quotes, a number, true, false, null or a call")

    def number(self, found: re.Match[str]) -> int | float:
        text = found[0]
        if len(text) > 100:
            raise self.error("A number may have at most 100 digits", found.start())
        return number_of(text)

    def quoted(self) -> Text:
        start = self.at
        position = start + 1
        while position < len(self.text) and self.text[position] != "'":
            if self.text[position] == "\\":
                if self.text[position + 1 : position + 2] not in ("'", "{", "}", "\\"):
                    raise self.error("A backslash must stand before ', {, } or another backslash", position)
                position += 1
            position += 1
        if position >= len(self.text):
            raise self.error("The text is not closed with '", start)
        self.at = position + 1
        return Text(self.text[start + 1 : position])

    def path(self) -> Path:
        """A path reaches to the ',' or ')' outside of its own brackets, parentheses and quotes."""
        start = self.at
        depth, quote = 0, ""
        while self.at < len(self.text):
            character = self.text[self.at]
            if quote:
                if character == "\\":
                    self.at += 1
                elif character == quote:
                    quote = ""
            elif character in "'\"" and depth:
                quote = character
            elif character in "[(":
                depth += 1
            elif character in "])" and depth:
                depth -= 1
            elif character in ",)" and not depth:
                break
            self.at += 1
        try:
            return compile_path(self.text[start : self.at].rstrip())
        except QuerySyntaxError as error:
            raise QuerySyntaxError(self.text, start + error.position, error.message) from None


def _arity(function: Function) -> str:
    if function.most is None:
        return f"at least {function.fewest} arguments"
    if function.fewest == function.most:
        return f"{function.fewest} argument{'' if function.fewest == 1 else 's'}"
    return f"{function.fewest} to {function.most} arguments"
