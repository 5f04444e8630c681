"""How an update's traffic moves to the new fleet: the stages that a DeploymentConfig asks for, and what it may not ask.

Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepfunctions.local.sagemaker.records import Record, invalid

LONGEST_BAKE = 3600
"""Seconds that a single wait may take; the service's model says so as well."""


@dataclass(frozen=True)
class Stage:
    """A part of the traffic that goes to the new fleet, and how many seconds it is watched before the next."""

    share: float
    wait: float


@dataclass(frozen=True)
class Plan:
    """The stages of an update, the last one with all traffic; ``timeout`` in seconds, None for no limit."""

    stages: tuple[Stage, ...]
    alarms: tuple[str, ...] = ()
    timeout: float | None = None


def plan_of(config: Mapping[str, Any], variants: Sequence[Record]) -> Plan:
    """Return the plan of a DeploymentConfig for an endpoint configuration's variants; an empty one is all at once.

    Raises ServiceError (ValidationException) that names the rule for what SageMaker refuses.
    """
    alarms = tuple(alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", ()))
    rolling, blue_green = config.get("RollingUpdatePolicy"), config.get("BlueGreenUpdatePolicy", {})
    if rolling is not None and blue_green:
        raise invalid("DeploymentConfig: give one of BlueGreenUpdatePolicy and RollingUpdatePolicy, not both.")
    stages = _rolling(rolling, variants) if rolling is not None else _blue_green(blue_green, variants)
    timeout = (blue_green if rolling is None else rolling).get("MaximumExecutionTimeoutInSeconds")
    waits = sum(stage.wait for stage in stages)
    if timeout is not None and timeout <= waits:
        raise invalid(
            f"MaximumExecutionTimeoutInSeconds {timeout} must be more than all waits together: {len(stages)} stages, "
            f"{waits:g} seconds."
        )
    return Plan(tuple(stages), alarms, timeout)


def _blue_green(policy: Mapping[str, Any], variants: Sequence[Record]) -> list[Stage]:
    routing = policy.get("TrafficRoutingConfiguration", {})
    kind, wait = routing.get("Type", "ALL_AT_ONCE"), routing.get("WaitIntervalInSeconds", 0)
    _only(routing, kind, "CanarySize", "CANARY")
    _only(routing, kind, "LinearStepSize", "LINEAR")
    if kind == "CANARY":
        stages = [Stage(_share(routing["CanarySize"], variants, "CanarySize", 0, 50), wait), Stage(1.0, 0)]
    elif kind == "LINEAR":
        stages = _steps(_share(routing["LinearStepSize"], variants, "LinearStepSize", 10, 50), wait)
    else:
        stages = [Stage(1.0, wait)]
    last = stages.pop()
    return [*stages, Stage(last.share, last.wait + policy.get("TerminationWaitInSeconds", 0))]


def _rolling(policy: Mapping[str, Any], variants: Sequence[Record]) -> list[Stage]:
    if len(variants) > 1:
        raise invalid("A rolling deployment is not supported for endpoints with several production variants.")
    if "ServerlessConfig" in variants[0]:
        raise invalid("A rolling deployment is not supported for serverless endpoints.")
    share = _share(policy["MaximumBatchSize"], variants, "MaximumBatchSize", 5, 50)
    return _steps(share, policy["WaitIntervalInSeconds"])


def _steps(share: float, wait: float) -> list[Stage]:
    count = math.ceil(1 / share - 1e-9)
    return [Stage(min(1.0, share * (step + 1)), wait) for step in range(count)]


def _only(routing: Mapping[str, Any], kind: str, member: str, of: str) -> None:
    if (member in routing) != (kind == of):
        raise invalid(
            f"TrafficRoutingConfiguration: {member} is {'required' if kind == of else 'only'} for the Type {of}; "
            f"the Type is {kind}."
        )


def _share(size: Mapping[str, Any], variants: Sequence[Record], member: str, least: float, most: float) -> float:
    """Return which part of the fleet a size is. Raises ServiceError for one out of bounds, for any variant."""
    value, shares = size["Value"], []
    for variant in variants:
        count = variant.get("InitialInstanceCount")  # a serverless variant has none
        if size["Type"] == "CAPACITY_PERCENT":
            instances = 0 if count is None else max(1, count * value // 100)
            shares.append(value / 100)
        elif count is None:
            raise invalid(f"{member}: a serverless variant has no instances: use the Type CAPACITY_PERCENT.")
        else:
            instances = value
            shares.append(value / count)
        if not least <= shares[-1] * 100 <= most or (count is not None and instances > count * most / 100):
            raise invalid(
                f"{member} must be {f'from {least:g} to' if least else 'at most'} {most:g} percent of the variant's "
                f"instances; {value} {size['Type']} of {variant['VariantName']}'s {count or 'serverless'} is not."
            )
    if len({round(share, 9) for share in shares}) > 1:
        raise invalid(
            f"{member}: {value} instances are not the same part of every variant: use the Type CAPACITY_PERCENT."
        )
    return float(shares[0])
