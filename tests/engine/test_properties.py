"""Laws of the engine, over random machines: a kill between any two steps changes nothing; nor do repeated outcomes."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.asl.document import Document
from stepfunctions.engine import advance
from stepfunctions.engine.execution import Branch, Waiting

INVOKE = "arn:aws:states:::lambda:invoke"
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@st.composite
def machines(draw: Any) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """A machine of all state types, nested up to two deep, and what its tasks do."""
    names: list[str] = []
    tasks: list[str] = []

    def region(depth: int) -> dict[str, Any]:
        kinds = ["Pass", "Wait", "Task", "Task", "Choice"] + (["Parallel", "Map", "Map"] if depth else [])
        chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
        block = []
        for _ in [*chosen, "Pass"]:
            names.append(f"S{len(names)}")
            block.append(names[-1])
        states: dict[str, Any] = {block[-1]: {"Type": "Pass", "Parameters": {"u.$": "States.UUID()"}, "End": True}}
        for name, following, kind in zip(block, block[1:], chosen, strict=False):
            made = state(kind, name, following, block[-1], depth)
            states[name] = in_jsonata(made, depth) if draw(st.booleans()) else made
        return {"StartAt": block[0], "States": states}

    def state(kind: str, name: str, following: str, last: str, depth: int) -> dict[str, Any]:
        flow: dict[str, Any] = {"Type": kind, "Next": following}
        if kind == "Pass":
            return flow | {"Result": {"at": name}, "ResultPath": "$.r", "Assign": {f"v{depth}": name}}
        if kind == "Wait":
            return flow | {"Seconds": draw(st.integers(0, 3))}
        if kind == "Choice":
            return {
                "Type": kind,
                "Default": following,
                "Choices": [{"Variable": "$.r.at", "IsPresent": True, "Next": last}],
            }
        if draw(st.booleans()):
            flow["Retry"] = [
                {
                    "ErrorEquals": ["A"],
                    "IntervalSeconds": draw(st.integers(1, 3)),
                    "MaxAttempts": 2,
                    "JitterStrategy": draw(st.sampled_from(["FULL", "NONE"])),
                }
            ]
        if draw(st.booleans()):
            flow["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": last}]
        if kind == "Task":
            tasks.append(name)
            return flow | {
                "Resource": INVOKE,
                "TimeoutSeconds": 2,
                "ResultPath": "$.r",
                "Parameters": {"n.$": "$$.State.RetryCount", "c.$": "States.MathRandom(0, 1000000)"},
            }
        if kind == "Parallel":
            branches = [region(depth - 1) for _ in range(draw(st.integers(1, 3)))]
            return flow | {"Branches": branches, "ResultPath": "$.p"}
        return flow | {
            "ItemsPath": "$$.Execution.Input.items",
            "MaxConcurrency": draw(st.integers(0, 3)),
            "ItemSelector": {"v.$": "$$.Map.Item.Value"},
            "ItemProcessor": region(depth - 1),
            "ResultPath": "$.m",
        }

    definition = region(2)
    does = st.sampled_from(["ok", "ok", "ok", "A", "B", "silent"])
    script = {name: draw(st.lists(does, min_size=1, max_size=4)) for name in tasks}
    return definition, script


def in_jsonata(state: dict[str, Any], depth: int) -> dict[str, Any]:
    """Return a state of such a machine in JSONata, with more values from chance and time.

    Each depth has a variable of its own: an inner scope may not assign what an outer one does.
    """
    kept = ("Type", "Next", "Default", "Retry", "Resource", "TimeoutSeconds", "Seconds", "Branches", "ItemProcessor")
    made = {name: value for name, value in state.items() if name in kept}
    drawn = "{% [$uuid(), $random(), $millis(), $shuffle([1..5])] %}"
    made |= {"QueryLanguage": "JSONata", **_JSONATA[state["Type"]]}
    if "Choices" in state:
        rule = {"Condition": "{% $exists($states.input.r.at) %}", "Next": state["Choices"][0]["Next"]}
        made["Choices"] = [{**rule, "Assign": {f"drawn{depth}": drawn}}]
    elif state["Type"] != "Wait":
        made["Assign"] = {f"drawn{depth}": drawn}
    if "Catch" in state:
        output = {"e": "{% $states.errorOutput %}", "drawn": drawn}
        made["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": state["Catch"][0]["Next"], "Output": output}]
    if "MaxConcurrency" in state:
        made["MaxConcurrency"] = f"{{% {state['MaxConcurrency']} %}}"
    return made


_JSONATA: dict[str, dict[str, Any]] = {
    "Pass": {"Output": {"r": {"at": "{% $states.context.State.Name %}"}, "u": "{% $uuid() %}"}},
    "Wait": {"Output": "{% [$states.input, $now()] %}"},
    "Choice": {"Output": "{% {'was': $states.input} %}"},
    "Task": {
        "Arguments": {"n": "{% $states.context.State.RetryCount %}", "c": "{% $random() %}"},
        "Output": {"r": "{% $states.result %}", "known": "{% $exists($drawn2) ? $drawn2 : null %}"},
    },
    "Parallel": {"Output": "{% {'p': $states.result} %}"},
    "Map": {
        "Items": "{% $append($shuffle($states.context.Execution.Input.items), $random() < 0.5 ? [] : [$uuid()]) %}",
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "u": "{% $uuid() %}"},
        "Output": {"m": "{% $states.result %}"},
    },
}


INPUT = {"items": [1, {"r": {"at": "x"}}, "three"]}


def played(drive: Any, answers: Any, case: tuple[dict[str, Any], dict[str, list[str]]], **how: Any) -> Any:
    definition, script = case

    def reply(what: str) -> Any:
        if what == "silent":
            return answers.silent
        return answers.ok({"done": True}) if what == "ok" else answers.fails(what, "cause")

    scripted = {name: [reply(what) for what in does] for name, does in script.items()}
    return drive(definition, INPUT, script=scripted, **how).run()


def told(run: Any) -> list[Any]:
    return [
        (
            event.id,
            event.previous_id,
            event.timestamp,
            event.type,
            event.name,
            event.payload and event.payload.text,
            event.extra,
        )
        for event in run.events
    ]


@RELAXED
@given(case=machines())
def test_loading_after_every_step_changes_nothing(drive: Any, answers: Any, case: Any) -> None:
    budget = advance.MAX_TRANSITIONS
    advance.MAX_TRANSITIONS = 3  # so that steps end in the middle of several branches
    try:
        plain = played(drive, answers, case)
        loaded = played(drive, answers, case, stored=True)
    finally:
        advance.MAX_TRANSITIONS = budget
    assert told(loaded) == told(plain)
    assert loaded.commands == plain.commands
    assert plain.execution.ended
    assert not plain.rows or plain.status == "FAILED", "a redrive needs them"
    assert not plain.timers


@RELAXED
@given(case=machines())
def test_outcomes_delivered_again_change_nothing(drive: Any, answers: Any, case: Any) -> None:
    assert told(played(drive, answers, case, repeats=True)) == told(played(drive, answers, case))


@RELAXED
@given(case=machines())
def test_histories_are_well_formed(drive: Any, answers: Any, case: Any) -> None:
    run = played(drive, answers, case)
    assert [event.id for event in run.events] == list(range(1, len(run.events) + 1))
    assert all(event.previous_id < event.id for event in run.events)
    assert [event.type for event in run.events if event.type.startswith("Execution")] == [
        "ExecutionStarted",
        "ExecutionSucceeded" if run.status == "SUCCEEDED" else "ExecutionFailed",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        Branch,
        id=st.integers(1, 9),
        parent=st.integers(0, 9),
        index=st.integers(0, 9),
        region=st.text(max_size=9),
        state=st.text(max_size=9),
        attempt=st.integers(0, 9),
        waiting=st.sampled_from(Waiting),
        entered=st.booleans(),
        input=json_values.map(Document),
        effective=st.none() | json_values.map(Document),
        output=st.none() | json_values.map(Document),
        variables=st.dictionaries(st.text(max_size=3), json_values),
        retries=st.lists(st.integers(0, 9)),
        retried=st.integers(0, 9),
        entered_at=st.floats(0, 2e9),
        last_event=st.integers(0, 99),
        map_run_arn=st.none() | st.text(max_size=3),
        submitted=st.booleans(),
        heartbeat=st.integers(0, 9),
        timed=st.integers(-1, 9),
        entered_event=st.integers(0, 99),
    )
)
def test_a_branch_survives_its_row(branch: Branch) -> None:
    assert Branch.from_json(branch.to_json()) == branch
