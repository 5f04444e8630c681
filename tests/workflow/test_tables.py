"""Lists as tables: nothing in them is HTML of anybody else's, and no history is too odd for one."""

from __future__ import annotations

import copy
import json
import sys
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import botocore.session
import pytest

from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Pass
from stepfunctions.workflow import Execution, Workflow
from stepfunctions.workflow.lists import EventsList, ExecutionsList, WorkflowList, json_serializer, shown
from stepfunctions.workflow.widgets import EventsTableWidget, ExecutionsTableWidget, WorkflowsTableWidget
from stepfunctions.workflow.widgets.utils import (
    create_sfn_execution_url,
    create_sfn_workflow_url,
    format_time,
    get_elapsed_ms,
    get_timestamp,
    sagemaker_console_link,
)

NASTY = '<script>alert("$1")</script>&\x00\ud800'
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)
MACHINE = "arn:aws:states:us-west-2:210987654321:stateMachine:m"
EXECUTION = "arn:aws:states:us-west-2:210987654321:execution:m:e"
MODEL = botocore.session.get_session().get_service_model("stepfunctions")
DETAILS = {name: shape for name, shape in MODEL.shape_for("HistoryEvent").members.items() if name.endswith("Details")}


def cells(html: str) -> list[list[ElementTree.Element]]:
    """Return the cells of each row of a table's body. Parsing fails when a name has become markup."""
    body = ElementTree.fromstring(f"<div>{html}</div>").find("table/tbody")
    assert body is not None
    return [list(row) for row in body]


def words(html: str) -> list[list[str]]:
    """Return the text of each cell."""
    return [["".join(cell.itertext()) for cell in row] for row in cells(html)]


def link(cell: ElementTree.Element) -> str | None:
    found = cell.find("a")
    return None if found is None else found.get("href")


def event(number: int, kind: str, *, after: int | None = None, seconds: float = 0, **details: Any) -> dict[str, Any]:
    """Return an event of a history, which follows the one before it unless ``after`` says."""
    short = "state" + kind[-7:] if kind.endswith("StateEntered") else "state" + kind[-6:]
    named = kind.endswith(("StateEntered", "StateExited"))
    return {
        "id": number,
        "previousEventId": number - 1 if after is None else after,
        "timestamp": MOMENT + timedelta(seconds=seconds),
        "type": kind,
        **({f"{short if named else kind[0].lower() + kind[1:]}EventDetails": details} if details else {}),
    }


def sample(shape: Any) -> Any:
    """Return a value of a shape of botocore's model, with what is hard to show in its texts."""
    if shape.type_name == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if shape.type_name == "map":
        return {NASTY: sample(shape.value)}
    return {"string": NASTY, "boolean": True, "integer": 1, "long": 1, "timestamp": MOMENT}[shape.type_name]


@pytest.mark.parametrize("kind", MODEL.shape_for("HistoryEventType").enum)
def test_every_type_of_event_has_a_row(kind: str) -> None:
    name = f"{kind[0].lower()}{kind[1:]}EventDetails"
    if kind.endswith("StateEntered"):
        name = "stateEnteredEventDetails"
    elif kind.endswith("StateExited"):
        name = "stateExitedEventDetails"
    events: list[dict[str, Any]] = [event(1, "ExecutionStarted", input="{}", roleArn="arn:aws:iam::1:role/r")]
    events.append({"id": 2, "previousEventId": 1, "timestamp": MOMENT, "type": kind})
    events.append(
        {**events[1], "id": 3, "previousEventId": 2, **({name: sample(DETAILS[name])} if name in DETAILS else {})}
    )
    rows = words(EventsTableWidget(events).show())
    assert [row[:2] for row in rows[1:]] == [["2", kind], ["3", kind]]
    if name in DETAILS:
        assert rows[2][6] != ""


def test_all_details_have_a_sample() -> None:
    """A new kind of shape in botocore's model would be passed over."""
    kinds = MODEL.shape_for("HistoryEventType").enum
    named = {f"{kind[0].lower()}{kind[1:]}EventDetails" for kind in kinds}
    assert set(DETAILS) - named == {"stateEnteredEventDetails", "stateExitedEventDetails"}


def test_nothing_given_is_markup_in_a_table() -> None:
    nasty = Workflow("m", Pass("P"), "r")
    nasty.name = NASTY
    execution = Execution(nasty, f"arn:{NASTY}", MOMENT, "RUNNING", LocalClient(), NASTY)
    events = [event(1, NASTY, name=NASTY, at=MOMENT), event(2, "TaskStateEntered", name=NASTY, input=NASTY)]
    machine = {"name": NASTY, "creationDate": MOMENT, "stateMachineArn": NASTY}
    for listing in (ExecutionsList([execution]), EventsList(events), WorkflowList([machine])):
        html = listing.to_html()
        assert html == listing._repr_html_() == listing.data
        assert "<script" not in html
        assert any('<script>alert("$1")</script>&\ufffd\ufffd' in cell for row in words(html) for cell in row)
        assert "2026-01-02 03:04:05.678+00:00" in html
        html.encode("utf-8")


def test_the_tables_of_nothing() -> None:
    for widget in (EventsTableWidget([]), ExecutionsTableWidget([]), WorkflowsTableWidget([])):
        assert words(widget._repr_html_()) == []
    assert "Status" in ExecutionsTableWidget([]).show()


def test_workflows_and_executions_lead_to_the_console() -> None:
    flow = Workflow("m", Pass("P"), "r", client=LocalClient())
    execution = Execution(flow, EXECUTION, MOMENT, "TIMED_OUT", flow.client, "e", MOMENT + timedelta(days=1))
    (row,) = cells(ExecutionsTableWidget([execution]).show())
    assert link(row[0]) == create_sfn_execution_url(EXECUTION)
    assert [cell.findtext(".") or cell.findtext("*") for cell in row[:4]] == [
        "e",
        "TIMED_OUT",
        "2026-01-02 03:04:05.678+00:00",
        "2026-01-03 03:04:05.678+00:00",
    ]
    (row,) = cells(WorkflowsTableWidget([{"name": "m", "stateMachineArn": MACHINE, "type": "EXPRESS"}]).show())
    assert link(row[0]) == create_sfn_workflow_url(MACHINE)
    assert words(WorkflowsTableWidget([{}]).show()) == [["-", "-", "-", "-"]]


def test_nothing_of_the_local_cloud_leads_to_the_console() -> None:
    execution = Workflow("m", Pass("P"), "r").run()
    (row,) = cells(ExecutionsTableWidget([execution]).show())
    assert link(row[0]) is None
    assert "".join(row[0].itertext()) == execution.name


def history() -> list[dict[str, Any]]:
    """Two branches that take turns, the second of which fails and is caught."""
    return [
        event(1, "ExecutionStarted", after=0, input='{"a": true, "b": null}', roleArn="arn:aws:iam::1:role/r"),
        event(2, "ParallelStateEntered", after=0, seconds=0.25, name="Both", input="{}"),
        event(3, "ParallelStateStarted", seconds=0.25),
        event(4, "TaskStateEntered", after=3, seconds=1, name="Left", input="{}"),
        event(5, "TaskStateEntered", after=3, seconds=1, name="Right", input="{}"),
        event(
            6,
            "TaskScheduled",
            after=4,
            seconds=86400.5,
            resourceType="lambda",
            resource="invoke",
            region="us-west-2",
            parameters='{"FunctionName": "arn:aws:lambda:us-west-2:1:function:f"}',
        ),
        event(
            7,
            "TaskScheduled",
            after=5,
            seconds=86401,
            resourceType="sagemaker",
            resource="createTrainingJob.sync",
            region="eu-central-1",
            parameters='{"TrainingJobName": "job", "EnableNetworkIsolation": true, "VpcConfig": null}',
        ),
        event(8, "TaskStarted", after=6, seconds=86401, resourceType="lambda", resource="invoke"),
        event(
            9,
            "TaskFailed",
            after=7,
            seconds=90000,
            resourceType="sagemaker",
            resource="createTrainingJob.sync",
            error="E",
        ),
        event(10, "ParallelStateFailed", after=9, seconds=90000),
        event(11, "ParallelStateExited", seconds=90000, name="Both", output="{}"),
        event(12, "ExecutionSucceeded", seconds=90000, output='"done"'),
    ]


STEPS = ["", "Both", "Both", "Left", "Right", "Left", "Right", "Left", "Right", "Both", "Both", ""]


def test_events_say_their_step_resource_and_time() -> None:
    events = history()
    before = copy.deepcopy(events)
    html = EventsTableWidget(events).show()
    assert events == before
    rows = words(html)
    assert [row[2] for row in rows] == STEPS
    assert [row[3] for row in rows[5:9]] == ["Lambda f", "SageMaker training job job"] * 2
    assert {row[3] for row in (*rows[:5], *rows[9:])} == {"-"}
    job = "https://console.aws.amazon.com/sagemaker/home?region=eu-central-1#/jobs/job"
    assert [link(row[3]) for row in cells(html)[5:9]] == [None, job, None, job]
    assert [row[4] for row in rows[:6]] == ["0", "250", "250", "1000", "1000", "86400500"]
    assert rows[11][4] == "90000000"
    assert '"b": null' in rows[0][6]
    assert '"EnableNetworkIsolation": true' in rows[6][6]
    assert '"output": "done"' in rows[11][6]


def test_a_part_of_a_history_in_either_order_says_the_same_of_what_it_has() -> None:
    rows = words(EventsTableWidget(reversed(history())).show())
    assert [row[2] for row in rows] == STEPS[::-1]
    assert rows[-1][4] == "0"
    (last,) = words(EventsTableWidget(history()[8:9]).show())
    assert last[2:5] == ["", "SageMaker training job", "0"]
    glue = event(13, "TaskFailed", resourceType="glue", resource="startJobRun.sync", error="E")
    cut = [*history()[6:9], glue, event(12, "TaskStateExited", after=9, name="R")]
    assert words(EventsTableWidget(cut).show())[3][3] == "glue:startJobRun.sync"
    assert words(EventsTableWidget(cut[-1:]).show())[0][2] == "R"


@pytest.mark.parametrize(
    ("resource", "parameter", "shown_as", "page"),
    [
        ("createTransformJob.sync", "TransformJobName", "SageMaker transform job n", "transform-jobs"),
        ("createProcessingJob", "ProcessingJobName", "SageMaker processing job n", "processing-jobs"),
        (
            "createHyperParameterTuningJob.sync",
            "HyperParameterTuningJobName",
            "SageMaker tuning job n",
            "hyper-tuning-jobs",
        ),
        ("createModel", "ModelName", "SageMaker model n", "models"),
        ("createEndpointConfig", "EndpointConfigName", "SageMaker endpoint configuration n", "endpointConfig"),
        ("createEndpoint", "EndpointName", "SageMaker endpoint n", "endpoints"),
        ("updateEndpoint", "EndpointName", "SageMaker endpoint n", "endpoints"),
        ("createEndpointConfig", "Other", "SageMaker endpoint configuration", None),
        ("addTags", "ModelName", "sagemaker:addTags", None),
    ],
)
def test_what_sagemaker_makes_leads_to_its_page(resource: str, parameter: str, shown_as: str, page: str | None) -> None:
    parameters = json.dumps({parameter: "n"})
    scheduled = event(1, "TaskScheduled", resourceType="sagemaker", resource=resource, parameters=parameters)
    (row,) = cells(EventsTableWidget([scheduled]).show())
    assert "".join(row[3].itertext()) == shown_as
    assert link(row[3]) == (page and f"https://console.aws.amazon.com/sagemaker/home#/{page}/n")


def test_what_the_local_cloud_made_leads_nowhere() -> None:
    events = history()
    events[0]["executionStartedEventDetails"]["roleArn"] = "arn:aws:iam::123456789012:role/r"
    rows = cells(EventsTableWidget(events).show())
    assert [link(row[3]) for row in rows] == [None] * 12
    assert "".join(rows[6][3].itertext()) == "SageMaker training job job"


def test_events_of_lambda_functions_and_activities() -> None:
    events = [
        event(1, "LambdaFunctionScheduled", resource="arn:aws:lambda:us-east-1:1:function:f:live", input="{}"),
        event(2, "LambdaFunctionStarted"),
        event(3, "ActivityScheduled", after=0, resource="arn:aws:states:us-east-1:1:activity:a", input="1"),
        event(4, "ActivityStarted", workerName="w"),
        event(5, "TaskScheduled", after=0, resourceType="sns", resource="publish", parameters="[1]"),
        event(6, "TaskStateAborted"),
    ]
    shown_as = [row[3] for row in words(EventsTableWidget(events).show())]
    assert shown_as == ["Lambda f:live", "Lambda f:live", "Activity a", "Activity a", "sns:publish", "-"]


def test_values_nested_deeper_than_python_goes_are_shown_as_text() -> None:
    for depth in (500, 200_000):
        nested = "[" * depth + "]" * depth
        (row,) = words(EventsTableWidget([event(1, "ExecutionSucceeded", output=nested)]).show())
        assert nested in row[6].replace("\n", "").replace(" ", "")


def test_what_is_long_is_folded() -> None:
    html = EventsTableWidget([event(1, "ExecutionSucceeded", output=json.dumps("x" * 1000))]).show()
    summary = cells(html)[0][6].findtext("details/summary")
    assert summary is not None
    assert len(summary) == 60
    assert "x" * 1000 in html


def test_what_the_service_repeats_is_left_out_unless_it_says_something() -> None:
    whole, cut = {"truncated": False}, {"truncated": True}
    events = [event(1, "ExecutionStarted", input="1", inputDetails=whole), event(2, "X", output="1", outputDetails=cut)]
    rows = words(EventsTableWidget(events).show())
    assert "inputDetails" not in rows[0][6]
    assert "outputDetails" in rows[1][6]


def test_times() -> None:
    assert format_time(MOMENT) == "Jan 02, 2026 03:04:05.678 AM"
    assert format_time(datetime(2026, 12, 31, 12, 0, 0, 999)) == "Dec 31, 2026 12:00:00.000 PM"
    assert format_time(None) == "-"
    assert get_timestamp(MOMENT) == 1767323045.678
    assert json_serializer(MOMENT) == 1767323045.678
    with pytest.raises(TypeError, match="set"):
        json_serializer({1})
    assert get_elapsed_ms(MOMENT, MOMENT + timedelta(days=1, microseconds=1500)) == 86400001.5
    assert get_elapsed_ms(MOMENT, MOMENT - timedelta(seconds=1)) == -1000.0


def test_urls_of_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    start = "https://console.aws.amazon.com/states/home?region=us-west-2#"
    assert create_sfn_execution_url(EXECUTION) == f"{start}/executions/details/{EXECUTION}"
    assert create_sfn_workflow_url(MACHINE) == f"{start}/statemachines/view/{MACHINE}"
    china = MACHINE.replace("aws:", "aws-cn:", 1).replace("us-west-2", "cn-north-1")
    assert create_sfn_workflow_url(china).startswith("https://console.amazonaws.cn/states/home?region=cn-north-1#/")
    assert "<" not in create_sfn_workflow_url(f"{MACHINE}<b>")
    for url_of in (create_sfn_execution_url, create_sfn_workflow_url):
        with pytest.raises(ValueError, match="'m' is no ARN"):
            url_of("m")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    monkeypatch.delenv("AWS_REGION", raising=False)
    link = sagemaker_console_link("jobs", "j")
    assert link == "https://console.amazonaws-us-gov.com/sagemaker/home?region=us-gov-west-1#/jobs/j"


def test_html_gives_ipythons_object_in_a_notebook_and_the_list_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = WorkflowList([{"name": "m", "stateMachineArn": MACHINE}])
    monkeypatch.delitem(sys.modules, "IPython.display", raising=False)
    assert shown(listing, html=True) is listing
    made: list[str] = []
    # stands for IPython, of which only the name and the one argument of this class are used
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=made.append))
    assert shown(listing, html=False) is listing
    shown(listing, html=True)
    assert made == [listing.to_html()]
