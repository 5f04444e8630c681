"""A graph as Mermaid's text, which many sites and editors draw.

https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import re

from stepfunctions.visual.graph import CONTAINERS, Edge, Graph, Node, Region
from stepfunctions.visual.status import SIGNS, Overlay
from stepfunctions.visual.themes import colours

MOST_EDGES, MOST_CHARACTERS = 500, 50_000
"""What Mermaid draws unless it is told otherwise: maxEdges and maxTextSize."""
_LONGEST = 60
_MARKUP = re.compile(
    r"[^\w .,:;/()?!=+\-…$●✓✕–○']"
    r"|^[-+]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d{3})[.)]"  # lists
    r"|:(?=//)|(?<=www)\."
    r"|(?<![^\W_])_|_(?![^\W_])"
)
"""What Mermaid takes for its own, for HTML or for Markdown: labels are no lists, links or emphasis."""
_SHAPES = {
    "Start": ("([", "])"),
    "End": ("([", "])"),
    "Choice": ("{{", "}}"),
    "Succeed": ("([", "])"),
    "Fail": ("([", "])"),
    "Missing": ("[/", "/]"),
}


def to_mermaid(graph: Graph, overlay: Overlay | None = None, *, portrait: bool = True) -> str:
    """Return a flowchart.

    A container whose states would be more than Mermaid draws is one node; when even that is too much, the first line
    says which settings of Mermaid draw it.
    """
    text, edges = "", 0
    for depth in range(_deepest(graph), -1, -1):
        text, edges = _Writer(graph, overlay, depth).written(portrait)
        if edges <= MOST_EDGES and len(text) <= MOST_CHARACTERS:
            return text
    needs = f"%% Needs maxEdges {edges} and maxTextSize {len(text) + 200} in Mermaid's settings.\n"
    return needs + text


def _deepest(graph: Graph) -> int:
    depths = {0: 0}
    for region in graph.regions[1:]:
        assert region.owner is not None
        depths[region.id] = depths[graph.nodes[region.owner].region] + 1
    return max(depths.values())


class _Writer:
    """Writes the containers down to a depth."""

    def __init__(self, graph: Graph, overlay: Overlay | None, depth: int) -> None:
        self._graph, self._overlay, self._depth = graph, overlay, depth
        self._lines: list[str] = []
        self._edges = 0
        self._classes: dict[str, list[str]] = {}

    def written(self, portrait: bool) -> tuple[str, int]:
        """Return the text, and how many edges are in it."""
        self._lines = [f"flowchart {'TD' if portrait else 'LR'}"]
        self._region(self._graph.regions[0], 0, "  ")
        for status, nodes in self._classes.items():
            stroke, fill = colours(status)
            name = status.lower().replace("_", "")
            self._lines.append(f"  classDef {name} stroke:{stroke},fill:{fill},color:#16191f")
            self._lines.append(f"  class {','.join(nodes)} {name}")
        return "\n".join(self._lines) + "\n", self._edges

    def _region(self, region: Region, depth: int, indent: str) -> None:
        for number in region.nodes:
            self._node(self._graph.nodes[number], depth, indent)
        for edge in region.edges:
            self._edges += 1
            self._lines.append(f"{indent}{_arrow(edge)}")

    def _node(self, node: Node, depth: int, indent: str) -> None:
        name = f"s{node.id}"
        status = self._overlay.of(node) if self._overlay is not None else None
        if status is not None and status.status in SIGNS and status.status != "NOT_REACHED":
            self._classes.setdefault(status.status, []).append(name)
        sign = f"{SIGNS[status.status]} " if status is not None else ""
        if node.type in CONTAINERS and node.regions and depth < self._depth:
            self._lines.append(f"{indent}subgraph {name}[{quoted(f'{sign}{node.name}')}]")
            for number, inner in enumerate(node.regions, 1):
                region = self._graph.regions[inner]
                if node.type != "Parallel":
                    self._region(region, depth + 1, f"{indent}  ")
                    continue
                self._lines.append(f"{indent}  subgraph {name}b{number}[{quoted(f'Branch {number}')}]")
                self._region(region, depth + 1, f"{indent}    ")
                self._lines.append(f"{indent}  end")
            self._lines.append(f"{indent}end")
            return
        opening, closing = _SHAPES.get(node.type, ("[", "]"))
        said = node.name if node.type in ("Start", "End") or not node.detail else f"{node.name}\n{node.detail}"
        self._lines.append(f"{indent}{name}{opening}{quoted(sign + said)}{closing}")


def _arrow(edge: Edge) -> str:
    label = f"|{quoted(edge.label)}|" if edge.label else ""
    line = "-.->" if edge.kind == "catch" else "-->"
    return f"s{edge.source} {line}{label} s{edge.target}"


def quoted(text: str) -> str:
    """Return a label: shortened, with nothing in it that Mermaid or HTML would take for more than a text."""
    lines = [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…" for line in text.split("\n", 1)]
    return '"' + "<br/>".join(_MARKUP.sub(_escaped, " ".join(line.split())) for line in lines) + '"'


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"#{ord(character)};" for character in found[0])
