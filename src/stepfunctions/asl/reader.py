"""Reading a definition: a walk over its JSON that builds the model and collects what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

from stepfunctions.asl.checks import check_dynamic_names, check_together
from stepfunctions.asl.choice import OPERATORS, And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import (
    ABSENT,
    BOOLEAN,
    JSONATA,
    JSONPATH,
    STRING,
    TEMPLATE,
    TIMESTAMP,
    VALUE_PATH,
    VARIABLES,
    Kind,
    Nested,
    QueryLanguageName,
    declared_fields,
    describe,
    is_expression,
)
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer
from stepfunctions.asl.maps import ProcessorConfig
from stepfunctions.asl.states import STATE_TYPES, AnyState
from stepfunctions.asl.transitions import Written, check_state
from stepfunctions.errors import Problem

LONGEST_NAME = 80
"""How many characters the name of a state may have."""
NO_OBJECT = "Definition must be a valid JSON object"
_REGION_FIELDS = ("StartAt", "States", "Comment", "QueryLanguage")
_TYPES = "Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map"
_HINTS = {
    "StartAt": 'Write "StartAt": "<name of the first state>".',
    "States": 'Write "States": {"<name>": {"Type": …}}.',
    "Type": f"Write one of {', '.join(STATE_TYPES)}.",
    "Variable": 'Write "Variable": "$.<name>".',
    "Condition": 'Write "Condition": "{% … %}".',
    "Next": 'Write "Next": "<name of a state>".',
}
_RULE_FIELDS = ("Next", "Comment", "Assign", "Output")


class Reader:
    """Reads one definition. ``problems`` lists what was found wrong, in the order of the text."""

    def __init__(self, longest_name: int | None = LONGEST_NAME) -> None:
        self.problems: list[Problem] = []
        self._longest_name = longest_name
        self._names: dict[str, str] = {}

    def refuse(
        self,
        path: str | None,
        message: str,
        hint: str = "",
        code: str = "SCHEMA_VALIDATION_FAILED",
        member: str | None = None,
    ) -> None:
        """Note a problem."""
        self.problems.append(Problem(path=path, message=message, hint=hint, code=code, member=member))

    def machine(self, definition: JSON) -> StateMachine | None:
        """Read a whole definition; None when it is no object."""
        if not isinstance(definition, dict):
            self.refuse(None, NO_OBJECT, f"It is {describe(definition)}.")
            return None
        top = [declared.spec.wire for declared in declared_fields(StateMachine)]
        self._unknown(definition, "", [*_REGION_FIELDS, *top])
        language: QueryLanguageName = JSONATA if definition.get("QueryLanguage") == JSONATA else JSONPATH
        fields = self._fields(StateMachine, {key: definition[key] for key in top if key in definition}, "", language)
        return StateMachine(**fields, **self._body(definition, "", language))

    def _body(self, value: dict[str, Any], path: str, language: QueryLanguageName) -> dict[str, Any]:
        """Read ``StartAt`` and ``States`` of a region."""
        states: dict[str, AnyState] = {}
        self._required(value, path, ("States", "StartAt"))
        start, written = value.get("StartAt"), value.get("States")
        if "StartAt" in value and not isinstance(start, str):
            self.refuse(f"{path}/StartAt", f"The field 'StartAt' must be a string, but is {describe(start)}.")
        if not isinstance(written, dict) or not written:
            if "States" in value:
                self.refuse(
                    f"{path}/States",
                    "The field 'States' must be an object with at least one state.",
                    'Write "States": {"<name>": {"Type": …}}.',
                )
            written = {}
        for name, state in written.items():
            where = f"{path}/States/{escape_pointer(name)}"
            self._name(name, where)
            read = self._state(state, where, language)
            if read is not None:
                states[name] = read
                self.problems.extend(check_state(read, where))
        self.problems.extend(Written(path, start, written).missing_targets() if written else ())
        return {"start_at": str(start), "states": MappingProxyType(states)}

    def _name(self, name: str, path: str) -> None:
        most = self._longest_name
        if not name:
            self.refuse(path, "The name of a state must not be empty.", code="INVALID_STATE_NAME")
        elif most is not None and len(name) > most:
            limit = f"exceeds the {most}-character limit allowed by the service"
            self.refuse(path, f"Invalid State name: State '{name}' {limit}", code="INVALID_STATE_NAME")
        elif name != name.encode(errors="replace").decode():  # half of a surrogate pair
            states = path.rpartition("/")[0]
            self.refuse(states, f"The name of a state is not text: {name!r}.", code="INVALID_STATE_NAME")
        elif name in self._names:
            self.refuse(
                path,
                f"The state name '{name}' is used already at {self._names[name]}.",
                "State names are unique in the whole definition, also across branches: rename one.",
                "DUPLICATE_STATE_NAME",
            )
        self._names.setdefault(name, path)

    def _state(self, value: JSON, path: str, language: QueryLanguageName) -> AnyState | None:
        if not isinstance(value, dict):
            self.refuse(path, f"A state must be an object, but is {describe(value)}.")
            return None
        kind = value.get("Type")
        cls = STATE_TYPES.get(kind) if isinstance(kind, str) else None
        if cls is None:
            hint = _did_you_mean(str(kind), STATE_TYPES)
            if "Type" in value:
                message = f"The field 'Type' should have one of these values: [{_TYPES}]"
                self.refuse(f"{path}/Type", message, hint or f"{describe(kind)} is no type of state.")
            self._required(value, path, ("Type",))
            return None
        own = value.get("QueryLanguage")
        if own == JSONPATH and language == JSONATA:
            self.refuse(
                path,
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                "Remove the field, or write JSONata here.",
            )
        inner: QueryLanguageName = JSONATA if own == JSONATA else language
        fields = self._fields(cls, {key: item for key, item in value.items() if key != "Type"}, path, inner, language)
        state: AnyState = cls(**fields)
        if kind == "Map" and "ItemProcessor" not in value and "Iterator" not in value:
            self.refuse(
                path,
                "There should be one of the following fields: [ItemProcessor, Iterator]",
                'Write "ItemProcessor": {"StartAt": …, "States": {…}}.',
            )
            return None
        return state

    def _fields(
        self,
        cls: type[Any],
        value: dict[str, Any],
        path: str,
        language: QueryLanguageName,
        outer: QueryLanguageName | None = None,
    ) -> dict[str, Any]:
        """Read the declared fields of an object into keyword arguments of its class."""
        declared = declared_fields(cls)
        self._unknown(value, path, [field.spec.wire for field in declared])
        self._required(value, path, [field.spec.wire for field in declared if field.spec.required])
        before = len(self.problems)
        groups: dict[str, list[str]] = {}
        result: dict[str, Any] = {}
        for field in declared:
            spec = field.spec
            if spec.wire not in value:
                continue
            if spec.language is not None and spec.language != language:
                self._other_language(spec.wire, spec.language, path)
                continue
            if spec.group is not None and not (spec.wire == "End" and value["End"] is False):
                groups.setdefault(spec.group, []).append(spec.wire)
            result[field.attribute] = self._value(
                spec.wire, spec.kind, value[spec.wire], f"{path}/{spec.wire}", language, outer or language
            )
        for wires in groups.values():
            if len(wires) > 1:
                self.refuse(
                    path, f"There should only be one of the following fields: [{', '.join(wires)}]", "Keep one."
                )
        if len(self.problems) == before:
            for pointer, message, hint in check_together(cls, result):
                self.refuse(path + pointer, message, hint)
        return result

    def _required(self, value: dict[str, Any], path: str, wires: Iterable[str]) -> None:
        missing = [wire for wire in wires if wire not in value]
        if missing:
            hints = " ".join(_HINTS[wire] for wire in missing if wire in _HINTS)
            self.refuse(path, f"These fields are required: [{', '.join(missing)}]", hints)

    def _other_language(self, wire: str, language: QueryLanguageName, path: str) -> None:
        here = JSONPATH if language == JSONATA else JSONATA
        self.refuse(
            path,
            f"The QueryLanguage is set to '{here}', but field '{wire}' is only supported for the '{language}' "
            "QueryLanguage",
            _twin(wire),
        )

    def _value(
        self,
        wire: str,
        kind: Kind | Nested,
        value: JSON,
        path: str,
        language: QueryLanguageName,
        outer: QueryLanguageName,
    ) -> Any:
        if isinstance(kind, Nested):
            return self._nested(wire, kind, value, path, language, outer)
        if kind.expression and language == JSONATA and is_expression(value):
            return value
        refusal = kind.refusal(wire, value)
        if refusal is not None:
            self.refuse(path, *refusal)
        if language == JSONATA and kind.name == "variables" and isinstance(value, dict):
            for pointer, message, hint in check_dynamic_names(value):
                self.refuse(path + pointer, message, hint)
        return tuple(value) if kind.name == "strings" and isinstance(value, list) else value

    def _nested(
        self, wire: str, kind: Nested, value: JSON, path: str, language: QueryLanguageName, outer: QueryLanguageName
    ) -> Any:
        if not kind.many:
            return self._one(wire, kind, value, path, language, outer)
        if not isinstance(value, list):
            self.refuse(path, f"The field '{wire}' must be an array, but is {describe(value)}.")
            return ()
        if not value and wire in ("Branches", "Choices"):
            self.refuse(path, f"The field '{wire}' must not be empty.")
        read = (self._one(wire, kind, item, f"{path}/{index}", language, outer) for index, item in enumerate(value))
        return tuple(item for item in read if item is not ABSENT)

    def _one(
        self, wire: str, kind: Nested, value: JSON, path: str, language: QueryLanguageName, outer: QueryLanguageName
    ) -> Any:
        if not isinstance(value, dict):
            self.refuse(path, f"'{wire}' must hold objects, but here is {describe(value)}.")
            return ABSENT
        if kind.name in ("region", "processor"):
            return self._region(wire, value, path, outer)
        if kind.cls is ChoiceRule:
            return self._rule(value, path, language)
        return kind.cls(**self._fields(kind.cls, value, path, language))

    def _region(self, wire: str, value: dict[str, Any], path: str, language: QueryLanguageName) -> Region:
        processor = wire == "ItemProcessor"
        self._unknown(value, path, [*_REGION_FIELDS, *(["ProcessorConfig"] if processor else [])])
        config: ProcessorConfig | Any = ABSENT
        written = value.get("ProcessorConfig")
        if processor and isinstance(written, dict):
            config = ProcessorConfig(**self._fields(ProcessorConfig, written, f"{path}/ProcessorConfig", language))
        elif processor and "ProcessorConfig" in value:
            self.refuse(
                f"{path}/ProcessorConfig", f"The field 'ProcessorConfig' must be an object, but is {describe(written)}."
            )
        own = value.get("QueryLanguage", language)
        if own not in (JSONPATH, JSONATA) or (own != language and wire == "Branches"):
            self.refuse(
                f"{path}/QueryLanguage",
                f"The states here have the query language of the whole state "
                f"machine, {language}, but this says {describe(own)}.",
                "Remove the field, or write it into the single states.",
            )
        return Region(
            **self._body(value, path, language),
            processor_config=config,
            comment=self._text(value, "Comment", path),
            query_language=value.get("QueryLanguage", ABSENT),
        )

    def _text(self, value: dict[str, Any], wire: str, path: str) -> Any:
        """Read a string of an object that is no class with declared fields."""
        return self._value(wire, STRING, value[wire], f"{path}/{wire}", JSONPATH, JSONPATH) if wire in value else ABSENT

    def _rule(self, value: dict[str, Any], path: str, language: QueryLanguageName) -> Any:
        common = {key: value[key] for key in _RULE_FIELDS if key in value}
        rest = {key: item for key, item in value.items() if key not in common}
        self._required(value, path, ("Next",))
        if not isinstance(common.get("Next"), str):
            if "Next" in common:
                self.refuse(f"{path}/Next", f"The field 'Next' must be a string, but is {describe(common['Next'])}.")
            return ABSENT
        if "Output" in common and language == JSONPATH:
            self._other_language("Output", JSONATA, path)
        fields = {"next": common["Next"], "comment": self._text(common, "Comment", path)}
        for wire, kind in (("Assign", VARIABLES), ("Output", TEMPLATE)):
            fields[wire.lower()] = (
                ABSENT
                if wire not in common
                else self._value(wire, kind, common[wire], f"{path}/{wire}", language, language)
            )
        if language == JSONATA:
            self._unknown(rest, path, ["Condition"])
            condition = rest.get("Condition")
            self._required(rest, path, ("Condition",))
            if "Condition" in rest and not (isinstance(condition, bool) or is_expression(condition)):
                self.refuse(
                    f"{path}/Condition",
                    f"The field 'Condition' must be true, false or an expression, but is {describe(condition)}.",
                    _HINTS["Condition"],
                )
            return ChoiceRule(condition=condition, **fields)
        test = self._test(rest, path)
        return ABSENT if test is None else ChoiceRule(test=test, **fields)

    def _test(self, value: JSON, path: str) -> Test | None:
        if not isinstance(value, dict):
            self.refuse(path, f"A test must be an object, but is {describe(value)}.")
            return None
        for name in ("And", "Or"):
            if name in value:
                self._unknown(value, path, [name])
                items = value[name]
                if not isinstance(items, list) or not items:
                    self.refuse(f"{path}/{name}", f"'{name}' must be a non-empty array of tests.")
                    return None
                tests = tuple(
                    test
                    for index, item in enumerate(items)
                    if (test := self._test(item, f"{path}/{name}/{index}")) is not None
                )
                return And(tests=tests) if name == "And" else Or(tests=tests)
        if "Not" in value:
            self._unknown(value, path, ["Not"])
            inner = self._test(value["Not"], f"{path}/Not")
            return None if inner is None else Not(test=inner)
        return self._comparison(value, path)

    def _comparison(self, value: dict[str, Any], path: str) -> Test | None:
        operators = [key for key in value if key in OPERATORS]
        self._unknown(value, path, ["Variable", *(operators or OPERATORS)])
        self._required(value, path, ("Variable",))
        variable = value.get("Variable")
        if not isinstance(variable, str) or not variable.startswith("$"):
            if "Variable" in value:
                message = f"The field 'Variable' must be a path that begins with $, but is {describe(variable)}."
                self.refuse(f"{path}/Variable", "Value must be a valid JSONPath.", message)
            return None
        if len(operators) != 1:
            self.refuse(
                path,
                f"A comparison needs exactly one operator, but has {', '.join(operators) if operators else 'none'}.",
                "" if operators else 'Write for example "NumericGreaterThanEquals": 0.9.',
            )
            return None
        operator = operators[0]
        refusal = _operand_refusal(operator, value[operator])
        if refusal is not None:
            self.refuse(f"{path}/{operator}", *refusal)
        return Comparison(variable=variable, operator=operator, value=value[operator])

    def _unknown(self, value: dict[str, Any], path: str, known: Iterable[str]) -> None:
        allowed = list(known)
        for key in value:
            if key not in allowed:
                self.refuse(path, f"Field '{key}' is not supported", _did_you_mean(key, allowed), member=str(key))


def _operand_refusal(operator: str, value: JSON) -> tuple[str, str] | None:
    kind = OPERATORS[operator]
    if kind.endswith(" path"):
        return VALUE_PATH.refusal(operator, value)
    return {"string": STRING, "numeric": Kind("number"), "boolean": BOOLEAN, "timestamp": TIMESTAMP}[kind].refusal(
        operator, value
    )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    names = list(known)
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"Did you mean '{lower[close[0]]}'?" if close else ""


def _twin(wire: str) -> str:
    twins = {
        "Parameters": "Arguments",
        "Arguments": "Parameters",
        "OutputPath": "Output",
        "ResultSelector": "Output",
        "ResultPath": "Output",
        "Output": "ResultSelector or OutputPath",
        "ItemsPath": "Items",
        "Items": "ItemsPath",
    }
    other = twins.get(wire) or (wire.removesuffix("Path") if wire.endswith("Path") else "")
    return f"Write '{other}' instead." if other else ""
