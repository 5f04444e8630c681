"""A new version behind an alias: how many executions begin with it, stage by stage, and back when an alarm goes off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from stepfunctions.errors import DeploymentFailed
from stepfunctions.mlops import AllAtOnce, Canary, Instances, Linear, Rolling
from stepfunctions.steps import Fail, Pass
from stepfunctions.testing import LocalCloud
from stepfunctions.workflow import Workflow

pytestmark = pytest.mark.local

ROLE = "arn:aws:iam::123456789012:role/service/workflow"
STARTED = 60
"""Executions that begin in each wait."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(clock="jump") as cloud:
        cloud.clock.hold()
        yield cloud


class Release:
    """A workflow with two versions, what its executions said in each wait, and the session to publish with."""

    def __init__(self, cloud: LocalCloud, name: str, new: Any) -> None:
        self.cloud = cloud
        self.client, self.cloudwatch = cloud.clients("stepfunctions", "cloudwatch")
        self.flow = Workflow(name, Pass("P", result="old"), ROLE, client=self.client)
        self.flow.create()
        self.old = self.flow.publish(alias="live")
        self.flow.update(new)
        self.said: list[Counter[str]] = []
        self.session = boto3.Session("test", "test", region_name="us-east-1")

    def run(self, seconds: float) -> None:
        """What a wait of the deployment is here: executions begin and end, and the clock moves."""
        executions = [self.flow.execute(alias="live") for _ in range(STARTED)]
        outputs = [execution.get_output(wait=True, timeout=30) or "failed" for execution in executions]
        self.said.append(Counter(map(str, outputs)))
        self.cloud.clock.advance(seconds)

    def publish(self, strategy: Any, alarms: Any = ()) -> Any:
        return self.flow.publish(alias="live", strategy=strategy, alarms=alarms, session=self.session, sleep=self.run)

    def leads_to(self) -> dict[int, int]:
        return {int(arn.rpartition(":")[2]): of for arn, of in self.flow.alias("live").weights.items()}

    def alarm(self, name: str) -> str:
        """An alarm of executions that fail."""
        self.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/States",
            MetricName="ExecutionsFailed",
            Dimensions=[{"Name": "StateMachineArn", "Value": self.flow.state_machine_arn}],
            Statistic="Sum",
            Period=10,
            EvaluationPeriods=1,
            Threshold=0,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="notBreaching",
        )
        return name


def test_a_canary_takes_its_part_and_then_all(cloud: LocalCloud) -> None:
    release = Release(cloud, "canary", Pass("P", result="new"))
    assert release.leads_to() == {1: 100}
    version = release.publish(Canary(30, 20, termination_wait=10))
    assert version.number == 2
    assert release.leads_to() == {2: 100}
    canary = release.said[0] + release.said[1]
    assert 0 < canary["new"] < canary["old"]
    assert release.said[2] == {"new": STARTED}
    assert release.publish(Canary(30, 20)).number == 2, "it leads there already"
    assert len(release.said) == 3


def test_steps(cloud: LocalCloud) -> None:
    release = Release(cloud, "linear", Pass("P", result="new"))
    seen: list[dict[int, int]] = []
    release.flow.publish(alias="live", strategy=Linear(40, 15), sleep=lambda _: seen.append(release.leads_to()))
    assert seen == [{2: 40, 1: 60}] * 2 + [{2: 80, 1: 20}] * 2
    assert release.leads_to() == {2: 100}


def test_an_alarm_turns_it_back(cloud: LocalCloud) -> None:
    release = Release(cloud, "bad", Fail("P", error="Broken"))
    alarm = release.alarm("bad versions")
    with pytest.raises(DeploymentFailed, match="leads to version 1 again: the alarm 'bad versions' is in the state"):
        release.publish(Canary(50, 600), [alarm])
    assert release.leads_to() == {1: 100}
    assert sum(said["failed"] for said in release.said) > 0, "the alarm saw what really failed"
    with pytest.raises(ValueError, match="in the state ALARM already"):
        release.publish(AllAtOnce(), [alarm])
    assert release.leads_to() == {1: 100}


def test_an_interruption_turns_it_back_and_a_crash_is_gone_on_from(cloud: LocalCloud) -> None:
    release = Release(cloud, "interrupted", Pass("P", result="new"))

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        release.flow.publish(alias="live", strategy=Canary(10, 60), sleep=interrupted)
    assert release.leads_to() == {1: 100}
    release.flow.alias("live", {1: 60, 2: 40})
    seen: list[dict[int, int]] = []
    release.flow.publish(alias="live", strategy=Linear(20, 10), sleep=lambda _: seen.append(release.leads_to()))
    assert seen == [{1: 60, 2: 40}] * 2 + [{1: 40, 2: 60}, {1: 20, 2: 80}]
    assert release.leads_to() == {2: 100}


def test_somebody_elses_deployment_is_left_alone(cloud: LocalCloud) -> None:
    release = Release(cloud, "busy", Pass("P", result="new"))

    def moved(_: float) -> None:
        release.flow.alias("live", release.old)

    with pytest.raises(DeploymentFailed, match="Somebody else has moved the alias 'live'"):
        release.flow.publish(alias="live", strategy=Canary(10, 10), sleep=moved)
    assert release.leads_to() == {1: 100}
    release.flow.alias("live", {1: 90, 2: 10})
    release.flow.update(Pass("P", result="third"))
    with pytest.raises(ValueError, match="another deployment goes on, or was broken off"):
        release.publish(AllAtOnce())
    assert release.leads_to() == {1: 90, 2: 10}


def test_what_an_alias_cannot_do_is_refused_before_anything(cloud: LocalCloud) -> None:
    release = Release(cloud, "refused", Pass("P", result="new"))
    with pytest.raises(ValueError, match="is for endpoints: an alias has no instances"):
        release.publish(Rolling(10, 60))
    with pytest.raises(ValueError, match="is for endpoints"):
        release.publish(Canary(Instances(1), 60))
    with pytest.raises(ValueError, match="give alias"):
        release.flow.publish(strategy=AllAtOnce())
    assert [version.number for version in release.flow.versions()] == [1]
    with pytest.raises(ValueError, match="There is no alarm 'none'"):
        release.publish(AllAtOnce(), ["none"])
    assert release.leads_to() == {1: 100}
