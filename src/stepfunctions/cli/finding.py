"""What a command is asked about by its name: state machines and executions of the account."""

from __future__ import annotations

from typing import Any

import click

from stepfunctions.workflow import Execution, Workflow

_MACHINES = 100_000
"""As many state machines as an account may have."""


def state_machines(client: Any, name: str | None = None) -> list[dict[str, Any]]:
    """Return ListStateMachines' entries, or the one of this name. Raises click.UsageError when none has it."""
    entries = Workflow.list_workflows(max_items=_MACHINES, client=client)
    if name is None:
        return entries
    found = [entry for entry in entries if entry["name"] == name]
    if not found:
        names = ", ".join(sorted(entry["name"] for entry in entries)[:20])
        raise click.UsageError(f"There is no state machine '{name}'. " + (f"There are: {names}." if names else ""))
    return found


def find_execution(client: Any, arn_or_name: str) -> Execution:
    """Return the execution of an ARN, or of a name in any state machine. Raises click.UsageError without one."""
    arns = [arn_or_name]
    if not arn_or_name.startswith("arn:"):
        arns = [
            entry["stateMachineArn"].replace(":stateMachine:", ":execution:") + f":{arn_or_name}"
            for entry in state_machines(client)
        ]
    for arn in arns:
        try:
            return Execution.attach(arn, client)
        except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
            continue
    raise click.UsageError(
        f"There is no execution '{arn_or_name}'. 'stepfunctions executions list' shows those there are."
    )
