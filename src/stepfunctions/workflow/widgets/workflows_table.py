"""The table of state machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.workflow.widgets.tables import console_link, table, text
from stepfunctions.workflow.widgets.utils import create_sfn_workflow_url

_HEADINGS = ("Name", "Type", "Creation date", "ARN")


class WorkflowsTableWidget:
    """State machines as ListStateMachines describes them, as a table; their names lead to AWS's console."""

    def __init__(self, workflows: Iterable[Mapping[str, Any]]) -> None:
        self.workflows = list(workflows)

    def show(self) -> str:
        """Return the table's HTML."""
        return table(
            _HEADINGS,
            (
                (
                    console_link(workflow.get("stateMachineArn"), create_sfn_workflow_url, workflow.get("name")),
                    text(workflow.get("type")),
                    text(workflow.get("creationDate")),
                    text(workflow.get("stateMachineArn")),
                )
                for workflow in self.workflows
            ),
        )

    def _repr_html_(self) -> str:
        return self.show()
