"""The intrinsic functions of the language, as ``states.<function>(…)``, in both query languages.

In a JSONPath state a call becomes ``States.Format(…)``; in a JSONata state the JSONata that says the same.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from stepfunctions.inputs.expressions import Expression, jsonata_argument, jsonpath_argument, operand, quote

_ALGORITHMS = ("MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512")


class Call(Expression):
    """A call of an intrinsic function. ``arguments`` are expressions and constants."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[Any],
        in_jsonata: Callable[..., str],
        *,
        type: Any = None,
        atomic: bool = True,
    ) -> None:
        for argument in arguments:
            _check_argument(name, argument)
        self.name = name
        self.arguments = tuple(arguments)
        self.type = type
        self.atomic = atomic
        self._in_jsonata = in_jsonata

    def to_jsonpath(self) -> str:
        """Return the call. Raises ValueError when an argument cannot be written in JSONPath."""
        return f"States.{self.name}({', '.join(self._texts())})"

    def _texts(self) -> list[str]:
        if self.name != "Format":
            return [jsonpath_argument(argument) for argument in self.arguments]
        template, *rest = self.arguments
        return [
            _quoted_template(template) if isinstance(template, str) else jsonpath_argument(template),
            *(jsonpath_argument(argument) for argument in rest),
        ]

    def to_jsonata(self) -> str:
        """Return the JSONata that gives the same value."""
        return self._in_jsonata(*self.arguments)

    def __repr__(self) -> str:
        return f"states.{_snake(self.name)}({', '.join(repr(argument) for argument in self.arguments)})"


def _check_argument(name: str, argument: Any) -> None:
    if argument is None or isinstance(argument, (str, int, float, bool, Expression)):
        return
    if isinstance(argument, (list, tuple)):
        for item in argument:
            _check_argument(name, item)
        return
    if isinstance(argument, dict):
        for item in argument.values():
            _check_argument(name, item)
        return
    raise TypeError(
        f"states.{_snake(name)}() takes expressions and JSON values, not a {type(argument).__name__} ({argument!r})."
    )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _quoted_template(template: str) -> str:
    """Return a template as a literal: ``{}`` stays a place to fill, other braces are escaped."""
    return "{}".join(quote(piece)[1:-1] for piece in template.split("{}")).join(("'", "'"))


def _call(function: str) -> Callable[..., str]:
    return lambda *arguments: f"{function}({', '.join(jsonata_argument(argument) for argument in arguments)})"


def _format(template: Any, *values: Any) -> str:
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
    if isinstance(separators, str) and len(separators) > 1:
        escaped = "".join(f"\\{character}" if character in r"\]^-/" else character for character in separators)
        return f"$split({jsonata_argument(text)}, /[{escaped}]/)"
    return _call("$split")(text, separators)


def _random(start: Any, end: Any, seed: Any = None) -> str:
    drawn = "$random()" if seed is None else f"$random({jsonata_argument(seed)})"
    return f"$floor({drawn} * ({operand(end)} - {operand(start)})) + {operand(start)}"


class IntrinsicFunctions:
    """The 18 intrinsic functions. Each returns an expression; arguments are expressions or constants.

    >>> states.format("model-{}", states.uuid()).to_jsonpath()
    "States.Format('model-{}', States.UUID())"
    """

    def array(self, *values: Any) -> Call:
        """Return the array of these values. (In JSONata a value that is an array itself is joined into it.)"""
        return Call("Array", values, lambda *items: jsonata_argument(list(items)), type=list)

    def array_partition(self, array: Any, size: Any) -> Call:
        """Return the array cut into arrays of at most ``size`` elements."""
        return Call("ArrayPartition", (array, size), _call("$partition"), type=list)

    def array_contains(self, array: Any, value: Any) -> Call:
        """Return whether the array has an element of this value."""
        return Call(
            "ArrayContains",
            (array, value),
            lambda items, item: f"{operand(item)} in {operand(items)}",
            type=bool,
            atomic=False,
        )

    def array_range(self, first: Any, last: Any, step: Any) -> Call:
        """Return the integers from ``first`` to ``last``, both included, at most 1,000."""
        return Call("ArrayRange", (first, last, step), _call("$range"), type=list)

    def array_get_item(self, array: Any, index: Any) -> Call:
        """Return the element at an index, counted from zero."""
        return Call("ArrayGetItem", (array, index), lambda items, at: f"{operand(items)}[{jsonata_argument(at)}]")

    def array_length(self, array: Any) -> Call:
        """Return the number of elements."""
        return Call("ArrayLength", (array,), _call("$count"), type=int)

    def array_unique(self, array: Any) -> Call:
        """Return the array without repeated elements."""
        return Call("ArrayUnique", (array,), _call("$distinct"), type=list)

    def base64_encode(self, text: Any) -> Call:
        """Return the Base64 form of a text of at most 10,000 characters."""
        return Call("Base64Encode", (text,), _call("$base64encode"), type=str)

    def base64_decode(self, text: Any) -> Call:
        """Return the text of its Base64 form."""
        return Call("Base64Decode", (text,), _call("$base64decode"), type=str)

    def hash(self, value: Any, algorithm: Any) -> Call:
        """Return the hash of a value, in hexadecimal. Raises ValueError for an algorithm that AWS does not have."""
        if isinstance(algorithm, str) and algorithm not in _ALGORITHMS:
            raise ValueError(f"'{algorithm}' is no algorithm of States.Hash. Write one of: {', '.join(_ALGORITHMS)}.")
        return Call("Hash", (value, algorithm), _call("$hash"), type=str)

    def json_merge(self, first: Any, second: Any) -> Call:
        """Return both objects' members in one object; the second one wins. Members are not merged themselves."""
        return Call(
            "JsonMerge",
            (first, second, False),
            lambda one, two, _: f"$merge([{jsonata_argument(one)}, {jsonata_argument(two)}])",
            type=dict,
        )

    def string_to_json(self, text: Any) -> Call:
        """Return the value that a JSON text stands for."""
        return Call("StringToJson", (text,), _call("$parse"))

    def json_to_string(self, value: Any) -> Call:
        """Return a value as JSON text."""
        return Call("JsonToString", (value,), _call("$string"), type=str)

    def math_random(self, start: Any, end: Any, seed: Any = None) -> Call:
        """Return a random integer from ``start`` up to, but not including, ``end``."""
        given = (start, end) if seed is None else (start, end, seed)
        return Call("MathRandom", given, _random, type=int, atomic=False)

    def math_add(self, first: Any, second: Any) -> Call:
        """Return the sum of two integers."""
        return Call(
            "MathAdd", (first, second), lambda one, two: f"{operand(one)} + {operand(two)}", type=int, atomic=False
        )

    def string_split(self, text: Any, separators: Any) -> Call:
        """Return the pieces of a text; every character of ``separators`` separates."""
        return Call("StringSplit", (text, separators), _split, type=list)

    def uuid(self) -> Call:
        """Return a random UUID (version 4)."""
        return Call("UUID", (), _call("$uuid"), type=str)

    def format(self, template: str, *values: Any) -> Call:
        """Return the template with each ``{}`` filled by a value. Raises ValueError when their numbers differ."""
        if not isinstance(template, str):
            raise TypeError(f"The template of states.format() is a string, not a {type(template).__name__}.")
        places = template.count("{}")
        if places != len(values):
            raise ValueError(
                f"The template '{template}' of states.format() has {places} places '{{}}', but {len(values)} values "
                "are given."
            )
        return Call("Format", (template, *values), _format, type=str, atomic=places == 0)


states = IntrinsicFunctions()
"""The intrinsic functions: ``states.format("{}-{}", a, b)``."""
