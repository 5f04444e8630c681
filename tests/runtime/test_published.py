"""Versions and aliases: what is published stays as it is, and aliases share executions out."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from typing import Any

import pytest

PREFIX = "arn:aws:states:us-east-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/r"


def says(word: str) -> str:
    return json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": word, "End": True}}})


@pytest.fixture
def arn(api: Any) -> str:
    return str(api("CreateStateMachine", name="m", definition=says("one"), roleArn=ROLE)["stateMachineArn"])


def publish(api: Any, arn: str, word: str | None = None, **given: Any) -> str:
    if word is not None:
        api("UpdateStateMachine", stateMachineArn=arn, definition=says(word))
    return str(api("PublishStateMachineVersion", stateMachineArn=arn, **given)["stateMachineVersionArn"])


def route(*shares: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in shares]


def output(world: Any, api: Any, arn: str, name: str) -> Any:
    started = api("StartExecution", stateMachineArn=arn, name=name)["executionArn"]
    world.runner.pump()
    return world.output(started)


def test_a_version_stays_as_it_was_published(world: Any, api: Any, arn: str) -> None:
    first = publish(api, arn, description="the first")
    assert first == f"{arn}:1"
    world.clock.advance(10)
    assert publish(api, arn, description="again") == first, "nothing has changed"
    second = publish(api, arn, "two")
    role = ROLE + "2"
    api("UpdateStateMachine", stateMachineArn=arn, definition=says("three"), roleArn=role)
    described = api("DescribeStateMachine", stateMachineArn=first)
    assert (described["definition"], described["roleArn"], described["description"]) == (says("one"), ROLE, "the first")
    assert described["stateMachineArn"] == first
    assert "description" not in api("DescribeStateMachine", stateMachineArn=second)
    assert api("DescribeStateMachine", stateMachineArn=arn)["roleArn"] == role
    assert [output(world, api, one, f"e{number}") for number, one in enumerate((arn, first, second))] == [
        "three",
        "one",
        "two",
    ]


def test_publish_with_create_and_update(api: Any) -> None:
    given = {"name": "m", "definition": says("one"), "roleArn": ROLE}
    made = api("CreateStateMachine", **given, publish=True, versionDescription="v")
    arn = made["stateMachineArn"]
    assert made["stateMachineVersionArn"] == f"{arn}:1"
    again = api("CreateStateMachine", **given, publish=True, versionDescription="v")
    assert again["stateMachineVersionArn"] == f"{arn}:1"
    api.refuses("StateMachineAlreadyExists", "CreateStateMachine", **given, publish=True)
    assert "stateMachineVersionArn" not in api("CreateStateMachine", **given)
    updated = api("UpdateStateMachine", stateMachineArn=arn, definition=says("two"), publish=True)
    assert updated["stateMachineVersionArn"] == f"{arn}:2"
    api.refuses("ValidationException", "CreateStateMachine", **{**given, "name": "n"}, versionDescription="v")
    api.refuses("ValidationException", "UpdateStateMachine", stateMachineArn=arn, roleArn=ROLE, versionDescription="v")


def test_a_revision_that_is_not_the_latest_is_not_published(api: Any, arn: str) -> None:
    old = api("UpdateStateMachine", stateMachineArn=arn, definition=says("before"))["revisionId"]
    new = api("UpdateStateMachine", stateMachineArn=arn, definition=says("two"))["revisionId"]
    assert old in api.refuses("ConflictException", "PublishStateMachineVersion", stateMachineArn=arn, revisionId=old)
    assert publish(api, arn, revisionId=new) == f"{arn}:1"


def test_versions_are_listed_newest_first_and_numbers_are_used_once(world: Any, api: Any, arn: str) -> None:
    versions = [publish(api, arn, word) for word in ("a", "b", "c")]
    first = api("ListStateMachineVersions", stateMachineArn=arn, maxResults=2)
    assert [one["stateMachineVersionArn"] for one in first["stateMachineVersions"]] == versions[:0:-1]
    assert first["stateMachineVersions"][0]["creationDate"] == datetime.fromtimestamp(world.clock.now(), timezone.utc)
    rest = api("ListStateMachineVersions", stateMachineArn=arn, nextToken=first["nextToken"])
    assert [one["stateMachineVersionArn"] for one in rest["stateMachineVersions"]] == versions[:1]
    for _ in range(2):
        api("DeleteStateMachineVersion", stateMachineVersionArn=versions[2])
    assert versions[2] in api.refuses("StateMachineDoesNotExist", "StartExecution", stateMachineArn=versions[2])
    assert publish(api, arn) == f"{arn}:4", "the same revision, but its version is gone"
    left = api("ListStateMachineVersions", stateMachineArn=arn)["stateMachineVersions"]
    assert [one["stateMachineVersionArn"] for one in left] == [f"{arn}:4", versions[1], versions[0]]
    assert api("ListStateMachineVersions", stateMachineArn=f"{PREFIX}:stateMachine:none")["stateMachineVersions"] == []
    api.refuses("ValidationException", "DeleteStateMachineVersion", stateMachineVersionArn=f"{arn}:live")


def test_an_alias_shares_executions_out(world: Any, api: Any, arn: str) -> None:
    first, second = publish(api, arn), publish(api, arn, "two")
    made = api("CreateStateMachineAlias", name="live", routingConfiguration=route((first, 70), (second, 30)))
    alias = made["stateMachineAliasArn"]
    assert alias == f"{arn}:live"
    seen = Counter(output(world, api, alias, f"run-{number}") for number in range(200))
    assert 110 < seen["one"] < 170, "70 of a hundred, give or take"
    assert seen["one"] + seen["two"] == 200
    execution = api("StartExecution", stateMachineArn=alias, name="told")["executionArn"]
    described = api("DescribeExecution", executionArn=execution)
    assert described["stateMachineArn"] == arn
    assert described["stateMachineAliasArn"] == alias
    assert described["stateMachineVersionArn"] in (first, second)
    world.runner.pump()
    plain = api("StartExecution", stateMachineArn=arn, name="plain")["executionArn"]
    assert not {"stateMachineAliasArn", "stateMachineVersionArn"} & set(api("DescribeExecution", executionArn=plain))


@pytest.mark.parametrize("name", [f"alias-{number}" for number in range(8)])
def test_an_alias_is_described_as_its_first_version(api: Any, arn: str, name: str) -> None:
    first, second = publish(api, arn), publish(api, arn, "two")
    api("CreateStateMachineAlias", name=name, routingConfiguration=route((second, 50), (first, 50)))
    assert api("DescribeStateMachine", stateMachineArn=f"{arn}:{name}")["definition"] == says("two")


def test_executions_of_a_version_or_alias_are_listed(world: Any, api: Any, arn: str) -> None:
    first, second = publish(api, arn), publish(api, arn, "two")
    alias = api("CreateStateMachineAlias", name="live", routingConfiguration=route((first, 100)))[
        "stateMachineAliasArn"
    ]
    for number in range(4):
        for one, word in ((arn, "plain"), (first, "first"), (second, "second"), (alias, "alias")):
            api("StartExecution", stateMachineArn=one, name=f"{word}-{number}")
    world.runner.pump()

    def names(of: str, size: int) -> list[str]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = api("ListExecutions", stateMachineArn=of, maxResults=size, **token)
            assert len(page["executions"]) <= size
            found += [one["name"] for one in page["executions"]]
            if "nextToken" not in page:
                return found
            token = {"nextToken": page["nextToken"]}

    for size in (1, 3, 100):
        assert names(alias, size) == [f"alias-{number}" for number in (3, 2, 1, 0)]
        assert names(second, size) == [f"second-{number}" for number in (3, 2, 1, 0)]
        assert len(names(first, size)) == 8, "through the alias too"
        assert len(names(arn, size)) == 16


def test_aliases_are_made_changed_listed_and_deleted(world: Any, api: Any, arn: str) -> None:
    first, second = publish(api, arn), publish(api, arn, "two")
    given = {"name": "live", "description": "what runs", "routingConfiguration": route((first, 100))}
    made = api("CreateStateMachineAlias", **given)
    assert api("CreateStateMachineAlias", **given) == made
    api.refuses("ConflictException", "CreateStateMachineAlias", **{**given, "description": "another"})
    alias = made["stateMachineAliasArn"]
    world.clock.advance(5)
    updated = api(
        "UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=route((second, 5), (first, 95))
    )
    described = api("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    assert described["routingConfiguration"] == route((second, 5), (first, 95))
    assert (described["name"], described["description"]) == ("live", "what runs")
    assert (described["creationDate"], described["updateDate"]) == (made["creationDate"], updated["updateDate"])
    api("UpdateStateMachineAlias", stateMachineAliasArn=alias, description="")
    assert api("DescribeStateMachineAlias", stateMachineAliasArn=alias)["description"] == ""
    api("CreateStateMachineAlias", name="beta", routingConfiguration=route((second, 100)))

    def listed(of: str, **given: Any) -> list[str]:
        page = api("ListStateMachineAliases", stateMachineArn=of, **given)
        return [one["stateMachineAliasArn"].rpartition(":")[2] for one in page["stateMachineAliases"]]

    assert listed(arn) == ["beta", "live"]
    assert listed(first) == ["live"]
    assert listed(arn, maxResults=1) == ["beta"]
    message = api.refuses("ConflictException", "DeleteStateMachineVersion", stateMachineVersionArn=second)
    assert "[beta, live]" in message
    api("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    api.refuses("ResourceNotFound", "DeleteStateMachineAlias", stateMachineAliasArn=alias)
    api.refuses("ResourceNotFound", "DescribeStateMachineAlias", stateMachineAliasArn=alias)
    api("DeleteStateMachineVersion", stateMachineVersionArn=first)


@pytest.mark.parametrize(
    ("shares", "code"),
    [
        ([("1", 99)], "ValidationException"),
        ([("1", 50), ("1", 50)], "ValidationException"),
        ([("live", 100)], "ValidationException"),
        ([("1", 50), ("other:1", 50)], "ValidationException"),
        ([("7", 100)], "ResourceNotFound"),
    ],
)
def test_routes_that_lead_nowhere(api: Any, arn: str, shares: list[tuple[str, int]], code: str) -> None:
    publish(api, arn)
    other = api("CreateStateMachine", name="other", definition=says("x"), roleArn=ROLE)["stateMachineArn"]
    publish(api, other)
    places = route(*((f"{arn.removesuffix(':m')}:{of}" if ":" in of else f"{arn}:{of}", n) for of, n in shares))
    api.refuses(code, "CreateStateMachineAlias", name="a", routingConfiguration=places)


def test_an_alias_stays_with_its_state_machine(api: Any, arn: str) -> None:
    other = api("CreateStateMachine", name="other", definition=says("x"), roleArn=ROLE)["stateMachineArn"]
    route_there = route((publish(api, other), 100))
    alias = api("CreateStateMachineAlias", name="a", routingConfiguration=route((publish(api, arn), 100)))
    given = {"stateMachineAliasArn": alias["stateMachineAliasArn"]}
    api.refuses("ValidationException", "UpdateStateMachineAlias", **given, routingConfiguration=route_there)
    api.refuses("ValidationException", "UpdateStateMachineAlias", **given)
    api.refuses("ValidationException", "DescribeStateMachineAlias", stateMachineAliasArn=arn)
    api.refuses("ValidationException", "CreateStateMachineAlias", name="12", routingConfiguration=route_there)


def test_a_deleted_machine_takes_what_it_published_along(api: Any, arn: str) -> None:
    first = publish(api, arn)
    alias = api("CreateStateMachineAlias", name="a", routingConfiguration=route((first, 100)))["stateMachineAliasArn"]
    api("DeleteStateMachine", stateMachineArn=arn)
    for one in (first, alias):
        api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=one)
    api("CreateStateMachine", name="m", definition=says("new"), roleArn=ROLE)
    assert publish(api, arn) == f"{arn}:1"


def test_what_a_version_is_not_for(api: Any, arn: str) -> None:
    first = publish(api, arn)
    api.refuses("StateMachineDoesNotExist", "UpdateStateMachine", stateMachineArn=first, roleArn=ROLE)
    api.refuses("StateMachineDoesNotExist", "PublishStateMachineVersion", stateMachineArn=first)
    api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=f"{arn}:none")
    api.refuses("StateMachineDoesNotExist", "DescribeStateMachine", stateMachineArn=f"{PREFIX}:stateMachine:x:1")


def test_versions_and_aliases_survive_a_restart(world: Any, api: Any, arn: str) -> None:
    first = publish(api, arn)
    alias = api("CreateStateMachineAlias", name="live", routingConfiguration=route((first, 100)))[
        "stateMachineAliasArn"
    ]
    publish(api, arn, "two")
    begun = api("StartExecution", stateMachineArn=alias, name="begun")["executionArn"]
    world.restart()
    world.runner.pump()
    assert world.output(begun) == "one"
    assert world.describe(begun)["stateMachineAliasArn"] == alias
    assert world.api.list_state_machine_versions({"stateMachineArn": arn})["stateMachineVersions"][0][
        "stateMachineVersionArn"
    ] == (f"{arn}:2")
