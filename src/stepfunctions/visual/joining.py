"""Lines that meet are drawn together once: of a line that joins another, or leaves it, only the piece of its own.

Otherwise a hundred catchers of one handler would draw their common part a hundred times, and its dashes would close;
and the common beginning of a Choice's lines would be thicker than a line is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from itertools import pairwise

from stepfunctions.visual.routing import Point

_OVERLAP = 16
"""A joining line runs so far along the other, so that its corner is round."""

_Covered = dict[tuple[bool, int], list[tuple[int, int]]]


def join(lines: Iterable[tuple[Hashable, list[Point]]]) -> list[tuple[list[Point], bool]]:
    """Return for each line what to draw of it, and whether that is its end too (where the tip is).

    Lines are given with a key; those of equal keys may join when they end at the same point, and part when they begin
    at the same point.
    """
    given = list(lines)
    order = sorted(range(len(given)), key=lambda index: (-_length(given[index][1]), index))
    keys = [key for key, _ in given]
    ends = _once([(key, points) for key, points in given], order)
    begins = _once([(key, points[::-1]) for key, points in zip(keys, ends, strict=True)], order)
    return [(points[::-1], end[-1] == whole[-1]) for points, end, (_, whole) in zip(begins, ends, given, strict=True)]


def _once(lines: list[tuple[Hashable, list[Point]]], order: Iterable[int]) -> list[list[Point]]:
    """Return each line as far as it is not drawn by one before it in this order that ends at the same point."""
    covered: dict[Hashable, _Covered] = defaultdict(dict)
    drawn: list[list[Point]] = [[]] * len(lines)
    for index in order:
        key, points = lines[index]
        known = covered[key, points[-1]]
        drawn[index] = kept = _cut(points, known)
        for a, b in pairwise(kept if kept[-1] == points[-1] else kept[:-1]):
            axis, low, high = _segment(a, b)
            known.setdefault(axis, []).append((low, high))
    return drawn


def _length(points: list[Point]) -> int:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(points))


def _segment(a: Point, b: Point) -> tuple[tuple[bool, int], int, int]:
    upright = a[0] == b[0]
    along = (a[1], b[1]) if upright else (a[0], b[0])
    return (upright, a[0] if upright else a[1]), min(along), max(along)


def _cut(points: list[Point], known: _Covered) -> list[Point]:
    """Return the line up to a little after the place from which on all of it is drawn already."""
    last = len(points) - 1
    while last > 0:
        axis, low, high = _segment(points[last - 1], points[last])
        if not any(a <= low and high <= b for a, b in known.get(axis, ())):
            break
        last -= 1
    if last == len(points) - 1:
        return points
    if last == 0:
        return points[:2]
    junction, after = points[last], points[last + 1]
    dx, dy = after[0] - junction[0], after[1] - junction[1]
    step = min(_OVERLAP, abs(dx) + abs(dy))
    end = (junction[0] + ((dx > 0) - (dx < 0)) * step, junction[1] + ((dy > 0) - (dy < 0)) * step)
    return [*points[: last + 1], end]
