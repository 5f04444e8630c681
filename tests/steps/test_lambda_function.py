"""lambda_function: the Python function stays one, and makes steps whose arguments are checked."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, LambdaFunction, LambdaStep, Map, Parallel, Pass, lambda_function
from stepfunctions.workflow import ExecutionStatus, Workflow

ROLE = "arn:aws:iam::123456789012:role/r"
given = ExecutionInput()


@lambda_function
def count(route: str, week: int = 1) -> dict[str, Any]:
    """Count the rows."""
    if week < 0:
        raise LookupError(f"there is no week {week}")
    return {"route": route, "rows": week * 10}


@lambda_function("team-handler", memory=512)
def handle(event: Any, context: Any) -> Any:
    return [event, context.function_name, context.get_remaining_time_in_millis() > 0]


def workflow(definition: Any) -> Workflow:
    return Workflow("w", definition, role=ROLE)


def test_it_is_still_the_python_function() -> None:
    assert count("JFK", week=3) == {"route": "JFK", "rows": 30}
    assert (count.__name__, count.__doc__, count.name) == ("count", "Count the rows.", "count")
    assert isinstance(count, LambdaFunction)
    assert repr(count) == "LambdaFunction('count')"
    assert (handle.name, handle.memory) == ("team-handler", 512)


def test_a_step_takes_arguments_by_name_and_fields_of_the_state() -> None:
    step = count.step("Count", route=given["route"], week=3, comment="weekly", timeout_seconds=60)
    state = step.to_dict()
    assert isinstance(step, LambdaStep)
    assert state["Parameters"] == {
        "FunctionName": "count",
        "Payload": {"route.$": "$$.Execution.Input['route']", "week": 3},
    }
    assert (state["Comment"], state["TimeoutSeconds"], state["OutputPath"]) == ("weekly", 60, "$.Payload")


def test_a_step_takes_a_payload() -> None:
    by_name = count.step("Count", {"route.$": "$.route"}).to_dict()["Parameters"]["Payload"]
    assert by_name == {"route.$": "$.route"}
    assert count.step("Count", payload=given["all"]).to_dict()["Parameters"]["Payload.$"] == "$$.Execution.Input['all']"
    assert count.step("Count").to_dict()["Parameters"]["Payload.$"] == "$"
    assert handle.step("Handle", payload=[1]).to_dict()["Parameters"]["Payload"] == [1]


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"rout": "x"}, TypeError, r"State 'Count': 'rout' is neither.*Did you mean 'route'\?"),
        ({"zzz": "x"}, TypeError, "parameters: route, week"),
        ({"route": "x", "comentt": "x"}, TypeError, r"Did you mean 'comment'\?"),
        ({"week": 3}, TypeError, "count also needs 'route'"),
        ({"payload": {"route": "x", "weak": 3}}, TypeError, r"no parameter 'weak'. Did you mean 'week'\?"),
        ({"payload": {"week.$": "$.w"}}, TypeError, "count also needs 'route'"),
        ({"payload": {"route": "x"}, "week": 3}, TypeError, "not both"),
        ({"payload": [1]}, TypeError, r"not \[1\]"),
        ({"route": datetime.date(2013, 1, 1)}, TypeError, "'route' of count is datetime.date.*no JSON value"),
        ({"route": {"a": [{1, 2}]}}, TypeError, r"'route' of count\['a'\]\[0\] is \{1, 2\}"),
        ({"route": float("nan")}, TypeError, "no JSON value"),
    ],
)
def test_wrong_arguments_of_a_step(arguments: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        count.step("Count", **arguments)


def test_a_parameter_named_as_a_field_is_given_in_the_payload() -> None:
    @lambda_function
    def tell(comment: str) -> str:
        return comment

    with pytest.raises(ValueError, match=r"'comment' is a parameter of tell and a field.*payload="):
        tell.step("Tell", comment="hello")
    assert workflow(tell.step("Tell", payload={"comment": "hello"})).run({}).get_output() == "hello"


def test_any_further_name_is_an_argument_of_a_function_that_takes_all() -> None:
    @lambda_function
    def collect(**values: int) -> int:
        return sum(values.values())

    assert workflow(collect.step("Collect", a=1, b=given["b"])).run({"b": 2}).get_output() == 3


def test_in_process_the_function_itself_runs() -> None:
    step = count.step("count", route=given["route"], week=3)
    chain = Chain([step, Pass("Rows", parameters={"rows": step.output()["rows"]})])
    assert workflow(chain).run({"route": "JFK"}).get_output() == {"rows": 30}


def test_mocks_win_over_the_function() -> None:
    step = handle.step("Ask", payload={"x": 1})
    assert workflow(step).run({}).get_output() == [{"x": 1}, "team-handler", True]
    assert workflow(step).run({}, mocks={"team-handler": 5}).get_output() == 5
    assert workflow(step).run({}, mocks={"Ask": {"Payload": 6}}).get_output() == 6


def test_functions_inside_map_and_parallel_run_too() -> None:
    each = Map("Each", items_path="$.routes", item_processor=Chain([count.step("One", payload={"route.$": "$"})]))
    both = Parallel("Both")
    both.add_branch(each)
    both.add_branch(count.step("Two", route="LGA"))
    rows = {"rows": 10}
    assert workflow(both).run({"routes": ["JFK", "EWR"]}).get_output() == [
        [{"route": "JFK", **rows}, {"route": "EWR", **rows}],
        {"route": "LGA", **rows},
    ]


def test_a_mentioned_function_runs_wherever_its_name_is_invoked() -> None:
    named = LambdaStep(
        "Named", function="arn:aws:lambda:us-east-1:123456789012:function:count:live", payload={"route": "x"}
    )
    first = count.step("First", route="a", result_path=None)
    assert workflow(Chain([first, named])).run({}).get_output() == {"route": "x", "rows": 10}


def test_an_exception_fails_the_state_by_its_name() -> None:
    execution = workflow(count.step("Count", route="x", week=-1)).run({})
    assert execution.status is ExecutionStatus.Failed
    described = execution.describe()
    assert described["error"] == "LookupError"
    assert '"errorMessage":"there is no week -1"' in described["cause"]
    assert "test_lambda_function.py" in described["cause"]


def test_an_event_of_a_plain_function_must_be_an_object_of_its_arguments() -> None:
    execution = workflow(count.step("Count")).run([1])
    assert execution.describe()["error"] == "TypeError"
    assert "must be an object of its arguments" in execution.describe()["cause"]
    # As the whole input of a state: it may have more than the function takes.
    assert workflow(count.step("Count")).run({"route": "x", "other": 1}).get_output() == {"route": "x", "rows": 10}
    assert "missing 1 required" in workflow(count.step("Count")).run({}).describe()["cause"]


def test_what_passes_between_states_and_functions_is_json() -> None:
    seen: list[Any] = []

    @lambda_function
    def note(items: Any) -> Any:
        seen.append(items)
        items.append("changed")
        return (1, {2: 3})

    step = note.step("Note", items=given["items"])
    inputs = {"items": [1]}
    assert workflow(step).run(inputs).get_output() == [1, {"2": 3}]
    assert inputs == {"items": [1]}

    @lambda_function
    def wrong() -> Any:
        return {1, 2}

    described = workflow(wrong.step("Wrong")).run({}).describe()
    assert described["error"] == "Runtime.MarshalError"


def test_a_callback_calls_the_function_and_waits_for_the_answer() -> None:
    tokens: list[str] = []

    @lambda_function
    def ask(token: str) -> str:
        tokens.append(token)
        return "ignored"

    step = ask.step("Ask", payload={"token.$": "$$.Task.Token"}, wait_for_callback=True)
    execution = workflow(step).run({})
    assert execution.status is ExecutionStatus.Running
    execution.client.send_task_success(taskToken=tokens[0], output='"yes"')
    assert execution.get_output(wait=True) == "yes"


def test_an_event_invocation_calls_the_function_and_ignores_how_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    step = count.step("Count", route="x", week=-1, invocation_type="Event", output_path="$.StatusCode")
    assert workflow(step).run({}).get_output() == 202
    assert "there is no week -1" in caplog.text
    dry = count.step("Count", route="x", week=-1, invocation_type="DryRun", output_path="$.StatusCode")
    assert workflow(dry).run({}).get_output() == 204


def test_a_function_that_exits_fails_its_state() -> None:
    @lambda_function
    def leave() -> None:
        raise SystemExit(3)

    assert workflow(leave.step("Leave")).run({}).describe()["error"] == "Runtime.ExitError"


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"name": "my function"}, ValueError, "name='my function'"),
        ({"name": 3}, TypeError, "name is a string"),
        ({"runtime": "nodejs20.x"}, ValueError, "python3.12"),
        ({"memory": 64}, ValueError, "128 to 10240 megabytes"),
        ({"memory": True}, ValueError, "megabytes"),
        ({"timeout": 901}, ValueError, "1 to 900 seconds"),
        ({"timeout": 0.5}, ValueError, "seconds"),
        ({"role": "lambda-role"}, ValueError, "arn:aws:iam::"),
        ({"environment": {"A": "x"}}, ValueError, "the name 'A'"),
        ({"environment": {"AWS_REGION": "x"}}, ValueError, "'AWS_REGION', which Lambda sets itself"),
        ({"layers": ["l"] * 6}, ValueError, "has 6 layers: a function has at most 5"),
        ({"environment": {"A": 1}}, TypeError, r"environment\['A'\]"),
        ({"requirements": "pandas"}, TypeError, "requirements is a list"),
        ({"layers": [1]}, TypeError, "layers is a list"),
        ({"architecture": "arm"}, ValueError, "x86_64 or arm64"),
        ({"memroy": 128}, TypeError, "memroy"),
    ],
)
def test_settings_that_lambda_does_not_have(settings: dict[str, Any], error: type[Exception], said: str) -> None:
    def function() -> None:
        pass

    with pytest.raises(error, match=said):
        lambda_function(**settings)(function)


async def _asynchronous() -> None:
    pass


def _positional(a: int, /) -> None:
    pass


def _listed(*a: int) -> None:
    pass


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda event: event, "has no name"),
        (len, "written with def"),
        (LambdaStep, "written with def"),
        (_asynchronous, "asynchronous"),
        (_positional, "takes 'a' by position"),
        (_listed, "takes 'a' by position"),
    ],
)
def test_what_cannot_be_a_lambda_function(function: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        lambda_function(function)
