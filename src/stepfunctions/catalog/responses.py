"""What tasks answer, as far as botocore's models say it: the names of a response's members."""

from __future__ import annotations

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.integrations import operation_of
from stepfunctions.catalog.requests import find_operation
from stepfunctions.catalog.sdk_services import member_of, sdk_service

_METADATA = frozenset({"SdkHttpMetadata", "SdkResponseMetadata"})
_ADDED = {("glue", "startJobRun"): frozenset({"JobName"})}
"""Members of results that the API's responses do not have."""
_UNLIKE = frozenset({"apigateway", "bedrock", "eks", "elasticmapreduce", "emr-serverless", "emr-containers", "http"})
"""Optimised integrations whose results are not the API's response."""


def members_of_response(resource: Resource) -> frozenset[str] | None:
    """Return the names of the members that a task's result can have, None when they are not known.

    Known are results of calls that are not waited for; a job's result and a callback's answer may be anything.
    """
    if resource.kind != "service" or resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
        return None
    if resource.sdk:
        found = (sdk_service(resource.service).client, resource.action)
    elif resource.service in _UNLIKE:
        return None
    else:
        own = operation_of(resource.service, resource.action)
        if own is None:
            return None
        found = own
    try:
        shape = find_operation(*found).output_shape
    except ValueError:
        return None
    names = frozenset(member_of(name, sdk=resource.sdk) for name in (shape.members if shape is not None else ()))
    if resource.sdk:
        return names
    return names | _METADATA | _ADDED.get((resource.service, resource.action), frozenset())
