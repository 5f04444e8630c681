"""Lists of workflows, executions and events that show themselves as tables in a notebook."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any, TypeVar

from stepfunctions.workflow.widgets.events_table import EventsTableWidget
from stepfunctions.workflow.widgets.executions_table import ExecutionsTableWidget
from stepfunctions.workflow.widgets.utils import get_timestamp
from stepfunctions.workflow.widgets.workflows_table import WorkflowsTableWidget

_T = TypeVar("_T", bound="Table")


def json_serializer(obj: Any) -> float:
    """Return a time as seconds since 1970, for ``json.dumps(…, default=json_serializer)``.

    Raises TypeError for everything else.
    """
    if isinstance(obj, datetime):
        return get_timestamp(obj)
    raise TypeError(f"A {type(obj).__name__} has no form in JSON.")


def iso_time(value: Any) -> str:
    """Return a time as ISO 8601 text, for ``json.dumps(…, default=iso_time)``. Raises TypeError for everything else."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} has no form in JSON.")


class Table(list[Any]):
    """A list that shows itself as a table in a notebook."""

    def to_html(self) -> str:
        """Return the list as an HTML table. Everything in it is escaped."""
        raise NotImplementedError

    @property
    def data(self) -> str:
        """The list as an HTML table, under the name that IPython's HTML objects have for it."""
        return self.to_html()

    def _repr_html_(self) -> str:
        return self.to_html()


class WorkflowList(Table):
    """State machines, as ListStateMachines gives them."""

    def to_html(self) -> str:
        """Return the list as an HTML table. Everything in it is escaped."""
        return WorkflowsTableWidget(self).show()


class ExecutionsList(Table):
    """Executions of one workflow, newest first."""

    def to_html(self) -> str:
        """Return the list as an HTML table. Everything in it is escaped."""
        return ExecutionsTableWidget(self).show()


class EventsList(Table):
    """Events of one execution's history, as GetExecutionHistory gives them."""

    def to_html(self) -> str:
        """Return the list as an HTML table. Everything in it is escaped."""
        return EventsTableWidget(self).show()


def shown(listing: _T, html: bool) -> _T:
    """Return what a listing with 2.3.0's argument ``html`` gives.

    With ``html=True`` that is IPython's HTML object of the table in a program that has loaded IPython, as every
    notebook has. In any other program, and with ``html=False``, it is the list, which shows itself as that table.
    """
    ipython: Any = sys.modules.get("IPython.display")
    if html and ipython is not None:
        page: _T = ipython.HTML(listing.to_html())
        return page
    return listing
