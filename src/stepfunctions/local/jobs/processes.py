"""Start processes: one zygote per family, begun on first use, and a :class:`Process` for everything it starts."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stepfunctions.errors import LocalCloudError
from stepfunctions.local.jobs import marks
from stepfunctions.local.jobs import zygote as zygote_script
from stepfunctions.local.jobs.model import Exit, ProcessSpec

_SKLEARN = (
    "base",
    "calibration",
    "cluster",
    "compose",
    "decomposition",
    "dummy",
    "ensemble",
    "feature_selection",
    "impute",
    "inspection",
    "isotonic",
    "kernel_ridge",
    "linear_model",
    "metrics",
    "model_selection",
    "naive_bayes",
    "neighbors",
    "neural_network",
    "pipeline",
    "preprocessing",
    "svm",
    "tree",
)
# Family -> modules imported once, before any job. A module that is not installed is left out.
FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "python": (),
        "pandas": ("numpy", "pandas", "boto3"),
        "scikit-learn": ("numpy", "pandas", "scipy.sparse", "joblib", *(f"sklearn.{name}" for name in _SKLEARN)),
    }
)
# One job, one core: as many jobs as cores run at once, and the zygote's libraries have read these already. Only a
# process with one thread may fork; pyarrow, which pandas imports, would start one to tidy its memory.
THREADS = MappingProxyType(
    {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
    | dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "BLIS_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        ),
        "1",
    )
)
# Variables an interpreter or its libraries read at start: a job that sets one otherwise gets a fresh interpreter.
_APPLIED = frozenset({"PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING", "PYTHONUTF8"})
_PYTHON = re.compile(r"python[\d.]*")
_START_SECONDS = 120.0
_TAIL_BYTES = 4096


def base_env() -> dict[str, str]:
    """Return what every process gets: PATH (this interpreter first), HOME, UTF-8, one thread a library, no AWS
    configuration files of the user."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "TZ") if name in os.environ}
    return {
        "PATH": path,
        **kept,
        "LANG": "C.UTF-8",
        **THREADS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@functools.cache
def can_mount(target: str) -> bool:
    """Tell whether a process here may have a folder of its own at this absolute path (Linux, allowed)."""
    if sys.platform != "linux":
        return False
    done = subprocess.run(
        [sys.executable, "-S", zygote_script.__file__, "--probe", target],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return done.returncode == 0


class ZygoteGone(LocalCloudError):
    """The process that starts others died, by itself or killed; the next start makes a new one."""


class Process:
    """A process that was started: ``pid``, ``started_at``, and how to end it and wait for it.

    ``channel`` is this side of the socket pair of a process that was launched with one: it reads end-of-file when
    the process is gone. Close it when done.
    """

    def __init__(self, spec: ProcessSpec, channel: socket.socket | None) -> None:
        self.spec = spec
        self.channel = channel
        self.pid = 0
        self.start: int | None = None
        self.started_at = 0.0
        self._exit: Exit | None = None
        self._error: LocalCloudError | None = None
        self._stopped = False
        self._started = threading.Event()
        self._ended = threading.Event()

    def poll(self) -> Exit | None:
        """Return how it ended, or None while it runs."""
        return self._exit

    def wait(self, timeout: float | None = None) -> Exit:
        """Wait for the end and return it; TimeoutError after ``timeout`` seconds."""
        if not self._ended.wait(timeout) or self._exit is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self._exit

    def stop(self, grace_seconds: float | None = None) -> Exit:
        """Ask the process group to end (SIGTERM), kill it after the grace period, and return the exit."""
        self._stopped = True
        self.send(signal.SIGTERM)
        try:
            return self.wait(self.spec.grace_seconds if grace_seconds is None else grace_seconds)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return self.wait(_START_SECONDS)

    def send(self, number: int) -> None:
        """Signal the whole process group, if it still runs."""
        if not self._ended.is_set() and self.pid and marks.start_time(self.pid) == self.start:
            marks.kill_group(self.pid, number)

    def close(self) -> None:
        """Close the channel, if there is one."""
        if self.channel is not None:
            self.channel.close()

    def _heard(self, message: dict[str, Any]) -> None:
        if "error" in message:
            self._error = (ZygoteGone if "gone" in message else LocalCloudError)(message["error"])
            self._exit = Exit(refused=message["error"])
            self._ended.set()
        elif "ended" in message:
            self._exit = read_exit(message["ended"], self.spec.stderr, stopped=self._stopped)
            self._ended.set()
        else:
            self.pid, self.start, self.started_at = message["pid"], message["start"], message["at"]
        self._started.set()

    def _wait_started(self) -> None:
        if not self._started.wait(_START_SECONDS):
            raise LocalCloudError(f"{self.spec.argv[0]} did not start within {_START_SECONDS:.0f} s")
        if self._error is not None:
            raise self._error


class Processes:
    """The zygotes of one data directory. ``folder`` takes their logs.

    ``memory``: how many bytes of data each process may have (RLIMIT_DATA), None for as many as there are.
    """

    def __init__(self, folder: Path, memory: int | None = None) -> None:
        self._folder = folder
        self._memory = memory
        self._lock = threading.Lock()
        self._zygotes: dict[str, _Zygote] = {}
        self._closed = False

    def launch(self, spec: ProcessSpec, *, channel: bool = False) -> Process:
        """Start a process that ends with this server, however the server ends.

        With ``channel`` it has a socket to the server: its descriptor number stands in ``STEPFUNCTIONS_CHANNEL``.
        Raises LocalCloudError when it cannot be started.
        """
        try:
            return self._launch(spec, record=None, channel=channel)
        except ZygoteGone:
            return self._launch(spec, record=None, channel=channel)

    def start(self, spec: ProcessSpec, record: Path) -> Process:
        """Start a process that outlives this server and leaves ``process.json`` and ``exit.json`` in ``record``.

        Raises :class:`ZygoteGone` when it is not known whether it began: give up the folder and start in another.
        """
        return self._launch(spec, record=record, channel=False)

    def close(self) -> None:
        """End the launched processes; the others go on. Idempotent."""
        with self._lock:
            self._closed = True
            zygotes, self._zygotes = list(self._zygotes.values()), {}
        for zygote in zygotes:
            zygote.close()

    def _launch(self, spec: ProcessSpec, *, record: Path | None, channel: bool) -> Process:
        env = {**base_env(), **spec.env}
        argv = list(spec.argv)
        fork = False
        if _PYTHON.fullmatch(Path(argv[0]).name):
            argv[0] = sys.executable
            if argv[1:2] == ["-u"]:
                del argv[1]
                env["PYTHONUNBUFFERED"] = "1"
            fork = _forkable(argv[1:], env)
        for log in {spec.stdout, spec.stderr}:
            log.parent.mkdir(parents=True, exist_ok=True)
        mine, its = socket.socketpair() if channel else (None, None)
        process = Process(spec, mine)
        request = {
            "argv": argv,
            "fork": fork,
            "cwd": str(spec.cwd),
            "env": env,
            "stdout": str(spec.stdout),
            "stderr": str(spec.stderr),
            "mounts": {key: str(value) for key, value in spec.mounts.items()},
            "timeout": spec.timeout_seconds,
            "grace": spec.grace_seconds,
            "memory": self._memory,
            "boot": boot_id(),
            "record": None if record is None else str(record),
            "attached": record is None,
        }
        try:
            zygote = self._zygote(spec.family if fork else "python")
            zygote.request(request, process, its)
            process._wait_started()
        except BaseException:
            process.close()
            raise
        finally:
            if its is not None:
                its.close()
        return process

    def _zygote(self, family: str) -> _Zygote:
        with self._lock:
            if self._closed:
                raise LocalCloudError("the local cloud is stopping")
            zygote = self._zygotes.get(family)
            if zygote is None or not zygote.alive:
                if family not in FAMILIES:
                    raise LocalCloudError(f"there is no process family '{family}': use {', '.join(FAMILIES)}")
                if zygote is not None:
                    zygote.close()
                zygote = self._zygotes[family] = _Zygote(family, self._folder)
            return zygote


class _Zygote:
    """One running zygote: a socket to it, and a thread that hears its answers."""

    def __init__(self, family: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._waiting: dict[int, Process] = {}
        self._last = 0
        self.alive = True
        log_file = folder / f"zygote-{family}.log"
        self._gone = f"the process that starts '{family}' processes is gone, see {log_file}"
        self._socket, its = socket.socketpair()
        # Huge pages under malloc's heap: a fork copies fewer page tables. Other C libraries ignore the variable.
        env = {**base_env(), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
        with its, open(log_file, "ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, zygote_script.__file__, str(its.fileno()), *FAMILIES[family]],
                env=env,
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._listen, name=f"zygote-{family}", daemon=True)
        self._thread.start()

    def request(self, request: dict[str, Any], process: Process, channel: socket.socket | None) -> None:
        """Send a request; its answers go to the process."""
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file, self._lock:
            self._last += 1
            json.dump({"id": self._last, **request}, file)
            file.flush()
            self._waiting[self._last] = process
            fds = [file.fileno()] + ([] if channel is None else [channel.fileno()])
            try:
                socket.send_fds(self._socket, [b"r"], fds)
            except OSError as error:
                del self._waiting[self._last]
                raise ZygoteGone(self._gone) from error

    def close(self) -> None:
        """Let go of it: it ends what is attached, waits for the rest on its own, and ends."""
        self.alive = False
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        # It may have jobs to wait for; it is nobody's child then, and init's when this process ends.
        self._popen.poll()
        if self._popen.returncode is None:
            threading.Thread(target=self._popen.wait, daemon=True).start()

    def _listen(self) -> None:
        with self._socket.makefile("r", encoding="utf-8") as lines:
            try:
                for line in lines:
                    message = json.loads(line)
                    last = "ended" in message or "error" in message
                    process = (self._waiting.pop if last else self._waiting.get)(message["id"], None)
                    if process is not None:  # a refused start has been answered before its child's end
                        process._heard(message)
            except (OSError, ValueError):
                pass  # cut in the middle of a line: it is gone
        self.alive = False
        for process in list(self._waiting.values()):
            process._heard({"error": self._gone, "gone": True})


def read_exit(record: Mapping[str, Any], stderr: Path, *, stopped: bool) -> Exit:
    """Make an :class:`Exit` of what a zygote recorded."""
    return Exit(
        code=record["code"],
        signal=record["signal"],
        timed_out=record["timed_out"],
        stopped=stopped,
        started_at=record["started_at"],
        ended_at=record["ended_at"],
        stderr_tail=tail(stderr),
        cpu_seconds=record["cpu_seconds"],
        max_rss_kib=record["max_rss_kib"],
    )


def tail(path: Path) -> str:
    """Return the last whole lines of a log, at most 4 KiB; empty when there is no such file."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            data = file.read()
    except OSError:
        return ""
    if size > _TAIL_BYTES and b"\n" in data[:-1]:
        data = data.split(b"\n", 1)[1]
    return data.decode("utf-8", "replace")


@functools.cache
def boot_id() -> str:
    """Name this run of the machine: pids and start times mean nothing in another one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _forkable(arguments: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a fork of the zygote can stand for ``python ...``: a script or -m, nothing read at start set."""
    if not arguments or (arguments[0].startswith("-") and (arguments[0] != "-m" or len(arguments) == 1)):
        return False
    special = {name for name in env if name.startswith(("PYTHON", "LD_")) and name not in _APPLIED}
    return not special and all(env.get(name) == value for name, value in THREADS.items())
