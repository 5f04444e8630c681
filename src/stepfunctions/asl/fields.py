"""How a field of the Amazon States Language is declared.

Each field of a state is declared once, beside the others of its class, with :func:`asl_field`: the name on the
wire, the kind of its value, bounds, the query language it belongs to and the group it excludes. The codec, the
builders in ``stepfunctions.steps``, the linter and the reference pages read that declaration and nothing else.

Specification: https://states-language.net/spec.html
"""

from __future__ import annotations

import dataclasses
import enum
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from stepfunctions.asl.document import JSON


class Absent(enum.Enum):
    """The type of :data:`ABSENT`. An enum, so that it is one object, prints well and survives pickling."""

    ABSENT = "ABSENT"

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = Absent.ABSENT
"""The value of a field that is not written. Not the same as ``None``, which is JSON's null."""

QueryLanguageName = Literal["JSONPath", "JSONata"]
JSONPATH: Final = "JSONPath"
JSONATA: Final = "JSONata"

_TIMESTAMP = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
    r"(Z|[+-]([01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)


LONGEST_VARIABLE_NAME = 80
_LONG_INTEGER = 10**50


def is_expression(value: JSON) -> bool:
    """Tell whether a value is a JSONata expression: a string that begins ``{%`` and ends ``%}``."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def is_timestamp(value: JSON) -> bool:
    """Tell whether a value is a timestamp of the language: RFC 3339 with a capital T and Z or an offset."""
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        return False
    try:
        date.fromisoformat(value[:10])
    except ValueError:  # the 31st of a short month
        return False
    return True


@dataclass(frozen=True)
class Kind:
    """What values a field takes. ``expression``: in a JSONata state also a ``{% … %}`` string."""

    name: str
    expression: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    nullable: bool = False

    def problem(self, value: JSON) -> str | None:
        """Return what is wrong with a value of this kind, or None. The text fits after the field's name."""
        if value is None and self.nullable:
            return None
        return _CHECKS[self.name](self, value)

    def refusal(self, wire: str, value: JSON) -> tuple[str, str] | None:
        """Return what the service says of a value in a definition and what we add to it; None for a good value."""
        problem = self.problem(value)
        if problem is None:
            return None
        ours = f"The field '{wire}' {problem}"
        said = self._said(wire, value)
        return (ours, "") if said is None else (said, ours)

    def _said(self, wire: str, value: JSON) -> str | None:
        if self.choices:
            return f"The field '{wire}' should have one of these values: [{', '.join(self.choices)}]"
        if self.name == "timestamp":
            return "String does not match RFC3339 timestamp"
        if self.name in ("path", "path or intrinsic") and isinstance(value, str):
            return "Value must be a valid JSONPath."
        if self.name == "reference path" and isinstance(value, str):
            return "Value is not a Reference Path"
        if self.name not in ("integer", "number") or isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
        whole = self.name == "integer"
        if self.minimum is not None and value < self.minimum:
            return f"Minimum value is {int(self.minimum) if whole else float(self.minimum)}"
        if self.maximum is not None and value > self.maximum:
            return f"Maximum value is {int(self.maximum) if whole else float(self.maximum)}"
        return None


@dataclass(frozen=True)
class Nested:
    """A field that holds an object (``many=False``), or a list of objects, of a class with declared fields."""

    cls: type[Any]
    many: bool = False
    name: str = "object"


def _check_any(kind: Kind, value: JSON) -> str | None:
    return None


def _check_string(kind: Kind, value: JSON) -> str | None:
    if not isinstance(value, str):
        return f"must be a string, but is {describe(value)}."
    if kind.choices and value not in kind.choices:
        return f"must be one of {', '.join(kind.choices)}, but is '{value}'."
    if kind.maximum is not None and len(value) > kind.maximum:
        return f"must have at most {int(kind.maximum)} characters, but has {len(value)}."
    return None


def _check_boolean(kind: Kind, value: JSON) -> str | None:
    return None if isinstance(value, bool) else f"must be true or false, but is {describe(value)}."


def _check_number(kind: Kind, value: JSON) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"must be a number, but is {describe(value)}."
    return _check_bounds(kind, value)


def _check_integer(kind: Kind, value: JSON) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"must be an integer, but is {describe(value)}."
    return _check_bounds(kind, value)


def _check_bounds(kind: Kind, value: int | float) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return f"must be a finite number, but is {value}."
    if kind.minimum is not None and value < kind.minimum:
        return f"must be at least {kind.minimum:g}, but is {describe(value)}."
    if kind.maximum is not None and value > kind.maximum:
        return f"must be at most {kind.maximum:.0f}, but is {describe(value)}."
    return None


def _check_path(kind: Kind, value: JSON) -> str | None:
    if not isinstance(value, str):
        return f"must be a path, but is {describe(value)}."
    if not value.startswith("$"):
        return f"must be a path that begins with $, but is '{value}'."
    return None


def _check_path_or_intrinsic(kind: Kind, value: JSON) -> str | None:
    if isinstance(value, str) and value.startswith("States."):
        return None
    return _check_path(kind, value)


def _check_timestamp(kind: Kind, value: JSON) -> str | None:
    if is_timestamp(value):
        return None
    return f"must be a timestamp such as 2026-01-31T12:00:00Z, but is {describe(value)}."


def _check_object(kind: Kind, value: JSON) -> str | None:
    return None if isinstance(value, dict) else f"must be an object, but is {describe(value)}."


def _check_credentials(kind: Kind, value: JSON) -> str | None:
    if isinstance(value, dict) and set(value) in ({"RoleArn"}, {"RoleArn.$"}):
        return None
    return f'must be {{"RoleArn": "<ARN of a role>"}}, but is {describe(value)}.'


def _check_variables(kind: Kind, value: JSON) -> str | None:
    if not isinstance(value, dict):
        return _check_object(kind, value)
    for key in value:
        name = key.removesuffix(".$")
        if name == "states":
            return "must not set the variable 'states': the name is reserved."
        if len(name) > LONGEST_VARIABLE_NAME:
            return f"has a variable's name of more than {LONGEST_VARIABLE_NAME} characters: '{name[:20]}…'."
        if not name.isidentifier() or name.startswith("_"):
            return f"has '{name}', which is no name of a variable: a letter, then letters, digits and _."
    return None


def _check_array(kind: Kind, value: JSON) -> str | None:
    return None if isinstance(value, (list, dict)) else f"must be an array or object, but is {describe(value)}."


def _check_strings(kind: Kind, value: JSON) -> str | None:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        return f"must be a non-empty array of strings, but is {describe(value)}."
    return None


_CHECKS = {
    "any": _check_any,
    "array": _check_array,
    "boolean": _check_boolean,
    "credentials": _check_credentials,
    "integer": _check_integer,
    "number": _check_number,
    "object": _check_object,
    "path": _check_path,
    "path or intrinsic": _check_path_or_intrinsic,
    "reference path": _check_path,
    "string": _check_string,
    "strings": _check_strings,
    "timestamp": _check_timestamp,
    "variables": _check_variables,
}


def describe(value: JSON) -> str:
    """Name a JSON value for an error message: its text when short, else its type."""
    names = {dict: "an object", list: "an array", type(None): "null", bool: str(value).lower()}
    if type(value) in names:
        return names[type(value)]
    if isinstance(value, int) and abs(value) >= _LONG_INTEGER:
        return "an integer of more than 50 digits"  # Python refuses to write out one of more than 4,300
    text = f"'{value}'" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


@dataclass(frozen=True, kw_only=True)
class FieldSpec:
    """The declaration of one field. ``group``: at most one field of a group may be written."""

    wire: str
    kind: Kind | Nested
    required: bool = False
    language: QueryLanguageName | None = None
    group: str | None = None


@dataclass(frozen=True)
class DeclaredField:
    """A field as its class holds it: the attribute's name and the declaration."""

    attribute: str
    spec: FieldSpec


def asl_field(
    wire: str,
    kind: Kind | Nested,
    *,
    required: bool = False,
    language: QueryLanguageName | None = None,
    group: str | None = None,
) -> Any:
    """Declare a field of the language on a dataclass. Its default is :data:`ABSENT`."""
    spec = FieldSpec(wire=wire, kind=kind, required=required, language=language, group=group)
    return dataclasses.field(default=ABSENT, metadata={"asl": spec})


_declared: dict[type[Any], tuple[DeclaredField, ...]] = {}


def declared_fields(cls: type[Any]) -> tuple[DeclaredField, ...]:
    """Return the declared fields of a class of the language, in the order they are written."""
    if cls not in _declared:
        _declared[cls] = tuple(
            DeclaredField(field.name, field.metadata["asl"])
            for field in dataclasses.fields(cls)
            if "asl" in field.metadata
        )
    return _declared[cls]


ANY = Kind("any", expression=True)
TEMPLATE = Kind("any", expression=True)
BOOLEAN = Kind("boolean")
STRING = Kind("string")
NAME = Kind("string", maximum=80)
TEXT = Kind("string", expression=True)
PATH = Kind("path", nullable=True)
VALUE_PATH = Kind("path")
REFERENCE_PATH = Kind("reference path", nullable=True)
STRING_PATH = Kind("path or intrinsic")
TIMESTAMP = Kind("timestamp", expression=True)
STRINGS = Kind("strings")
CREDENTIALS = Kind("credentials", expression=True)
VARIABLES = Kind("variables")
ITEMS = Kind("array", expression=True)


def integer(minimum: float, maximum: float | None = None) -> Kind:
    """Return the kind of an integer within bounds; in a JSONata state also an expression."""
    return Kind("integer", expression=True, minimum=minimum, maximum=maximum)


def number(minimum: float, maximum: float | None = None) -> Kind:
    """Return the kind of a number within bounds; in a JSONata state also an expression."""
    return Kind("number", expression=True, minimum=minimum, maximum=maximum)


def one_of(*choices: str) -> Kind:
    """Return the kind of a string that is one of these."""
    return Kind("string", choices=choices)
