"""The intrinsic functions of the language, as ``states.<function>(…)``, in both query languages.

In a JSONPath state a call becomes ``States.Format(…)``; in a JSONata state the JSONata that says the same.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from stepfunctions.inputs.expressions import Expression, jsonata_argument, jsonpath_argument, operand, quote
from stepfunctions.inputs.misuse import check_text

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")


class Call(Expression):
    """A call of an intrinsic function. ``arguments`` are expressions and JSON values, else TypeError, ValueError."""

    def __init__(self, name: str, *arguments: Any) -> None:
        self.name = name
        self.arguments = arguments
        check_text(arguments, f"states.{_snake(name)}()")
        self.type = _FUNCTIONS[name].type
        self.atomic = _FUNCTIONS[name].atomic
        for argument in arguments:
            self._check(argument)

    def _check(self, argument: Any) -> None:
        if isinstance(argument, (list, tuple)):
            for item in argument:
                self._check(item)
        elif isinstance(argument, dict):
            for item in argument.values():
                self._check(item)
        elif isinstance(argument, float) and not math.isfinite(argument):
            raise ValueError(f"states.{_snake(self.name)}() takes finite numbers, not {argument}.")
        elif argument is not None and not isinstance(argument, (str, int, float, Expression)):
            raise TypeError(
                f"states.{_snake(self.name)}() takes expressions and JSON values, not a {type(argument).__name__} "
                f"({argument!r})."
            )

    def parts(self) -> tuple[Any, ...]:
        """Return the arguments."""
        return self.arguments

    def to_jsonpath(self) -> str:
        """Return the call. Raises ValueError when an argument cannot be written in JSONPath."""
        texts = [jsonpath_argument(argument) for argument in self.arguments]
        if self.name == "Format":
            texts[0] = _quoted_template(self.arguments[0])
        if self.name == "JsonMerge":
            texts.append("false")  # AWS merges the first level alone, and wants to be told so
        return f"States.{self.name}({', '.join(texts)})"

    def to_jsonata(self) -> str:
        """Return the JSONata that gives the same value."""
        return _FUNCTIONS[self.name].in_jsonata(*self.arguments)

    def __repr__(self) -> str:
        return f"states.{_snake(self.name)}({', '.join(repr(argument) for argument in self.arguments)})"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _quoted_template(template: str) -> str:
    """Return a template as a literal: ``{}`` stays a place to fill, other braces are escaped."""
    escaped = "{}".join(quote(piece)[1:-1] for piece in template.split("{}"))
    return f"'{escaped}'"


def _call(function: str) -> Callable[..., str]:
    return lambda *arguments: f"{function}({', '.join(jsonata_argument(argument) for argument in arguments)})"


def _array_of(function: str) -> Callable[..., str]:
    """Return a call in brackets: JSONata makes one value of an array of one, and nothing of an empty one."""
    call = _call(function)
    return lambda *arguments: f"[{call(*arguments)}]"


def _format(template: str, *values: Any) -> str:
    """Return the template's pieces and the values joined by ``&``, which makes texts of them."""
    pieces = template.split("{}")
    texts = [json.dumps(pieces[0], ensure_ascii=False)]
    for value, piece in zip(values, pieces[1:], strict=True):
        texts.append(operand(value))
        if piece:
            texts.append(json.dumps(piece, ensure_ascii=False))
    if texts[0] == '""' and len(texts) > 2:
        texts = texts[1:]
    return " & ".join(texts)


def _split(text: Any, separators: Any) -> str:
    """Return the pieces that are not empty, as an array even when there is one."""
    by = jsonata_argument(separators)
    if isinstance(separators, str) and len(separators) > 1:
        # JSONata counts brackets of any kind to find the end of the expression, but none after a backslash.
        special = {"\\": "\\x5C", **{character: f"\\{character}" for character in "]^-/[(){}"}}
        escaped = "".join(special.get(character, character) for character in separators)
        by = f"/[{escaped}]/"
    return f'[$split({jsonata_argument(text)}, {by})[$ != ""]]'


def _random(start: Any, end: Any, seed: Any = None) -> str:
    drawn = "$random()" if seed is None else f"$random({jsonata_argument(seed)})"
    return f"$floor({drawn} * ({operand(end)} - {operand(start)})) + {operand(start)}"


@dataclass(frozen=True)
class _Function:
    """An intrinsic function: its JSONata, made of the arguments; the type of its value; see ``Expression.atomic``."""

    in_jsonata: Callable[..., str]
    type: Any = None
    atomic: bool = True


_FUNCTIONS: Mapping[str, _Function] = MappingProxyType(
    {
        "Array": _Function(lambda *items: jsonata_argument(items), list),
        "ArrayPartition": _Function(_array_of("$partition"), list),
        "ArrayContains": _Function(lambda array, value: f"{operand(value)} in {operand(array)}", bool, atomic=False),
        "ArrayRange": _Function(_array_of("$range"), list),
        "ArrayGetItem": _Function(lambda array, index: f"{operand(array)}[{jsonata_argument(index)}]"),
        "ArrayLength": _Function(_call("$count"), int),
        "ArrayUnique": _Function(_call("$distinct"), list),
        "Base64Encode": _Function(_call("$base64encode"), str),
        "Base64Decode": _Function(_call("$base64decode"), str),
        "Hash": _Function(_call("$hash"), str),
        "JsonMerge": _Function(lambda *objects: f"$merge({jsonata_argument(objects)})", dict),
        "StringToJson": _Function(_call("$parse")),
        "JsonToString": _Function(_call("$string"), str),
        "MathRandom": _Function(_random, int, atomic=False),
        "MathAdd": _Function(lambda first, second: f"{operand(first)} + {operand(second)}", int, atomic=False),
        "StringSplit": _Function(_split, list),
        "UUID": _Function(_call("$uuid"), str),
        "Format": _Function(_format, str, atomic=False),
    }
)
"""Name in ``States.<name>`` -> the function."""


class IntrinsicFunctions:
    """The 18 intrinsic functions. Each returns an expression; arguments are expressions or constants.

    >>> states.format("model-{}", states.uuid()).to_jsonpath()
    "States.Format('model-{}', States.UUID())"
    """

    def array(self, *values: Any) -> Call:
        """Return the array of these values. (In JSONata a value that is an array itself is joined into it.)"""
        return Call("Array", *values)

    def array_partition(self, array: Any, size: Any) -> Call:
        """Return the array cut into arrays of at most ``size`` elements."""
        return Call("ArrayPartition", array, size)

    def array_contains(self, array: Any, value: Any) -> Call:
        """Return whether the array has an element of this value. (JSONata looks for no arrays or objects.)"""
        return Call("ArrayContains", array, value)

    def array_range(self, first: Any, last: Any, step: Any) -> Call:
        """Return the integers from ``first`` to ``last``, both included, at most 1,000."""
        return Call("ArrayRange", first, last, step)

    def array_get_item(self, array: Any, index: Any) -> Call:
        """Return the element at an index, counted from zero."""
        return Call("ArrayGetItem", array, index)

    def array_length(self, array: Any) -> Call:
        """Return the number of elements."""
        return Call("ArrayLength", array)

    def array_unique(self, array: Any) -> Call:
        """Return the array without repeated elements. (In their order in JSONata, in a Java HashSet's in JSONPath.)"""
        return Call("ArrayUnique", array)

    def base64_encode(self, text: Any) -> Call:
        """Return the Base64 form of a text of at most 10,000 characters, as UTF-8. (JSONata: as Latin-1.)"""
        return Call("Base64Encode", text)

    def base64_decode(self, text: Any) -> Call:
        """Return the text of its Base64 form."""
        return Call("Base64Decode", text)

    def hash(self, text: Any, algorithm: Any) -> Call:
        """Return the hash of a text, in hexadecimal. Raises ValueError for an algorithm that AWS does not have."""
        if not isinstance(algorithm, Expression) and algorithm not in _ALGORITHMS:
            raise ValueError(f"{algorithm!r} is no algorithm of States.Hash. Write one of: {', '.join(_ALGORITHMS)}.")
        return Call("Hash", text, algorithm)

    def json_merge(self, first: Any, second: Any) -> Call:
        """Return both objects' members in one object; the second one wins. Members are not merged themselves."""
        return Call("JsonMerge", first, second)

    def string_to_json(self, text: Any) -> Call:
        """Return the value that a JSON text stands for."""
        return Call("StringToJson", text)

    def json_to_string(self, value: Any) -> Call:
        """Return a value as JSON text. (In JSONata a string stays as it is, without quotes.)"""
        return Call("JsonToString", value)

    def math_random(self, start: Any, end: Any, seed: Any = None) -> Call:
        """Return a random integer from ``start`` up to, but not including, ``end``."""
        return Call("MathRandom", start, end) if seed is None else Call("MathRandom", start, end, seed)

    def math_add(self, first: Any, second: Any) -> Call:
        """Return the sum of two integers."""
        return Call("MathAdd", first, second)

    def string_split(self, text: Any, separators: Any) -> Call:
        """Return the pieces of a text that are not empty; every character of ``separators`` separates."""
        return Call("StringSplit", text, separators)

    def uuid(self) -> Call:
        """Return a random UUID (version 4)."""
        return Call("UUID")

    def format(self, template: str, *values: Any) -> Call:
        """Return the template with each ``{}`` filled by a value. Raises ValueError when their numbers differ.

        The text of an array or object is not the same in both languages: JSONata writes it without blanks.
        """
        if not isinstance(template, str):
            raise TypeError(f"The template of states.format() is a string, not a {type(template).__name__}.")
        places = template.count("{}")
        if places != len(values):
            raise ValueError(
                f"The template '{template}' of states.format() has {places} places '{{}}', but {len(values)} values "
                "are given."
            )
        return Call("Format", template, *values)


states = IntrinsicFunctions()
"""The intrinsic functions: ``states.format("{}-{}", a, b)``."""
