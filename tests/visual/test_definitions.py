"""More than a hundred machines: on each the geometry that holds for all; some byte by byte."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.visual.definitions import definitions
from tests.visual.test_layout_properties import check

from stepfunctions.visual import Picture
from stepfunctions.visual.joining import join

GOLDEN = Path(__file__).parent / "golden"
KEPT = {
    "deployment": "golden: everything-jsonata",
    "fleet-monitor": "golden: drift-fleet-jsonpath",
    "ladder": "a ladder back and forth",
    "handlers": "3 with two handlers",
    "folded-choice": "choice of 12",
    "uneven-branches": "uneven branches",
    "closed": "60 branches of 21",
    "bidirectional": "names: bidirectional",
    "broken": "a state that is none",
}


def test_there_are_a_hundred() -> None:
    assert len(definitions()) >= 100


@pytest.mark.parametrize("name", definitions())
def test_each_is_drawn_right(name: str) -> None:
    for portrait in (True, False):
        picture = Picture.of(definitions()[name], portrait=portrait)
        check(picture)
        assert Picture.of(definitions()[name], portrait=portrait).svg == picture.svg
        ElementTree.fromstring(picture.svg)


@pytest.mark.parametrize(
    "name", ["choice of 5 without a way on", "choice of 12", "choice of 30", "40 with one handler"]
)
def test_what_lines_have_in_common_is_drawn_once(name: str) -> None:
    lines = Picture.of(definitions()[name], portrait=True).drawing.lines
    drawn = join((line.edges[0].kind == "catch", line.points) for line in lines)
    pieces: Counter[tuple[int, int]] = Counter()
    for points, _ in drawn:
        for (x, y), (to_x, to_y) in pairwise(points):
            pieces.update(
                (at_x, at_y)
                for at_x in range(min(x, to_x), max(x, to_x) + 1)
                for at_y in range(min(y, to_y), max(y, to_y) + 1)
            )
    twice = sum(times > 1 for times in pieces.values())
    assert twice <= len(lines) * 2 * 20, (
        "each overlaps the one that it joins or leaves for the sake of its round corner"
    )
    assert {points[0] for points, _ in drawn} | {points[-1] for points, _ in drawn} >= {
        point for line in lines for point in (line.points[0], line.points[-1])
    }


@pytest.mark.parametrize("name", KEPT)
def test_pictures_stay_as_they_were_looked_at(name: str) -> None:
    """When a change is meant: look at the sheet of ``contact_sheet.py``, and run ``write_golden`` of this module."""
    assert drawn(name) == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")


def drawn(name: str) -> str:
    return Picture.of(definitions()[KEPT[name]], portrait=True).svg


def write_golden() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name in KEPT:
        (GOLDEN / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
