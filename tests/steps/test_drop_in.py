"""What programs written for 2.3.0 do with steps beyond building them: subclass, look up fields, get them wrong."""

from __future__ import annotations

import enum
import json
import logging
from typing import Any

import pytest

import stepfunctions
from stepfunctions import steps
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Catch, Chain, Graph, Map, Parallel, Pass, Retry, Succeed, Task
from stepfunctions.steps.states import Block, State


class Field(enum.Enum):
    Comment = "comment"
    Result = "result"


class Custom(State):
    """As 2.3.0 wanted subclasses: ``allowed_fields`` is an ordinary method that returns members of an Enum."""

    def __init__(self, state_id: str, **fields: Any) -> None:
        super().__init__(state_id, "Pass", **fields)

    def allowed_fields(self) -> list[Any]:  # type: ignore[override]
        return [Field.Comment, Field.Result]


def test_a_state_may_be_used_itself_and_subclassed() -> None:
    assert State("s", "Pass", comment="c").to_dict() == {"Comment": "c", "Type": "Pass", "End": True}
    assert State("s", "Succeed").to_dict() == {"Type": "Succeed"}
    assert Custom("c", comment="x", result=3).to_dict() == {"Comment": "x", "Result": 3, "Type": "Pass", "End": True}
    with pytest.raises(TypeError, match="Field 'parameters' is not supported"):
        Custom("c", parameters={})


@pytest.mark.parametrize("cls", [Task, Parallel, Map])
def test_retry_and_catch_may_be_positional(cls: Any) -> None:
    retry, catch = Retry(error_equals=["A"]), Catch(Pass("x"), error_equals=["B"])
    extra = {"iterator": Pass("i")} if cls is Map else {}
    step = cls("s", retry, [catch], **extra)
    assert step.to_dict()["Retry"] == [{"ErrorEquals": ["A"]}]
    assert step.to_dict()["Catch"] == [{"ErrorEquals": ["B"], "Next": "x"}]


def test_a_field_that_a_state_does_not_have_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="Field 'retry' is not supported"):
        Pass("p", retry=Retry(error_equals=["A"]))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Field 'catch' is not supported"):
        Succeed("s", catch=[])  # type: ignore[call-arg]


def test_a_block_names_its_fields() -> None:
    assert {"retry", "catch", "resource", "timeout_seconds_path"} <= set(Task.allowed_fields())
    assert {"iterator", "max_concurrency"} <= set(Map.allowed_fields())
    assert Task("t", resource="r").is_field_allowed("comment")
    assert not Pass("p").is_field_allowed("retry")
    assert Block().to_dict() == {}


loose: Any = steps  # nothing here is what the type checker would let through


@pytest.mark.parametrize(
    "make",
    [
        lambda: loose.Pass("a").next("b"),
        lambda: loose.Choice("c").next(None),
        lambda: loose.Choice("c").default_choice("b"),
        lambda: loose.Choice("c").add_choice(loose.ChoiceRule.IsNull("$.x", True), "b"),
        lambda: loose.Choice("c").add_choice(loose.Pass("b"), loose.ChoiceRule.IsNull("$.x", True)),
        lambda: loose.Catch("b", error_equals=["A"]),
        lambda: loose.Catch(loose.Pass, error_equals=["A"]),
        lambda: loose.Chain(["b"]),
        lambda: loose.Chain([loose.Pass("a")]).append(None),
        lambda: loose.Task("t", resource="r").add_retry(None),
        lambda: loose.Task("t", resource="r", retry=[loose.Catch(loose.Pass("a"))]),
        lambda: loose.Task("t", resource="r").add_catch("x"),
    ],
    ids=range(12),
)
def test_what_cannot_be_linked_is_a_type_error_at_once(make: Any) -> None:
    with pytest.raises(TypeError):
        make()


def test_a_field_that_takes_no_placeholder_says_so() -> None:
    with pytest.raises(ValueError, match="The field 'comment' takes no placeholder"):
        Pass("p", comment=ExecutionInput()["x"]).to_dict()  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="The field 'resource' takes no placeholder"):
        Task("t", resource=ExecutionInput()["x"]).to_dict()  # type: ignore[arg-type]


def test_keys_of_parameters_need_not_be_strings() -> None:
    written = Pass("p", parameters={1: ExecutionInput()["x"], 2: 3}).to_dict()  # type: ignore[dict-item]
    assert json.loads(json.dumps(written))["Parameters"] == {"1.$": "$$.Execution.Input['x']", "2": 3}


def test_a_graph_shares_nothing_with_its_states_or_readers() -> None:
    result, errors = {"a": [1]}, ["E"]
    chain = Chain([Pass("p", result=result), Task("t", resource="r", retry=Retry(error_equals=errors))])
    graph = Graph(chain)
    before = graph.to_json()
    result["a"].append(2)
    errors.append("F")
    graph.to_dict()["States"]["p"]["Result"]["a"].append(3)
    assert graph.to_json() == before


def test_the_top_of_a_definition_is_written_first() -> None:
    assert list(Graph(Pass("p"), comment="c", timeout_seconds=1, version="1.0").to_dict()) == [
        "TimeoutSeconds",
        "Comment",
        "Version",
        "StartAt",
        "States",
    ]


def test_the_stream_logger_replaces_itself_and_writes_in_colour(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("stepfunctions")
    before = logger.handlers, logger.level, logger.propagate
    try:
        stepfunctions.set_stream_logger()
        stepfunctions.set_stream_logger(level=logging.WARNING)
        logging.getLogger("stepfunctions.states").info("quiet")
        logging.getLogger("stepfunctions.states").warning("seen %d", 1)
        (handler,) = logger.handlers
        assert isinstance(handler.formatter, stepfunctions.CustomColorFormatter)
    finally:
        logger.handlers, logger.level, logger.propagate = before
    out = capsys.readouterr().out
    assert "seen 1" in out
    assert "quiet" not in out
    assert out.startswith("\x1b[33m")
    assert out.endswith("\x1b[0m\n")


def test_importing_does_not_touch_other_loggers() -> None:
    assert any(
        isinstance(handler, stepfunctions.NullHandler) for handler in logging.getLogger("stepfunctions").handlers
    )
    assert logging.getLogger().level == logging.WARNING
