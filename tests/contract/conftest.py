"""Every store that passes the contract, made anew for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.express import ExpressStore
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "sqlite", "express"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """A function that returns the store as a new process would find it."""
    if request.param == "memory":
        memory = MemoryStore()
        yield lambda: memory
        return
    opened: list[Store] = []

    def open_again() -> Store:
        while opened:
            opened.pop().close()
        durable = SqliteStore(tmp_path / "states.db")
        opened.append(ExpressStore(durable) if request.param == "express" else durable)
        return opened[0]

    yield open_again
    while opened:
        opened.pop().close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    return reopen()
