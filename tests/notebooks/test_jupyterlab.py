"""JupyterLab and Notebook 7 in a browser: somebody else's notebook, and executions that are followed live."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import SCREENSHOTS
from tests.notebooks.conftest import EXAMPLE, Lab, kernel_of, opened, run_all

from stepfunctions.testing import LocalCloud

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]

WIDGET = "application/vnd.jupyter.widget-view+json"
IMAGES = ".jp-OutputArea-output img[src^='data:image/svg+xml']"


def test_an_untrusted_notebook_shows_its_pictures(lab: Lab, browser: Any, executed: Path) -> None:
    path = Path(shutil.copy(executed, lab.folder / "somebody-elses.ipynb"))
    with opened(lab, browser, path) as notebook:
        page = notebook.page
        for _ in range(3):  # cells out of sight are not made
            page.wait_for_selector(IMAGES)
            page.locator(".jp-Cell").last.scroll_into_view_if_needed()
        page.wait_for_function(f'() => document.querySelectorAll("{IMAGES}").length === 3')
        for picture in page.locator(IMAGES).all():
            assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 200
            picture.scroll_into_view_if_needed()
            assert picture.is_visible()
        page.locator(".jp-OutputArea-output details summary").first.click()
        assert page.locator(".jp-OutputArea-output details table").first.is_visible()
        for number, picture in enumerate(page.locator(IMAGES).all()):
            picture.scroll_into_view_if_needed()
            notebook.shoot(f"lab-untrusted-{number}")
        notebook.be("Dark")
        notebook.shoot("lab-untrusted-dark")


@dataclass
class Work:
    """A local cloud with an activity, whose tasks the test does."""

    cloud: LocalCloud
    client: Any
    activity: str

    def task(self) -> str:
        """Wait for the next task and return its token."""
        return str(self.client.get_activity_task(activityArn=self.activity)["taskToken"])

    def write(self, path: Path, *cells: str) -> Path:
        """Write a notebook that runs the workflow of two tasks, and has these cells after that."""
        start = f"""
import os
os.environ.update({self.cloud.env!r})
from stepfunctions.steps import ActivityStep, Parallel, Pass
from stepfunctions.workflow import Workflow

both = Parallel("Both")
both.add_branch(ActivityStep("Train", {self.activity!r}))
both.add_branch(Pass("Note"))
steps = Pass("Load") >> both >> ActivityStep("Deploy", {self.activity!r})
workflow = Workflow("{path.stem}", steps, role="arn:aws:iam::123456789012:role/r")
workflow.create()
execution = workflow.execute(inputs={{"rows": 12345}})
"""
        code: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        made = [{**code, "id": f"cell-{place}", "source": text} for place, text in enumerate((start, *cells))]
        kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        path.write_text(json.dumps({"cells": made, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
        return path


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def work(cloud: LocalCloud, request: pytest.FixtureRequest) -> Work:
    client = cloud.client("stepfunctions")
    return Work(cloud, client, client.create_activity(name=f"work-{abs(hash(request.node.name))}")["activityArn"])


def test_a_live_run_can_be_clicked_and_leaves_a_picture(lab: Lab, browser: Any, work: Work) -> None:
    path = work.write(lab.folder / "clicked.ipynb", "live = execution.show()", "print('the cell ' + 'has ended')")
    with opened(lab, browser, path) as notebook:
        page = notebook.page
        notebook.run_all()
        page.get_by_text("the cell has ended", exact=True).wait_for()  # show() did not wait for the execution
        train, first = page.locator("[data-id=Train]"), work.task()
        train.wait_for()
        page.locator("[data-id=Train][data-s=RUNNING]").wait_for()
        train.click()
        assert page.locator(".inspected h2").inner_text() == "Train"
        page.locator(".inspector .payload", has_text="12345").first.wait_for()
        train.press("ArrowDown")  # is for the page: the notebook stays as it is
        assert page.locator(".inspected h2").inner_text() != "Train"
        train.click()
        page.get_by_role("tab", name="Graph").press("ArrowRight")
        assert page.get_by_role("tab", name="Timeline").get_attribute("aria-selected") == "true"
        page.get_by_role("tab", name="Graph").click()
        notebook.shoot("lab-live")
        notebook.be("Dark")
        notebook.shoot("lab-live-dark")
        work.client.send_task_success(taskToken=first, output='{"error": 0.25}')
        page.locator("[data-id=Train][data-s=SUCCEEDED]").wait_for()
        page.locator("[data-id=Deploy][data-s=RUNNING]").wait_for()
        assert page.locator(".inspected h2").inner_text() == "Train"  # what was chosen stays chosen
        page.locator(".inspector .payload", has_text="0.25").first.wait_for()
        work.client.send_task_failure(taskToken=work.task(), error="Endpoint.Full", cause="no room")
        page.wait_for_selector(IMAGES)
        assert page.locator(".inspected").count() == 0
        page.get_by_text("✕ Failed · ").wait_for()
        page.get_by_text("Deploy: Endpoint.Full: no room").wait_for()
        notebook.shoot("lab-ended-dark")
        (bundle,) = (bundle for bundle in notebook.save() if "text/html" in bundle)
        assert {"text/html", "image/svg+xml", "image/png", "text/plain"} == set(bundle)


def test_without_a_widget_the_picture_itself_is_live(lab: Lab, browser: Any, work: Work) -> None:
    path = work.write(
        lab.folder / "pictures.ipynb", "live = execution.show(interactive=False)", "execution.wait()['status']"
    )
    with opened(lab, browser, path) as notebook:
        page = notebook.page
        notebook.run_all()
        first = work.task()
        page.get_by_text("● Running · ").wait_for()
        page.wait_for_selector(IMAGES)
        before = page.get_attribute(IMAGES, "src")
        (bundle,) = (bundle for bundle in notebook.save() if "text/html" in bundle)
        assert WIDGET not in bundle
        work.client.send_task_success(taskToken=first, output="{}")
        second = work.task()
        page.wait_for_function(
            "([images, before]) => document.querySelector(images).src !== before", arg=[IMAGES, before]
        )
        work.client.send_task_success(taskToken=second, output="{}")
        page.get_by_text("✓ Succeeded · ").wait_for()
        page.get_by_text("'SUCCEEDED'").wait_for()
        notebook.shoot("lab-pictures")


def test_interrupting_the_kernel_stops_the_watching_and_not_the_execution(lab: Lab, browser: Any, work: Work) -> None:
    path = work.write(lab.folder / "interrupted.ipynb", "print('waiting'); live = execution.show(wait=True)")
    with opened(lab, browser, path) as notebook:
        page = notebook.page
        notebook.run_all()
        page.get_by_text("waiting", exact=True).wait_for()
        page.locator("[data-id=Train]").wait_for()
        notebook.run("notebook:interrupt-kernel")
        page.get_by_text("Not watched any more").wait_for()
        page.wait_for_selector(IMAGES)
        page.get_by_text("KeyboardInterrupt").first.wait_for()
        (running,) = work.client.list_executions(
            stateMachineArn=f"arn:aws:states:us-east-1:123456789012:stateMachine:{path.stem}"
        )["executions"]
        assert running["status"] == "RUNNING"
        work.client.stop_execution(executionArn=running["executionArn"])


def test_an_execution_that_has_ended_is_inspected(lab: Lab, browser: Any, work: Work) -> None:
    path = work.write(
        lab.folder / "inspected.ipynb", "execution.stop(cause='enough')\nexecution.wait()", "execution.inspect()"
    )
    with opened(lab, browser, path) as notebook:
        notebook.run_all()
        notebook.page.locator("[data-id=Train]").click()
        assert notebook.page.locator(".inspected h2").inner_text() == "Train"
        notebook.shoot("lab-inspected")
        (bundle,) = (bundle for bundle in notebook.save() if WIDGET in bundle)
        assert "<img" in "".join(bundle["text/html"])  # for viewers that know no widgets


def test_notebook_7_shows_pictures_of_an_untrusted_notebook_and_a_live_run(
    lab: Lab, browser: Any, executed: Path, work: Work
) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    try:
        page = context.new_page()
        name = Path(shutil.copy(executed, lab.folder / "seven.ipynb")).name
        page.goto(lab.url.removesuffix("lab") + f"notebooks/{name}")
        page.get_by_text("Not Trusted").wait_for()
        page.wait_for_selector(IMAGES)
        assert page.locator(IMAGES).first.evaluate("(image) => image.naturalWidth") > 200
        path = work.write(lab.folder / "seven-live.ipynb", "live = execution.show()")
        page.goto(lab.url.removesuffix("lab") + f"notebooks/{path.name}")
        kernel_of(page, path)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")

        def start() -> None:
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

        run_all(page, start)
        page.locator("[data-id=Train][data-s=RUNNING]").click()
        assert page.locator(".inspected h2").inner_text() == "Train"
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "notebook-7-live.png")
        for _ in range(2):
            work.client.send_task_success(taskToken=work.task(), output="{}")
        page.get_by_text("✓ Succeeded · ").wait_for()
        page.wait_for_selector(IMAGES)
    finally:
        page.screenshot(path=SCREENSHOTS / "notebook-7.png")
        context.close()


def test_the_example_is_followed_and_looked_into_while_it_runs(lab: Lab, browser: Any) -> None:
    for thing in EXAMPLE.iterdir():
        copy = shutil.copytree if thing.is_dir() else shutil.copy
        if thing.name != "__pycache__":
            copy(thing, lab.folder / thing.name)
    path = lab.folder / "notebook.ipynb"
    kept = json.loads(path.read_text(encoding="utf-8"))
    for cell in kept["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    path.write_text(json.dumps(kept))
    with opened(lab, browser, path) as notebook:
        page = notebook.page
        notebook.run("application:toggle-left-area")
        notebook.run_all()
        page.locator("[data-id=Retrain][data-s=RUNNING]").wait_for()
        page.locator("[data-id=Extract]").click()
        page.locator(".inspected h2", has_text="Extract").wait_for()
        page.locator(".inspected h2").scroll_into_view_if_needed()
        notebook.shoot("notebook-live")  # docs/images has a copy of it
        page.get_by_text("✓ Succeeded · ").first.wait_for()
        page.locator("[data-id=Retrain]").wait_for(state="detached")
        page.get_by_text("week-39.html: ").first.wait_for()
        shown = [bundle for bundle in notebook.save() if "image/svg+xml" in bundle]
        assert len(shown) == 3
