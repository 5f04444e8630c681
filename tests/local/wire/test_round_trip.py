"""What botocore's client writes, we read; what we write, botocore's client reads: for every operation of a service."""

from __future__ import annotations

import string
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from botocore.awsrequest import AWSRequest, prepare_request_dict
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.local.wire import cbor, jsonrpc, query, rest
from stepfunctions.local.wire.check import coerce
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.models import protocols, service_model
from stepfunctions.local.wire.route import CBOR

SERVICES = ("stepfunctions", "sagemaker", "glue", "ecs", "events", "sts", "lambda", "sagemaker-runtime", "cloudwatch")
SPOKEN = [(service, spoken) for service in SERVICES for spoken in protocols(service)]
_DEPTH = 4
_plain = st.text(string.ascii_letters + string.digits + "-_.:/+ ~", min_size=1, max_size=12).map(
    lambda text: text.strip() or "x"
)
_any_text = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn")), max_size=12)
_whole_seconds = st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, timezone.utc))


def operations(service: str) -> list[str]:
    model = service_model(service)
    return [
        name
        for name in model.operation_names
        if not model.operation_model(name).has_event_stream_output
        and not model.operation_model(name).has_event_stream_input
    ]


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape; text is plain where it goes into a header or a path."""
    kind = shape.type_name
    if kind == "structure":
        return structures(shape, depth)
    if kind == "list":
        return st.just([]) if depth > _DEPTH else st.lists(values(shape.member, depth + 1), max_size=2)
    if kind == "map":
        if depth > _DEPTH:
            return st.just({})
        return st.dictionaries(_plain, values(shape.value, depth + 1), max_size=2)
    placed = shape.serialization.get("location")
    return {
        "string": st.sampled_from(shape.enum) if getattr(shape, "enum", None) else _plain if placed else _any_text,
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**53), 2**53),
        "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "blob": st.binary(min_size=1, max_size=16),
        "timestamp": _whole_seconds,
    }[kind]


def structures(shape: Shape, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    if shape.is_document_type:
        return st.dictionaries(_plain, st.integers(0, 9) | _any_text, max_size=2)
    members: dict[str, st.SearchStrategy[Any]] = {
        name: st.deferred(lambda member=member: values(member, depth + 1))  # type: ignore[misc]
        for name, member in shape.members.items()
    }
    required = [
        name
        for name, member in shape.members.items()
        if name in shape.required_members or member.serialization.get("location") == "uri"
    ]
    if shape.is_tagged_union:
        return st.sampled_from(sorted(members)).flatmap(lambda name: st.fixed_dictionaries({name: members[name]}))

    @st.composite
    def drawn(draw: st.DrawFn) -> dict[str, Any]:
        optional = [name for name in members if name not in required]
        limit = 0 if depth > _DEPTH else 4
        chosen = draw(st.lists(st.sampled_from(optional), unique=True, max_size=limit)) if optional else []
        return {name: draw(members[name]) for name in (*required, *chosen)}

    return drawn()


def sent(operation: OperationModel, spoken: str, parameters: dict[str, Any]) -> Request:
    """The request that botocore's client sends for these parameters."""
    serialised = create_serializer(spoken, include_validation=False).serialize_to_request(parameters, operation)
    serialised.pop("host_prefix", None)
    prepare_request_dict(serialised, "http://127.0.0.1:8083", context={})
    http = AWSRequest(
        method=serialised["method"], url=serialised["url"], headers=serialised["headers"], data=serialised["body"]
    ).prepare()
    url = urlsplit(http.url)
    body = http.body.encode() if isinstance(http.body, str) else bytes(http.body or b"")
    headers = {name.lower(): text if isinstance(text, str) else text.decode() for name, text in http.headers.items()}
    return Request(
        method=http.method,
        path=url.path,
        query=tuple(parse_qsl(url.query, keep_blank_values=True)),
        headers=headers,
        body=body,
    )


def read(operation: OperationModel, spoken: str, request: Request) -> dict[str, Any]:
    """What our front makes of a request."""
    service = operation.service_model.service_name
    if spoken == CBOR:
        assert cbor.operation_of(request) == operation.name
        return cbor.parse(request)
    if spoken == "json":
        assert jsonrpc.operation_of(request) == operation.name
        return jsonrpc.parse(request, operation)
    if spoken == "query":
        assert query.operation_of(request) == operation.name
        return query.parse(request, operation)
    name, labels = rest.match(service, request)
    assert name == operation.name
    return rest.parse(request, operation, labels)


def written(operation: OperationModel, spoken: str, result: dict[str, Any]) -> Response:
    if spoken == CBOR:
        return cbor.serialise(result, operation)
    if spoken == "json":
        return jsonrpc.serialise(result, operation)
    if spoken == "query":
        return query.serialise(result, operation, "a-request-id")
    return rest.serialise(result, operation)


def received(operation: OperationModel, spoken: str, response: Response) -> dict[str, Any]:
    """What botocore's client makes of a response."""
    headers = {name.lower(): text for name, text in response.headers}
    body: Any = response.body
    shape = operation.output_shape
    if operation.has_streaming_output or _raw_payload(shape):
        body = _Stream(body)
    parsed: dict[str, Any] = create_parser(spoken).parse(
        {"status_code": response.status, "headers": _CaseInsensitive(headers), "body": body, "context": {}}, shape
    )
    parsed.pop("ResponseMetadata", None)
    return {name: bytes(value) if isinstance(value, _Stream) else value for name, value in parsed.items()}


def _raw_payload(shape: Shape | None) -> bool:
    payload = shape.serialization.get("payload") if shape is not None else None
    return payload is not None and shape is not None and shape.members[payload].type_name == "blob"


class _Stream(bytearray):
    """A body that botocore leaves alone, as it does an open connection."""


class _CaseInsensitive(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return super().__contains__(str(key).lower())

    def __getitem__(self, key: str) -> str:
        return super().__getitem__(key.lower())


def _plain_value(value: Any) -> Any:
    """Botocore's reader gives back local-zone datetimes and its own dictionaries."""
    if isinstance(value, dict):
        return {key: _plain_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain_value(one) for one in value]
    return value.astimezone(timezone.utc) if isinstance(value, datetime) else value


def _without_empty(value: Any) -> Any:
    """The query protocol and headers cannot tell an empty list or structure from none."""
    if isinstance(value, dict):
        kept = {key: _without_empty(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in ({}, [], None)}
    if isinstance(value, list):
        return [kept for kept in map(_without_empty, value) if kept not in ({}, [])]
    return value


@pytest.mark.parametrize(("service", "spoken"), SPOKEN)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_request_of_botocores_client_is_read_back(service: str, spoken: str, data: st.DataObject) -> None:
    operation = service_model(service).operation_model(data.draw(st.sampled_from(operations(service))))
    parameters = {} if operation.input_shape is None else data.draw(structures(operation.input_shape))
    got, _ = coerce(read(operation, spoken, sent(operation, spoken, parameters)), operation.input_shape)
    assert _without_empty(got) == _without_empty(parameters)


@pytest.mark.parametrize(("service", "spoken"), SPOKEN)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_response_of_ours_is_read_by_botocores_client(service: str, spoken: str, data: st.DataObject) -> None:
    operation = service_model(service).operation_model(data.draw(st.sampled_from(operations(service))))
    shape = operation.output_shape
    result = {} if shape is None else data.draw(structures(shape))
    for name, member in ({} if shape is None else shape.members).items():
        if member.serialization.get("location") == "statusCode":
            result[name] = 200
        if shape is not None and name == shape.serialization.get("payload") and member.type_name == "blob":
            result.setdefault(name, b"")  # a body that is not there is an empty one
    got = received(operation, spoken, written(operation, spoken, result))
    assert _without_empty(_plain_value(got)) == _without_empty(result)
