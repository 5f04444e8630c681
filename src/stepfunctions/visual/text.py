"""A machine as an indented tree of text, with statuses: for terminals, diffs and screen readers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stepfunctions.visual.graph import Edge, Graph, Node, Region
from stepfunctions.visual.status import SIGNS, Overlay

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@dataclass(slots=True)
class Row:
    """A state as text. ``depth`` counts containers around it; ``ways`` say where it leads."""

    depth: int
    name: str
    detail: str
    sign: str
    status: str
    ways: tuple[str, ...]


def rows(graph: Graph, overlay: Overlay | None = None) -> list[Row]:
    """Return the states in the order in which a walk from the start meets them, and a row for each branch."""
    found: list[Row] = []
    todo: list[tuple[int, Region | Node | str]] = [(0, graph.regions[0])]
    while todo:
        depth, thing = todo.pop()
        if isinstance(thing, str):
            found.append(Row(depth, thing, "", "", "", ()))
        elif isinstance(thing, Region):
            todo += [(depth, graph.nodes[number]) for number in reversed(_walk(graph, thing))]
        else:
            found.append(_row(graph, thing, depth, overlay))
            for number in reversed(range(len(thing.regions))):
                branches = thing.type == "Parallel"
                todo.append((depth + 1 + branches, graph.regions[thing.regions[number]]))
                if branches:
                    todo.append((depth + 1, f"Branch {number + 1}"))
    return found


def _walk(graph: Graph, region: Region) -> list[int]:
    out: dict[int, list[int]] = {number: [] for number in region.nodes}
    for edge in sorted(region.edges, key=lambda edge: edge.kind == "catch"):
        out.setdefault(edge.source, []).append(edge.target)
    found: dict[int, None] = {}
    todo = [*reversed(region.nodes), *([region.start] if region.start is not None else [])]
    while todo:
        number = todo.pop()
        if number not in found:
            found[number] = None
            todo += reversed(out.get(number, []))
    return [number for number in found if graph.nodes[number].type not in ("Start", "End")]


def _row(graph: Graph, node: Node, depth: int, overlay: Overlay | None) -> Row:
    ran = overlay is not None and overlay.ran
    edges = [] if ran else [edge for edge in graph.regions[node.region].edges if edge.source == node.id]
    status = overlay.of(node) if overlay is not None else None
    return Row(
        depth,
        line_of(node.name),
        plain(node.detail),
        SIGNS[status.status] if status else "·" if ran else "",
        status.text() if status else "",
        tuple(_way(graph, edge) for edge in edges),
    )


def _way(graph: Graph, edge: Edge) -> str:
    target = line_of(graph.nodes[edge.target].name)
    if edge.kind == "catch":
        return f"catch {line_of(edge.label)} → {target}"
    if edge.kind == "choice":
        return f"if {line_of(edge.label)} → {target}"
    return f"otherwise → {target}" if edge.kind == "default" else f"→ {target}"


def line_of(text: str) -> str:
    """Return a name as one line."""
    return plain(" ".join(text.split())) if text.strip() else repr(text)


def plain(text: str) -> str:
    """Return text that a terminal only shows: without colours, and with a sign for what else would steer it."""
    return _CONTROLS.sub("\ufffd", _COLOURS.sub("", text))


def to_text(graph: Graph, overlay: Overlay | None = None) -> str:
    """Return the tree, a line for each state: with a history its status, without one where it leads."""
    lines = []
    for row in rows(graph, overlay):
        indent = "  " * row.depth
        if not row.detail:
            lines.append(f"{indent}{row.name}")
            continue
        sign = f"{row.sign} " if row.sign else ""
        plain = row.ways if len(row.ways) == 1 and row.ways[0].startswith("→") else ()
        said = (f" {plain[0]}" if plain else "") + (f"  {row.status}" if row.status else "")
        lines.append(f"{indent}{sign}{row.name}  [{row.detail}]{said}")
        lines += [f"{indent}    {way}" for way in row.ways if not plain]
    return "\n".join(lines or ["(no states)"]) + "\n"
