"""What a command is asked about by its name: state machines and executions of the account."""

from __future__ import annotations

from typing import Any

import click

from stepfunctions.errors import DefinitionError, ServiceError
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.workflow import Execution, Workflow
from stepfunctions.workflow.checks import allowed_name

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
            return _attached(arn, client)
        except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
            continue
    raise click.UsageError(
        f"There is no execution '{arn_or_name}'. 'stepfunctions executions list' shows those there are."
    )


def _attached(arn: str, client: Any) -> Execution:
    """Return an execution; when its definition is refused, without states. Raises what DescribeExecution raises."""
    from botocore.exceptions import ClientError

    try:
        return Execution.attach(arn, client)
    except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
        raise
    except (ClientError, DefinitionError, ServiceError):
        told = client.describe_execution(executionArn=arn)
        machine = told.get("stateMachineArn") or arn
        workflow = Workflow(
            allowed_name(machine.rsplit(":", 1)[-1]),
            FrozenGraph({"States": {}}),
            "unknown",
            state_machine_arn=machine,
            client=client,
        )
        given = (told["startDate"], told["status"], client, told.get("name"), told.get("stopDate"))
        return Execution(workflow, arn, *given)
