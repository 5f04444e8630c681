"""Placeholders: with and without a schema, where they may stand, and how inputs are checked."""

from __future__ import annotations

from compat_tools import attempt

from stepfunctions.inputs import ExecutionInput, Placeholder, StepInput
from stepfunctions.inputs.placeholders import ValidationResult
from stepfunctions.inputs.utils import flatten, replace_type_with_str
from stepfunctions.steps import Chain, Graph, LambdaStep, Map, Parallel, Pass, Task

_SCHEMA = {"week": int, "where": {"bucket": str, "deep": {"er": float}}, "flag": bool, "list": list}


def paths():
    given, step = ExecutionInput(), StepInput()
    return [
        item.to_jsonpath()
        for item in (
            given,
            given["a"],
            given["a"]["b"][0]["c"],
            given.get("typed", int),
            given[0],
            step,
            step["a b"],
            step["a"][1][2],
            step["a.b"]["$x"],
        )
    ]


def paths_with_a_schema():
    given = ExecutionInput(schema=_SCHEMA)
    return [
        given["week"].to_jsonpath(),
        given["where"]["deep"]["er"].to_jsonpath(),
        given.get("week", int).to_jsonpath(),
        given["where"].to_jsonpath(),
    ]


def what_a_placeholder_tells():
    given = ExecutionInput(schema={"a": {"b": int}}, name=None)
    free = StepInput()
    child = free["x"]
    child["y"]
    return {
        "schema": [given.immutable, given.schema == {"a": {"b": int}}, free.immutable, free.schema],
        "templates": [given.json_str_template, free.json_str_template],
        "child": [given["a"]["b"].name, given["a"]["b"].type is int, given["a"]["b"].parent is given["a"]],
        "store": [list(given.store), list(free.store), list(child.store)],
        "same": [free["x"] is child, given["a"] is given["a"]],
    }


def contains():
    given, other = ExecutionInput(schema=_SCHEMA), StepInput()
    child = other["a"]["b"]
    return [
        given.contains(given["week"]),
        given.contains(given["where"]["deep"]["er"]),
        given["where"].contains(given["week"]),
        given.contains(other["a"]),
        child in other,
        other["z"] in given,
        other["a"].contains(child),
    ]


def schemas():
    given = ExecutionInput()
    given["a"]
    given.get("b", int)
    given["c"]["d"]
    given["c"].get("e", float)
    given["list"][0]["x"]
    typed = ExecutionInput(schema=_SCHEMA)
    return {
        "free": given.get_schema_as_json(),
        "pretty": given.get_schema_as_json(pretty=True),
        "typed": typed.get_schema_as_json(),
        "dict": {key: value.__name__ for key, value in typed.get_schema_as_dict().items() if isinstance(value, type)},
        "leaf": given.get_schema_as_dict()["a"].__name__,
        "empty": [ExecutionInput().get_schema_as_json(), ExecutionInput(schema={}).get_schema_as_json()],
    }


def what_a_schema_refuses():
    given, free = ExecutionInput(schema=_SCHEMA), ExecutionInput()
    free.get("typed", int)
    return {
        "unknown": attempt(lambda: given["nothing"]),
        "unknown below": attempt(lambda: given["where"]["nothing"]),
        "below a leaf": attempt(lambda: given["week"]["x"]),
        "another type": attempt(lambda: given.get("week", str)),
        "the same type": attempt(lambda: given.get("week", int).to_jsonpath()),
        "another type later": attempt(lambda: free.get("typed", str)),
        "a key of another type": [attempt(lambda key=key: free[key]) for key in (1.5, None, ("a",))],
    }


def validation():
    given = ExecutionInput(schema=_SCHEMA)
    good = {"week": 1, "where": {"bucket": "b", "deep": {"er": 1.5}}, "flag": True, "list": []}

    def check(value):
        result = given.validate(value)
        return [result.valid, result.keys_missing, result.keys_type_mismatch]

    return {
        "good": check(good),
        "more": check({**good, "more": 1}),
        "missing": check({"week": 1, "where": {"deep": {"er": 1.5}}, "flag": True}),
        "empty": check({}),
        "type": check({**good, "week": "1"}),
        "type below": check({**good, "where": {"bucket": 1, "deep": {"er": "x"}}}),
    }


def validation_of_what_was_used():
    given = ExecutionInput()
    given["a"]
    given["b"]["c"]
    given.get("n", int)
    return [
        given.validate({"a": "x", "b": {"c": "y"}, "n": 1}).valid,
        given.validate({"a": "x", "b": {}, "n": 1}).valid,
        given.validate({"a": 1, "b": {"c": "y"}, "n": 1}).valid,
        ExecutionInput().validate({"anything": 1}).valid,
    ]


def a_validation_result():
    result = ValidationResult(valid=False, keys_missing=["a"], keys_type_mismatch={"b": 1})
    valid, missing, mismatch = result
    return [result.valid, result.keys_missing, result.keys_type_mismatch, valid, missing, mismatch]


def in_parameters():
    given, step = ExecutionInput(), StepInput()
    return Pass(
        "p",
        parameters={
            "whole": given,
            "one": given["a"],
            "deep": {"er": {"est": step["b"]["c"]}},
            "list": [1, {"in a dict": given["d"], "fixed": "x"}],
            "index": step["list"][0]["x"],
            "fixed": None,
            "by hand.$": "$.x",
        },
    )


def kinds():
    return [isinstance(kind(), Placeholder) for kind in (ExecutionInput, StepInput)]


def outputs_of_states():
    first = LambdaStep("first", output_schema={"uri": str, "rows": {"n": int}}, parameters={"FunctionName": "f"})
    second = Pass("second", parameters={"uri": first.output()["uri"], "n": first.output()["rows"]["n"]})
    third = Pass("third", parameters={"whole": second.output(), "index": second.output()["x"][0]["y"]})
    return Graph(Chain([first, second, third]))


def the_output_of_another_state():
    says = "is using an illegal placeholder for the 'k' parameter"
    first, second, third = Pass("first"), Pass("second"), Pass("third", parameters={"k": None})
    third.update_parameters({"k": first.output()["x"]})
    mapped = Pass("mapped")
    each = Map("each", iterator=mapped, parameters={"k": mapped.output()["x"]})
    return [
        attempt(lambda: Graph(Chain([first, second, third])), says),
        attempt(lambda: Graph(Chain([Pass("before"), Pass("after", parameters={"k": StepInput()["x"]})])), says),
        attempt(lambda: Graph(Chain([Pass("before"), each])), says),
        attempt(lambda: Graph(Chain([Pass("a"), Pass("deep", parameters={"x": {"k": first.output()["x"]}})])), says),
    ]


def execution_inputs_everywhere():
    given = ExecutionInput(schema={"a": str, "b": {"c": int}})
    parallel = Parallel("parallel", parameters={"a": given["a"]})
    parallel.add_branch(Pass("branch", parameters={"c": given["b"]["c"]}))
    each = Map("map", parameters={"all": given}, iterator=Pass("each", parameters={"a": given["a"]}))
    task = Task("task", resource="arn:aws:states:::sns:publish", parameters={"Message": given["a"]})
    return Graph(Chain([parallel, each, task]))


def parameters_that_are_updated():
    given = ExecutionInput()
    state = Pass("p", parameters={"old": 1})
    before = state.to_dict()
    state.update_parameters({"new": given["x"]})
    return [before, state.to_dict(), state.parameters["new"] is given["x"], attempt(lambda: Pass("q").parameters)]


def flat_dicts():
    return [
        flatten({"a": 1, "b": {"c": 2, "d": {"e": 3}}, "f": {}}),
        flatten({"a": {"b": 1}}, parent_key="p", sep="/"),
        flatten({}),
    ]


def types_as_text():
    return replace_type_with_str({"a": int, "b": {"c": str, "d": float}, "e": bool, "f": list})
