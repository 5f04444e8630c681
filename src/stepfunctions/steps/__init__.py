"""Steps: the states of a workflow, written in Python, and how they are put together."""

from stepfunctions.steps.base import Catch, Retry
from stepfunctions.steps.choice_rule import ChoiceRule
from stepfunctions.steps.compute import EcsRunTaskStep, GlueStartJobRunStep, LambdaStep
from stepfunctions.steps.flow import Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.steps.flows import Flow
from stepfunctions.steps.fragments import prefixed
from stepfunctions.steps.graph import Chain, FrozenGraph, Graph
from stepfunctions.steps.maps import ItemBatcher, ItemReader, ProcessorConfig, ReaderConfig, ResultWriter, WriterConfig
from stepfunctions.steps.rendering import NULL
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ModelStep, TrainingStep

__all__ = [
    "NULL",
    "Catch",
    "Chain",
    "Choice",
    "ChoiceRule",
    "EcsRunTaskStep",
    "EndpointConfigStep",
    "EndpointStep",
    "Fail",
    "Flow",
    "FrozenGraph",
    "GlueStartJobRunStep",
    "Graph",
    "ItemBatcher",
    "ItemReader",
    "LambdaStep",
    "Map",
    "ModelStep",
    "Parallel",
    "Pass",
    "ProcessorConfig",
    "ReaderConfig",
    "ResultWriter",
    "Retry",
    "Succeed",
    "Task",
    "TrainingStep",
    "Wait",
    "WriterConfig",
    "prefixed",
]
