"""First step of the layout: which links go back, which run in a lane beside the ranks, what stands in which rank.

A region is drawn in ranks from top to bottom. Links between ranks pass through a vertex in every rank between them.
Two sorts of links would make such a drawing bad and run in *lanes* beside the ranks instead: links that go back
(loops) on the left, and on the right the catchers of three states or more that share a handler (and, when there would
be too many vertices, the longest links).
"""

from __future__ import annotations

import enum
from collections import defaultdict, deque
from dataclasses import dataclass
from itertools import pairwise

from stepfunctions.visual.graph import Edge

BUS_FROM = 3
"""So many catchers of one handler share a dashed line at the right."""
_MOST_WAYPOINTS_AN_ITEM = 3


class Way(enum.Enum):
    """Where a link runs."""

    RANKS = "through the ranks"
    LEFT = "in a lane at the left"
    RIGHT = "in a lane at the right"


@dataclass(slots=True)
class Size:
    """A box: ``width`` across the direction of the flow, ``height`` along it. Even numbers of pixels."""

    width: int
    height: int


@dataclass(slots=True)
class Link:
    """All edges of one sort between two items, drawn as one line."""

    source: int
    target: int
    edges: tuple[Edge, ...]
    catch: bool
    label: Size | None = None
    way: Way = Way.RANKS
    back: bool = False


def assign_ways(count: int, links: list[Link], start: int) -> list[int]:
    """Set ``back`` and ``way`` of every link; return the rank of each of the ``count`` items."""
    out: list[list[Link]] = [[] for _ in range(count)]
    for link in links:
        out[link.source].append(link)
    for steps in out:
        steps.sort(key=lambda link: link.catch)
    _find_back_links(out, start)
    shared: dict[int, int] = defaultdict(int)
    for link in links:
        shared[link.target] += link.catch
    for link in links:
        if link.catch and shared[link.target] >= BUS_FROM:
            link.way = Way.RIGHT
        elif link.back:
            link.way = Way.LEFT
    ranks = _ranks(count, out)
    if _relieve(count, links, ranks):
        ranks = _ranks(count, out)
    return ranks


def _find_back_links(out: list[list[Link]], start: int) -> None:
    """Mark the links that lead to an item on the way to their source, walking depth first in declared order."""
    state = [0] * len(out)
    for root in (start, *range(len(out))):
        if state[root]:
            continue
        state[root] = 1
        path = [(root, 0)]
        while path:
            item, step = path.pop()
            if step == len(out[item]):
                state[item] = 2
                continue
            path.append((item, step + 1))
            link = out[item][step]
            if state[link.target] == 1:
                link.back = True
            elif state[link.target] == 0:
                state[link.target] = 1
                path.append((link.target, 0))


def _ranks(count: int, out: list[list[Link]]) -> list[int]:
    """Return the longest way to each item; a label takes a rank of its own."""
    waiting = [0] * count
    for links in out:
        for link in links:
            waiting[link.target] += not link.back
    ranks = [0] * count
    ready = deque(item for item in range(count) if not waiting[item])
    while ready:
        item = ready.popleft()
        for link in out[item]:
            if link.back:
                continue
            step = 2 if link.label is not None and link.way is Way.RANKS else 1
            ranks[link.target] = max(ranks[link.target], ranks[item] + step)
            waiting[link.target] -= 1
            if not waiting[link.target]:
                ready.append(link.target)
    return ranks


def _relieve(count: int, links: list[Link], ranks: list[int]) -> bool:
    """Move the longest links to the right-hand lanes until few enough vertices are left between ranks."""
    through = [link for link in links if link.way is Way.RANKS]
    spare = sum(ranks[link.target] - ranks[link.source] - 1 for link in through) - _MOST_WAYPOINTS_AN_ITEM * count - 60
    if spare <= 0:
        return False
    for link in sorted(through, key=lambda link: ranks[link.source] - ranks[link.target]):
        if spare <= 0:
            break
        spare -= ranks[link.target] - ranks[link.source] - 1
        link.way = Way.RIGHT
    return True


@dataclass(slots=True)
class Layers:
    """The ranks with a vertex for each item (same number), and one for each link and rank that it passes."""

    ranks: list[list[int]]
    """The vertices of each rank, from left to right."""
    rank: list[int]
    size: list[Size]
    up: list[list[tuple[int, int]]]
    """For each vertex its neighbours in the rank above, with the weight of the link."""
    down: list[list[tuple[int, int]]]
    chains: dict[int, list[int]]
    """For each link (by its number) that runs through the ranks: its vertices from source to target."""
    labels: dict[int, int]
    """The vertices that are labels, with the number of their link."""


CATCH, FLOW = 1, 2


def make_layers(sizes: list[Size], ranks: list[int], links: list[Link], start: int) -> Layers:
    """Return the ranks in declared order: as a walk meets them that takes every item's links in their order."""
    count = len(sizes)
    layers = Layers(
        [[] for _ in range(max(ranks, default=0) + 1)],
        list(ranks),
        list(sizes),
        [[] for _ in range(count)],
        [[] for _ in range(count)],
        {},
        {},
    )
    out: list[list[int]] = [[] for _ in range(count)]
    for number, link in enumerate(links):
        if link.way is Way.RANKS:
            out[link.source].append(number)
    for steps in out:
        steps.sort(key=lambda number: links[number].catch)
    met = [False] * count
    for root in (start, *range(count)):
        if not met[root]:
            _walk(layers, links, out, met, root)
    return layers


def _walk(layers: Layers, links: list[Link], out: list[list[int]], met: list[bool], root: int) -> None:
    met[root] = True
    layers.ranks[layers.rank[root]].append(root)
    path = [(root, 0)]
    while path:
        item, step = path.pop()
        if step == len(out[item]):
            continue
        path.append((item, step + 1))
        number = out[item][step]
        _thread(layers, links[number], number)
        target = links[number].target
        if not met[target]:
            met[target] = True
            layers.ranks[layers.rank[target]].append(target)
            path.append((target, 0))


def _thread(layers: Layers, link: Link, number: int) -> None:
    """Add the vertices of a link between its ends; the first of them carries the label."""
    chain = [link.source]
    weight = CATCH if link.catch else FLOW
    for rank in range(layers.rank[link.source] + 1, layers.rank[link.target]):
        vertex = len(layers.rank)
        labelled = link.label is not None and len(chain) == 1
        layers.rank.append(rank)
        layers.size.append(link.label if labelled and link.label else Size(0, 0))
        layers.up.append([])
        layers.down.append([])
        layers.ranks[rank].append(vertex)
        if labelled:
            layers.labels[vertex] = number
        chain.append(vertex)
    chain.append(link.target)
    layers.chains[number] = chain
    for above, below in pairwise(chain):
        layers.down[above].append((below, weight))
        layers.up[below].append((above, weight))
