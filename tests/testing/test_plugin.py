from __future__ import annotations

import pytest

from stepfunctions.testing import LocalCloud
from stepfunctions.testing.plugin import local_cloud

pytestmark = pytest.mark.local
__all__ = ["local_cloud"]


def test_the_fixture_gives_a_cloud_whose_clock_jumps(local_cloud: LocalCloud) -> None:
    before = local_cloud.clock.now()
    local_cloud.clock.advance(86_400)
    assert (local_cloud.clock.now() - before).total_seconds() >= 86_400
    assert local_cloud.client("s3").list_buckets()["Buckets"] == []
