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
from stepfunctions.mlops.baseline import Baseline
from stepfunctions.mlops.checks import MetricGate, QuietAlarms, SmokeTest
from stepfunctions.mlops.deploy_model import DeployModelStep
from stepfunctions.mlops.drift import Captured, Dataset, DriftMonitor, DriftStep, Truth
from stepfunctions.mlops.model_monitor import ModelMonitor
from stepfunctions.steps.strategies import AllAtOnce, Canary, Instances, Linear, Rolling

__all__ = [
    "AllAtOnce",
    "Baseline",
    "Canary",
    "Captured",
    "Dataset",
    "DeployModelStep",
    "DriftMonitor",
    "DriftStep",
    "EventField",
    "Instances",
    "Linear",
    "Metric",
    "MetricGate",
    "ModelMonitor",
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
    "Truth",
]
