"""The examples' machines and those of ``definitions.py`` on one sheet, to be looked at.

    python -m tests.visual.contact_sheet [FILE.png]

The sheet (default ``build/contact-sheet.png``) is large: at full size the names of all but the largest can be read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import resvg_py
from tests.examples.test_pictures import WORKFLOWS
from tests.visual.definitions import ROOT, Definition, definitions

from stepfunctions.cli.targets import load_target
from stepfunctions.visual import Picture
from stepfunctions.visual.fonts import family
from stepfunctions.visual.svg import clean

WIDTH, GAP, HEAD = 7000, 20, 24
SCALE, WIDEST, HIGHEST = 0.62, 1800, 1500


@dataclass
class Cell:
    """A machine's drawing, made smaller, with its name above."""

    name: str
    inside: str
    scale: float
    width: float
    height: float


def cell(name: str, definition: Definition) -> Cell:
    """Draw a machine."""
    picture = Picture.of(definition, portrait=True)
    wide, high = picture.drawing.width, picture.drawing.height
    scale = min(SCALE, WIDEST / wide, HIGHEST / high)
    inside = re.sub(r"^<svg[^>]*>|</svg>\s*$", "", picture.to_svg(flat=True))
    return Cell(name, inside, scale, max(wide * scale, 7 * len(name)), high * scale + HEAD)


def sheet(cells: Iterable[Cell]) -> str:
    """Return the sheet as SVG: the drawings in rows, the highest first."""
    x, y, high = GAP, GAP, 0.0
    placed = []
    for one in sorted(cells, key=lambda one: -one.height):
        if x > GAP and x + one.width + GAP > WIDTH:
            x, y, high = GAP, y + round(high) + GAP, 0.0
        placed.append(
            f'<g transform="translate({x} {y})"><text y="16" font-size="13">{clean(one.name)}</text>'
            f'<g transform="translate(0 {HEAD}) scale({one.scale:.4f})">{one.inside}</g></g>'
        )
        x, high = x + round(one.width) + GAP, max(high, one.height)
    size = f'width="{WIDTH}" height="{y + round(high) + GAP}"'
    drawn = f'<rect {size} fill="#ddd"/>{"".join(placed)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">{drawn}</svg>'


def machines() -> dict[str, Definition]:
    """Return all machines by their names."""
    examples = {f"example: {name}": load_target(str(ROOT / target)).definition for name, target in WORKFLOWS.items()}
    return {**examples, **definitions()}


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "build/contact-sheet.png")
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [cell(name, definition) for name, definition in machines().items()]
    png = resvg_py.svg_to_bytes(svg_string=sheet(cells), sans_serif_family=family())
    path.write_bytes(bytes(png))
    print(f"{len(cells)} machines in {path}.")


if __name__ == "__main__":
    main()
