"""The mock of a TestState, and its result compared with the model of the API that would have given it.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog import integrations
from stepfunctions.catalog.jobs import JOBS
from stepfunctions.catalog.sdk_services import action_of, member_of, sdk_service
from stepfunctions.errors import ServiceError

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape

_NUMBERS = frozenset({"integer", "long", "float", "double"})
_TEXTS = frozenset({"string", "character", "timestamp", "blob"})


@dataclass(frozen=True, slots=True)
class Mock:
    """What a task does: a result, or an error."""

    result: JSON = None
    error: str | None = None
    cause: str = ""


def check_result(resource: Resource, result: JSON, mode: str) -> None:
    """Compare a mocked result with what the task's service answers; of a job, with what describes it.

    ``mode``: STRICT, PRESENT (required fields may be absent) or NONE. A field that the model does not have is no
    mistake, and what is not in a model of AWS's SDK is not compared. Raises ValidationException.
    """
    found = None if mode == "NONE" else _answer(resource)
    if found is not None:
        shape, within = found
        if within and isinstance(result, dict):
            result = result.get(within)
        _Check(resource, strict=mode == "STRICT").value(result, shape, "")


def _answer(resource: Resource) -> tuple[Shape, str] | None:
    """Return the shape of a task's result, and the member of the result that it stands in."""
    if resource.kind != "service" or resource.pattern is IntegrationPattern.WAIT_FOR_TASK_TOKEN:
        return None
    if resource.pattern is IntegrationPattern.RUN_JOB:
        kind = JOBS.get((resource.service, resource.action))
        if kind is None:
            return None
        shape = _model(kind.client).operation_model(kind.describe[0]).output_shape
        for token in kind.result.split(".") if kind.result else ():
            shape = shape.member if token.isdigit() else _members(shape, sdk=False)[token]
        return shape, kind.within
    named = _named(resource)
    shape = None if named is None else _model(named[0]).operation_model(named[1]).output_shape
    return None if shape is None else (shape, "")


def _named(resource: Resource) -> tuple[str, str] | None:
    """Return boto3's name of the service and AWS's of the operation that a task calls."""
    if not resource.sdk:
        return integrations.operation_of(resource.service, resource.action)
    try:
        client = sdk_service(resource.service).client
    except ValueError:
        return None
    names = (name for name in _model(client).operation_names if action_of(name) == resource.action)
    operation = next(names, None)
    return None if operation is None else (client, operation)


@functools.lru_cache(maxsize=16)
def _model(client: str) -> ServiceModel:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    return ServiceModel(Loader().load_service_model(client, "service-2"), client)


def _members(shape: Any, *, sdk: bool) -> dict[str, Shape]:
    return {member_of(name, sdk=sdk): member for name, member in shape.members.items()}


class _Check:
    """One comparison; it ends with the first difference."""

    def __init__(self, resource: Resource, *, strict: bool) -> None:
        self._resource = resource
        self._strict = strict

    def value(self, value: JSON, shape: Any, name: str) -> None:
        """Compare a value with its shape."""
        kind = shape.type_name
        if value is None or getattr(shape, "is_document_type", False):
            return
        if kind == "structure":
            self._structure(value, shape, name)
        elif kind == "list":
            self._demand(isinstance(value, list), name, "must be an array")
            for item in value:
                self.value(item, shape.member, name)
        elif kind == "map":
            self._demand(isinstance(value, dict), name, "must be an object")
            for item in value.values():
                self.value(item, shape.value, name)
        elif kind == "boolean":
            self._demand(isinstance(value, bool), name, "must be a boolean")
        elif kind in _NUMBERS:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            self._demand(number, name, "must be a number")
            self._bounds(value, shape, name, ("is less than the minimum value", "exceeds the maximum value"))
        elif kind in _TEXTS:
            self._demand(isinstance(value, str), name, "must be a string")
            lengths = ("is smaller than the minimum length", "exceeds the maximum length")
            self._bounds(len(value), shape, name, lengths)
            self._demand(not shape.metadata.get("enum") or value in shape.enum, name, "is not an expected value")

    def _structure(self, value: JSON, shape: Any, name: str) -> None:
        if not isinstance(value, dict):
            if not name:
                raise _refused("Mocked result must be a JSON object")
            self._demand(False, name, "must be an object")
        sdk = self._resource.sdk
        for required in shape.required_members if self._strict else ():
            if member_of(required, sdk=sdk) not in value:
                raise _refused(f"Required field '{member_of(required, sdk=sdk)}' is missing")
        members = _members(shape, sdk=sdk)
        for member, item in value.items():
            # What a function returns is part of its result as it is.
            payload = member == "Payload" and not sdk and self._resource.service == "lambda"
            if member in members and not payload:
                self.value(item, members[member], member)

    def _bounds(self, size: float, shape: Any, name: str, said: tuple[str, str]) -> None:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        self._demand(least is None or size >= least, name, said[0])
        self._demand(most is None or size <= most, name, said[1])

    def _demand(self, good: bool, name: str, said: str) -> None:
        if not good:
            raise _refused(f"Field '{name}' {said}")


def _refused(what: str) -> ServiceError:
    return ServiceError("ValidationException", f"Mock result schema validation error: {what}")
