"""State machines: create, update, describe, list, delete, tag, validate."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

from stepfunctions.asl import codec
from stepfunctions.asl.document import JSON
from stepfunctions.engine.ports import Machine
from stepfunctions.engine.program import compile_program
from stepfunctions.errors import DefinitionError, Problem, ServiceError
from stepfunctions.runtime.operations import express
from stepfunctions.runtime.operations.finding import DELETING, EXPRESS, find_active, gone, resolve
from stepfunctions.runtime.operations.published import publish_revision
from stepfunctions.runtime.operations.service import (
    Request,
    Response,
    Service,
    check_arn,
    check_name,
    moment,
    page_mark,
    page_size,
    page_token,
)
from stepfunctions.runtime.programs import definition_id_of

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_DEFAULTS: dict[str, JSON] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
MAX_DEFINITION = 1_048_576
"""Bytes of UTF-8 that a definition may have."""


def problems_of(service: Service, definition: str, kind: str = "STANDARD") -> Sequence[Problem]:
    """Return everything wrong with the text of a definition: its shape, then the expressions in it, then the rest."""
    try:
        definition.encode()
        machine = codec.parse(definition)
        compile_program(machine)
    except DefinitionError as error:
        return error.problems
    except UnicodeEncodeError as error:
        return (Problem(path="", code="INVALID_JSON_DESCRIPTION", message=f"The definition is not text: {error}."),)
    return [*(express.problems_of(machine) if kind == EXPRESS else ()), *service.check(machine)]


def create(service: Service, request: Request) -> Response:
    """CreateStateMachine: the same request again answers as the first did."""
    name = check_name(request["name"])
    kind = request.get("type") or "STANDARD"
    _check_publish(request)
    definition = _checked(service, request["definition"], kind)
    settings = {key: request[key] for key in _SETTINGS if request.get(key) is not None}
    arn = f"{service.prefix}:stateMachine:{name}"
    with service.machines_lock:
        existing = service.store.machines.get(arn)
        if existing is not None and not gone(service, existing):
            _refuse_other(existing, definition, kind, settings)
            return {
                "stateMachineArn": arn,
                "creationDate": moment(existing.created_at),
                **_published(service, existing, request),
            }
        now = service.clock.now()
        tags = {tag["key"]: tag.get("value", "") for tag in request.get("tags") or ()}
        machine = Machine(
            arn=arn,
            name=name,
            type=kind,
            role_arn=request["roleArn"],
            definition=definition,
            definition_id=definition_id_of(definition),
            revision_id=str(uuid.uuid4()),
            created_at=now,
            updated_at=now,
            settings=settings,
            tags=tags,
        )
        service.store.machines.put(machine)
        return {"stateMachineArn": arn, "creationDate": moment(now), **_published(service, machine, request)}


def _check_publish(request: Request) -> None:
    if request.get("versionDescription") and not request.get("publish"):
        raise ServiceError("ValidationException", "Version description can only be set when publish is true")


def _published(service: Service, machine: Machine, request: Request) -> Response:
    """Return the part of an answer that names the version, when one was to be published."""
    if not request.get("publish"):
        return {}
    return {"stateMachineVersionArn": publish_revision(service, machine, request.get("versionDescription")).arn}


def update(service: Service, request: Request) -> Response:
    """UpdateStateMachine: executions that run keep the definition and role they began with."""
    _check_publish(request)
    if not any(request.get(key) is not None for key in ("definition", "roleArn", *_SETTINGS)):
        raise ServiceError(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, the TracingConfiguration or the "
            "EncryptionConfiguration must be specified",
        )
    with service.machines_lock:
        machine = find_active(service, request["stateMachineArn"])
        definition = machine.definition
        if request.get("definition") is not None:
            definition = _checked(service, request["definition"], machine.type)
        changed = replace(
            machine,
            definition=definition,
            definition_id=definition_id_of(definition),
            role_arn=request.get("roleArn") or machine.role_arn,
            settings={**machine.settings, **{key: request[key] for key in _SETTINGS if request.get(key) is not None}},
            revision_id=str(uuid.uuid4()),
            updated_at=service.clock.now(),
        )
        service.store.machines.put(changed)
        return {
            "updateDate": moment(changed.updated_at),
            "revisionId": changed.revision_id,
            **_published(service, changed, request),
        }


def describe(service: Service, request: Request) -> Response:
    """DescribeStateMachine: as it is now, or as the version, or the alias's first version, says."""
    found = resolve(service, request["stateMachineArn"])
    machine, version = found.machine, found.version
    with_data = request.get("includedData", "ALL_DATA") == "ALL_DATA"
    described = {} if version is None or version.description is None else {"description": version.description}
    return {
        "stateMachineArn": request["stateMachineArn"],
        "name": machine.name,
        "status": machine.status,
        "definition": machine.definition if with_data else "",
        "roleArn": machine.role_arn,
        "type": machine.type,
        "creationDate": moment(machine.created_at),
        "revisionId": machine.revision_id,
        **described,
        **settings_of(machine),
    }


def settings_of(machine: Machine) -> Response:
    """Return logging, tracing and encryption as they were given, or AWS's defaults."""
    return {**_DEFAULTS, **(machine.settings or {})}


def list_(service: Service, request: Request) -> Response:
    """ListStateMachines, by name."""
    scope = "ListStateMachines"
    found, after = service.store.machines.list(page_mark(scope, request.get("nextToken")), page_size(request))
    response: Response = {
        "stateMachines": [
            {
                "stateMachineArn": machine.arn,
                "name": machine.name,
                "type": machine.type,
                "creationDate": moment(machine.created_at),
            }
            for machine in found
            if not gone(service, machine)
        ]
    }
    return response | ({"nextToken": page_token(scope, after)} if after else {})


def delete(service: Service, request: Request) -> Response:
    """DeleteStateMachine: DELETING while executions of it run, then gone. Unknown ones are no error."""
    arn = request["stateMachineArn"]
    check_arn(arn, "stateMachine")
    with service.machines_lock:
        machine = service.store.machines.get(arn)
        if machine is not None and machine.status != DELETING:
            service.store.machines.put(replace(machine, status=DELETING))
            gone(service, replace(machine, status=DELETING))
    return {}


def validate(service: Service, request: Request) -> Response:
    """ValidateStateMachineDefinition."""
    problems = problems_of(service, request["definition"], request.get("type") or "STANDARD")
    limit = page_size(request)
    return {
        "result": "FAIL" if problems else "OK",
        "diagnostics": [
            {
                "severity": "ERROR",
                "code": problem.code,
                "message": f"{problem.message} {problem.hint}".strip(),
                "location": problem.path or "/",
            }
            for problem in problems[:limit]
        ],
        "truncated": len(problems) > limit,
    }


def tag(service: Service, request: Request) -> Response:
    """TagResource."""
    with service.machines_lock:
        machine = _tagged(service, request)
        machine.tags.update({one["key"]: one.get("value", "") for one in request["tags"]})
        if len(machine.tags) > 50:
            raise ServiceError("TooManyTags", f"Too many tags: '{machine.arn}' can have 50")
        service.store.machines.put(machine)
    return {}


def untag(service: Service, request: Request) -> Response:
    """UntagResource."""
    with service.machines_lock:
        machine = _tagged(service, request)
        for key in request["tagKeys"]:
            machine.tags.pop(key, None)
        service.store.machines.put(machine)
    return {}


def list_tags(service: Service, request: Request) -> Response:
    """ListTagsForResource."""
    machine = _tagged(service, request)
    return {"tags": [{"key": key, "value": value} for key, value in machine.tags.items()]}


def _tagged(service: Service, request: Request) -> Machine:
    arn = request["resourceArn"]
    check_arn(arn, "stateMachine", "activity")
    machine = service.store.machines.get(arn)
    if machine is None or gone(service, machine):
        raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'")
    return machine


def _checked(service: Service, definition: str, kind: str) -> str:
    size = len(definition.encode(errors="surrogatepass"))
    if size > MAX_DEFINITION:
        raise ServiceError(
            "InvalidDefinition",
            f"Invalid State Machine Definition: '{size} bytes are more than the {MAX_DEFINITION} that it may have'",
        )
    problems = problems_of(service, definition, kind)
    if problems:
        listed = ", ".join(
            f"{problem.code}: {problem.message}{' ' + problem.hint if problem.hint else ''} at {problem.path or '/'}"
            for problem in problems
        )
        raise ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{listed}'")
    return definition


def _refuse_other(machine: Machine, definition: str, kind: str, settings: JSON) -> None:
    if machine.status == DELETING:
        raise ServiceError("StateMachineDeleting", f"State Machine is deleting: '{machine.arn}'")
    if (machine.definition, machine.type, machine.settings) != (definition, kind, settings):
        raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{machine.arn}'")
