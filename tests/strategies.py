"""Hypothesis strategies made of the field table: every field of every state, in both query languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from stepfunctions import asl
from stepfunctions.asl import maps
from stepfunctions.asl.choice import OPERATORS
from stepfunctions.asl.fields import JSONATA, JSONPATH, DeclaredField, Kind, Nested, declared_fields
from stepfunctions.asl.retry import Catcher, Retrier

Draw = Callable[[st.SearchStrategy[Any]], Any]
JsonDict = dict[str, Any]

WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
PATHS = st.sampled_from(["$", "$.a", "$['a b'].c", "$.a[0]", "$x.y", "$$.Execution.Input.a", "$$.Map.Item.Value"])
REFERENCE_PATHS = st.sampled_from(["$", "$.a", "$.a['b c']", "$.a[0].b"])
CALLS = st.sampled_from(["States.UUID()", "States.Format('{}-{}', $.a, 1)", "States.JsonToString($.a)"])
EXPRESSIONS = st.sampled_from(
    ["{% $states.input.a %}", "{%1%}", "{% $x & 'y' %}", "{% $states.context.Execution.Name %}", "{% {'a': [1]} %}"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
)
ERRORS = st.sampled_from(["States.TaskFailed", "States.Timeout", "Custom", "Lambda.Unknown"])
TIMESTAMPS = st.sampled_from(["2026-01-31T12:00:00Z", "2024-02-29T23:59:60.125+01:00"])
VARIABLES = st.sampled_from(["x", "model", "Größe", "a1_"])


class Place(NamedTuple):
    """Where a value stands: the language there, the machine's, the states beside it, and how deep regions may go."""

    language: str
    outer: str
    names: Sequence[str]
    depth: int


@st.composite
def payloads(draw: Draw, language: str, depth: int = 2) -> Any:
    """A payload template: with ``.$`` members in JSONPath, with ``{% … %}`` in JSONata."""
    kind = draw(st.sampled_from(["scalar", "computed", "object", "array"] if depth else ["scalar", "computed"]))
    if kind == "object":
        result: JsonDict = {}
        for key in draw(st.lists(WORDS, max_size=3, unique=True)):
            if language == JSONPATH and draw(st.booleans()):
                result[f"{key}.$"] = draw(PATHS | CALLS)
            else:
                result[key] = draw(payloads(language, depth - 1))
        return result
    if kind == "array":
        return [draw(payloads(language, depth - 1)) for _ in range(draw(st.integers(0, 2)))]
    return draw(EXPRESSIONS if kind == "computed" and language == JSONATA else SCALARS)


def values(field: DeclaredField, place: Place) -> st.SearchStrategy[Any]:
    """What a field may hold that is no object with declared fields."""
    kind = field.spec.kind
    assert isinstance(kind, Kind)
    found = _values(field, kind, place.language, place.depth)
    if kind.nullable:
        found |= st.none()
    return found | EXPRESSIONS if kind.expression and place.language == JSONATA else found


def _values(field: DeclaredField, kind: Kind, language: str, depth: int) -> st.SearchStrategy[Any]:
    low, high = kind.minimum, kind.maximum
    made: dict[str, Callable[[], st.SearchStrategy[Any]]] = {
        "any": lambda: payloads(language),
        "array": lambda: st.lists(payloads(language, 1), max_size=2) | st.dictionaries(WORDS, SCALARS, max_size=2),
        "boolean": st.booleans,
        "credentials": lambda: st.just({"RoleArn": "arn:aws:iam::123456789012:role/r"}),
        "integer": lambda: st.integers(int(low or 0), None if high is None else int(high)),
        "number": lambda: (
            st.floats(low, high, allow_nan=False, allow_infinity=False)
            | st.integers(int(low or 0), None if high is None else int(high))
        ),
        "path": lambda: PATHS,
        "path or intrinsic": lambda: PATHS | CALLS,
        "reference path": lambda: REFERENCE_PATHS,
        "string": lambda: st.sampled_from(kind.choices) if kind.choices else WORDS,
        "strings": lambda: st.lists(WORDS, min_size=1, max_size=3, unique=True),
        "timestamp": lambda: TIMESTAMPS,
        "variables": lambda: _assigned(language, depth),
    }
    return made[kind.name]()


@st.composite
def _assigned(draw: Draw, language: str, depth: int) -> JsonDict:
    result: JsonDict = {}
    for drawn in draw(st.lists(VARIABLES, max_size=2, unique=True)):
        name = f"{drawn}{depth}"  # an inner region may not assign what one around it assigns
        if language == JSONPATH and draw(st.booleans()):
            result[f"{name}.$"] = draw(PATHS | CALLS)
        else:
            result[name] = draw(payloads(language, 1))
    return result


@st.composite
def objects(draw: Draw, cls: type[Any], place: Place, required: Iterable[str] = ()) -> JsonDict:
    """An object of a class with declared fields: those required, some others, at most one of a group, in any order."""
    fields = {
        field.attribute: field
        for field in declared_fields(cls)
        if field.spec.language in (None, place.language) and field.spec.wire != "QueryLanguage"
    }
    needed = [name for name, field in fields.items() if field.spec.required or name in required]
    others = draw(st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)) if fields else []
    groups: set[str | None] = set()
    result: JsonDict = {}
    for name in dict.fromkeys([*needed, *others]):
        field = fields[name]
        if field.spec.group is None or field.spec.group not in groups:
            groups.add(field.spec.group)
            result[field.spec.wire] = draw(
                _nested(field, place) if isinstance(field.spec.kind, Nested) else values(field, place)
            )
    return _in_any_order(draw, _repaired(draw, cls, result, place))


def _nested(field: DeclaredField, place: Place) -> st.SearchStrategy[Any]:
    kind = field.spec.kind
    assert isinstance(kind, Nested)
    if field.spec.wire == "Branches":
        return st.lists(regions(place.outer, place.depth - 1), min_size=1, max_size=2)
    if field.spec.wire in ("ItemProcessor", "Iterator"):
        return regions(place.outer, place.depth - 1, processor=field.spec.wire == "ItemProcessor")
    if field.spec.wire == "Choices":
        return st.lists(rules(place), min_size=1, max_size=3)
    if kind.many:
        return st.lists(objects(kind.cls, place), max_size=2).map(_all_errors_last)
    return objects(kind.cls, place)


def _all_errors_last(handlers: list[JsonDict]) -> list[JsonDict]:
    if handlers and len(handlers[-1]["ErrorEquals"]) == 1:
        handlers[-1]["ErrorEquals"] = ["States.ALL"]
    return handlers


def _repaired(draw: Draw, cls: type[Any], found: JsonDict, place: Place) -> JsonDict:
    """Make true what fields must say together."""
    if cls in (Retrier, Catcher):
        found["ErrorEquals"] = draw(st.lists(ERRORS, min_size=1, max_size=2, unique=True))
    if cls is Catcher:
        found["Next"] = draw(st.sampled_from(place.names))
    if cls is asl.Task:
        found["Resource"] = draw(
            st.sampled_from(["arn:aws:states:::lambda:invoke", "arn:aws:states:::sqs:sendMessage"])
        )
        if "HeartbeatSeconds" in found and "TimeoutSeconds" in found:
            del found["HeartbeatSeconds"]
    if cls is maps.ProcessorConfig and found.get("Mode") == "DISTRIBUTED":
        found["ExecutionType"] = draw(st.sampled_from(["STANDARD", "EXPRESS"]))
    if cls is maps.ItemBatcher and not any(name.startswith("Max") for name in found):
        found["MaxItemsPerBatch"] = 10
    if cls is maps.ResultWriter:
        found.pop("Arguments" if place.language == JSONPATH else "Parameters", None)
        found["WriterConfig"] = {"OutputType": "JSONL"}
        if "Resource" in found:
            found["Parameters" if place.language == JSONPATH else "Arguments"] = {"Bucket": "b"}
    if cls is maps.ReaderConfig:
        found = {key: value for key, value in found.items() if key.startswith(("MaxItems", "CSVDelimiter", "ItemsP"))}
    return found


@st.composite
def rules(draw: Draw, place: Place) -> JsonDict:
    """A rule of a Choice."""
    if place.language == JSONATA:
        rule: JsonDict = {"Condition": draw(EXPRESSIONS | st.booleans())}
    else:
        rule = draw(choice_tests())
    rule["Next"] = draw(st.sampled_from(place.names))
    if draw(st.booleans()):
        rule["Comment"] = draw(WORDS)
    if draw(st.booleans()):
        rule["Assign"] = draw(_assigned(place.language, place.depth))
    if place.language == JSONATA and draw(st.booleans()):
        rule["Output"] = draw(payloads(JSONATA, 1))
    return _in_any_order(draw, rule)


@st.composite
def choice_tests(draw: Draw, depth: int = 2) -> JsonDict:
    """A test of a JSONPath rule."""
    kind = draw(st.sampled_from(["one", "one", "And", "Or", "Not"] if depth else ["one"]))
    if kind == "Not":
        return {"Not": draw(choice_tests(depth - 1))}
    if kind != "one":
        return {kind: draw(st.lists(choice_tests(depth - 1), min_size=1, max_size=2))}
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    value = {
        "string": WORDS,
        "numeric": st.integers(-5, 5) | st.floats(-1, 1),
        "boolean": st.booleans(),
        "timestamp": TIMESTAMPS,
    }
    of = OPERATORS[operator]
    return _in_any_order(draw, {"Variable": draw(PATHS), operator: draw(PATHS if of.endswith(" path") else value[of])})


_REQUIRED = {"Wait": ("seconds", "seconds_path", "timestamp", "timestamp_path"), "Map": ("item_processor", "iterator")}


@st.composite
def states(draw: Draw, place: Place, kind: str | None = None) -> JsonDict:
    """A state, which may have JSONata as its own query language."""
    if kind is None:
        kind = draw(st.sampled_from(sorted(set(asl.STATE_TYPES) - (set() if place.depth else {"Map", "Parallel"}))))
    cls = asl.STATE_TYPES[kind]
    own = (
        draw(st.sampled_from([None, JSONATA]))
        if place.outer == JSONPATH
        else draw(st.sampled_from([None, None, JSONATA]))
    )
    place = place._replace(language=own or place.outer)
    fields = {field.attribute for field in declared_fields(cls) if field.spec.language in (None, place.language)}
    chosen = [draw(st.sampled_from([name for name in _REQUIRED[kind] if name in fields]))] if kind in _REQUIRED else []
    found: JsonDict = draw(objects(cls, place, chosen))
    for wire in ("Next", "End", "Default"):
        found.pop(wire, None)
    found["Type"] = kind
    if own:
        found["QueryLanguage"] = own
    if kind == "Choice":
        if draw(st.booleans()):
            found["Default"] = draw(st.sampled_from(place.names))
    elif kind not in ("Succeed", "Fail"):
        target = draw(st.sampled_from([None, *place.names]))
        found.update({"End": True} if target is None else {"Next": target})
    return _in_any_order(draw, found)


_numbers = st.shared(st.builds(lambda: iter(range(10**6))), key="numbers of states")


@st.composite
def regions(draw: Draw, language: str, depth: int, processor: bool = False) -> JsonDict:
    """A region: names are unique in the whole definition, and every state may lead to every other one beside it."""
    numbers = draw(_numbers)
    names = [f"{draw(WORDS)}{next(numbers)}" for _ in range(draw(st.integers(1, 3)))]
    place = Place(language, language, names, depth)
    region: JsonDict = {
        "StartAt": draw(st.sampled_from(names)),
        "States": {name: draw(states(place)) for name in names},
    }
    if draw(st.booleans()):
        region["Comment"] = draw(WORDS)
    if processor and draw(st.booleans()):
        region["ProcessorConfig"] = draw(objects(maps.ProcessorConfig, place))
    return _in_any_order(draw, region)


@st.composite
def definitions(draw: Draw, depth: int = 2) -> JsonDict:
    """A whole definition that AWS takes, as far as ``asl`` knows: all types of states, in both languages."""
    language = draw(st.sampled_from([None, JSONPATH, JSONATA]))
    found: JsonDict = draw(regions(language or JSONPATH, depth))
    top = Place(language or JSONPATH, language or JSONPATH, (), 0)
    found.update(draw(objects(asl.StateMachine, top)))
    if language is not None:
        found["QueryLanguage"] = language
    return _in_any_order(draw, found)


def _in_any_order(draw: Draw, found: JsonDict) -> JsonDict:
    return dict(draw(st.permutations(list(found.items()))))
