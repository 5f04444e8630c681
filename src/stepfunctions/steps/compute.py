"""Steps that call a service: functions, jobs and containers.

Each is a Task whose resource ARN this module knows; ``parameters`` is the request of the service's API.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.steps.flow import Task
from stepfunctions.steps.integration_resources import IntegrationPattern, get_service_integration_arn

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


def waiting(wait_for_completion: bool) -> IntegrationPattern:
    """Return the pattern of a step that waits for its job's end, or only starts it."""
    return IntegrationPattern.WaitForCompletion if wait_for_completion else IntegrationPattern.CallAndContinue


class LambdaStep(Task):
    """Invoke a Lambda function: ``parameters={"FunctionName": …, "Payload": …}``.

    ``wait_for_callback``: wait until the function, or whoever it tells, answers with the task token. The result is
    the response of Invoke; what the function returned is its ``Payload``.
    """

    def __init__(self, state_id: str, wait_for_callback: bool = False, **fields: Unpack[ServiceFields]) -> None:
        pattern = IntegrationPattern.WaitForTaskToken if wait_for_callback else IntegrationPattern.CallAndContinue
        fields["resource"] = get_service_integration_arn("lambda", "invoke", pattern)
        super().__init__(state_id, **fields)


class GlueStartJobRunStep(Task):
    """Run a Glue job: ``parameters={"JobName": …, "Arguments": {"--name": "value"}}``."""

    def __init__(self, state_id: str, wait_for_completion: bool = True, **fields: Unpack[ServiceFields]) -> None:
        fields["resource"] = get_service_integration_arn("glue", "startJobRun", waiting(wait_for_completion))
        super().__init__(state_id, **fields)


class EcsRunTaskStep(Task):
    """Run a task of ECS or Fargate: ``parameters={"TaskDefinition": …, "LaunchType": "FARGATE", …}``."""

    def __init__(self, state_id: str, wait_for_completion: bool = True, **fields: Unpack[ServiceFields]) -> None:
        fields["resource"] = get_service_integration_arn("ecs", "runTask", waiting(wait_for_completion))
        super().__init__(state_id, **fields)
