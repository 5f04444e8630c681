from __future__ import annotations

import threading
from functools import partial

import pytest

from stepfunctions.local.threads import DaemonPool


def test_results_and_errors_come_through_futures() -> None:
    pool = DaemonPool("test", 2, idle_seconds=0.05)
    assert [future.result(10) for future in [pool.submit(partial(pow, n, 2)) for n in range(50)]] == [
        n * n for n in range(50)
    ]
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(10)


def test_at_most_limit_run_at_once_and_none_is_made_without_need() -> None:
    pool = DaemonPool("test", 3, idle_seconds=0.05)
    release = threading.Event()
    inside = threading.Semaphore(0)
    names: set[str] = set()

    def work() -> None:
        names.add(threading.current_thread().name)
        inside.release()
        assert release.wait(10)

    first = pool.submit(work)
    assert inside.acquire(timeout=10)
    assert len(names) == 1
    rest = [pool.submit(work) for _ in range(5)]
    assert inside.acquire(timeout=10)
    assert inside.acquire(timeout=10)
    assert not inside.acquire(timeout=0.05)
    release.set()
    for future in (first, *rest):
        future.result(10)
    assert len(names) == 3


def test_idle_threads_end_and_new_ones_come() -> None:
    pool = DaemonPool("idle", 4, idle_seconds=0.01)
    thread = pool.submit(threading.current_thread).result(10)
    thread.join(10)
    assert not thread.is_alive()
    assert pool.submit(lambda: "again").result(10) == "again"
