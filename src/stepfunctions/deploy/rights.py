"""The rights that the tasks of a state machine need: what each calls, on which resources, and why.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Located
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import Map, Task
from stepfunctions.catalog.iam import ACTIONS, MANAGED_RULES, PASSED_TO, PREFIXES
from stepfunctions.catalog.integrations import INTEGRATIONS, operation_of
from stepfunctions.catalog.jobs import JOBS
from stepfunctions.catalog.sdk_services import sdk_service
from stepfunctions.deploy.arns import Right, arn, executions_of, machines_in, passed, resources_of, roles_in
from stepfunctions.deploy.call_rights import BESIDES, INSTEAD
from stepfunctions.deploy.own_rights import OWN_REQUESTS, invoke, map_rights

_UNSCOPED = frozenset(
    (
        "batch", "bedrock", "codebuild", "databrew", "ecs", "eks", "elasticmapreduce", "emr-containers",
        "emr-serverless", "mediaconvert",
    )
)  # fmt: skip
"""Services whose jobs have ids that nobody knows before they begin."""


def rights_of(found: Located, name: str) -> Iterator[Right]:
    """Yield the rights that a state needs. ``name``: the state machine's, whose Distributed Maps start its children."""
    if isinstance(found.state, Map):
        yield from map_rights(found.state, name)
    if not isinstance(found.state, Task):
        return
    role = found.state.credentials
    if isinstance(role, dict):
        given = role.get("RoleArn")
        resource = given if isinstance(given, str) and given.startswith(("arn:", "${")) else "*"
        yield Right(("sts:AssumeRole",), (resource,), "The task runs under the role of its Credentials.")
        return
    if "${" in found.state.resource and not found.state.resource.startswith("arn:"):
        yield invoke(found.state.resource, "The resource is known when the stack is deployed; it must be a function.")
        return
    try:
        resource_ = Resource.parse(re.sub(r"^arn:\$\{[^}]*\}:", "arn:aws:", found.state.resource))
    except ValueError:
        yield invoke(found.state.resource, "The resource is a function.")
        return
    payload = found.state.parameters if found.state.parameters is not ABSENT else found.state.arguments
    yield from _task_rights(resource_, found.state.resource, payload if isinstance(payload, dict) else {})


def _task_rights(resource: Resource, text: str, payload: Mapping[str, Any]) -> Iterator[Right]:
    if resource.kind == "activity":
        return  # workers poll with rights of their own
    if resource.kind == "lambda":
        yield invoke(text, "The task invokes the function.")
        return
    special = None if resource.sdk else OWN_REQUESTS.get((resource.service, resource.action))
    if special is not None:
        yield from special(payload)
    else:
        yield from _call(resource, payload)
    if resource.pattern is IntegrationPattern.RUN_JOB:
        yield from _job(resource, payload)


def _call(resource: Resource, payload: Mapping[str, Any]) -> Iterator[Right]:
    """Yield the right to an API's operation, and to the roles that it passes on."""
    client, operation = _operation(resource)
    instead = INSTEAD.get((client, operation))
    if instead is not None:
        yield from instead(payload)
        return
    if (client, operation) == ("lambda", "Invoke"):
        yield from OWN_REQUESTS["lambda", "invoke"](payload)
        return
    prefix = _prefix(client)
    action = f"{prefix}:{ACTIONS.get(client, {}).get(operation, operation)}"
    resources, why = resources_of(client, prefix, operation, payload)
    yield Right((action,), resources, f"The task calls {resource.service}:{resource.action}{why}.")
    yield from passed(
        payload, PASSED_TO.get(client, prefix), f"{resource.service}:{resource.action} hands the role on."
    )
    if client == "ecs" and operation == "RunTask" and not any(roles_in(payload)):
        yield Right(
            ("iam:PassRole",),
            ("*",),
            "ecs:runTask hands on the roles of the task definition, which are not in this definition.",
            {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
    if client == "sagemaker" and operation.startswith("Create") and not resource.sdk:
        tags = ("sagemaker:AddTags", "sagemaker:ListTags") if resource.pattern.value else ("sagemaker:AddTags",)
        yield Right(tags, ("*",), "Step Functions tags what it creates in SageMaker.")
    deployment = payload.get("DeploymentConfig")
    if client == "sagemaker" and isinstance(deployment, dict) and "AutoRollbackConfiguration" in deployment:
        why = "SageMaker looks at the alarms that turn the update back, as the caller."
        yield Right(("cloudwatch:DescribeAlarms",), ("*",), why, verified=False)
    if client == "emr" and operation.startswith("ModifyInstance"):
        looks = operation.replace("Modify", "List") + ("s" if operation.endswith("Fleet") else "")
        yield Right((f"{prefix}:{looks}",), ("*",), "The task finds the fleet or the group by its name.")
    if (client, operation) in BESIDES:
        yield from BESIDES[client, operation](payload)


def _operation(resource: Resource) -> tuple[str, str]:
    if resource.sdk:
        from stepfunctions.catalog.requests import find_operation

        client = sdk_service(resource.service).client
        return client, str(find_operation(client, resource.action).name)
    own = (INTEGRATIONS[resource.service].client, resource.action[0].upper() + resource.action[1:])
    return _API_NAMES.get((resource.service, resource.action)) or operation_of(resource.service, resource.action) or own


_API_NAMES = {
    ("elasticmapreduce", "createCluster"): ("emr", "RunJobFlow"),
    ("elasticmapreduce", "terminateCluster"): ("emr", "TerminateJobFlows"),
    ("elasticmapreduce", "addStep"): ("emr", "AddJobFlowSteps"),
    ("elasticmapreduce", "cancelStep"): ("emr", "CancelSteps"),
    ("elasticmapreduce", "setClusterTerminationProtection"): ("emr", "SetTerminationProtection"),
    ("elasticmapreduce", "modifyInstanceFleetByName"): ("emr", "ModifyInstanceFleet"),
    ("elasticmapreduce", "modifyInstanceGroupByName"): ("emr", "ModifyInstanceGroups"),
}


def _prefix(client: str) -> str:
    from stepfunctions.catalog.requests import service_model

    metadata = service_model(client).metadata
    return PREFIXES.get(client) or str(metadata.get("signingName") or metadata["endpointPrefix"])


def _job(resource: Resource, payload: Mapping[str, Any]) -> Iterator[Right]:
    """Yield what waiting for a job needs: to describe it, to stop it, and the rule that tells of its end."""
    job = JOBS.get((resource.service, resource.action))
    if job is None:
        return  # a Kubernetes job: its API checks rights of its own
    prefix = _prefix(job.client)
    names = [job.describe[0], *([] if job.stop is None else [job.stop[0]])]
    if resource.service == "glue":
        names.insert(1, "GetJobRuns")
    actions = tuple(f"{prefix}:{name}" for name in names)
    resources, _ = resources_of(job.client, prefix, names[0], payload)
    if resource.service == "states":
        resources = tuple(executions_of(one) for one in machines_in(payload))
    elif prefix in _UNSCOPED:
        resources = ("*",)
    yield Right(actions, resources, "Step Functions waits for the job, and stops it when the execution is stopped.")
    rule = MANAGED_RULES.get((resource.service, resource.action))
    if rule is not None:
        name, verified = rule
        yield Right(
            ("events:PutTargets", "events:PutRule", "events:DescribeRule"),
            (arn("events", f"rule/{name}"),),
            "Step Functions makes a rule by which it learns of the job's end.",
            verified=verified,
        )
