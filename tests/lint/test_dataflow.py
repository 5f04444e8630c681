"""The data flow: what is told, what is not, and that nothing which a run has read is called impossible."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.lint import RULES, check
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.objects import MemoryObjects
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.memory import MemoryStore

JsonDict = dict[str, Any]
SURE = [rule for rule in RULES if rule.id in ("IMPOSSIBLE_PATH", "UNDEFINED_VARIABLE", "OUT_OF_SCOPE_VARIABLE")]
MADE: JsonDict = {"Type": "Pass", "Result": {"a": 1}, "Next": "Next"}
END: JsonDict = {"Type": "Pass", "End": True}


def found(states: JsonDict) -> list[tuple[str, str]]:
    definition = {"StartAt": next(iter(states)), "States": states}
    return [(finding.rule, str(finding.path)) for finding in check(definition, rules=SURE)]


def choice(*tests: JsonDict) -> JsonDict:
    return {"Type": "Choice", "Choices": [{"And": list(tests), "Next": "End"}], "Default": "End"}


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ({"Type": "Pass", "Assign": {"x.$": "$.b"}, "End": True}, "Assign/x.$"),
        ({"Type": "Pass", "Parameters": {"x.$": "States.Array($.a, $.b)"}, "End": True}, "Parameters/x.$"),
        (choice({"Variable": "$.a", "NumericEqualsPath": "$.b"}), "Choices/0/And/0/NumericEqualsPath"),
        (
            {
                "Type": "Choice",
                "QueryLanguage": "JSONata",
                "Choices": [{"Condition": "{% $states.input.b %}", "Next": "End"}],
            },
            "Choices/0/Condition",
        ),
        (
            {"Type": "Wait", "QueryLanguage": "JSONata", "Seconds": "{% $states.input.b %}", "End": True},
            "Seconds",
        ),
        (
            {
                "Type": "Task",
                "QueryLanguage": "JSONata",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Catch": [
                    {"ErrorEquals": ["States.ALL"], "Output": "{% $states.errorOutput.Message %}", "Next": "End"}
                ],
                "End": True,
            },
            "Catch/0/Output",
        ),
        (
            {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"x.$": "$.Message"}, "Next": "End"}],
                "End": True,
            },
            "Catch/0/Assign/x.$",
        ),
    ],
)
def test_a_path_that_leads_nowhere_is_told_in_every_field(state: JsonDict, where: str) -> None:
    assert found({"Made": MADE, "Next": state, "End": END}) == [("IMPOSSIBLE_PATH", f"/States/Next/{where}")]


@pytest.mark.parametrize("what", ["$.b", "$.b.c", "$['b']['c']", "$.b[0].c"])
def test_what_a_choice_asks_for_may_be_there(what: str) -> None:
    asked = what.replace(".c", "").replace("['c']", "")
    tests = {"Variable": asked, "IsPresent": True}, {"Variable": what, "NumericEquals": 1}
    assert found({"Made": MADE, "Next": choice(*tests), "End": END}) == []
    after = {**choice(tests[0]), "Default": "Read"}
    read = {"Type": "Pass", "InputPath": what, "End": True}
    assert found({"Made": MADE, "Next": after, "End": END, "Read": read}) == []


def test_a_variable_that_a_choice_asks_for_may_be_undefined() -> None:
    asked = choice({"Variable": "$x", "IsPresent": True}, {"Variable": "$x.y", "NumericEquals": 1})
    assert found({"Next": asked, "End": END}) == []


def test_the_shape_goes_on_through_jsonata() -> None:
    kept = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"k": "{% $states.input %}"}, "Next": "Read"}
    read = {"Type": "Pass", "Parameters": {"x.$": "$.k.a", "y.$": "$.k.b"}, "End": True}
    assert found({"Made": MADE, "Next": kept, "Read": read}) == [("IMPOSSIBLE_PATH", "/States/Read/Parameters/y.$")]


def test_answers_are_known_at_any_depth() -> None:
    describe = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable", "Next": "Read"}
    right = {"s.$": "$.Table.TableStatus", "k.$": "$.Table.KeySchema[0].AttributeName"}
    read = {"Type": "Pass", "Parameters": {**right, "x.$": "$.Table.Status"}, "End": True}
    assert found({"Ask": describe, "Read": read}) == [("IMPOSSIBLE_PATH", "/States/Read/Parameters/x.$")]


# -- random machines ---------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b"])
PATHS = st.lists(NAMES, max_size=2).map(lambda keys: ".".join(["$", *keys]))
VALUES = st.recursive(
    st.integers(0, 2) | st.just("t"),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=5,
)
INPUTS = st.fixed_dictionaries({"a": VALUES}, optional={"b": VALUES})
VARIABLES = st.sampled_from(["a0", "b0", "a1", "b1"])
TEXTS = PATHS | PATHS | VARIABLES.map(lambda name: f"${name}") | PATHS.map(lambda path: f"States.Array({path})")
TEMPLATES = st.dictionaries(NAMES.map(lambda name: f"{name}.$"), TEXTS, max_size=2)
CHAINS = PATHS.map(lambda path: f"{{% $states.input{path[1:]} %}}")
EXPRESSIONS = CHAINS | CHAINS | VARIABLES.map(lambda name: f"{{% ${name} %}}")
JSONATA = EXPRESSIONS | st.dictionaries(NAMES, EXPRESSIONS | VALUES, max_size=2)


@st.composite
def states(draw: Any, name: str, depth: int, following: list[str]) -> JsonDict:
    """Draw a state that goes on to the next one, a Choice to any of those that follow; the last one ends."""
    kind = draw(st.sampled_from(["Pass", "Pass", "JSONata", "Choice", *(["Parallel", "Map"] if depth else [])]))
    goes_on: JsonDict = {"Next": following[0]} if following else {"End": True}
    assigned = NAMES.map(lambda variable: f"{variable}{depth}")
    if kind == "JSONata":
        assign = draw(st.dictionaries(assigned, EXPRESSIONS, max_size=1))
        return {"Type": "Pass", "QueryLanguage": kind, "Output": draw(JSONATA), "Assign": assign, **goes_on}
    if kind == "Choice" and following:
        test = {"Variable": draw(PATHS), draw(st.sampled_from(["IsPresent", "IsNumeric"])): draw(st.booleans())}
        return {"Type": kind, "Choices": [{**test, "Next": draw(st.sampled_from(following))}], "Default": following[0]}
    paths = draw(st.fixed_dictionaries({}, optional={"InputPath": PATHS, "OutputPath": PATHS, "ResultPath": PATHS}))
    assign = draw(st.dictionaries(assigned.map(lambda variable: f"{variable}.$"), TEXTS, max_size=1))
    state: JsonDict = {**paths, "Assign": assign, **goes_on}
    if kind in ("Parallel", "Map"):
        inside = draw(machines(depth - 1, name))
        if draw(st.booleans()):
            state["ResultSelector"] = draw(TEMPLATES)
        if following:
            state["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": draw(PATHS), **goes_on}]
            state["Catch"][0]["Assign"] = {f"caught{depth}": True}
        if kind == "Map":
            return {"Type": kind, "ItemSelector": draw(TEMPLATES), "ItemProcessor": inside, **state}
        return {"Type": kind, "Branches": [inside], **state}
    made = draw(
        st.fixed_dictionaries({"Result": VALUES}) | st.fixed_dictionaries({"Parameters": TEMPLATES}) | st.just({})
    )
    return {"Type": "Pass", **made, **state}


@st.composite
def machines(draw: Any, depth: int = 1, prefix: str = "S") -> JsonDict:
    """Draw a region of up to four states that goes on only forwards."""
    names = [f"{prefix}{number}" for number in range(draw(st.integers(1, 4)))]
    made = {name: draw(states(name, depth, names[index + 1 :])) for index, name in enumerate(names)}
    return {"StartAt": names[0], "States": made}


def left(definition: JsonDict, given: JsonDict) -> set[str]:
    """Run a machine; return the names of the states that were left, other than by a Catch."""
    store, clock = MemoryStore(), ManualClock()
    runner = Runner(store, clock, Untouched(), Items(MemoryObjects(now=clock.now)), workers=0)
    api = StepFunctionsApi(runner, store, clock)
    role = "arn:aws:iam::123456789012:role/r"
    made = api.create_state_machine({"name": "m", "definition": json.dumps(definition), "roleArn": role})
    arn = api.start_execution({"stateMachineArn": made["stateMachineArn"], "input": json.dumps(given)})["executionArn"]
    while runner.step():
        pass
    events = api.get_execution_history({"executionArn": arn, "maxResults": 1000})["events"]
    exits = [event["stateExitedEventDetails"] for event in events if "stateExitedEventDetails" in event]
    return {exit["name"] for exit in exits if "caught" not in str(exit.get("assignedVariables"))}


class Untouched:
    """There are no tasks."""

    def start(self, call: Any) -> None:
        raise AssertionError(call)

    resume = cancel = start


def wrong(definition: JsonDict, given: JsonDict) -> list[str]:
    """Return the findings in states that were left; a Map over nothing does not read its ItemSelector."""
    passed = left(definition, given)
    sure = [finding for finding in check(definition, rules=SURE) if "/ItemSelector/" not in str(finding.path)]
    return [str(one) for one in sure if str(one.path).split("/States/")[-1].split("/")[0] in passed]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(machines(), INPUTS)
def test_no_state_that_was_left_has_read_what_cannot_be(definition: JsonDict, given: JsonDict) -> None:
    assert [str(finding) for finding in check(definition) if finding.severity == "error"] == []
    assert wrong(definition, given) == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("$.s.JobRun.State", "Did you mean 'JobRunState' in 'JobRun'?"),
        ("$.s.jobRun.Id", "Did you mean 'JobRun' in 's'?"),
        ("$.n.x", "'n' has no members."),
        ("$.t", "There can be n, s."),
    ],
)
def test_what_there_is_instead(path: str, hint: str) -> None:
    asked = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:glue:getJobRun",
        "Parameters": {"JobName": "a", "RunId": "b"},
        "ResultPath": "$.s",
        "Next": "Read",
    }
    made = {"Type": "Pass", "Parameters": {"n": 1}, "Next": "Ask"}
    read = {"Type": "Pass", "InputPath": path, "End": True}
    states = {"Made": made, "Ask": asked, "Read": read}
    findings = check({"StartAt": "Made", "States": states}, rules=SURE)
    assert [one.hint for one in findings] == [hint]
