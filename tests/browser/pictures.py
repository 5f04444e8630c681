"""The documentation's pictures of report and console: ``python -m tests.browser.pictures`` makes them anew."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from stepfunctions.errors import StateFailed
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.testing import LocalCloud
from stepfunctions.visual.report import report

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
ROUTES = ["JFK-LAX", "JFK-SFO", "LGA-ORD", "EWR-BOS", "LGA-ATL", "EWR-MCO", "JFK-BOS", "EWR-SFO"]
DIVERGES = "EWR-BOS"


def task(function: str, **fields: Any) -> dict[str, Any]:
    arguments = {"FunctionName": function, "Payload": "{% $states.input %}"}
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 4, "MaxAttempts": 2}]
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Arguments": arguments, "Retry": retry}
    return {**state, "Output": "{% $states.result.Payload %}", **fields}


def definition() -> dict[str, Any]:
    states = {
        "Train": task("train", Next="Better?"),
        "Better?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.mae < 9 %}", "Next": "Register"}],
            "Default": "Keep champion",
        },
        "Register": task("register", End=True),
        "Keep champion": {"Type": "Pass", "End": True},
    }
    each = {
        "Type": "Map",
        "Items": "{% $states.input.routes %}",
        "MaxConcurrency": 3,
        "ItemProcessor": {"StartAt": "Train", "States": states},
        "End": True,
    }
    labels = {
        "Wait for labels": {"Type": "Wait", "Seconds": 10, "Next": "Check labels"},
        "Check labels": task("check", End=True),
    }
    branches = [
        {"StartAt": "Each route", "States": {"Each route": each}},
        {"StartAt": "Wait for labels", "States": labels},
    ]
    both = {"Type": "Parallel", "Branches": branches, "Next": "Publish"}
    whole = {"Prepare features": task("prepare", Next="Retrain"), "Retrain": both, "Publish": task("publish", End=True)}
    return {"QueryLanguage": "JSONata", "Comment": "Weekly retraining", "StartAt": "Prepare features", "States": whole}


def page() -> str:
    """Run the pipeline, of which one route fails for good, and return its report."""
    tries: dict[str, int] = {}

    def train(payload: dict[str, Any]) -> dict[str, Any]:
        route = payload["route"]
        tries[route] = tries.get(route, 0) + 1
        if route == DIVERGES:
            raise StateFailed("Diverged", json.dumps({"errorMessage": f"{route}: the loss is NaN after epoch 17"}))
        if route == "JFK-SFO" and tries[route] == 1:
            raise StateFailed("Throttled", "Rate exceeded")
        return {"route": route, "mae": 6.5 + len(tries) * 0.9}

    mocks: dict[str, Any] = {
        "prepare": lambda payload: {"routes": [{"route": route} for route in ROUTES]},
        "train": train,
        **dict.fromkeys(("register", "check", "publish"), lambda payload: payload),
    }
    client = LocalClient(mocks)
    machine = client.create_state_machine(
        name="flight-delays", definition=json.dumps(definition()), roleArn="arn:aws:iam::123456789012:role/flights"
    )
    started = client.start_execution(
        stateMachineArn=machine["stateMachineArn"], name="week-39", input=json.dumps({"week": 39})
    )
    client.run_until_idle()
    return report(client, started["executionArn"])


def console(browser: Any) -> None:
    """Run a Map of waits on a local cloud, and look at it in the console when a part of it is done."""
    better = [{"Variable": "$.better", "BooleanEquals": True, "Next": "Register"}]
    trained = {
        "Train": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Better?"},
        "Better?": {"Type": "Choice", "Choices": better, "Default": "Keep champion"},
        "Register": {"Type": "Pass", "End": True},
        "Keep champion": {"Type": "Pass", "End": True},
    }
    each = {"StartAt": "Train", "States": trained}
    states = {
        "Prepare features": {"Type": "Pass", "Next": "Each route"},
        "Each route": {"Type": "Map", "ItemsPath": "$.routes", "ItemProcessor": each, "Next": "Publish"},
        "Publish": {"Type": "Pass", "End": True},
    }
    routes = [{"route": name, "seconds": 60 * at, "better": at % 3 > 0} for at, name in enumerate(ROUTES, 1)]
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        client = cloud.client("stepfunctions")
        definition = json.dumps({"StartAt": "Prepare features", "States": states})
        role = "arn:aws:iam::123456789012:role/flights"
        machine = client.create_state_machine(name="flight-delays", definition=definition, roleArn=role)
        given = json.dumps({"routes": routes})
        run = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="week-39", input=given)
        cloud.clock.advance(330)
        token = (cloud.data_dir / "console-token").read_text().strip()
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{cloud.endpoint}/?token={token}")
        page.goto(f"{cloud.endpoint}/#/execution/{quote(run['executionArn'], safe='')}")
        page.wait_for_selector("[data-id=Register]:has-text('succeeded')")
        page.screenshot(path=IMAGES / "console-run.png")


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_text(page(), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        looks: tuple[tuple[Literal["light", "dark"], str], ...] = (("light", "Graph"), ("dark", "Timeline"))
        for scheme, tab in looks:
            opened = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
            opened.goto(path.as_uri())
            opened.get_by_role("tab", name=tab).click()
            opened.wait_for_timeout(200)
            opened.screenshot(path=IMAGES / f"report-{tab.lower()}.png")
        console(browser)
        browser.close()


if __name__ == "__main__":
    main()
