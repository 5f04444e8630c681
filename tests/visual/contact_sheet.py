"""Every machine of ``definitions.py`` on sheets, to be looked at: ``python -m tests.visual.contact_sheet [FOLDER]``.

Leaves ``sheet-01.png`` … in the folder (default ``build/contact-sheets``), and one ``.svg`` a machine.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

import resvg_py
from tests.visual.definitions import definitions

from stepfunctions.visual import Picture

COLUMNS, ROWS, CELL, HEAD = 6, 4, 420, 30


def sheets() -> list[str]:
    """Return the sheets as SVG."""
    cells = []
    for name, definition in definitions().items():
        picture = Picture.of(definition, portrait=True)
        drawing = picture.drawing
        scale = min(1.0, (CELL - 20) / drawing.width, (CELL - HEAD - 10) / drawing.height)
        inner = re.sub(r"^<svg[^>]*>|</svg>\s*$", "", picture.to_svg(flat=True))
        cells.append(
            f'<text x="10" y="20" font-size="14" font-family="sans-serif">{escape(name[:52])}</text>'
            f'<g font-family="sans-serif" transform="translate(10 {HEAD}) scale({scale:.4f})">{inner}</g>'
        )
    page = COLUMNS * ROWS
    return [_sheet(cells[start : start + page]) for start in range(0, len(cells), page)]


def _sheet(cells: list[str]) -> str:
    placed = [
        f'<g transform="translate({number % COLUMNS * CELL} {number // COLUMNS * CELL})">{cell}</g>'
        for number, cell in enumerate(cells)
    ]
    size = f'width="{COLUMNS * CELL}" height="{ROWS * CELL}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size} fill="#ddd"/>{"".join(placed)}</svg>'


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "build/contact-sheets")
    folder.mkdir(parents=True, exist_ok=True)
    for number, sheet in enumerate(sheets(), 1):
        png = resvg_py.svg_to_bytes(svg_string=sheet, sans_serif_family="DejaVu Sans")
        (folder / f"sheet-{number:02}.png").write_bytes(bytes(png))
    print(f"{len(definitions())} machines on {number} sheets in {folder}.")


if __name__ == "__main__":
    main()
