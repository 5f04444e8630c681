"""What the SageMaker tests share: no call of AWS, and a check of requests against botocore's model of the API.

The tests in ``sdk/`` need the SageMaker SDK and run in environments of their own (``make test-sagemaker``), the same
ones with either line of it.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.requests import find_operation, problems_with_request
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.sagemaker.step import SageMakerStep

SDK = next((found.version for found in importlib.metadata.distributions(name="sagemaker")), "")
collect_ignore = [] if SDK else ["sdk"]

Checked = Callable[[SageMakerStep], dict[str, Any]]


class Calls(list[str]):
    """The operations of AWS that were called. None is answered, unless ``answers`` says so."""

    answers: Callable[[str, dict[str, Any]], Any] | None = None

    def call(self, operation: str, parameters: dict[str, Any]) -> Any:
        self.append(operation)
        assert self.answers is not None, f"{operation} is called in AWS: {parameters}"
        return self.answers(operation, parameters)


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """Fail a test that calls AWS, also where the failure is caught."""
    for name, value in (
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    noted = Calls()
    monkeypatch.setattr(
        BaseClient, "_make_api_call", lambda _, operation, parameters: noted.call(operation, parameters)
    )
    yield noted
    assert noted.answers is not None or noted == []


@pytest.fixture
def checked() -> Checked:
    return check


def check(step: SageMakerStep) -> dict[str, Any]:
    """Return the parameters of a step's state, after a check that the API takes the request."""
    resource = Resource.parse(step.to_dict()["Resource"])
    found = problems_with_request("sagemaker", resource.action, step.request, is_dynamic=is_dynamic, sdk=resource.sdk)
    assert found == []
    shape = find_operation("sagemaker", resource.action).input_shape
    report = ParamValidator().validate(filled(step.request, shape), shape)
    assert not report.has_errors(), report.generate_report()
    written = step.to_dict().get("Parameters")
    assert isinstance(written, dict)
    return written


def filled(value: Any, shape: Shape) -> Any:
    """Return a request with a sample of the right type for every value that is known only at run time."""
    if is_dynamic(value):
        return sample(shape)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name: filled(item, shape.members[name]) for name, item in value.items()}
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: filled(item, shape.value) for name, item in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [filled(item, shape.member) for item in value]
    return value


def sample(shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        return {name: sample(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, (MapShape, ListShape)):
        return [] if isinstance(shape, ListShape) else {}
    if shape.type_name == "string":
        return "sample".ljust(shape.metadata.get("min", 1), "-")
    return {"boolean": True, "float": 0.5, "double": 0.5}.get(shape.type_name, 1)
