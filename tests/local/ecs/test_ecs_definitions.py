"""Task definitions and clusters."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from stepfunctions.errors import ServiceError

ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/task"


def test_each_registration_is_a_revision(ecs: Any) -> None:
    first = ecs.register(ecs.python("pass"))
    assert (first["taskDefinitionArn"], first["revision"], first["status"]) == (f"{ARN}:1", 1, "ACTIVE")
    assert first["compatibilities"] == ["EC2", "FARGATE"]
    assert isinstance(first["registeredAt"], datetime)
    assert first["containerDefinitions"][0]["essential"] is True
    second = ecs.register(ecs.python("print(2)"), tags=[{"key": "team", "value": "ds"}])
    for name in ("task", "task:2", f"{ARN}:2"):
        assert ecs.call("DescribeTaskDefinition", taskDefinition=name) == {"taskDefinition": second}
    assert ecs.call("DescribeTaskDefinition", taskDefinition="task", include=["TAGS"])["tags"] == [
        {"key": "team", "value": "ds"}
    ]
    assert ecs.call("DescribeTaskDefinition", taskDefinition="task:1")["taskDefinition"] == first


def test_a_deregistered_revision_is_inactive(ecs: Any) -> None:
    ecs.register(ecs.python("pass"))
    ecs.register(ecs.python("pass"))
    changed = ecs.call("DeregisterTaskDefinition", taskDefinition="task:2")["taskDefinition"]
    assert changed["status"] == "INACTIVE"
    assert "deregisteredAt" in changed
    assert ecs.call("DescribeTaskDefinition", taskDefinition="task")["taskDefinition"]["revision"] == 1
    assert ecs.call("ListTaskDefinitions") == {"taskDefinitionArns": [f"{ARN}:1"]}
    assert ecs.call("ListTaskDefinitions", status="INACTIVE") == {"taskDefinitionArns": [f"{ARN}:2"]}
    with pytest.raises(ServiceError, match="TaskDefinition is inactive"):
        ecs.start(taskDefinition="task:2")


def test_definitions_are_listed_by_family_and_page(ecs: Any) -> None:
    for family in ("b", "a", "a", "a-long"):
        ecs.register(ecs.python("pass"), family=family)

    def names(**params: Any) -> list[str]:
        return [arn.rsplit("/", 1)[1] for arn in ecs.call("ListTaskDefinitions", **params)["taskDefinitionArns"]]

    assert names() == ["a:1", "a:2", "a-long:1", "b:1"]
    assert names(familyPrefix="a") == ["a:1", "a:2"]
    assert names(sort="DESC", maxResults=1) == ["b:1"]
    token = ecs.call("ListTaskDefinitions", maxResults=3)["nextToken"]
    assert names(nextToken=token) == ["b:1"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"networkMode": "bridge"}, "Fargate only supports network mode 'awsvpc'"),
        ({"cpu": None}, "Fargate requires that 'cpu' be defined"),
        ({"containerDefinitions": []}, "Container list cannot be empty"),
        ({"containerDefinitions": [{"image": "python"}]}, "Container.name should not be null"),
        ({"containerDefinitions": [{"name": "a"}]}, "Container.image should not be null"),
        ({"containerDefinitions": [{"name": "a", "image": "python"}] * 2}, "names must be unique"),
        ({"containerDefinitions": [{"name": "a", "image": "python", "essential": False}]}, "at least one essential"),
        (
            {
                "containerDefinitions": [
                    {"name": "a", "image": "python", "dependsOn": [{"containerName": "b", "condition": "START"}]}
                ]
            },
            "no dependsOn for containers",
        ),
        ({"family": "no spaces"}, "Family contains invalid characters"),
    ],
)
def test_what_makes_no_sense_is_refused(ecs: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        ecs.register(ecs.python("pass"), **params)
    assert raised.value.code == "ClientException"
    assert ecs.call("ListTaskDefinitions") == {"taskDefinitionArns": []}


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("DescribeTaskDefinition", "Unable to describe task definition"),
        ("DeregisterTaskDefinition", "does not exist"),
    ],
)
def test_unknown_definitions(ecs: Any, operation: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        ecs.call(operation, taskDefinition="none:1")
    assert raised.value.code == "ClientException"


def test_clusters(ecs: Any) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:cluster/"
    assert ecs.call("ListClusters") == {"clusterArns": [f"{arn}default"]}
    made = ecs.call("CreateCluster", clusterName="mine")["cluster"]
    assert (made["clusterArn"], made["status"]) == (f"{arn}mine", "ACTIVE")
    assert ecs.call("CreateCluster", clusterName="mine")["cluster"] == made
    answer = ecs.call("DescribeClusters", clusters=["mine", f"{arn}none"])
    assert answer == {"clusters": [made], "failures": [{"arn": f"{arn}none", "reason": "MISSING"}]}
    assert ecs.call("DescribeClusters")["clusters"][0]["clusterName"] == "default"
    with pytest.raises(ServiceError, match="is no name for a cluster"):
        ecs.call("CreateCluster", clusterName="1 2")
