"""A drawing as SVG: plain shapes and text, no script, no link, nothing loaded from elsewhere."""

from __future__ import annotations

import json
import re
from html import escape

from stepfunctions.visual.graph import Graph, Node
from stepfunctions.visual.icons import ICONS, MARKS, TILES
from stepfunctions.visual.joining import join
from stepfunctions.visual.layout import (
    LINE_HEIGHT,
    NAME_SIZE,
    SMALL_SIZE,
    STACK,
    TEXT_LEFT,
    TEXT_RIGHT,
    Box,
    Drawing,
    Label,
    Line,
)
from stepfunctions.visual.routing import Point
from stepfunctions.visual.status import Overlay, StateStatus
from stepfunctions.visual.themes import Paint, Theme
from stepfunctions.visual.widths import shorten, text_width

_FONT = "'Amazon Ember','Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif"
_RADIUS, _TIP = 8, 8
_ALTERED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold, or has as something else in an attribute."""
_NOT_XML = re.compile("[^\t\n\r -~\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _said(status: StateStatus | None) -> list[str]:
    """Return the lines of a state's tooltip about its status."""
    if status is None:
        return []
    return [status.text(), *(f"{finding.severity}: {finding.message}" for finding in status.findings)]


def to_svg(
    graph: Graph,
    drawing: Drawing,
    overlay: Overlay | None = None,
    *,
    theme: Theme = "light",
    flat: bool = False,
    title: str = "State machine",
) -> str:
    """Return the picture. ``flat`` writes colours into every element instead of a style sheet (``auto`` is light then):
    for GitHub, e-mail and rasterisers, which know no style sheets or drop them.
    """
    paint = Paint(theme, flat)
    writer = _Writer(graph, drawing, overlay, paint)
    containers = [box for box in drawing.boxes.values() if box.inner]
    cards = [box for box in drawing.boxes.values() if not box.inner]
    width, height = drawing.width, drawing.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sfn" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{_FONT}">',
        f"<title>{clean(title)}</title>",
        paint.style_sheet(),
        f'<rect width="{width}" height="{height}" rx="8"{paint("canvas")}/>',
        *(writer.container(box) for box in containers),
        *writer.lines(),
        *(writer.label(line.label) for line in drawing.lines if line.label is not None),
        *(writer.card(box) for box in cards),
        *(writer.badge(box) for box in containers),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def clean(text: str) -> str:
    """Return text fit for XML: escaped, and control characters and those that XML cannot hold replaced."""
    return escape(_NOT_XML.sub("\ufffd", text))


def _real(key: str) -> str:
    """Return an attribute with the key as JSON, when XML cannot hold it as it is: what is shown of it is clean."""
    return f' data-key="{clean(json.dumps(key))}"' if _ALTERED.search(key) else ""


class _Writer:
    """Writes the elements of one picture."""

    def __init__(self, graph: Graph, drawing: Drawing, overlay: Overlay | None, paint: Paint) -> None:
        self.graph = graph
        self.drawing = drawing
        self.overlay = overlay
        self.paint = paint

    def status(self, node: Node) -> StateStatus | None:
        return None if self.overlay is None else self.overlay.of(node)

    def card(self, box: Box) -> str:
        node = self.graph.nodes[box.node]
        if node.type in ("Start", "End"):
            return self._pill(box)
        status = self.status(node)
        named = status.status if status else ""
        rectangle = f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"'
        lines = [
            self._text(line, box.x + TEXT_LEFT, box.y + 43 + index * LINE_HEIGHT, NAME_SIZE, "name")
            for index, line in enumerate(box.lines)
        ]
        return "".join(
            [
                self._open(node, status),
                f"{rectangle}{self.paint('card', named)}/>",
                self._tile(node, box.x + 10, box.y + (box.height - 32) // 2),
                self._small(node, box, status),
                *lines,
                self._badge(box, status),
                "</g>",
            ]
        )

    def container(self, box: Box) -> str:
        node = self.graph.nodes[box.node]
        status = self.status(node)
        named = status.status if status else ""
        frame = self.paint("frame", named)
        shapes = [
            f'<rect x="{box.x + shift}" y="{box.y + shift}" width="{box.width}" height="{box.height}" rx="10"{frame}/>'
            for shift in ((STACK, STACK // 2, 0) if node.type == "Map" else (0,))
        ]
        return "".join(
            [
                self._open(node, status),
                *shapes,
                self._tile(node, box.x + 12, box.y + 10),
                self._small(node, box, status, 4),
                self._text(box.lines[0], box.x + TEXT_LEFT, box.y + 40, NAME_SIZE, "name"),
                "</g>",
            ]
        )

    def badge(self, box: Box) -> str:
        """Write a container's badge, which lies over its lines."""
        status = self.status(self.graph.nodes[box.node])
        badge = self._badge(box, status)
        return f'<g data-s="{status.status}">{badge}</g>' if badge and status else ""

    def _open(self, node: Node, status: StateStatus | None) -> str:
        said = f"{node.type} state {node.name}" + (f", {status.text().lower()}" if status else "")
        title = "\n".join([node.title, *_said(status)])
        data = f' data-s="{status.status}"' if status else ""
        return (
            f'<g data-id="{clean(node.key)}"{_real(node.key)}{data} data-type="{clean(node.type)}" role="group" '
            f'aria-label="{clean(said)}"><title>{clean(title)}</title>'
        )

    def _tile(self, node: Node, x: int, y: int) -> str:
        role = f"tile-{TILES.get(node.icon, 'work')}"
        return (
            f'<rect x="{x}" y="{y}" width="32" height="32" rx="6"{self.paint(role)}/>'
            f'<path transform="translate({x + 6} {y + 6})" d="{ICONS[node.icon]}"{self.paint("icon")}/>'
        )

    def _small(self, node: Node, box: Box, status: StateStatus | None, up: int = 0) -> str:
        """Write the small line: the status in words, then what the state does as far as there is room."""
        x, y = box.x + TEXT_LEFT, box.y + 24 - up
        room = box.width - TEXT_LEFT - TEXT_RIGHT - (10 if status else 0)
        if status is None or status.status == "NOT_REACHED":
            return self._text(shorten(box.says(node), SMALL_SIZE, room), x, y, SMALL_SIZE, "small")
        said = status.text()
        if text_width(said, SMALL_SIZE) > room:
            said = shorten(status.text(brief=True), SMALL_SIZE, room)
        left = room - text_width(f"{said} · ", SMALL_SIZE)
        choices = (box.says(node), node.detail, node.detail.partition(":")[0])
        rest = next((text for text in choices if text_width(text, SMALL_SIZE) <= left), "")
        more = f'<tspan dx="4"{self.paint("small")}>· {clean(rest)}</tspan>' if rest else ""
        paint = self.paint("state", status.status)
        return f'<text x="{x}" y="{y}" font-size="{SMALL_SIZE}"{paint}>{clean(said)}{more}</text>'

    def _text(self, text: str, x: int, y: int, size: int, role: str) -> str:
        return f'<text x="{x}" y="{y}" font-size="{size}"{self.paint(role)}>{clean(text)}</text>'

    def _badge(self, box: Box, status: StateStatus | None) -> str:
        if status is None or status.status not in MARKS:
            return ""
        x, y = box.x + box.width - 6, box.y + 4
        return (
            f'<circle cx="{x}" cy="{y}" r="10"{self.paint("badge", status.status)}/>'
            f'<path transform="translate({x} {y})" d="{MARKS[status.status]}"{self.paint("mark", status.status)}/>'
        )

    def _pill(self, box: Box) -> str:
        return (
            f'<g><rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" '
            f'rx="{box.height // 2}"{self.paint("pill")}/>'
            f'<text x="{box.x + box.width // 2}" y="{box.y + 21}" font-size="13" text-anchor="middle"'
            f"{self.paint('name')}>{clean(box.lines[0])}</text></g>"
        )

    def is_taken(self, line: Line) -> bool:
        """Return whether the execution went along this line."""
        return self.overlay is not None and any(
            (self._end_name(edge.source), self._end_name(edge.target)) in self.overlay.taken for edge in line.edges
        )

    def _end_name(self, number: int) -> str:
        node = self.graph.nodes[number]
        return "" if node.type in ("Start", "End") else node.name

    def lines(self) -> list[str]:
        """Write all lines, those that the execution took over the others."""
        ordered = sorted(self.drawing.lines, key=self.is_taken)
        kinds = [(line.edges[0].kind == "catch", self.is_taken(line)) for line in ordered]
        joined = join(zip(kinds, (line.points for line in ordered), strict=True))
        return [self.line(line, points, tipped) for line, (points, tipped) in zip(ordered, joined, strict=True)]

    def line(self, line: Line, points: list[Point], tipped: bool) -> str:
        """Write what is to be drawn of a line."""
        edge = line.edges[0]
        ran = self.overlay is not None and self.overlay.ran
        taken, known = self.is_taken(line), ran and not self.graph.nodes[edge.source].apart
        status = "TAKEN" if taken else "IDLE" if known else ""
        data = f' data-s="{status}"' if status else ""
        source, target = (clean(self.graph.nodes[end].key) for end in (edge.source, edge.target))
        title = clean("\n".join(edge.title for edge in line.edges if edge.title))
        course = path(points, tipped)
        role, tip = ("catch", "catchtip") if edge.kind == "catch" else ("line", "tip")
        return (
            f'<g data-from="{source}" data-to="{target}" data-kind="{edge.kind}"{data}>'
            + (f"<title>{title}</title>" if title else "")
            + f'<path d="{course}"{self.paint(role, status)}/>'
            + (f'<path d="{_tip(points)}"{self.paint(tip, status)}/>' if tipped else "")
            + "</g>"
        )

    def label(self, label: Label) -> str:
        middle = label.x + label.width / 2
        rectangle = (
            f'<rect x="{label.x}" y="{label.y}" width="{label.width}" height="{label.height}" '
            f'rx="{min(11, label.height // 2)}"{self.paint("label")}/>'
        )
        lines = [
            f'<text x="{middle:g}" y="{label.y + 15 + 16 * index}" font-size="{SMALL_SIZE}" text-anchor="middle"'
            f"{self.paint('words')}>{clean(line)}</text>"
            for index, line in enumerate(label.lines)
        ]
        return f"<g><title>{clean(label.title)}</title>{rectangle}{''.join(lines)}</g>"


def path(points: list[Point], tipped: bool = True) -> str:
    """Return the path of a line with rounded corners, ending where its tip begins."""
    ends = [*points[:-1], _before(points[-1], points[-2], _TIP - 1)] if tipped else points
    found = [f"M{ends[0][0]} {ends[0][1]}"]
    for before, corner, after in zip(ends, ends[1:], ends[2:], strict=False):
        radius = min(_RADIUS, _distance(before, corner) // 2, _distance(corner, after) // 2)
        a, b = _before(corner, before, radius), _before(corner, after, radius)
        found.append(f"L{a[0]} {a[1]}Q{corner[0]} {corner[1]} {b[0]} {b[1]}")
    return "".join(found) + f"L{ends[-1][0]} {ends[-1][1]}"


def _distance(a: Point, b: Point) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _before(point: Point, origin: Point, length: int) -> Point:
    """Return the point ``length`` pixels from ``point`` towards ``origin``."""
    dx, dy = origin[0] - point[0], origin[1] - point[1]
    return (point[0] + ((dx > 0) - (dx < 0)) * length, point[1] + ((dy > 0) - (dy < 0)) * length)


def _tip(points: list[Point]) -> str:
    (x, y), base = points[-1], _before(points[-1], points[-2], _TIP)
    half = _TIP // 2
    if base[0] == x:
        return f"M{x} {y}L{x - half} {base[1]}L{x + half} {base[1]}Z"
    return f"M{x} {y}L{base[0]} {y - half}L{base[0]} {y + half}Z"
