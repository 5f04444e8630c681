"""The front end as one script: modules of ``visual/static``, put together without a bundler.

Each module imports from its neighbours by name, so it also runs as it is from a server. Put together, the lines of
import go, and all names share one scope; the vendored library keeps its own.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "static"
LIBRARY = "preact.js"
MODULES = (
    "base.js",
    "json.js",
    "table.js",
    "model.js",
    "graph.js",
    "timeline.js",
    "events.js",
    "maps.js",
    "logs.js",
    "inspector.js",
    "execution.js",
)
"""In this order: each needs only those before it."""
REPORT = "report.js"
"""What shows a document that is inside of the page."""
CONSOLE = ("api.js", "parts.js", "machines.js", "running.js", "services.js", "console.js")
"""What the console has beside MODULES; a server gives them as they are."""
WIDGET = "widget.js"
"""What shows the documents of a notebook's kernel, as a module that anywidget loads."""

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./[a-z]+\.js\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:const|function|class) )", re.MULTILINE)
_LIBRARY_EXPORT = re.compile(r"export\{([^}]*)\};?\s*$")


@cache
def script(entry: str | None = REPORT) -> str:
    """Return the modules as one script, with the module that starts them, or without any."""
    parts = [_library((STATIC / LIBRARY).read_text(encoding="utf-8"))]
    for name in (*MODULES, *filter(None, [entry])):
        text = (STATIC / name).read_text(encoding="utf-8")
        parts.append(_EXPORT.sub("", _IMPORT.sub("", text)))
    return "\n".join(parts)


@cache
def style_sheet() -> str:
    """Return the style sheet of a report."""
    return (STATIC / "app.css").read_text(encoding="utf-8")


def _library(text: str) -> str:
    """Return the library as names in the scope of the script, made by a function that keeps the rest."""
    found = _LIBRARY_EXPORT.search(text)
    assert found is not None
    pairs = [pair.split(" as ") for pair in found[1].split(",")]
    given = ",".join(f"{public}:{own}" for own, public in pairs)
    names = ",".join(public for _, public in pairs)
    return f"const {{{names}}}=(()=>{{{text[: found.start()]};return {{{given}}};}})();"
