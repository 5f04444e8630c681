"""Definitions read back into steps: any definition of the language, as objects that can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stepfunctions.asl.choice import OPERATORS
from stepfunctions.asl.codec import parse
from stepfunctions.asl.fields import JSONATA, JSONPATH, Kind
from stepfunctions.asl.files import file_of, read_source
from stepfunctions.inputs.conditions import BaseRule, CompoundRule, JsonataCondition, NotRule, Rule
from stepfunctions.inputs.expressions import Jsonata
from stepfunctions.steps.base import Catch, Retry, State
from stepfunctions.steps.blocks import Block, fields_of, in_order
from stepfunctions.steps.graph import TOP, Graph
from stepfunctions.steps.rendering import NULL
from stepfunctions.steps.state_types import Choice, ChoiceBranch, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.steps.writing import Region, Writer

_CLASSES: dict[str, type[Any]] = {cls.__name__: cls for cls in (Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map)}


class EditableGraph(Graph):
    """A definition that was read: its states can be changed, linked anew and added to, which shows at once.

    ``states`` holds all of them by name, in the order of the definition, also those that nothing leads to. What was
    not changed is written as it was, in the same order.
    """

    def __init__(self, definition: Mapping[str, Any], language: str | None = None) -> None:
        self.order = tuple(definition)
        self._language = language or definition.get("QueryLanguage") or JSONPATH
        self._states = _read_states(definition["States"], self._language)
        self.branch: State = self._states[definition["StartAt"]]
        for name, field in TOP.items():
            setattr(self, name, definition.get(field.spec.wire))

    @property
    def states(self) -> dict[str, State]:  # type: ignore[override]
        """All states by name."""
        states = Writer().states_from(self.branch, *self._states.values())
        known = {state.state_id: state for state in states}
        return {state.state_id: state for state in (*self._states.values(), *known.values())}

    def build_graph(self) -> None:
        """Do nothing: the definition follows its states."""

    @property
    def _definition(self) -> dict[str, Any]:  # type: ignore[override]
        return self.to_dict()

    def to_dict(self) -> dict[str, Any]:
        """Return the definition in the form of its JSON, as its states are now."""
        writer = Writer(self.query_language or self._language)
        return self._as_written(writer.region(self.branch, tuple(self._states.values())))

    def written_in(self, writer: Writer) -> dict[str, Any]:
        """Return the definition as a region inside a state, as its states are now."""
        return self._as_written(writer.branch(self.branch, tuple(self._states.values())))

    def _as_written(self, region: Region) -> dict[str, Any]:
        names = [state.state_id for state in self._states.values()]
        written = {**self._top(), "StartAt": self.branch.state_id, "States": in_order(region.written, names)}
        return in_order(written, self.order)


def read_graph(source: Mapping[str, Any] | str | Path) -> EditableGraph:
    """Return the editable graph of a definition: a dict, a JSON or YAML text, or the path of a file.

    Raises DefinitionError with every problem of the definition, OSError when a file cannot be read.
    """
    definition = read_source(source)
    parse(definition)
    return EditableGraph(definition)


def name_of(source: Mapping[str, Any] | str | Path) -> str:
    """Return a name for the workflow of a definition: the file's, without its ending, or ``workflow``."""
    path = file_of(source)
    return "workflow" if path is None else path.name.removesuffix(".json").split(".", 1)[0]


def _read_states(written: Mapping[str, Any], language: str) -> dict[str, State]:
    states = {name: _read_state(name, value, language) for name, value in written.items()}
    for name, value in written.items():
        _link(states[name], value, states, value.get("QueryLanguage", language))
    return states


def _read_state(name: str, value: Mapping[str, Any], language: str) -> State:
    cls = _CLASSES[value["Type"]]
    state: State = object.__new__(cls)
    _note_order(state, value)
    cls.__init__(state, name, **_read_fields(cls, value))
    state.retries = [_read_block(Retry, entry) for entry in value.get("Retry", ())]
    state._extra = {key: value[key] for key in ("Retry", "Catch", "End") if value.get(key) in ([], False)}
    if isinstance(state, Parallel):
        state.branches = [EditableGraph(branch, language) for branch in value["Branches"]]
    if isinstance(state, Map):
        iterator, processor = value.get("Iterator"), value.get("ItemProcessor")
        state.iterator = None if iterator is None else EditableGraph(iterator, language)
        state.item_processor = None if processor is None else EditableGraph(processor, language)
        state.processor_config = None if processor is None else processor.get("ProcessorConfig")
    return state


def _read_fields(cls: type[Block], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the constructor's arguments for the fields that are written, in their order."""
    by_wire = {field.spec.wire: field for field in fields_of(cls.ASL).values()}
    result: dict[str, Any] = {}
    for wire, item in value.items():
        field = by_wire.get(wire)
        if field is not None:
            kind = field.spec.kind
            nullable = isinstance(kind, Kind) and kind.nullable
            result[field.attribute] = NULL if item is None and not nullable else item
    return result


def _read_block(cls: type[Any], value: Mapping[str, Any], *links: Any) -> Any:
    block: Any = object.__new__(cls)
    _note_order(block, value)
    cls.__init__(block, *links, **_read_fields(cls, value))
    return block


def _note_order(block: Block, value: Mapping[str, Any]) -> None:
    """Note the order of a block's fields, and that they were read, before they are set."""
    vars(block).update(_order=tuple(value), _read=True)


def _link(state: State, value: Mapping[str, Any], states: Mapping[str, State], language: str) -> None:
    if "Next" in value:
        state.next_step = states[value["Next"]]
    state.catches = [_read_block(Catch, entry, states[entry["Next"]]) for entry in value.get("Catch", ())]
    if isinstance(state, Choice):
        state.choices = [_read_rule(rule, states, language) for rule in value["Choices"]]
        state.default = states[value["Default"]] if "Default" in value else None


def _read_rule(value: Mapping[str, Any], states: Mapping[str, State], language: str) -> ChoiceBranch:
    if language == JSONATA:
        condition = value["Condition"]
        text = condition[2:-2].strip() if isinstance(condition, str) else str(condition).lower()
        rule: BaseRule = JsonataCondition(Jsonata(text), condition)
    else:
        rule = _read_test(value)
    more: dict[str, Any] = {
        wire.lower(): NULL if value[wire] is None else value[wire]
        for wire in ("Assign", "Output", "Comment")
        if wire in value
    }
    return ChoiceBranch(rule, states[value["Next"]], order=tuple(value), **more)


def _read_test(value: Mapping[str, Any]) -> BaseRule:
    for name in ("And", "Or"):
        if name in value:
            return CompoundRule(name, [_read_test(inner) for inner in value[name]])
    if "Not" in value:
        return NotRule(_read_test(value["Not"]))
    operator = next(key for key in value if key in OPERATORS)
    rule = Rule(value["Variable"], operator, value[operator])
    rule.operator_first = list(value).index(operator) < list(value).index("Variable")
    return rule
