"""The process that starts every other process: it has done a family's imports once, and forks.

Run as a plain script (``python zygote.py CONTROL_FD MODULE...``) on the standard library alone, so a job's
interpreter holds nothing of this package. It has one thread. The server sends one byte with file descriptors over
the control socket: the request (JSON, see ``processes.py``) and, for some, a channel for the new process; answers
are lines of JSON. This process waits for its children, enforces their timeouts and writes their ``exit.json``; when
the server dies it ends the attached ones, waits for the others, and then ends.

A job is forked and runs its script in place, or executes another command. Order of a start: fork, own process group,
claim ``process.json`` (a hard link, so exactly one of this process and a recovering server wins), and only then go.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __name__ != "__main__":
    from stepfunctions.local.jobs import becoming, marks
else:

    def _sibling(name):
        """Load a module of this folder without its package."""
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
        place = importlib.util.spec_from_file_location(f"_stepfunctions_{name}", path)
        module = importlib.util.module_from_spec(place)
        place.loader.exec_module(module)
        return module

    becoming, marks = _sibling("becoming"), _sibling("marks")

MADV_COLLAPSE = 25
HUGE_PAGE = 2 << 20
LINUX = sys.platform == "linux"


@dataclass
class Child:
    """A running child: its request, when it started, and the next signal with its time (monotonic)."""

    spec: dict[str, Any]
    started_at: float
    due: float | None
    timed_out: bool = False


def main(control_fd: int, modules: list[str]) -> None:
    """Import, then serve requests until the server is gone and no child is left."""
    control = socket.socket(fileno=control_fd)
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write)
    preload(modules)
    forkable = LINUX and threads() == 1
    if not forkable:
        print(f"{threads()} threads after the imports: jobs of this family start fresh interpreters", flush=True)
    Zygote(control, (wake_read, wake_write), forkable, frozenset(sys.modules)).serve()
    os._exit(0)


def preload(modules: list[str]) -> None:
    """Import what is there, and arrange memory so that a fork is cheap and stays shared."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a missing module is the job's business, when it imports it
            print(f"not preloaded: {name}: {error!r}", flush=True)
    if modules and LINUX:
        collapse_memory()
    gc.collect()
    gc.freeze()


def collapse_memory() -> None:
    """Ask for huge pages under the heap: a fork then copies a fraction of the page tables. Best effort."""
    with open("/proc/self/maps") as maps:
        lines = maps.readlines()
    for line in lines:
        fields = line.split()
        low, high = (int(text, 16) for text in fields[0].split("-"))
        low, high = -(-low // HUGE_PAGE) * HUGE_PAGE, high // HUGE_PAGE * HUGE_PAGE
        if fields[1] == "rw-p" and (len(fields) == 5 or fields[5] == "[heap]") and high > low:
            becoming.libc().madvise(ctypes.c_void_p(low), ctypes.c_size_t(high - low), MADV_COLLAPSE)


def threads() -> int:
    """How many threads this process has; native ones too where the system tells."""
    return len(os.listdir("/proc/self/task")) if LINUX else threading.active_count()


class Zygote:
    """The loop: requests in, children out, exits recorded."""

    def __init__(self, control: socket.socket, wake: tuple[int, int], forkable: bool, baseline: frozenset[str]) -> None:
        self.control: socket.socket | None = control
        self.wake = wake
        self.forkable = forkable
        self.baseline = baseline
        self.pid = os.getpid()
        self.children: dict[int, Child] = {}

    def serve(self) -> None:
        """Run until there is neither a server nor a child."""
        while self.control is not None or self.children:
            due = min((child.due for child in self.children.values() if child.due is not None), default=None)
            waited = [self.wake[0]] if self.control is None else [self.wake[0], self.control.fileno()]
            ready, _, _ = select.select(waited, [], [], None if due is None else max(0.0, due - time.monotonic()))
            if self.wake[0] in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake[0], 4096)
                self.reap()
            self.enforce()
            if self.control is not None and self.control.fileno() in ready:
                self.request(self.control)

    def request(self, control: socket.socket) -> None:
        """Take one request, or notice that the server is gone."""
        fds = array.array("i")
        try:
            data, ancillary, _, _ = control.recvmsg(1, socket.CMSG_LEN(2 * fds.itemsize))
        except OSError:
            data, ancillary = b"", []
        for _, _, payload in ancillary:
            fds.frombytes(payload[: len(payload) - len(payload) % fds.itemsize])
        if not data:
            self.server_gone(control)
            return
        with os.fdopen(fds[0], encoding="utf-8") as file:
            file.seek(0)
            spec = json.load(file)
        channel = fds[1] if len(fds) > 1 else None
        try:
            self.start(spec, channel)
        except OSError as error:
            self.answer({"id": spec["id"], "error": str(error)})
        finally:
            if channel is not None:
                os.close(channel)

    def server_gone(self, control: socket.socket) -> None:
        """End what must not outlive the server; the rest goes on."""
        self.control = None
        control.close()
        for pid, child in self.children.items():
            if child.spec["attached"]:
                marks.kill_group(pid, signal.SIGKILL)

    def start(self, spec: dict[str, Any], channel: int | None) -> None:
        """Fork a child, record it, let it go."""
        go_read, go_write = os.pipe()
        now = time.time()
        pid = os.fork()
        if pid == 0:
            os.close(go_write)
            self.become(spec, channel, go_read)
        os.close(go_read)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # here too: whoever is first, the group is there before anybody hears of it
        limit = spec["timeout"]
        self.children[pid] = Child(spec, now, None if limit is None else time.monotonic() + limit)
        try:
            record = {
                "pid": pid,
                "start": marks.start_time(pid),
                "boot": spec["boot"],
                "at": now,
                "zygote": self.pid,
                "stderr": spec["stderr"],
                "grace": spec["grace"],
            }
            if spec["record"] is not None and not marks.claim(spec["record"], record):
                self.children[pid].spec = {**spec, "record": None}
                self.answer({"id": spec["id"], "error": "this attempt was given up"})
                return
            os.write(go_write, b"g")
            self.answer({"id": spec["id"], **record})
        finally:
            os.close(go_write)

    def become(self, spec: dict[str, Any], channel: int | None, go: int) -> NoReturn:
        """In the child: drop what is the zygote's, wait for the word, turn into the process asked for."""
        code = 125
        try:
            os.setpgid(0, 0)
            if os.read(go, 1) == b"g":
                signal.set_wakeup_fd(-1)
                for fd in (go, *self.wake, *([self.control.fileno()] if self.control else [])):
                    os.close(fd)
                code = becoming.become(spec, channel, self.pid, self.baseline if self.forkable else None)
        finally:
            os._exit(code)

    def reap(self) -> None:
        """Record every child that has ended, and end what it left running in its group."""
        for pid in list(self.children):
            if hasattr(os, "waitid"):
                if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    continue
                marks.kill_group(pid, signal.SIGKILL)  # the id cannot be somebody else's before the wait below
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if not ended:
                continue
            child = self.children.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            record = {
                "pid": pid,
                "code": code if code >= 0 else None,
                "signal": -code if code < 0 else None,
                "timed_out": child.timed_out,
                "started_at": child.started_at,
                "ended_at": time.time(),
                "cpu_seconds": usage.ru_utime + usage.ru_stime,
                "max_rss_kib": usage.ru_maxrss,
            }
            if child.spec["record"] is not None:
                # The folder may be gone: deleted by its user while the job ran.
                with contextlib.suppress(OSError):
                    marks.write_json(os.path.join(child.spec["record"], "exit.json"), record)
            self.answer({"id": child.spec["id"], "ended": record})

    def enforce(self) -> None:
        """Signal children that are over their time: SIGTERM first, SIGKILL after the grace period."""
        now = time.monotonic()
        for pid, child in self.children.items():
            if child.due is not None and child.due <= now:
                marks.kill_group(pid, signal.SIGKILL if child.timed_out else signal.SIGTERM)
                child.due = None if child.timed_out else now + child.spec["grace"]
                child.timed_out = True

    def answer(self, message: dict[str, Any]) -> None:
        """Tell the server, if there still is one."""
        if self.control is not None:
            with contextlib.suppress(OSError):
                self.control.sendall(json.dumps(message).encode() + b"\n")


def probe(target: str) -> NoReturn:
    """Exit 0 if a folder can be mounted at the target in an own namespace."""
    becoming.enter_mounts({target: os.path.dirname(os.path.abspath(__file__))})
    os._exit(0 if os.path.exists(os.path.join(target, os.path.basename(__file__))) else 1)


if __name__ == "__main__":
    del sys.path[0]  # this file's folder, which no job should see
    if sys.argv[1] == "--probe":
        probe(sys.argv[2])
    main(int(sys.argv[1]), sys.argv[2:])
