"""The query language of each state: said, inferred, or the workflow's; never two in one state."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from stepfunctions import asl
from stepfunctions.inputs import (
    ExecutionInput,
    MapItem,
    StepInput,
    context,
    error,
    jsonata,
    result,
    states,
    variable,
)
from stepfunctions.steps import (
    Catch,
    Choice,
    ChoiceRule,
    Fail,
    Graph,
    ItemBatcher,
    ItemReader,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    ResultWriter,
    SnsPublishStep,
    Succeed,
    Task,
    Wait,
)

given = ExecutionInput()
INPUT = "$states.context.Execution.Input"


def state(step: Any, language: str | None = None) -> dict[str, Any]:
    """Return a state as it is written in a workflow, which AWS would take."""
    definition = Graph(step, query_language=language).to_dict()
    asl.parse(definition)
    found: dict[str, Any] = definition["States"][step.first.state_id]
    return found


def fields(step: Any, language: str | None = None) -> dict[str, Any]:
    return {name: value for name, value in state(step, language).items() if name not in ("Type", "End", "Resource")}


# ------------------------------------------------------------------ which language


@pytest.mark.parametrize(
    ("step", "in_jsonata"),
    [
        (Pass("p", parameters={"a": given["a"]}), False),
        (Pass("p", output={"a": given["a"]}), True),
        (Pass("p", assign={"a": given["a"]}), False),
        (Pass("p", assign={"a": jsonata("1")}), True),
        (Pass("p", query_language="JSONata"), True),
        (Task("t", resource="r", arguments={"a": 1}), True),
        (Task("t", resource="r", timeout_seconds=given["t"]), False),
        (Task("t", resource="r", timeout_seconds=jsonata("1 + 1")), True),
        (Task("t", resource="r", timeout_seconds="{% $states.input.t %}"), True),
        (Task("t", resource="r", timeout_seconds=variable("t") + jsonata("1")), True),
        (Task("t", resource="r", catch=Catch(Fail("f"), error_equals=["E"], output={"e": error["Cause"]})), True),
        (Task("t", resource="r", catch=Catch(Fail("f"), error_equals=["E"], assign={"e": jsonata("1")})), True),
        (Wait("w", seconds=jsonata("1")), True),
        (Wait("w", timestamp="{% $now() %}"), True),
        (Fail("f", error=states.format("{}", jsonata("1"))), True),
        (Fail("f", error="{% a text like any other %}"), False),
        (Map("m", items=given["rows"], item_processor=Succeed("s")), True),
        (Map("m", item_processor=Succeed("s"), item_batcher=ItemBatcher(max_items_per_batch=jsonata("1"))), True),
        (Map("m", item_processor=Succeed("s"), item_reader=ItemReader.jsonl("b", "k")), False),
        (Choice("c").when(given["a"] > 1, Succeed("s")), False),
        (Choice("c").when(jsonata("1 > 0"), Succeed("s")), True),
        (Choice("c").when(given["a"] + jsonata("1") > 1, Succeed("s")), True),
        (Choice("c").when(given["a"] > 1, Succeed("s"), assign={"a": jsonata("1")}), True),
        (Choice("c").when(given["a"] > 1, Succeed("s"), output=1), True),
    ],
)
def test_the_language_follows_from_what_is_written(step: Any, in_jsonata: bool) -> None:
    assert (state(step).get("QueryLanguage") == "JSONata") is in_jsonata
    if "parameters" not in vars(step.first):
        assert "QueryLanguage" not in state(step, "JSONata") or step.first.query_language == "JSONata"
    assert Graph(step, query_language="JSONata" if in_jsonata else "JSONPath").to_dict()["QueryLanguage"]


def test_one_workflow_may_hold_states_of_both() -> None:
    train = Task("train", resource="r", parameters={"n": given["n"]})
    judge = Pass("judge", output={"good": train.output()["accuracy"] >= 0.9})
    after = Pass("after", parameters={"good": judge.output()["good"]})
    written = Graph(train >> judge >> after).to_dict()
    asl.parse(written)
    assert "QueryLanguage" not in written
    assert written["States"]["judge"] == {
        "Output": {"good": "{% $states.input.accuracy >= 0.9 %}"},
        "QueryLanguage": "JSONata",
        "Type": "Pass",
        "Next": "after",
    }
    assert written["States"]["after"]["Parameters"] == {"good.$": "$['good']"}


def test_a_state_inside_has_the_workflows_language_not_that_of_the_state_around_it() -> None:
    inner = Pass("inner", assign={"a": given["a"]})
    branches = state(Parallel("p", branches=[inner], arguments={"x": 1}))["Branches"]
    assert branches[0]["States"]["inner"] == {"Assign": {"a.$": "$$.Execution.Input['a']"}, "Type": "Pass", "End": True}
    branches = state(Parallel("p", branches=[inner], arguments={"x": 1}), "JSONata")["Branches"]
    assert branches[0]["States"]["inner"]["Assign"] == {"a": f"{{% {INPUT}.a %}}"}
    branches = state(Parallel("p", branches=[Graph(inner, comment="c")]), "JSONata")["Branches"]
    assert branches[0]["States"]["inner"]["Assign"] == {"a": f"{{% {INPUT}.a %}}"}
    assert branches[0]["Comment"] == "c"


def test_the_same_states_are_written_in_two_workflows_of_two_languages() -> None:
    flow = Wait("w", seconds=given["s"]) >> Choice("c").when(given["a"] > 1, Succeed("s")).otherwise(
        Fail("f", error=given["e"])
    )
    jsonpath, in_jsonata = Graph(flow).to_dict()["States"], Graph(flow, query_language="JSONata").to_dict()["States"]
    assert jsonpath["w"]["SecondsPath"] == "$$.Execution.Input['s']"
    assert in_jsonata["w"]["Seconds"] == f"{{% {INPUT}.s %}}"
    assert jsonpath["c"]["Choices"][0] == {"Variable": "$$.Execution.Input['a']", "NumericGreaterThan": 1, "Next": "s"}
    assert in_jsonata["c"]["Choices"][0] == {"Condition": f"{{% {INPUT}.a > 1 %}}", "Next": "s"}
    assert jsonpath["f"]["ErrorPath"] == "$$.Execution.Input['e']"
    assert in_jsonata["f"]["Error"] == f"{{% {INPUT}.e %}}"


def test_the_request_of_a_service_step_is_parameters_in_both() -> None:
    step = LambdaStep("call", parameters={"FunctionName": "f", "Payload": {"week": given["week"]}})
    assert state(step)["Parameters"]["Payload"] == {"week.$": "$$.Execution.Input['week']"}
    assert state(step, "JSONata")["Arguments"] == {"FunctionName": "f", "Payload": {"week": f"{{% {INPUT}.week %}}"}}
    inferred = SnsPublishStep("tell", parameters={"TopicArn": "t", "Message": jsonata("$now()")})
    assert state(inferred)["Arguments"] == {"TopicArn": "t", "Message": "{% $now() %}"}
    assert state(inferred)["QueryLanguage"] == "JSONata"


# ------------------------------------------------------------------ values in both languages


def test_expressions_stand_anywhere_in_a_payload() -> None:
    row = StepInput()["row"]
    payload = {
        "one": row,
        "list": [1, row, [row, "x"], None],
        "dicts": [{"a": row}, {"b": {"c": [row]}}],
        "call": states.format("{}-{}", row, context.execution.name),
        "a.b": row,
        "it's": row,
        "nothing": None,
        "written.$": "$.x",
    }
    assert fields(Pass("p", parameters=payload)) == {
        "Parameters": {
            "one.$": "$['row']",
            "list.$": "States.Array(1, $['row'], States.Array($['row'], 'x'), null)",
            "dicts": [{"a.$": "$['row']"}, {"b": {"c.$": "States.Array($['row'])"}}],
            "call.$": "States.Format('{}-{}', $['row'], $$.Execution.Name)",
            "a.b.$": "$['row']",
            "it's.$": "$['row']",
            "nothing": None,
            "written.$": "$.x",
        }
    }
    del payload["written.$"]
    assert fields(Pass("p", output=payload), "JSONata") == {
        "Output": {
            "one": "{% $states.input.row %}",
            "list": [1, "{% $states.input.row %}", ["{% $states.input.row %}", "x"], None],
            "dicts": [{"a": "{% $states.input.row %}"}, {"b": {"c": ["{% $states.input.row %}"]}}],
            "call": '{% $states.input.row & "-" & $states.context.Execution.Name %}',
            "a.b": "{% $states.input.row %}",
            "it's": "{% $states.input.row %}",
            "nothing": None,
        }
    }


@pytest.mark.parametrize(
    ("step", "jsonpath", "in_jsonata"),
    [
        (Wait("w", seconds=given["s"]), {"SecondsPath": "$$.Execution.Input['s']"}, {"Seconds": f"{{% {INPUT}.s %}}"}),
        (
            Wait("w", timestamp=variable("when")["at"]),
            {"TimestampPath": "$when.at"},
            {"Timestamp": "{% $when.at %}"},
        ),
        (
            Task("t", resource="r", timeout_seconds=given["t"], heartbeat_seconds=given["h"]),
            {"TimeoutSecondsPath": "$$.Execution.Input['t']", "HeartbeatSecondsPath": "$$.Execution.Input['h']"},
            {"TimeoutSeconds": f"{{% {INPUT}.t %}}", "HeartbeatSeconds": f"{{% {INPUT}.h %}}"},
        ),
        (
            Task("t", resource="r", credentials={"RoleArn": given["role"]}),
            {"Credentials": {"RoleArn.$": "$$.Execution.Input['role']"}},
            {"Credentials": {"RoleArn": f"{{% {INPUT}.role %}}"}},
        ),
        (
            Fail("f", error=states.format("E{}", given["n"]), cause=given["c"]),
            {"ErrorPath": "States.Format('E{}', $$.Execution.Input['n'])", "CausePath": "$$.Execution.Input['c']"},
            {"Error": f'{{% "E" & {INPUT}.n %}}', "Cause": f"{{% {INPUT}.c %}}"},
        ),
        (
            Task("t", resource="r", assign={"all": result, "one": result["x"], "const": [1], "more": [result["x"], 1]}),
            {"Assign": {"all.$": "$", "one.$": "$.x", "const": [1], "more.$": "States.Array($.x, 1)"}},
            {
                "Assign": {
                    "all": "{% $states.result %}",
                    "one": "{% $states.result.x %}",
                    "const": [1],
                    "more": ["{% $states.result.x %}", 1],
                }
            },
        ),
        (
            Map("m", item_processor=Succeed("s"), item_selector={"i": MapItem().index, "v": MapItem()["v"]}),
            {"ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value['v']"}},
            {
                "ItemSelector": {
                    "i": "{% $states.context.Map.Item.Index %}",
                    "v": "{% $states.context.Map.Item.Value.v %}",
                }
            },
        ),
        (
            Map(
                "m",
                item_processor=Succeed("s"),
                max_concurrency=given["m"],
                tolerated_failure_count=given["c"],
                tolerated_failure_percentage=given["p"],
                item_batcher=ItemBatcher(max_items_per_batch=given["b"], batch_input={"k": given["k"]}),
                item_reader=ItemReader.jsonl(given["bucket"], "key", max_items=given["i"]),
                result_writer=ResultWriter.to_s3(given["bucket"], "results"),
            ),
            {
                "MaxConcurrencyPath": "$$.Execution.Input['m']",
                "ToleratedFailureCountPath": "$$.Execution.Input['c']",
                "ToleratedFailurePercentagePath": "$$.Execution.Input['p']",
                "ItemBatcher": {
                    "MaxItemsPerBatchPath": "$$.Execution.Input['b']",
                    "BatchInput": {"k.$": "$$.Execution.Input['k']"},
                },
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "Parameters": {"Bucket.$": "$$.Execution.Input['bucket']", "Key": "key"},
                    "ReaderConfig": {"InputType": "JSONL", "MaxItemsPath": "$$.Execution.Input['i']"},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket.$": "$$.Execution.Input['bucket']", "Prefix": "results"},
                },
            },
            {
                "MaxConcurrency": f"{{% {INPUT}.m %}}",
                "ToleratedFailureCount": f"{{% {INPUT}.c %}}",
                "ToleratedFailurePercentage": f"{{% {INPUT}.p %}}",
                "ItemBatcher": {"MaxItemsPerBatch": f"{{% {INPUT}.b %}}", "BatchInput": {"k": f"{{% {INPUT}.k %}}"}},
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "Arguments": {"Bucket": f"{{% {INPUT}.bucket %}}", "Key": "key"},
                    "ReaderConfig": {"InputType": "JSONL", "MaxItems": f"{{% {INPUT}.i %}}"},
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Arguments": {"Bucket": f"{{% {INPUT}.bucket %}}", "Prefix": "results"},
                },
            },
        ),
    ],
)
def test_a_value_goes_where_its_language_has_it(step: Any, jsonpath: Any, in_jsonata: Any) -> None:
    without = ("ItemProcessor",)
    assert {key: value for key, value in fields(step).items() if key not in without} == jsonpath
    assert {key: value for key, value in fields(step, "JSONata").items() if key not in without} == in_jsonata


def test_paths_are_placeholders_too() -> None:
    step = StepInput()
    written = state(
        Map(
            "m",
            item_processor=Succeed("s"),
            items_path=step["rows"],
            input_path=given["a"],
            output_path=step["b"],
            result_path=step["c"]["d"],
        )
    )
    assert [written[name] for name in ("ItemsPath", "InputPath", "OutputPath", "ResultPath")] == [
        "$['rows']",
        "$$.Execution.Input['a']",
        "$['b']",
        "$['c']['d']",
    ]


def test_whole_parameters_are_the_input_path() -> None:
    assert fields(Task("t", resource="r", parameters=given["a"])) == {"InputPath": "$$.Execution.Input['a']"}
    assert fields(LambdaStep("t", parameters=given["a"]), "JSONata") == {"Arguments": f"{{% {INPUT}.a %}}"}
    assert fields(Task("t", resource="r", arguments=given["a"]))["Arguments"] == f"{{% {INPUT}.a %}}"


def test_the_error_of_a_catch() -> None:
    catch = Catch(Fail("f"), error_equals=["E"], assign={"why": error["Cause"]})
    assert state(Task("t", resource="r", catch=catch))["Catch"][0]["Assign"] == {"why.$": "$.Cause"}
    assert state(Task("t", resource="r", catch=catch), "JSONata")["Catch"][0]["Assign"] == {
        "why": "{% $states.errorOutput.Cause %}"
    }


# ------------------------------------------------------------------ what is refused


def graph(step: Any, language: str | None = None) -> Any:
    return lambda: Graph(step, query_language=language)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Task("t", resource="r", parameters={"a": 1}, output={"b": 2}),
            "State 't': 'parameters' has no place in a state of JSONata, which it is through 'output'. Write arguments",
        ),
        (
            lambda: Pass("p", result_path="$.x", output=1),
            "State 'p': 'result_path' has no place in a state of JSONata",
        ),
        (
            lambda: Task("t", resource="r", arguments={"a.$": "$.x"}),
            "State 't': 'arguments.a.$' has no place in a state of JSONata, which it is through 'arguments'",
        ),
        (
            lambda: Task("t", resource="r", query_language="JSONPath", output=1),
            "State 't': 'output' has no place in a state of JSONPath. Write parameters, result_selector, result_path",
        ),
        (
            lambda: Task("t", resource="r", parameters={"a": jsonata("1")}),
            "State 't': 'parameters' has no place in a state of JSONata, which it is through 'parameters'",
        ),
        (
            lambda: Pass("p", query_language="JSONata", input_path="$.x"),
            "State 'p': 'input_path' has no place in a state of JSONata. Write arguments, output and assign there",
        ),
        (lambda: Pass("p", query_language="jsonata"), "State 'p': 'query_language' must be one of JSONPath, JSONata"),
        (graph(Pass("p"), "XPath"), "A graph's 'query_language' must be one of JSONPath, JSONata, but is 'XPath'"),
        (
            graph(Pass("p", query_language="JSONPath"), "JSONata"),
            "State 'p': query_language is 'JSONPath' in a workflow of JSONata, which AWS refuses",
        ),
        (
            graph(Pass("p", parameters={"a": 1}), "JSONata"),
            "State 'p': 'parameters' has no place in a state of JSONata. Write arguments, output and assign there",
        ),
        (
            graph(Pass("p", assign={"a.$": "$.x"}), "JSONata"),
            "State 'p': 'assign.a.$' has no place in a state of JSONata",
        ),
        (
            graph(Choice("c", input_path="$.x").when(jsonata("1 > 0"), Pass("p"))),
            "State 'c': 'input_path' has no place in a state of JSONata, which it is through 'choices'",
        ),
        (
            graph(Choice("c").when(ChoiceRule.IsNull("$.x", True) | jsonata("1 > 0"), Pass("p"))),
            "State 'c': The rule IsNull of the path '$.x' stands in a state of JSONata. Write the path as a pl",
        ),
        (
            graph(Choice("c").when(states.array_length(given["a"]) > 3, Pass("p"))),
            "State 'c': A Choice rule of JSONPath compares paths, not the result of a function (States.ArrayLength(",
        ),
        (
            graph(Pass("p", parameters={"a": given["x"] * 2})),
            "State 'p': JSONPath has no '*' ($states.context.Execution.Input.x * 2): it adds and subtracts integers",
        ),
        (
            graph(Pass("p", parameters={"a": {"b": given["x"] > 2}})),
            "State 'p': 'Parameters.a.b' is a condition (",
        ),
        (
            graph(Pass("p", parameters=states.array(given["x"]))),
            "State 'p': 'parameters' is an expression as a whole (States.Array(",
        ),
        (
            graph(Map("m", item_processor=Succeed("s"), item_selector=MapItem())),
            "State 'm': 'ItemSelector' is an expression as a whole ($$.Map.Item.Value)",
        ),
        (
            graph(Map("m", iterator=Succeed("s"), parameters=given["x"])),
            "State 'm': 'parameters' of a Map make the input of each iteration",
        ),
        (
            graph(Wait("w", seconds=given["x"] + 1)),
            "State 'w': 'seconds_path' must be a path that begins with $, but is 'States.MathAdd($$.Execution.Input"
            "['x'], 1)'. Only JSONata computes here",
        ),
        (
            graph(Pass("p", parameters={"l": [given["x"], {"a": given["x"]}]})),
            "State 'p': 'Parameters.l': The dict {'a': ExecutionInput($$.Execution.Input['x'])} with an expression",
        ),
    ],
)
def test_mixed_languages_are_refused_with_state_field_and_remedy(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_nothing_is_left_behind_by_an_error() -> None:
    step = Pass("p", assign={"a": given["a"]})
    before = copy.copy(vars(step))
    with pytest.raises(ValueError, match="has no place"):
        Graph(step >> Pass("q", parameters={"a": 1}), query_language="JSONata")
    assert vars(step) == before
    assert "Parameters" not in Graph(step).to_json()
