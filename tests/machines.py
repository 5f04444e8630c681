"""Random machines that can run: all state types, both query languages, nested, with tasks that may fail.

What a machine ends with depends on nothing but its definition, its input and what its tasks are told to do: not on
time, chance, the order in which branches go on, or how many iterations run at once. So every way of running it must
end the same.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, NamedTuple

from hypothesis import strategies as st

INVOKE = "arn:aws:states:::lambda:invoke"
PUT_OBJECT = "arn:aws:states:::s3:putObject"
JsonDict = dict[str, Any]
ITEMS: list[JsonDict] = [{"v": 1}, {"v": 2}, {"v": 3}, {"v": 5}]


class RunnableMachine(NamedTuple):
    """A definition, the input of its execution, and how often each task fails for each of its inputs."""

    definition: JsonDict
    given: JsonDict
    failures: dict[str, list[int]]
    """State -> for an input whose ``v`` is i modulo the length: how often the task fails before it succeeds."""

    def answer(self, state: str, arguments: JsonDict) -> JsonDict | None:
        """Return the result of a task, None when it fails."""
        failures = self.failures[state]
        return None if arguments["n"] < failures[arguments["v"] % len(failures)] else {"v": arguments["v"] * 3 % 101}


@st.composite
def runnable_machines(draw: Any, *, distributed: bool = True) -> RunnableMachine:
    """Draw a machine. Each state takes and gives an object with a whole number ``v``."""
    maker = _Maker(draw, distributed)
    definition = maker.region(2, outermost=True)
    items = draw(st.lists(st.sampled_from(ITEMS), max_size=4))
    return RunnableMachine(definition, {"v": draw(st.integers(0, 9)), "items": items}, maker.failures)


def with_concurrency(definition: Any, at_once: int) -> Any:
    """Return a definition whose Maps all have this MaxConcurrency."""
    if isinstance(definition, list):
        return [with_concurrency(one, at_once) for one in definition]
    if not isinstance(definition, dict):
        return definition
    return {
        name: at_once if name == "MaxConcurrency" else with_concurrency(value, at_once)
        for name, value in definition.items()
    }


def without(definition: Any, fields: Container[str]) -> Any:
    """Return a definition whose states do not have these fields."""
    if isinstance(definition, list):
        return [without(one, fields) for one in definition]
    if not isinstance(definition, dict):
        return definition
    return {name: without(value, fields) for name, value in definition.items() if name not in fields}


class _Maker:
    def __init__(self, draw: Any, distributed: bool) -> None:
        self._draw = draw
        self._distributed = distributed
        self._count = 0
        self.failures: dict[str, list[int]] = {}

    def region(self, depth: int, *, outermost: bool = False) -> JsonDict:
        kinds = ["Pass", "Wait", "Task", "Task", "Choice"] + (["Parallel", "Map", "Map"] if depth else [])
        chosen = self._draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
        names = [self._name(kind) for kind in ["Pass", *chosen, "Last"]]
        variable = f"var{self._count}"
        states = {names[0]: self._first(variable, names[1])}
        for kind, name, following in zip(chosen, names[1:], names[2:], strict=False):
            make = getattr(self, f"_{kind.lower()}")
            in_jsonata = self._draw(st.booleans())
            made = {"Type": kind, **make(name, following, names[-1], depth, in_jsonata)}
            states[name] = ({"QueryLanguage": "JSONata"} if in_jsonata else {}) | made
        states[names[-1]] = self._last(variable)
        language = {} if not outermost else {"QueryLanguage": "JSONPath"}
        return {"StartAt": names[0], "States": states, **language}

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _first(self, variable: str, following: str) -> JsonDict:
        return {"Type": "Pass", "Assign": {variable: {"was.$": "$.v"}}, "Next": following}

    def _last(self, variable: str) -> JsonDict:
        kind = self._draw(st.sampled_from(["Pass", "Pass", "Succeed", "Succeed", "Fail"]))
        if kind == "Fail":
            return (
                {"Type": "Fail", "Error": "A", "Cause": "because"} if self._draw(st.booleans()) else self._sum(variable)
            )
        if kind == "Succeed":
            return {
                "Type": "Succeed",
                "QueryLanguage": "JSONata",
                "Output": f"{{% {{'v': $states.input.v + ${variable}.was, 'from': $states.input}} %}}",
            }
        return self._sum(variable)

    def _sum(self, variable: str) -> JsonDict:
        return {
            "Type": "Pass",
            "Parameters": {"v.$": f"States.MathAdd($.v, ${variable}.was)", "from.$": "$"},
            "End": True,
        }

    def _pass(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        if in_jsonata:
            return {"Output": {"v": "{% $states.input.v + 1 %}"}, "Next": following}
        return {"Parameters": {"v.$": "States.MathAdd($.v, 1)"}, "Next": following}

    def _wait(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        seconds = self._draw(st.integers(0, 3))
        return {"Seconds": f"{{% {seconds} %}}" if in_jsonata else seconds, "Next": following}

    def _choice(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        than = self._draw(st.integers(0, 50))
        if in_jsonata:
            return {
                "Choices": [
                    {"Condition": f"{{% $states.input.v > {than} %}}", "Output": "{% $states.input %}", "Next": last}
                ],
                "Default": following,
            }
        return {"Choices": [{"Variable": "$.v", "NumericGreaterThan": than, "Next": last}], "Default": following}

    def _task(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        self.failures[name] = self._draw(st.lists(st.sampled_from([0, 0, 0, 1, 2, 9]), min_size=1, max_size=4))
        made = {"Resource": INVOKE, "TimeoutSeconds": 60, "Next": following, **self._guards(last, in_jsonata)}
        if in_jsonata:
            arguments = {"v": "{% $states.input.v %}", "n": "{% $states.context.State.RetryCount %}"}
            return made | {"Arguments": arguments, "Output": {"v": "{% $states.result.v + 1 %}"}}
        return made | {
            "Parameters": {"v.$": "$.v", "n.$": "$$.State.RetryCount"},
            "ResultSelector": {"v.$": "States.MathAdd($.v, 1)"},
        }

    def _guards(self, last: str, in_jsonata: bool) -> JsonDict:
        guards: JsonDict = {}
        if self._draw(st.booleans()):
            rule = {"ErrorEquals": ["A"], "IntervalSeconds": self._draw(st.integers(1, 3)), "MaxAttempts": 2}
            guards["Retry"] = [rule]
        if self._draw(st.booleans()):
            kept: JsonDict = {"ResultPath": "$.e"}
            if in_jsonata:
                kept = {"Output": "{% $merge([$states.input, {'e': $states.errorOutput}]) %}"}
            guards["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": last, **kept}]
        return guards

    def _parallel(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        branches = [self.region(depth - 1) for _ in range(self._draw(st.integers(1, 3)))]
        made = {"Branches": branches, "Next": following, **self._guards(last, in_jsonata)}
        if in_jsonata:
            return made | {"Output": "{% {'v': $count($states.result), 'p': $states.result} %}"}
        return made | {"ResultSelector": {"v.$": "States.ArrayLength($)", "p.$": "$"}}

    def _map(self, name: str, following: str, last: str, depth: int, in_jsonata: bool) -> JsonDict:
        made: JsonDict = {"Next": following, "MaxConcurrency": self._draw(st.integers(0, 3))}
        made |= self._guards(last, in_jsonata)
        if self._distributed and depth == 2 and self._draw(st.booleans()):
            made |= self._distribution(in_jsonata)
        else:
            made["ItemProcessor"] = self.region(depth - 1)
        if in_jsonata:
            result = "$count($states.result)" if "ResultWriter" not in made else "$count($states.result.*)"
            return made | {
                "Items": "{% $states.context.Execution.Input.items %}",
                "ItemSelector": {
                    "v": "{% $states.context.Map.Item.Value.v + $states.context.Map.Item.Index %}",
                    "items": "{% $states.context.Execution.Input.items %}",
                },
                "Output": f"{{% {{'v': {result}, 'm': $states.result}} %}}",
            }
        selector = {
            "v.$": "States.MathAdd($$.Map.Item.Value.v, $$.Map.Item.Index)",
            "items.$": "$$.Execution.Input.items",
        }
        return made | {
            "ItemsPath": "$$.Execution.Input.items",
            "ItemSelector": selector,
            "ResultSelector": {"v": 2, "m.$": "$"}
            if "ResultWriter" in made
            else {"v.$": "States.ArrayLength($)", "m.$": "$"},
        }

    def _distribution(self, in_jsonata: bool) -> JsonDict:
        """Return what makes a Map a Distributed one: its children, how many items each has, where its results go."""
        made: JsonDict = {"ToleratedFailureCount": self._draw(st.sampled_from([0, 0, 1, 4]))}
        kind = self._draw(st.sampled_from(["STANDARD", "STANDARD", "EXPRESS"]))
        if self._draw(st.booleans()):
            made["ItemBatcher"] = {"MaxItemsPerBatch": self._draw(st.integers(1, 3))}
            processor = self.region(0)  # a Map inside would need the items in the child's input
            name = self._name("Batch")
            processor["States"][name] = {
                "Type": "Pass",
                "Parameters": {"v.$": "States.ArrayLength($.Items)", "batch.$": "$.Items[*].v"},
                "Next": processor["StartAt"],
            }
            processor["StartAt"] = name
        else:
            processor = self.region(1)
        if self._draw(st.booleans()):
            config = {
                "Transformation": self._draw(st.sampled_from(["NONE", "COMPACT", "FLATTEN"])),
                "OutputType": self._draw(st.sampled_from(["JSON", "JSONL"])),
            }
            where = {"Arguments" if in_jsonata else "Parameters": {"Bucket": "b", "Prefix": "p"}}
            made["ResultWriter"] = {"Resource": PUT_OBJECT, **where, "WriterConfig": config}
        made["ItemProcessor"] = {**processor, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}}
        return made
