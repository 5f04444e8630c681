"""Keep a model alive: deploy it safely, run its pipeline when it has to run, see when it drifts."""

from stepfunctions.deploy.event_triggers import (
    Metric,
    OnAlarm,
    OnEvent,
    OnModelApproved,
    OnModelDrift,
    OnObjectCreated,
    OnWorkflow,
)
from stepfunctions.deploy.triggers import EventField, Schedule
from stepfunctions.mlops.checks import QuietAlarms, SmokeTest
from stepfunctions.mlops.deploy_model import DeployModelStep
from stepfunctions.steps.strategies import AllAtOnce, Canary, Instances, Linear, Rolling

__all__ = [
    "AllAtOnce",
    "Canary",
    "DeployModelStep",
    "EventField",
    "Instances",
    "Linear",
    "Metric",
    "OnAlarm",
    "OnEvent",
    "OnModelApproved",
    "OnModelDrift",
    "OnObjectCreated",
    "OnWorkflow",
    "QuietAlarms",
    "Rolling",
    "Schedule",
    "SmokeTest",
]
