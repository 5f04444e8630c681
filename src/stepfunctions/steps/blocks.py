"""What a block of a definition is: keyword arguments that are fields of the language, and their JSON.

Which fields a block has, their names on the wire, their types and bounds: only ``stepfunctions.asl`` says.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar, ParamSpec, TypeVar, cast

from stepfunctions import asl
from stepfunctions.asl.fields import (
    ABSENT,
    JSONATA,
    JSONPATH,
    DeclaredField,
    Kind,
    Nested,
    declared_fields,
    describe,
    is_expression,
)
from stepfunctions.asl.retry import Catcher, Retrier
from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.misuse import check_text
from stepfunctions.steps.advice import check_moment
from stepfunctions.steps.given import GivenFields
from stepfunctions.steps.rendering import NULL, in_braces, render_constant, render_template

_P = ParamSpec("_P")
_V = TypeVar("_V")

WRITTEN_WHEN_NONE = ("result_path", "input_path", "output_path")
_CONSTANTS = ("result",)
_TEMPLATES = ("any", "array", "credentials", "variables")
"""Kinds of values in which expressions are computed."""
_ATTRIBUTES = {"output": "output_value"}
"""Fields held in an attribute of another name: ``output()`` is 2.3.0's method."""
LINKS = frozenset({"next", "end", "retry", "catch", "branches", "choices", "default", "item_processor", "iterator"})
"""Fields that the builders write from their links to other states."""


def cached(function: Callable[_P, _V]) -> Callable[_P, _V]:
    """Make a function of classes compute each answer once."""
    return cast("Callable[_P, _V]", lru_cache(maxsize=None)(function))


@cached
def fields_of(cls: type[Any] | None) -> Mapping[str, DeclaredField]:
    """Return the fields of a class of the language that are no links: name -> declaration."""
    if cls is None:
        return MappingProxyType({})
    return MappingProxyType({field.attribute: field for field in declared_fields(cls) if field.attribute not in LINKS})


@cached
def _by_attribute(cls: type[Any] | None) -> Mapping[str, DeclaredField]:
    return MappingProxyType({_ATTRIBUTES.get(name, name): field for name, field in fields_of(cls).items()})


@cached
def _grouped(cls: type[Any] | None) -> frozenset[str]:
    return frozenset(name for name, field in _by_attribute(cls).items() if field.spec.group is not None)


@cached
def _by_wire(cls: type[Any]) -> Mapping[str, DeclaredField]:
    return MappingProxyType({field.spec.wire: field for field in declared_fields(cls)})


@cached
def _every_field() -> frozenset[str]:
    classes = (*asl.STATE_TYPES.values(), Retrier, Catcher)
    return frozenset(field.attribute for cls in classes for field in declared_fields(cls))


def in_order(written: dict[str, Any], order: Iterable[str]) -> dict[str, Any]:
    """Return a dict with the keys of ``order`` first: a definition that was read is written in its own order."""
    return {**{wire: written[wire] for wire in order if wire in written}, **written} if order else written


def did_you_mean(name: str, known: Any) -> str:
    """Return `` Did you mean 'x'?`` for the closest known name, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


class Signature:
    """``__signature__`` of a block: its constructor with every field as a keyword argument, for editors."""

    def __get__(self, instance: Any, owner: type[Block]) -> inspect.Signature:
        """Return the signature of the block's class."""
        return _signature(owner)


@cached
def _signature(cls: type[Block]) -> inspect.Signature:
    given = list(inspect.signature(cls.__init__).parameters.values())[1:]
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in given):
        return inspect.Signature(given)
    shown = [parameter for parameter in given if parameter.kind is not inspect.Parameter.VAR_KEYWORD]
    names = {parameter.name for parameter in shown}
    shown += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
        for name in cls.constructor_fields()
        if name not in names
    ]
    return inspect.Signature(shown)


class Block:
    """A part of a definition. Unknown fields raise TypeError; wrong values, and fields at odds, ValueError."""

    ASL: ClassVar[type[Any] | None] = None
    """The class whose declared fields this block has."""

    LINKED_FIELDS: ClassVar[tuple[str, ...]] = ()
    """Keyword arguments that are no declared fields: they link other blocks to this one."""

    _order: tuple[str, ...] = ()
    """Names on the wire that are written first, in this order."""
    _read = False
    """Whether the block was read from a definition, and not written in Python."""

    __signature__ = Signature()

    def __init__(self, **fields: Any) -> None:
        known = _names(self.allowed_fields())
        for name, value in fields.items():
            if name not in known:
                raise TypeError(f"{self._who()}Field '{name}' is not supported.{did_you_mean(name, known)}")
            setattr(self, _ATTRIBUTES.get(name, name), value)
        problem = self._problem_with_groups()
        if problem is not None:
            raise ValueError(f"{self._who()}{problem}")

    def __init_subclass__(cls) -> None:
        """Give every field of the block a class-level default, so that it can be read before it is set."""
        for name in _by_attribute(cls.ASL):
            if not hasattr(cls, name):
                setattr(cls, name, None)

    def _who(self) -> str:
        """Return what an error begins with: whose field it is about."""
        return ""

    @classmethod
    def allowed_fields(cls) -> list[str]:
        """Return the names of the fields this block takes."""
        return [*fields_of(cls.ASL), *cls.LINKED_FIELDS]

    @classmethod
    def constructor_fields(cls) -> list[str]:
        """Return the names of the keyword arguments that the constructor takes beyond its own."""
        return _names(cls.allowed_fields())

    @property
    def fields(self) -> GivenFields:
        """The fields that are set, as 2.3.0 kept them: a mapping that reads and changes this block."""
        return GivenFields(self, {field: _ATTRIBUTES.get(field, field) for field in fields_of(self.ASL)})

    def is_field_allowed(self, field_name: str) -> bool:
        """Tell whether this block takes a field."""
        return field_name in self.allowed_fields()

    def __setattr__(self, name: str, value: Any) -> None:
        field = _by_attribute(self.ASL).get(name)
        if field is not None:
            problem = problem_with(field, value)
            if problem is not None:
                raise ValueError(f"{self._who()}'{field.attribute}' {problem}")
            check_text(value, f"{self._who()}'{field.attribute}'")
            check_moment(self._who(), field.attribute, value)
        elif not name.startswith("_"):
            wrong = _misspelt(type(self), name)
            if wrong:
                raise AttributeError(f"{self._who()}{wrong}")
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(_no_attribute(type(self), name))

    def _given(self) -> Iterator[tuple[DeclaredField, Any]]:
        """Yield the fields that are set, in the order in which they were."""
        declared = _by_attribute(self.ASL)
        for name, value in vars(self).items():
            field = declared.get(name)
            if field is not None and value is not ABSENT and (value is not None or name in WRITTEN_WHEN_NONE):
                yield field, value

    def _problem_with_groups(self) -> str | None:
        """Return which of the fields that are set exclude each other, or None."""
        if _grouped(self.ASL).isdisjoint(vars(self)):
            return None
        groups: dict[str | None, str] = {}
        for field, _ in self._given():
            before = groups.setdefault(field.spec.group, field.attribute)
            if field.spec.group is not None and before != field.attribute:
                return f"'{before}' and '{field.attribute}' exclude each other: give one of them."
        return None

    def _written(self, language: str) -> dict[str, Any]:
        """Return the fields in the form of their JSON, in a query language. Raises ValueError."""
        problem = self._problem_with_groups()
        if problem is not None:
            raise ValueError(problem)
        return in_order(dict(self._field(field, value, language) for field, value in self._given()), self._order)

    def _field(self, field: DeclaredField, value: Any, language: str) -> tuple[str, Any]:
        """Return a field's name and value on the wire."""
        wire, rendered = render_field(field, value, fields_of(self.ASL), language)
        # A request is given as ``parameters`` whatever the language: JSONata has another name for it.
        return ("Arguments" if wire == "Parameters" and language == JSONATA else wire), rendered

    def to_dict(self) -> dict[str, Any]:
        """Return the block in the form of its JSON."""
        return self._written(JSONPATH)

    def to_json(self, pretty: bool = False) -> str:
        """Return the block as JSON text, indented by 4 when ``pretty``."""
        return json.dumps(self.to_dict(), indent=4 if pretty else None)

    def __str__(self) -> str:
        return self.to_json(pretty=True)

    def __repr__(self) -> str:
        fields = ", ".join(f"{field.attribute}={value!r}" for field, value in self._given())
        return f"{type(self).__name__}({fields})"


def _names(fields: Iterable[Any]) -> list[str]:
    """Return fields' names: a subclass written for 2.3.0 may give its fields as members of an Enum."""
    return [str(getattr(name, "value", name)) for name in fields]


@cached
def _no_attribute(cls: type[Block], name: str) -> str:
    hint = "" if name.startswith("_") else did_you_mean(name, [*_by_attribute(cls.ASL), *dir(cls)])
    return f"A {cls.__name__} has no attribute '{name}'.{hint}"


@cached
def _misspelt(cls: type[Block], name: str) -> str | None:
    """Return what is wrong with setting an attribute, or None. Subclasses may have what attributes they want."""
    if name in _ATTRIBUTES and callable(getattr(cls, name, None)):
        return f"'{name}' is a method. The field of this name is the attribute '{_ATTRIBUTES[name]}'."
    ours = cls.__module__.startswith("stepfunctions.")
    if not ours or hasattr(cls, name) or any(name in vars(base).get("__annotations__", {}) for base in cls.__mro__):
        return None
    close = difflib.get_close_matches(name, list(_by_attribute(cls.ASL)), n=1, cutoff=0.85)
    if close or name in _every_field():
        return f"A {cls.__name__} has no field '{name}'.{did_you_mean(name, _by_attribute(cls.ASL))}"
    return None


def problem_with(field: DeclaredField, value: Any) -> str | None:
    """Return what is wrong with a value for a field, or None. The text fits after the field's name."""
    kind = field.spec.kind
    if value is None or value is ABSENT or value is NULL or isinstance(value, (Expression, BaseRule)):
        return None
    if isinstance(kind, Nested):
        return _problem_with_nested(kind.cls, value)
    if kind.expression and is_expression(value):
        return None
    if kind.name in ("any", "array"):
        return None
    if isinstance(value, Mapping):
        wrong = next((key for key in value if not isinstance(key, str)), None)
        return kind.problem(dict(value)) if wrong is None else f"has the key {wrong!r}, which is no string."
    return kind.problem(list(value) if isinstance(value, tuple) else value)


def _problem_with_nested(cls: type[Any], value: Any) -> str | None:
    if isinstance(value, Block):
        return None if value.ASL is cls else f"must be a {cls.__name__}, but is a {type(value).__name__}."
    if not isinstance(value, Mapping):
        return f"must be a {cls.__name__} or a dict, but is {describe(value)}."
    for wire, item in value.items():
        field = _by_wire(cls).get(wire)
        if field is None:
            return f"has no member '{wire}'.{did_you_mean(str(wire), _by_wire(cls))}"
        problem = problem_with(field, item)
        if problem is not None:
            return f"has a '{wire}' that {problem}"
    return None


def render_field(
    field: DeclaredField, value: Any, declared: Mapping[str, DeclaredField], language: str
) -> tuple[str, Any]:
    """Return a field's wire name and value. In JSONPath an expression goes into the field's twin that takes a path."""
    wire, kind = field.spec.wire, field.spec.kind
    if isinstance(kind, Nested):
        return wire, _render_nested(kind.cls, value, language)
    if field.attribute in _CONSTANTS:
        return wire, render_constant(value, wire)
    if isinstance(value, Expression):
        return _render_expression(field, kind, value, declared, language)
    return wire, render_template(value, wire, language)


def _render_expression(
    field: DeclaredField, kind: Kind, value: Expression, declared: Mapping[str, DeclaredField], language: str
) -> tuple[str, Any]:
    wire = field.spec.wire
    if language == JSONATA:
        if not kind.expression:
            raise ValueError(_takes_no(field, value.to_jsonata()))
        return wire, in_braces(value)
    twin = field if "path" in kind.name else declared.get(f"{field.attribute}_path")
    if twin is not None:
        path = value.to_jsonpath()
        problem = problem_with(twin, path)
        if problem is not None:
            raise ValueError(f"'{twin.attribute}' {problem} Only JSONata computes here.")
        return twin.spec.wire, path
    if kind.name not in _TEMPLATES:
        raise ValueError(_takes_no(field, value.to_jsonpath()))
    return wire, render_template(value, wire, language)


def _takes_no(field: DeclaredField, text: str) -> str:
    return (
        f"The field '{field.attribute}' takes no placeholder ({text}): its value is read when the state machine is "
        "created."
    )


def _render_nested(cls: type[Any], value: Any, language: str) -> Any:
    if isinstance(value, Block):
        return value._written(language)
    result: dict[str, Any] = {}
    for wire, item in value.items():
        field = _by_wire(cls).get(wire)
        if field is None:
            result[wire] = render_template(item, wire, language)
        else:
            written, rendered = render_field(field, item, fields_of(cls), language)
            result[written] = rendered
    return result
