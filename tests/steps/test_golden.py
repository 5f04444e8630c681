"""Programs written for 2.3.0 emit what they did: ``golden/*.json`` was recorded by running these functions there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.inputs import ExecutionInput, StepInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    EcsRunTaskStep,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    GlueStartJobRunStep,
    Graph,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
)

GOLDEN = Path(__file__).parent / "golden"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def flow() -> Graph:
    """Every state, linked in every way."""
    failed = Fail("failed", error="E", cause="C", comment="the end")
    retry = Retry(error_equals=["States.TaskFailed"], interval_seconds=3, max_attempts=0, backoff_rate=1.5)
    catch = Catch(error_equals=["States.ALL"], next_step=Chain([Pass("clean up"), failed]), result_path=None)
    first = Task(
        "first",
        retry,
        catch,
        resource=FUNCTION,
        timeout_seconds=10,
        heartbeat_seconds_path="$.beat",
        input_path=None,
        output_path="$.out",
        result_path="$.result",
        parameters={},
    )
    first.add_retry([Retry(error_equals=["A"]), Retry(error_equals=["States.ALL"])])
    branches = Parallel("branches", None, [Catch(failed, error_equals=["X"])], parameters={"a.$": "$.a"})
    branches.add_branch(Chain([Pass("left", result=[None, 0, "", {}]), Succeed("left done", comment="c")]))
    inner = Map("inner", iterator=Pass("each"), items_path="$.items", max_concurrency=0)
    branches.add_branch(inner)
    choice = Choice("which?", comment="c", input_path="$.x")
    choice.add_choice(
        ChoiceRule.And(
            [
                ChoiceRule.IsPresent("$.a", True),
                ChoiceRule.Not(
                    ChoiceRule.Or(
                        [ChoiceRule.StringMatches("$.a", "*x"), ChoiceRule.TimestampLessThanPath("$.t", "$.u")]
                    )
                ),
            ]
        ),
        first,
    )
    choice.add_choice(ChoiceRule.NumericGreaterThanEquals(branches.output()["n"], 5.5), Wait("wait", seconds=0))
    last = Chain([Chain([Wait("until", timestamp_path="$.at")]), Succeed("done")])
    return Graph(Chain([first, branches, choice, last]), timeout_seconds=60, comment="all", version="1.0")


def placeholders() -> Graph:
    """Placeholders, at every depth where 2.3.0 took them."""
    given = ExecutionInput(schema={"week": int, "where": {"bucket": str}, "list": list})
    first = LambdaStep(
        "first",
        output_schema={"uri": str, "rows": {"n": int}},
        parameters={
            "FunctionName": "f",
            "Payload": {
                "week": given["week"],
                "deep": {"er": [{"bucket": given["where"]["bucket"]}]},
                "all": given,
                "fixed": [1, "a", None, True],
            },
        },
    )
    second = GlueStartJobRunStep(
        "second",
        parameters={"JobName": "j", "Arguments": {"--uri": first.output()["uri"], "--n": first.output()["rows"]["n"]}},
    )
    third = Pass("third", parameters={"whole": second.output(), "index": second.output()["x"][0]["y"]})
    fourth = Pass("fourth", parameters={"free": third.output().get("z", float), "own": StepInput().to_jsonpath()})
    return Graph(Chain([first, second, third, fourth]))


def services() -> Graph:
    """The steps of services that need no SDK."""
    return Graph(
        Chain(
            [
                LambdaStep(
                    "callback",
                    wait_for_callback=True,
                    timeout_seconds_path="$.t",
                    result_path=None,
                    parameters={"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
                ),
                GlueStartJobRunStep("start only", False, parameters={"JobName": "j"}, comment="c"),
                EcsRunTaskStep(
                    "run",
                    parameters={"TaskDefinition": "t", "LaunchType": "FARGATE"},
                    resource="overwritten",
                    retry=Retry(error_equals=["States.ALL"]),
                ),
                EcsRunTaskStep("run and go on", wait_for_completion=False),
                EndpointConfigStep("config", "c", "m", 1, "ml.m5.large", variant_name="v", tags={"a": "b", "c": "d"}),
                EndpointConfigStep(
                    "config 2",
                    endpoint_config_name=ExecutionInput()["c"],
                    model_name=ExecutionInput()["m"],
                    initial_instance_count=2,
                    instance_type="ml.m5.large",
                ),
                EndpointStep("create", "e", "c"),
                EndpointStep("update", endpoint_name="e", endpoint_config_name="c", update=True, tags={"a": "b"}),
            ]
        )
    )


PROGRAMS: tuple[Callable[[], Graph], ...] = (flow, placeholders, services)


def _ordered(value: Any) -> Any:
    """Objects as lists of pairs, so that the order of their keys counts."""
    if isinstance(value, dict):
        return [(key, _ordered(item)) for key, item in value.items()]
    return [_ordered(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_2_3_0_emits_the_same_json(program: Callable[[], Graph], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    golden = json.loads((GOLDEN / f"{program.__name__}.json").read_text())
    written = json.loads(program().to_json())
    assert written == golden
    if program is not flow:  # 2.3.0 wrote a Map's Iterator where it was given, not after the other fields
        assert _ordered(written) == _ordered(golden)
    program().to_machine()
