"""The layout of a graph: every region on its own, from the innermost outwards; a container is a node of that size.

The result depends on nothing but the graph: no clock, no chance, no font, no order of a set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stepfunctions.visual.graph import CONTAINERS, Edge, Graph, Node, Region
from stepfunctions.visual.layering import Link, Size
from stepfunctions.visual.region import lay_out_items
from stepfunctions.visual.routing import Point, Shape
from stepfunctions.visual.rules import compact
from stepfunctions.visual.widths import ELLIPSIS, text_width, widest, wrap

NAME_SIZE, SMALL_SIZE = 14, 12
LINE_HEIGHT = 17
TEXT_LEFT, TEXT_RIGHT = 52, 12
HEADER = 52
PADDING = 20
STACK = 8
MARGIN = 20
_CARD_WIDTHS = (208, 256)
_LABEL_ROOM = 176
_ROW_WIDTH = 1900
_BRANCH_GAP = 28


@dataclass(slots=True)
class Box:
    """A node's place. ``lines`` is its name as it is written; ``inner`` the frames of a container's regions.

    ``closed``: the states inside of a container that is drawn without them.
    """

    node: int
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    inner: list[tuple[int, int, int, int]] = field(default_factory=list)
    closed: int = 0

    def says(self, node: Node) -> str:
        """Return what stands in small letters about the node."""
        return (
            f"{node.detail} · {self.closed} {'state' if self.closed == 1 else 'states'} inside"
            if self.closed
            else node.detail
        )


@dataclass(slots=True)
class Label:
    """The text at an edge, the box that it fills and the whole text."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    title: str


@dataclass(slots=True)
class Line:
    """A line for all edges of one sort between two nodes; its label, if it has one."""

    points: list[Point]
    edges: tuple[Edge, ...]
    label: Label | None = None


@dataclass(slots=True)
class Drawing:
    """A graph laid out, in pixels; boxes by node, outer ones first."""

    width: int
    height: int
    boxes: dict[int, Box]
    lines: list[Line]


@dataclass(slots=True)
class _Laid:
    """A region laid out, from its own left upper corner."""

    size: Size
    places: dict[int, Point] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


def lay_out(graph: Graph, portrait: bool = True, closed: Mapping[int, int] | None = None) -> Drawing:
    """Return the drawing of a graph: from top to bottom, or from left to right if not ``portrait``.

    ``closed``: containers that are drawn without what is inside of them, as ``closed_containers`` has them.
    """
    closed = closed or {}
    regions = _open_regions(graph, closed)
    laid: dict[int, _Laid] = {}
    boxes: dict[int, Box] = {}
    corners: dict[int, Point] = {}
    for region in reversed(regions):
        for number in region.nodes:
            boxes[number] = _box(graph.nodes[number], laid, corners, portrait, closed.get(number, 0))
        laid[region.id] = _lay_out_region(graph, region, boxes, portrait)
    root = laid[0].size
    corners[0] = (MARGIN, MARGIN)
    ordered: dict[int, Box] = {}
    lines: list[Line] = []
    for region in regions:
        if region.owner is not None:
            owner = boxes[region.owner]
            x, y = corners[region.id]
            corners[region.id] = (owner.x + x, owner.y + y)
            owner.inner.append((owner.x + x, owner.y + y, laid[region.id].size.width, laid[region.id].size.height))
        x, y = corners[region.id]
        for number in region.nodes:
            box = ordered[number] = boxes[number]
            box.x, box.y = laid[region.id].places[number][0] + x, laid[region.id].places[number][1] + y
        for line in laid[region.id].lines:
            lines.append(_moved(line, x, y))
    return Drawing(root.width + 2 * MARGIN, root.height + 2 * MARGIN, ordered, lines)


def _open_regions(graph: Graph, closed: Mapping[int, int]) -> list[Region]:
    """Return the regions that are drawn."""
    hidden: set[int] = set()
    for region in graph.regions[1:]:
        assert region.owner is not None
        if region.owner in closed or graph.nodes[region.owner].region in hidden:
            hidden.add(region.id)
    return [region for region in graph.regions if region.id not in hidden]


def _moved(line: Line, x: int, y: int) -> Line:
    if line.label is not None:
        line.label.x += x
        line.label.y += y
    return Line([(a + x, b + y) for a, b in line.points], line.edges, line.label)


def _shown(node: Node) -> str:
    """Return a state's name; of blanks alone, as a literal."""
    return node.name if node.name.strip() else repr(node.name)


def _box(node: Node, laid: dict[int, _Laid], corners: dict[int, Point], portrait: bool, closed: int) -> Box:
    """Return a node's box without its place; note where its regions lie inside it."""
    if node.type in ("Start", "End"):
        return Box(node.id, 0, 0, 72, 32, (node.name,))
    if node.type in CONTAINERS and node.regions and not closed:
        return _container(node, laid, corners, portrait)
    box = Box(node.id, 0, 0, 0, 0, (), closed=closed)
    needed = max(text_width(_shown(node), NAME_SIZE), text_width(box.says(node), SMALL_SIZE))
    width = next((width for width in _CARD_WIDTHS if needed <= width - TEXT_LEFT - TEXT_RIGHT), _CARD_WIDTHS[-1])
    box.lines = wrap(_shown(node), NAME_SIZE, width - TEXT_LEFT - TEXT_RIGHT)
    box.width, box.height = width, _even(42 + len(box.lines) * LINE_HEIGHT)
    return box


def _container(node: Node, laid: dict[int, _Laid], corners: dict[int, Point], portrait: bool) -> Box:
    """Put the regions side by side as declared, in rows when they would be too wide (or below one another)."""
    sizes = [laid[number].size for number in node.regions]
    limit = _row_limit(sizes) if portrait else 0.0
    x, y, row, right = PADDING, HEADER, 0, 0
    for number, size in zip(node.regions, sizes, strict=True):
        if x > PADDING and x + size.width > limit + PADDING:
            x, y, row = PADDING, y + row + _BRANCH_GAP, 0
        corners[number] = (x, y)
        x += size.width + _BRANCH_GAP
        row = max(row, size.height)
        right = max(right, x - _BRANCH_GAP)
    least = int(text_width(node.detail, SMALL_SIZE)) + TEXT_LEFT + TEXT_RIGHT
    width = _even(max(right + PADDING, least, _CARD_WIDTHS[0]))
    spare = (width - PADDING - right) // 2 if portrait else 0
    for number in node.regions:
        corners[number] = (corners[number][0] + spare, corners[number][1])
    lines = wrap(_shown(node), NAME_SIZE, width - TEXT_LEFT - TEXT_RIGHT, 1)
    return Box(node.id, 0, 0, width, _even(y + row + PADDING), lines)


def _row_limit(sizes: list[Size]) -> float:
    total = sum(size.width for size in sizes)
    rows = min(round(total / _ROW_WIDTH), len(sizes))
    return max(total / rows * 1.15, *(size.width for size in sizes)) if rows > 1 else float("inf")


def _lay_out_region(graph: Graph, region: Region, boxes: dict[int, Box], portrait: bool) -> _Laid:
    if not region.nodes:
        return _Laid(Size(120, 12))
    item_of = {number: item for item, number in enumerate(region.nodes)}
    sizes = [_turned(boxes[number].width, boxes[number].height, portrait) for number in region.nodes]
    shapes = [Shape(pill=graph.nodes[number].type in ("Start", "End")) for number in region.nodes]
    links = _links(region, item_of, portrait)
    start = item_of.get(region.start, 0) if region.start is not None else 0
    places, lines, labels, size = lay_out_items(sizes, shapes, links, start, 1.8 if portrait else 0.5)
    laid = _Laid(size if portrait else Size(size.height, size.width))
    for number, item in item_of.items():
        laid.places[number] = places[item] if portrait else places[item][::-1]
    for number, link in enumerate(links):
        points = lines[number] if portrait else [(y, x) for x, y in lines[number]]
        label = _label(link, labels[number], portrait) if number in labels else None
        laid.lines.append(Line(points, link.edges, label))
    return laid


def _turned(width: int, height: int, portrait: bool) -> Size:
    return Size(width, height) if portrait else Size(height, width)


def _links(region: Region, item_of: dict[int, int], portrait: bool) -> list[Link]:
    """Join the edges of one sort between the same two nodes."""
    groups: dict[tuple[int, int, bool], list[Edge]] = {}
    for edge in region.edges:
        groups.setdefault((item_of[edge.source], item_of[edge.target], edge.kind == "catch"), []).append(edge)
    found = []
    for (source, target, catch), edges in groups.items():
        link = Link(source, target, tuple(edges), catch)
        if edges[0].kind in ("choice", "default"):
            lines = _label_lines(link)
            wide, high = _even(int(widest(lines, SMALL_SIZE)) + 14), 6 + 16 * len(lines)
            link.label = _turned(wide, high, portrait)
        found.append(link)
    return found


def _label_lines(link: Link) -> tuple[str, ...]:
    more = len(link.edges) - 1
    if not more:
        return _short(link.edges[0].label, 2)
    others = f"or {more} more" if more > 1 else f"or {link.edges[1].label}"
    return (*_short(link.edges[0].label, 1), *_short(others, 1))


def _short(label: str, lines: int) -> tuple[str, ...]:
    """Return a label as it is if it fits, else with its paths made short, else cut."""
    whole = wrap(label, SMALL_SIZE, _LABEL_ROOM, lines)
    return whole if not whole[-1].endswith(ELLIPSIS) else wrap(compact(label), SMALL_SIZE, _LABEL_ROOM, lines)


def _label(link: Link, found: tuple[int, int, Size], portrait: bool) -> Label:
    x, y, size = found
    title = "\nor ".join(edge.label for edge in link.edges)
    if not portrait:
        return Label(y, x, size.height, size.width, _label_lines(link), title)
    return Label(x, y, size.width, size.height, _label_lines(link), title)


def _even(number: int) -> int:
    return number + number % 2
