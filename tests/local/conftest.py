"""What holds for all tests of the local cloud: none leaves a process behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_DEADLINE = 20.0


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
