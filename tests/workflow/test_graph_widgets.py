"""The graphs of workflows and executions, as 2.3.0's widgets show them."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from xml.etree import ElementTree

from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Chain, Pass, Succeed
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.lists import json_serializer
from stepfunctions.workflow.widgets import ExecutionGraphWidget, WorkflowGraphWidget

ARN = "arn:aws:states:us-west-2:210987654321:execution:m:e"
SVG = "{http://www.w3.org/2000/svg}"


def workflow() -> Workflow:
    return Workflow("m", Chain([Pass("<Prepare>"), Succeed("Done")]), "r", client=LocalClient())


def drawing(html: str) -> ElementTree.Element:
    """Return the SVG that is in the HTML."""
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert found is not None
    return ElementTree.fromstring(base64.b64decode(found[1]))


def test_the_graph_of_a_workflow_shows_itself_without_script_or_network() -> None:
    text = workflow().definition.to_json(pretty=True)
    widget = WorkflowGraphWidget(text)
    shown = widget.show()
    for html in (shown.data, shown._repr_html_(), widget._repr_html_(), shown._repr_mimebundle_()["text/html"]):
        assert "<Prepare>" in "".join(drawing(html).itertext())
        assert "<script" not in html
        assert "http" not in html
        assert "<Prepare>" not in html
    assert ElementTree.fromstring(shown._repr_svg_()).tag == f"{SVG}svg"
    assert "<Prepare>" in str(shown)
    assert WorkflowGraphWidget(json.loads(text)).show().data == shown.data


def test_a_widget_is_drawn_downwards_unless_it_is_asked_otherwise() -> None:
    widget = WorkflowGraphWidget(workflow().definition.to_json())
    down, right = widget.show().drawing, widget.show(portrait=False).drawing
    assert down.height > down.width
    assert right.width > right.height


def test_the_graph_of_an_execution_has_its_statuses_and_leads_to_the_console() -> None:
    execution = workflow().run()
    definition = execution.workflow.definition.to_json()
    events = list(execution.list_events())
    given: list[Any] = [
        events,
        iter(events),
        {"events": events},
        json.dumps(events, default=json_serializer),  # as 2.3.0 gives them
        json.dumps({"events": events}, default=str),
    ]
    pictures = []
    for history in given:
        widget = ExecutionGraphWidget(definition, history, ARN)
        assert widget._repr_html_() == widget.show().data
        pictures.append(widget.show().data)
    assert len(set(pictures)) == 1
    statuses = {group.get("data-s") for group in drawing(pictures[0]).iter(f"{SVG}g") if group.get("data-type")}
    assert "SUCCEEDED" in statuses
    url = f"https://console.aws.amazon.com/states/home?region=us-west-2#/executions/details/{ARN}"
    assert pictures[0].endswith(f'<a href="{url}" target="_blank" rel="noopener">Inspect in AWS Step Functions</a>')


def test_what_is_not_on_aws_has_no_link() -> None:
    definition = workflow().definition.to_json()
    for arn in ("e", workflow().run().execution_arn):
        assert "<a " not in ExecutionGraphWidget(definition, "[]", arn).show().data
