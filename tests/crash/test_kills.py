"""``kill -9`` of the local cloud under a mixed load: a small dose of what ``make soak`` does.

The seed is printed; KILLS_SEED repeats a run as far as time allows.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.crash.harness import Harness, plan

pytestmark = pytest.mark.crash


@pytest.mark.timeout(300)
def test_killed_under_a_mixed_load_all_ends_as_without_kills(killable_cloud: Any, tmp_path: Path) -> None:
    seed = int(os.environ.get("KILLS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"KILLS_SEED={seed}")
    print(Harness(killable_cloud, tmp_path, seed).run(plan(random.Random(seed), random_kills=8, each_point=1)).table())
