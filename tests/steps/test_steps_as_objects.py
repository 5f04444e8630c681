"""What Python does to steps: copies, pickles, subclasses, threads, misspelt names, wrong values."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import stepfunctions.steps
from stepfunctions import asl
from stepfunctions.inputs import ExecutionInput, StepInput, jsonata, states
from stepfunctions.steps import (
    NULL,
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    FrozenGraph,
    Graph,
    ItemBatcher,
    ItemReader,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    ProcessorConfig,
    ReaderConfig,
    ResultWriter,
    Retry,
    Succeed,
    Task,
    Wait,
    WriterConfig,
)
from stepfunctions.steps.base import State
from stepfunctions.steps.fields import Field
from stepfunctions.workflow import Workflow

given = ExecutionInput(schema={"n": int, "s": str})


def samples() -> Iterator[Any]:
    end = Succeed("end")
    task = Task("task", resource="r", retry=Retry(error_equals=["E"]), catch=Catch(Fail("f"), error_equals=["E"]))
    task.next(end)
    choice = Choice("choice")
    choice.add_choice(given["n"] > 1, task, assign={"x": given["s"]}, comment="c")
    choice.default_choice(end)
    task.catches[0].next_step = choice  # and round again
    yield from (end, task, choice)
    yield Pass("pass", result=NULL, result_path=None)
    yield Pass("computed", output={"x": states.format("{}", jsonata("$now()")), "y": given["n"] > 1})
    yield Wait("wait", seconds=given["n"])
    yield Parallel("parallel", branches=[Pass("a") >> Pass("b"), Graph(Pass("c"))])
    yield Map(
        "map", item_processor=Chain([Pass("x"), Pass("y")]), distributed=True, item_reader=ItemReader.json("b", "k")
    )
    yield LambdaStep("call", parameters={"FunctionName": "f", "Payload": given})
    yield Retry(error_equals=["E"], max_attempts=0)
    yield Catch(Pass("h"), error_equals=["E"], assign={"x": StepInput()["y"]})
    yield ItemReader.csv("bucket", "key", ["a", "b"])
    yield ReaderConfig(input_type="JSON")
    yield ItemBatcher(max_items_per_batch=3)
    yield ResultWriter.to_s3("bucket", "prefix", output_type="JSONL")
    yield WriterConfig(output_type="JSON")
    yield ProcessorConfig(mode="INLINE")
    yield Graph(choice, comment="c")
    yield FrozenGraph(Graph(choice).to_dict())


@pytest.mark.parametrize("block", list(samples()), ids=lambda block: type(block).__name__)
def test_everything_copies_pickles_and_shows_itself(block: Any) -> None:
    for twin in (copy.copy(block), copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert type(twin) is type(block)
        assert twin.to_json() == block.to_json()
        assert repr(twin) == repr(block)
        assert str(twin) == str(block) == block.to_json(pretty=True)
    assert repr(block).startswith(f"{type(block).__name__}(")
    assert len({block, block}) == 1
    assert not hasattr(block, "anything_else")
    json.loads(block.to_json())


@pytest.mark.parametrize("block", list(samples()), ids=lambda block: type(block).__name__)
def test_a_deep_copy_shares_nothing_that_changes(block: Any) -> None:
    before = block.to_json()
    twin = copy.deepcopy(block)
    seen: set[int] = set()

    def change(value: Any) -> None:
        if id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, (State, Chain)) or type(value) in (Retry, Catch, Graph):
            for inner in list(vars(value).values()):
                change(inner)
            if isinstance(value, State):
                value.state_id += "!"
        elif isinstance(value, dict):
            for inner in list(value.values()):
                change(inner)
            value.clear()
        elif isinstance(value, list):
            for inner in value:
                change(inner)
            value.clear()

    change(twin)
    assert block.to_json() == before


def test_a_thousand_steps_in_a_row_are_copied() -> None:
    chain = Chain([Pass(f"p{number}") for number in range(1000)])
    for twin in (copy.deepcopy(chain), copy.deepcopy(chain.steps[0])):
        assert Graph(twin).to_json() == Graph(chain).to_json()
    assert copy.deepcopy(chain).steps[1] is not chain.steps[1]


# ------------------------------------------------------------------ names


CLASSES = [
    cls
    for name in stepfunctions.steps.__all__
    if inspect.isclass(cls := getattr(stepfunctions.steps, name)) and hasattr(cls, "ASL")
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_editor_sees_every_field(cls: Any) -> None:
    parameters = inspect.signature(cls).parameters
    assert {name for name, one in parameters.items() if one.kind is inspect.Parameter.VAR_KEYWORD} == set()
    fields = set(cls.constructor_fields())
    assert fields <= set(parameters)
    assert len(fields) > 1
    for name in fields:
        assert parameters[name].kind in (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Pass("p", reslt=1), "State 'p': Field 'reslt' is not supported. Did you mean 'result'?"),  # type: ignore[call-arg]
        (lambda: Map("m", max_concurency=1), "Did you mean 'max_concurrency'?"),  # type: ignore[call-arg]
        (lambda: Wait("w", second=1), "State 'w': Field 'second' is not supported. Did you mean 'seconds'?"),  # type: ignore[call-arg]
        (
            lambda: Catch(Pass("p"), error_equal=["E"]),  # type: ignore[call-arg]
            "Field 'error_equal' is not supported. Did you mean 'error_equals'?",
        ),
        (lambda: ItemReader(resorce="r"), "Did you mean 'resource'?"),
        (lambda: LambdaStep("l", retries=[]), "Field 'retries' is not supported. Did you mean 'retry'?"),  # type: ignore[call-arg]
        (lambda: Graph(Pass("p"), coment="c"), "unexpected keyword argument 'coment'"),  # type: ignore[call-arg]
    ],
)
def test_a_misspelt_argument(make: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("step", "name", "message"),
    [
        (Map("m"), "max_concurency", "State 'm': A Map has no field 'max_concurency'. Did you mean 'max_concurrency'?"),
        (Pass("p"), "timeout_seconds", "State 'p': A Pass has no field 'timeout_seconds'"),
        (Task("t", resource="r"), "timeoutseconds", "Did you mean 'timeout_seconds'?"),
        (
            Pass("p"),
            "output",
            "State 'p': 'output' is a method. The field of this name is the attribute 'output_value'",
        ),
        (Retry(error_equals=["E"]), "max_attempt", "A Retry has no field 'max_attempt'. Did you mean 'max_attempts'?"),
    ],
)
def test_a_misspelt_attribute_that_is_set(step: Any, name: str, message: str) -> None:
    before = dict(vars(step))
    with pytest.raises(AttributeError, match=re.escape(message)):
        setattr(step, name, 1)
    assert vars(step) == before


def test_a_misspelt_attribute_that_is_read() -> None:
    step: Any = Map("m")
    for name, other in (("max_concurency", "max_concurrency"), ("attach_iterater", "attach_iterator")):
        with pytest.raises(AttributeError, match=f"A Map has no attribute '{name}'. Did you mean '{other}'"):
            getattr(step, name)
    assert (step.max_concurrency, step.comment, step.items_path) == (None, None, None)


# ------------------------------------------------------------------ values


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("comment", 3, "'comment' must be a string, but is 3."),
        ("timeout_seconds", "5", "'timeout_seconds' must be an integer, but is '5'."),
        ("timeout_seconds", True, "'timeout_seconds' must be an integer, but is true."),
        ("timeout_seconds", 1.5, "'timeout_seconds' must be an integer, but is 1.5."),
        ("timeout_seconds", 0, "'timeout_seconds' must be at least 1, but is 0."),
        ("timeout_seconds", 10**9, "'timeout_seconds' must be at most 99999999, but is 1000000000."),
        ("heartbeat_seconds_path", "x", "'heartbeat_seconds_path' must be a path that begins with $, but is 'x'."),
        ("result_path", 5, "'result_path' must be a path, but is 5."),
        ("resource", None.__class__, "'resource' must be a string, but is <class 'NoneType'>"),
        ("credentials", {"Role": "r"}, '\'credentials\' must be {"RoleArn": "<ARN of a role>"}, but is an object.'),
        ("assign", ["x"], "'assign' must be an object, but is an array."),
        ("assign", {"states": 1}, "'assign' must not set the variable 'states': the name is reserved."),
        ("assign", {"x.y": 1}, "'assign' has 'x.y', which is no name of a variable"),
        ("assign", {1: 2}, "'assign' has the key 1, which is no string."),
        ("query_language", "jsonata", "'query_language' must be one of JSONPath, JSONata, but is 'jsonata'."),
    ],
)
def test_a_wrong_value_is_refused_when_given_and_when_set(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"State 't': {message}")):
        Task("t", **{"resource": "r", name: value})
    step = Task("t", resource="r")
    before = dict(vars(step))
    with pytest.raises(ValueError, match=re.escape(f"State 't': {message}")):
        setattr(step, name, value)
    assert vars(step) == before


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Retry(error_equals="States.ALL"), "'error_equals' must be a non-empty array of strings"),  # type: ignore[arg-type]
        (lambda: Retry(error_equals=[]), "'error_equals' must be a non-empty array of strings"),
        (lambda: Retry(error_equals=["E"], backoff_rate=0.5), "'backoff_rate' must be at least 1, but is 0.5"),
        (lambda: Retry(error_equals=["E"], max_attempts=-1), "'max_attempts' must be at least 0, but is -1"),
        (lambda: Retry(error_equals=["E"], jitter_strategy="half"), "'jitter_strategy' must be one of FULL, NONE"),
        (lambda: Map("m", label="x" * 41), "'label' must have at most 40 characters, but has 41"),
        (lambda: Map("m", tolerated_failure_percentage=101), "'tolerated_failure_percentage' must be at most 100"),
        (
            lambda: Map("m", item_reader={"Resorce": "r"}),
            "'item_reader' has no member 'Resorce'. Did you mean 'Resource'?",
        ),
        (
            lambda: Map("m", item_reader={"Resource": 3}),
            "'item_reader' has a 'Resource' that must be a string, but is 3",
        ),
        (
            lambda: Map("m", item_reader=ItemBatcher(max_items_per_batch=1)),
            "must be a ItemReader, but is a ItemBatcher",
        ),
        (lambda: Map("m", item_batcher=3), "'item_batcher' must be a ItemBatcher or a dict, but is 3"),  # type: ignore[arg-type]
        (
            lambda: Map("m", iterator=Pass("a"), item_processor=Pass("b")),
            "'iterator' and 'item_processor' exclude each other",
        ),
        (
            lambda: Map("m", iterator=3),  # type: ignore[arg-type]
            "The processor of 'm' is made of a State, a Chain, a Flow or a Graph, not of int",
        ),
        (lambda: Map("m").attach_iterator("x"), "The processor of 'm' is made of a State"),  # type: ignore[arg-type]
        (lambda: Parallel("p", branches=[{"StartAt": "x"}]), "A branch of 'p' is made of a State"),  # type: ignore[list-item]
        (lambda: Parallel("p").add_branch(None), "A branch of 'p' is made of a State"),  # type: ignore[arg-type]
        (lambda: Graph(Pass("p"), timeout_seconds=0), "A graph's 'timeout_seconds' must be at least 1, but is 0"),
        (lambda: Graph(Pass("p"), comment=3), "A graph's 'comment' must be a string, but is 3"),  # type: ignore[arg-type]
        (lambda: Graph(Pass("p"), timeout_seconds=given["n"]), "A graph's 'timeout_seconds' takes no placeholder"),  # type: ignore[arg-type]
        (lambda: Graph(Chain([])), "The chain has no steps. Give it one: Chain([step, …])"),
        (lambda: Workflow("w", Chain(), "role"), "The chain has no steps"),
        (lambda: Parallel("p", branches=[Chain()]).to_dict(), "The chain has no steps"),
    ],
)
def test_what_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, "'Parameters.k' is a set ({1, 2}), which JSON cannot say. Write a str, int, float, bool, None"),
        (b"x", "'Parameters.k' is a bytes (b'x'), which JSON cannot say"),
        (float("nan"), "'Parameters.k' is nan, which no JSON value is"),
        ([1, {"d": object}], "'Parameters.k[1].d' is a type"),
        ({("a",): 1}, "'Parameters.k' has the key ('a',), which JSON cannot say. Write a string"),
        ([given["n"], {1}], "'Parameters.k': {1} stands beside an expression, but is no JSON value"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"State 'p': {message}")):
        Graph(Pass("p", parameters={"k": value}))


def test_fields_at_odds_are_refused_when_written() -> None:
    step: Any = Wait("w", seconds=3)
    step.timestamp = "2026-01-31T00:00:00Z"
    with pytest.raises(ValueError, match="State 'w': 'seconds' and 'timestamp' exclude each other: give one of them"):
        step.to_dict()
    step.seconds = None
    assert step.to_dict()["Timestamp"] == "2026-01-31T00:00:00Z"


@pytest.mark.parametrize("name", ["x" * 80, "ü" * 80, "日本", "a/b~c", 'it\'s "quoted"', " "])
def test_names_of_80_characters_of_any_kind(name: str) -> None:
    assert list(asl.parse(Graph(Pass(name)).to_dict()).states) == [name]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (
            "x" * 81,
            ValueError,
            "The state's name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…' has 81 characters; AWS takes at most 80",
        ),
        ("", ValueError, "A state's name is empty. Give it one, such as 'Train'"),
        (None, TypeError, "A state's name is a string, not NoneType (None)"),
        (7, TypeError, "A state's name is a string, not int (7)"),
    ],
)
def test_names_that_aws_does_not_take(name: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        Pass(name)
    step = Pass("p")
    with pytest.raises(error, match=re.escape(message)):
        step.state_id = name
    assert step.state_id == "p"


# ------------------------------------------------------------------ states in several places


def test_one_state_in_two_graphs() -> None:
    shared = Pass("shared")
    one, two = Graph(Pass("a") >> shared), Graph(Pass("b") >> shared >> Pass("c"))
    assert one.to_dict()["States"]["shared"] == {"Type": "Pass", "End": True}
    assert two.to_dict()["States"]["shared"] == {"Type": "Pass", "Next": "c"}


def test_one_state_in_two_branches_is_refused() -> None:
    shared = Pass("shared")
    for both in (
        Parallel("p", branches=[shared, shared]),
        Parallel("p", branches=[Pass("a") >> shared, Pass("b") >> shared]),
        Parallel("p", branches=[Graph(shared), shared]),
        Parallel("p", branches=[Map("m", iterator=shared), shared]),
        shared >> Parallel("p", branches=[shared]),
    ):
        with pytest.raises(ValueError, match=r"unique state id. Found duplicate state id 'shared' in workflow"):
            Graph(both)
    with pytest.raises(ValueError, match="It stands in two branches: make a state for each"):
        Graph(Parallel("p", branches=[shared, shared]))


def test_a_branch_that_leads_out_of_itself_is_refused() -> None:
    around = Parallel("p", branches=[Pass("inner")])
    around.branches[0].next(around)  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="duplicate state id 'p'"):
        Graph(around)


def test_a_graph_is_a_picture_of_its_moment() -> None:
    inner, task = Pass("inner"), Task("task", resource="r", parameters={"l": [1], "d": {"k": given["n"]}})
    choice = Choice("choice")
    choice.add_choice(given["n"] > 1, task)
    graph = Graph(Chain([Parallel("p", branches=[inner]), choice]))
    before = graph.to_json()
    inner.comment = "later"
    inner.next(Pass("more"))
    task.parameters["l"].append(2)
    task.add_retry(Retry(error_equals=["E"]))
    task.state_id = "renamed"
    choice.add_choice(given["n"] > 2, Pass("other"))
    graph.to_dict()["States"]["p"]["Branches"].clear()
    assert graph.to_json() == before


def test_twenty_levels_of_branches_are_written_once_each() -> None:
    written: list[str] = []

    class Counted(Pass):
        def to_dict(self) -> dict[str, Any]:
            written.append(self.state_id)
            return super().to_dict()

    step: Any = Counted("deepest")
    for level in range(20):
        step = Parallel(f"p{level}", branches=[step, Counted(f"b{level}")])
    definition = Graph(step).to_dict()
    assert len(written) == len(set(written)) == 21
    for level in reversed(range(20)):
        definition = definition["States"][f"p{level}"]["Branches"][0]
    assert list(definition["States"]) == ["deepest"]


def test_many_threads_write_at_once() -> None:
    shared = Pass("shared", parameters={"n": given["n"]})

    def build(number: int) -> str:
        barrier.wait()
        choice = Choice(f"c{number}").when(given["n"] > number, shared).otherwise(Fail(f"f{number}"))
        steps = [Task(f"t{number}.{index}", resource="r", timeout_seconds=given["n"]) for index in range(20)]
        return Graph(Chain(steps) >> choice).to_json()

    barrier = threading.Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(build, range(8)))
    barrier = threading.Barrier(1)
    assert found == [build(number) for number in range(8)]


# ------------------------------------------------------------------ programs of 2.3.0


class OldStep(State):
    """As programs for 2.3.0 make steps of their own: constructor, fields, attributes, to_dict."""

    def __init__(self, state_id: str, rows: int, **kwargs: Any) -> None:
        self.rows = rows
        self.results: list[int] = []
        self.retry_count = 0
        super().__init__(state_id, "Task", **kwargs)
        self.resources = ["x"]

    def allowed_fields(self) -> list[Any]:  # type: ignore[override]
        return [Field.Comment, Field.Resource, Field.Parameters, Field.TimeoutSeconds, Field.Retry]

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "Comment": f"{self.rows} rows"}


def test_a_step_made_for_2_3_0() -> None:
    step = OldStep("old", 7, resource="r", parameters={"n": given["n"]}, timeout_seconds=5)
    step.add_retry(Retry(error_equals=["E"]))
    assert Graph(Chain([step, Pass("after")])).to_dict()["States"]["old"] == {
        "Resource": "r",
        "Parameters": {"n.$": "$$.Execution.Input['n']"},
        "TimeoutSeconds": 5,
        "Type": "Task",
        "Next": "after",
        "Retry": [{"ErrorEquals": ["E"]}],
        "Comment": "7 rows",
    }
    with pytest.raises(TypeError, match="Field 'catch' is not supported"):
        OldStep("old", 7, catch=[])
    for twin in (copy.deepcopy(step), pickle.loads(pickle.dumps(step))):
        assert (twin.rows, twin.results, twin.to_dict()) == (7, [], step.to_dict())


def test_rules_may_be_plain_pairs() -> None:
    choice = Choice("c")
    choice.choices.append((ChoiceRule.IsNull("$.x", True), Pass("a")))  # type: ignore[arg-type]
    choice.choices += [(ChoiceRule.IsNull("$.y", True), Pass("b") >> Pass("c2"))]  # type: ignore[list-item]
    states_of = Graph(choice >> Pass("d")).to_dict()["States"]
    assert states_of["c"]["Choices"] == [
        {"Variable": "$.x", "IsNull": True, "Next": "a"},
        {"Variable": "$.y", "IsNull": True, "Next": "b"},
    ]
    assert states_of["c2"] == {"Type": "Pass", "End": True}


@pytest.mark.parametrize("order", range(4))
def test_the_order_of_linking_does_not_matter(order: int) -> None:
    start, choice, good, bad, last = Pass("start"), Choice("choice"), Pass("good"), Fail("bad"), Pass("last")
    work: list[Callable[[], Any]] = [
        lambda: Chain([start, choice]),
        lambda: choice.add_choice(ChoiceRule.IsPresent("$.x", True), good),
        lambda: choice.default_choice(bad),
        lambda: Chain([good, last]),
    ]
    for make in work[order:] + work[:order]:
        make()
    assert {name: state.get("Next") for name, state in Graph(start).to_dict()["States"].items()} == {
        "start": "choice",
        "choice": None,
        "bad": None,
        "good": "last",
        "last": None,
    }
