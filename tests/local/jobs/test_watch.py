"""Noticing ends, with and without pidfd."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from stepfunctions.local.jobs import marks
from stepfunctions.local.jobs import zygote as zygote_script
from stepfunctions.local.jobs.watch import Watcher, is_alive


@pytest.fixture(params=["pidfd", "polling"])
def watcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watcher]:
    if request.param == "polling":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    made = Watcher()
    yield made
    made.close()
    made.close()


def test_called_once_at_the_end(watcher: Watcher) -> None:
    ended, calls = threading.Event(), []

    def call() -> None:
        calls.append(1)
        ended.set()

    with subprocess.Popen(["sleep", "600"]) as process:
        watcher.watch(process.pid, marks.start_time(process.pid), call)
        assert not ended.wait(0.3)
        process.kill()
        assert ended.wait(10)
    again = threading.Event()
    watcher.watch(process.pid, 1, again.set)
    assert again.wait(10)
    assert calls == [1]


def test_another_process_with_the_same_id_is_not_the_one(watcher: Watcher) -> None:
    """This very process, but started at another time: so the one that was meant has ended."""
    ended = threading.Event()
    start = marks.start_time(os.getpid())
    assert start is not None
    assert is_alive(os.getpid(), start)
    assert not is_alive(os.getpid(), start + 1)
    assert not is_alive(0, None)
    watcher.watch(os.getpid(), start + 1, ended.set)
    assert ended.wait(10)


def test_nothing_is_called_after_close() -> None:
    watcher, ended = Watcher(), threading.Event()
    with subprocess.Popen(["sleep", "600"]) as process:
        watcher.watch(process.pid, None, ended.set)
        watcher.close()
        watcher.watch(process.pid, None, ended.set)
        process.kill()
    assert not ended.wait(0.2)


@pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="needs root, to drop what root may do",
)
def test_mounts_without_being_root() -> None:
    """A user namespace stands in where the right to mount is missing, if the system allows one."""
    without = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    if subprocess.run([*without, "unshare", "-Ur", "true"], check=False, capture_output=True).returncode:
        pytest.skip("user namespaces are not allowed here")
    refused = subprocess.run([*without, "unshare", "-m", "true"], check=False, capture_output=True)
    assert refused.returncode != 0
    probe = subprocess.run([*without, sys.executable, "-S", zygote_script.__file__, "--probe", "/opt/ml"], check=False)
    assert probe.returncode == 0
