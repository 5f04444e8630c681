"""Which operation of which service a resource stands for."""

from __future__ import annotations

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog import integrations
from stepfunctions.catalog.jobs import JOBS
from stepfunctions.catalog.sdk_services import sdk_service
from stepfunctions.errors import StateFailed
from stepfunctions.local.tasks.actions import action_of


def operation_of(resource: Resource) -> tuple[str, str]:
    """Return boto3's name of the service and AWS's name of the operation that a resource stands for.

    Raises StateFailed for resources that AWS does not know.
    """
    if resource.kind == "lambda":
        return "lambda", "Invoke"
    if resource.kind == "activity":
        raise StateFailed("States.Runtime", f"An activity is no service integration ({resource.arn}).")
    problem = integrations.problem_with(resource)
    if problem is not None:
        raise StateFailed("States.Runtime", problem)
    action = resource.action[0].upper() + resource.action[1:]
    if resource.sdk:
        try:
            return sdk_service(resource.service).client, action
        except ValueError as error:
            raise StateFailed("States.Runtime", str(error)) from None
    if resource.pattern is IntegrationPattern.RUN_JOB and (resource.service, resource.action) not in JOBS:
        raise StateFailed(
            "States.Runtime", f"The local cloud cannot wait for jobs of '{resource.service}:{resource.action}'."
        )
    known = integrations.operation_of(resource.service, resource.action)
    if known is not None:
        return known
    return integrations.INTEGRATIONS[resource.service].client, action_of(resource).operation or action
