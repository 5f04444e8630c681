"""What 2.3.0 got wrong. What is recorded here is the old answer; ``DIFFERENCES`` of the test says what is given now."""

from __future__ import annotations

import copy
import datetime
import json
import logging

from compat_tools import Service, attempt

from stepfunctions.inputs import ExecutionInput, StepInput
from stepfunctions.steps import (
    Chain,
    Choice,
    ChoiceRule,
    EksRunJobStep,
    EndpointStep,
    FrozenGraph,
    Graph,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
)
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.stepfunctions import WorkflowList
from stepfunctions.workflow.widgets import EventsTableWidget, WorkflowsTableWidget
from stepfunctions.workflow.widgets.utils import get_elapsed_ms

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/workflow"
ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:w"


def placeholders_in_lists():
    given = ExecutionInput()
    return [
        attempt(lambda: json.loads(Pass("p", parameters={"k": ["--x", given["a"]]}).to_json())),
        attempt(lambda: json.loads(Pass("p", parameters={"k": [[given["a"]]]}).to_json())),
        attempt(lambda: json.loads(Pass("p", parameters={"k": [[{"x": given["a"]}]]}).to_json())),
    ]


def placeholders_in_other_fields():
    step = StepInput()
    return [
        attempt(lambda: json.loads(Map("m", items_path=step["items"], iterator=Pass("i")).to_json())["ItemsPath"]),
        attempt(lambda: json.loads(Pass("p", output_path=step["x"]).to_json())["OutputPath"]),
        attempt(
            lambda: json.loads(Task("t", resource=FUNCTION, timeout_seconds=step["t"]).to_json())["TimeoutSecondsPath"]
        ),
    ]


def keys_with_a_quote():
    return ExecutionInput()["it's"].to_jsonpath()


def attributes_that_do_not_exist():
    return [
        attempt(lambda: Pass("p").coment),
        attempt(lambda: Retry(error_equals=["E"]).max_atempts),
        attempt(lambda: Map("m", iterator=Pass("i")).max_concurency),
    ]


def attributes_that_are_set():
    task = Task("t", resource=FUNCTION)
    task.timeout_seconds = 5
    retry = Retry(error_equals=["E"], max_attempts=1)
    retry.max_attempts = 3
    return [task.to_dict(), retry.to_dict()]


def copies():
    return [
        attempt(lambda: copy.deepcopy(Pass("p", comment="c")).to_dict()),
        attempt(lambda: "FrozenGraph" in repr(FrozenGraph({"StartAt": "a"}))),
    ]


def tags_that_are_shared():
    one, other = (Workflow(name, Pass("a"), ROLE, client=Service().client) for name in ("one", "other"))
    one.tags.append("x")
    seen = [list(one.tags), list(other.tags)]
    one.tags.remove("x")
    return seen


def inputs_that_are_no_dicts():
    flow = Workflow(
        "w",
        Pass("a"),
        ROLE,
        execution_input=ExecutionInput(schema={"x": int}),
        state_machine_arn=ARN,
        client=Service().client,
    )
    return [attempt(lambda: flow.execute()), attempt(lambda: flow.execute(inputs=[1]))]


def schemas_of_dicts():
    given = ExecutionInput(schema={"d": dict, "n": int})
    return [given.validate({"d": {"a": 1}, "n": 1}).valid, given.validate({"d": {}, "n": 1}).valid]


def numbers_of_schemas():
    given = ExecutionInput(schema={"n": int, "f": float})
    return [given.validate({"n": True, "f": 1.5}).valid, given.validate({"n": 1, "f": 1}).valid]


def schemas_that_are_none():
    return attempt(lambda: ExecutionInput(schema=[1]))


def placeholders_that_are_illegal_further_on():
    first, second, third = Pass("first"), Pass("second"), Pass("third")
    third.update_parameters({"l": [{"k": first.output()["x"]}]})
    choice = Choice("choice")
    choice.add_choice(ChoiceRule.NumericEquals(first.output()["x"], 1), Succeed("done"))
    choice.default_choice(Succeed("other"))
    return [
        attempt(lambda: Graph(Chain([first, second, third])).to_dict()["StartAt"]),
        attempt(lambda: Graph(Chain([first, second, choice])).to_dict()["StartAt"]),
    ]


def ids_across_branches():
    parallel = Parallel("p")
    parallel.add_branch(Pass("same"))
    parallel.add_branch(Pass("same"))
    return attempt(lambda: Graph(parallel).to_dict()["StartAt"])


def ids_that_are_too_long():
    return attempt(lambda: Graph(Pass("x" * 81)).to_dict()["StartAt"] == "x" * 81)


def endpoints_updated_with_tags():
    return attempt(lambda: EndpointStep("e", "endpoint", "config", tags={"a": "b"}, update=True).to_dict()["Type"])


def patterns_that_are_none():
    return attempt(lambda: EksRunJobStep("e", integration_pattern=None).to_dict()["Resource"])


def branches_that_are_graphs():
    parallel = Parallel("p")
    parallel.add_branch(Graph(Pass("a")))
    return attempt(lambda: Graph(parallel))


def states_that_nothing_leads_to():
    a, b, c = Pass("a"), Pass("b"), Pass("c")
    one = Chain([a, b])
    Chain([a, c])
    inner = Chain([Pass("e")])
    outer = Chain([Pass("d"), inner, Pass("f")])
    inner.append(Pass("g"))
    return [list(Graph(chain).to_dict()["States"]) for chain in (one, outer)]


def chains_go_on():
    chain = Chain([Pass("a")])
    chain.append(Chain([Pass("b"), Pass("c")]))
    return [
        attempt(lambda: chain.append(Pass("d"))),
        attempt(lambda: Chain([Pass("x")]).next(Pass("y")).state_id),
    ]


def variables_of_rules():
    return [
        attempt(lambda: ChoiceRule.StringEquals(5, "x")),
        attempt(lambda: ChoiceRule.IsNull(None, True)),
        attempt(lambda: ChoiceRule.StringEquals(ExecutionInput()["a"], "x").to_dict()),
    ]


def html_is_not_escaped():
    table = WorkflowsTableWidget(
        [{"name": "<b>", "stateMachineArn": ARN, "creationDate": datetime.datetime(2022, 1, 1)}]
    )
    return ["<b>" in table.show()]


def names_with_a_dollar():
    workflows = [{"name": "a$name", "stateMachineArn": ARN, "creationDate": datetime.datetime(2022, 1, 1)}]
    return attempt(lambda: "a$name" in WorkflowList(workflows).to_html())


def elapsed_time():
    start = datetime.datetime(2022, 1, 1, tzinfo=datetime.timezone.utc)
    return [
        get_elapsed_ms(start, start + datetime.timedelta(days=1)),
        get_elapsed_ms(start, start + datetime.timedelta(0, 1.5)),
    ]


def parameters_of_events():
    event = {
        "id": 1,
        "timestamp": datetime.datetime(2022, 1, 1),
        "type": "TaskScheduled",
        "taskScheduledEventDetails": {
            "resourceType": "sagemaker",
            "resource": "createProcessingJob.sync",
            "region": "us-east-1",
            "parameters": '{"ProcessingJobName": "the-job", "X": true, "Y": null}',
        },
    }
    before = copy.deepcopy(event)
    return [attempt(lambda: "TaskScheduled" in EventsTableWidget([event]).show()), event == before]


def templates_without_tags():
    flow = Workflow("w", Pass("a"), ROLE, tags=[{"key": "a", "value": "b"}], client=Service().client)
    return "Tags:" in flow.get_cloudformation_template()


def the_root_logger():
    return logging.getLevelName(logging.getLogger().level)


def an_event_is_changed():
    event = {
        "id": 1,
        "timestamp": datetime.datetime(2022, 1, 1),
        "type": "PassStateEntered",
        "stateEnteredEventDetails": {"name": "p", "input": "{}"},
    }
    before = copy.deepcopy(event)
    EventsTableWidget([event]).show()
    return event == before
