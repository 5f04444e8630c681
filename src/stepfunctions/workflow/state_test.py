"""One state run by itself: the TestState API, of AWS or of the local engine.

API: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from stepfunctions.errors import StateFailed
from stepfunctions.inputs.schemas import plain
from stepfunctions.steps.base import State
from stepfunctions.steps.graph import Graph


class _NoMock:
    """The type of NO_MOCK."""

    def __repr__(self) -> str:
        return "NO_MOCK"


NO_MOCK = _NoMock()
"""The state is not mocked; None is a mock whose result is null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateTest:
    """How a state went.

    ``status``: SUCCEEDED, FAILED, RETRIABLE (a retrier takes the error) or CAUGHT_ERROR. ``next_state``: where it
    leads, None at an end. ``inspection``: the API's inspectionData, with the JSON in it read.
    """

    status: Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
    output: Any = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
    inspection: dict[str, Any] = field(default_factory=dict)

    @property
    def retry_seconds(self) -> float | None:
        """How long the retrier that takes the error waits; None without one, or when it is not inspected."""
        details = self.inspection.get("errorDetails", {})
        seconds: float | None = details.get("retryBackoffIntervalSeconds")
        return seconds


class Testable:
    """The part of a :class:`~stepfunctions.workflow.workflow.Workflow` that tests single states."""

    definition: Graph
    role: str
    client: Any

    def test_state(
        self,
        state: str | State | Mapping[str, Any],
        inputs: Any = None,
        *,
        mock: Any = NO_MOCK,
        variables: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        inspection_level: Literal["INFO", "DEBUG", "TRACE"] = "INFO",
        retries: int | None = None,
        caused_by: str | None = None,
        failed_items: int | None = None,
        item_data: Any = None,
        validate_mock: Literal["STRICT", "PRESENT", "NONE"] | None = None,
        reveal_secrets: bool = False,
        local: bool = False,
    ) -> StateTest:
        """Run one state and return how it went: a state of this workflow (its name or object), or any other one.

        ``inputs`` is the state's input. On AWS and the local cloud a Task really runs, unless it is mocked; states
        that wait for a job, a token, an activity, branches or items must be. ``local``: in this process, with no
        service at all; every Task must be mocked then.

        ``mock``: what the task (the branches, the items) gives: a JSON value, or an exception to fail with, which is
        StateFailed(error, cause) or any other, whose class name is the error. ``variables``: those that are set.
        ``context``: the context object (only with a mock). ``inspection_level``: DEBUG also tells each stage of the
        data, TRACE also the request and response of an HTTP task. ``retries``: how often its retrier was used before.
        ``caused_by``: for a failing mock of a Map or Parallel, the state inside that failed. ``failed_items``: how many
        items of a Map failed. ``item_data``: the text of the file that an ItemReader would read; another value than a
        text stands for its JSON. ``validate_mock``: how closely AWS compares a mock with what the service answers.
        ``reveal_secrets``: show them in a TRACE.

        Raises ValueError for a name that no state has, and the API's InvalidDefinition and ValidationException.
        """
        anyone = local and self.role and not self.role.startswith("arn:")
        request: dict[str, Any] = {
            "definition": json.dumps(definition_of(self.definition, state)),
            "roleArn": f"arn:aws:iam::123456789012:role/{self.role}" if anyone else self.role or None,
            "inspectionLevel": inspection_level,
            "input": _text(json.loads(inputs) if isinstance(inputs, str) else inputs),
            "variables": _text(variables),
            "context": _text(context),
            "mock": None if mock is NO_MOCK else _mock(mock, validate_mock),
            "stateConfiguration": _given(
                {
                    "retrierRetryCount": retries,
                    "errorCausedByState": caused_by,
                    "mapIterationFailureCount": failed_items,
                    "mapItemReaderData": item_data if isinstance(item_data, str) else _text(item_data),
                }
            )
            or None,
            "revealSecrets": reveal_secrets or None,
        }
        client = self.client if not local else _local_client()
        return _result(client.test_state(**_given(request)))


def _local_client() -> Any:
    from stepfunctions.runtime.inprocess import LocalClient

    return LocalClient()


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(plain(value))


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if value is not None}


def definition_of(graph: Graph, state: str | State | Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition of one state, with the query language that holds for it.

    Raises ValueError for a name that no state has, TypeError for what is no state.
    """
    definition = graph.to_dict()
    language = definition.get("QueryLanguage")
    if isinstance(state, State):
        known = dict(_states(definition)).get(state.state_id)
        found = dict(known if known is not None and graph.contains(state) else state.to_dict())
    elif isinstance(state, Mapping):
        found = dict(state)
    elif isinstance(state, str):
        known_states = dict(_states(definition))
        if state not in known_states:
            close = get_close_matches(state, known_states, 1)
            raise ValueError(
                f"The workflow has no state '{state}'."
                + (f" Did you mean '{close[0]}'?" if close else f" It has: {', '.join(known_states)}.")
            )
        found = dict(known_states[state])
    else:
        raise TypeError(f"A state is given by its name, as an object, or as its JSON, not as {state!r}.")
    if language is not None:
        found.setdefault("QueryLanguage", language)
    return found


def _states(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and definition of every state, also of those inside others."""
    for name, state in value.get("States", {}).items():
        yield name, state
        for region in (*state.get("Branches", ()), state.get("Iterator"), state.get("ItemProcessor")):
            if isinstance(region, dict):
                yield from _states(region)


def _mock(mock: Any, validation: str | None) -> dict[str, Any]:
    made: dict[str, Any]
    if isinstance(mock, type) and issubclass(mock, BaseException):
        mock = mock()
    if isinstance(mock, StateFailed):
        made = {"errorOutput": {"error": mock.error, "cause": mock.cause}}
    elif isinstance(mock, BaseException):
        made = {"errorOutput": {"error": type(mock).__name__, "cause": str(mock)}}
    else:
        made = {"result": json.dumps(plain(mock))}
    return made | ({} if validation is None else {"fieldValidationMode": validation})


def _result(response: Mapping[str, Any]) -> StateTest:
    return StateTest(
        status=response["status"],
        output=_read(response.get("output")),
        error=response.get("error"),
        cause=response.get("cause"),
        next_state=response.get("nextState"),
        inspection={key: _read(value) for key, value in response.get("inspectionData", {}).items()},
    )


def _read(value: Any) -> Any:
    """Return what a JSON text says; other values, and texts of HTTP that are no JSON, as they are."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
