"""How processes are named and what they leave behind: pids with start times, files that are whole or not there.

Used by the server and, loaded by path, by the zygotes; standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from typing import Any


def write_json(path: str, value: object) -> None:
    """Write a file that is either whole or not there."""
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(temporary, path)


def read_json(path: os.PathLike[str]) -> dict[str, Any] | None:
    """Read a record; one that is missing, or torn by a power cut, is none."""
    try:
        with open(path, "rb") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def claim(folder: str, record: object) -> bool:
    """Make ``process.json`` in the folder unless it is there: whoever makes it decides what the attempt is."""
    temporary = os.path.join(folder, f"process.json.{os.getpid()}")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(record, file)
    try:
        os.link(temporary, os.path.join(folder, "process.json"))
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary)
    return True


def start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot; with the pid it names a process for good."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rsplit(b")", 1)[1].split()[19])
    except (OSError, IndexError):
        return None


def kill_left_behind(leader: int, session: int) -> None:
    """Kill what is left of a process group whose leader is gone; on Linux, elsewhere nothing is done.

    The session (its zygote's id) tells it from a new group that was given the same id meanwhile.
    """
    if not os.path.isdir("/proc/self"):
        return
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
                if int(fields[2]) == leader and int(fields[3]) == session:
                    kill_group(leader, signal.SIGKILL)
                    return


def kill_group(pid: int, number: int) -> None:
    """Signal a whole process group; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
