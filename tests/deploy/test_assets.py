"""Files in a bucket, named after their content, and the stack that the bucket is of."""

from __future__ import annotations

import doctest
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from stepfunctions.deploy import assets
from stepfunctions.deploy.assets import AssetFile, Published, publish
from stepfunctions.deploy.bootstrap import Bootstrapped, bootstrap, bootstrap_template, bucket_of, stack_of


def client(service: str) -> Any:
    given: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    return boto3.client(service, **given)


def one(name: str = "pull.py", content: bytes = b"print(1)") -> AssetFile:
    return AssetFile(name=name, build=lambda: content, key_parameter="PullScript")


def test_keys_tell_the_content() -> None:
    assert doctest.testmod(assets).failed == 0
    assert one().key != one(content=b"print(2)").key
    assert one("source.tar.gz").key.endswith(".tar.gz")


def test_what_is_there_is_not_uploaded_again() -> None:
    s3 = client("s3")
    with Stubber(s3) as stub:
        where = {"Bucket": "files", "Key": one().key}
        stub.add_client_error("head_object", "404", http_status_code=404, expected_params=where)
        stub.add_response("put_object", {}, {**where, "Body": b"print(1)"})
        assert publish([one()], "files", s3) == [Published(key=one().key, uploaded=True)]
        stub.add_response("head_object", {}, where)
        assert publish([one()], "files", s3) == [Published(key=one().key, uploaded=False)]


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied"])
def test_a_bucket_that_cannot_be_used(code: str) -> None:
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "404")
        stub.add_client_error("put_object", code)
        with pytest.raises(ValueError, match=f"bucket 'files': {code}. Make it with 'stepfunctions bootstrap'"):
            publish([one()], "files", s3)


def stack(**more: Any) -> dict[str, Any]:
    outputs = [{"OutputKey": "AssetBucket", "OutputValue": "b-1"}]
    return {
        "Stacks": [
            {
                "StackName": "s",
                "CreationTime": "2026-01-01T00:00:00Z",
                "StackStatus": "CREATE_COMPLETE",
                "Outputs": outputs,
                **more,
            }
        ]
    }


def test_an_environment_is_bootstrapped_once() -> None:
    cloudformation = client("cloudformation")
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        stub.add_response("create_stack", {"StackId": "x"})
        stub.add_response("describe_stacks", stack())
        stub.add_response("describe_stacks", stack())
        made = Bootstrapped(stack="stepfunctions-bootstrap-dev", bucket="b-1", changed=True)
        assert bootstrap("dev", cloudformation, {"team": "delays"}) == made
        stub.add_response("describe_stacks", stack())
        stub.add_client_error("update_stack", "ValidationError", "No updates are to be performed.")
        stub.add_response("describe_stacks", stack())
        assert not bootstrap("dev", cloudformation).changed


def test_why_it_failed_is_told() -> None:
    cloudformation = client("cloudformation")
    event = {"StackId": "x", "EventId": "1", "StackName": "s", "Timestamp": "2026-01-01T00:00:00Z"}
    failed = {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Bucket", "ResourceStatusReason": "Too many."}
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        stub.add_response("create_stack", {"StackId": "x"})
        stub.add_response("describe_stacks", stack(StackStatus="ROLLBACK_COMPLETE"))
        stub.add_response("describe_stack_events", {"StackEvents": [{**event, **failed}]})
        with pytest.raises(ValueError, match=r"'stepfunctions-bootstrap-dev' could not be made: Bucket: Too many\."):
            bootstrap("dev", cloudformation)


def test_names() -> None:
    with pytest.raises(ValueError, match="at most 63 letters, digits and hyphens"):
        stack_of("my env")
    assert set(bootstrap_template()["Outputs"]) == {"AssetBucket"}


def test_without_a_bootstrap_stack_there_is_no_bucket() -> None:
    cloudformation = client("cloudformation")
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        assert bucket_of("dev", cloudformation) is None
