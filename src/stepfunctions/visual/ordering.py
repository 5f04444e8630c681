"""Second step of the layout: the order in a rank, for few crossings. The declared one stays unless one is better."""

from __future__ import annotations

from bisect import bisect_right, insort
from itertools import pairwise

from stepfunctions.visual.layering import Layers

_ROUNDS = 6


def reduce_crossings(layers: Layers) -> None:
    """Order each rank by the mean place of its neighbours, down and up again, and keep the best order met."""
    best = _crossings(layers, layers.ranks)
    ranks = [list(rank) for rank in layers.ranks]
    for turn in range(_ROUNDS if best else 0):
        if turn % 2 == 0:
            for above, rank in pairwise(ranks):
                _sort(rank, above, layers.up)
        else:
            for below, rank in pairwise(ranks[::-1]):
                _sort(rank, below, layers.down)
        crossings = _crossings(layers, ranks)
        if crossings < best:
            best = crossings
            layers.ranks = [list(rank) for rank in ranks]
        if not best:
            break


def _sort(rank: list[int], fixed: list[int], neighbours: list[list[tuple[int, int]]]) -> None:
    place = {vertex: position for position, vertex in enumerate(fixed)}
    keys: dict[int, float] = {}
    for position, vertex in enumerate(rank):
        near = neighbours[vertex]
        keys[vertex] = sum(place[other] for other, _ in near) / len(near) if near else -1.0
        if not near:  # stays where it is: beside the vertex at its left
            keys[vertex] = keys[rank[position - 1]] if position else 0.0
    rank.sort(key=lambda vertex: keys[vertex])


def _crossings(layers: Layers, ranks: list[list[int]]) -> int:
    """Count the crossings; one of two catchers counts as much as any other."""
    total = 0
    for above, below in pairwise(ranks):
        place = {vertex: position for position, vertex in enumerate(below)}
        seen: list[int] = []
        for vertex in above:
            ends = sorted(place[other] for other, _ in layers.down[vertex])
            for end in ends:
                total += len(seen) - bisect_right(seen, end)
            for end in ends:
                insort(seen, end)
    return total
