from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.local.cloud import Cloud

HELPER = Path(__file__).with_name("job_server.py")


@pytest.fixture(scope="session")
def job_server() -> Any:
    """The module of ``job_server.py``."""
    spec = importlib.util.spec_from_file_location("job_server", HELPER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["job_server"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def open_cloud(tmp_path: Path, job_server: Any) -> Iterator[Callable[..., Cloud]]:
    """Make a cloud with jobs of kind ``script`` on ``tmp_path``; the former one is closed first."""
    clouds: list[Cloud] = []

    def make(start: bool = True, max_jobs: int = 2) -> Cloud:
        for cloud in clouds:
            cloud.stop()
        cloud = Cloud(tmp_path, max_jobs=max_jobs)
        cloud.jobs.register("script", job_server.Scripts(tmp_path / "ended"))
        clouds.append(cloud)
        if start:
            cloud.start()
        return cloud

    yield make
    for cloud in clouds:
        cloud.stop()
