"""Milliseconds to write a report of 25,000 events, and to open it in Chromium: python benchmarks/report_page.py

The browser's part needs Playwright and a Chromium on the path, and is left out without them.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual.report import report
from table import Row, show

ITEMS = 2_300
OPEN_MS, FRAME_MS = 2_000, 50
SCROLL = """async () => {
  const table = document.querySelector("[role=grid]");
  const frames = [];
  let last = performance.now();
  for (let turn = 0; turn < 120; turn += 1) {
    table.scrollTop += 600;
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - last);
    last = performance.now();
  }
  return frames.sort((a, b) => a - b)[113];
}"""


def client_of(items: int) -> tuple[LocalClient, str]:
    """Run a Map of so many items: eleven events each."""
    parameters = {"FunctionName": "train", "Payload.$": "$"}
    train = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    steps = {"Load": {"Type": "Pass", "Next": "Train"}, "Train": {**train, "Next": "Score"}}
    processor = {"StartAt": "Load", "States": {**steps, "Score": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    client = LocalClient({"train": lambda payload: payload}, limits=False)
    machine = client.create_state_machine(
        name="m", definition=json.dumps({"StartAt": "Each", "States": {"Each": each}}), roleArn="arn:aws:iam::1:role/r"
    )
    given = {"items": [{"n": number, "note": "a text of some length " * 10} for number in range(items)]}
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input=json.dumps(given))
    client.run_until_idle()
    return client, started["executionArn"]


def rows() -> Iterator[Row]:
    """Writing, opening and scrolling; about 20 seconds."""
    client, arn = client_of(ITEMS)
    begun = time.process_time()
    text = report(client, arn)
    yield Row("Report of 25,000 events: written", (time.process_time() - begun) * 1000, "ms")
    yield Row("Report of 25,000 events: size", len(text.encode()) / 2**20, "MiB")
    chromium = shutil.which("chromium")
    if chromium is None or importlib.util.find_spec("playwright") is None:
        return
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield from _in(browser, path)
        browser.close()


def _in(browser: Any, path: Path) -> Iterator[Row]:
    opened = []
    for _ in range(3):
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(path.as_uri(), wait_until="commit")
        page.wait_for_selector(".inspected")
        opened.append(float(page.evaluate("performance.now()")))
    yield Row("Report of 25,000 events: opened in Chromium", min(opened), "ms", OPEN_MS)
    page.get_by_role("tab", name="Events").click()
    yield Row("Its events scrolled, 95 of 100 frames", float(page.evaluate(SCROLL)), "ms", FRAME_MS)


def main() -> None:
    show("Report", rows())


if __name__ == "__main__":
    main()
