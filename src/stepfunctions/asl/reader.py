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
    JSONATA,
    JSONPATH,
    STRING,
    TEMPLATE,
    VARIABLES,
    Kind,
    Nested,
    QueryLanguageName,
    declared_fields,
    describe,
    is_expression,
    is_timestamp,
)
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer
from stepfunctions.asl.maps import ProcessorConfig
from stepfunctions.asl.states import STATE_NAME, STATE_TYPES, AnyState
from stepfunctions.asl.transitions import check_transitions
from stepfunctions.errors import Problem

_REGION_FIELDS = ("StartAt", "States", "Comment", "QueryLanguage")
_RULE_FIELDS = ("Next", "Comment", "Assign", "Output")


class Reader:
    """Reads one definition. ``problems`` lists what was found wrong, in the order of the text."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._names: dict[str, str] = {}

    def refuse(self, path: str, message: str, hint: str = "", code: str = "SCHEMA_VALIDATION_FAILED") -> None:
        """Note a problem."""
        self.problems.append(Problem(path=path, message=message, hint=hint, code=code))

    def machine(self, definition: JSON) -> StateMachine | None:
        """Read a whole definition; None when it is no object."""
        if not isinstance(definition, dict):
            self.refuse("", f"A definition must be a JSON object, but is {describe(definition)}.")
            return None
        top = [declared.spec.wire for declared in declared_fields(StateMachine)]
        self._unknown(definition, "", {*_REGION_FIELDS, *top})
        language: QueryLanguageName = JSONATA if definition.get("QueryLanguage") == JSONATA else JSONPATH
        fields = self._fields(StateMachine, {key: definition[key] for key in top if key in definition}, "", language)
        return StateMachine(**fields, **self._body(definition, "", language))

    def _body(self, value: dict[str, Any], path: str, language: QueryLanguageName) -> dict[str, Any]:
        """Read ``StartAt`` and ``States`` of a region."""
        states: dict[str, AnyState] = {}
        written = value.get("States")
        if not isinstance(written, dict) or not written:
            self.refuse(
                f"{path}/States" if "States" in value else path,
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
        start = value.get("StartAt")
        if not isinstance(start, str):
            self.refuse(
                path,
                "The field 'StartAt' is missing."
                if start is None
                else f"The field 'StartAt' must be a string, but is {describe(start)}.",
                'Write "StartAt": "<name of the first state>".',
            )
        elif written and start not in written:
            self.refuse(
                f"{path}/StartAt",
                f"'StartAt' names the state '{start}', which is not in 'States'.",
                _did_you_mean(start, written),
                "MISSING_TRANSITION_TARGET",
            )
        self.problems.extend(check_transitions(written, states, path))
        return {"start_at": str(start), "states": MappingProxyType(states)}

    def _name(self, name: str, path: str) -> None:
        problem = STATE_NAME.problem(name)
        if not name:
            problem = "must not be empty."
        if problem:
            self.refuse(path, f"The name of a state {problem}", code="INVALID_STATE_NAME")
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
            hint = _did_you_mean(str(kind), STATE_TYPES) or f"Write one of {', '.join(STATE_TYPES)}."
            message = "The field 'Type' is missing." if kind is None else f"{describe(kind)} is no type of state."
            self.refuse(path if kind is None else f"{path}/Type", message, hint)
            return None
        own = value.get("QueryLanguage")
        if own == JSONPATH and language == JSONATA:
            self.refuse(
                f"{path}/QueryLanguage",
                "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine",
                "Remove the field, or write JSONata here.",
            )
        inner: QueryLanguageName = JSONATA if own == JSONATA else language
        fields = self._fields(cls, {key: item for key, item in value.items() if key != "Type"}, path, inner, language)
        state: AnyState = cls(**fields)
        if kind == "Map" and "ItemProcessor" not in value and "Iterator" not in value:
            self.refuse(path, "A Map state needs a processor.", 'Write "ItemProcessor": {"StartAt": …, "States": {…}}.')
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
        groups: dict[str, str] = {}
        result: dict[str, Any] = {}
        for field in declared:
            spec = field.spec
            if spec.wire not in value:
                if spec.required:
                    self.refuse(path, f"The field '{spec.wire}' is missing.")
                continue
            where = f"{path}/{spec.wire}"
            if spec.language is not None and spec.language != language:
                self.refuse(
                    where,
                    f"The field '{spec.wire}' belongs to {spec.language}, but the query language here is {language}.",
                    _other_language(spec.wire),
                )
                continue
            if spec.group is not None:
                if spec.group in groups and not (spec.wire == "End" and value["End"] is False):
                    self.refuse(
                        where, f"The fields '{groups[spec.group]}' and '{spec.wire}' exclude each other.", "Keep one."
                    )
                groups[spec.group] = spec.wire
            result[field.attribute] = self._value(
                spec.wire, spec.kind, value[spec.wire], where, language, outer or language
            )
        for pointer, message, hint in check_together(cls, result):
            self.refuse(path + pointer, message, hint)
        return result

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
        problem = kind.problem(value)
        if problem:
            self.refuse(path, f"The field '{wire}' {problem}")
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
            return self._region(value, path, outer, processor=kind.name == "processor")
        if kind.cls is ChoiceRule:
            return self._rule(value, path, language)
        return kind.cls(**self._fields(kind.cls, value, path, language))

    def _region(self, value: dict[str, Any], path: str, language: QueryLanguageName, *, processor: bool) -> Region:
        allowed = {*_REGION_FIELDS, "ProcessorConfig"} if processor else set(_REGION_FIELDS)
        self._unknown(value, path, allowed)
        config: ProcessorConfig | Any = ABSENT
        written = value.get("ProcessorConfig")
        if processor and isinstance(written, dict):
            config = ProcessorConfig(**self._fields(ProcessorConfig, written, f"{path}/ProcessorConfig", language))
        elif processor and "ProcessorConfig" in value:
            self.refuse(
                f"{path}/ProcessorConfig", f"The field 'ProcessorConfig' must be an object, but is {describe(written)}."
            )
        own = value.get("QueryLanguage", language)
        if own != language:
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
        if not isinstance(common.get("Next"), str):
            self.refuse(path, "A rule of a Choice needs the field 'Next'.", 'Write "Next": "<name of a state>".')
            return ABSENT
        if "Output" in common and language == JSONPATH:
            self.refuse(
                f"{path}/Output", "The field 'Output' belongs to JSONata, but the query language here is JSONPath."
            )
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
            if not (isinstance(condition, bool) or is_expression(condition)):
                self.refuse(
                    path, "A rule of a JSONata Choice needs the field 'Condition'.", 'Write "Condition": "{% … %}".'
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
        variable = value.get("Variable")
        if not isinstance(variable, str) or not variable.startswith("$"):
            self.refuse(
                f"{path}/Variable" if "Variable" in value else path,
                "A comparison needs the field 'Variable' with a path that begins with $.",
            )
            return None
        if len(operators) != 1:
            self.refuse(
                path,
                f"A comparison needs exactly one operator, but has {', '.join(operators) if operators else 'none'}.",
                "" if operators else 'Write for example "NumericGreaterThanEquals": 0.9.',
            )
            return None
        operator = operators[0]
        problem = _operand_problem(OPERATORS[operator], value[operator])
        if problem:
            self.refuse(f"{path}/{operator}", f"The value of '{operator}' {problem}")
        return Comparison(variable=variable, operator=operator, value=value[operator])

    def _unknown(self, value: dict[str, Any], path: str, known: Iterable[str]) -> None:
        allowed = list(known)
        for key in value:
            if key not in allowed:
                self.refuse(
                    f"{path}/{escape_pointer(key)}",
                    f"The field '{key}' is not supported here.",
                    _did_you_mean(key, allowed),
                    "UNKNOWN_FIELD",
                )


def _operand_problem(kind: str, value: JSON) -> str | None:
    if kind.endswith(" path"):
        good = isinstance(value, str) and value.startswith("$")
        return None if good else f"must be a path that begins with $, but is {describe(value)}."
    if kind == "timestamp":
        good = is_timestamp(value)
        return None if good else f"must be a timestamp: String does not match RFC3339 timestamp ({describe(value)})."
    return {"string": Kind("string"), "numeric": Kind("number"), "boolean": Kind("boolean")}[kind].problem(value)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    names = list(known)
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.6)
    return f"Did you mean '{lower[close[0]]}'?" if close else ""


def _other_language(wire: str) -> str:
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
