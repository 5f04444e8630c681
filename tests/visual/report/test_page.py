"""One file that loads nothing and in which nothing is taken for markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.visual.report.conftest import ROLE, Page, Ran, task

from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.visual.report import report
from stepfunctions.visual.report.front_end import CONSOLE, LIBRARY, MODULES, REPORT, STATIC, WIDGET, script

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE states; --",
    "]]>&amp;<![CDATA[",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd",
    "👩‍🚀🚀 emoji",
    "x" * 80,
    "\u2028line\u2029separators",
]


def test_the_page_loads_nothing_and_runs_only_its_own_script(failing: Ran) -> None:
    page = failing.page()
    assert [tag for tag, attributes in page.elements if {"src", "href", "action"} & set(attributes)] == []
    assert [tag for tag, _ in page.elements if tag in ("link", "iframe", "object", "base")] == []
    assert not re.search(r"@import|url\(", page.inside["style"])
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    scripts = re.findall(r'<script type="module">(.*?)</script>', page.text, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert policy is not None
    assert f"default-src 'none'; script-src 'sha256-{digest}';" in policy


def test_the_front_end_is_one_script_without_imports() -> None:
    code = script()
    assert not re.search(r"^\s*(import|export)\b", code, re.MULTILINE)
    assert "</script" not in code
    assert "<!--" not in code
    assert "<script" not in code
    names = re.findall(r"^(?:const|function|class|let) (\w+)", code, re.MULTILINE)
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_the_widget_is_one_module_with_what_anywidget_asks_for() -> None:
    code = script(WIDGET)
    assert not re.search(r"^\s*import\b", code, re.MULTILINE)
    assert re.findall(r"^export .*", code, re.MULTILINE) == ["export default { render: mounted };"]


def test_modules_import_only_from_those_before_them() -> None:
    known = [LIBRARY]
    for name in (*MODULES, REPORT, WIDGET, *CONSOLE):
        imported = re.findall(r'^import .* from "\./([a-z]+\.js)";$', (STATIC / name).read_text(), re.MULTILINE)
        assert set(imported) <= set(known), name
        known.append(name)
    assert {path.name for path in STATIC.glob("*.js")} == set(known)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_payloads_are_never_markup(run: Callable[..., Ran], name: str) -> None:
    def fail(payload: Any) -> Any:
        raise StateFailed("Bad" + name[:20], f"cause {name}")

    ran = run({"Comment": name, "StartAt": name, "States": {name: task("f")}}, {"value": name}, f=fail)
    page = ran.page()
    plain = name.encode("utf-8", "replace").decode()
    assert [tag for tag, _ in page.elements] == [
        *("html", "head", "meta", "meta", "meta", "meta", "meta", "title", "style", "body", "div"),
        *("noscript", "h1", "p", "pre", "script", "script"),
    ]
    assert page.document["spans"][0]["state"] == plain
    assert page.value(page.document["failure"]["cause"]) == f"cause {plain}"
    assert "<img" not in page.document["svg"]
    assert "<script" not in page.document["svg"]
    assert page.text.encode()


def test_what_the_document_says(failing: Ran) -> None:
    page = failing.page()
    document = page.document
    assert document["execution"]["status"] == "FAILED"
    assert document["execution"]["machine"] == "m"
    path = [(one["state"], one["item"]) for one in document["failure"]["path"]]
    assert path == [("Both", None), ("Each", None), ("Train", 2)]
    assert document["failure"]["error"] == "Diverged"
    (items,) = document["maps"]
    assert items["items"][2]["error"] == "Diverged"
    assert document["spans"][items["items"][2]["span"]]["state"] == "Train"
    assert [event[0] for event in document["events"]] == [event["id"] for event in failing.events]
    states = {state["name"]: state for state in document["states"]}
    assert states["Train"]["words"] == "1 failed · 3 succeeded · 1 retry"
    assert states["Train"]["inside"] == "Each"
    assert document["notes"] == []
    first = next(span for span in document["spans"] if span["state"] == "Both")
    assert json.loads(page.value(first["input"])) == {"items": [{"n": number} for number in range(4)]}


def test_a_text_is_there_once(run: Callable[..., Ran]) -> None:
    states = {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Pass", "End": True},
    }
    page = run({"StartAt": "A", "States": states}, {"text": "long text " * 30}).page()
    assert page.text.count("long text " * 30) == 1


def test_a_longer_history_than_wanted_is_cut_and_the_page_says_so(failing: Ran) -> None:
    document = failing.document(max_events=10)
    assert [event[0] for event in document["events"]] == list(range(1, 11))
    assert document["notes"] == ["The history is longer: its first 10 events are shown."]


def test_a_running_execution_is_reported_too(run: Callable[..., Ran]) -> None:
    from stepfunctions.runtime.clock import ManualClock
    from stepfunctions.runtime.inprocess import LocalClient

    client = LocalClient(clock=ManualClock(1_700_000_000.0))
    definition = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": True}}}
    machine = client.create_state_machine(name="m", definition=json.dumps(definition), roleArn=ROLE)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="e")["executionArn"]
    document = Page(report(client, arn)).document
    assert (document["execution"]["status"], document["execution"]["end"]) == ("RUNNING", None)
    assert [(span["state"], span["status"]) for span in document["spans"]] == [("W", "RUNNING")]
    assert document["failure"] is None


def test_what_does_not_exist_is_the_services_own_error(failing: Ran) -> None:
    with pytest.raises(failing.client.exceptions.ExecutionDoesNotExist):
        report(failing.client, failing.arn + "-not")


class Refusing:
    """A client that may do nothing but describe the execution."""

    def __init__(self, ran: Ran) -> None:
        self._ran = ran

    def describe_execution(self, **request: Any) -> Any:
        return self._ran.client.describe_execution(**request)

    def __getattr__(self, name: str) -> Any:
        def refuse(**_: Any) -> None:
            raise ServiceError("AccessDeniedException", f"not allowed to {name}")

        return refuse


def test_what_is_refused_is_missing_and_the_page_says_so(failing: Ran) -> None:
    page = Page(report(Refusing(failing), failing.arn))
    assert page.document["execution"]["status"] == "FAILED"
    assert page.document["failure"]["error"] == page.document["execution"]["error"] == "Diverged"
    assert page.document["events"] == page.document["spans"] == page.document["states"] == []
    assert page.document["notes"] == [
        "The definition could not be read: AccessDeniedException: not allowed to describe_state_machine_for_execution",
        "The history could not be read: AccessDeniedException: not allowed to get_execution_history",
    ]
