"""Steps: the states of a workflow, written in Python, and how they are put together."""

from stepfunctions.steps.base import Catch, Retry
from stepfunctions.steps.choice_rule import ChoiceRule
from stepfunctions.steps.compute import EcsRunTaskStep, GlueStartJobRunStep, LambdaStep
from stepfunctions.steps.flow import Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.steps.graph import Chain, FrozenGraph, Graph
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ModelStep, TrainingStep

__all__ = [
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "EcsRunTaskStep",
    "EndpointConfigStep",
    "EndpointStep",
    "Fail",
    "FrozenGraph",
    "GlueStartJobRunStep",
    "Graph",
    "LambdaStep",
    "Map",
    "ModelStep",
    "Parallel",
    "Pass",
    "Retry",
    "Succeed",
    "Task",
    "TrainingStep",
    "Wait",
]
