"""Connections: kept, shown without their secrets, changed, and lost by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud

OWNER = "us-east-1:123456789012"
KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "x-key", "ApiKeyValue": "secret"}}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with Cloud(tmp_path) as made:
        yield made


def make(cloud: Cloud, kind: str = "API_KEY", parameters: Any = KEY, **more: Any) -> dict[str, Any]:
    request = {"Name": "c", "AuthorizationType": kind, "AuthParameters": parameters, **more}
    return cloud.call("events", "CreateConnection", request)


def test_a_connection_lives_until_it_is_deleted(cloud: Cloud) -> None:
    made = make(cloud, Description="for tests")
    assert made["ConnectionArn"].startswith(f"arn:aws:events:{OWNER}:connection/c/")
    found = cloud.call("events", "DescribeConnection", {"Name": "c"})
    assert (found["ConnectionState"], found["Description"]) == ("AUTHORIZED", "for tests")
    assert found["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "x-key"}}
    assert [one["Name"] for one in cloud.call("events", "ListConnections", {})["Connections"]] == ["c"]
    cloud.call("events", "DeauthorizeConnection", {"Name": "c"})
    assert cloud.call("events", "ListConnections", {"ConnectionState": "AUTHORIZED"})["Connections"] == []
    new = {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "other"}}
    cloud.call("events", "UpdateConnection", {"Name": "c", "AuthParameters": new})
    assert cloud.service("events").secret_of("c", OWNER)["api_key_value"] == "other"
    assert cloud.call("events", "DeleteConnection", {"Name": "c"})["ConnectionState"] == "DELETING"
    with pytest.raises(ServiceError) as gone:
        cloud.call("events", "DescribeConnection", {"Name": "c"})
    assert gone.value.code == "ResourceNotFoundException"


def test_an_update_merges_what_it_is_given(cloud: Cloud) -> None:
    make(cloud, "BASIC", {"BasicAuthParameters": {"Username": "me", "Password": "old"}})
    change = {"BasicAuthParameters": {"Password": "new"}}
    cloud.call("events", "UpdateConnection", {"Name": "c", "AuthParameters": change})
    secret = cloud.service("events").secret_of("c", OWNER)
    assert (secret["username"], secret["password"]) == ("me", "new")


def test_what_is_marked_as_secret_is_not_shown(cloud: Cloud) -> None:
    headers = [
        {"Key": "a", "Value": "shown", "IsValueSecret": False},
        {"Key": "b", "Value": "hidden", "IsValueSecret": True},
    ]
    make(cloud, parameters={**KEY, "InvocationHttpParameters": {"HeaderParameters": headers}})
    found = cloud.call("events", "DescribeConnection", {"Name": "c"})["AuthParameters"]["InvocationHttpParameters"]
    assert found["HeaderParameters"] == [headers[0], {"Key": "b", "IsValueSecret": True}]


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("BASIC", KEY, "BasicAuthParameters.Username"),
        ("API_KEY", {**KEY, "BasicAuthParameters": {"Username": "a", "Password": "b"}}, "must not have Basic"),
        ("OAUTH_CLIENT_CREDENTIALS", {}, "OAuthParameters.ClientParameters"),
    ],
)
def test_parameters_must_fit(cloud: Cloud, kind: str, parameters: Any, told: str) -> None:
    with pytest.raises(ServiceError, match=told):
        make(cloud, kind, parameters)


def test_a_name_is_taken_once_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    with Cloud(tmp_path) as cloud:
        make(cloud)
        with pytest.raises(ServiceError, match="already exists"):
            make(cloud)
    with Cloud(tmp_path) as cloud:
        assert cloud.service("events").secret_of("c", OWNER)["api_key_value"] == "secret"
