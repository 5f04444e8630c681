"""What a state machine is: the Amazon States Language as data.

``parse`` and ``dump`` turn definitions into frozen dataclasses and back; nothing here runs anything.
"""

from stepfunctions.asl.choice import OPERATORS, And, ChoiceRule, Comparison, Not, Or, Test
from stepfunctions.asl.codec import dump, loads, parse
from stepfunctions.asl.document import JSON, Document, dumps
from stepfunctions.asl.fields import ABSENT, Absent
from stepfunctions.asl.machine import Located, Region, StateMachine, subregions, walk
from stepfunctions.asl.maps import (
    ItemBatcher,
    ItemReader,
    ProcessorConfig,
    ReaderConfig,
    ResultWriter,
    WriterConfig,
)
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.retry import Catcher, Retrier
from stepfunctions.asl.states import (
    STATE_TYPES,
    AnyState,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    State,
    Succeed,
    Task,
    Wait,
)

__all__ = [
    "ABSENT",
    "JSON",
    "OPERATORS",
    "STATE_TYPES",
    "Absent",
    "And",
    "AnyState",
    "Catcher",
    "Choice",
    "ChoiceRule",
    "Comparison",
    "Document",
    "Fail",
    "IntegrationPattern",
    "ItemBatcher",
    "ItemReader",
    "Located",
    "Map",
    "Not",
    "Or",
    "Parallel",
    "Pass",
    "ProcessorConfig",
    "ReaderConfig",
    "Region",
    "Resource",
    "ResultWriter",
    "Retrier",
    "State",
    "StateMachine",
    "Succeed",
    "Task",
    "Test",
    "Wait",
    "WriterConfig",
    "dump",
    "dumps",
    "loads",
    "parse",
    "subregions",
    "walk",
]
