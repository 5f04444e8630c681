"""Move an alias to a new version as a strategy says, watch alarms meanwhile, and go back when one goes off.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import DeploymentFailed
from stepfunctions.steps.strategies import AllAtOnce, Canary, Instances, Linear, Strategy
from stepfunctions.workflow import versions

if TYPE_CHECKING:
    from stepfunctions.workflow.clients import Clients
    from stepfunctions.workflow.versions import Alias, Version

logger = logging.getLogger("stepfunctions")

_ALL = 100
_LOOK_SECONDS = 10
_MOST_NAMES = 100  # of one DescribeAlarms


@dataclass(frozen=True)
class Stage:
    """How many of a hundred executions begin with the new version, and how many seconds that is watched."""

    percent: int
    seconds: int


def stages_of(strategy: Strategy) -> tuple[Stage, ...]:
    """Return the stages of a strategy, the last one with all executions.

    Raises ValueError for what an alias does not have: instances, batches.
    """
    if isinstance(strategy, AllAtOnce):
        return (Stage(_ALL, strategy.termination_wait),)
    size = strategy.size if isinstance(strategy, Canary) else strategy.step if isinstance(strategy, Linear) else None
    if size is None or isinstance(size, Instances):
        raise ValueError(
            f"{strategy!r} is for endpoints: an alias has no instances. Use AllAtOnce(), Canary(percent, seconds) or "
            "Linear(percent, seconds)."
        )
    last = strategy.termination_wait if isinstance(strategy, (Canary, Linear)) else 0
    if isinstance(strategy, Canary):
        return Stage(size, strategy.bake), Stage(_ALL, last)
    assert isinstance(strategy, Linear)
    return (*(Stage(percent, strategy.interval) for percent in range(size, _ALL, size)), Stage(_ALL, last))


@dataclass
class Shift:
    """One move of an alias. ``sleep`` waits so many seconds; ``clients`` has CloudWatch's, for alarms."""

    client: Any
    machine_arn: str
    alias: str
    version: Version
    strategy: Strategy
    alarms: Sequence[str]
    clients: Clients | None
    sleep: Callable[[float], Any]
    old: str = field(init=False, default="")

    def run(self) -> None:
        """Move the alias. Raises DeploymentFailed when an alarm goes off, ValueError before anything is changed."""
        stages = stages_of(self.strategy)
        if isinstance(self.alarms, str):
            raise TypeError(f"alarms is a list of names, not the text {self.alarms!r}.")
        self._check_alarms()
        found = self._found()
        if found is None:
            versions.create_alias(self.client, self.machine_arn, self.alias, self.version, None)
            logger.info("The alias %s was created, for version %s.", self.alias, self.version.number)
            return
        share = found.weights.get(self.version.arn, 0)
        others = [arn for arn in found.weights if arn != self.version.arn]
        if not others:
            return  # it leads there already
        if len(others) > 1:
            numbers = " and ".join(arn.rpartition(":")[2] for arn in found.weights)
            raise ValueError(
                f"The alias '{self.alias}' is shared by the versions {numbers}: another deployment goes on, or was "
                f"broken off. Set it first: workflow.alias({self.alias!r}, version)."
            )
        self.old = others[0]
        try:
            for stage in stages:
                if stage.percent > share:  # what a broken-off deployment has done is not done again
                    share = self._move(stage.percent, share)
                self._watch(stage)
        except DeploymentFailed:
            raise
        except BaseException:
            self._back()
            raise

    def _found(self) -> Alias | None:
        try:
            return versions.describe_alias(self.client, versions.alias_arn(self.machine_arn, self.alias))
        except self.client.exceptions.ResourceNotFound:
            return None

    def _move(self, percent: int, share: int) -> int:
        """Give the new version so many percent. Raises DeploymentFailed when somebody else has moved the alias."""
        found = self._found()
        if found is None or found.weights != self._weights(share):
            raise DeploymentFailed(
                f"Somebody else has moved the alias '{self.alias}' meanwhile; it is left as it is, and version "
                f"{self.version.number} gets no more."
            )
        versions.update_alias(self.client, found.arn, self.machine_arn, self._weights(percent), None)
        logger.info(
            "The alias %s: %s%% of the executions begin with version %s.", self.alias, percent, self.version.number
        )
        return percent

    def _weights(self, percent: int) -> dict[str, int]:
        return {arn: of for arn, of in ((self.version.arn, percent), (self.old, _ALL - percent)) if of}

    def _watch(self, stage: Stage) -> None:
        """Wait as long as a stage takes, and look at the alarms."""
        for seconds in (*_parts(stage.seconds), 0):
            bad = self._in_alarm()
            if bad:
                self._back()
                raise DeploymentFailed(
                    f"The alias '{self.alias}' leads to version {self.old.rpartition(':')[2]} again: the alarm "
                    f"'{bad[0]['AlarmName']}' is in the state ALARM ({bad[0]['StateReason']}), at {stage.percent}% of "
                    f"the executions with version {self.version.number}."
                )
            if seconds:
                self.sleep(seconds)

    def _back(self) -> None:
        arn = versions.alias_arn(self.machine_arn, self.alias)
        versions.update_alias(self.client, arn, self.machine_arn, self.old, None)
        logger.warning("The alias %s leads to version %s again.", self.alias, self.old.rpartition(":")[2])

    def _check_alarms(self) -> None:
        known = {alarm["AlarmName"] for alarm in self._alarms()}
        missing = [name for name in self.alarms if name not in known]
        if missing:
            raise ValueError(f"There is no alarm '{missing[0]}' in this account and Region.")
        bad = self._in_alarm()
        if bad:
            raise ValueError(
                f"The alarm '{bad[0]['AlarmName']}' is in the state ALARM already ({bad[0]['StateReason']}): nothing "
                "could be told by it. Mend that first."
            )

    def _in_alarm(self) -> list[dict[str, Any]]:
        return [alarm for alarm in self._alarms() if alarm["StateValue"] == "ALARM"]

    def _alarms(self) -> Iterator[dict[str, Any]]:
        if self.clients is None:
            return
        for first in range(0, len(self.alarms), _MOST_NAMES):
            names = list(self.alarms[first : first + _MOST_NAMES])
            kinds = ["MetricAlarm", "CompositeAlarm"]
            found = self.clients.client("cloudwatch").describe_alarms(AlarmNames=names, AlarmTypes=kinds)
            yield from (*found["MetricAlarms"], *found["CompositeAlarms"])


def _parts(seconds: int) -> Iterator[int]:
    while seconds > 0:
        yield min(seconds, _LOOK_SECONDS)
        seconds -= _LOOK_SECONDS
