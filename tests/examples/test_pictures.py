"""The pictures of the examples' workflows stay as they were looked at, and are drawn right as every picture is."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.visual.test_layout_properties import check

from stepfunctions.cli.targets import load_target
from stepfunctions.visual import Picture

pytestmark = pytest.mark.examples
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "visual" / "golden"
WORKFLOWS = {
    "flight-delays": "examples/flight_delays/workflow.py:workflow",
    "blog-pipeline": "examples/blog_pipeline/pipeline.py:workflow",
}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_pictures_stay_as_they_were_looked_at(name: str) -> None:
    picture = Picture.of(load_target(str(ROOT / WORKFLOWS[name])).definition, portrait=True)
    check(picture)
    path = GOLDEN / f"{name}.svg"
    assert picture.svg == path.read_text(encoding="utf-8"), f"run: stepfunctions graph {WORKFLOWS[name]} -o {path}"
