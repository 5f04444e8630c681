"""The console in a browser: a live run, a failed one, the Map's failures, a shift, by keys, dark, narrow, and large."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.browser.conftest import Viewer
from tests.browser.test_report import HOSTILE
from tests.local.server.test_shifting import Endpoints, routed

from stepfunctions.testing import LocalCloud

pytestmark = [pytest.mark.heavy, pytest.mark.local, pytest.mark.timeout(300)]

ROLE = "arn:aws:iam::123456789012:role/r"
AXE_SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(clock="jump") as made:
        made.clock.hold()
        yield made


@pytest.fixture
def look(browser: Any, cloud: LocalCloud) -> Iterator[Callable[..., Viewer]]:
    """Open the console at a place; nothing may go wrong in it, and it loads from its own server alone."""
    opened: list[tuple[Any, Viewer]] = []

    def start(place: str, *arguments: str, width: int = 1440, **options: Any) -> Viewer:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        viewer = Viewer(context.new_page())
        opened.append((context, viewer))
        token = (cloud.data_dir / "console-token").read_text().strip()
        viewer.page.goto(f"{cloud.endpoint}/?token={token}")
        parts = [place, *(quote(one, safe="") for one in arguments)]
        viewer.page.goto(f"{cloud.endpoint}/#/{'/'.join(parts)}")
        return viewer

    yield start
    for context, viewer in opened:
        context.close()
        assert viewer.wrong == []
        assert all(url.startswith((cloud.endpoint, "data:")) for url in viewer.loaded), viewer.loaded


def made(cloud: LocalCloud, name: str, states: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    client = cloud.client("stepfunctions")
    return str(client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"])


def started(cloud: LocalCloud, machine: str, given: Any, name: str) -> str:
    client = cloud.client("stepfunctions")
    return str(client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))["executionArn"])


EACH = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Bad?"},
        "Bad?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Diverged"}],
            "Default": "Good",
        },
        "Diverged": {"Type": "Fail", "Error": "Diverged", "Cause": f"loss is NaN {HOSTILE}"},
        "Good": {"Type": "Pass", "End": True},
    },
}


@pytest.fixture(scope="module")
def retrain(cloud: LocalCloud) -> str:
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": EACH, "Next": "Publish"}
    return made(cloud, "retrain", {"Each": each, "Publish": {"Type": "Pass", "End": True}})


def items(count: int, bad: int | None = None) -> dict[str, Any]:
    return {"items": [{"seconds": 60 * (at + 1), "bad": at == bad} for at in range(count)]}


def status(viewer: Viewer, state: str) -> str:
    return str(viewer.page.get_attribute(f"[data-id='{state}']", "data-s"))


def test_a_run_is_seen_from_its_start_to_its_end(look: Callable[..., Viewer], cloud: LocalCloud, retrain: str) -> None:
    viewer = look("machine", retrain)
    page = viewer.page
    page.get_by_role("button", name="Start execution").click()
    page.get_by_label("Name", exact=True).fill("by hand")
    page.get_by_label("Input, as JSON").fill("{")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector("[role=alert]:has-text('Invalid')")
    assert "400" in viewer.wrong.pop()  # Chromium logs what was refused
    page.get_by_label("Name", exact=True).fill("by-hand")
    page.get_by_label("Input, as JSON").fill(json.dumps(items(4)))
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector(".top .badge[data-s=RUNNING]")
    page.wait_for_selector("[data-id=Wait][data-s=RUNNING]")
    cloud.clock.advance(125)
    page.wait_for_selector("[data-id=Good]:has-text('2 succeeded')")
    assert status(viewer, "Publish") == "NOT_REACHED"
    viewer.shoot("console-live")
    cloud.clock.advance(125)
    page.wait_for_selector(".top .badge[data-s=SUCCEEDED]")
    assert status(viewer, "Publish") == "SUCCEEDED"
    assert page.get_by_role("button", name="Stop").count() == 0
    viewer.tab("Timeline")
    viewer.shoot("console-timeline")


def test_a_failed_run_shows_its_deepest_state_and_is_redriven(
    look: Callable[..., Viewer], cloud: LocalCloud, retrain: str
) -> None:
    arn = started(cloud, retrain, items(12, bad=5), "failing")
    cloud.clock.advance(400)
    viewer = look("execution", arn)
    page = viewer.page
    page.wait_for_selector(".banner")
    assert viewer.title == "Diverged"
    assert page.locator(".banner .path").inner_text() == "Each (item 5) › Diverged"
    assert HOSTILE in page.locator(".banner .cause").inner_text()
    viewer.shoot("console-failed")
    viewer.tab("Map items")
    page.locator(".chips button:has-text('Failed')").click()
    assert page.locator("#items-0").inner_text().split()[:3] == ["5", "✕", "Failed"]
    assert page.locator("[id^=items-]").count() == 1
    viewer.shoot("console-map-failures")
    before = page.inner_text("#view-tab-events .count")
    page.get_by_role("button", name="Redrive").click()
    page.wait_for_selector(f"#view-tab-events .count:not(:text-is('{before}'))")
    client = cloud.client("stepfunctions")
    assert client.describe_execution(executionArn=arn)["redriveCount"] == 1
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    count = sum(len(one["events"]) for one in pages)
    page.wait_for_selector(f"#view-tab-events .count:text-is('{count}')")  # it failed again, where it had failed


def test_an_endpoint_that_shifts(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    endpoints = Endpoints(cloud)
    old, new = (endpoints.config(name, instances=4) for name in ("champion", "challenger"))
    endpoints.create("flights", old)
    endpoints.load("flights", 40)
    cloud.clock.advance(60)
    routing = routed("CANARY", termination=60, CanarySize=("CAPACITY_PERCENT", 25))
    endpoints.sagemaker.update_endpoint(EndpointName="flights", EndpointConfigName=new, DeploymentConfig=routing)
    endpoints.until(lambda: endpoints.message("flights").startswith("25%"))
    endpoints.load("flights", 80)
    viewer = look("endpoints")
    viewer.page.wait_for_selector(".split:has-text('25 %')")
    assert "champion" in viewer.page.inner_text(".split")
    assert viewer.page.locator("figure:has-text('Requests a minute') b").inner_text() == "80"
    viewer.shoot("console-endpoint")
    cloud.clock.advance(700)
    viewer.page.wait_for_selector(".card .badge:has-text('InService')")
    viewer.page.wait_for_selector(".split:has-text('challenger 100 %')")


def test_everything_by_keys(look: Callable[..., Viewer], cloud: LocalCloud, retrain: str) -> None:
    started(cloud, retrain, items(1), "by-keys")
    viewer = look("")
    page, keys = viewer.page, viewer.page.keyboard
    page.wait_for_selector("table")
    page.locator(".skip").focus()
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    for _ in range(30):
        keys.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "retrain":
            break
    keys.press("Enter")
    page.wait_for_selector("#machine-tab-executions")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator("#machine-tab-executions").focus()
    keys.press("ArrowRight")
    page.wait_for_selector(".definition svg")
    keys.press("ArrowLeft")
    page.wait_for_selector("a:has-text('by-keys')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["", "machine", "execution", "jobs", "endpoints", "triggers", "models"])
def test_axe_finds_nothing_serious(
    look: Callable[..., Viewer], cloud: LocalCloud, retrain: str, axe: str, place: str, scheme: str
) -> None:
    scheduler = cloud.client("scheduler")
    if not scheduler.list_schedules()["Schedules"]:
        target = {"Arn": retrain, "RoleArn": ROLE}
        scheduler.create_schedule(
            Name="weekly", ScheduleExpression="rate(7 days)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )
        data = [{"MetricName": "Drift", "Dimensions": [{"Name": "Model", "Value": "JFK-LAX"}], "Value": 1.2}]
        cloud.client("cloudwatch").put_metric_data(Namespace="Flights", MetricData=data)
    arguments = {"machine": [retrain], "execution": [started(cloud, retrain, items(2), f"axe-{scheme}")]}
    viewer = look(place, *arguments.get(place, []), color_scheme=scheme)
    viewer.page.wait_for_selector("[role=tab]" if place in arguments else "h1")
    viewer.page.wait_for_selector(".loading", state="detached")
    viewer.page.evaluate(axe)
    found = viewer.page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in AXE_SERIOUS] == []
    viewer.shoot(f"console-{place or 'machines'}-{scheme}")


def test_a_narrow_window_scrolls_in_one_direction_only(
    look: Callable[..., Viewer], cloud: LocalCloud, retrain: str
) -> None:
    sagemaker, group = cloud.client("sagemaker"), "g" * 63
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    for value in ("9.25", "8.5"):
        scores = {"mae": value, HOSTILE[:60]: "0.5"}
        sagemaker.create_model_package(ModelPackageGroupName=group, CustomerMetadataProperties=scores)
    for place in ([""], ["machine", retrain], ["jobs"], ["triggers"], ["models"]):
        viewer = look(*place, width=400)
        viewer.page.wait_for_selector("h1")
        viewer.page.wait_for_selector(".loading", state="detached")
        wide = viewer.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 400, place
        viewer.shoot(f"console-narrow-{place[0] or 'machines'}")


def test_a_lost_connection_is_said_and_comes_back(browser: Any, tmp_path: Any) -> None:
    with LocalCloud(tmp_path / "data") as first:
        arn = started(first, made(first, "m", {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}), {}, "lasting")
        port = int(first.endpoint.rpartition(":")[2])
        token = (first.data_dir / "console-token").read_text().strip()
        page = browser.new_page()
        page.goto(f"{first.endpoint}/?token={token}")
        page.goto(f"{first.endpoint}/#/execution/{quote(arn, safe='')}")
        page.wait_for_selector(".top .badge[data-s=RUNNING]")
    page.wait_for_selector(".trouble-words:has-text('lost')")
    with LocalCloud(tmp_path / "data", port=port) as second:
        second.client("stepfunctions").stop_execution(executionArn=arn)
        page.wait_for_selector(".top .badge[data-s=ABORTED]")
    page.close()


def test_ten_thousand_executions_are_there_at_once(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    """The bound is generous: it tells a page that asks for one page from one that asks for everything."""
    arn = made(cloud, "large", {"A": {"Type": "Succeed"}})
    client = cloud.client("stepfunctions")
    for number in range(10_000):
        client.start_execution(stateMachineArn=arn, name=f"run-{number:05}")
    viewer = look("")
    viewer.page.wait_for_selector("a:has-text('large')")
    began = time.monotonic()
    viewer.page.get_by_role("link", name="large", exact=True).click()
    viewer.page.wait_for_selector("a:has-text('run-09999')")
    assert time.monotonic() - began < 5
    assert viewer.page.locator("tbody tr").count() == 100
    viewer.page.get_by_role("button", name="Older").click()
    viewer.page.wait_for_selector("a:has-text('run-09899')")
    viewer.page.get_by_label("Search names").fill("00042")
    viewer.page.wait_for_selector("tbody tr:only-child:has-text('run-00042')")


def test_addresses_that_lead_nowhere_are_said(look: Callable[..., Viewer], cloud: LocalCloud, retrain: str) -> None:
    viewer = look("nonsense")
    page = viewer.page
    page.wait_for_selector("h1:has-text('There is no such page')")
    for broken in ("constructor", "machine", "execution/"):
        page.goto(f"{cloud.endpoint}/#/{broken}")
        page.wait_for_selector("h1:has-text('There is no such page')")
    page.goto(f"{cloud.endpoint}/#/machine/%E0%A4%A")  # half of a character
    page.wait_for_selector(".trouble:has-text('Invalid Arn')")
    page.goto(f"{cloud.endpoint}/#/execution/{quote('arn:aws%0a' + HOSTILE, safe='')}")
    page.wait_for_selector(".nothing:has-text('There is nothing to show of')")
    assert HOSTILE in page.inner_text(".nothing")
    page.goto(
        f"{cloud.endpoint}/#/execution/{quote(retrain.replace(':stateMachine:', ':execution:') + ':no', safe='')}"
    )
    page.wait_for_selector(".trouble-words:has-text('Does Not Exist')")
    page.get_by_role("link", name="State machines").first.click()
    page.wait_for_selector("a:has-text('retrain')")
    assert viewer.wrong
    assert all("400" in said for said in viewer.wrong)
    viewer.wrong.clear()  # Chromium logs what was refused


def test_an_express_execution_is_shown_when_it_has_ended(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    arn = cloud.client("stepfunctions").create_state_machine(
        name="express", definition=json.dumps(definition), roleArn=ROLE, type="EXPRESS"
    )["stateMachineArn"]
    page = look("machine", arn).page
    page.get_by_role("button", name="Start execution").click()
    page.get_by_label("Input, as JSON").fill(json.dumps({"a": HOSTILE}))
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector("#machine-panel .badge[data-s=SUCCEEDED]")
    assert HOSTILE in json.loads(page.inner_text("#machine-panel pre"))["a"]


def test_children_of_a_map_run_are_opened_from_its_items(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    bad = {"Variable": "$", "NumericEquals": 3, "Next": "Bad"}
    states = {
        "Which": {"Type": "Choice", "Choices": [bad], "Default": "Good"},
        "Bad": {"Type": "Fail", "Error": "Diverged"},
        "Good": {"Type": "Succeed"},
    }
    each = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Which"}
    items = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {**each, "States": states}, "End": True}
    arn = started(cloud, made(cloud, "distributed", {"All": items}), {"items": list(range(8))}, "children")
    page = look("execution", arn).page
    page.wait_for_selector(".top .badge[data-s=FAILED]")
    page.get_by_role("tab", name="Map items").click()
    page.locator(".chips button:has-text('Failed')").click()
    page.locator("#items-0").click()
    page.get_by_role("link", name="Open this execution").click()
    page.wait_for_selector(".banner:has-text('Diverged')")
    assert status(Viewer(page), "Bad") == "FAILED"
    page.go_back()
    page.wait_for_selector(".top h1:has-text('children')")


def test_the_page_reads_what_is_new_and_nothing_else(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    arn = started(cloud, made(cloud, "waits", {"W": {"Type": "Wait", "Seconds": 60, "End": True}}), {}, "read-once")
    viewer = look("execution", arn)
    page = viewer.page
    page.wait_for_selector("[data-id=W][data-s=RUNNING]")
    cloud.clock.advance(61)
    page.wait_for_selector(".top .badge[data-s=SUCCEEDED]")
    read = [url for url in viewer.loaded if "/execution?" in url]
    assert 2 <= len(read) <= 3  # the start, the end, and perhaps in between


def test_a_chosen_item_stays_chosen_while_others_come(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "W",
        "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": True}},
    }
    items = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": each, "End": True}
    arn = started(cloud, made(cloud, "coming", {"All": items}), {"items": [60, 3600, 60, 60, 60, 60]}, "chosen")
    page = look("execution", arn).page
    page.get_by_role("tab", name="Map items").click()
    page.locator("#items-1").click()
    chosen = page.inner_text(".inspected h2")
    for count in (3, 4, 5):
        cloud.clock.advance(61)
        page.wait_for_selector(f"#view-tab-maps .count:text-is('{count}')")
        assert page.inner_text(".inspected h2") == chosen


def test_a_page_that_nobody_sees_frees_its_connection(look: Callable[..., Viewer], cloud: LocalCloud) -> None:
    arn = started(cloud, made(cloud, "unseen", {"W": {"Type": "Wait", "Seconds": 60, "End": True}}), {}, "unseen")
    page = look("execution", arn).page
    page.wait_for_selector("[data-id=W][data-s=RUNNING]")
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
    hide += "document.dispatchEvent(new Event('visibilitychange'))"
    with page.expect_event("requestfailed", lambda request: "/live?" in request.url):
        page.evaluate(hide % "true")
    with page.expect_request(lambda request: "/live?" in request.url):
        page.evaluate(hide % "false")
    cloud.clock.advance(61)
    page.wait_for_selector(".top .badge[data-s=SUCCEEDED]")
