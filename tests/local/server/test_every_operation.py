"""Every operation of every service of ours, called through boto3: an answer as AWS's, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.services import SERVICES, supported_operations
from stepfunctions.local.wire.models import service_model
from stepfunctions.testing import LocalCloud

pytestmark = pytest.mark.local

ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:none"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as made:
        yield made


@pytest.fixture(scope="module")
def supported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    with Cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        return {name: supported_operations(name, cloud.service(name)) for name in SERVICES}


def some(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """Return a value that a shape may have: what is required, and no more."""
    if isinstance(shape, StructureShape):
        members = list(shape.required_members)
        if not members and shape.metadata.get("union"):
            members = list(shape.members)[:1]
        return {one: some(shape.members[one], one, depth + 1) for one in members} if depth < 8 else {}
    if isinstance(shape, ListShape):
        return [some(shape.member, name, depth + 1)]
    if isinstance(shape, MapShape):
        return {some(shape.key, "", depth + 1): some(shape.value, "", depth + 1)}
    if isinstance(shape, StringShape):
        return _text(shape, name)
    return {
        "boolean": False,
        "timestamp": datetime(2030, 1, 1, tzinfo=timezone.utc),
        "blob": b"{}",
        "float": 1.0,
        "double": 1.0,
    }.get(shape.type_name, max(1, shape.metadata.get("min", 1)))


def _text(shape: StringShape, name: str) -> str:
    if shape.enum:
        return str(shape.enum[0])
    if "arn" in name.lower():
        return ARN
    text = "none"
    least = shape.metadata.get("min", 0)
    return text if least <= len(text) else text * least


def called(client: Any, operation: OperationModel) -> tuple[str, int, str]:
    """Call an operation; returns the error's code ("" when there is none), the HTTP status, and the message."""
    request = {} if operation.input_shape is None else some(operation.input_shape)
    try:
        response = client._make_api_call(operation.name, request)
    except ClientError as error:
        told = error.response
        return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"].get("Message", "")
    return "", response["ResponseMetadata"]["HTTPStatusCode"], ""


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_answered_or_refused_clearly(
    service: str, cloud: LocalCloud, supported: dict[str, list[str]]
) -> None:
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=10)
    client = cloud.client(service, config=config)
    wrong = []
    for name in service_model(service).operation_names:
        operation = service_model(service).operation_model(name)
        code, status, message = called(client, operation)
        if name in supported[service]:
            fine = status < 500 and "UnknownOperation" not in code
        else:
            if operation.deprecated and status < 500:
                continue  # S3's old operations have the same requests as those that came after them
            if name == "ListDirectoryBuckets":
                continue  # the same request as ListBuckets
            refused = code in ("UnknownOperationException", "UnknownOperation", "NotImplemented", "MethodNotAllowed")
            fine = refused and any(word in message for word in ("upported", "implement", "not allowed"))
        if not fine:
            wrong.append(f"{name}: {code} {status} {message[:200]}")
    assert not wrong, "\n".join(wrong)
