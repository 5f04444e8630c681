"""How traffic moves to a new model, or executions to a new version: at once, by a canary, in steps, in batches.

Deployment guardrails: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
Limits: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeploymentConfig.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST_WAIT = 3600
"""Seconds of one bake, of one interval, of the wait before the old fleet goes."""
SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 600, 28_800
"""Seconds that a whole deployment may be given."""
MOST_ALARMS = 10
_COUNT = "InitialInstanceCount"


@dataclass(frozen=True)
class Instances:
    """A size in instances, where an int is percent."""

    count: int

    def __post_init__(self) -> None:
        _whole("Instances.count", self.count, 1, None, "instances")


Size = int | Instances
"""Percent of the capacity, or :class:`Instances`."""


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """What the strategies share. Times are whole seconds.

    ``timeout``: how long the whole deployment may take, 600 to 28,800 and more than all waits together; without it
    SageMaker's own limit holds.
    """

    timeout: int | None = None

    def deployment_config(
        self, variants: Sequence[Mapping[str, Any]] = (), alarms: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return SageMaker's DeploymentConfig for UpdateEndpoint.

        ``variants``: the ProductionVariants of the new configuration in the API's form; sizes are checked against
        those whose instance count is a number. ``alarms``: names of the 1 to 10 alarms that roll back; none by
        default. Raises ValueError that names the rule for what SageMaker would refuse.

        >>> Canary(10, 600).deployment_config()["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["CanarySize"]
        {'Type': 'CAPACITY_PERCENT', 'Value': 10}
        """
        self._check_variants(variants)
        waits, limit = self.waits(variants), self.timeout or LONGEST_TIMEOUT
        if waits >= limit:
            what = "the longest deployment" if self.timeout is None else "MaximumExecutionTimeoutInSeconds"
            raise ValueError(
                f"{self!r}: all waits together take {waits} seconds, which must be less than {what}, {limit} seconds. "
                "Wait less, or take fewer steps."
            )
        return {**self._policy(), **_rollback(alarms)}

    def waits(self, variants: Sequence[Mapping[str, Any]] = ()) -> int:
        """Return the seconds that all waits take together, for the ProductionVariants given."""
        raise NotImplementedError

    def _policy(self) -> dict[str, Any]:
        raise NotImplementedError

    def _check_variants(self, variants: Sequence[Mapping[str, Any]]) -> None:
        """Raise ValueError for a size that does not fit the variants."""

    def _check_times(self, **waits: int) -> None:
        for name, value in waits.items():
            _whole(f"{type(self).__name__}.{name}", value, 0, LONGEST_WAIT, "seconds")
        if self.timeout is not None:
            _whole(f"{type(self).__name__}.timeout", self.timeout, SHORTEST_TIMEOUT, LONGEST_TIMEOUT, "seconds")

    def _limit(self) -> dict[str, int]:
        return {} if self.timeout is None else {"MaximumExecutionTimeoutInSeconds": self.timeout}


@dataclass(frozen=True, kw_only=True)
class BlueGreen(Strategy):
    """What the strategies share that put a whole new fleet beside the old one.

    ``termination_wait``: how long the old fleet is kept, and the alarms are watched, after all traffic has moved; 0 to
    3600 seconds.
    """

    termination_wait: int = 0

    def _routing(self) -> dict[str, Any]:
        raise NotImplementedError

    def _policy(self) -> dict[str, Any]:
        policy = {
            "TrafficRoutingConfiguration": self._routing(),
            "TerminationWaitInSeconds": self.termination_wait,
            **self._limit(),
        }
        return {"BlueGreenUpdatePolicy": policy}


@dataclass(frozen=True, kw_only=True)
class AllAtOnce(BlueGreen):
    """All traffic moves at once, as soon as the new fleet is healthy.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-all-at-once.html
    """

    def __post_init__(self) -> None:
        self._check_times(termination_wait=self.termination_wait)

    def waits(self, variants: Sequence[Mapping[str, Any]] = ()) -> int:  # noqa: ARG002
        """Return the seconds that all waits take together."""
        return self.termination_wait

    def _routing(self) -> dict[str, Any]:
        return {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


@dataclass(frozen=True)
class Canary(BlueGreen):
    """A part of the traffic moves first and is watched for ``bake`` seconds (0 to 3600); then all does.

    ``size``: percent, 1 to 50, or :class:`Instances`, at most half of the fleet.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
    """

    size: Size
    bake: int

    def __post_init__(self) -> None:
        _check_size("Canary.size", self.size, 1, 50)
        self._check_times(bake=self.bake, termination_wait=self.termination_wait)

    def waits(self, variants: Sequence[Mapping[str, Any]] = ()) -> int:  # noqa: ARG002
        """Return the seconds that all waits take together."""
        return self.bake + self.termination_wait

    def _check_variants(self, variants: Sequence[Mapping[str, Any]]) -> None:
        _check_fit("Canary.size", self.size, variants, 0, 50)

    def _routing(self) -> dict[str, Any]:
        return {"Type": "CANARY", "WaitIntervalInSeconds": self.bake, "CanarySize": _request(self.size)}


@dataclass(frozen=True)
class Linear(BlueGreen):
    """The traffic moves in equal steps, and each is watched for ``interval`` seconds (0 to 3600).

    ``step``: percent, 10 to 50, or :class:`Instances`, a tenth to a half of the fleet.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-linear.html
    """

    step: Size
    interval: int

    def __post_init__(self) -> None:
        _check_size("Linear.step", self.step, 10, 50)
        self._check_times(interval=self.interval, termination_wait=self.termination_wait)

    def waits(self, variants: Sequence[Mapping[str, Any]] = ()) -> int:
        """Return the seconds that all waits take together; a step in instances without a variant counts as none."""
        return _steps(self.step, variants) * self.interval + self.termination_wait

    def _check_variants(self, variants: Sequence[Mapping[str, Any]]) -> None:
        _check_fit("Linear.step", self.step, variants, 10, 50)

    def _routing(self) -> dict[str, Any]:
        return {"Type": "LINEAR", "WaitIntervalInSeconds": self.interval, "LinearStepSize": _request(self.step)}


@dataclass(frozen=True)
class Rolling(Strategy):
    """Instances are replaced in batches, and each batch is watched for ``interval`` seconds (0 to 3600).

    ``batch``: percent, 5 to 50, or :class:`Instances`, a twentieth to a half of the fleet. ``rollback_batch``: the
    size of the batches in which it goes back (default: all at once). Not for several variants or serverless ones.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
    """

    batch: Size
    interval: int
    rollback_batch: Size | None = None

    def __post_init__(self) -> None:
        _check_size("Rolling.batch", self.batch, 5, 50)
        if self.rollback_batch is not None:
            _check_size("Rolling.rollback_batch", self.rollback_batch, 5, 100)
        self._check_times(interval=self.interval)

    def waits(self, variants: Sequence[Mapping[str, Any]] = ()) -> int:
        """Return the seconds that all waits take together; a batch in instances without a variant counts as none."""
        return _steps(self.batch, variants) * self.interval

    def _check_variants(self, variants: Sequence[Mapping[str, Any]]) -> None:
        if len(variants) > 1:
            raise ValueError(f"Rolling is for endpoints of one production variant; there are {len(variants)}.")
        if any("ServerlessConfig" in variant for variant in variants):
            raise ValueError("Rolling is not for serverless variants: use AllAtOnce, Canary or Linear.")
        _check_fit("Rolling.batch", self.batch, variants, 5, 50)

    def _policy(self) -> dict[str, Any]:
        back = {} if self.rollback_batch is None else {"RollbackMaximumBatchSize": _request(self.rollback_batch)}
        batch = {"MaximumBatchSize": _request(self.batch), "WaitIntervalInSeconds": self.interval}
        return {"RollingUpdatePolicy": {**batch, **self._limit(), **back}}


def _rollback(alarms: Sequence[str]) -> dict[str, Any]:
    if isinstance(alarms, str):
        raise TypeError(f"alarms is a list of names, not the text {alarms!r}.")
    if len(alarms) > MOST_ALARMS:
        raise ValueError(f"There are {len(alarms)} alarms, but SageMaker takes at most {MOST_ALARMS}.")
    for name in alarms:
        if not 1 <= len(name) <= 255:
            raise ValueError(f"The name of an alarm has 1 to 255 characters, not {len(name)}.")
    if not alarms:
        return {}
    return {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}}


def _whole(name: str, value: Any, least: int, most: int | None, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an int ({unit}), not {value!r}.")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} is {value}, but must be {bounds} {unit}.")


def _check_size(name: str, size: Any, least: int, most: int) -> None:
    if not isinstance(size, Instances):
        _whole(name, size, least, most, "percent (or Instances(n))")


def _check_fit(name: str, size: Size, variants: Sequence[Mapping[str, Any]], least: int, most: int) -> None:
    """Raise ValueError for a size that is too large or too small a part of a variant's instances."""
    for variant in variants:
        count, who = variant.get(_COUNT), f"the variant '{variant.get('VariantName')}'"
        if isinstance(size, Instances) and "ServerlessConfig" in variant:
            raise ValueError(f"{name} is {size!r}, but {who} is serverless and has no instances: give percent.")
        if isinstance(count, bool) or not isinstance(count, int):
            continue
        instances = size.count if isinstance(size, Instances) else max(1, count * size // 100)
        if instances * 100 > count * most or (isinstance(size, Instances) and instances * 100 < count * least):
            bounds = f"at most {most}" if not least else f"{least} to {most}"
            raise ValueError(
                f"{name} is {size!r}, which is {instances} of the {count} instances of {who}, but must be {bounds} "
                f"percent of them. {'Give it more instances.' if count * most < 100 else 'Take another size.'}"
            )


def _steps(size: Size, variants: Sequence[Mapping[str, Any]]) -> int:
    if isinstance(size, int):
        return math.ceil(100 / size)
    counts = [variant[_COUNT] for variant in variants if isinstance(variant.get(_COUNT), int)]
    return math.ceil(max(counts, default=0) / size.count)


def _request(size: Size) -> dict[str, Any]:
    """Return the API's CapacitySize: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CapacitySize.html"""
    if isinstance(size, Instances):
        return {"Type": "INSTANCE_COUNT", "Value": size.count}
    return {"Type": "CAPACITY_PERCENT", "Value": size}
