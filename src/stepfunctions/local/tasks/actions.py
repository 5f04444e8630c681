"""Optimised integrations whose request or response is not the API's: the differences, action by action.

An action's functions see parameters and results in a task's form, with PascalCase names.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import dumps
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.errors import StateFailed

if TYPE_CHECKING:
    from stepfunctions.engine.ports import WebTrace
    from stepfunctions.local.cloud import Cloud

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Where an action is called: the cloud, its resource, and the execution it is a task of.

    ``trace``: where an HTTP task notes what it sends and gets, when somebody asks.
    """

    cloud: Cloud
    resource: Resource
    execution_arn: str
    trace: WebTrace | None = None


def _same(_: Context, value: Object) -> Object:
    return value


def _response(_: Context, _request: Object, response: Object) -> Object:
    return response


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """What is other than in the API: the operation's name, the request, the response. None: as the action says."""

    operation: str | None = None
    request: Callable[[Context, Object], Object] = _same
    response: Callable[[Context, Object, Object], Object] = _response


def _without(request: Object, *names: str) -> Object:
    return {name: value for name, value in request.items() if name not in names}


def _swap(old: str, new: str, *, several: bool = False) -> Callable[[Context, Object], Object]:
    """Return a request's function that renames a member, and makes it a list of one when there may be several."""

    def request(_: Context, given: Object) -> Object:
        if old not in given:
            return given
        return {new: [given[old]] if several else given[old], **_without(given, old)}

    return request


# --- EventBridge, ECS, Glue, EMR Serverless, Bedrock ----------------------------------------------------------


def _with_resources(context: Context, request: Object) -> Object:
    """Append the ARNs of the execution and of its state machine to each event's resources."""
    machine = context.execution_arn.replace(":execution:", ":stateMachine:").split(":")[:7]
    arns = [context.execution_arn, ":".join(machine).partition("/")[0]]
    entries = [
        {**entry, "Resources": [*entry.get("Resources", ()), *arns]} if isinstance(entry, dict) else entry
        for entry in request.get("Entries", ())
    ]
    return {**request, "Entries": entries}


def _no_failed_entry(_: Context, _request: Object, response: Object) -> Object:
    if response.get("FailedEntryCount"):
        raise StateFailed("EventBridge.FailedEntry", dumps(response))
    return response


def _placed(context: Context, _request: Object, response: Object) -> Object:
    """Failures to place a task fail only a step that waits for it."""
    if response.get("Failures") and context.resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
        raise StateFailed("AmazonECS.Unknown", dumps(response))
    return response


def _with(name: str) -> Callable[[Context, Object, Object], Object]:
    """Return a response's function that adds a member of the request."""

    def response(_: Context, request: Object, given: Object) -> Object:
        return {name: request[name], **given}

    return response


def _model_body(_: Context, request: Object) -> Object:
    return {**request, "Body": dumps(request["Body"])} if "Body" in request else request


def _model_answer(_: Context, _request: Object, response: Object) -> Object:
    try:
        return {**response, "Body": json.loads(response.get("Body") or "null")}
    except ValueError:
        return response


# --- EMR ----------------------------------------------------------------------------------------------------


def _cluster(_: Context, _request: Object, response: Object) -> Object:
    return {"ClusterId": response.get("JobFlowId"), **_without(response, "JobFlowId", "ClusterArn")}


def _step(context: Context, request: Object) -> Object:
    request = _swap("Step", "Steps", several=True)(context, request)
    return _swap("ClusterId", "JobFlowId")(context, request)


def _step_id(_: Context, _request: Object, response: Object) -> Object:
    return {"StepId": (response.get("StepIds") or [None])[0], **_without(response, "StepIds")}


def _cancelled(_: Context, _request: Object, response: Object) -> Object:
    info = response.get("CancelStepsInfoList") or [{}]
    return {"CancelStepsInfo": info[0], **_without(response, "CancelStepsInfoList")}


def _by_name(what: str, listing: str, several: str) -> Callable[[Context, Object], Object]:
    """Return a request's function that finds the id of an instance group or fleet by its name."""

    def request(context: Context, given: Object) -> Object:
        name, changed = given.get(f"{what}Name"), given.get(what)
        if name is None and isinstance(changed, dict):
            name, changed = changed.get(f"{what}Name"), _without(changed, f"{what}Name")
        listed = context.cloud.call("emr", listing, {"ClusterId": given.get("ClusterId") or ""})[several]
        found = next((one["Id"] for one in listed if one.get("Name") == name), None)
        if found is None:
            raise StateFailed("EMR.InvalidRequestException", f"The cluster has no {what} named '{name}'.")
        change = {f"{what}Id": found, **(changed or {})}
        return {"ClusterId": given["ClusterId"], **({what: change} if what == "InstanceFleet" else {several: [change]})}

    return request


ACTIONS: Mapping[tuple[str, str], Action] = MappingProxyType(
    {
        ("bedrock", "invokeModel"): Action(request=_model_body, response=_model_answer),
        ("ecs", "runTask"): Action(response=_placed),
        ("elasticmapreduce", "addStep"): Action(operation="AddJobFlowSteps", request=_step, response=_step_id),
        ("elasticmapreduce", "cancelStep"): Action(
            operation="CancelSteps", request=_swap("StepId", "StepIds", several=True), response=_cancelled
        ),
        ("elasticmapreduce", "createCluster"): Action(operation="RunJobFlow", response=_cluster),
        ("elasticmapreduce", "modifyInstanceFleetByName"): Action(
            operation="ModifyInstanceFleet", request=_by_name("InstanceFleet", "ListInstanceFleets", "InstanceFleets")
        ),
        ("elasticmapreduce", "modifyInstanceGroupByName"): Action(
            operation="ModifyInstanceGroups", request=_by_name("InstanceGroup", "ListInstanceGroups", "InstanceGroups")
        ),
        ("elasticmapreduce", "setClusterTerminationProtection"): Action(
            operation="SetTerminationProtection", request=_swap("ClusterId", "JobFlowIds", several=True)
        ),
        ("elasticmapreduce", "terminateCluster"): Action(
            operation="TerminateJobFlows", request=_swap("ClusterId", "JobFlowIds", several=True)
        ),
        ("emr-serverless", "deleteApplication"): Action(response=_with("ApplicationId")),
        ("emr-serverless", "startApplication"): Action(response=_with("ApplicationId")),
        ("emr-serverless", "stopApplication"): Action(response=_with("ApplicationId")),
        ("events", "putEvents"): Action(request=_with_resources, response=_no_failed_entry),
        ("glue", "startJobRun"): Action(response=_with("JobName")),
    }
)
"""(service, action) of an optimised integration -> what is other than in the API."""


def action_of(resource: Resource) -> Action:
    """Return how a resource's action differs from the API's: not at all for ``aws-sdk:`` and most others."""
    return _PLAIN if resource.sdk else ACTIONS.get((resource.service, resource.action), _PLAIN)


_PLAIN = Action()
