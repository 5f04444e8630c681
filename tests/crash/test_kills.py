"""``kill -9`` of the local cloud under a mixed load: a small dose of what ``make soak`` does.

The seed is printed; KILLS_SEED repeats a run as far as time allows.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.crash.armed import FAULTS
from tests.crash.harness import RANDOM, Harness, plan
from tests.crash.killable import KillableCloud

pytestmark = pytest.mark.crash


@pytest.mark.timeout(300)
def test_killed_under_a_mixed_load_all_ends_as_without_kills(killable_cloud: Any, tmp_path: Path) -> None:
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"KILLS_SEED={seed}")
    print(Harness(killable_cloud, tmp_path, seed).run(plan(random.Random(seed), random_kills=8, each_point=1)).table())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed(fault: str, tmp_path: Path) -> None:
    cloud = KillableCloud(tmp_path / "cloud", fault)
    cloud.start()
    try:
        with pytest.raises(AssertionError):
            Harness(cloud, tmp_path, 7).run([RANDOM] * 3)
    finally:
        cloud.stop()
