"""More than a hundred machines: on each the geometry that holds for all; some byte by byte."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.visual.definitions import definitions
from tests.visual.test_layout_properties import check

from stepfunctions.visual import Picture

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


@pytest.mark.parametrize("name", KEPT)
def test_pictures_stay_as_they_were_looked_at(name: str) -> None:
    """When a change is meant: look at the sheets of ``contact_sheet.py``, and run ``write_golden`` of this module."""
    assert drawn(name) == (GOLDEN / f"{name}.svg").read_text(encoding="utf-8")


def drawn(name: str) -> str:
    return Picture.of(definitions()[KEPT[name]], portrait=True).svg


def write_golden() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name in KEPT:
        (GOLDEN / f"{name}.svg").write_text(drawn(name), encoding="utf-8")
