"""What provisioning refuses before it calls anything, and what it asks of AWS: requests checked by botocore's stubs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Chain, FargateStep, GlueStep, Pass, lambda_function
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.provision import Places

ROLE = "arn:aws:iam::123456789012:role/r"
CONFIGURATION = {
    "FunctionName": "ready",
    "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:ready",
    "CodeSha256": "other",
    "State": "Active",
    "LastUpdateStatus": "Successful",
}


class OneSession:
    """A session whose clients are stubbed: any call that is not foreseen raises."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}
        for service in ("lambda", "glue", "ecs", "s3"):
            self.clients[service] = boto3.client(
                service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
            )
            self.stubs[service] = Stubber(self.clients[service])
            self.stubs[service].activate()

    def client(self, service: str) -> Any:
        return self.clients[service]

    def done(self) -> None:
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@lambda_function(role=ROLE, layers=["arn:aws:lambda:us-east-1:123456789012:layer:l:1"])
def ready(a: int = 1) -> int:
    return a


@lambda_function
def without_role() -> None:
    pass


def workflow(definition: Any, **fields: Any) -> Workflow:
    return Workflow("w", definition, role=ROLE, **fields)


def test_nothing_declared_needs_nothing() -> None:
    assert workflow(Pass("P")).provision() == []


def test_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    script = tmp_path / "extract.py"
    script.touch()
    definition = Chain([without_role.step("F"), GlueStep("G", script), FargateStep("C", "python:3.12", subnets=["s"])])
    session = OneSession()
    with pytest.raises(ValueError, match="lambda_function 'without_role' has no role") as refused:
        workflow(definition).provision(session)
    assert "State 'G' has no role: give role='arn:aws:iam" in str(refused.value)
    assert "State 'G' has the file 'extract.py', which must be in a bucket: give provision(bucket=" in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("image", "named"), [("123456789012.dkr.ecr.eu-west-1.amazonaws.com/c:1", True), ("c:1", False)]
)
def test_fargate_pulls_from_ecr_with_a_role(image: str, named: bool) -> None:
    definition = Chain([without_role.step("F"), FargateStep("C", image, subnets=["s"])])
    with pytest.raises(ValueError, match="'without_role' has no role") as refused:
        workflow(definition).provision(OneSession())
    assert ("State 'C' has no execution_role" in str(refused.value)) is named


def test_what_is_made_is_in_the_region_of_the_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    assert Places(None, client, None, "", None).client("lambda").meta.region_name == "eu-west-1"
    assert Places(None, None, None, "", None).client("lambda").meta.region_name == "us-east-1"


def test_a_package_that_cannot_be_made_stops_before_the_first_call() -> None:
    made = object()

    @lambda_function(role=ROLE)
    def unpackable() -> Any:
        return made

    with pytest.raises(ValueError, match="unpackable uses 'made'"):
        workflow(Chain([ready.step("A"), unpackable.step("B")])).provision(OneSession())


def test_a_script_that_vanished_is_told(tmp_path: Path) -> None:
    script = tmp_path / "extract.py"
    script.touch()
    step = GlueStep("G", script, role=ROLE)
    script.unlink()
    session = OneSession()
    session.stubs["s3"].add_response("head_bucket", {}, {"Bucket": "b"})
    with pytest.raises(ValueError, match=r"State 'G': its file.*extract\.py"):
        workflow(step).provision(session, "b")


def test_a_new_function_is_waited_for() -> None:
    session = OneSession()
    stub = session.stubs["lambda"]
    stub.add_client_error("get_function_configuration", "ResourceNotFoundException")
    request = {**ready.declared().request, "Code": {"ZipFile": ready.package()}}
    stub.add_response("create_function", CONFIGURATION, request)
    stub.add_response("get_function", {"Configuration": CONFIGURATION}, {"FunctionName": "ready"})
    assert [one.action for one in workflow(ready.step("A")).provision(session)] == ["created"]
    session.done()


def test_code_and_settings_change_one_after_the_other() -> None:
    session = OneSession()
    stub = session.stubs["lambda"]
    stub.add_response("get_function_configuration", CONFIGURATION)
    code = {"FunctionName": "ready", "ZipFile": ready.package(), "Architectures": ["x86_64"]}
    stub.add_response("update_function_code", CONFIGURATION, code)
    stub.add_response("get_function", {"Configuration": CONFIGURATION})
    settings = {key: value for key, value in ready.declared().request.items() if key != "Architectures"}
    stub.add_response("update_function_configuration", CONFIGURATION, settings)
    stub.add_response("get_function", {"Configuration": CONFIGURATION})
    assert [one.action for one in workflow(ready.step("A")).provision(session)] == ["updated"]
    session.done()


def test_layers_are_compared_by_their_arns() -> None:
    import base64
    import hashlib

    session = OneSession()
    described = {
        **CONFIGURATION,
        **{key: value for key, value in ready.declared().request.items() if key not in ("Environment", "Description")},
        "CodeSha256": base64.b64encode(hashlib.sha256(ready.package()).digest()).decode(),
        "Layers": [{"Arn": "arn:aws:lambda:us-east-1:123456789012:layer:l:1", "CodeSize": 3}],
        "Timeout": 60,
    }
    session.stubs["lambda"].add_response("get_function_configuration", described)
    assert [one.action for one in workflow(ready.step("A")).provision(session)] == ["unchanged"]
    session.done()


def test_a_refused_call_is_what_aws_said() -> None:
    session = OneSession()
    session.stubs["lambda"].add_client_error("get_function_configuration", "AccessDeniedException", "not you")
    with pytest.raises(session.clients["lambda"].exceptions.ClientError, match="not you"):
        workflow(ready.step("A")).provision(session)


def test_a_large_package_needs_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.workflow.provision._ZIP_LIMIT", 10)
    session = OneSession()
    session.stubs["lambda"].add_client_error("get_function_configuration", "ResourceNotFoundException")
    with pytest.raises(ValueError, match=r"'ready' is packaged in \d+ bytes.*bucket="):
        workflow(ready.step("A")).provision(session)


def test_files_go_under_their_hash_once() -> None:
    session = OneSession()
    places = Places(session, None, "b", "p/", None)
    key = "p/hello-2cf24dba5fb0a30e.txt"
    stub = session.stubs["s3"]
    stub.add_client_error("head_object", "404", http_status_code=404)
    stub.add_response("put_object", {}, {"Bucket": "b", "Key": key, "Body": ANY})
    stub.add_response("head_object", {}, {"Bucket": "b", "Key": key})
    assert places.upload(b"hello", "hello.txt") == places.upload(b"hello", "hello.txt") == ("b", key)
    session.done()


@pytest.mark.parametrize(
    ("endpoint", "complete"),
    [("http://127.0.0.1:8083", False), ("http://localhost:8083", False), (None, True), ("http://10.1.2.3:80", True)],
)
def test_where_requirements_are_packaged(endpoint: str | None, complete: bool) -> None:
    client = boto3.client(
        "stepfunctions",
        region_name="eu-west-1",
        endpoint_url=endpoint,
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    places = Places(session, client, None, "", None)
    assert places.complete is complete
    assert places.client("glue").meta.region_name == ("us-east-1" if endpoint is None else "eu-west-1")
    assert places.client("glue").meta.endpoint_url == (endpoint or "https://glue.us-east-1.amazonaws.com")
    assert Places(session, client, None, "", True).complete


def test_a_client_that_is_not_botos_tells_no_account() -> None:
    with pytest.raises(ValueError, match=r"give provision\(session="):
        workflow(ready.step("A"), client=LocalClient()).provision()
