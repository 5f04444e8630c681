"""One data directory, one server: a lock while it runs, and ``server.json`` that tells others where it is."""

from __future__ import annotations

import contextlib
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
SERVER_LOG = "server.log"
CONSOLE_TOKEN = "console-token"
DEFAULT_DATA_DIR = ".stepfunctions"
_LOCK, _SERVER = "server.lock", "server.json"
_LONGEST_STATUS = 65536
_PIDS = 1 << 31  # no process has such an id


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
            raise cannot_use(self.path, error) from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise LocalCloudError(_in_use(self.path)) from None
        self._descriptor = descriptor
        try:
            (self.path / _SERVER).unlink(missing_ok=True)
        except OSError as error:
            self._release()
            raise cannot_use(self.path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # it tells a pid that is gone, and is no server then
                (self.path / _SERVER).unlink(missing_ok=True)
            self._release()

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def publish(self, info: ServerInfo) -> None:
        """Write ``server.json``: from now on ``local env``, ``status`` and ``stop`` find this server."""
        new = self.path / f"{_SERVER}.new"
        try:
            new.write_text(json.dumps(asdict(info), indent=2) + "\n", encoding="utf-8")
            new.replace(self.path / _SERVER)
        except OSError as error:
            raise cannot_use(self.path, error) from error


def cannot_use(path: Path, error: OSError) -> LocalCloudError:
    """Return the one line that says why a data directory cannot be used: read-only, full, no directory."""
    return LocalCloudError(f"Cannot use the data directory {path}: {error.strerror or error}")


def running(path: Path | str) -> ServerInfo | None:
    """Return the server that runs on a data directory, or None. It is asked, so the answer is true."""
    written = _written(Path(path).absolute())
    if written is None or not _alive(written.pid):
        return None
    answered = ask(written.endpoint)
    return answered if answered is not None and answered.pid == written.pid else None


def ask(endpoint: str, *, timeout: float = 5.0) -> ServerInfo | None:
    """Return what the server at an endpoint says it is, None when nothing answers or it is not ours."""
    try:
        address = urlsplit(endpoint)
        port = address.port
    except ValueError:
        return None
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", STATUS_PATH)
        return _read(connection.getresponse().read(_LONGEST_STATUS))
    except (OSError, http.client.HTTPException, ValueError):
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
        return _read((path / _SERVER).read_bytes())
    except OSError:
        return None


def _read(text: bytes) -> ServerInfo | None:
    """Read what says it is a server; None for anything else: the file may be torn, the port another program's."""
    try:
        info = ServerInfo(**json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None
    words = (info.endpoint, info.region, info.account, info.data_dir)
    whole = all(isinstance(word, str) for word in words) and type(info.pid) is int and 0 < info.pid < _PIDS
    return info if whole else None


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
