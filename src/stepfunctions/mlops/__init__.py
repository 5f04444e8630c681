"""Keep a model alive: deploy it safely, run its pipeline when it has to run, see when it drifts."""

from stepfunctions.deploy.triggers import OnEvent, OnObjectCreated, Schedule
from stepfunctions.steps.strategies import AllAtOnce, Canary, Instances, Linear, Rolling

__all__ = ["AllAtOnce", "Canary", "Instances", "Linear", "OnEvent", "OnObjectCreated", "Rolling", "Schedule"]
