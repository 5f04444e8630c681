"""The page of an execution as a widget: the report's own front end, with a connection to the kernel."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from typing import Any

from stepfunctions.visual.report.front_end import WIDGET, script, style_sheet


def is_possible() -> bool:
    """Whether the extra ``[notebook]`` is there. Does not load it."""
    return importlib.util.find_spec("anywidget") is not None


class Page:
    """A page that shows one document after another. Raises ImportError without the extra ``[notebook]``."""

    def __init__(self) -> None:
        self.widget: Any = _kind()()

    def tell(self, document: dict[str, Any]) -> None:
        """Show another document; what its reader chose stays chosen."""
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
        self.widget.document = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate is no character

    def view(self) -> dict[str, Any]:
        """Return what a notebook finds the widget by."""
        return {"version_major": 2, "version_minor": 1, "model_id": self.widget.model_id}

    def close(self) -> None:
        """Let the widget go, in the kernel and in every notebook that shows it; a saved one keeps no payload of it."""
        self.widget.document = ""
        self.widget.close()


@cache
def _kind() -> type:
    """Return the class of the widget: anywidget and what it needs take a tenth of a second to load."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ImportError(
            "States that can be clicked need one more package: pip install 'stepfunctions-sdk[notebook]'. "
            "execution.show(interactive=False) and execution.report() need none."
        ) from None

    class ExecutionWidget(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        """An execution; ``document`` is the JSON of what it shows."""

        _esm = script(WIDGET)
        sheet = traitlets.Unicode(style_sheet()).tag(sync=True)
        document = traitlets.Unicode("").tag(sync=True)

    return ExecutionWidget
