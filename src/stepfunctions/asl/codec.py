"""Definitions as JSON <-> the dataclasses of this package.

:func:`parse` checks everything that the field table and the shape of a machine say, and reports all problems at
once; whether an expression inside a field can be read is for ``query`` and ``lint`` to say. ``dump(parse(d)) == d``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from stepfunctions.asl.choice import OPERATORS, And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, Nested, declared_fields, describe
from stepfunctions.asl.machine import Region, StateMachine, escape_pointer
from stepfunctions.asl.reader import LONGEST_NAME, NO_OBJECT, Reader
from stepfunctions.asl.scopes import check_scopes
from stepfunctions.asl.states import Fail, State
from stepfunctions.errors import DefinitionError, Problem

DEEPEST = 300
"""How deep the objects and arrays of a definition may be nested."""

MOST_VALUES = 1_000_000
"""How many values a definition may hold: more do not fit into the 1 MB that AWS takes."""


def parse(definition: dict[str, Any] | str, longest_name: int | None = LONGEST_NAME) -> StateMachine:
    """Return the state machine of a definition: a dict, or its JSON text.

    ``longest_name``: how many characters the name of a state may have; None: any number.

    Raises DefinitionError with every problem found, each with its JSON Pointer and what to write instead.
    """
    if isinstance(definition, str):
        definition = loads(definition)
    else:
        _refuse_what_is_not_json(definition)
    reader = Reader(longest_name)
    machine = reader.machine(definition)
    if reader.problems or machine is None:
        raise DefinitionError(reader.problems)
    taken = tuple(check_scopes(machine))
    if taken:
        raise DefinitionError(taken)
    return machine


def dump(machine: StateMachine) -> dict[str, Any]:
    """Return the definition of a machine as a dict in the form of its JSON."""
    return _dump_region(machine)


def loads(text: str) -> dict[str, Any]:
    """Return the object of a JSON text. Unlike ``json.loads`` it refuses an object that has a key twice.

    Raises DefinitionError: malformed JSON (with line and column), a duplicate key (with its JSON Pointer), or a
    text that is no object.
    """
    try:
        value = json.loads(text, object_pairs_hook=_Object, parse_constant=_no_json_number)
        _refuse_what_is_not_json(value)
    except json.JSONDecodeError as found:
        error = on_every_python(found)
        raise _not_json(f"{error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    except DefinitionError:
        raise
    except ValueError as error:  # NaN, or a number of more digits than Python reads
        raise _not_json(str(error)) from None
    problems: list[Problem] = []
    plain = _plain(value, "", problems)
    if problems:
        raise DefinitionError(problems)
    if not isinstance(plain, dict):
        raise DefinitionError([Problem(path=None, message=NO_OBJECT, hint=f"It is {describe(plain)}.")])
    return plain


def on_every_python(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Return what is wrong with a JSON text as Python up to 3.12 says it: 3.13 points at a comma, not behind it."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error
    behind = error.pos + 1 + len(error.doc[error.pos + 1 :]) - len(error.doc[error.pos + 1 :].lstrip())
    what = "Expecting property name enclosed in double quotes" if error.msg.endswith("object") else "Expecting value"
    return json.JSONDecodeError(what, error.doc, behind)


def _not_json(what: str) -> DefinitionError:
    return DefinitionError(
        [Problem(path="", code="INVALID_JSON_DESCRIPTION", message=f"The definition is not JSON: {what}.")]
    )


def _too_deep() -> DefinitionError:
    message = f"The definition is nested more than {DEEPEST} levels deep."
    return DefinitionError([Problem(path=None, code="TOO_DEEPLY_NESTED", message=message)])


def _no_json_number(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _refuse_what_is_not_json(value: JSON) -> None:
    """Raise DefinitionError for what no JSON text can hold, and for a depth that nothing here has to expect."""
    stack: list[tuple[JSON, str, int]] = [(value, "", 0)]
    seen = 0
    while stack:
        item, path, depth = stack.pop()
        seen += 1
        if depth > DEEPEST:
            raise _too_deep()
        if seen > MOST_VALUES:  # a few lines of YAML aliases can stand for more values than memory holds
            raise DefinitionError(
                [
                    Problem(
                        path="",
                        message=f"The definition holds more than {MOST_VALUES:,} values; "
                        "AWS takes definitions of at most 1 MB.",
                    )
                ]
            )
        if isinstance(item, dict):
            for key, inner in item.items():
                if not isinstance(key, str):
                    raise DefinitionError(
                        [
                            Problem(
                                path=path,
                                hint="Write it in quotation marks.",
                                message=f"The key {key!r} must be a string.",
                            )
                        ]
                    )
                stack.append((inner, f"{path}/{escape_pointer(key)}", depth + 1))
        elif isinstance(item, (list, tuple)):
            stack.extend((inner, f"{path}/{index}", depth + 1) for index, inner in enumerate(item))
        elif isinstance(item, float) and not math.isfinite(item):
            raise DefinitionError([Problem(path=path, message=f"{item} is no number of JSON.")])
        elif item is not None and not isinstance(item, (str, int, float, bool)):
            raise DefinitionError(
                [Problem(path=path, message=f"A value of the type {type(item).__name__} cannot be written as JSON.")]
            )


class _Object(dict[str, Any]):
    """A JSON object that remembers which of its keys stood twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = (
            []
            if len(self) == len(pairs)
            else sorted(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        )


def _plain(value: JSON, path: str, problems: list[Problem]) -> JSON:
    if isinstance(value, _Object):
        for key in value.repeated:
            state = path.endswith("/States")
            problems.append(
                Problem(
                    path=f"{path}/{escape_pointer(key)}",
                    code="DUPLICATE_STATE_NAME" if state else "INVALID_JSON_DESCRIPTION",
                    message=f"The {'state name' if state else 'key'} '{key}' is written more than once.",
                    hint="Rename all but one.",
                )
            )
        return {key: _plain(item, f"{path}/{escape_pointer(key)}", problems) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, f"{path}/{index}", problems) for index, item in enumerate(value)]
    return value


def _dump_region(region: Region) -> dict[str, Any]:
    result = _dump_object(region) if isinstance(region, StateMachine) else {}
    if not isinstance(region, StateMachine):
        for wire, value in (("Comment", region.comment), ("QueryLanguage", region.query_language)):
            if value is not ABSENT:
                result[wire] = value
        if region.processor_config is not ABSENT:
            result["ProcessorConfig"] = _dump_object(region.processor_config)
    result["StartAt"] = region.start_at
    result["States"] = {name: dump_state(state) for name, state in region.states.items()}
    return result


def dump_state(state: State | Fail) -> dict[str, Any]:
    """Return one state in the form of its JSON."""
    return {"Type": state.TYPE, **_dump_object(state)}


def _dump_object(value: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for declared in declared_fields(type(value)):
        item = getattr(value, declared.attribute)
        if item is ABSENT:
            continue
        kind = declared.spec.kind
        if isinstance(kind, Nested):
            item = [_dump_nested(entry) for entry in item] if kind.many else _dump_nested(item)
        elif isinstance(item, tuple):
            item = list(item)
        result[declared.spec.wire] = item
    return result


def _dump_nested(value: Any) -> dict[str, Any]:
    if isinstance(value, Region):
        return _dump_region(value)
    if isinstance(value, ChoiceRule):
        return _dump_rule(value)
    return _dump_object(value)


def _dump_rule(rule: ChoiceRule) -> dict[str, Any]:
    result = {"Condition": rule.condition} if rule.test is None else dump_test(rule.test)
    for wire, value in (("Assign", rule.assign), ("Output", rule.output), ("Comment", rule.comment)):
        if value is not ABSENT:
            result[wire] = value
    return {**result, "Next": rule.next}


def dump_test(test: Test) -> dict[str, Any]:
    """Return the test of a JSONPath Choice rule in the form of its JSON, without ``Next``."""
    if isinstance(test, Comparison):
        assert test.operator in OPERATORS
        return {"Variable": test.variable, test.operator: test.value}
    if isinstance(test, Not):
        return {"Not": dump_test(test.test)}
    name = "And" if isinstance(test, And) else "Or"
    assert isinstance(test, (And, Or))
    return {name: [dump_test(inner) for inner in test.tests]}
