"""The eight states, field by field.

An attribute is the field's wire name in snake_case; it is :data:`~stepfunctions.asl.fields.ABSENT` when the field
is not written. Specification: https://states-language.net/spec.html#state-types
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.asl.choice import ChoiceRule
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import (
    ABSENT,
    CREDENTIALS,
    ITEMS,
    JSONATA,
    JSONPATH,
    PATH,
    REFERENCE_PATH,
    STRING,
    STRING_PATH,
    TEMPLATE,
    TEXT,
    TIMESTAMP,
    VALUE_PATH,
    VARIABLES,
    Absent,
    Kind,
    Nested,
    asl_field,
    integer,
    number,
    one_of,
)
from stepfunctions.asl.maps import ItemBatcher, ItemReader, ResultWriter
from stepfunctions.asl.retry import Catcher, Retrier

if TYPE_CHECKING:
    from stepfunctions.asl.machine import Region

LONGEST_SECONDS = 99_999_999


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What every state has. ``TYPE`` is the value of the field ``Type``."""

    TYPE: ClassVar[str] = ""

    comment: str | Absent = asl_field("Comment", STRING)
    query_language: str | Absent = asl_field("QueryLanguage", one_of(JSONPATH, JSONATA))
    input_path: str | Absent | None = asl_field("InputPath", PATH, language=JSONPATH)
    output_path: str | Absent | None = asl_field("OutputPath", PATH, language=JSONPATH)
    output: JSON = asl_field("Output", TEMPLATE, language=JSONATA)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Flowing(State):
    """A state that goes on to another one, or ends its region, and may set variables."""

    next: str | Absent = asl_field("Next", STRING, group="transition")
    end: bool | Absent = asl_field("End", Kind("boolean"), group="transition")
    assign: JSON = asl_field("Assign", VARIABLES)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Working(_Flowing):
    """A state that does work which can fail: Task, Parallel, Map."""

    parameters: JSON = asl_field("Parameters", TEMPLATE, language=JSONPATH)
    result_selector: JSON = asl_field("ResultSelector", TEMPLATE, language=JSONPATH)
    result_path: str | Absent | None = asl_field("ResultPath", REFERENCE_PATH, language=JSONPATH)
    retry: tuple[Retrier, ...] | Absent = asl_field("Retry", Nested(Retrier, many=True))
    catch: tuple[Catcher, ...] | Absent = asl_field("Catch", Nested(Catcher, many=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass(_Flowing):
    """Pass its input on, or a fixed ``Result``."""

    TYPE: ClassVar[str] = "Pass"

    result: JSON = asl_field("Result", TEMPLATE, language=JSONPATH)
    parameters: JSON = asl_field("Parameters", TEMPLATE, language=JSONPATH)
    result_path: str | Absent | None = asl_field("ResultPath", REFERENCE_PATH, language=JSONPATH)


@dataclass(frozen=True, kw_only=True, slots=True)
class Task(_Working):
    """Do one unit of work through a service, a function or an activity."""

    TYPE: ClassVar[str] = "Task"

    resource: str = asl_field("Resource", STRING, required=True)
    arguments: JSON = asl_field("Arguments", TEMPLATE, language=JSONATA)
    credentials: JSON = asl_field("Credentials", CREDENTIALS)
    timeout_seconds: int | str | Absent = asl_field("TimeoutSeconds", integer(1, LONGEST_SECONDS), group="timeout")
    timeout_seconds_path: str | Absent = asl_field("TimeoutSecondsPath", VALUE_PATH, language=JSONPATH, group="timeout")
    heartbeat_seconds: int | str | Absent = asl_field(
        "HeartbeatSeconds", integer(1, LONGEST_SECONDS), group="heartbeat"
    )
    heartbeat_seconds_path: str | Absent = asl_field(
        "HeartbeatSecondsPath", VALUE_PATH, language=JSONPATH, group="heartbeat"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice(State):
    """Go on to the state of the first rule that matches, else to ``Default``."""

    TYPE: ClassVar[str] = "Choice"

    choices: tuple[ChoiceRule, ...] = asl_field("Choices", Nested(ChoiceRule, many=True), required=True)
    default: str | Absent = asl_field("Default", STRING)
    assign: JSON = asl_field("Assign", VARIABLES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait(_Flowing):
    """Wait for some seconds, or until a time."""

    TYPE: ClassVar[str] = "Wait"

    seconds: int | str | Absent = asl_field("Seconds", integer(0, LONGEST_SECONDS), group="wait")
    timestamp: str | Absent = asl_field("Timestamp", TIMESTAMP, group="wait")
    seconds_path: str | Absent = asl_field("SecondsPath", VALUE_PATH, language=JSONPATH, group="wait")
    timestamp_path: str | Absent = asl_field("TimestampPath", VALUE_PATH, language=JSONPATH, group="wait")


@dataclass(frozen=True, kw_only=True, slots=True)
class Succeed(State):
    """End the region with success."""

    TYPE: ClassVar[str] = "Succeed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail:
    """End the execution with an error. Takes no input or output fields."""

    TYPE: ClassVar[str] = "Fail"

    comment: str | Absent = asl_field("Comment", STRING)
    query_language: str | Absent = asl_field("QueryLanguage", one_of(JSONPATH, JSONATA))
    error: str | Absent = asl_field("Error", TEXT, group="error")
    error_path: str | Absent = asl_field("ErrorPath", STRING_PATH, language=JSONPATH, group="error")
    cause: str | Absent = asl_field("Cause", TEXT, group="cause")
    cause_path: str | Absent = asl_field("CausePath", STRING_PATH, language=JSONPATH, group="cause")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parallel(_Working):
    """Run several branches at once; the result is the list of their outputs."""

    TYPE: ClassVar[str] = "Parallel"

    branches: tuple[Region, ...] = asl_field("Branches", Nested(tuple, many=True, name="region"), required=True)
    arguments: JSON = asl_field("Arguments", TEMPLATE, language=JSONATA)


@dataclass(frozen=True, kw_only=True, slots=True)
class Map(_Working):
    """Run a processor for each item of a list, inside this execution or in child executions of its own."""

    TYPE: ClassVar[str] = "Map"

    item_processor: Region | Absent = asl_field("ItemProcessor", Nested(tuple, name="processor"), group="processor")
    iterator: Region | Absent = asl_field("Iterator", Nested(tuple, name="region"), group="processor")
    items_path: str | Absent = asl_field("ItemsPath", VALUE_PATH, language=JSONPATH)
    items: JSON = asl_field("Items", ITEMS, language=JSONATA)
    item_selector: JSON = asl_field("ItemSelector", TEMPLATE)
    item_reader: ItemReader | Absent = asl_field("ItemReader", Nested(ItemReader))
    item_batcher: ItemBatcher | Absent = asl_field("ItemBatcher", Nested(ItemBatcher))
    result_writer: ResultWriter | Absent = asl_field("ResultWriter", Nested(ResultWriter))
    max_concurrency: int | str | Absent = asl_field("MaxConcurrency", integer(0), group="concurrency")
    max_concurrency_path: str | Absent = asl_field(
        "MaxConcurrencyPath", VALUE_PATH, language=JSONPATH, group="concurrency"
    )
    tolerated_failure_count: int | str | Absent = asl_field(
        "ToleratedFailureCount", integer(0), group="tolerated count"
    )
    tolerated_failure_count_path: str | Absent = asl_field(
        "ToleratedFailureCountPath", VALUE_PATH, language=JSONPATH, group="tolerated count"
    )
    tolerated_failure_percentage: float | str | Absent = asl_field(
        "ToleratedFailurePercentage", number(0, 100), group="tolerated percentage"
    )
    tolerated_failure_percentage_path: str | Absent = asl_field(
        "ToleratedFailurePercentagePath", VALUE_PATH, language=JSONPATH, group="tolerated percentage"
    )
    label: str | Absent = asl_field("Label", Kind("string", maximum=40))

    @property
    def processor(self) -> Region:
        """The region run for each item, whichever of ``ItemProcessor`` and ``Iterator`` it was written as."""
        region = self.iterator if self.item_processor is ABSENT else self.item_processor
        assert region is not ABSENT, "the codec refuses a Map without a processor"
        return region

    @property
    def distributed(self) -> bool:
        """True when items run as child executions (``ProcessorConfig.Mode`` is ``DISTRIBUTED``)."""
        config = self.processor.processor_config
        return config is not ABSENT and config.mode == "DISTRIBUTED"


AnyState = State | Fail

STATE_TYPES: Mapping[str, type[Any]] = MappingProxyType(
    {cls.TYPE: cls for cls in (Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map)}
)
"""The value of ``Type`` -> the class of the state."""
