"""What every block of a definition has: fields checked against the field table, and their JSON.

Steps are builders: fields can be changed and states linked until a :class:`~stepfunctions.steps.graph.Graph`
takes its picture of them. Which fields a block has, and their names on the wire, only ``stepfunctions.asl`` says.
"""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from stepfunctions import asl
from stepfunctions.asl.fields import ABSENT, DeclaredField, Kind, declared_fields
from stepfunctions.inputs.placeholders import Placeholder, StepInput
from stepfunctions.steps.rendering import render_constant, render_template

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.graph import Chain
    from stepfunctions.steps.signatures import CatchFields, RetryFields

logger = logging.getLogger("stepfunctions.states")
_B = TypeVar("_B", bound="Block")

_WRITTEN_WHEN_NONE = ("result_path", "input_path", "output_path")
_CONSTANTS = ("result",)
_TEMPLATES = ("any", "array", "credentials", "variables")
"""Kinds of values in which expressions are computed."""
_ATTRIBUTES = {"output": "output_value"}
"""Fields held in an attribute of another name: ``output()`` is 2.3.0's method."""
_LINKS = frozenset({"next", "end", "retry", "catch", "branches", "choices", "default", "item_processor", "iterator"})
"""Fields that the builders write from their links to other states."""


class Block:
    """A part of a definition. Unknown fields raise TypeError; fields that exclude each other ValueError."""

    ASL: ClassVar[type[Any] | None] = None
    """The class whose declared fields this block has."""

    LINKED_FIELDS: ClassVar[tuple[str, ...]] = ()
    """Keyword arguments that are no declared fields: they link other blocks to this one."""

    def __init__(self, **fields: Any) -> None:
        # A subclass written for 2.3.0 may override allowed_fields() as an ordinary method, with members of an Enum.
        known = [str(getattr(name, "value", name)) for name in self.allowed_fields()]
        for name, value in fields.items():
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean '{close[0]}'?" if close else ""
                raise TypeError(f"Field '{name}' is not supported.{hint}")
            setattr(self, _ATTRIBUTES.get(name, name), value)
        self._check_groups()

    def __init_subclass__(cls) -> None:
        """Give every field of the block a class-level default, so that it can be read before it is set."""
        for name in cls._declared():
            if not hasattr(cls, name):
                setattr(cls, name, None)

    @classmethod
    def _declared(cls) -> dict[str, DeclaredField]:
        if cls.ASL is None:
            return {}
        return {field.attribute: field for field in declared_fields(cls.ASL) if field.attribute not in _LINKS}

    @classmethod
    def allowed_fields(cls) -> list[str]:
        """Return the names of the fields this block takes."""
        return [*cls._declared(), *cls.LINKED_FIELDS]

    def is_field_allowed(self, field_name: str) -> bool:
        """Tell whether this block takes a field."""
        return field_name in self.allowed_fields()

    def _given(self) -> list[tuple[DeclaredField, Any]]:
        """Return the fields that are set, in the order in which they were."""
        declared = {_ATTRIBUTES.get(name, name): field for name, field in self._declared().items()}
        return [
            (declared[name], value)
            for name, value in vars(self).items()
            if name in declared and value is not ABSENT and (value is not None or name in _WRITTEN_WHEN_NONE)
        ]

    def _check_groups(self) -> None:
        groups: dict[str, str] = {}
        for field, _ in self._given():
            group = field.spec.group
            if group is not None and group in groups:
                raise ValueError(f"'{groups[group]}' and '{field.attribute}' exclude each other: give one of them.")
            if group is not None:
                groups[group] = field.attribute

    def to_dict(self) -> dict[str, Any]:
        """Return the block in the form of its JSON."""
        result: dict[str, Any] = {}
        declared = self._declared()
        for field, value in self._given():
            wire, rendered = _render(field, value, declared)
            result[wire] = rendered
        return result

    def to_json(self, pretty: bool = False) -> str:
        """Return the block as JSON text, indented by 4 when ``pretty``."""
        return json.dumps(self.to_dict(), indent=4 if pretty else None)

    def __str__(self) -> str:
        return self.to_json(pretty=True)

    def __repr__(self) -> str:
        fields = ", ".join(f"{field.attribute}={value!r}" for field, value in self._given())
        return f"{type(self).__name__}({fields})"


def _render(field: DeclaredField, value: Any, declared: Mapping[str, DeclaredField]) -> tuple[str, Any]:
    """Return a field's wire name and value. A placeholder goes into the field's twin that takes a path."""
    wire, kind = field.spec.wire, field.spec.kind
    if isinstance(value, Placeholder):
        if isinstance(kind, Kind) and "path" in kind.name:
            return wire, value.to_jsonpath()
        twin = declared.get(f"{field.attribute}_path")
        if twin is not None:
            return twin.spec.wire, value.to_jsonpath()
        if isinstance(kind, Kind) and kind.name not in _TEMPLATES:
            raise ValueError(
                f"The field '{field.attribute}' takes no placeholder ({value.to_jsonpath()}): its value "
                "is read when the state machine is created."
            )
    if field.attribute in _CONSTANTS:
        return wire, render_constant(value, wire)
    return wire, render_template(value, wire)


class Retry(Block):
    """When and how often a failed state is tried again; see :class:`stepfunctions.asl.Retrier`."""

    ASL = asl.Retrier

    def __init__(self, **fields: Unpack[RetryFields]) -> None:
        super().__init__(**fields)


class Linkable:
    """What a step may lead to: a state, or a chain of them."""


def check_step(step: Any) -> None:
    """Raise TypeError when ``step`` is nothing a step may lead to."""
    if not isinstance(step, Linkable):
        raise TypeError(f"A step leads to a State or a Chain, not to {type(step).__name__}.")


class Catch(Block):
    """Where a failed state goes on; see :class:`stepfunctions.asl.Catcher`."""

    ASL = asl.Catcher

    def __init__(self, next_step: State | Chain, **fields: Unpack[CatchFields]) -> None:
        super().__init__(**fields)
        check_step(next_step)
        self.next_step = next_step

    def to_dict(self) -> dict[str, Any]:
        """Return the catcher in the form of its JSON."""
        return {**super().to_dict(), "Next": self.next_step.state_id}


class State(Linkable, Block):
    """A state of a workflow: the base of all steps. Used itself, it has the fields of a Pass state.

    ``state_id`` is the state's name, unique in the workflow and at most 80 characters. ``output_schema`` declares
    the output that :meth:`output` refers to.
    """

    ASL: ClassVar[type[Any] | None] = asl.Pass
    state_id: str

    def __init__(
        self, state_id: str, state_type: str, output_schema: Mapping[Any, Any] | None = None, **fields: Any
    ) -> None:
        self.state_id = state_id
        self.type = state_type
        self.output_schema = output_schema
        self.step_output = StepInput(schema=output_schema)
        self.retries: list[Retry] = []
        self.catches: list[Catch] = []
        self.next_step: State | Chain | None = None
        self.in_chain = False
        links = {
            name: fields.pop(name)
            for name in ("retry", "catch")
            if name in fields and (self._takes(name) or fields[name] is None)
        }
        super().__init__(**fields)
        retry, catch = links.get("retry"), links.get("catch")
        if retry is not None:
            self.add_retry(retry)
        if catch is not None:
            self.add_catch(catch)

    def output(self) -> StepInput:
        """Return the placeholder of this state's output, for the state that follows it."""
        return self.step_output

    def update_parameters(self, params: Any) -> None:
        """Replace ``parameters``. Raises ValueError when this type of state has none."""
        if not self.is_field_allowed("parameters"):
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no parameters.")
        self.parameters = params

    def next(self, next_step: State | Chain) -> State | Chain:
        """Go on to ``next_step`` after this state, and return it. The last call wins.

        Raises ValueError for a state that ends its workflow (Succeed, Fail).
        """
        if not self._flows():
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no next step.")
        check_step(next_step)
        self.next_step = next_step
        return next_step

    def _flows(self) -> bool:
        cls = asl.STATE_TYPES.get(self.type, asl.Pass)
        return "next" in {field.attribute for field in declared_fields(cls)}

    def _takes(self, field: str) -> bool:
        return self.ASL is not None and field in {item.attribute for item in declared_fields(self.ASL)}

    def add_retry(self, retry: Retry | Iterable[Retry]) -> None:
        """Add a retrier, or several. Raises ValueError when this type of state has no Retry."""
        if not self._takes("retry"):
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no Retry.")
        self.retries.extend(_blocks(retry, Retry))

    def add_catch(self, catch: Catch | Iterable[Catch]) -> None:
        """Add a catcher, or several. Raises ValueError when this type of state has no Catch."""
        if not self._takes("catch"):
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no Catch.")
        self.catches.extend(_blocks(catch, Catch))

    def accept(self, visitor: Any) -> None:
        """Let a visitor visit this state."""
        visitor.visit(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the state in the form of its JSON."""
        result = super().to_dict()
        result["Type"] = self.type
        if self._flows():
            if self.next_step is None:
                result["End"] = True
            else:
                result["Next"] = self.next_step.state_id
        if self.retries:
            result["Retry"] = [retry.to_dict() for retry in self.retries]
        if self.catches:
            result["Catch"] = [catch.to_dict() for catch in self.catches]
        return result

    def __repr__(self) -> str:
        fields = "".join(f", {field.attribute}={value!r}" for field, value in self._given())
        return f"{type(self).__name__}({self.state_id!r}{fields})"


def _blocks(given: Any, cls: type[_B]) -> list[_B]:
    blocks = [given] if isinstance(given, cls) else list(given) if isinstance(given, (list, tuple)) else [given]
    for block in blocks:
        if not isinstance(block, cls):
            raise TypeError(f"Expected a {cls.__name__} or a list of them, not {type(block).__name__}.")
    return blocks
