"""A definition as a graph: regions of nodes and edges, one region for each scope in which names can be targets.

Made from the plain definition, not from the parsed model, because a picture is most wanted of a definition that is
not right yet: what cannot be understood is left out or drawn as a question mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stepfunctions.visual.describe import describe
from stepfunctions.visual.rules import rule_text

CONTAINERS = frozenset({"Parallel", "Map"})


@dataclass(slots=True)
class Edge:
    """A transition. ``kind``: start, next, choice, default, catch or end."""

    source: int
    target: int
    kind: str
    label: str = ""
    title: str = ""


@dataclass(slots=True)
class Node:
    """A state, or one of ``Start`` and ``End`` (types of no state), or ``Missing``: a name that is not defined."""

    id: int
    name: str
    type: str
    region: int
    key: str = ""
    """Unique in the graph: the name, which is unique in a valid machine; with ``#2`` … when it is not."""
    detail: str = ""
    title: str = ""
    icon: str = ""
    distributed: bool = False
    apart: bool = False
    """Inside a Distributed Map: its executions have histories of their own."""
    regions: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Region:
    """The states of the machine (region 0), of a branch of a Parallel, or of a Map's processor."""

    id: int
    owner: int | None
    nodes: list[int] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    start: int | None = None
    apart: bool = False


@dataclass(slots=True)
class Graph:
    """All nodes and regions. The regions inside a node have higher numbers than the region that the node is in."""

    nodes: list[Node] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)

    def node(self, name: str, kind: str, region: Region) -> Node:
        """Add a node."""
        made = Node(len(self.nodes), name, kind, region.id, apart=region.apart)
        self.nodes.append(made)
        region.nodes.append(made.id)
        return made


def build(definition: Any) -> Graph:
    """Return the graph of a definition. Never fails: what is wrong in it is drawn as far as it goes."""
    graph = Graph()
    todo: list[tuple[Any, int | None]] = [(definition, None)]
    seen: dict[str, int] = {}
    done = 0
    while done < len(todo):
        scope, owner = todo[done]
        done += 1
        region = Region(len(graph.regions), owner)
        graph.regions.append(region)
        if owner is not None:
            region.apart = graph.nodes[owner].apart or graph.nodes[owner].distributed
            graph.nodes[owner].regions.append(region.id)
        todo += _read_region(graph, region, scope if isinstance(scope, dict) else {}, seen)
    return graph


def _read_region(graph: Graph, region: Region, scope: dict[str, Any], seen: dict[str, int]) -> list[tuple[Any, int]]:
    """Add a scope's states and transitions; return the scopes inside its states, each with its owner."""
    states = scope.get("States")
    states = {str(name): state for name, state in states.items()} if isinstance(states, dict) else {}
    begin = graph.node("Start", "Start", region) if region.owner is None else None
    ids: dict[str, int] = {}
    inner: list[tuple[Any, int]] = []
    for name, state in states.items():
        body = state if isinstance(state, dict) else {}
        node = graph.node(name, str(body.get("Type", "?")), region)
        seen[name] = seen.get(name, 0) + 1
        node.key = name if seen[name] == 1 else f"{name}#{seen[name]}"
        describe(node, body)
        ids[name] = node.id
        inner += [(part, node.id) for part in _parts(body)]
    last = graph.node("End", "End", region) if region.owner is None else None
    for name, state in states.items():
        for edge in _transitions(state if isinstance(state, dict) else {}, last is not None):
            target = last.id if last is not None and edge.kind == "end" else _target(graph, region, ids, edge.title)
            region.edges.append(Edge(ids[name], target, edge.kind, edge.label, _titled(edge, name)))
    _begin(graph, region, scope, ids, begin, last)
    return inner


def _begin(
    graph: Graph, region: Region, scope: dict[str, Any], ids: dict[str, int], begin: Node | None, last: Node | None
) -> None:
    first = scope.get("StartAt")
    if isinstance(first, str):
        region.start = _target(graph, region, ids, first)
    elif ids:
        region.start = next(iter(ids.values()))
    elif last is not None:
        region.start = last.id
    if begin is not None and region.start is not None:
        region.edges.insert(0, Edge(begin.id, region.start, "start"))
        region.start = begin.id
    if last is not None and not any(edge.target == last.id for edge in region.edges):
        region.nodes.remove(last.id)


def _parts(state: dict[str, Any]) -> list[Any]:
    if state.get("Type") == "Parallel":
        branches = state.get("Branches")
        return list(branches) if isinstance(branches, list) else []
    if state.get("Type") == "Map":
        processor = state.get("ItemProcessor", state.get("Iterator"))
        return [processor] if isinstance(processor, dict) else []
    return []


def _transitions(state: dict[str, Any], with_end: bool) -> list[Edge]:
    """Return the state's transitions in the order of drawing, the target's name in ``title``."""
    found: list[Edge] = []
    if state.get("Type") == "Choice":
        rules = state.get("Choices")
        for rule in rules if isinstance(rules, list) else []:
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                found.append(Edge(0, 0, "choice", rule_text(rule) or "?", rule["Next"]))
        if isinstance(state.get("Default"), str):
            found.append(Edge(0, 0, "default", "Default", state["Default"]))
    elif isinstance(state.get("Next"), str):
        found.append(Edge(0, 0, "next", "", state["Next"]))
    elif with_end and (state.get("End") is True or state.get("Type") == "Succeed"):
        found.append(Edge(0, 0, "end"))
    catchers = state.get("Catch")
    for catcher in catchers if isinstance(catchers, list) else []:
        if isinstance(catcher, dict) and isinstance(catcher.get("Next"), str):
            errors = catcher.get("ErrorEquals")
            names = ", ".join(map(str, errors)) if isinstance(errors, list) else "any error"
            found.append(Edge(0, 0, "catch", names, catcher["Next"]))
    return found


def _titled(edge: Edge, source: str) -> str:
    if edge.kind == "end":
        return f"{source} → End"
    said = {"catch": f" (catches {edge.label})", "choice": f": {edge.label}", "default": ": by default"}
    return f"{source} → {edge.title}{said.get(edge.kind, '')}"


def _target(graph: Graph, region: Region, ids: dict[str, int], name: str) -> int:
    if name not in ids:
        node = graph.node(name, "Missing", region)
        node.key = f"{name}#missing"
        describe(node, {})
        ids[name] = node.id
    return ids[name]
