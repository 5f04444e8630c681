"""A picture that shows itself: in a notebook, in a terminal, in a file."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from stepfunctions.visual.closing import MOST_STATES, closed_containers
from stepfunctions.visual.formats import FORMATS, to_png
from stepfunctions.visual.graph import Graph, build
from stepfunctions.visual.layout import Drawing, lay_out
from stepfunctions.visual.status import Finding, Overlay, read_findings, read_history
from stepfunctions.visual.svg import clean, to_svg
from stepfunctions.visual.text import rows, to_text
from stepfunctions.visual.themes import Theme

_TITLE = "State machine"
_LARGEST_PNG = 4_000_000
"""Pixels of the largest drawing that a notebook gets as PNG too: its viewers have others, which are smaller."""
_T = TypeVar("_T")


def chosen(bundle: Mapping[str, _T], include: Any = None, exclude: Any = None) -> dict[str, _T]:
    """Return the MIME types of a bundle that IPython asks for: by default all, as ``_repr_mimebundle_`` is asked."""
    return {
        kind: value
        for kind, value in bundle.items()
        if (not include or kind in include) and not (exclude and kind in exclude)
    }


def _png(picture: Picture) -> str | None:
    """Return a picture as PNG in Base64, or None without the extra ``[png]`` and for a large one."""
    if picture.drawing.width * picture.drawing.height > _LARGEST_PNG:
        return None
    try:
        return base64.b64encode(to_png(picture)).decode("ascii")
    except ValueError:
        return None


@dataclass
class Picture:
    """A state machine drawn, with the statuses of an execution if there are any. Make one with :meth:`of`."""

    graph: Graph
    overlay: Overlay | None = None
    portrait: bool = False
    theme: Theme = "light"
    title: str = _TITLE
    link: tuple[str, str] | None = None
    """Words and the URL they lead to, shown below the picture in HTML."""
    most_states: int | None = MOST_STATES
    """With more than these, containers are drawn closed; None: never."""

    @classmethod
    def of(
        cls,
        definition: Any,
        events: Iterable[Mapping[str, Any]] | None = None,
        map_counts: Mapping[str, Mapping[str, int]] | None = None,
        portrait: bool = False,
        theme: Theme = "light",
        findings: Iterable[Finding] | None = None,
        most_states: int | None = MOST_STATES,
    ) -> Picture:
        """Return the picture of a definition, which need not be valid.

        ``events``: a history as boto3's ``get_execution_history`` lists it; states then carry their status.
        ``map_counts``: for Distributed Maps by name, some of ``total``, ``succeeded``, ``failed``, ``timedOut``,
        ``running`` and ``aborted``. ``findings``: the linter's, which mark their states where there is no history.
        ``portrait``: from top to bottom; from left to right otherwise. ``theme``: light, dark or auto. ``most_states``:
        with more than these, Parallels and Maps are drawn as one card each, the innermost first, until no more are
        seen; None: never.
        Raises ValueError for another theme.
        """
        if theme not in ("light", "dark", "auto"):
            raise ValueError(f"theme is '{theme}'; it must be 'light', 'dark' or 'auto'.")
        overlay = None if events is None and map_counts is None else read_history(events or (), map_counts)
        if overlay is None and findings is not None:
            overlay = read_findings(findings)
        comment = definition.get("Comment") if isinstance(definition, dict) else None
        title = comment if isinstance(comment, str) and comment else _TITLE
        return cls(build(definition), overlay, portrait, theme, title, most_states=most_states)

    @cached_property
    def drawing(self) -> Drawing:
        """Where everything is, in pixels."""
        return lay_out(self.graph, self.portrait, closed_containers(self.graph, self.most_states))

    def to_svg(self, *, flat: bool = False, theme: Theme | None = None) -> str:
        """Return the picture as SVG; ``flat`` without a style sheet, for what knows none (GitHub, rasterisers)."""
        return to_svg(self.graph, self.drawing, self.overlay, theme=theme or self.theme, flat=flat, title=self.title)

    @property
    def svg(self) -> str:
        """The picture as SVG: of literal colours, unless the theme is ``auto``."""
        return self.to_svg(flat=self.theme != "auto")

    @property
    def text(self) -> str:
        """The states as an indented tree."""
        return to_text(self.graph, self.overlay)

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file and return its path.

        The name's ending decides: ``.svg``; ``.png`` (with the extra ``[png]``); ``.html``; ``.txt``, the states as a
        tree; ``.mmd``, Mermaid; ``.json``, where everything is. Raises ValueError for another ending, and for what a
        format lacks.
        """
        path = Path(path)
        if path.suffix.lower() not in FORMATS:
            raise ValueError(f"Cannot save a picture as '{path.name}': the name must end in {', '.join(FORMATS)}.")
        made = FORMATS[path.suffix.lower()](self)
        path.write_bytes(made if isinstance(made, bytes) else made.encode("utf-8"))
        return path

    @property
    def data(self) -> str:
        """The picture as HTML. It holds an image, not SVG: a notebook that is not trusted drops SVG."""
        encoded = base64.b64encode(self.to_svg(flat=True).encode("utf-8")).decode("ascii")
        words, url = self.link or ("", "")
        return (
            f'<img alt="{clean(self.title)}" width="{self.drawing.width}" height="{self.drawing.height}" '
            f'style="max-width:none" src="data:image/svg+xml;base64,{encoded}"/>'
            f"<details><summary>States</summary>{self.table}</details>"
            + (f'<a href="{clean(url)}" target="_blank" rel="noopener">{clean(words)}</a>' if self.link else "")
        )

    def _repr_html_(self) -> str:
        return self.data

    def _repr_svg_(self) -> str:
        return self.to_svg(flat=True)

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the richest form it can."""
        kinds: dict[str, Callable[[], str | None]] = {
            "text/html": lambda: self.data,
            "image/svg+xml": lambda: self.to_svg(flat=True),
            "image/png": lambda: _png(self),
            "text/plain": lambda: self.text.encode("utf-8", "replace").decode("utf-8"),  # no half characters
        }
        made = {kind: make() for kind, make in chosen(kinds, include, exclude).items()}
        return {kind: value for kind, value in made.items() if value is not None}

    @property
    def table(self) -> str:
        """The states as a table of HTML."""
        last = "Leads to" if self.overlay is None else "Status"
        style = "table-layout:auto"  # in JupyterLab all columns are of one width
        head = f"<tr><th>State</th><th>Type</th><th>{last}</th></tr>"
        lines = [f'<table style="{style}"><thead>{head}</thead><tbody>']
        for row in rows(self.graph, self.overlay):
            said = "<br/>".join(map(clean, row.ways)) if self.overlay is None else clean(f"{row.sign} {row.status}")
            name = "\u2003" * row.depth + clean(row.name)
            lines.append(
                f'<tr><td style="text-align:left">{name}</td><td style="text-align:left">{clean(row.detail)}'
                f'</td><td style="text-align:left">{said}</td></tr>'
            )
        return "".join(lines) + "</tbody></table>"
