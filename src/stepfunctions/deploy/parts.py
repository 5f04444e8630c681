"""What a stack is made of: the options people give, and parts that the modules of this package hand to each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from stepfunctions.catalog.regions import REGION
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.steps.graph import Graph
from stepfunctions.steps.strategies import AllAtOnce, Canary, Linear, Strategy

MACHINE, ROLE, LOG_GROUP, VERSION, ALIAS = "StateMachine", "ExecutionRole", "LogGroup", "Version", "Alias"
"""Logical ids of the state machine, of its role, log group, version and alias."""
NAME, ASSET_BUCKET, DEFINITION_KEY = "StateMachineName", "AssetBucket", "DefinitionKey"
"""The Parameters for the state machine's name, the bucket that files are in, and the key of the definition's file."""
FAILED_ALARM = "ExecutionsFailedAlarm"
"""The logical id of the alarm of failed executions."""
TAKEN = frozenset({MACHINE, ROLE, LOG_GROUP, VERSION, ALIAS, NAME, ASSET_BUCKET, DEFINITION_KEY})

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

_MINUTE = 60
ALL_AT_ONCE, LINEAR, CANARY = "ALL_AT_ONCE", "LINEAR", "CANARY"


class WorkflowLike(Protocol):
    """What a stack needs to know of a workflow. :class:`stepfunctions.workflow.Workflow` is one."""

    name: str
    role: str
    type: Any
    definition: Graph
    workflow_input: ExecutionInput | None

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """Logging, tracing and encryption by the API's names."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """How the alias moves from the old version to the new one.

    ``type``: ALL_AT_ONCE; CANARY, which sends ``percentage`` of the executions to the new version and all after
    ``interval`` minutes; LINEAR, which adds ``percentage`` each ``interval`` minutes. ``alarms``: names of CloudWatch
    alarms that turn everything back when they go off in that time; by default the stack's own alarm of failed
    executions, when it has alarms.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-stepfunctions-statemachinealias-deploymentpreference.html
    """

    type: Literal["ALL_AT_ONCE", "LINEAR", "CANARY"] = "ALL_AT_ONCE"
    percentage: int | None = None
    interval: int | None = None
    alarms: Sequence[str] = ()

    def __post_init__(self) -> None:
        gradual = {"percentage": (self.percentage, 99), "interval": (self.interval, 2100)}
        if self.type not in (ALL_AT_ONCE, LINEAR, CANARY):
            raise ValueError(f"Deployment.type is {self.type!r}, but must be one of ALL_AT_ONCE, LINEAR, CANARY.")
        for name, (value, most) in gradual.items():
            if self.type == ALL_AT_ONCE and value is not None:
                raise ValueError(f"Deployment.{name} is for LINEAR and CANARY, not for ALL_AT_ONCE.")
            if self.type != ALL_AT_ONCE and (isinstance(value, bool) or not isinstance(value, int)):
                raise TypeError(f"Deployment.{name} must be an int for {self.type}, not {value!r}.")
            if value is not None and not 1 <= value <= most:
                raise ValueError(f"Deployment.{name} is {value}, but must be 1 to {most}.")
        if len(self.alarms) > 100:
            raise ValueError(f"Deployment.alarms has {len(self.alarms)} names, but at most 100 are possible.")

    @classmethod
    def of(cls, strategy: Strategy, alarms: Sequence[str] = ()) -> Deployment:
        """Return what a strategy of ``stepfunctions.mlops`` is for an alias: its times must be whole minutes.

        Raises ValueError for what CloudFormation cannot do: instances, batches, a wait after the last stage.

        >>> from stepfunctions.mlops import Canary
        >>> Deployment.of(Canary(10, 900))
        Deployment(type='CANARY', percentage=10, interval=15, alarms=())
        """
        if isinstance(strategy, AllAtOnce) and not strategy.termination_wait:
            return cls(alarms=alarms)
        gradual = isinstance(strategy, (Canary, Linear)) and not strategy.termination_wait
        size = strategy.size if isinstance(strategy, Canary) else getattr(strategy, "step", None)
        if not gradual or not isinstance(size, int):
            raise ValueError(
                f"{strategy!r} is for endpoints. CloudFormation moves an alias by AllAtOnce(), Canary(percent, "
                "seconds) or Linear(percent, seconds)."
            )
        seconds = strategy.bake if isinstance(strategy, Canary) else getattr(strategy, "interval", 0)
        if seconds % _MINUTE or not seconds:
            raise ValueError(f"{strategy!r}: CloudFormation takes whole minutes, not {seconds} seconds.")
        kind: Literal["CANARY", "LINEAR"] = "CANARY" if isinstance(strategy, Canary) else "LINEAR"
        return cls(type=kind, percentage=size, interval=seconds // _MINUTE, alarms=alarms)


@dataclass(frozen=True, kw_only=True)
class Options:
    """What ``Workflow.stack(...)`` is asked for; its docstring tells what each means."""

    name: str
    description: str | None = None
    account: str | None = None
    region: str | None = None
    alias: str | None = "live"
    deployment: Deployment = field(default_factory=Deployment)
    log_retention_days: int = 30
    triggers: tuple[Any, ...] = ()
    alarms: bool = False
    dashboard: bool = False
    requirements: bool = True
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.account is not None and not re.fullmatch(r"\d{12}", self.account):
            raise ValueError(f"account is {self.account!r}, but must have 12 digits.")
        if self.region is not None and not re.fullmatch(REGION, self.region):
            raise ValueError(f"region is {self.region!r}, but must be the name of a Region, such as 'eu-west-1'.")
        if self.log_retention_days not in RETENTION_DAYS:
            raise ValueError(
                f"log_retention_days is {self.log_retention_days!r}, but must be one of "
                f"{', '.join(map(str, RETENTION_DAYS))}."
            )
        if self.alias is not None and (not re.fullmatch(r"[0-9A-Za-z_.-]{1,80}", self.alias) or self.alias.isdigit()):
            raise ValueError(f"alias is {self.alias!r}, but must have 1 to 80 of A-Z a-z 0-9 . _ -, not digits alone.")


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the makers of parts know of the stack that they are for.

    ``target``: the ARN to start executions of, the alias's or the state machine's, as a template's value.
    ``machine_arn``: the ARN of the state machine itself, which metrics are of. ``value`` makes a value that holds ARNs,
    buckets and such of the workflow's own account into one that fits every account.
    """

    options: Options
    target: Mapping[str, Any]
    machine_arn: Mapping[str, Any]
    value: Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Members of a template, in order. ``values``: of Parameters without a default, as they are in this workflow's
    own account. ``assets``: the files that its Parameters name."""

    resources: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    assets: tuple[Any, ...] = ()


def joined(parts: Sequence[Parts]) -> Parts:
    """Return several parts as one. Raises ValueError when one name stands for different things."""
    found: dict[str, dict[str, Any]] = {}
    for name in ("resources", "parameters", "outputs", "mappings", "values"):
        members = found.setdefault(name, {})
        for part in parts:
            for key, value in getattr(part, name).items():
                if members.setdefault(key, value) != value:
                    raise ValueError(f"Two parts of the stack have the name '{key}' for different {name}.")
    for key in found["resources"].keys() & found["parameters"].keys():
        raise ValueError(f"The stack has a resource and a Parameter of the name '{key}'.")
    return Parts(**found, assets=tuple(dict.fromkeys(asset for part in parts for asset in part.assets)))
