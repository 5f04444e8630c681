"""One data directory, one server: a lock while it runs, and ``server.json`` that tells others where it is."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from stepfunctions.errors import LocalCloudError

STATUS_PATH = "/_local/status"
DEFAULT_DATA_DIR = ".stepfunctions"
_LOCK, _SERVER = "server.lock", "server.json"


@dataclass(frozen=True, kw_only=True)
class ServerInfo:
    """A running server: what ``server.json`` holds and what ``/_local/status`` answers."""

    endpoint: str
    pid: int
    region: str
    account: str
    data_dir: str
    started_at: float


class DataDir:
    """The lock of a data directory: a context manager that a server holds while it runs.

    The lock is a record lock: it goes away with the process however it ends, and processes that it forked do
    not keep it, so that a server can be started again while jobs of the last one still run.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self._descriptor: int | None = None

    def __enter__(self) -> DataDir:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _ignore_in_git(self.path)
            descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LocalCloudError(f"Cannot use the data directory {self.path}: {error.strerror}") from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise LocalCloudError(_in_use(self.path)) from None
        self._descriptor = descriptor
        (self.path / _SERVER).unlink(missing_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        if self._descriptor is not None:
            (self.path / _SERVER).unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None

    def publish(self, info: ServerInfo) -> None:
        """Write ``server.json``: from now on ``local env``, ``status`` and ``stop`` find this server."""
        new = self.path / f"{_SERVER}.{os.getpid()}"
        new.write_text(json.dumps(asdict(info), indent=2) + "\n", encoding="utf-8")
        new.replace(self.path / _SERVER)


def running(path: Path | str) -> ServerInfo | None:
    """Return the server that runs on a data directory, or None. It is asked, so the answer is true."""
    written = _written(Path(path).absolute())
    if written is None or not _alive(written.pid):
        return None
    answered = ask(written.endpoint)
    return answered if answered is not None and answered.pid == written.pid else None


def ask(endpoint: str, *, timeout: float = 5.0) -> ServerInfo | None:
    """Return what the server at an endpoint says it is, None when nothing answers or it is not ours."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=timeout)
    try:
        connection.request("GET", STATUS_PATH)
        return ServerInfo(**json.loads(connection.getresponse().read()))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        return None
    finally:
        connection.close()


def wait_until_gone(pid: int, *, seconds: float) -> bool:
    """Wait for a process to end; False when it is still there after so many seconds."""
    deadline = time.monotonic() + seconds
    while _alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _written(path: Path) -> ServerInfo | None:
    try:
        return ServerInfo(**json.loads((path / _SERVER).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:  # a child that nobody has waited for yet is gone too
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True


def _in_use(path: Path) -> str:
    info = _written(path)
    by = f" by the local cloud at {info.endpoint} (process {info.pid})" if info else ""
    return f"The data directory {path} is in use already{by}: stop it, or choose another with --data-dir"


def _ignore_in_git(path: Path) -> None:
    """Objects and logs of runs do not belong into the repository they were started in."""
    ignore = path / ".gitignore"
    if {entry.name for entry in path.iterdir()} <= {"images"}:
        ignore.write_text("*\n", encoding="utf-8")
