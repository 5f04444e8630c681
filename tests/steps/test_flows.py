"""Flows: steps put together as values, which change nothing that they are made of."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stepfunctions import asl
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    Flow,
    Graph,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
)
from stepfunctions.steps.base import State
from stepfunctions.steps.visitors import GraphVisitor
from stepfunctions.workflow import Workflow

loose: Any = Pass("loose")
n = ExecutionInput()["n"]


class Names(dict[str, State]):
    """Makes a step of a name when it is first asked for."""

    def __missing__(self, name: str) -> State:
        self[name] = Pass(name)
        return self[name]


@pytest.fixture
def s() -> Names:
    return Names()


@pytest.fixture
def choice() -> Choice:
    return Choice("choice")


def ways(step: Any) -> dict[str, Any]:
    """Return where each state of a definition leads: a name, None at the end, a list for a Choice."""
    definition = Graph(step).to_dict()
    asl.parse(definition)
    found: dict[str, Any] = {"": definition["StartAt"]}
    for name, state in definition["States"].items():
        rules = [rule["Next"] for rule in state.get("Choices", ())]
        found[name] = [*rules, state.get("Default")] if state["Type"] == "Choice" else state.get("Next")
    return found


def test_steps_follow_each_other(s: Names) -> None:
    assert ways(s["a"] >> s["b"] >> s["c"]) == {"": "a", "a": "b", "b": "c", "c": None}
    assert ways(s["a"] >> (s["b"] >> s["c"])) == ways((s["a"] >> s["b"]) >> s["c"])


def test_the_ways_of_a_choice_join_again(s: Names, choice: Choice) -> None:
    flow = s["a"] >> choice.when(n > 1, s["b"]).when(n > 0, s["c"] >> s["d"]).otherwise(s["e"]) >> s["f"] >> s["g"]
    assert ways(flow) == {
        "": "a",
        "a": "choice",
        "choice": ["b", "c", "e"],
        "b": "f",
        "c": "d",
        "d": "f",
        "e": "f",
        "f": "g",
        "g": None,
    }


def test_without_otherwise_what_follows_is_the_default(s: Names, choice: Choice) -> None:
    assert ways(choice.when(n > 1, s["b"]) >> s["c"]) == {"": "choice", "choice": ["b", "c"], "b": "c", "c": None}
    assert ways(choice.when(n > 1, s["b"])) == {"": "choice", "choice": ["b", None], "b": None}


def test_a_choice_alone_leads_on_to_its_default(s: Names, choice: Choice) -> None:
    choice.add_choice(n > 1, s["b"])
    assert ways(s["a"] >> choice >> s["c"])["choice"] == ["b", "c"]


def test_ways_that_end_are_not_continued(s: Names, choice: Choice) -> None:
    flow = choice.when(n > 1, Fail("f")).when(n > 2, Succeed("ok")).otherwise(s["b"]) >> s["c"]
    assert ways(flow) == {"": "choice", "choice": ["f", "ok", "b"], "f": None, "ok": None, "b": "c", "c": None}


def test_a_choice_in_a_choice_joins_too(s: Names) -> None:
    inner = Choice("inner").when(n > 5, s["x"]).otherwise(s["y"])
    flow = Choice("outer").when(n > 1, s["a"] >> inner).otherwise(s["b"]) >> s["c"]
    assert ways(flow) == {
        "": "outer",
        "outer": ["a", "b"],
        "a": "inner",
        "inner": ["x", "y"],
        "x": "c",
        "y": "c",
        "b": "c",
        "c": None,
    }


def test_a_way_may_lead_back(s: Names, choice: Choice) -> None:
    wait = Wait("wait", seconds=1)
    flow = s["a"] >> s["b"] >> choice.when(n > 1, wait >> s["a"]).otherwise(s["done"]) >> s["end"]
    assert ways(flow) == {
        "": "a",
        "a": "b",
        "b": "choice",
        "choice": ["wait", "done"],
        "wait": "a",
        "done": "end",
        "end": None,
    }
    loop = s["x"] >> s["y"]
    again = Choice("again?")
    assert ways(loop >> again.when(n > 1, loop).otherwise(s["z"]) >> s["last"]) == {
        "": "x",
        "x": "y",
        "y": "again?",
        "again?": ["x", "z"],
        "z": "last",
        "last": None,
    }
    assert ways(again.when(n > 1, again).otherwise(s["z"])) == {"": "again?", "again?": ["again?", "z"], "z": None}


def test_two_rules_may_lead_to_one_step(s: Names, choice: Choice) -> None:
    flow = choice.when(n > 1, s["b"]).when(n < 0, s["b"]).otherwise(s["c"]) >> s["d"]
    assert ways(flow) == {"": "choice", "choice": ["b", "b", "c"], "b": "d", "c": "d", "d": None}


def test_rules_have_assign_output_and_comment(s: Names) -> None:
    flow = Choice("c").when(n > 1, s["b"], assign={"big": n}, output={"n": n}, comment="big").otherwise(s["d"])
    assert Graph(flow).to_dict()["States"]["c"] == {
        "QueryLanguage": "JSONata",
        "Type": "Choice",
        "Choices": [
            {
                "Condition": "{% $states.context.Execution.Input.n > 1 %}",
                "Assign": {"big": "{% $states.context.Execution.Input.n %}"},
                "Output": {"n": "{% $states.context.Execution.Input.n %}"},
                "Comment": "big",
                "Next": "b",
            }
        ],
        "Default": "d",
    }


def test_flows_stand_wherever_a_step_may(s: Names, choice: Choice) -> None:
    tidy = s["tidy"] >> Fail("failed")
    work = Task("work", resource="r", catch=Catch(tidy, error_equals=["States.ALL"]))
    both = Parallel("both", branches=[s["p"] >> s["q"], s["r"]])
    each = Map("each", item_processor=Choice("odd?").when(n > 1, s["odd"]).otherwise(s["even"]) >> s["one"])
    choice.add_choice(ChoiceRule.IsPresent("$.x", True), both >> each)
    choice.default_choice(s["a"] >> s["b"])
    graph = Graph(work >> choice)
    assert ways(graph.branch) == {
        "": "work",
        "work": "choice",
        "tidy": "failed",
        "failed": None,
        "choice": ["both", "a"],
        "both": "each",
        "each": None,
        "a": "b",
        "b": None,
    }
    states = graph.to_dict()["States"]
    assert [list(branch["States"]) for branch in states["both"]["Branches"]] == [["p", "q"], ["r"]]
    assert states["each"]["ItemProcessor"]["States"]["even"]["Next"] == "one"
    assert Workflow("w", s["x"] >> s["y"], "role").definition.to_dict()["StartAt"] == "x"


def test_chains_and_flows_go_together(s: Names) -> None:
    chain = Chain([s["a"], s["b"]])
    assert ways(chain >> s["c"] >> Chain([s["d"], s["e"]]) >> s["f"]) == {
        "": "a",
        "a": "b",
        "b": "c",
        "c": "d",
        "d": "e",
        "e": "f",
        "f": None,
    }
    assert s["b"].next_step is None, "the chain's last step leads on in the flow only"
    assert s["x"].next(s["y"] >> s["z"]).first is s["y"]
    assert ways(s["x"]) == {"": "x", "x": "y", "y": "z", "z": None}
    with pytest.raises(TypeError, match="Put flows together with >>"):
        Chain([s["q"] >> s["r"]])


def test_a_choice_in_the_middle_of_a_chain_leads_on(s: Names, choice: Choice) -> None:
    choice.add_choice(n > 1, s["b"])
    flow = Chain([s["a"], choice, s["c"]]) >> s["d"]
    assert ways(flow) == {"": "a", "a": "choice", "choice": ["b", "c"], "b": None, "c": "d", "d": None}


def test_a_step_that_was_linked_keeps_its_way_unless_told_otherwise(s: Names, caplog: pytest.LogCaptureFixture) -> None:
    s["b"].next(s["c"])
    flow = Choice("c1").when(n > 1, s["b"]).otherwise(s["d"]) >> s["e"]
    assert ways(flow)["b"] == "c"
    own = Choice("own")
    own.add_choice(n > 2, s["b"])
    own.default_choice(s["c"])
    assert ways(Choice("c2").when(n > 1, own).otherwise(s["d"]) >> s["e"])["own"] == ["b", "c"]
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING, "stepfunctions.states"):
        assert ways(s["b"] >> s["e"])["b"] == "e"
    assert caplog.messages == ["In this flow 'b' goes on to 'e', not to 'c' as next() or a Chain has linked it"]
    assert ways(s["b"])["b"] == "c"


def everything(s: Names) -> Iterator[Callable[[], Any]]:
    choice, task = Choice("choice"), Task("t", resource="r", retry=Retry(error_equals=["E"]))
    chain = Chain([s["i"], s["j"]])
    flow = s["k"] >> s["l"]
    rules = choice.when(n > 1, s["a"])
    yield lambda: s["a"] >> s["b"]
    yield lambda: chain >> s["c"]
    yield lambda: flow >> chain
    yield lambda: choice.when(n > 1, chain).when(n > 2, flow).otherwise(s["d"]) >> s["e"]
    yield lambda: rules.when(n > 2, s["b"]).otherwise(s["c"])
    yield lambda: rules >> s["d"]
    yield lambda: Graph(task >> choice.when(n > 1, task).otherwise(flow))
    yield lambda: flow.prefixed("p ")
    yield lambda: Parallel("p", branches=[flow, chain])
    yield lambda: Graph(Map("m", item_processor=flow)).to_json()
    yield lambda: Workflow("w", rules >> flow, "role")


@pytest.mark.parametrize("number", range(11))
def test_nothing_is_changed(number: int, s: Names) -> None:
    make = list(everything(s))[number]
    known: list[Any] = [*s.values(), *(cell.cell_contents for cell in make.__closure__ or ())]
    objects = [one for one in known if isinstance(one, (State, Chain, Flow))]
    before = [(copy.copy(vars(one)), [copy.copy(value) for value in vars(one).values()]) for one in objects]
    first, second = make(), make()
    for one, (attributes, contents) in zip(objects, before, strict=True):
        assert list(vars(one)) == list(attributes)
        for (name, value), old, content in zip(vars(one).items(), attributes.values(), contents, strict=True):
            assert value is old, name
            if isinstance(value, (list, dict, tuple)):
                assert value == content, name
    assert repr(first) == repr(second)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: Succeed("s") >> Pass("p"),
            ValueError,
            "Nothing can follow here: every way .* with 's' has ended before 'p'",
        ),
        (lambda: Pass("a") >> Fail("f") >> Pass("p"), ValueError, "begins with 'a' has ended before 'p'"),
        (lambda: (p := Pass("a")) >> p, ValueError, "'a' would follow itself for ever. Lead back to it from a Choice"),
        (lambda: (p := Pass("a")) >> Pass("b") >> p >> Pass("c"), ValueError, "has ended before 'c'"),
        (lambda: loose >> "b", TypeError, "A step leads to a State, a Chain or a Flow, not to str"),
        (lambda: loose >> None, TypeError, "not to NoneType"),
        (lambda: loose >> Graph(Pass("g")), TypeError, "not to Graph"),
        (lambda: "a" >> loose, TypeError, "unsupported operand"),
        (lambda: Pass("a") >> Chain([]), ValueError, "The chain has no steps"),
        (lambda: Choice("c").when(n > 1, None), TypeError, "not to NoneType"),  # type: ignore[arg-type]
        (lambda: Choice("c").when(Pass("a"), n > 1), TypeError, "A step leads to a State"),  # type: ignore[arg-type]
        (lambda: Choice("c").when("$.x", Pass("a")), TypeError, "A choice is a condition, such as"),  # type: ignore[arg-type]
        (
            lambda: Choice("c").when(n > 1, Pass("a")).otherwise(Pass("b")).otherwise(Pass("d")),
            ValueError,
            "The choice 'c' goes on to 'b' otherwise; it cannot go on to 'd' too",
        ),
        (
            lambda: Choice("c").when(n > 1, (a := Pass("a")) >> Pass("b")).otherwise(a >> Pass("d")),
            ValueError,
            r"The state 'a' leads to different steps in two flows that are put together \('b', 'd'\)\. Use two states",
        ),
        (
            lambda: Graph(
                Pass("s")
                >> Task("t", resource="r", catch=Catch((a := Pass("a")) >> Pass("b"), error_equals=["E"]))
                >> a
                >> Pass("d")
            ),
            ValueError,
            r"'a' leads to different steps",
        ),
        (lambda: Graph(Pass("a") >> Pass("a")), ValueError, "unique state id. Found duplicate state id 'a'"),
        (lambda: Graph([Pass("a")]), ValueError, "not of list"),  # type: ignore[arg-type]
    ],
)
def test_misuse(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_flow_shows_itself_and_can_be_copied(s: Names) -> None:
    flow = s["a"] >> Choice("c").when(n > 1, s["b"])
    assert repr(flow) == "Flow('a', tails=['c', 'b'])"
    assert flow.state_id == "a"
    assert ways(copy.deepcopy(flow)) == ways(copy.copy(flow)) == ways(flow)


class Named(Task):
    """As a program of 2.3.0 may have it: what is written is its own."""

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "Comment": f"of {self.state_id}"}


class Both(Parallel):
    def to_dict(self) -> dict[str, Any]:
        super().to_dict()  # to write twice does no harm
        return super().to_dict()


def test_a_step_with_a_to_dict_of_its_own_goes_on_as_the_flow_says(s: Names) -> None:
    flow = Named("n", resource="r") >> Both("both", branches=[s["a"] >> Named("m", resource="r") >> s["b"]]) >> s["c"]
    states = Graph(flow).to_dict()["States"]
    assert states["n"] == {"Resource": "r", "Type": "Task", "Next": "both", "Comment": "of n"}
    assert states["both"]["Next"] == "c"
    assert states["both"]["Branches"][0]["States"]["m"] == {
        "Resource": "r",
        "Type": "Task",
        "Next": "b",
        "Comment": "of m",
    }
    with pytest.raises(ValueError, match="duplicate state id 'a'"):
        Graph(Both("x", branches=[s["a"]]) >> Both("y", branches=[s["a"]]))


def test_the_visitors_of_2_3_0_see_a_flow(s: Names) -> None:
    visitor = GraphVisitor()
    Chain([s["a"], s["b"]]).accept(visitor)
    s["c"].next(s["d"] >> s["e"])
    s["c"].accept(visitor)
    assert list(visitor.states) == ["a", "b", "c", "d", "e"]
