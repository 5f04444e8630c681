"""The keyword arguments of blocks, for editors and type checkers.

The names are the attributes of :mod:`stepfunctions.asl.states`; a test holds the two together. At run time the
field table decides, not these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from stepfunctions.asl.fields import Absent
from stepfunctions.inputs.expressions import Expression

if TYPE_CHECKING:
    from stepfunctions.steps.base import Catch, Retry
    from stepfunctions.steps.blocks import Block
    from stepfunctions.steps.graph import Graph
    from stepfunctions.steps.writing import Linkable

Path: TypeAlias = "str | Expression | Absent | None"
Number: TypeAlias = "int | str | Expression | None"
Fraction: TypeAlias = "float | str | Expression | None"
Text: TypeAlias = "str | Expression | None"
Retries: TypeAlias = "Retry | list[Retry] | tuple[Retry, ...] | None"
Catches: TypeAlias = "Catch | list[Catch] | tuple[Catch, ...] | None"
Template: TypeAlias = "Mapping[str, Any] | Expression | None"
Variables: TypeAlias = "Mapping[str, Any] | None"
Part: TypeAlias = "Mapping[str, Any] | Block | None"
Branch: TypeAlias = "Linkable | Graph"


class RetryFields(TypedDict, total=False):
    """Fields of a retrier."""

    error_equals: list[str]
    interval_seconds: int | None
    max_attempts: int | None
    backoff_rate: float | None
    max_delay_seconds: int | None
    jitter_strategy: str | None
    comment: str | None


class CatchFields(TypedDict, total=False):
    """Fields of a catcher."""

    error_equals: list[str]
    result_path: Path
    output: Any
    assign: Variables
    comment: str | None


class CommonFields(TypedDict, total=False):
    """Fields of every state but Fail."""

    comment: str | None
    query_language: str | None
    input_path: Path
    output_path: Path
    output: Any


class ChoiceFields(CommonFields, total=False):
    """Fields of a Choice state."""

    output_schema: Mapping[Any, Any] | None
    assign: Variables


class FlowingFields(CommonFields, total=False):
    """Fields of a state that goes on to another one."""

    output_schema: Mapping[Any, Any] | None
    assign: Variables


class PassFields(FlowingFields, total=False):
    """Fields of a Pass state."""

    result: Any
    parameters: Template
    result_path: Path


class WaitFields(FlowingFields, total=False):
    """Fields of a Wait state: exactly one of the four that say how long."""

    seconds: Number
    timestamp: Text
    seconds_path: Text
    timestamp_path: Text


class FailFields(TypedDict, total=False):
    """Fields of a Fail state."""

    comment: str | None
    query_language: str | None
    error: Text
    error_path: Text
    cause: Text
    cause_path: Text


class WorkingFields(FlowingFields, total=False):
    """Fields of a state that does work: Task, Parallel, Map."""

    parameters: Template
    result_selector: Variables
    result_path: Path


class ParallelFields(WorkingFields, total=False):
    """Fields of a Parallel state."""

    arguments: Any


class TaskFields(WorkingFields, total=False):
    """Fields of a Task."""

    resource: str | None
    arguments: Any
    credentials: Any
    timeout_seconds: Number
    timeout_seconds_path: Text
    heartbeat_seconds: Number
    heartbeat_seconds_path: Text


class ServiceFields(TaskFields, total=False):
    """Fields of a Task whose resource is known, as all service integration steps take them."""

    retry: Retries
    catch: Catches


class MapFields(WorkingFields, total=False):
    """Fields of a Map state."""

    iterator: Branch | None
    item_processor: Branch | None
    processor_config: Mapping[str, str] | Block | None
    items_path: Text
    items: Any
    item_selector: Template
    item_reader: Part
    item_batcher: Part
    result_writer: Part
    max_concurrency: Number
    max_concurrency_path: Text
    tolerated_failure_count: Number
    tolerated_failure_count_path: Text
    tolerated_failure_percentage: Fraction
    tolerated_failure_percentage_path: Text
    label: str | None
