"""State machines: create, update, describe, list, delete."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from stepfunctions.asl import codec
from stepfunctions.asl.document import JSON
from stepfunctions.engine.ports import DELETING, Machine
from stepfunctions.errors import ServiceError
from stepfunctions.query.references import variable_references
from stepfunctions.runtime.clock import moment
from stepfunctions.runtime.operations.finding import check_machine, find_active, gone, resolve
from stepfunctions.runtime.operations.pages import page, page_mark, page_size
from stepfunctions.runtime.operations.published import INITIAL, publish_revision
from stepfunctions.runtime.operations.service import (
    Request,
    Response,
    Service,
    bytes_of,
    check_encryption,
    check_length,
    check_name,
    check_role,
)
from stepfunctions.runtime.operations.tags import checked
from stepfunctions.runtime.operations.validation import errors_of, refusal
from stepfunctions.runtime.programs import definition_id_of

_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_DEFAULTS: dict[str, JSON] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
_LOG_GROUP = re.compile(r"arn:aws[a-zA-Z-]*:logs:[a-z0-9-]+:\d{12}:log-group:[A-Za-z0-9_/.#-]{1,512}:\*")


def create(service: Service, request: Request) -> Response:
    """CreateStateMachine: the same request again answers as the first did."""
    name = check_name(request["name"], service.limits.name)
    check_role(request["roleArn"])
    kind = request.get("type") or "STANDARD"
    _check_publish(request)
    definition = _checked(service, request["definition"], kind)
    settings = _settings(request)
    arn = f"{service.prefix}:stateMachine:{name}"
    tags = checked(arn, request.get("tags") or [])
    with service.machines_lock:
        existing = service.store.machines.get(arn)
        if existing is not None and not gone(service, existing):
            _refuse_other(service, existing, definition, kind, settings, request)
            return {
                "stateMachineArn": arn,
                "creationDate": moment(existing.created_at),
                **_published(service, existing, request),
            }
        now = service.clock.now()
        machine = Machine(
            arn=arn,
            name=name,
            type=kind,
            role_arn=request["roleArn"],
            definition=definition,
            definition_id=definition_id_of(definition),
            revision_id=INITIAL,
            created_at=now,
            updated_at=now,
            settings=settings,
            tags=tags,
        )
        service.store.machines.put(machine)
        service.runner.machine_changed(machine)
        if service.runner.log is not None:
            service.runner.log.changed(machine.arn, machine.settings)
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
    settings = _settings(request)
    if request.get("roleArn") is not None:
        check_role(request["roleArn"])
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
            settings={**machine.settings, **settings},
            revision_id=str(uuid.uuid4()),
            updated_at=service.clock.now(),
        )
        service.store.machines.put(changed)
        if service.runner.log is not None:
            service.runner.log.changed(changed.arn, changed.settings)
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
        "definition": machine.definition if with_data else "{}",
        "roleArn": machine.role_arn,
        "type": machine.type,
        "creationDate": moment(machine.created_at),
        **revision_of(machine),
        **described,
        **settings_of(machine),
        **(references_of(service, machine.definition) if with_data else {}),
    }


def revision_of(machine: Machine) -> Response:
    """Return the member that names the revision; nothing for the first one, which has no identifier."""
    return {} if machine.revision_id == INITIAL else {"revisionId": machine.revision_id}


def references_of(service: Service, definition: str, region: str = "") -> Response:
    """Return the member that says which variables the states read; nothing when none does.

    ``region``: for a child of a map run, the JSON Pointer of its states.
    """
    found = variable_references(codec.parse(definition, service.limits.name), region)
    return {"variableReferences": found} if found else {}


def settings_of(machine: Machine) -> Response:
    """Return logging, tracing and encryption as they were given, or AWS's defaults."""
    return _with_defaults(machine.settings)


def _with_defaults(settings: JSON) -> Response:
    shown = {**_DEFAULTS, **(settings or {})}
    logging = {**_DEFAULTS["loggingConfiguration"], **shown["loggingConfiguration"]}
    if not logging.get("destinations"):
        logging.pop("destinations", None)
    return {**shown, "loggingConfiguration": logging}


def _settings(request: Request) -> dict[str, JSON]:
    """Return the settings in a request. Raises InvalidLoggingConfiguration, InvalidEncryptionConfiguration."""
    check_encryption(request.get("encryptionConfiguration"))
    logging = request.get("loggingConfiguration") or {}
    destinations = logging.get("destinations") or []
    if len(destinations) > 1 or (logging.get("level", "OFF") != "OFF" and not destinations):
        raise ServiceError(
            "InvalidLoggingConfiguration", "Invalid Logging Configuration: Must specify exactly one Log Destination."
        )
    for destination in destinations:
        arn = (destination.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn", "")
        if not _LOG_GROUP.fullmatch(arn):
            raise ServiceError(
                "InvalidLoggingConfiguration",
                f"Invalid Logging Configuration: '{arn}' is not the ARN of a log group; it must end with ':*'.",
            )
    return {key: request[key] for key in _SETTINGS if request.get(key) is not None}


def list_(service: Service, request: Request) -> Response:
    """ListStateMachines, by name."""
    prefix = f"{service.prefix}:stateMachine:"
    scope = ["ListStateMachines", prefix]
    after = page_mark(service, request, scope)
    found, after = service.store.machines.list(prefix, after, page_size(request))
    rows = (
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "type": machine.type,
            "creationDate": moment(machine.created_at),
        }
        for machine in found
        if not gone(service, machine)
    )
    return page(service, "stateMachines", rows, scope, after)


def delete(service: Service, request: Request) -> Response:
    """DeleteStateMachine: DELETING while executions of it run, then gone. Unknown ones are no error.

    The executions fail at their next state transition.
    """
    arn = request["stateMachineArn"]
    check_machine(arn)
    with service.machines_lock:
        machine = service.store.machines.get(arn)
        if machine is not None and machine.status != DELETING:
            deleting = replace(machine, status=DELETING)
            service.store.machines.put(deleting)
            service.runner.machine_changed(deleting)
            gone(service, deleting)
    return {}


def _checked(service: Service, definition: str, kind: str) -> str:
    check_length("definition", bytes_of(definition), service.limits.definition)
    errors = errors_of(definition, kind, service.limits)
    if errors:
        raise refusal(errors)
    return definition


def _refuse_other(
    service: Service, machine: Machine, definition: str, kind: str, settings: JSON, request: Request
) -> None:
    """Refuse a request that is not the one which made the machine. Raises StateMachineAlreadyExists."""
    if machine.status == DELETING:
        raise ServiceError("StateMachineDeleting", f"State Machine is deleting: '{machine.arn}'")
    same = (machine.definition, machine.type, _with_defaults(machine.settings)) == (
        definition,
        kind,
        _with_defaults(settings),
    )
    if same and request.get("publish"):
        published = service.store.published.versions(machine.arn)
        same = any((one.number, one.description) == (1, request.get("versionDescription")) for one in published)
    if not same:
        raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{machine.arn}'")
