"""States, and what they have in common: retriers, catchers, links to other states."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from stepfunctions import asl
from stepfunctions.asl.fields import JSONPATH, DeclaredField, declared_fields
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.misuse import check_text
from stepfunctions.inputs.placeholders import StepInput
from stepfunctions.steps.advice import check_errors, check_handlers
from stepfunctions.steps.blocks import Block, cached, in_order
from stepfunctions.steps.languages import jsonata_in, language_of
from stepfunctions.steps.visitors import Visitor, walk
from stepfunctions.steps.writing import NO_LINKS, Linkable, LinkableT, Links, Writer, check_step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.flows import Flow
    from stepfunctions.steps.signatures import CatchFields, RetryFields

logger = logging.getLogger("stepfunctions.states")
_B = TypeVar("_B", bound="Block")

_LONGEST_NAME = 80


class Retry(Block):
    """When and how often a failed state is tried again; see :class:`stepfunctions.asl.Retrier`."""

    ASL = asl.Retrier

    def __init__(self, **fields: Unpack[RetryFields]) -> None:
        super().__init__(**fields)
        check_errors("Retry", self.error_equals)


class Catch(Block):
    """Where a failed state goes on; see :class:`stepfunctions.asl.Catcher`."""

    ASL = asl.Catcher
    next_step: Linkable

    def __init__(self, next_step: Linkable, **fields: Unpack[CatchFields]) -> None:
        super().__init__(**fields)
        check_errors("Catch", self.error_equals)
        check_step(next_step)
        self.next_step = next_step

    def _written(self, language: str) -> dict[str, Any]:
        return in_order({**super()._written(language), "Next": self.next_step.first.state_id}, self._order)


class State(Linkable, Block):
    """A state of a workflow: the base of all steps. Used itself, it has the fields of a Pass state.

    ``state_id`` is the state's name, unique in the workflow and at most 80 characters, else ValueError.
    ``output_schema`` declares the output that :meth:`output` refers to. ``query_language`` is ``"JSONPath"`` or
    ``"JSONata"``; without it, fields that only JSONata has (``arguments``, ``output``, ``items``) and
    ``jsonata("…")`` make the state one of JSONata, else it has the language of its workflow.
    """

    ASL: ClassVar[type[Any] | None] = asl.Pass
    REQUEST: ClassVar[bool] = False
    """Whether the parameters are the request of an API, which a JSONata state writes as ``Arguments``."""

    state_id: str
    type: str
    output_schema: Any
    step_output: StepInput
    retries: list[Retry]
    catches: list[Catch]
    next_step: Linkable | None
    in_chain: bool
    _extra: Mapping[str, Any] = MappingProxyType({})
    """What was read and is written only as it was read: empty lists, ``"End": false``."""

    def __init__(
        self, state_id: str, state_type: str, output_schema: Mapping[Any, Any] | None = None, **fields: Any
    ) -> None:
        vars(self).update(  # not one by one: each would be looked up among the fields
            state_id=checked_name(state_id),
            type=state_type,
            output_schema=output_schema,
            step_output=StepInput(schema=output_schema),
            retries=[],
            catches=[],
            next_step=None,
            in_chain=False,
        )
        self.step_output.owner = state_id
        if type(self).ASL is asl.Pass and state_type in asl.STATE_TYPES:  # State itself, or a subclass of 2.3.0's kind
            vars(self)["ASL"] = asl.STATE_TYPES[state_type]
        links = {
            name: fields.pop(name)
            for name in ("retry", "catch")
            if name in fields and (fields[name] is None or self.is_field_allowed(name))
        }
        super().__init__(**fields)
        retry, catch = links.get("retry"), links.get("catch")
        if retry is not None:
            self.add_retry(retry)
        if catch is not None:
            self.add_catch(catch)
        self.query_language_in(JSONPATH)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "state_id":
            value = checked_name(value)
        super().__setattr__(name, value)

    def _who(self) -> str:
        return f"State '{vars(self).get('state_id', '?')}': "

    @property
    def first(self) -> State:
        """The state that a link to this step leads to: itself."""
        return self

    def query_language_in(self, default: str, links: Links = NO_LINKS) -> str:
        """Return the query language of this state in a machine of this language, with these links.

        Raises ValueError when the state mixes both languages.
        """
        try:
            return language_of(self, default, self._jsonata_links(links))
        except ValueError as error:
            raise ValueError(f"{self._who()}{error}") from None

    def _jsonata_links(self, links: Links) -> list[str]:  # noqa: ARG002 - a Choice has rules there
        """Return what has JSONata in it among what is no field."""
        return ["catch"] if any(any(jsonata_in(catch)) for catch in self.catches) else []

    def output(self) -> StepInput:
        """Return the placeholder of this state's output, for the state that follows it."""
        return self.step_output

    def update_parameters(self, params: Any) -> None:
        """Replace ``parameters``. Raises ValueError when this type of state has none."""
        if not self.is_field_allowed("parameters"):
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no parameters.")
        self.parameters = params

    def next(self, next_step: LinkableT) -> LinkableT:
        """Go on to ``next_step`` after this state, and return it. The last call wins.

        Raises ValueError for a state that ends its workflow (Succeed, Fail).
        """
        if not self.flows:
            raise ValueError(f"The state '{self.state_id}' of the type {self.type} has no next step.")
        check_step(next_step)
        self.next_step = next_step
        return next_step

    def __rshift__(self, other: Linkable) -> Flow:
        """Return the flow in which ``other`` follows this state. Nothing is changed."""
        from stepfunctions.steps.flows import flow_of

        return flow_of(self) >> other

    @property
    def flows(self) -> bool:
        """Whether the state has a field Next: all but Choice, Succeed and Fail."""
        return _has_field(asl.STATE_TYPES.get(self.type, asl.Pass), "next")

    def _takes(self, field: str) -> bool:
        return self.ASL is not None and _has_field(self.ASL, field)

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

    def accept(self, visitor: Visitor) -> None:
        """Let a visitor visit this state and all that it leads to."""
        walk(self, visitor)

    def to_dict(self) -> dict[str, Any]:
        """Return the state in the form of its JSON."""
        return self.write(Writer.current())

    def written_by(self, writer: Writer) -> dict[str, Any]:
        """Return the state as a part of what is written. A subclass may have a ``to_dict`` of its own, as in 2.3.0."""
        if type(self).to_dict is State.to_dict:
            return self.write(writer)
        with writer.writing():
            written = self.to_dict()
        writer.take_names_inside(written)
        return written

    def write(self, writer: Writer) -> dict[str, Any]:
        """Return the state in the form of its JSON, in the language and with the links of a writer."""
        links = writer.links.get(self, NO_LINKS)
        language = self.query_language_in(writer.language, links)
        result: dict[str, Any] = dict(self._extra)
        try:
            result.update(self._written(language))
            if language != writer.language and self.query_language is None:
                result["QueryLanguage"] = language
            result["Type"] = self.type
            if self.flows:
                following = links.next or self.next_step
                result.update({"End": True} if following is None else {"Next": following.first.state_id})
            if self.retries:
                result["Retry"] = [retry._written(language) for retry in self.retries]
            if self.catches:
                result["Catch"] = [catch._written(language) for catch in self.catches]
            self._write_links(result, links, language)
        except ValueError as error:
            raise ValueError(f"{self._who()}{error}") from None
        self._write_regions(result, writer)
        return in_order(result, self._order)

    def check_complete(self, links: Links) -> None:  # noqa: ARG002 - a Choice has rules there
        """Raise ValueError when something is missing without which AWS takes no such state. Called for a graph."""
        check_handlers(self._who(), self.retries, self.catches)

    def _write_links(self, result: dict[str, Any], links: Links, language: str) -> None:
        """Add the rules of a Choice."""

    def _write_regions(self, result: dict[str, Any], writer: Writer) -> None:
        """Add the states inside a Parallel or Map."""

    def _field(self, field: DeclaredField, value: Any, language: str) -> tuple[str, Any]:
        if field.attribute == "parameters" and language == JSONPATH and isinstance(value, Expression):
            return "InputPath", self._input_path(value)
        return super()._field(field, value, language)

    def _input_path(self, parameters: Expression) -> str:
        """Return the path of an expression that is the whole input: JSONPath selects it by InputPath."""
        path = parameters.to_jsonpath()
        if path.startswith("States.") or self.input_path is not None:
            raise ValueError(
                f"'parameters' is an expression as a whole ({path}), which JSONPath writes as InputPath: "
                + ("it takes no function" if path.startswith("States.") else "but input_path is given too")
                + ". Name its members in a dict, or write the state in JSONata with arguments."
            )
        return path

    def __deepcopy__(self, memo: dict[int, Any]) -> State:
        """Copy the states that this one leads to before what is in them: a long chain would be too deep a recursion."""
        states = [state for state in Writer().states_from(self) if id(state) not in memo]
        memo.update((id(state), object.__new__(type(state))) for state in states)
        for state in states:
            vars(memo[id(state)]).update(copy.deepcopy(vars(state), memo))
        copied: State = memo[id(self)]
        return copied

    def __repr__(self) -> str:
        fields = "".join(f", {field.attribute}={value!r}" for field, value in self._given())
        return f"{type(self).__name__}({vars(self).get('state_id')!r}{fields})"


@cached
def _has_field(cls: type[Any], name: str) -> bool:
    return any(field.attribute == name for field in declared_fields(cls))


def checked_name(state_id: Any) -> str:
    """Return a state's name. Raises TypeError when it is no string, ValueError when AWS does not take it."""
    if not isinstance(state_id, str):
        raise TypeError(f"A state's name is a string, not {type(state_id).__name__} ({state_id!r}).")
    check_text(state_id, "A state's name")
    if not state_id:
        raise ValueError("A state's name is empty. Give it one, such as 'Train'.")
    if len(state_id) > _LONGEST_NAME:
        raise ValueError(
            f"The state's name '{state_id[:30]}…' has {len(state_id)} characters; AWS takes at most {_LONGEST_NAME}."
        )
    return state_id


def _blocks(given: Any, cls: type[_B]) -> list[_B]:
    blocks = [given] if isinstance(given, cls) else list(given) if isinstance(given, (list, tuple)) else [given]
    for block in blocks:
        if not isinstance(block, cls):
            raise TypeError(f"Expected a {cls.__name__} or a list of them, not {type(block).__name__}.")
    return blocks


__all__ = ["Block", "Catch", "Linkable", "Retry", "State", "check_step", "logger"]
