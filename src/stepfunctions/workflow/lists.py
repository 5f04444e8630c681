"""Lists of workflows, executions and events that show themselves as tables in a notebook."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

Column = tuple[str, Callable[[Any], Any]]


def json_serializer(value: Any) -> str:
    """Return a datetime as text, for ``json.dumps(…, default=json_serializer)``. Raises TypeError for the rest."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"A {type(value).__name__} has no form in JSON.")


def table(columns: Sequence[Column], rows: list[Any]) -> str:
    """Return an HTML table. Every cell is escaped."""
    head = "".join(f'<th style="text-align:left">{html.escape(name)}</th>' for name, _ in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{html.escape(_text(read(row)))}</td>' for _, read in columns)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    if isinstance(value, Mapping):
        return json.dumps(value, default=json_serializer)
    return "" if value is None else str(value)


class _Table(list[Any]):
    """A list with columns to show."""

    columns: ClassVar[tuple[Column, ...]]

    def to_html(self) -> str:
        """Return the list as an HTML table."""
        return table(self.columns, list(self))

    def _repr_html_(self) -> str:
        return self.to_html()


class WorkflowList(_Table):
    """State machines, as ListStateMachines gives them."""

    columns: ClassVar[tuple[Column, ...]] = (
        ("Name", lambda row: row["name"]),
        ("Creation date", lambda row: row["creationDate"]),
        ("ARN", lambda row: row["stateMachineArn"]),
    )


class ExecutionsList(_Table):
    """Executions of one workflow, newest first."""

    columns: ClassVar[tuple[Column, ...]] = (
        ("Name", lambda row: row.name),
        ("Status", lambda row: row.status),
        ("Started", lambda row: row.start_date),
        ("Ended", lambda row: row.stop_date),
        ("ARN", lambda row: row.execution_arn),
    )


class EventsList(_Table):
    """Events of one execution's history, as GetExecutionHistory gives them."""

    columns: ClassVar[tuple[Column, ...]] = (
        ("ID", lambda row: row["id"]),
        ("Type", lambda row: row["type"]),
        ("Time", lambda row: row["timestamp"]),
        ("Details", lambda row: next((value for key, value in row.items() if key.endswith("Details")), {})),
    )
