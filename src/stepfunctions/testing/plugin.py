"""The pytest plugin: the fixture ``local_cloud``. It imports nothing of ours before a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stepfunctions.testing.cloud import LocalCloud


@pytest.fixture
def local_cloud() -> Iterator[LocalCloud]:
    """Give a local cloud of the test's own, whose clock jumps: hours of waiting pass at once."""
    from stepfunctions.testing.cloud import LocalCloud

    with LocalCloud(clock="jump") as cloud:
        yield cloud
