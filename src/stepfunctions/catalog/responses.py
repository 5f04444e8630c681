"""What tasks answer, as far as botocore's models say it: the names of a response's members, at any depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.integrations import operation_of
from stepfunctions.catalog.requests import find_operation
from stepfunctions.catalog.sdk_services import member_of, sdk_service

if TYPE_CHECKING:
    from botocore.model import Shape

_METADATA = frozenset({"SdkHttpMetadata", "SdkResponseMetadata"})
_ADDED = {("glue", "startJobRun"): frozenset({"JobName"})}
"""Members of results that the API's responses do not have."""
_UNLIKE = frozenset({"apigateway", "bedrock", "eks", "elasticmapreduce", "emr-serverless", "emr-containers", "http"})
"""Optimised integrations whose results are not the API's response."""


Members = Mapping[str, "Members | None"]
"""The names of an object's members, each with the members that it has itself; None: it may be anything."""
_DEEPEST = 8


def members_of_response(resource: Resource) -> Members | None:
    """Return the members that a task's result can have, None when they are not known.

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
    members = _members(shape, resource.sdk) or {}
    if resource.sdk:
        return members
    return {**members, **dict.fromkeys(_METADATA | _ADDED.get((resource.service, resource.action), frozenset()))}


def _members(shape: Shape | None, sdk: bool, depth: int = 0) -> Members | None:
    """Return the members of a structure; lists, maps and single values may be anything."""
    from botocore.model import StructureShape

    if not isinstance(shape, StructureShape) or shape.is_document_type or depth > _DEEPEST:
        return None
    return {member_of(name, sdk=sdk): _members(inner, sdk, depth + 1) for name, inner in shape.members.items()}
