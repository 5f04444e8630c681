"""A picture in the formats that people keep: each a function of the picture, chosen by the ending of a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.visual import fonts
from stepfunctions.visual.mermaid import to_mermaid
from stepfunctions.visual.svg import clean

if TYPE_CHECKING:
    from stepfunctions.visual.picture import Picture

_ZOOM = 2.0
"""Pixels of a .png for each of the drawing."""
_LARGEST = 16_384
"""Pixels that a side of a .png may have: more is more memory than a picture is worth."""


def to_png(picture: Picture) -> bytes:
    """Return a picture as PNG, twice as large as it is drawn. Needs the extra ``[png]`` and any font.

    Raises ValueError when one of them is missing.
    """
    try:
        import resvg_py
    except ImportError:
        raise ValueError(
            "A .png needs one more package: pip install 'stepfunctions-sdk[png]'. Or write .svg."
        ) from None
    family = fonts.family()
    if family is None:
        raise ValueError("A .png needs a font, and this machine has none: install one, such as DejaVu, or write .svg.")
    drawing = picture.drawing
    zoom = min(_ZOOM, _LARGEST / max(drawing.width, drawing.height))
    made: bytes = resvg_py.svg_to_bytes(svg_string=picture.to_svg(flat=True), zoom=zoom, sans_serif_family=family)
    return bytes(made)


def to_json(picture: Picture) -> str:
    """Return where everything is, in pixels, for programs that draw themselves.

    ``{"width", "height", "nodes": [{"id", "name", "type", "detail", "x", "y", "width", "height", "frames", "closed",
    "status"}], "edges": [{"from", "to", "kind", "label", "points", "labelBox"}]}``: a container's ``frames`` are the
    places of its branches, ``closed`` is how many states are inside of one that is drawn without them; ``points`` lead
    along a line that several edges may share.
    """
    graph, drawing, overlay = picture.graph, picture.drawing, picture.overlay
    nodes: list[dict[str, Any]] = []
    for number, box in drawing.boxes.items():
        node = graph.nodes[number]
        place = {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
        shown = {"id": node.id, "name": node.name, "type": node.type, "detail": node.detail, **place}
        status = None if overlay is None else overlay.of(node)
        frames = {"frames": [list(frame) for frame in box.inner]} if box.inner else {}
        hidden = {"closed": box.closed} if box.closed else {}
        nodes.append({**shown, **frames, **hidden, **({} if status is None else {"status": status.status})})
    edges: list[dict[str, Any]] = []
    for line in drawing.lines:
        label = None if line.label is None else [line.label.x, line.label.y, line.label.width, line.label.height]
        for edge in line.edges:
            shown = {"from": edge.source, "to": edge.target, "kind": edge.kind, "label": edge.label}
            edges.append({**shown, "points": [list(point) for point in line.points], "labelBox": label})
    whole = {"width": drawing.width, "height": drawing.height, "nodes": nodes, "edges": edges}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def to_html(picture: Picture) -> str:
    """Return a page with the picture, in the reader's light or dark, and the states as a table."""
    style = (
        ":root{color-scheme:light dark}body{margin:24px;font-family:system-ui,sans-serif}"
        "svg{max-width:100%;height:auto}"
        "table{border-collapse:collapse;margin-top:12px}"
        "th,td{padding:4px 12px;border-top:1px solid #8884;text-align:left}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{clean(picture.title)}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{style}</style></head><body>'
        f"{picture.to_svg(theme='auto')}<details><summary>States</summary>{picture.table}</details></body></html>\n"
    )


FORMATS: Mapping[str, Callable[[Picture], str | bytes]] = {
    ".svg": lambda picture: picture.svg,
    ".png": to_png,
    ".html": to_html,
    ".txt": lambda picture: picture.text,
    ".mmd": lambda picture: to_mermaid(picture.graph, picture.overlay, portrait=picture.portrait),
    ".json": to_json,
}
