"""What is captured of an endpoint's requests: AWS's lines, sampled, in files by the hour, none lost at a stop."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.local.sagemaker.conftest import IMAGE, ROLE, archive

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.capture import Captures

ECHO = """
def model_fn(folder): return None
def input_fn(body, content_type): return body
def predict_fn(body, model):
    if body == "fail": raise ValueError("no")
    return body
def output_fn(prediction, accept): return prediction, "text/csv"
"""
HEADERS = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}


def serve(sm: Any, name: str, **capture: Any) -> None:
    sm.put("models/echo.tar.gz", archive({"code/inference.py": ECHO}))
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/models/echo.tar.gz"}
    sm("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured/",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": HEADERS,
        **capture,
    }
    sm("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant], DataCaptureConfig=config)
    sm("CreateEndpoint", EndpointName=name, EndpointConfigName=name)
    assert sm.settled(name)["EndpointStatus"] == "InService"


def ask(sm: Any, name: str, body: bytes, content_type: str = "text/csv", **more: Any) -> None:
    request = {"EndpointName": name, "Body": body, "ContentType": content_type, **more}
    sm.cloud.call("sagemaker-runtime", "InvokeEndpoint", request)


def files(sm: Any, name: str) -> dict[str, list[dict[str, Any]]]:
    objects = sm.cloud.service("s3").objects
    found = {}
    for info in objects.list("bucket", f"captured/{name}/"):
        with objects.open("bucket", info.key) as file:
            found[info.key] = [json.loads(line) for line in file.read().decode().splitlines()]
    return found


def captured(sm: Any, name: str) -> list[dict[str, Any]]:
    sm.cloud.service("sagemaker").endpoints.captures.flush()
    return [line for lines in files(sm, name).values() for line in lines]


def test_lines_are_as_awss(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    serve(sm, "whole")
    ask(sm, "whole", b"1,2", InferenceId="mine")
    (line,) = captured(sm, "whole")
    assert line["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
        "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "1,2", "encoding": "CSV"},
    }
    assert line["eventVersion"] == "0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", line["eventMetadata"]["inferenceTime"])
    assert line["eventMetadata"]["inferenceId"] == "mine"
    (key,) = files(sm, "whole")
    assert re.fullmatch(r"captured/whole/all/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl", key)
    said = sm("DescribeEndpoint", EndpointName="whole")["DataCaptureConfig"]
    assert (said["EnableCapture"], said["CaptureStatus"], said["CurrentSamplingPercentage"]) == (True, "Started", 100)


def test_what_is_no_text_is_in_base64(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    serve(sm, "encoded", CaptureOptions=[{"CaptureMode": "Input"}])
    ask(sm, "encoded", b'{"a": 1}', "application/json; charset=utf-8")
    ask(sm, "encoded", b"\xff\x00", "application/x-npy")
    sides = [line["captureData"] for line in captured(sm, "encoded")]
    assert [list(side) for side in sides] == [["endpointInput"]] * 2
    assert [side["endpointInput"]["encoding"] for side in sides] == ["JSON", "BASE64"]
    assert base64.b64decode(sides[1]["endpointInput"]["data"]) == b"\xff\x00"


def test_a_failed_request_is_answered_as_ever_and_nothing_is_lost_at_a_stop(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    serve(sm, "kept")
    with pytest.raises(ServiceError, match="Received server error"):
        ask(sm, "kept", b"fail")
    for number in range(20):
        ask(sm, "kept", str(number).encode())
    sm.cloud.stop()
    again = open_sagemaker()
    inputs = [line["captureData"]["endpointInput"]["data"] for line in captured(again, "kept")]
    assert inputs == ["fail", *map(str, range(20))]
    assert again.settled("kept")["DataCaptureConfig"]["CaptureStatus"] == "Started"


def test_a_bucket_that_is_gone_harms_nobody(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    sm.cloud.call("s3", "CreateBucket", {"Bucket": "going"})
    serve(sm, "careless", DestinationS3Uri="s3://going/x")
    sm.cloud.call("s3", "DeleteBucket", {"Bucket": "going"})
    ask(sm, "careless", b"1")
    assert captured(sm, "careless") == []
    ask(sm, "careless", b"2")
    with pytest.raises(ServiceError, match="DestinationS3Uri: the bucket 'going'"):
        serve(sm, "later", DestinationS3Uri="s3://going/x")


class _Nothing:
    """A cloud as far as Captures.note needs one."""

    class clock:  # noqa: N801
        @staticmethod
        def now() -> float:
            return 0.0

    class timers:  # noqa: N801
        @staticmethod
        def set(*_: Any) -> None:
            pass


@given(st.integers(0, 100), st.integers(1, 2_000))
def test_a_sample_is_taken(percent: int, requests: int) -> None:
    captures = Captures(_Nothing())  # type: ignore[arg-type]
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": "s3://b",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    for _ in range(requests):
        captures.note(config, "e", "v", {"Input": (b"1", "text/csv"), "Output": (b"2", "text/csv")}, None)
    taken = sum(map(len, captures._waiting.values()))
    assert percent not in (0, 100) or taken == requests * percent // 100
    assert taken <= requests
