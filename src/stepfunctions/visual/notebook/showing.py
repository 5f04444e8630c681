"""Outputs of a notebook, by IPython, and what is shown where there is none."""

from __future__ import annotations

import importlib
import sys
import uuid
from collections.abc import Mapping
from typing import Any

from stepfunctions.visual.notebook import widget
from stepfunctions.visual.notebook.live import LONGEST_LOCAL_SECONDS, LONGEST_SECONDS, WIDGET, Live
from stepfunctions.visual.notebook.watching import Watch
from stepfunctions.visual.picture import chosen


class NotebookOutput:
    """An output of the cell that runs, which can be replaced for as long as the kernel lives."""

    def __init__(self) -> None:
        self._name = f"stepfunctions-{uuid.uuid4().hex}"

    def show(self, bundle: Mapping[str, Any]) -> None:
        """Make it."""
        _ipython().display(dict(bundle), raw=True, display_id=self._name)

    def update(self, bundle: Mapping[str, Any]) -> None:
        """Replace its content."""
        _ipython().update_display(dict(bundle), raw=True, display_id=self._name)


def _ipython() -> Any:
    return importlib.import_module("IPython.display")  # which every notebook has loaded


class PrintedOutput:
    """Where there is no notebook: text, once at the beginning and once at the end."""

    def __init__(self) -> None:
        self._printed = ""

    def show(self, bundle: Mapping[str, Any]) -> None:
        """Print how it stands."""
        self._printed = bundle["text/plain"]
        print(self._printed)

    def update(self, bundle: Mapping[str, Any]) -> None:
        """Print the end; what is in between is for those who can see it change."""
        if "image/svg+xml" in bundle:
            self.show(bundle)


def in_notebook() -> bool:
    """Whether this program is the kernel of a notebook. Loads nothing."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


def show(watch: Watch, *, interactive: bool | None, local: bool) -> Live:
    """Show an execution in the cell that runs, and return the view, which goes on without blocking the cell.

    ``interactive``: with states that can be clicked; None: where the extra ``[notebook]`` is there. ``local``: the
    service is on this machine. Raises ImportError for ``interactive=True`` without the extra, and what the service
    raises when it is asked for the first time.
    """
    notebook = in_notebook()
    wanted = widget.is_possible() if interactive is None else interactive
    page = widget.Page() if notebook and wanted else None
    live = Live(
        watch,
        NotebookOutput() if notebook else PrintedOutput(),
        page,
        longest=LONGEST_LOCAL_SECONDS if local else LONGEST_SECONDS,
    )
    live.start()
    return live


class Inspected:
    """An execution as it stood: a page whose states can be clicked, for as long as the kernel lives."""

    def __init__(self, document: dict[str, Any], still: Mapping[str, str]) -> None:
        self.page = widget.Page()
        self.page.tell(document)
        self._still = still

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return the widget, and the picture for viewers that know none."""
        return chosen({WIDGET: self.page.view(), **self._still}, include, exclude)
