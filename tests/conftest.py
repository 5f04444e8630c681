"""What all tests share: hypothesis profiles, no quiet skips in CI, and no process left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", parent=settings.get_profile("default"), derandomize=True)
settings.register_profile("brief", parent=settings.get_profile("ci"), max_examples=20)
settings.load_profile("ci" if os.environ.get("CI") else "default")

_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") and _skipped and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("CI") and _skipped:
        terminalreporter.write_line(f"A skipped test is a failure in CI: {', '.join(_skipped)}", red=True)


_DEADLINE = 20.0
"""Seconds that processes may take to end after the last test."""


def _users_of(folder: Path) -> dict[int, str]:
    """Return the processes that have a file below a folder open, or are there, with their command lines."""
    found = {}
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                places = [os.readlink(link) for link in (process / "cwd", *(process / "fd").iterdir())]
                if any(place.startswith(f"{folder}/") for place in places):
                    found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it ended meanwhile, or is another user's
                continue
    return found


@pytest.fixture(scope="session", autouse=True)
def nothing_stays_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail the run when a process that its tests started still runs some time after the last of them."""
    yield
    if Path("/proc/self/fd").is_dir():
        deadline = time.monotonic() + _DEADLINE
        while left := _users_of(tmp_path_factory.getbasetemp()):
            assert time.monotonic() < deadline, f"processes are left: {left}"
            time.sleep(0.05)
