"""Third step of the layout: where each vertex stands in its rank (the method of Brandes and Köpf).

Every vertex is aligned with the median of its neighbours in the rank above, from the left; then the same from the
right, and both with the rank below. The mean of the two middle ones of the four places keeps long lines straight and
parents over the middle of their children. Catchers do not pull: a state with a handler stays in line with the next.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from stepfunctions.visual.layering import Layers

_GAP = 28
_LINE_GAP = 20


def place(layers: Layers) -> list[int]:
    """Return the middle of each vertex; in every rank, vertices keep their widths and the gaps between them."""
    count = len(layers.rank)
    position = [0] * count
    for rank in layers.ranks:
        for index, vertex in enumerate(rank):
            position[vertex] = index
    half = [size.width // 2 for size in layers.size]
    conflicts = _conflicts(layers, position)
    found: list[list[float]] = []
    for down in (True, False):
        neighbours = [_strongest(near) for near in (layers.up if down else layers.down)]
        ranks = layers.ranks if down else layers.ranks[::-1]
        for left in (True, False):
            ordered = ranks if left else [rank[::-1] for rank in ranks]
            spots = position if left else [-index for index in position]
            root = _align(ordered, neighbours, spots, conflicts)
            places = _compact(ordered, root, half)
            found.append(places if left else [-x for x in places])
    return _balance(found)


def _strongest(near: list[tuple[int, int]]) -> list[int]:
    top = max((weight for _, weight in near), default=0)
    return [vertex for vertex, weight in near if weight == top]


def _conflicts(layers: Layers, position: list[int]) -> set[tuple[int, int]]:
    """Return the pairs of vertices whose link crosses one that only passes two ranks: those may not be aligned."""
    items = min((vertex for chain in layers.chains.values() for vertex in chain[1:-1]), default=len(layers.rank))
    found: set[tuple[int, int]] = set()
    for above, below in pairwise(layers.ranks):
        first, scanned = 0, 0
        for index, vertex in enumerate(below):
            passing = next((other for other, _ in layers.up[vertex] if vertex >= items and other >= items), None)
            if passing is None and index < len(below) - 1:
                continue
            last = position[passing] if passing is not None else len(above)
            for crossed in below[scanned : index + 1]:
                for other, _ in layers.up[crossed]:
                    outside = position[other] < first or position[other] > last
                    if outside and not (crossed >= items and other >= items):
                        found.add((other, crossed))
            scanned, first = index + 1, last
    return found


def _align(
    ranks: list[list[int]], neighbours: list[list[int]], position: list[int], conflicts: set[tuple[int, int]]
) -> list[int]:
    """Join vertices to blocks that stand in one line; return the first vertex of each one's block."""
    count = len(position)
    root, align = list(range(count)), list(range(count))
    for rank in ranks:
        reached: float = float("-inf")
        for vertex in rank:
            near = sorted(neighbours[vertex], key=lambda other: position[other])
            for other in near[(len(near) - 1) // 2 : len(near) // 2 + 1]:
                if align[vertex] != vertex or position[other] <= reached:
                    continue
                if (other, vertex) in conflicts or (vertex, other) in conflicts:
                    continue
                align[other] = vertex
                root[vertex] = align[vertex] = root[other]
                reached = position[other]
    return root


def _compact(ranks: list[list[int]], root: list[int], half: list[int]) -> list[float]:
    """Place the blocks as far to the left as their neighbours allow, then pull them right where there is room."""
    before: dict[int, dict[int, int]] = defaultdict(dict)
    after: dict[int, dict[int, int]] = defaultdict(dict)
    for rank in ranks:
        for left, right in pairwise(rank):
            apart = half[left] + half[right] + (_LINE_GAP if not (half[left] and half[right]) else _GAP)
            a, b = root[left], root[right]
            before[b][a] = after[a][b] = max(before[b].get(a, 0), apart)
    roots = [vertex for vertex in range(len(root)) if root[vertex] == vertex]
    order = _topological(roots, before, after)
    x: dict[int, float] = {}
    for block in order:
        x[block] = max((x[other] + apart for other, apart in before[block].items()), default=0)
    for block in reversed(order):
        if after[block]:
            x[block] = max(x[block], min(x[other] - apart for other, apart in after[block].items()))
    return [x[root[vertex]] for vertex in range(len(root))]


def _topological(roots: list[int], before: dict[int, dict[int, int]], after: dict[int, dict[int, int]]) -> list[int]:
    waiting = {block: len(before[block]) for block in roots}
    order = [block for block in roots if not waiting[block]]
    for block in order:  # grows while it is read
        for other in after[block]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order


def _balance(found: list[list[float]]) -> list[int]:
    """Shift the four placements to one edge of the narrowest and take the mean of the middle two."""
    if not found[0]:
        return []
    spans = [max(places) - min(places) for places in found]
    narrow = found[spans.index(min(spans))]
    shifted = []
    for index, places in enumerate(found):
        move = min(narrow) - min(places) if index % 2 == 0 else max(narrow) - max(places)
        shifted.append([x + move for x in places])
    return [int((ordered[1] + ordered[2]) // 2) for ordered in (sorted(four) for four in zip(*shifted, strict=True))]
