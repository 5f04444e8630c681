"""The loops of a region: states that reach each other."""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.machine import Region
from stepfunctions.asl.transitions import targets


@dataclass(frozen=True)
class Loop:
    """States that reach each other, in the order written; ``leaves``: whether a transition goes on to others."""

    names: tuple[str, ...]
    leaves: bool


def loops_of(region: Region) -> list[Loop]:
    """Return the loops of a region: its strongly connected parts (Tarjan's algorithm, without recursion)."""
    ways = {
        name: [target for _, target in targets(state) if target in region.states]
        for name, state in region.states.items()
    }
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    inside: set[str] = set()
    order = {name: index for index, name in enumerate(region.states)}
    found: list[Loop] = []
    for start in region.states:
        if start in number:
            continue
        work = [(start, iter(ways[start]))]
        number[start] = low[start] = len(number)
        open_.append(start)
        inside.add(start)
        while work:
            name, rest = work[-1]
            target = next(rest, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == number[name]:
                    part = {name} if open_[-1] == name else set(open_[open_.index(name) :])
                    del open_[open_.index(name) :]
                    inside -= part
                    if len(part) > 1 or name in ways[name]:
                        leaves = any(way not in part for one in part for way in ways[one])
                        found.append(Loop(tuple(sorted(part, key=order.__getitem__)), leaves))
            elif target not in number:
                number[target] = low[target] = len(number)
                open_.append(target)
                inside.add(target)
                work.append((target, iter(ways[target])))
            elif target in inside:
                low[name] = min(low[name], number[target])
    return sorted(found, key=lambda loop: order[loop.names[0]])
