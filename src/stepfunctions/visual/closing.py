"""Machines too large to be seen at once: which Parallels and Maps are drawn as one card each, their states left out."""

from __future__ import annotations

from stepfunctions.visual.graph import Graph

MOST_STATES = 150
"""States that a picture shows before it closes containers."""


def closed_containers(graph: Graph, most: int | None = MOST_STATES) -> dict[int, int]:
    """Return the containers to close, each with how many states are inside.

    The innermost ones are closed first, of these those with most states, until no more than ``most`` states are seen.
    None: everything is shown.
    """
    states = sum(node.type not in ("Start", "End") for node in graph.nodes)
    if most is None or states <= most:
        return {}
    depth = [0] * len(graph.regions)
    inside = {node.id: 0 for node in graph.nodes if node.regions}
    seen = dict(inside)
    for region in graph.regions[1:]:
        assert region.owner is not None
        depth[region.id] = depth[graph.nodes[region.owner].region] + 1
    for region in reversed(graph.regions[1:]):
        assert region.owner is not None
        seen[region.owner] += len(region.nodes)
        inside[region.owner] += len(region.nodes) + sum(inside.get(number, 0) for number in region.nodes)
    closed: dict[int, int] = {}
    for number in sorted(seen, key=lambda number: (-depth[graph.nodes[number].region], -seen[number], number)):
        if states <= most:
            break
        if seen[number]:
            closed[number] = inside[number]
            states -= seen[number]
    return closed
