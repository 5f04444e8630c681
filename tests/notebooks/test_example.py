"""The example's notebook, run by nbconvert, and what its file shows to those who only read it."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import SCREENSHOTS
from tests.notebooks.conftest import EXAMPLE, outputs, own_environment

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(300)]

WIDGET = "application/vnd.jupyter.widget-view+json"


def pictures(html: str) -> list[str]:
    """Our drawings inside some HTML."""
    found = [base64.b64decode(coded).decode() for coded in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", html)]
    return [drawing for drawing in found if 'class="sfn"' in drawing]


@pytest.mark.parametrize("which", ["run now", "as it is kept"])
def test_the_file_holds_the_pictures_in_every_form(executed: Path, which: str) -> None:
    found = outputs(executed if which == "run now" else EXAMPLE / "notebook.ipynb")
    shown = [bundle for bundle in found if "image/svg+xml" in bundle]
    assert len(shown) == 3  # the workflow, the execution while it ran, the execution
    for bundle in shown:
        html = "".join(bundle["text/html"])
        assert len(pictures(html)) == 1
        assert "<script" not in html
        assert "<svg" not in html
        assert "<details>" in html
        assert base64.b64decode("".join(bundle["image/png"])).startswith(b"\x89PNG")
        assert WIDGET not in bundle
    workflow, followed, execution = ("".join(bundle["text/plain"]) for bundle in shown)
    assert workflow.startswith("Workflow(name='flight-delays-notebook'")
    for text in (followed, execution):
        assert text.startswith("✓ Succeeded · ")
        assert "✓ Retrain  [Distributed Map]  Succeeded · 3/3" in text


def test_no_payload_is_left_in_the_file_by_the_widget(executed: Path) -> None:
    text = executed.read_text(encoding="utf-8")
    assert '"document": ""' in text  # it was there, and was let go


def test_the_kept_notebook_knows_nothing_of_the_machine_it_was_run_on() -> None:
    text = (EXAMPLE / "notebook.ipynb").read_text(encoding="utf-8")
    assert str(EXAMPLE.parents[1]) not in text
    assert "/tmp/" not in text


def test_a_page_made_of_it_shows_the_pictures_without_a_network(executed: Path, tmp_path: Path, browser: Any) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "html", str(executed), "--output-dir", str(tmp_path)]
    subprocess.run(command, env=own_environment(tmp_path), check=True, capture_output=True, timeout=120)
    html = (tmp_path / "executed.html").read_text(encoding="utf-8")
    assert len(pictures(html)) == 3
    assert "✓ Succeeded" in html
    context = browser.new_context(viewport={"width": 1200, "height": 1000}, offline=True)
    try:
        page = context.new_page()
        page.goto((tmp_path / "executed.html").as_uri())
        for image in page.locator("img[alt]").all():
            assert image.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 200
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "nbconvert.png", full_page=True)
    finally:
        context.close()
