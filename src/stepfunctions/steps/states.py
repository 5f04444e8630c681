"""2.3.0's module of states. The names live in :mod:`base`, :mod:`flow` and :mod:`graph`."""

from stepfunctions.steps.base import Block, Catch, Retry, State
from stepfunctions.steps.flow import Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.steps.graph import Chain, FrozenGraph, Graph

__all__ = [
    "Block",
    "Catch",
    "Chain",
    "Choice",
    "Fail",
    "FrozenGraph",
    "Graph",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "State",
    "Succeed",
    "Task",
    "Wait",
]
