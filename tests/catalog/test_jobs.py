"""The table of jobs fits AWS's models: operations, members, states."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from stepfunctions.asl.resource import IntegrationPattern
from stepfunctions.catalog.integrations import INTEGRATIONS
from stepfunctions.catalog.jobs import JOBS, JobKind, find, request_of
from stepfunctions.catalog.sdk_services import member_of

_SESSION = botocore.session.get_session()
_KUBERNETES = ("eks", "runJob")


def test_every_job_that_can_be_waited_for_is_in_the_table() -> None:
    waited = {
        (service, action)
        for service, integration in INTEGRATIONS.items()
        for action, patterns in integration.actions.items()
        if IntegrationPattern.RUN_JOB in patterns
    }
    assert waited - JOBS.keys() == {_KUBERNETES}
    assert JOBS.keys() <= waited


@pytest.mark.parametrize("kind", [pytest.param(kind, id=":".join(name)) for name, kind in JOBS.items()])
def test_requests_paths_and_states_are_those_of_the_models(kind: JobKind) -> None:
    model = _SESSION.get_service_model(kind.client)
    for operation, request in filter(None, (kind.describe, kind.stop)):
        shape = model.operation_model(operation).input_shape
        assert set(request) <= set(shape.members)
        assert set(shape.required_members) <= set(request)
    output = model.operation_model(kind.describe[0]).output_shape
    state = _shape_at(output, kind.state)
    assert kind.done or kind.gone
    assert not kind.done & kind.failed
    assert not state.enum or kind.done | kind.failed <= set(state.enum)
    _shape_at(output, kind.result)


def _shape_at(shape: Any, path: str) -> Any:
    for token in path.split(".") if path else ():
        if token.isdigit():
            shape = shape.member
        else:
            shape = {member_of(name, sdk=False): one for name, one in shape.members.items()}[token]
    return shape


def test_paths_lead_to_values_or_nowhere() -> None:
    assert find("", {"a": 1}) == {"a": 1}
    assert find("a.1.b", {"a": [{}, {"b": 2}]}) == 2
    assert find("a.2.b", {"a": [{}, {"b": 2}]}) is None
    assert find("a.b", {"a": "text"}) is None
    made = request_of({"a": ["out.x"], "b": {"c": "in.y"}, "d": "=out.x"}, {"x": 1}, {"y": 2})
    assert made == {"a": [1], "b": {"c": 2}, "d": "out.x"}
