"""TestState: one state, run by the engine itself, with its task done by a mock or for real.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.engine.ports import WebTrace
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations import mocks
from stepfunctions.runtime.operations.mocks import Mock
from stepfunctions.runtime.operations.service import Request, Response, Service, check_role
from stepfunctions.runtime.operations.trial import Trial
from stepfunctions.runtime.operations.trial_context import context_of
from stepfunctions.runtime.operations.validation import errors_of, refusal

_NAME = "StateName"
"""What a state is called whose definition is given alone."""

_REGIONS = ("Iterator", "ItemProcessor")
_NO_MAPS = (
    "TestState API does not support Map or Parallel states. Supported state types include: "
    "[Task, Wait, Pass, Succeed, Fail, Choice]"
)


def test_state(service: Service, request: Request) -> Response:
    """TestState."""
    name, state, language = _tested(request)
    document, renamed = _machine(name, state, language)
    errors = errors_of(dumps(document), limits=service.limits)
    if errors:
        raise refusal(errors)
    mock = _mock(request)
    _check_mock(state, mock, request)
    configuration = request.get("stateConfiguration") or {}
    _check_configuration(state, mock, configuration)
    distributed = "ResultWriter" in state or _is_distributed(state)
    if mock is not None and state["Type"] in ("Map", "Parallel"):
        change = _as_task if state["Type"] == "Parallel" else _as_distributed
        document, renamed = _machine(name, change(state), language)
    machine = uuid.uuid4()
    level = request.get("inspectionLevel", "INFO")
    trial = Trial(
        document=document,
        name=name,
        arn=f"{service.prefix}:express:{machine}:{uuid.uuid4()}",
        role_arn=request.get("roleArn"),
        input=_input(request),
        variables=_variables(request),
        context=context_of(request.get("context"), state),
        retries=int(configuration.get("retrierRetryCount") or 0),
        failed_items=int(configuration.get("mapIterationFailureCount") or 0),
        reader_data=configuration.get("mapItemReaderData"),
        inline=not distributed,
        renamed=renamed,
        mock=mock,
        integration=service.runner.integration,
        trace=WebTrace(reveal_secrets=bool(request.get("revealSecrets"))) if level == "TRACE" else None,
        now=service.clock.now(),
    )
    return trial.run(inspect=level != "INFO")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def _tested(request: Request) -> tuple[str, dict[str, Any], str | None]:
    """Return name, definition and query language of the state under test."""
    text = request["definition"]
    try:
        definition = json.loads(text)
    except (ValueError, RecursionError):
        definition = None
    if not isinstance(definition, dict):
        raise refusal(errors_of(text))
    name = request.get("stateName")
    if name is None:
        if "States" in definition and "Type" not in definition:
            raise _invalid("stateName must be specified when the definition is a whole state machine")
        return _NAME, definition, definition.get("QueryLanguage")
    found = dict(_states(definition)).get(name)
    if not isinstance(found, dict):
        raise _invalid("State not found in definition")
    return name, found, found.get("QueryLanguage") or definition.get("QueryLanguage")


def _states(definition: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and definition of every state, inner ones too."""
    states = definition.get("States") if isinstance(definition, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        yield name, state
        if isinstance(state, dict):
            branches = state.get("Branches")
            for region in (*(branches if isinstance(branches, list) else ()), *(state.get(key) for key in _REGIONS)):
                yield from _states(region)


def _mock(request: Request) -> Mock | None:
    given = request.get("mock")
    if not given:
        return None
    result, failure = given.get("result"), given.get("errorOutput")
    if result is not None and failure is not None:
        raise _invalid("A test mock should have only one of the following fields: [result, errorOutput].")
    if result is None and failure is None:
        raise _invalid("A test mock should have one of the following fields: [result, errorOutput].")
    if request.get("revealSecrets"):
        raise _invalid("TestState does not support RevealSecrets when a mock is specified.")
    if failure is not None:
        if failure.get("error") is None:
            raise _invalid("The field 'error' is required in the errorOutput of a mock")
        return Mock(error=failure["error"], cause=failure.get("cause") or "")
    try:
        return Mock(result=json.loads(result))
    except (ValueError, RecursionError):
        raise _invalid("Mocked result must be valid JSON") from None


def _check_mock(state: dict[str, Any], mock: Mock | None, request: Request) -> None:
    """Refuse a mock for what takes none, a mock that does not fit, and what cannot be tested without one."""
    kind = state["Type"]
    if request.get("roleArn"):
        check_role(request["roleArn"])
    if mock is None:
        _check_unmocked(state, request)
    elif kind not in ("Task", "Map", "Parallel"):
        raise _invalid(f"State type '{kind}' is not supported when a mock is specified")
    elif mock.error is None:
        _check_result(state, mock.result, request["mock"].get("fieldValidationMode") or "STRICT")


def _check_unmocked(state: dict[str, Any], request: Request) -> None:
    if state["Type"] in ("Map", "Parallel"):
        raise ServiceError("InvalidDefinition", _NO_MAPS)
    if request.get("context") is not None:
        raise _invalid("A context object can only be specified together with a mock")
    if state["Type"] != "Task":
        return
    resource = Resource.parse(state["Resource"])
    if resource.kind == "activity":
        raise _invalid("TestState does not support Activity tasks unless a mock is specified")
    if resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
        pattern = f"'.{resource.pattern.value}' service integration pattern"
        raise _invalid(f"TestState does not support the {pattern} unless a mock is specified")
    if not request.get("roleArn"):
        raise _invalid("RoleArn must be specified when testing a Task state")


def _check_result(state: dict[str, Any], result: JSON, mode: str) -> None:
    if state["Type"] == "Task":
        mocks.check_result(Resource.parse(state["Resource"]), result, mode)
    elif state["Type"] == "Map" and "Resource" in (state.get("ResultWriter") or {}):
        if not isinstance(result, dict):
            raise _invalid("Mocked result must be a JSON object.")
    elif not isinstance(result, list):
        raise _invalid("Mocked result must be an array.")
    elif state["Type"] == "Parallel" and len(result) != len(state["Branches"]):
        raise _invalid("Mocked result must contain the same number of items as number of Parallel branches.")


def _check_configuration(state: dict[str, Any], mock: Mock | None, configuration: Request) -> None:
    """Refuse a stateConfiguration that does not fit the state."""
    for member in ("mapIterationFailureCount", "mapItemReaderData"):
        if configuration.get(member) is not None and (mock is None or state["Type"] != "Map"):
            raise _invalid(f"stateConfiguration.{member} can only be specified for a Map state with a mock")
    cause = configuration.get("errorCausedByState")
    if cause is not None and cause not in dict(_states({"States": {_NAME: state}})):
        raise _invalid(f"stateConfiguration.errorCausedByState: there is no state '{cause}' inside of the tested one")


def _machine(name: str, state: dict[str, Any], language: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a machine of this state and of a state that ends it for each that this one leads to.

    Where it leads to itself, the state at the end has another name, which the second value says.
    """
    state = dict(state)
    states: dict[str, Any] = {name: state}
    again = uuid.uuid4().hex

    def stub(goal: JSON) -> JSON:
        if not isinstance(goal, str):
            return goal
        end = again if goal == name else goal
        states[end] = {"Type": "Succeed"}
        return end

    for key in ("Next", "Default"):
        if key in state:
            state[key] = stub(state[key])
    for key in ("Catch", "Choices"):
        if isinstance(state.get(key), list):
            state[key] = [
                {**one, "Next": stub(one["Next"])} if isinstance(one, dict) and "Next" in one else one
                for one in state[key]
            ]
    top = {} if language is None else {"QueryLanguage": language}
    return {"StartAt": name, "States": states, **top}, {again: name}


def _as_task(state: dict[str, Any]) -> dict[str, Any]:
    """Return a Task whose data goes the same way: from a result on, a Parallel is one."""
    kept = {key: value for key, value in state.items() if key != "Branches"}
    return {**kept, "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}


def _is_distributed(state: dict[str, Any]) -> bool:
    config = (state.get("ItemProcessor") or {}).get("ProcessorConfig") or {}
    return config.get("Mode") == "DISTRIBUTED"


def _as_distributed(state: dict[str, Any]) -> dict[str, Any]:
    """Return a Map that asks for its items to be run by someone else, which its mock then has done."""
    kept = {key: value for key, value in state.items() if key not in _REGIONS}
    region = next(state[key] for key in reversed(_REGIONS) if key in state)
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {**kept, "ItemProcessor": {**region, "ProcessorConfig": config}}


def _input(request: Request) -> JSON:
    try:
        return json.loads(request.get("input") or "{}")
    except (ValueError, RecursionError) as error:
        what = f"Invalid State Machine Execution Input: '{error}'"
        raise ServiceError("InvalidExecutionInput", what) from None


def _variables(request: Request) -> dict[str, JSON]:
    try:
        found = json.loads(request.get("variables") or "{}")
    except (ValueError, RecursionError) as error:
        raise _invalid(f"variables must be a JSON object: {error}") from None
    if not isinstance(found, dict):
        raise _invalid("variables must be a JSON object")
    return found
