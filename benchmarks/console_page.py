"""Milliseconds until the console's page shows what happens: python benchmarks/console_page.py

How far a live execution's page is behind the events, and the first paint of a Map Run of 100,000 items, in Chromium.
Playwright and a Chromium on the path are needed. About a minute and a half.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from stepfunctions.testing import LocalCloud
from table import Row, show

STATES, SECONDS, ITEMS = 30, 1, 100_000
BEHIND_MS, PAINT_MS, PAGE_MB = 100, 1_000, 100
ROLE = "arn:aws:iam::123456789012:role/r"
WATCH = """() => {
  window.seen = {};
  const look = () => {
    const running = document.querySelectorAll("[data-id][data-s=RUNNING]");
    for (const { dataset } of running) window.seen[dataset.id] ??= Date.now();
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


def opened(cloud: LocalCloud, browser: Any) -> Any:
    """Return a page that may look into the console."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    token = (cloud.data_dir / "console-token").read_text().strip()
    page.goto(f"{cloud.endpoint}/?token={token}")
    return page


def begun(cloud: LocalCloud, name: str, states: dict[str, Any]) -> str:
    client = cloud.client("stepfunctions")
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    machine = client.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    return str(client.start_execution(stateMachineArn=machine, name="e")["executionArn"])


def behind(cloud: LocalCloud, browser: Any) -> Iterator[Row]:
    """From the time of an event to the state's change on the page, the document read again in between."""
    states = {
        f"S{number}": {
            "Type": "Wait",
            "Seconds": SECONDS,
            **({"Next": f"S{number + 1}"} if number < STATES else {"End": True}),
        }
        for number in range(STATES + 1)
    }
    page = opened(cloud, browser)
    arn = begun(cloud, "live", states)
    page.goto(f"{cloud.endpoint}/#/execution/{quote(arn, safe='')}")
    page.wait_for_selector("[data-id=S0]")
    page.evaluate(WATCH)
    page.wait_for_selector(".top .badge[data-s=SUCCEEDED]", timeout=60_000)
    seen = page.evaluate("window.seen")
    events = cloud.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = {
        one["stateEnteredEventDetails"]["name"]: one["timestamp"] for one in events if "stateEnteredEventDetails" in one
    }
    late = sorted(seen[name] - entered[name].timestamp() * 1000 for name in seen if name not in ("S0", "S1"))
    page.close()
    yield Row("Console: a live page is behind the event, median", statistics.median(late), "ms", BEHIND_MS)
    yield Row("Console: a live page is behind the event, worst of 29", late[-1], "ms", BEHIND_MS)


def large(cloud: LocalCloud, browser: Any) -> Iterator[Row]:
    """The execution of a Map Run that has ended: its first paint, and what the page's script holds."""
    client, bucket = cloud.client("s3"), "items"
    client.create_bucket(Bucket=bucket)
    client.put_object(Bucket=bucket, Key="all.json", Body=json.dumps(list(range(ITEMS))))
    bad = {"Variable": "$", "NumericEquals": ITEMS // 2, "Next": "Bad"}
    each = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Which",
        "States": {
            "Which": {"Type": "Choice", "Choices": [bad], "Default": "Good"},
            "Bad": {"Type": "Fail", "Error": "Diverged"},
            "Good": {"Type": "Succeed"},
        },
    }
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": bucket, "Key": "all.json"},
    }
    items = {"Type": "Map", "ItemReader": reader, "ToleratedFailureCount": 5, "ItemProcessor": each, "ResultPath": None}
    items["End"] = True
    arn = begun(cloud, "large", {"All": items})
    states = cloud.client("stepfunctions")
    while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(1)
    page = opened(cloud, browser)
    painted = []
    for _ in range(5):
        page.goto("about:blank")
        began = time.perf_counter()
        page.goto(f"{cloud.endpoint}/#/execution/{quote(arn, safe='')}")
        page.wait_for_selector("[data-id=All]")
        painted.append((time.perf_counter() - began) * 1000)
    page.get_by_role("tab", name="Map items").click()
    page.locator(".chips button:has-text('Failed')").click()
    page.wait_for_selector("#items-0:has-text('Diverged')")
    held = page.evaluate("performance.memory.usedJSHeapSize") / 2**20
    page.close()
    yield Row("Console: a Map Run of 100,000 items painted", statistics.median(painted), "ms", PAINT_MS)
    yield Row("Console: its page holds", held, "MiB", PAGE_MB)


def rows() -> Iterator[Row]:
    """What is measured; nothing without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("There is no Chromium on the path.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, LocalCloud() as cloud:
        arguments = ["--no-sandbox", "--enable-precise-memory-info"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield from behind(cloud, browser)
        yield from large(cloud, browser)
        browser.close()


if __name__ == "__main__":
    show("Console", rows())
