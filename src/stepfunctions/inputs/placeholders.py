"""References to an execution's input and to the output of a step, written as ``placeholder["name"]``.

In a definition a placeholder becomes a JSONPath: ``$$.Execution.Input['name']`` or ``$['name']``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from stepfunctions.inputs.context import context
from stepfunctions.inputs.expressions import Expression, Reference, bracketed, check_name, jsonata_path
from stepfunctions.inputs.schemas import Schema, read_schema, type_name
from stepfunctions.inputs.utils import replace_type_with_str


class ValidationResult(NamedTuple):
    """Whether an input fits a schema. Keys of nested values are joined by dots.

    ``keys_type_mismatch`` holds (key, declared type, type of the value) for each value of another type. Where the type
    is right but the value is not, words say what is expected.
    """

    valid: bool
    keys_missing: list[str]
    keys_type_mismatch: list[tuple[str, Any, type[Any]]]


class Placeholder(Expression):
    """A value known only at run time, and the collection of the values inside it.

    ``schema`` declares names and types: a dict (``{"rows": int, "where": {"bucket": str}}``), a JSON Schema, a
    dataclass, a TypedDict or a pydantic model; then only declared names can be used. Without one, every name is created
    when it is first used. ``name``, ``type`` and ``parent`` are for the values inside a collection and are not given by
    callers. Raises TypeError, ValueError for what is no schema.
    """

    json_str_template = "{}"
    jsonata_root = "$states.input"
    atomic = True

    def __init__(
        self,
        schema: Mapping[Any, Any] | type[Any] | None = None,
        *,
        name: str | int | None = None,
        type: Any = None,
        parent: Placeholder | None = None,
    ) -> None:
        self.name = name
        self.type = type
        self.parent = parent
        self.schema = schema
        self.store: dict[str | int, Placeholder] = {}
        self.immutable = False
        if parent is not None:
            self.json_str_template = parent.json_str_template
            self.jsonata_root = parent.jsonata_root
        if schema:
            for key, value in read_schema(schema).fields.items():
                self.store[key] = self._child(key, value)
            self._make_immutable()

    def _child(self, key: str | int, declared: Any) -> Placeholder:
        check_name(key)
        if isinstance(declared, Mapping):
            return self.__class__(declared, name=key, type=dict, parent=self)
        return self.__class__(name=key, type=declared, parent=self)

    def _make_immutable(self) -> None:
        self.immutable = True
        for child in self.store.values():
            child._make_immutable()

    def get(self, name: str | int, type: Any = None) -> Placeholder:
        """Return the placeholder of a value inside this one, which has this type.

        Raises ValueError when the schema has no such name, or the name is known with another type, or is neither
        a string nor an integer.
        """
        check_name(name)
        known = self.store.get(name)
        if known is None:
            if self.immutable and not self._open():
                raise ValueError(f"This placeholder's schema has no '{name}'. It has: {_names(self.store)}.")
            known = self.store[name] = self.__class__(name=name, type=type, parent=self)
        elif type is not None and known.type != type:
            raise ValueError(
                f"The placeholder '{name}' has the type {type_name(known.type)}, but {type_name(type)} was asked for."
            )
        return known

    def _ipython_key_completions_(self) -> list[str | int]:
        """Return the names that IPython and Jupyter complete after ``placeholder["``."""
        return list(self.store)

    def _open(self) -> bool:
        """Whether names that are not declared may be used: inside a value declared only as dict, list or any value."""
        return self.type in (dict, list, object) and not self.store

    def __getitem__(self, name: str | int) -> Placeholder:
        """Return the placeholder of a value inside this one; see :meth:`get`."""
        return self.get(name)

    def contains(self, placeholder: Placeholder) -> bool:
        """Tell whether a placeholder stands for a value inside this one, at any depth."""
        return any(child is placeholder or child.contains(placeholder) for child in self.store.values())

    def __contains__(self, placeholder: object) -> bool:
        if isinstance(placeholder, Placeholder):
            return self.contains(placeholder)
        return super().__contains__(placeholder)

    def __bool__(self) -> bool:
        # True, as in 2.3.0: programs ask "if job_name:" whether they were given one. Not so for what is declared bool.
        return self.type is not bool or super().__bool__()

    def get_schema_as_dict(self) -> dict[Any, Any]:
        """Return names and types of the values inside, nested. A type that was not given is ``str``."""
        return {
            name: child.get_schema_as_dict() if child.store else child.type or str for name, child in self.store.items()
        }

    def get_schema_as_json(self, pretty: bool = False) -> str:
        """Return the schema as JSON text, with the types' names."""
        return json.dumps(replace_type_with_str(self.get_schema_as_dict()), indent=4 if pretty else None)

    def input_schema(self) -> Schema:
        """Return what inputs are checked by: the schema, or without one the names that were used."""
        return read_schema(self.schema or self.get_schema_as_dict())

    def validate(self, input: Any) -> ValidationResult:
        """Compare an input with the schema. Additional keys are allowed, unless the schema forbids them."""
        problems = self.input_schema().problems(input)
        missing = [problem.key for problem in problems if problem.kind == "missing"]
        mismatch = [
            (problem.key, problem.expected, type(problem.given)) for problem in problems if problem.kind != "missing"
        ]
        return ValidationResult(not problems, missing, mismatch)

    @property
    def root(self) -> Placeholder:
        """The placeholder that this value is inside of, or itself."""
        node = self
        while node.parent is not None:
            node = node.parent
        return node

    @property
    def path(self) -> tuple[str | int, ...]:
        """The names that lead from the root to this value."""
        names: list[str | int] = []
        node: Placeholder = self
        while node.parent is not None:
            names.append("" if node.name is None else node.name)
            node = node.parent
        return tuple(reversed(names))

    def to_jsonpath(self) -> str:
        """Return the JSONPath of this value."""
        return self.json_str_template.format("".join(bracketed(name) for name in self.path))

    def to_jsonata(self) -> str:
        """Return the JSONata expression of this value."""
        return jsonata_path(self.jsonata_root, self.path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_jsonpath()})"


class ExecutionInput(Placeholder):
    """The input of the execution, wherever in the workflow it is used: ``$$.Execution.Input``."""

    json_str_template = "$$.Execution.Input{}"
    jsonata_root = "$states.context.Execution.Input"


class StepInput(Placeholder):
    """The input of a step, which is the output of the one before it: ``$``."""

    json_str_template = "${}"
    owner: str | None = None
    """The name of the state whose output this is, when it was made by ``state.output()``."""


class MapItem(Placeholder):
    """One item of a Map state, in its ItemSelector: ``$$.Map.Item.Value``.

    >>> MapItem(schema={"route": str})["route"].to_jsonpath()
    "$$.Map.Item.Value['route']"

    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """

    json_str_template = "$$.Map.Item.Value{}"
    jsonata_root = "$states.context.Map.Item.Value"

    @property
    def index(self) -> Reference:
        """The item's index, counted from zero."""
        return context.map.item.index

    @property
    def key(self) -> Reference:
        """The member's name, when the items are the members of an object."""
        return context.map.item.key

    @property
    def source(self) -> Reference:
        """``STATE_DATA``, or the S3 address of the object that the item was read from."""
        return context.map.item.source


def _names(store: Mapping[str | int, Placeholder]) -> str:
    return ", ".join(f"'{name}'" for name in store) or "no names"
