"""2.3.0's module of states. The names live in :mod:`base`, :mod:`state_types`, :mod:`graph` and :mod:`visitors`."""

from __future__ import annotations

from stepfunctions.steps.base import Block, Catch, Retry, State
from stepfunctions.steps.graph import Chain, FrozenGraph, Graph
from stepfunctions.steps.state_types import Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.steps.visitors import GraphVisitor, ValidationVisitor

__all__ = [
    "Block",
    "Catch",
    "Chain",
    "Choice",
    "Fail",
    "FrozenGraph",
    "Graph",
    "GraphVisitor",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "State",
    "Succeed",
    "Task",
    "ValidationVisitor",
    "Wait",
    "to_pascalcase",
]


def to_pascalcase(text: str) -> str:
    """Return a name of words joined by ``_`` in PascalCase.

    >>> to_pascalcase("max_concurrency")
    'MaxConcurrency'
    """
    return "".join(word.title() for word in text.split("_"))
