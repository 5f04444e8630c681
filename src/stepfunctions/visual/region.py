"""The layout of one region: its items and links put through the four steps, wide Choices folded before."""

from __future__ import annotations

from stepfunctions.visual.coordinates import place
from stepfunctions.visual.folding import Block, find_cells, lay_out_block
from stepfunctions.visual.layering import Link, Size, assign_ways, make_layers
from stepfunctions.visual.ordering import reduce_crossings
from stepfunctions.visual.routing import Point, Routes, Shape, route, simple

Placed = tuple[list[Point], list[list[Point]], dict[int, tuple[int, int, Size]], Size]
"""Corners of items, corners of each link's line, boxes of labels, size of all."""


def lay_out_items(sizes: list[Size], shapes: list[Shape], links: list[Link], start: int, wide: float) -> Placed:
    """Lay out the items with the cells of wide Choices folded into blocks, which are items themselves for a while."""
    groups = find_cells(len(sizes), links, start)
    if not groups:
        return _flat(sizes, shapes, links, start)
    block_of = {item: index for index, cells in enumerate(groups) for cell in cells for item in cell.items}
    blocks = [lay_out_block(cells, links, sizes, wide) for cells in groups]
    kept = [item for item in range(len(sizes)) if item not in block_of]
    outer = {item: index for index, item in enumerate(kept)}
    outer.update({item: len(kept) + index for item, index in block_of.items()})
    merged: dict[tuple[int, int, bool, int], int] = {}
    outer_links: list[Link] = []
    outer_number: dict[int, int] = {}
    for number, link in enumerate(links):
        if link.source in block_of and number in blocks[block_of[link.source]].within:
            continue
        blocked = link.source in block_of or link.target in block_of
        key = (outer[link.source], outer[link.target], link.catch, -1 if blocked else number)
        if key not in merged:
            merged[key] = len(outer_links)
            outer_links.append(Link(key[0], key[1], link.edges, link.catch, None if blocked else link.label))
        outer_number[number] = merged[key]
    outer_sizes = [sizes[item] for item in kept] + [block.size for block in blocks]
    outer_shapes = [shapes[item] for item in kept] + [Shape(no_sides=True) for _ in blocks]
    placed = _flat(outer_sizes, outer_shapes, outer_links, outer[start])
    return _unfold(placed, links, blocks, block_of, outer, outer_number)


def _unfold(
    placed: Placed,
    links: list[Link],
    blocks: list[Block],
    block_of: dict[int, int],
    outer: dict[int, int],
    outer_number: dict[int, int],
) -> Placed:
    """Return the layout of all items from that of the blocks."""
    corners, outer_lines, outer_labels, size = placed
    places: list[Point] = []
    for item in range(len(outer)):
        x, y = corners[outer[item]]
        if item in block_of:
            dx, dy = blocks[block_of[item]].items[item]
            x, y = x + dx, y + dy
        places.append((x, y))
    lines: list[list[Point]] = []
    labels: dict[int, tuple[int, int, Size]] = {}
    for number, link in enumerate(links):
        points = list(outer_lines[outer_number[number]]) if number in outer_number else []
        if link.source in block_of:
            block, (x, y) = blocks[block_of[link.source]], corners[outer[link.source]]
            inner = [(a + x, b + y) for a, b in block.exits.get(number, block.within.get(number, []))]
            points = [*inner, *([(points[0][0], inner[-1][1])] if points else []), *points]
        if link.target in block_of and number not in blocks[block_of[link.target]].within:
            block, (x, y) = blocks[block_of[link.target]], corners[outer[link.target]]
            points.append((points[-1][0], y + block.entries[number][0][1]))
            points += [(a + x, b + y) for a, b in block.entries[number]]
            a, b, label = block.labels[number]
            labels[number] = (a + x, b + y, label)
        elif number in outer_number and outer_number[number] in outer_labels:
            labels[number] = outer_labels[outer_number[number]]
        lines.append(simple(points))
    return places, lines, labels, size


def _flat(sizes: list[Size], shapes: list[Shape], links: list[Link], start: int) -> Placed:
    ranks = assign_ways(len(sizes), links, start)
    layers = make_layers(sizes, ranks, links, start)
    reduce_crossings(layers)
    routes = route(layers, place(layers), links, shapes)
    return _from_corner(routes)


def _from_corner(routes: Routes) -> Placed:
    dx = -routes.left
    size = Size(_even(routes.right - routes.left), _even(routes.height))
    return (
        [(x + dx, y) for x, y in routes.items],
        [[(x + dx, y) for x, y in line] for line in routes.lines],
        {number: (x + dx, y, label) for number, (x, y, label) in routes.labels.items()},
        size,
    )


def _even(number: int) -> int:
    return number + number % 2
