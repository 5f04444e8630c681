"""The table of executions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stepfunctions.workflow.widgets.tables import console_link, table, text
from stepfunctions.workflow.widgets.utils import create_sfn_execution_url

if TYPE_CHECKING:
    from stepfunctions.workflow.execution import Execution

_HEADINGS = ("Name", "Status", "Started", "Ended", "ARN")


class ExecutionsTableWidget:
    """Executions as a table; their names lead to AWS's console."""

    def __init__(self, executions: Iterable[Execution]) -> None:
        self.executions = list(executions)

    def show(self) -> str:
        """Return the table's HTML."""
        return table(
            _HEADINGS,
            (
                (
                    console_link(execution.execution_arn, create_sfn_execution_url, execution.name),
                    text(execution.known_status),  # a table asks the service nothing
                    text(execution.start_date),
                    text(execution.stop_date),
                    text(execution.execution_arn),
                )
                for execution in self.executions
            ),
        )

    def _repr_html_(self) -> str:
        return self.show()
