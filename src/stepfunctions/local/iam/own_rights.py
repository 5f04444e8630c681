"""What Step Functions asks of a role beyond the calls that tasks make: for its rules, its logs, its tags and children.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.codec import parse
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import walk
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import Map, Task
from stepfunctions.catalog.iam import MANAGED_RULES
from stepfunctions.errors import ServiceError, StateFailed, StepFunctionsError
from stepfunctions.local.iam.evaluation import Asked
from stepfunctions.local.principal import acting

if TYPE_CHECKING:
    from stepfunctions.engine.map_run import MapRun
    from stepfunctions.local.cloud import Cloud

_RULE = ("PutTargets", "PutRule", "DescribeRule")
_LOGS = (
    *("CreateLogDelivery", "CreateLogStream", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery"),
    *("ListLogDeliveries", "PutLogEvents", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy"""


def check_machine(cloud: Cloud, role: str, machine: str, definition: str, logging: Mapping[str, Any] | None) -> None:
    """Refuse a role under which a state machine cannot be made: AccessDeniedException, in AWS's words.

    A definition that cannot be read is not refused here.
    """
    guard, (region, account) = cloud.service("iam").guard, machine.split(":")[3:5]
    try:
        for name in sorted(set(_rules(definition))):
            for action in _RULE:
                guard.require(role, Asked(f"events:{action}", f"arn:aws:events:{region}:{account}:rule/{name}"))
    except ServiceError as error:
        raise ServiceError("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.") from error
    try:
        for action in _LOGS if (logging or {}).get("level", "OFF") != "OFF" else ():
            guard.require(role, Asked(f"logs:{action}"))
    except ServiceError as error:
        raise ServiceError(
            "AccessDeniedException", "The state machine IAM Role is not authorized to access the Log Destination"
        ) from error


def check_redrive(cloud: Cloud, role: str, machine: str, definition: str) -> None:
    """Refuse to redrive an execution whose role may not redrive the children of its Distributed Maps."""
    for state in _states(definition):
        if isinstance(state, Map) and state.distributed:
            label = "*" if state.label is ABSENT else state.label
            children = f"{machine.replace(':stateMachine:', ':execution:')}/{label}:*"
            cloud.service("iam").guard.require(role, Asked("states:RedriveExecution", children))


def check_task(cloud: Cloud, resource: Resource) -> None:
    """Refuse a call whose role may not tag what Step Functions creates in SageMaker for it."""
    if resource.service == "sagemaker" and resource.action.startswith("create") and not resource.sdk:
        names = ("AddTags", "ListTags") if resource.pattern is IntegrationPattern.RUN_JOB else ("AddTags",)
        _require(cloud, (Asked(f"sagemaker:{name}", "") for name in names))


def check_job(cloud: Cloud, resource: Resource) -> None:
    """Refuse to look at a job whose role may not list Glue's runs, where Step Functions does that too."""
    if (resource.service, resource.action) == ("glue", "startJobRun"):
        _require(cloud, [Asked("glue:GetJobRuns", "")])


def check_map(cloud: Cloud, role: str | None, run: MapRun) -> None:
    """Raise StateFailed (States.Permissions) when a role may not start and look after a map run's children."""
    if role is None:
        return
    before, _, name = run.execution_arn.partition(":execution:")
    machine = name.partition(":")[0].partition("/")[0]
    asked = [Asked("states:StartExecution", f"{before}:stateMachine:{machine}")]
    children = f"{before}:execution:{machine}/{run.label}:*"
    asked += [Asked(f"states:{action}", children) for action in ("DescribeExecution", "StopExecution")]
    try:
        for one in asked:
            cloud.service("iam").guard.require(role, one)
    except ServiceError as error:
        raise StateFailed("States.Permissions", error.message) from error


def _require(cloud: Cloud, rights: Any) -> None:
    role = acting()
    if role is not None:
        for asked in rights:
            cloud.service("iam").guard.require(role, asked)


def _rules(definition: str) -> Iterator[str]:
    """Yield the rules by which Step Functions learns of the ends of a definition's jobs."""
    for state in _states(definition):
        try:
            resource = Resource.parse(state.resource) if isinstance(state, Task) else None
        except ValueError:
            continue
        if resource is not None and resource.pattern is IntegrationPattern.RUN_JOB and not resource.sdk:
            rule = MANAGED_RULES.get((resource.service, resource.action))
            if rule is not None:
                yield rule[0]


def _states(definition: str) -> Iterator[Any]:
    try:
        found = [located.state for located in walk(parse(json.loads(definition)))]
    except (StepFunctionsError, ValueError, RecursionError):
        return
    yield from found
