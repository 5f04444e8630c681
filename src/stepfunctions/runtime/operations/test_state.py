"""TestState: one state, run by the engine itself, with its task done by a mock or for real.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html

What AWS has and this has not: mocks are not compared with the response of the service's API, and a Map cannot be
given failed iterations or the data of an ItemReader.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.operations import machines
from stepfunctions.runtime.operations.service import Request, Response, Service
from stepfunctions.runtime.operations.trial import Mock, Trial

_DEFAULT_NAME = "TestedState"
_REGIONS = ("Iterator", "ItemProcessor")
_NOT_HERE = ("mapIterationFailureCount", "mapItemReaderData")
_OF_CHILDREN = (
    "Branches",
    "Iterator",
    "ItemProcessor",
    "ItemsPath",
    "Items",
    "ItemSelector",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
)
_STATE_TYPES = ("Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")


def test_state(service: Service, request: Request) -> Response:
    """TestState."""
    name, state, language = _tested(request)
    mock = _mock(request)
    _check_mock(state, mock, request)
    document, renamed = _machine(name, state, language)
    problems = machines.problems_of(service, dumps(document))
    if problems:
        raise _invalid("; ".join(map(str, problems)))
    configuration = request.get("stateConfiguration") or {}
    for member in _NOT_HERE:
        if configuration.get(member) is not None:
            raise ServiceError("ValidationException", f"The local engine does not take stateConfiguration.{member}")
    if mock is not None and state["Type"] in ("Map", "Parallel"):
        document, renamed = _machine(name, _as_task(state), language)
    trial = Trial(
        document=document,
        name=name,
        arn=f"{service.prefix}:express:TestState:{uuid.uuid4()}",
        role_arn=request.get("roleArn", ""),
        input=_json(request, "input", {}),
        variables=_object(request, "variables"),
        context=_object(request, "context"),
        retries=int(configuration.get("retrierRetryCount") or 0),
        renamed=renamed,
        mock=mock,
        integration=service.runner.integration,
        now=service.clock.now(),
    )
    return trial.run(inspect=request.get("inspectionLevel", "INFO") != "INFO")


test_state.__test__ = False  # type: ignore[attr-defined]  # pytest: no test of ours


def _invalid(why: str) -> ServiceError:
    return ServiceError("InvalidDefinition", f"Invalid State Machine Definition: '{why}'")


def _tested(request: Request) -> tuple[str, dict[str, JSON], str | None]:
    """Return name, definition and query language of the state under test."""
    try:
        definition = json.loads(request["definition"])
    except (ValueError, RecursionError) as error:
        raise _invalid(f"INVALID_JSON_DESCRIPTION: {error}") from None
    if not isinstance(definition, dict):
        raise _invalid("a definition is a JSON object")
    name = request.get("stateName")
    if name is not None:
        found = dict(_states(definition)).get(name)
        if not isinstance(found, dict):
            raise ServiceError("ValidationException", f"The definition has no state '{name}'")
        return _typed(name, found, found.get("QueryLanguage") or definition.get("QueryLanguage"))
    if "States" in definition and "Type" not in definition:
        raise ServiceError("ValidationException", "A whole definition needs stateName, the name of the state to test")
    return _typed(_DEFAULT_NAME, definition, definition.get("QueryLanguage"))


def _typed(name: str, state: dict[str, Any], language: str | None) -> tuple[str, dict[str, JSON], str | None]:
    if state.get("Type") not in _STATE_TYPES:
        raise _invalid(f"the Type of a state is one of {', '.join(_STATE_TYPES)}, not {state.get('Type')!r}")
    return name, state, language


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
    if (result is None) == (failure is None):
        raise ServiceError(
            "ValidationException", "A test mock should have exactly one of the following fields: [result, errorOutput]"
        )
    if failure is not None:
        return Mock(error=failure.get("error") or "", cause=failure.get("cause") or "")
    return Mock(result=_json(given, "result", None))


def _check_mock(state: dict[str, Any], mock: Mock | None, request: Request) -> None:
    """Raise ValidationException when the state needs a mock, or takes none."""
    kind = state["Type"]
    if mock is not None:
        if kind not in ("Task", "Map", "Parallel"):
            raise ServiceError("ValidationException", f"State type '{kind}' is not supported when a mock is specified")
        if kind == "Parallel" and mock.error is None and not isinstance(mock.result, list):
            raise ServiceError(
                "ValidationException", "The mocked result of a Parallel state is an array of its results"
            )
        return
    if request.get("context") is not None:
        raise ServiceError("ValidationException", "A context can be given only together with a mock")
    if not request.get("roleArn"):
        raise ServiceError("ValidationException", "roleArn must be specified when a mock is not")
    why = _needs_mock(state)
    if why is not None:
        raise ServiceError("ValidationException", f"A mock must be specified for {why}")


def _needs_mock(state: dict[str, Any]) -> str | None:
    if state["Type"] in ("Map", "Parallel"):
        return f"a state of the type '{state['Type']}'"
    if state["Type"] != "Task" or not isinstance(state.get("Resource"), str):
        return None
    try:
        resource = Resource.parse(state["Resource"])
    except ValueError:
        return None  # the definition is refused for it
    if resource.kind == "activity":
        return "an activity"
    if resource.pattern is not IntegrationPattern.REQUEST_RESPONSE:
        return f"the service integration pattern '.{resource.pattern.value}'"
    return None


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
    """Return a Task whose data goes the same way: from a result on, a Parallel or Map is one."""
    gone = {*_OF_CHILDREN, *(("Parameters",) if state["Type"] == "Map" else ())}  # a Map's are those of each item
    kept = {key: value for key, value in state.items() if key not in gone}
    return {**kept, "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}


def _json(request: Request, member: str, default: JSON) -> JSON:
    text = request.get(member)
    if text is None:
        return default
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        code = "InvalidExecutionInput" if member == "input" else "ValidationException"
        raise ServiceError(code, f"'{member}' is not JSON: {error}") from None


def _object(request: Request, member: str) -> dict[str, JSON]:
    found = _json(request, member, {})
    if not isinstance(found, dict):
        raise ServiceError("ValidationException", f"'{member}' must be a JSON object")
    return found
