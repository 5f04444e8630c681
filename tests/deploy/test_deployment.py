"""A stack is deployed to an environment, through boto3."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.goldens import ROLE, TRAINING, training
from tests.deploy.test_stack import large

from stepfunctions.cli.main import run
from stepfunctions.deploy import Schedule
from stepfunctions.deploy.bootstrap import bootstrap, bucket_of
from stepfunctions.deploy.deployment import DeploymentFailed, Event, Place, deploy, destroy, parameters_of
from stepfunctions.deploy.environments import LOCAL, Environment
from stepfunctions.deploy.promotion import promoted
from stepfunctions.steps import Pass
from stepfunctions.steps.graph import FrozenGraph
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

TEST = Environment(
    name="test",
    account="123456789012",
    parameters={"Subnets": "subnet-1", "SecurityGroups": "sg-1"},
    tags={"team": "delays"},
)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            Environment(name="prod"),
            "The environment 'prod' does not say Subnets, SecurityGroups. Write them into stepfunctions.toml",
        ),
        (
            replace(TEST, parameters={**TEST.parameters, "TrainedModelBucket": "x"}),
            "has a parameter 'TrainedModelBucket', which the template has not: did you mean 'TrainedModelsBucket'?",
        ),
    ],
)
def test_what_an_environment_must_say(environment: Environment, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parameters_of(training().stack(), replace(environment), None)


def test_the_local_cloud_takes_the_values_of_the_own_account() -> None:
    values = parameters_of(training().stack(), Environment(name=LOCAL), "files")
    assert values["Subnets"] == "subnet-0a1b2c3d,subnet-0a1b2c3e"


def test_schedules_are_off_where_the_environment_says_so() -> None:
    stack = Workflow("flow", Pass("Done"), ROLE).stack(triggers=[Schedule(expression="rate(1 day)")])
    off = Environment(name="test", schedules=False)
    assert parameters_of(stack, off, None)["SchedulesState"] == "DISABLED"
    assert "SchedulesState" not in parameters_of(stack, replace(off, schedules=True), None)


@pytest.fixture
def place(cloud: LocalCloud) -> Place:
    return Place(environment=TEST, client=lambda service: cloud.clients(service)[0], seconds=0.02)


@pytest.mark.local
def test_deployed_changed_and_destroyed(place: Place) -> None:
    told: list[Event] = []
    there = replace(place, tell=told.append)
    done = deploy(training().stack(), there)
    assert (done.status, done.changed) == ("CREATE_COMPLETE", True)
    assert {one.status for one in done.changes} == {"Add"}
    assert "CREATE_COMPLETE StateMachine (AWS::StepFunctions::StateMachine)" in map(str, told)
    states = place.client("stepfunctions")
    definition = json.loads(
        states.describe_state_machine(stateMachineArn=done.outputs["StateMachineArn"])["definition"]
    )
    expected = TRAINING["States"]["Train"]["Parameters"]
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert definition["States"]["Train"]["Parameters"] == {**expected, "VpcConfig": vpc}
    (described,) = place.client("cloudformation").describe_stacks(StackName="flow")["Stacks"]
    assert described["Tags"] == [{"Key": "team", "Value": "delays"}]

    again = deploy(training().stack(), place)
    assert (again.changed, again.uploaded, again.outputs) == (False, (), done.outputs)

    other = replace(place, environment=replace(TEST, parameters={**TEST.parameters, "TrainRole": "other"}))
    changed = {one.resource: one for one in deploy(training().stack(), other).changes}
    assert changed["StateMachine"].status == "Modify"
    assert destroy("flow", place)[0].resource == "Version"
    with pytest.raises(ValueError, match="There is no stack 'flow' in the environment 'test'"):
        destroy("flow", place)


@pytest.mark.heavy
@pytest.mark.local
def test_files_are_uploaded_once(place: Place) -> None:
    stack = Workflow("large", FrozenGraph(large()), ROLE).stack()
    with pytest.raises(ValueError, match=r"has no bucket for files\. Make it: stepfunctions bootstrap --env test"):
        deploy(stack, place)
    bootstrap("test", place.client("cloudformation"))
    assert deploy(stack, place).uploaded == (stack.assets[0].key,)
    assert deploy(stack, place) == replace(deploy(stack, place), changes=(), uploaded=())


@pytest.mark.heavy
@pytest.mark.local
def test_only_what_was_in_test_comes_to_prod(place: Place) -> None:
    def named(text: str) -> Any:
        definition = large()
        definition["Comment"] = text
        return Workflow("fleet", FrozenGraph(definition), ROLE).stack(name="fleet")

    for name in ("test", "prod"):
        bootstrap(name, place.client("cloudformation"))
    with pytest.raises(ValueError, match="The stack 'fleet' was not deployed to the environment 'test'"):
        promoted(named("one"), place)
    deploy(named("one"), place)
    prod = replace(place, environment=Environment(name="prod"))
    with pytest.raises(ValueError, match=r"The environment 'test' does not have this: template, Fleet\.asl\.json\."):
        promoted(named("two"), place)
    assert deploy(promoted(named("one"), place), prod).uploaded == (named("one").assets[0].key,)
    s3, bucket = place.client("s3"), str(bucket_of("test", place.client("cloudformation")))
    s3.put_object(Bucket=bucket, Key=named("one").assets[0].key, Body=b"{}")
    with pytest.raises(ValueError, match="is not what was deployed: its content has changed"):
        deploy(promoted(named("one"), place), prod)


@pytest.mark.local
def test_what_cloudformation_says_is_told(place: Place) -> None:
    stack = training().stack(name="broken")
    template = json.loads(json.dumps(stack.template))
    template["Resources"]["StateMachine"]["Properties"]["DefinitionString"] = '{"StartAt": "A", "States": {}}'
    del template["Resources"]["StateMachine"]["Properties"]["DefinitionSubstitutions"]
    broken = replace(stack, template=template)
    for _ in range(2):  # what is left of the first does not stand in the way of the second
        with pytest.raises(DeploymentFailed, match=r"(?s)is ROLLBACK_COMPLETE.*CREATE_FAILED StateMachine .*States"):
            deploy(broken, place)
    assert deploy(stack, place).status == "CREATE_COMPLETE"
    with pytest.raises(ValueError, match="is the account 999999999999, but the credentials are of 123456789012"):
        deploy(stack, replace(place, environment=replace(TEST, account="999999999999")))


@pytest.mark.local
def test_from_the_command_line(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.asl.json").write_text(json.dumps(TRAINING))
    where = ["--env", "local", "--data-dir", str(cloud.data_dir)]
    assert run(["bootstrap", *where]) == 0
    assert "stepfunctions-bootstrap-local: the bucket" in capsys.readouterr().out
    given = ["--parameter", "Subnets=subnet-1"]
    assert run(["deploy", "train.asl.json", *where, *given]) == 0
    told = capsys.readouterr().out
    assert "  CREATE_COMPLETE StateMachine (AWS::StepFunctions::StateMachine)" in told
    assert "train: CREATE_COMPLETE" in told
    assert run(["deploy", "train.asl.json", *where, *given, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["changes"] == []
    assert run(["destroy", "train", *where, "--yes"]) == 0
    assert "Version (AWS::StepFunctions::StateMachineVersion) stays" in capsys.readouterr().out
    assert run(["deploy", "train.asl.json", "--env", "prod"]) == 2
    assert "There is no environment 'prod'; there are local" in capsys.readouterr().err
    assert run(["deploy", "train.asl.json", *where, "--parameter", "A"]) == 2


def test_what_a_change_says() -> None:
    event: Any = Event(resource="A", type="AWS::X::Y", status="Modify", reason="is replaced")
    assert str(event) == "Modify A (AWS::X::Y) is replaced"
