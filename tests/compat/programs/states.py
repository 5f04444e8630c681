"""Every state and block, with every field it had."""

from __future__ import annotations

from compat_tools import attempt

from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    Graph,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
)
from stepfunctions.steps.states import Block, GraphVisitor, State, ValidationVisitor, to_pascalcase

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def every_state_with_nothing():
    return {
        "Pass": Pass("s"),
        "Succeed": Succeed("s"),
        "Fail": Fail("s"),
        "Task": Task("s"),
        "Choice": Choice("s"),
        "Map": Map("s", iterator=Pass("i")),
        "Parallel": Parallel("s"),
        "Wait": Wait("s", seconds=1),
        "State": State("s", "Task"),
        "State of a type of one's own": State("s", "Custom"),
        "Block": Block(),
    }


def pass_with_every_field():
    return Pass(
        state_id="p",
        comment="c",
        input_path="$.in",
        output_path="$.out",
        parameters={"a": 1, "b.$": "$.b", "c": {"d": [1, "two", None, True, {"e.$": "$$.Execution.Id"}]}},
        result_path="$.result",
        result={"x": [1, 2.5, None, "t"], "y": {}},
    )


def results_of_every_type():
    return [Pass("p", result=value) for value in (0, 1.5, "", "text", True, False, [], {}, [None], {"a": None})]


def paths_that_are_null():
    return [
        Pass("p", input_path=None, output_path=None, result_path=None),
        Task("t", resource=FUNCTION, result_path=None),
        Succeed("s", input_path=None, output_path=None),
        Catch(Pass("x"), error_equals=["E"], result_path=None),
    ]


def fields_that_are_none():
    return [
        Pass("p", comment=None, parameters=None, result=None),
        Fail("f", error=None, cause=None, comment=None),
        Task("t", resource=None, timeout_seconds=None, heartbeat_seconds=None),
        Retry(error_equals=["E"], interval_seconds=None, max_attempts=None, backoff_rate=None),
    ]


def empty_parameters():
    return [Pass("p", parameters={}), Task("t", resource=FUNCTION, parameters={})]


def succeed_and_fail_with_every_field():
    return [
        Succeed("s", comment="c", input_path="$.a", output_path="$.b"),
        Fail("f", comment="c", error="E", cause="because"),
    ]


def wait_with_each_field():
    return [
        Wait("w", comment="c", input_path="$.a", output_path="$.b", seconds=10),
        Wait("w", timestamp="2022-01-01T00:00:00Z"),
        Wait("w", seconds_path="$.n"),
        Wait("w", timestamp_path="$.t"),
    ]


def wait_takes_exactly_one():
    return [
        attempt(lambda: Wait("w")),
        attempt(lambda: Wait("w", seconds=1, timestamp="2022-01-01T00:00:00Z")),
        attempt(lambda: Wait("w", seconds=1, seconds_path="$.n")),
        attempt(lambda: Wait("w", timestamp_path="$.t", seconds_path="$.n")),
    ]


def task_with_every_field():
    return Task(
        "t",
        comment="c",
        input_path="$.in",
        output_path="$.out",
        parameters={"a": 1},
        result_path="$.result",
        resource=FUNCTION,
        timeout_seconds=60,
        heartbeat_seconds=10,
        retry=Retry(error_equals=["E"]),
        catch=Catch(Fail("f"), error_equals=["E"]),
    )


def task_with_paths_of_seconds():
    return Task("t", resource=FUNCTION, timeout_seconds_path="$.t", heartbeat_seconds_path="$.h")


def task_takes_a_value_or_its_path():
    return [
        attempt(lambda: Task("t", resource=FUNCTION, timeout_seconds=1, timeout_seconds_path="$.t")),
        attempt(lambda: Task("t", resource=FUNCTION, heartbeat_seconds=1, heartbeat_seconds_path="$.t")),
    ]


def retry_with_every_field():
    return [
        Retry(error_equals=["A", "States.Timeout"], interval_seconds=3, max_attempts=0, backoff_rate=1.5),
        Retry(error_equals=["States.ALL"]),
        Retry(),
    ]


def catch_with_every_field():
    return [
        Catch(Pass("x"), error_equals=["A", "B"], result_path="$.error"),
        Catch(next_step=Chain([Pass("first"), Pass("second")]), error_equals=["States.ALL"]),
        Catch(error_equals=["States.ALL"], next_step=Fail("f")),
    ]


def retries_and_catches_are_given_one_or_many():
    retries = [Retry(error_equals=["A"]), Retry(error_equals=["B"], max_attempts=1)]
    catches = [Catch(Pass("x"), error_equals=["A"]), Catch(Pass("y"), error_equals=["B"])]
    task = Task("added", resource=FUNCTION)
    task.add_retry(retries[0])
    task.add_retry(retries)
    task.add_catch(catches[1])
    task.add_catch(catches)
    return [
        Task("one", retry=retries[0], catch=catches[0], resource=FUNCTION),
        Task("many", retry=retries, catch=catches, resource=FUNCTION),
        Task("positional", retries, catches, resource=FUNCTION),
        task,
        Map("map", retries[0], catches[0], iterator=Pass("i")),
        Parallel("parallel", retries, catches),
    ]


def retry_and_catch_where_there_are_none():
    def add(state, what):
        return attempt(lambda: getattr(state, "add_" + what)(None))

    return {
        type(state).__name__: [add(state, "retry"), add(state, "catch")]
        for state in (Pass("p"), Succeed("s"), Fail("f"), Wait("w", seconds=1), Choice("c"))
    }


def choice_with_every_field():
    choice = Choice("c", comment="c", input_path="$.a", output_path="$.b")
    choice.add_choice(ChoiceRule.IsPresent(variable="$.x", value=True), Pass("x"))
    choice.add_choice(rule=ChoiceRule.StringEquals("$.y", "z"), next_step=Chain([Pass("y"), Pass("z")]))
    choice.default_choice(next_step=Fail("f"))
    return choice


def parallel_with_every_field():
    parallel = Parallel(
        "p",
        comment="c",
        input_path="$.in",
        output_path="$.out",
        parameters={"a.$": "$.a"},
        result_path="$.result",
        retry=Retry(error_equals=["E"]),
        catch=Catch(Fail("f"), error_equals=["E"]),
    )
    parallel.add_branch(Pass("one"))
    parallel.add_branch(branch=Chain([Pass("two"), Succeed("three")]))
    return parallel


def map_with_every_field():
    each = Map(
        "m",
        comment="c",
        input_path="$.in",
        output_path="$.out",
        parameters={"item.$": "$$.Map.Item.Value"},
        result_path="$.result",
        items_path="$.items",
        max_concurrency=0,
        retry=Retry(error_equals=["E"]),
        catch=Catch(Fail("f"), error_equals=["E"]),
    )
    each.attach_iterator(Chain([Pass("one"), Succeed("two")]))
    return each


def map_with_its_iterator_in_the_constructor():
    return Map("m", iterator=Pass("each"), items_path="$.items", max_concurrency=3)


def map_without_iterator():
    return attempt(lambda: Map("m").to_dict())


def a_state_of_a_type_of_ones_own():
    state = State(
        "s", "Task", output_schema={"x": int}, comment="c", parameters={"a": 1}, input_path="$.i", output_path="$.o"
    )
    state.next(Pass("after"))
    return [state, state.output()["x"].to_jsonpath()]


def what_a_state_tells():
    task, after = Task("t", resource=FUNCTION, parameters={"a": 1}, comment="c"), Pass("after")
    retry, catch = Retry(error_equals=["E"]), Catch(after, error_equals=["E"])
    task.add_retry(retry)
    task.add_catch(catch)
    returned = task.next(after)
    choice, rule = Choice("c"), ChoiceRule.IsNull("$.x", True)
    choice.add_choice(rule, task)
    choice.default_choice(after)
    parallel, each = Parallel("p"), Map("m", iterator=task)
    parallel.add_branch(task)
    return {
        "ids": [task.state_id, task.type, choice.type, parallel.type, each.type, after.type],
        "next": returned is after and task.next_step is after,
        "none": [after.next_step, after.comment, after.result, choice.default is after],
        "retries": task.retries == [retry] and task.catches == [catch],
        "fields": [task.parameters, task.comment, task.resource],
        "catch": catch.next_step is after,
        "choices": [rule is choice.choices[0][0], task is choice.choices[0][1]],
        "containers": [parallel.branches == [task], each.iterator is task],
    }


def fields_that_were_allowed():
    allowed = {
        Pass("s"): "comment input_path output_path parameters result_path result",
        Succeed("s"): "comment input_path output_path",
        Fail("s"): "comment error cause",
        Wait("s", seconds=1): "comment input_path output_path seconds timestamp seconds_path timestamp_path",
        Choice("s"): "comment input_path output_path",
        Task("s"): "comment input_path output_path parameters result_path resource retry catch timeout_seconds "
        "timeout_seconds_path heartbeat_seconds heartbeat_seconds_path",
        Map("s", iterator=Pass("i")): "comment input_path output_path parameters result_path items_path iterator "
        "max_concurrency retry catch",
        Parallel("s"): "comment input_path output_path parameters result_path retry catch",
        Retry(): "error_equals interval_seconds max_attempts backoff_rate",
        Catch(Pass("s")): "error_equals result_path",
    }
    return {
        type(block).__name__: [[name, block.is_field_allowed(name)] for name in [*fields.split(), "nothing"]]
        for block, fields in allowed.items()
    }


def fields_that_do_not_exist():
    says = "Field 'x' is not supported"
    return [
        attempt(lambda: Pass("p", x=1), says),
        attempt(lambda: Succeed("s", x=1), says),
        attempt(lambda: Succeed("s", parameters={}), "Field 'parameters' is not supported"),
        attempt(lambda: Fail("f", input_path="$"), "Field 'input_path' is not supported"),
        attempt(lambda: Wait("w", x=1, seconds=1), says),
        attempt(lambda: Choice("c", x=1), says),
        attempt(lambda: Choice("c", result_path="$.x"), "Field 'result_path' is not supported"),
        attempt(lambda: Task("t", x=1), says),
        attempt(lambda: Map("m", x=1), says),
        attempt(lambda: Parallel("p", x=1), says),
        attempt(lambda: Retry(x=1), says),
        attempt(lambda: Catch(Pass("p"), x=1), says),
        attempt(lambda: Block(x=1), says),
        attempt(lambda: Graph(Pass("p"), x=1)),
    ]


def text_of_blocks():
    task = Task("t", resource=FUNCTION, retry=Retry(error_equals=["E"]), comment="ü")
    return [task.to_json(), task.to_json(pretty=True), str(task), str(Retry(error_equals=["E"])), task.to_dict()]


def text_of_graphs():
    graph = Graph(Chain([Pass("a", result="ü"), Pass("b")]))
    return [graph.to_json(), graph.to_json(pretty=True), str(graph), graph.to_json(True)]


def pascal_case():
    return [to_pascalcase(text) for text in ("a", "input_path", "timeout_seconds_path", "", "already", "a_b_c")]


class _Everything(GraphVisitor):
    """Visits what it is given, and notes it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def visit(self, state):
        self.seen.append([state.state_id, self.is_visited(state)])
        super().visit(state)


def visitors():
    catching = Task("t", resource=FUNCTION, catch=Catch(Chain([Pass("caught"), Fail("f")]), error_equals=["E"]))
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), catching)
    choice.default_choice(Pass("default"))
    visitor = _Everything()
    Chain([Pass("a"), Pass("b"), choice]).accept(visitor)
    return [visitor.seen, list(visitor.states)]


def the_validation_visitor():
    fine, first, second = Pass("fine"), Pass("first"), Pass("second")
    second.update_parameters({"k": fine.output()["x"]})
    visitor = ValidationVisitor()
    return [
        attempt(lambda: Chain([fine, Pass("next", parameters={"k": fine.output()["x"]})]).accept(visitor)),
        attempt(lambda: Chain([first, second]).accept(ValidationVisitor())),
        visitor.is_visited(fine),
        visitor.is_visited(first),
    ]
