"""Wide Choices folded: many short ways that part at one Choice and meet again are drawn as a grid.

A hundred rules side by side would be a picture of 20,000 pixels. A *cell* is a chain of states that only this Choice
leads to; cells stand in rows, a trunk at the left feeds the rows, and trunks at the right collect what leaves them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from stepfunctions.visual.layering import Link, Size
from stepfunctions.visual.routing import Point

FOLD_FROM = 7
_MOST_EXITS = 3
_GAP, _STEP, _TRUNK = 30, 34, 12


@dataclass(slots=True)
class Cell:
    """A chain of items: the link into it, and from each item the links within and out of the cell."""

    entry: int
    items: list[int]
    within: list[int] = field(default_factory=list)
    out: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """A folded group, laid out: relative places of items and labels, and the inner parts of its lines."""

    size: Size
    items: dict[int, Point] = field(default_factory=dict)
    labels: dict[int, tuple[int, int, Size]] = field(default_factory=dict)
    entries: dict[int, list[Point]] = field(default_factory=dict)
    """For each link into the block, its corners after the middle of the block's upper edge."""
    within: dict[int, list[Point]] = field(default_factory=dict)
    exits: dict[int, list[Point]] = field(default_factory=dict)
    """For each link out of the block, its corners before the block's lower edge: the last one lacks its column."""


def find_cells(count: int, links: list[Link], start: int) -> list[list[Cell]]:
    """Return the groups of cells worth folding, one group for a Choice (an item with many labelled links)."""
    into: list[list[int]] = [[] for _ in range(count)]
    out: list[list[int]] = [[] for _ in range(count)]
    for number, link in enumerate(links):
        into[link.target].append(number)
        out[link.source].append(number)
    into[start].append(-1)
    groups: list[list[Cell]] = []
    for item in range(count):
        heads = [number for number in out[item] if links[number].label is not None]
        if len(heads) < FOLD_FROM:
            continue
        cells = [_follow(number, links, into, out) for number in heads if len(into[links[number].target]) == 1]
        cells = [cell for cell in cells if all(links[number].label is None for number in cell.out + cell.within)]
        popular = Counter(exit_ for cell in cells for exit_ in {_exit(links[number]) for number in cell.out})
        allowed = {exit_ for exit_, _ in sorted(popular.items(), key=lambda entry: (-entry[1], entry[0]))[:_MOST_EXITS]}
        cells = [cell for cell in cells if all(_exit(links[number]) in allowed for number in cell.out)]
        if len(cells) >= FOLD_FROM:
            groups.append(cells)
    return groups


def _exit(link: Link) -> tuple[int, bool]:
    return link.target, link.catch


def _follow(entry: int, links: list[Link], into: list[list[int]], out: list[list[int]]) -> Cell:
    cell = Cell(entry, [links[entry].target])
    while True:
        flow = [number for number in out[cell.items[-1]] if not links[number].catch]
        cell.out += [number for number in out[cell.items[-1]] if links[number].catch]
        if len(flow) != 1 or len(into[links[flow[0]].target]) != 1 or links[flow[0]].target in cell.items:
            cell.out += flow
            return cell
        cell.within.append(flow[0])
        cell.items.append(links[flow[0]].target)


def lay_out_block(cells: list[Cell], links: list[Link], sizes: list[Size], wide: float) -> Block:
    """Return the grid of these cells, about ``wide`` times as wide as it is high."""
    exits = sorted({_exit(links[number]) for cell in cells for number in cell.out}, key=lambda exit_: exit_[::-1])
    catchers = sum(catch for _, catch in exits)
    width = max(max(sizes[item].width for item in cell.items) for cell in cells)
    width = max(width, *(label.width for label in (links[cell.entry].label for cell in cells) if label))
    pitch = width + _GAP + _TRUNK * catchers
    label_height = max(label.height for label in (links[cell.entry].label for cell in cells) if label)
    heights = [sum(sizes[item].height + _STEP for item in cell.items) - _STEP for cell in cells]
    mean = sum(heights) / len(heights) + label_height + 3 * _STEP
    columns = max(2, min(len(cells), math.ceil(math.sqrt(wide * len(cells) * mean / pitch))))
    columns = math.ceil(len(cells) / math.ceil(len(cells) / columns))
    inner = columns * pitch
    block = Block(Size(0, 0))
    block.size.width = _even(inner + _TRUNK * (len(exits) + 2))
    middle, y = block.size.width // 2, 10
    for first in range(0, len(cells), columns):
        row = range(first, min(first + columns, len(cells)))
        top = y + _TRUNK + label_height + 24
        bottom = top + max(heights[index] for index in row)
        levels = {exit_: bottom + 14 + 10 * level for level, exit_ in enumerate(exits)}
        for column, index in enumerate(row):
            cell = cells[index]
            x = 2 * _TRUNK + column * pitch + width // 2
            feed = [(middle, 10), *([(4, 10), (4, y)] if first else []), (x, y)]
            _place_cell(block, cell, links, sizes, x, top, feed)
            _collect(block, cell, links, sizes, x + width // 2, levels)
        y = bottom + 14 + 10 * len(exits) + 14
    _lead_out(block, links, exits, y)
    block.size.height = y + 10 * len(exits) + 2
    return block


def _place_cell(
    block: Block, cell: Cell, links: list[Link], sizes: list[Size], x: int, top: int, feed: list[Point]
) -> None:
    label = links[cell.entry].label
    if label is not None:
        block.labels[cell.entry] = (x - label.width // 2, feed[-1][1] + _TRUNK, label)
    block.entries[cell.entry] = [*feed, (x, top)]
    y = top
    for place, item in enumerate(cell.items):
        block.items[item] = (x - sizes[item].width // 2, y)
        y += sizes[item].height
        if place < len(cell.within):
            block.within[cell.within[place]] = [(x, y), (x, y + _STEP)]
        y += _STEP


def _collect(
    block: Block, cell: Cell, links: list[Link], sizes: list[Size], edge: int, levels: dict[tuple[int, bool], int]
) -> None:
    """Lead each link out of the cell to its level under the row: flow from below, catchers from the right."""
    lanes: dict[tuple[int, bool], int] = defaultdict(lambda: edge + 10 + _TRUNK * len(lanes))
    for number in sorted(cell.out, key=lambda number: _exit(links[number])[::-1]):
        link = links[number]
        left, top = block.items[link.source]
        size, level = sizes[link.source], levels[_exit(link)]
        if link.catch:
            y = top + min(size.height * 2 // 3, 48)
            lane = lanes[_exit(link)]
            block.exits[number] = [(left + size.width, y), (lane, y), (lane, level)]
        else:
            x = left + size.width // 2
            block.exits[number] = [(x, top + size.height), (x, level)]


def _lead_out(block: Block, links: list[Link], exits: list[tuple[int, bool]], bottom: int) -> None:
    """Lead all links from their levels to a trunk at the right, and along the bottom to where they go out."""
    for number, points in block.exits.items():
        place = exits.index(_exit(links[number]))
        trunk = block.size.width - 4 - _TRUNK * place
        points += [(trunk, points[-1][1]), (trunk, bottom + 10 * place)]


def _even(number: int) -> int:
    return number + number % 2
