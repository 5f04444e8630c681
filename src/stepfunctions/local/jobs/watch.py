"""Notice the end of processes that may be nobody's children here: pidfd where there is one, else polling."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
from collections.abc import Callable

_POLL_SECONDS = 0.1


def is_alive(pid: int, start: int | None) -> bool:
    """Tell whether exactly this process still runs (a zombie does not)."""
    if pid <= 0:
        return False
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return fields[0] not in (b"Z", b"X") and (start is None or int(fields[19]) == start)
    except (OSError, IndexError):
        pass
    if os.path.isdir("/proc/self"):
        return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


class Watcher:
    """One thread that calls back, once, when a watched process has ended. Callbacks must not block."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._new: list[tuple[int, Callable[[], None]]] = []
        self._polled: list[tuple[int, int | None, Callable[[], None]]] = []
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="jobs-watch", daemon=True)
        self._thread.start()

    def watch(self, pid: int, start: int | None, callback: Callable[[], None]) -> None:
        """Call back when the process (pid and start time) has ended; soon, if it already has."""
        fd = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                fd = os.pidfd_open(pid)
        if fd is not None and not is_alive(pid, start):
            os.close(fd)  # ended, or the id is another process's by now: the poll below says so
            fd = None
        with self._lock:
            if self._closed:
                if fd is not None:
                    os.close(fd)
                return
            if fd is not None:
                self._new.append((fd, callback))
            else:
                self._polled.append((pid, start, callback))
        os.write(self._wake_write, b"w")

    def close(self) -> None:
        """Stop watching, without calling anything back. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        os.write(self._wake_write, b"w")
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            events = self._selector.select(_POLL_SECONDS if self._polled else None)
            ended: list[Callable[[], None]] = []
            for key, _ in events:
                if key.fd == self._wake_read:
                    os.read(self._wake_read, 4096)
                else:
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
                    ended.append(key.data)
            with self._lock:
                for fd, callback in self._new:
                    self._selector.register(fd, selectors.EVENT_READ, callback)
                self._new.clear()
                ended += [callback for pid, start, callback in self._polled if not is_alive(pid, start)]
                self._polled = [one for one in self._polled if one[2] not in ended]
            if not self._closed:
                for callback in ended:
                    callback()
        self._release()

    def _release(self) -> None:
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._selector.close()
        for fd, _ in self._new:
            os.close(fd)
        os.close(self._wake_write)
