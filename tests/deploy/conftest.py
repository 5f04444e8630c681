"""A cloud in this process, and stacks of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.local.cloudformation.conftest import Stacks

from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock
from stepfunctions.testing import LocalCloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A server of its own for the tests of a module."""
    with LocalCloud() as made:
        yield made


@pytest.fixture
def stacks(tmp_path: Path) -> Iterator[Stacks]:
    with Cloud(tmp_path, clock=ManualClock(1_700_000_000.0), endpoint="http://127.0.0.1:8083") as made:
        yield Stacks(made)
