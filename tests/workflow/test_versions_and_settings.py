"""Settings, tags, versions and aliases of a state machine, whichever way it is reached."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from stepfunctions.exceptions import MissingRequiredParameter, WorkflowNotFound
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.steps import Pass
from stepfunctions.workflow import Encryption, Logging, Version, Workflow

WAIT = 30.0
GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/w"
NO: Any = "no"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def made(door: Any, result: Any = "one", **given: Any) -> Workflow:
    return Workflow(door.name, Pass("P", result=result), door.role, client=door.client, **given)


def described(flow: Workflow) -> dict[str, Any]:
    found: dict[str, Any] = flow.client.describe_state_machine(stateMachineArn=flow.state_machine_arn)
    return found


def tags_of(flow: Workflow) -> dict[str, str]:
    found = flow.client.list_tags_for_resource(resourceArn=flow.state_machine_arn)["tags"]
    return {one["key"]: one["value"] for one in found}


def test_settings_are_sent_at_creation(door: Any) -> None:
    flow = made(
        door,
        logging=Logging(level="ERROR", log_group_arn=GROUP, include_execution_data=True),
        tracing=True,
        encryption=Encryption(KEY, data_key_reuse_seconds=60),
    )
    flow.create()
    there = described(flow)
    assert there["loggingConfiguration"] == {
        "level": "ERROR",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{GROUP}:*"}}],
    }
    assert there["tracingConfiguration"] == {"enabled": True}
    assert there["encryptionConfiguration"] == {
        "type": "CUSTOMER_MANAGED_KMS_KEY",
        "kmsKeyId": KEY,
        "kmsDataKeyReusePeriodSeconds": 60,
    }
    attached = Workflow.attach(str(flow.state_machine_arn), door.client)
    assert attached.create_or_update() == flow.state_machine_arn
    assert attached.changes == ()


def test_an_update_changes_only_what_it_is_given(door: Any) -> None:
    flow = made(door, tracing=True, tags={"team": "science", "cost": "1"})
    flow.create()
    flow.update(logging={"level": "OFF"})
    assert described(flow)["tracingConfiguration"] == {"enabled": True}
    assert json.loads(described(flow)["definition"])["States"]["P"]["Result"] == "one"
    flow.update(tracing=False, tags=[{"Key": "team", "Value": "art"}, {"key": "new", "value": ""}])
    assert described(flow)["tracingConfiguration"] == {"enabled": False}
    assert tags_of(flow) == {"team": "art", "new": ""}
    flow.update(tags={})
    assert tags_of(flow) == {}
    with pytest.raises(MissingRequiredParameter, match="another setting"):
        flow.update()
    with pytest.raises(MissingRequiredParameter, match=r"publish\(\) makes a version"):
        flow.update(publish=True)


def test_create_or_update_says_what_it_changed(door: Any, caplog: pytest.LogCaptureFixture) -> None:
    first = made(door, tags={"a": "1"}, tracing=True)
    arn = first.create_or_update()
    assert first.changes == ()
    revision = described(first).get("revisionId")
    with caplog.at_level(logging.INFO, "stepfunctions"):
        same = made(door, tags=[{"key": "a", "value": "1"}], tracing={"enabled": True})
        assert same.create_or_update() == arn
        assert "up to date" in caplog.text
        quiet = made(door)
        quiet.create_or_update()
        assert quiet.changes == (), "what is not said is left alone"
        assert (described(first).get("revisionId"), tags_of(first)) == (revision, {"a": "1"})
        other = Workflow(
            door.name,
            Pass("Q"),
            door.role + "2",
            client=door.client,
            tags={"a": "2"},
            tracing=False,
            logging=Logging("ALL", GROUP),
            encryption=Encryption(KEY),
        )
        other.create_or_update()
    assert other.changes == ("definition", "role", "logging", "tracing", "encryption", "tags")
    assert f"{door.name}: definition, role, logging, tracing, encryption, tags changed" in caplog.text
    assert tags_of(other) == {"a": "2"}
    again = Workflow.attach(arn, door.client)
    again.create_or_update()
    assert again.changes == ()


@pytest.mark.parametrize("result", [(1, 2), {1: "one"}, {"b": 1.0, "a": None}], ids=repr)
def test_what_only_python_tells_apart_is_no_change(door: Any, result: Any) -> None:
    made(door, result).create_or_update()
    again = made(door, result)
    again.create_or_update()
    assert again.changes == ()


def test_true_is_not_one(door: Any) -> None:
    made(door, {"a": 1}).create_or_update()
    other = made(door, {"a": True})
    other.create_or_update()
    assert other.changes == ("definition",)


def test_the_type_cannot_change(door: Any) -> None:
    made(door).create()
    with pytest.raises(ValueError, match=r"is STANDARD, which cannot change. Use type='STANDARD', or another name"):
        made(door, type="EXPRESS").create_or_update()


def test_versions(door: Any) -> None:
    flow = made(door)
    with pytest.raises(WorkflowNotFound):
        flow.publish()
    flow.create(publish=True, version_description="the first")
    first = flow.published
    assert first is not None
    assert (first.number, str(first)) == (1, f"{flow.state_machine_arn}:1")
    assert flow.publish().arn == first.arn, "nothing has changed"
    flow.update(Pass("P", result="two"), publish=True)
    second = flow.published
    assert second is not None
    assert second.number == 2
    flow.update(Pass("P", result="three"))
    assert [one.number for one in flow.versions()] == [2, 1]
    outputs = [
        flow.execute(**given).get_output(wait=True, timeout=WAIT)
        for given in ({}, {"version": first}, {"version": 2}, {"version": str(second)}, {"version": "1"})
    ]
    assert outputs == ["three", "one", "two", "two", "one"]
    old = Workflow.attach(first.arn, door.client)
    assert old.definition.to_dict()["States"]["P"]["Result"] == "one"
    assert old.execute().get_output(wait=True, timeout=WAIT) == "one"
    assert old.execute(version=2).get_output(wait=True, timeout=WAIT) == "two"
    assert [one.number for one in old.versions()] == [2, 1]
    assert old.publish().number == 3
    old.delete_version(3)
    flow.delete_version(second)
    assert [one.number for one in flow.versions()] == [1]
    with pytest.raises(door.client.exceptions.StateMachineDoesNotExist):
        flow.execute(version=2)


def test_create_or_update_publishes_what_is_new(door: Any) -> None:
    for result, number in (("one", 1), ("one", 1), ("two", 2)):
        flow = made(door, result)
        flow.create_or_update(publish=True, version_description=result)
        assert flow.published is not None
        assert flow.published.number == number


def test_an_update_of_tags_alone_can_publish(door: Any) -> None:
    flow = made(door)
    flow.create()
    flow.update(tags={"a": "1"}, publish=True)
    assert [one.number for one in flow.versions()] == [1]


def test_aliases(door: Any) -> None:
    flow = made(door)
    flow.create()
    first = flow.publish()
    live = flow.alias("live", first, "what customers get")
    assert (live.name, live.weights, live.description) == ("live", {first.arn: 100}, "what customers get")
    assert flow.alias("live") == live == flow.alias("live", 1), "it leads there already"
    flow.update(Pass("P", result="two"))
    second = flow.publish()
    canary = flow.alias("live", {first: 90, second: 10})
    assert canary.weights == {first.arn: 90, second.arn: 10}
    assert canary.description == "what customers get"
    beta = flow.create_alias("beta", second)
    with pytest.raises(door.client.exceptions.ConflictException):
        flow.create_alias("beta", first)
    assert [one.name for one in flow.aliases()] == ["beta", "live"]
    for alias in ("beta", beta, beta.arn):
        assert flow.execute(alias=alias).get_output(wait=True, timeout=WAIT) == "two"
    assert flow.update_alias(beta, first, "old again").weights == {first.arn: 100}
    assert flow.update_alias("beta", description="older").description == "older"
    assert len(flow.list_executions()) == 3
    assert len(Workflow.attach(beta.arn, door.client).list_executions()) == 3
    assert Workflow.attach(first.arn, door.client).list_executions() == []
    with pytest.raises(door.client.exceptions.ConflictException, match="live"):
        flow.delete_version(second)
    flow.delete_alias("live")
    flow.delete_version(second)
    with pytest.raises(door.client.exceptions.ResourceNotFound):
        flow.alias("live")


@pytest.mark.parametrize(
    ("weights", "error", "text"),
    [
        ({}, ValueError, "to one version or to two different ones, not to 0"),
        ({1: 50, 2: 25, 3: 25}, ValueError, "not to 3"),
        ({1: 50, "1": 50}, ValueError, "two different ones"),
        ({1: 50, 2: 49}, ValueError, r"make 100, not \[50, 49\]"),
        ({1: 150, 2: -50}, ValueError, "make 100"),
        ({1: 0.5, 2: 0.5}, TypeError, "must be an int, not 0.5"),
        ("live", ValueError, "'live' is no version"),
        (0, ValueError, "0 is no version"),
        (True, TypeError, "A version is"),
        (1.5, TypeError, "A version is"),
    ],
)
def test_weights_that_are_none(weights: Any, error: type[Exception], text: str) -> None:
    flow = Workflow(
        "w", Pass("P"), "role", state_machine_arn="arn:aws:states:us-east-1:1:stateMachine:w", client=LocalClient()
    )
    with pytest.raises(error, match=text):
        flow.create_alias("live", weights)


def test_names_and_references_that_are_none() -> None:
    flow = Workflow(
        "w", Pass("P"), "role", state_machine_arn="arn:aws:states:us-east-1:1:stateMachine:w", client=LocalClient()
    )
    for name in ("12", "a b", "", "x" * 81):
        with pytest.raises(ValueError, match="cannot be the name of an alias"):
            flow.create_alias(name, 1)
    with pytest.raises(TypeError, match="An alias is"):
        flow.execute(alias=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="either a version or an alias"):
        flow.execute(version=1, alias="live")
    with pytest.raises(ValueError, match="needs weights, a description, or both"):
        flow.update_alias("live")
    with pytest.raises(ValueError, match="give publish=True too"):
        flow.create(version_description="v")
    assert isinstance(Version("a:7", None).number, int)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "error", "text"),
    [
        ({"type": "express"}, ValueError, "type is 'express', .* Did you mean 'EXPRESS'?"),
        ({"logging": True}, TypeError, r"logging must be Logging\(level='ALL', …\)"),
        ({"logging": {"levle": "ALL"}}, ValueError, "logging has no 'levle'. Did you mean 'level'?"),
        ({"logging": {"level": "DEBUG"}}, ValueError, "must be one of ALL, ERROR, FATAL, OFF"),
        ({"tracing": "yes"}, TypeError, "tracing must be True or False"),
        ({"tracing": {"enabled": 1}}, TypeError, "'enabled' must be a bool"),
        ({"encryption": "key"}, TypeError, "encryption must be Encryption"),
        ({"encryption": {"kmsKeyId": "k"}}, ValueError, "encryption's type is ''"),
        ({"tags": "team"}, TypeError, "tags must be a dict or a list"),
        ({"tags": ["team"]}, TypeError, "A tag must be"),
        ({"tags": [{"name": "team"}]}, ValueError, "A tag must be"),
        ({"tags": {"team": 1}}, TypeError, "must be strings"),
        ({"tags": {"": "x"}}, ValueError, "1 to 128 characters"),
        ({"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, ValueError, "'a' is given twice"),
        ({"tags": {str(number): "" for number in range(51)}}, ValueError, "at most 50 tags, not 51"),
    ],
)
def test_wrong_settings_fail_where_they_are_written(given: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Workflow("w", Pass("P"), "role", **given)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Logging(), ValueError, "ALL needs log_group_arn"),
        (lambda: Logging("LOUD", GROUP), ValueError, "Logging.level is 'LOUD'"),
        (lambda: Logging("ALL", "group"), ValueError, "ARN of a log group"),
        (lambda: Logging("ALL", GROUP, NO), TypeError, "must be a bool"),
        (lambda: Encryption(None, 60), ValueError, "needs a kms_key_id"),
        (lambda: Encryption("k", 59), ValueError, "60 to 900"),
        (lambda: Encryption("k", NO), TypeError, "must be an int"),
    ],
)
def test_settings_check_themselves(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_settings_in_the_forms_of_the_api() -> None:
    assert Logging("OFF").to_request() == {"level": "OFF", "includeExecutionData": False}
    assert Logging("ALL", GROUP + ":*") != Logging("ALL", GROUP)
    assert Logging("ALL", GROUP + ":*").to_request() == Logging("ALL", GROUP).to_request()
    assert Encryption().to_request() == {"type": "AWS_OWNED_KEY"}
    assert Encryption("k").to_request() == {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}


def test_settings_are_equal_with_the_defaults_filled_in(door: Any) -> None:
    flow = made(door, encryption=Encryption(KEY), logging=Logging("OFF"))
    flow.create()
    arn = f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"
    full = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": arn, "kmsDataKeyReusePeriodSeconds": 300}
    flow.client.update_state_machine(stateMachineArn=flow.state_machine_arn, encryptionConfiguration=full)
    flow.create_or_update()
    assert flow.changes == (), "the service answers with the key's ARN and the default"
