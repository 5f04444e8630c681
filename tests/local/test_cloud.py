from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import pytest

from stepfunctions.errors import LocalCloudError, ServiceError
from stepfunctions.local import services
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.wire.models import service_model
from stepfunctions.local.wire.route import SIGNING_NAMES, TARGET_PREFIXES
from stepfunctions.runtime.clock import ManualClock

ROLE = "arn:aws:iam::123456789012:role/service/Trainer"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path, clock=ManualClock(1_000_000)) as made:
        yield made


def refusal(cloud: Cloud, service: str, operation: str, params: dict[str, object]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        cloud.call(service, operation, params)
    return caught.value


def test_a_call_goes_to_the_service_and_answers_in_the_models_names(cloud: Cloud) -> None:
    assert cloud.call("sts", "GetCallerIdentity", {})["Arn"] == "arn:aws:iam::123456789012:user/local"
    answer = cloud.call("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "me", "DurationSeconds": 900})
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::123456789012:assumed-role/Trainer/me"
    assert answer["Credentials"]["Expiration"] == datetime.fromtimestamp(1_000_900, timezone.utc)


def test_everything_wrong_with_a_request_is_said_at_once_in_awss_words(cloud: Cloud) -> None:
    error = refusal(cloud, "sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "a b", "DurationSeconds": 1})
    assert error.code == "ValidationError"
    assert error.message == (
        "2 validation errors detected: "
        "Value 'a b' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*; "
        "Value '1' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900"
    )


def test_unknown_things_are_refused_with_what_there_is(cloud: Cloud) -> None:
    error = refusal(cloud, "nosuch", "ListTables", {})
    assert (error.code, error.status) == ("UnknownService", 501)
    assert "no operation" in refusal(cloud, "dynamodb", "ListChairs", {}).message
    error = refusal(cloud, "sts", "GetSessionToken", {})
    assert error.code == "UnknownOperationException"
    assert "not supported by the local cloud yet" in error.message
    assert "AssumeRole, GetCallerIdentity" in error.message
    assert "not an operation" in refusal(cloud, "sts", "GetCoffee", {}).message
    assert "not an operation" in refusal(cloud, "sts", "__init__", {}).message


@pytest.mark.parametrize("service", sorted(services.SERVICES))
def test_services_are_routed_by_what_their_models_say(service: str) -> None:
    metadata = service_model(service).metadata
    signing = metadata.get("signingName", metadata["endpointPrefix"])
    if service != "sagemaker-runtime":
        assert SIGNING_NAMES.get(signing, signing) == service
    if "targetPrefix" in metadata:
        assert TARGET_PREFIXES[metadata["targetPrefix"]] == service


def test_databases_close_with_the_cloud(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        database = cloud.database("notes", ["CREATE TABLE notes (text TEXT)"])
        assert database.path == tmp_path / "notes.db"
        assert list(database.read().execute("SELECT * FROM notes")) == []
    cloud.stop()


def test_clients_get_everything_they_need(tmp_path: Path) -> None:
    env = Cloud(tmp_path, region="eu-west-1", endpoint="http://127.0.0.1:8083").client_env()
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8083"
    assert env["AWS_DEFAULT_REGION"] == env["AWS_REGION"] == "eu-west-1"
    assert env["AWS_DISABLE_HOST_PREFIX_INJECTION"] == "true"
    assert "AWS_ENDPOINT_URL" not in Cloud(tmp_path).client_env()


@pytest.mark.parametrize("damage", ["UPDATE functions SET configuration = '{'", "DROP TABLE functions"])
def test_what_a_service_left_and_cannot_be_read_is_one_line(tmp_path: Path, damage: str) -> None:
    with Cloud(tmp_path) as cloud:
        cloud.call(
            "lambda",
            "CreateFunction",
            {
                "FunctionName": "f",
                "Role": ROLE,
                "Runtime": "python3.11",
                "Handler": "a.handler",
                "Code": {"S3Bucket": "local-folder", "S3Key": str(tmp_path)},
            },
        )
    with closing(sqlite3.connect(tmp_path / "lambda.db")) as connection, connection:
        connection.execute(damage)
    cloud = Cloud(tmp_path)
    with pytest.raises(LocalCloudError, match=r"/lambda\.db is damaged .* restore it from a backup") as caught:
        cloud.start()
    assert "\n" not in str(caught.value)
    cloud.stop()
