"""Fourth step of the layout: lines of right angles that never cross a box.

Between two ranks is a *channel*; sideways pieces of lines run there, each group of pieces that may touch (they leave
one place, or reach one place) on a *track* of its own. Lanes run beside all ranks, loops at the left, handlers at the
right. What stands outermost in its rank is joined to a lane from its side, everything else through a channel.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from stepfunctions.visual.layering import Layers, Link, Size, Way

Point = tuple[int, int]

_CHANNEL, _LABEL_CHANNEL = 34, 24
_TRACK_TOP, _TRACK, _TRACK_BOTTOM = 14, 10, 20
_LANE, _FIRST_LANE = 14, 22
_PORT_LEAST, _PORT_MOST = 8, 48
_FAR = 10**7


@dataclass(slots=True)
class Shape:
    """What a router must know about an item besides its size."""

    pill: bool = False
    """Start and End: all lines meet the middle."""
    no_sides: bool = False
    """Lines join only above and below (a folded group)."""


@dataclass(slots=True)
class Routes:
    """A region drawn: left upper corners of the items, the line of each link, and the boxes of labels."""

    items: list[Point]
    lines: list[list[Point]]
    labels: dict[int, tuple[int, int, Size]]
    """For each link with a label: left, top and size."""
    left: int
    right: int
    height: int


@dataclass(slots=True)
class _Run:
    """A sideways piece of a line in a channel."""

    channel: int
    begin: int
    end: int
    group: tuple[str, int, int]


@dataclass(slots=True)
class _Lane:
    """A group of links that share a lane: from ``low`` to ``high`` in half ranks."""

    way: Way
    links: list[int]
    low: int
    high: int
    width: int
    """Of the widest label."""
    x: int = 0


@dataclass(slots=True)
class Router:
    """The state of routing one region; :func:`route` is the way in."""

    layers: Layers
    middle: list[int]
    links: list[Link]
    shapes: list[Shape]
    runs: dict[tuple[int, int], _Run] = field(default_factory=dict)
    """By link and place along it (-1: to its lane, -2: from its lane)."""
    track: dict[tuple[int, tuple[str, int, int]], int] = field(default_factory=dict)
    tops: list[int] = field(default_factory=list)
    bottoms: list[int] = field(default_factory=list)
    lanes: dict[int, _Lane] = field(default_factory=dict)
    """The lane of a link."""
    all_lanes: list[_Lane] = field(default_factory=list)
    """Short ones first: they run nearest to the ranks."""
    outer: dict[tuple[int, Way], bool] = field(default_factory=dict)

    def left(self, vertex: int) -> int:
        """Return the left edge of a vertex."""
        return self.middle[vertex] - self.layers.size[vertex].width // 2

    def right(self, vertex: int) -> int:
        """Return the right edge of a vertex."""
        return self.middle[vertex] + self.layers.size[vertex].width // 2

    def port(self, vertex: int, link: Link) -> int:
        """Return where a link meets the upper or lower edge: catchers right of the middle, loops left of it."""
        if vertex >= len(self.shapes) or self.shapes[vertex].pill:
            return self.middle[vertex]
        aside = max(_PORT_LEAST, min(self.layers.size[vertex].width // 4, _PORT_MOST))
        if link.way is Way.LEFT:
            return self.middle[vertex] - aside
        return self.middle[vertex] + (aside if link.catch or link.way is Way.RIGHT else 0)


def route(layers: Layers, middle: list[int], links: list[Link], shapes: list[Shape]) -> Routes:
    """Return the drawing of the region whose vertices stand at ``middle``."""
    router = Router(layers, middle, links, shapes)
    _find_outer(router)
    for number, chain in layers.chains.items():
        _run_through(router, number, chain)
    _make_lanes(router)
    _assign_tracks(router)
    _assign_heights(router)
    left, right = _place_lanes(router)
    lines = [simple(_line(router, number)) for number in range(len(links))]
    items = [(router.left(item), router.tops[layers.rank[item]]) for item in range(len(shapes))]
    labels = {
        number: (router.left(vertex), router.tops[layers.rank[vertex]], layers.size[vertex])
        for vertex, number in layers.labels.items()
    }
    labels.update(_lane_labels(router, lines))
    lowest = max((y for line in lines for _, y in line), default=0)
    return Routes(items, lines, labels, left, right, max(router.bottoms[-1], lowest) if router.bottoms else 0)


def _find_outer(router: Router) -> None:
    """Note which items have nothing but lines between them and the lanes."""
    layers = router.layers
    for rank in layers.ranks:
        boxes = [vertex for vertex in rank if layers.size[vertex].width]
        for way, vertex in ((Way.LEFT, boxes[0]), (Way.RIGHT, boxes[-1])) if boxes else ():
            if vertex < len(router.shapes) and not router.shapes[vertex].no_sides:
                router.outer[vertex, way] = True


def _run_through(router: Router, number: int, chain: list[int]) -> None:
    link, layers = router.links[number], router.layers
    for place, (above, below) in enumerate(pairwise(chain)):
        begin = router.port(above, link)
        end = router.port(below, link)
        if begin != end:
            fans = len({below for below, _ in layers.down[above]}) > 1
            group = ("from", above, begin) if fans or len(layers.up[below]) < 2 else ("to", below, end)
            router.runs[number, place] = _Run(layers.rank[above] + 1, begin, end, group)


def _make_lanes(router: Router) -> None:
    """Group the links beside the ranks into lanes: those to one target together, of labelled ones one from a rank."""
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    from_rank: dict[tuple[object, ...], int] = defaultdict(int)
    for number, link in enumerate(router.links):
        if link.way is not Way.RANKS:
            own = (link.target, link.way, router.layers.rank[link.source], link.catch)
            place = -1 if link.label is None else from_rank[own]
            from_rank[own] += link.label is not None
            groups[link.way.value, link.target, link.catch, place].append(number)
    found: list[_Lane] = []
    for numbers in groups.values():
        marks: list[int] = []
        for number in numbers:
            link = router.links[number]
            for vertex, to_lane in ((link.source, True), (link.target, False)):
                marks.append(_join(router, number, vertex, to_lane))
        way = router.links[numbers[0]].way
        labels = [label for label in (router.links[number].label for number in numbers) if label is not None]
        width = max((label.width for label in labels), default=0)
        found.append(_Lane(way, numbers, min(marks) - bool(labels), max(marks) + bool(labels), width))
    found.sort(key=lambda lane: (lane.high - lane.low, lane.low, lane.links))
    for lane in found:
        router.lanes.update(dict.fromkeys(lane.links, lane))
    router.all_lanes = found


def _join(router: Router, number: int, vertex: int, to_lane: bool) -> int:
    """Join an end of a link to its lane; return at which half rank: odd beside a rank, even in a channel."""
    link, rank = router.links[number], router.layers.rank[vertex]
    if router.outer.get((vertex, link.way)):
        return 2 * rank + 1
    channel = rank + 1 if to_lane else rank
    port = router.port(vertex, link)
    far = -_FAR if link.way is Way.LEFT else _FAR
    if to_lane:
        router.runs[number, -1] = _Run(channel, port, far, ("from", vertex, port))
    else:
        router.runs[number, -2] = _Run(channel, far, port, ("to", vertex, port))
    return 2 * channel


def _assign_tracks(router: Router) -> None:
    """Give each group of each channel a track: of pieces to the right the rightmost highest, to the left mirrored."""
    extents: dict[int, dict[tuple[str, int, int], list[int]]] = defaultdict(dict)
    for run in router.runs.values():
        extent = extents[run.channel].setdefault(run.group, [run.begin, run.begin, 0])
        extent[0] = min(extent[0], run.begin, run.end)
        extent[1] = max(extent[1], run.begin, run.end)
        extent[2] += 1 if run.end > run.begin else -1
    for channel, groups in extents.items():
        order = sorted(
            groups.items(),
            key=lambda entry: (entry[1][2] <= 0, -entry[1][1] if entry[1][2] > 0 else entry[1][0], entry[0]),
        )
        tracks: list[list[tuple[int, int]]] = []
        least: list[tuple[int, int, bool, int]] = []
        for group, (low, high, balance) in order:
            rightward = balance > 0
            track = 1 + max(
                (other for a, b, right, other in least if right == rightward and a <= high and low <= b), default=-1
            )
            while track < len(tracks) and any(a <= high + 8 and low <= b + 8 for a, b in tracks[track]):
                track += 1
            while len(tracks) <= track:
                tracks.append([])
            tracks[track].append((low, high))
            least.append((low, high, rightward, track))
            router.track[channel, group] = track


def _assign_heights(router: Router) -> None:
    """Stack the ranks, each channel as high as its tracks need."""
    layers = router.layers
    used: dict[int, int] = defaultdict(int)
    for (channel, _), track in router.track.items():
        used[channel] = max(used[channel], track + 1)
    only_labels = [all(vertex >= len(router.shapes) for vertex in rank) for rank in layers.ranks]
    y = 0
    for rank, vertices in enumerate(layers.ranks):
        tracks = used[rank]
        if rank or tracks:
            least = _LABEL_CHANNEL if only_labels[rank] else _CHANNEL if rank else 0
            y += max(least, _TRACK_TOP + (tracks - 1) * _TRACK + (8 if only_labels[rank] else _TRACK_BOTTOM))
        router.tops.append(y)
        y += max((layers.size[vertex].height for vertex in vertices), default=0)
        router.bottoms.append(y)


def _track_y(router: Router, run: _Run) -> int:
    above = router.bottoms[run.channel - 1] if run.channel else 0
    return above + _TRACK_TOP + router.track[run.channel, run.group] * _TRACK


def _place_lanes(router: Router) -> tuple[int, int]:
    """Place each lane as near to the ranks that it passes as others allow; return the edges of everything."""
    ranks = router.layers.ranks
    lefts = [min((router.left(vertex) for vertex in rank), default=0) for rank in ranks]
    rights = [max((router.right(vertex) for vertex in rank), default=0) for rank in ranks]
    left, right = min(lefts, default=0), max(rights, default=0)
    placed: dict[Way, list[_Lane]] = defaultdict(list)
    for lane in router.all_lanes:
        sign, edges = (-1, lefts) if lane.way is Way.LEFT else (1, rights)
        passed = [edges[rank] for rank in range(max(lane.low // 2, 0), min((lane.high + 1) // 2, len(ranks)))]
        outside = max((sign * edge for edge in passed), default=sign * edges[0])
        x = outside + max(_FIRST_LANE, lane.width // 2 + 10)
        for other in sorted(placed[lane.way], key=lambda other: sign * other.x):
            apart = max(_LANE, (lane.width + other.width) // 2 + 10)
            if lane.low <= other.high and other.low <= lane.high and abs(sign * other.x - x) < apart:
                x = sign * other.x + apart
        lane.x = sign * x
        placed[lane.way].append(lane)
        left, right = min(left, lane.x - lane.width // 2 - 2), max(right, lane.x + lane.width // 2 + 2)
    return left, right


def _line(router: Router, number: int) -> list[Point]:
    link, layers = router.links[number], router.layers
    if link.way is not Way.RANKS:
        return _begin(router, number) + _end(router, number)
    chain = layers.chains[number]
    first, last = chain[0], chain[-1]
    points = [(router.port(first, link), router.tops[layers.rank[first]] + layers.size[first].height)]
    for place in range(len(chain) - 1):
        run = router.runs.get((number, place))
        if run is not None:
            y = _track_y(router, run)
            points += [(run.begin, y), (run.end, y)]
    return [*points, (router.port(last, link), router.tops[layers.rank[last]])]


def _begin(router: Router, number: int) -> list[Point]:
    link = router.links[number]
    vertex, lane = link.source, router.lanes[number].x
    top, height = router.tops[router.layers.rank[vertex]], router.layers.size[vertex].height
    run = router.runs.get((number, -1))
    if run is None:
        y = top + min(height * 2 // 3, 48)
        return [(router.left(vertex) if link.way is Way.LEFT else router.right(vertex), y), (lane, y)]
    y = _track_y(router, run)
    return [(run.begin, top + height), (run.begin, y), (lane, y)]


def _end(router: Router, number: int) -> list[Point]:
    link = router.links[number]
    vertex, lane = link.target, router.lanes[number].x
    top, height = router.tops[router.layers.rank[vertex]], router.layers.size[vertex].height
    run = router.runs.get((number, -2))
    if run is None:
        y = top + min(height // 3, 24)
        return [(lane, y), (router.left(vertex) if link.way is Way.LEFT else router.right(vertex), y)]
    y = _track_y(router, run)
    return [(lane, y), (run.end, y), (run.end, top)]


def _lane_labels(router: Router, lines: list[list[Point]]) -> dict[int, tuple[int, int, Size]]:
    """Put the label of a lane over the middle of the line's long piece; of several, each where its link comes in."""
    found: dict[int, tuple[int, int, Size]] = {}
    for number, lane in router.lanes.items():
        size = router.links[number].label
        if size is not None:
            ys = [y for x, y in lines[number] if x == lane.x][: 2 if len(lane.links) == 1 else 1]
            found[number] = (lane.x - size.width // 2, (min(ys) + max(ys) - size.height) // 2, size)
    return found


def simple(points: list[Point]) -> list[Point]:
    """Drop points that are not corners."""
    found: list[Point] = []
    for point in points:
        if found and found[-1] == point:
            continue
        if len(found) > 1 and (found[-2][0] == found[-1][0] == point[0] or found[-2][1] == found[-1][1] == point[1]):
            found[-1] = point
        else:
            found.append(point)
    return found
