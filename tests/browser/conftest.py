"""Pages opened in Chromium, which the system has, by Playwright. Screenshots are left in build/screenshots."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "These tests need a browser: install Debian's package chromium."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that looks for what keeps people out: https://github.com/dequelabs/axe-core."""
    import axe_playwright_python

    return Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


class Viewer:
    """A page that was opened, and what went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.loaded: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.wrong.extend([said.text] if said.type in ("error", "warning") else []))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.loaded.append(request.url))

    def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()

    @property
    def title(self) -> str:
        """What the inspector is about."""
        return str(self.page.inner_text(".inspected h2"))


@pytest.fixture
def view(browser: Any) -> Iterator[Callable[..., Viewer]]:
    """Open a file; at the end nothing may have gone wrong in it, and nothing else may have been loaded."""
    opened: list[tuple[Any, Viewer]] = []

    def start(path: Path, width: int = 1440, **options: Any) -> Viewer:
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
        viewer = Viewer(context.new_page())
        opened.append((context, viewer))
        viewer.page.goto(path.as_uri())
        viewer.page.wait_for_selector(".inspected")
        return viewer

    yield start
    for context, viewer in opened:
        context.close()
        assert viewer.wrong == []
        assert all(url.startswith("file:") for url in viewer.loaded), viewer.loaded
