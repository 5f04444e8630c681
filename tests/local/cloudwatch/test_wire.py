"""The three protocols that clients of CloudWatch speak, and what is no request at all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import cbor2
import pytest

from stepfunctions.local.cloud import Cloud
from stepfunctions.local.wire.front import handle
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.local.wire.route import service_of

SIGNED = {"authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/monitoring/aws4_request, Signature=0"}
TARGET = "GraniteServiceVersion20100801"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


def cbor(operation: str, body: bytes, **headers: str) -> Request:
    return Request(
        method="POST",
        path=f"/service/{TARGET}/operation/{operation}",
        headers={"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor", **headers},
        body=body,
    )


def answered(cloud: Cloud, request: Request) -> Response:
    service = service_of(request)
    assert service == "cloudwatch"
    return handle(cloud, service, request)


def test_older_clients_speak_json_and_query(cloud: Cloud) -> None:
    given = {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1}]}
    json_request = Request(
        method="POST",
        path="/",
        headers={**SIGNED, "x-amz-target": f"{TARGET}.PutMetricData", "content-type": "application/x-amz-json-1.0"},
        body=json.dumps(given).encode(),
    )
    assert answered(cloud, json_request).status == 200
    form = b"Action=PutMetricData&Version=2010-08-01&Namespace=n&MetricData.member.1.MetricName=m&" + (
        b"MetricData.member.1.Value=2"
    )
    headers = {**SIGNED, "content-type": "application/x-www-form-urlencoded"}
    assert answered(cloud, Request(method="POST", path="/", headers=headers, body=form)).status == 200
    listed = answered(
        cloud, Request(method="POST", path="/", headers=headers, body=b"Action=ListMetrics&Version=2010-08-01")
    )
    assert b"<ListMetricsResult><Metrics><member><Namespace>n</Namespace>" in listed.body
    found = answered(cloud, cbor("ListMetrics", cbor2.dumps({})))
    assert cbor2.loads(found.body)["Metrics"] == [{"Namespace": "n", "MetricName": "m", "Dimensions": []}]


def test_a_refusal_names_the_code_of_the_query_protocol_too(cloud: Cloud) -> None:
    body = cbor2.dumps({"Namespace": "n", "MetricData": [{"MetricName": "m"}]})
    response = answered(cloud, cbor("PutMetricData", body))
    headers = dict(response.headers)
    assert response.status == 400
    assert headers["x-amzn-query-error"] == "MissingParameter;Sender"
    assert headers["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor2.loads(response.body)["__type"] == "MissingRequiredParameterException"


_NESTED = b"\x81" * 10_000 + b"\x01"
_SHARED = b"\xa1\x6aMetricData\xd8\x1c\x81\xd8\x1d\x00"  # a list that holds itself


@pytest.mark.parametrize(
    "body", [b"\xff", b"\x01", b"\xa1\x01\x02", _NESTED, _SHARED, b"\xa1\x61a\xc1\xfb\x7f\xf0\0\0\0\0\0\0", b"\xbf"]
)
def test_bodies_that_are_no_request(cloud: Cloud, body: bytes) -> None:
    assert answered(cloud, cbor("PutMetricData", body)).status == 400


def test_large_requests_come_compressed(cloud: Cloud) -> None:
    def gzip(body: bytes) -> bytes:
        packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
        return packer.compress(body) + packer.flush()

    packed = gzip(cbor2.dumps({}))
    header = {"content-encoding": "gzip"}
    assert answered(cloud, cbor("ListMetrics", packed, **header)).status == 200
    for bad in (packed[:-3], b"no gzip", gzip(bytes(9_000_000))):
        assert answered(cloud, cbor("ListMetrics", bad, **header)).status == 400
