"""The graph of a workflow, and of an execution with the statuses of its states."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.workflow.widgets.tables import console_url
from stepfunctions.workflow.widgets.utils import create_sfn_execution_url

if TYPE_CHECKING:
    from stepfunctions.visual import Picture


class WorkflowGraphWidget:
    """The graph of a definition, which is given as JSON text or as what that text says."""

    def __init__(self, json_definition: str | Mapping[str, Any]) -> None:
        self.json_definition = json_definition

    def show(self, portrait: bool = True) -> Picture:
        """Return the picture, from top to bottom, or with ``portrait=False`` from left to right.

        It shows itself in a notebook and prints as a tree of states; ``data`` is its HTML, ``svg`` the drawing.
        """
        from stepfunctions.visual import Picture

        return Picture.of(_read(self.json_definition), portrait=portrait)

    def _repr_html_(self) -> str:
        return self.show().data


class ExecutionGraphWidget:
    """The graph of an execution: its definition and its history, each as JSON text or as what that text says.

    ``json_events`` may be the list of events or the whole answer of GetExecutionHistory.
    """

    def __init__(
        self,
        json_definition: str | Mapping[str, Any],
        json_events: str | Mapping[str, Any] | Iterable[Mapping[str, Any]],
        execution_arn: str,
    ) -> None:
        self.json_definition = json_definition
        self.json_events = json_events if isinstance(json_events, (str, Mapping)) else list(json_events)
        self.execution_arn = execution_arn

    def show(self, portrait: bool = True) -> Picture:
        """Return the picture, as :meth:`WorkflowGraphWidget.show` does, with a link to AWS's console."""
        from stepfunctions.visual import Picture

        events = _read(self.json_events)
        if isinstance(events, Mapping):
            events = events.get("events", ())
        picture = Picture.of(_read(self.json_definition), events=events, portrait=portrait)
        url = console_url(self.execution_arn, create_sfn_execution_url)
        picture.link = None if url is None else ("Inspect in AWS Step Functions", url)
        return picture

    def _repr_html_(self) -> str:
        return self.show().data


def _read(given: Any) -> Any:
    return json.loads(given) if isinstance(given, str) else given
