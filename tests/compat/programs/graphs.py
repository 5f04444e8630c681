"""Chains, graphs and what is nested in them."""

from __future__ import annotations

from compat_tools import attempt

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    EcsRunTaskStep,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    FrozenGraph,
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
from stepfunctions.steps.states import State

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def a_graph_of_one_state():
    return [Graph(Pass("p")), Graph(branch=Succeed("s")), Graph(Chain([Pass("p")]))]


def the_top_of_a_graph():
    return [
        Graph(Pass("p"), timeout_seconds=60, comment="c", version="1.0"),
        Graph(Pass("p"), comment="c"),
        Graph(Pass("p"), version="1.0", timeout_seconds=None),
    ]


def what_a_graph_tells():
    first, last = Pass("first"), Succeed("last")
    graph = Graph(Chain([first, last]), comment="c", timeout_seconds=3, version="1.0")
    return [
        [bool(graph.contains(state)) for state in (first, Pass("first"), Pass("other"))],
        list(graph.states),
        [graph.comment, graph.timeout_seconds, graph.version],
    ]


def chains_of_chains():
    inner = Chain([Pass("b"), Chain([Pass("c"), Pass("d")])])
    chain = Chain([Pass("a"), inner, Pass("e")])
    return [Graph(chain), [state.state_id for state in chain], chain.state_id]


def an_empty_chain():
    return [attempt(lambda: Chain().state_id), attempt(lambda: Chain([]).state_id), len(list(Chain()))]


def what_is_no_chain():
    return [
        attempt(lambda: Chain(Pass("p"))),
        attempt(lambda: Chain((Pass("p"),))),
        attempt(lambda: Chain("abc")),
        attempt(lambda: Chain(steps=None)),
    ]


def what_is_no_branch():
    return [attempt(lambda value=value: Graph(value)) for value in (None, "x", {}, [Pass("p")])]


def every_state_linked_in_every_way():
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
    branches.add_branch(Map("inner", iterator=Pass("each"), items_path="$.items", max_concurrency=0))
    choice = Choice("which?", comment="c", input_path="$.x")
    late = ChoiceRule.TimestampLessThanPath("$.t", "$.u")
    named = ChoiceRule.Not(ChoiceRule.Or([ChoiceRule.StringMatches("$.a", "*x"), late]))
    choice.add_choice(ChoiceRule.And([ChoiceRule.IsPresent("$.a", True), named]), first)
    choice.add_choice(ChoiceRule.NumericGreaterThanEquals(branches.output()["n"], 5.5), Wait("wait", seconds=0))
    last = Chain([Chain([Wait("until", timestamp_path="$.at")]), Succeed("done")])
    return Graph(Chain([first, branches, choice, last]), timeout_seconds=60, comment="all", version="1.0")


def branches_in_branches():
    inner = Parallel("inner")
    inner.add_branch(Chain([Pass("a"), Pass("b")]))
    inner.add_branch(Wait("w", seconds=1))
    mapped = Map("map in a branch", iterator=Chain([Pass("c"), Map("map in a map", iterator=Pass("d"))]))
    outer = Parallel("outer")
    outer.add_branch(inner)
    outer.add_branch(Chain([mapped, Succeed("done")]))
    return Graph(Chain([outer, Pass("after")]))


def catches_of_many_states_that_lead_to_one():
    handler = Fail("handler")
    steps = [Task(name, resource=FUNCTION, catch=Catch(handler, error_equals=["States.ALL"])) for name in "abc"]
    return Graph(Chain(steps))


def a_catch_that_leads_back():
    first, second = Task("first", resource=FUNCTION), Task("second", resource=FUNCTION)
    second.add_catch(Catch(first, error_equals=["States.ALL"]))
    return Graph(Chain([first, second]))


def a_catch_that_leads_to_a_chain_with_a_choice():
    choice = Choice("why?")
    choice.add_choice(ChoiceRule.StringEquals("$.Error", "E"), Fail("e"))
    choice.default_choice(Succeed("fine"))
    task = Task("t", resource=FUNCTION, catch=Catch(Chain([Pass("note"), choice]), error_equals=["States.ALL"]))
    return Graph(Chain([task, Pass("after")]))


def a_chain_may_end_in_the_middle():
    return [
        attempt(lambda: Graph(Chain([Pass("a"), Succeed("s"), Pass("b")]))),
        attempt(lambda: Graph(Chain([Fail("f"), Pass("b")]))),
        attempt(lambda: Succeed("s").next(Pass("p"))),
        attempt(lambda: Fail("f").next(Pass("p"))),
    ]


def states_that_are_there_twice():
    says = "Each state in a workflow must have a unique state id"
    one, other = Pass("same"), Pass("same")
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsNull("$.x", True), one)
    choice.default_choice(other)
    return [
        attempt(lambda: Chain([one, one])),
        attempt(lambda: Chain([one, Pass("b"), one])),
        attempt(lambda: Chain([Chain([one]), one])),
        attempt(lambda: Graph(Chain([one, other])), says),
        attempt(lambda: Graph(choice), says),
    ]


def a_state_that_is_in_two_graphs():
    shared, other = Pass("shared"), Pass("other")
    return [Graph(shared), Graph(Chain([other, shared])), Graph(Chain([shared]))]


def frozen_graphs():
    definition = {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}, "Comment": "c", "Own": [None]}
    frozen = FrozenGraph(definition)
    return [
        frozen.to_dict() is definition,
        frozen.to_dict(),
        frozen.to_json(),
        frozen.to_json(pretty=True),
        FrozenGraph.from_json('{"b": 1, "a": {"StartAt": null}}').to_dict(),
        isinstance(frozen, Graph),
    ]


def what_is_no_frozen_graph():
    return [attempt(lambda value=value: FrozenGraph(value)) for value in (None, "{}", [], Pass("p"))]


def services_in_a_chain():
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
                EndpointStep("update", endpoint_name="e", endpoint_config_name="c", update=True),
            ]
        )
    )


class _Approval(State):
    """A step of one's own, as 2.3.0 had them made."""

    def __init__(self, state_id, message, **fields):
        fields["result"] = {"message": message}
        super().__init__(state_id, "Pass", **fields)

    def allowed_fields(self):
        return Pass("p").allowed_fields()


class _Notify(Task):
    def __init__(self, state_id, topic, **kwargs):
        kwargs["resource"] = "arn:aws:states:::sns:publish"
        kwargs["parameters"] = {"TopicArn": topic, **kwargs.get("parameters", {})}
        super().__init__(state_id, **kwargs)


def classes_of_ones_own():
    notify = _Notify("tell", "topic", parameters={"Message": "m"}, retry=Retry(error_equals=["E"]))
    return Graph(Chain([_Approval("approve", "please", comment="c"), notify]))
