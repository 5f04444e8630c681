"""Notebooks as people use them: run by nbconvert, opened in JupyterLab in a browser (``make test-notebooks``)."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import SCREENSHOTS, browser

__all__ = ["browser"]

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "flight_delays"
_HAS_RUN = "() => [...document.querySelectorAll('.jp-InputPrompt')].some((one) => /[0-9]/.test(one.textContent))"
_HAS_LAB = any(importlib.metadata.distributions(name="jupyterlab"))
collect_ignore = [] if _HAS_LAB else ["test_example.py", "test_jupyterlab.py"]


def own_environment(folder: Path) -> dict[str, str]:
    """An environment in which Jupyter knows nothing of whoever runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "JUPYTER"))}
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_SETTINGS_DIR")
    own = {place: str(folder / place.lower()) for place in places}
    return {
        **kept,
        **own,
        "TMPDIR": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
        "JUPYTER_NO_CONFIG": "1",
        "PYTHONWARNINGS": "default",
    }


def outputs(notebook: Path) -> list[dict[str, Any]]:
    """The bundles that a notebook's file holds, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [output["data"] for cell in cells for output in cell.get("outputs", ()) if "data" in output]


@pytest.fixture(scope="session")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's notebook, run from the first cell to the last."""
    folder = tmp_path_factory.mktemp("executed")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", str(EXAMPLE / "notebook.ipynb")]
    done = subprocess.run(
        [*command, "--output-dir", str(folder), "--output", "executed.ipynb"],
        env=own_environment(folder),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "executed.ipynb"


@dataclass
class Lab:
    """A server of JupyterLab and Notebook 7 on a folder."""

    folder: Path
    url: str
    wrong: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    options = [
        "--no-browser",
        "--allow-root",
        "--expose-app-in-browser",
        "--ServerApp.port=0",
        "--ServerApp.ip=127.0.0.1",
        "--IdentityProvider.token=",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.jpserver_extensions={'notebook': True}",
        f"--ServerApp.root_dir={folder}",
    ]
    environment = own_environment(tmp_path_factory.mktemp("jupyter"))
    settings = Path(environment["JUPYTERLAB_SETTINGS_DIR"]) / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [sys.executable, "-m", "jupyterlab", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder) as server:
        try:
            assert server.stderr is not None
            said = []
            for line in server.stderr:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:(?!0/)\d+/lab", line):
                    break
            else:
                raise AssertionError("".join(said))
            threading.Thread(target=server.stderr.read, daemon=True).start()  # nobody waits for a full pipe
            yield Lab(folder, found[0])
        finally:
            server.terminate()
            server.wait(30)


class Notebook:
    """A notebook that is open in JupyterLab."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page = page
        self.path = path

    def run(self, command: str, **arguments: Any) -> None:
        """Run one of JupyterLab's commands, and do not wait for it."""
        self.page.evaluate(
            "([command, given]) => { window.jupyterapp.commands.execute(command, given); }", [command, arguments]
        )

    def run_all(self) -> None:
        """Run all cells, and wait until the first one has run."""
        run_all(self.page, lambda: self.run("notebook:run-all-cells"))

    def save(self) -> list[dict[str, Any]]:
        """Save the notebook, and return the bundles of its outputs."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        return outputs(self.path)

    def be(self, theme: str) -> None:
        """Take a theme: Light or Dark."""
        self.page.evaluate(
            "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", f"JupyterLab {theme}"
        )
        self.page.wait_for_selector(f"body[data-jp-theme-name='JupyterLab {theme}']", state="attached")
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


def kernel_of(page: Any, path: Path) -> None:
    """Wait until the kernel of a notebook is there and the page speaks to it."""
    page.wait_for_function(
        """async (name) => {
            const sessions = await (await fetch("/api/sessions")).json();
            const mine = sessions.find((session) => session.path === name);
            return mine && mine.kernel.connections > 0 && mine.kernel.execution_state === "idle";
        }""",
        arg=path.name,
        polling=100,
    )


def run_all(page: Any, start: Callable[[], object]) -> None:
    """Start to run all cells, again when a kernel that just comes up has dropped what it was asked."""
    from playwright.sync_api import TimeoutError as NothingRan

    for _ in range(5):
        start()
        with contextlib.suppress(NothingRan):
            page.wait_for_function(_HAS_RUN, timeout=15_000)
            return
    raise AssertionError("no cell was run")


@contextlib.contextmanager
def opened(lab: Lab, browser: Any, path: Path) -> Iterator[Notebook]:
    """Open a notebook of the server's folder in a browser window of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(30_000)
    try:
        page.goto(f"{lab.url}/tree/{path.name}?reset")
        page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        page.wait_for_function("() => window.jupyterapp")
        kernel_of(page, path)
        page.get_by_text("| Idle").wait_for()
        notebook = Notebook(page, path)
        notebook.be("Light")  # the server remembers
        yield notebook
    except BaseException:
        page.screenshot(path=SCREENSHOTS / f"lab-{path.stem}-went-wrong.png")
        raise
    finally:
        context.close()
