"""The eight states as steps.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions import asl
from stepfunctions.steps.base import State, check_step, logger
from stepfunctions.steps.choice_rule import BaseRule
from stepfunctions.steps.graph import Chain, Graph, branch_to_dict
from stepfunctions.steps.rendering import render_template

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import (
        Catches,
        ChoiceFields,
        CommonFields,
        FailFields,
        MapFields,
        ParallelFields,
        PassFields,
        Retries,
        TaskFields,
        WaitFields,
    )


class Pass(State):
    """Pass the input on to the output, or put a fixed ``result`` there."""

    ASL = asl.Pass

    def __init__(self, state_id: str, **fields: Unpack[PassFields]) -> None:
        super().__init__(state_id, "Pass", **fields)


class Succeed(State):
    """End the workflow, or its branch, with success."""

    ASL = asl.Succeed

    def __init__(self, state_id: str, **fields: Unpack[CommonFields]) -> None:
        super().__init__(state_id, "Succeed", **fields)


class Fail(State):
    """End the workflow with an ``error`` and a ``cause``."""

    ASL = asl.Fail

    def __init__(self, state_id: str, **fields: Unpack[FailFields]) -> None:
        super().__init__(state_id, "Fail", **fields)


class Wait(State):
    """Wait: exactly one of ``seconds``, ``timestamp``, ``seconds_path``, ``timestamp_path``, else ValueError."""

    ASL = asl.Wait

    def __init__(self, state_id: str, **fields: Unpack[WaitFields]) -> None:
        super().__init__(state_id, "Wait", **fields)
        if not any(field.spec.group == "wait" for field, _ in self._given()):
            raise ValueError(
                "A Wait state needs exactly one of 'seconds', 'timestamp', 'seconds_path' and 'timestamp_path'."
            )


class Choice(State):
    """Go on to the step of the first rule that matches the input, else to the default."""

    ASL = asl.Choice

    def __init__(self, state_id: str, **fields: Unpack[ChoiceFields]) -> None:
        super().__init__(state_id, "Choice", **fields)
        self.choices: list[tuple[BaseRule, State | Chain]] = []
        self.default: State | Chain | None = None

    def add_choice(self, rule: BaseRule, next_step: State | Chain) -> None:
        """Go on to ``next_step`` when ``rule`` matches and no earlier rule did."""
        if not isinstance(rule, BaseRule):
            raise TypeError(f"A choice is a rule made by ChoiceRule, not {type(rule).__name__}.")
        check_step(next_step)
        self.choices.append((rule, next_step))

    def default_choice(self, next_step: State | Chain) -> None:
        """Go on to ``next_step`` when no rule matches."""
        check_step(next_step)
        self.default = next_step

    def next(self, next_step: State | Chain) -> State | Chain:
        """Set the default choice and return it. Replacing another default is logged as a warning."""
        check_step(next_step)
        if self.default is not None and self.default is not next_step:
            logger.warning(
                "Chaining Choice state: Overwriting %s's current default_choice (%s) with %s",
                self.state_id,
                self.default.state_id,
                next_step.state_id,
            )
        self.default = next_step
        return next_step

    def to_dict(self) -> dict[str, Any]:
        """Return the state in the form of its JSON."""
        result = super().to_dict()
        result["Choices"] = [{**rule.to_dict(), "Next": step.state_id} for rule, step in self.choices]
        if self.default is not None:
            result["Default"] = self.default.state_id
        return result


class Parallel(State):
    """Run branches at the same time; the result is the list of their outputs."""

    ASL = asl.Parallel
    LINKED_FIELDS = ("retry", "catch")

    def __init__(
        self, state_id: str, retry: Retries = None, catch: Catches = None, **fields: Unpack[ParallelFields]
    ) -> None:
        super().__init__(state_id, "Parallel", retry=retry, catch=catch, **fields)
        self.branches: list[State | Chain | Graph] = []

    def add_branch(self, branch: State | Chain | Graph) -> None:
        """Add a branch."""
        self.branches.append(branch)

    def to_dict(self) -> dict[str, Any]:
        """Return the state in the form of its JSON."""
        return {**super().to_dict(), "Branches": [branch_to_dict(branch) for branch in self.branches]}


class Map(State):
    """Run a processor for each item of a list.

    Give the processor as ``iterator`` (2.3.0's form) or ``item_processor``. With
    ``processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}`` each item runs as a child execution;
    then ``item_reader`` can take the items from S3 and ``tolerated_failure_percentage`` may let some fail.
    """

    ASL = asl.Map
    LINKED_FIELDS = ("retry", "catch", "iterator", "item_processor", "processor_config")

    def __init__(
        self, state_id: str, retry: Retries = None, catch: Catches = None, **fields: Unpack[MapFields]
    ) -> None:
        given: dict[str, Any] = dict(fields)
        self.iterator: State | Chain | Graph | None = given.pop("iterator", None)
        self.item_processor: State | Chain | Graph | None = given.pop("item_processor", None)
        self.processor_config: Mapping[str, str] | None = given.pop("processor_config", None)
        if self.iterator is not None and self.item_processor is not None:
            raise ValueError("'iterator' and 'item_processor' exclude each other: give one of them.")
        super().__init__(state_id, "Map", retry=retry, catch=catch, **given)

    def attach_iterator(self, iterator: State | Chain | Graph) -> None:
        """Set the processor that runs for each item."""
        if self.item_processor is not None:
            self.item_processor = iterator
        else:
            self.iterator = iterator

    def to_dict(self) -> dict[str, Any]:
        """Return the state in the form of its JSON. Raises ValueError when no processor was attached."""
        result = super().to_dict()
        processor = self.item_processor if self.item_processor is not None else self.iterator
        if processor is None:
            raise ValueError(
                f"The Map state '{self.state_id}' has no processor: give item_processor=, or call attach_iterator()."
            )
        if self.item_processor is None and self.processor_config is None:
            result["Iterator"] = branch_to_dict(processor)
            return result
        config = {"ProcessorConfig": render_template(self.processor_config, "ProcessorConfig")}
        result["ItemProcessor"] = {**(config if self.processor_config else {}), **branch_to_dict(processor)}
        return result


class Task(State):
    """Do one unit of work: ``resource`` is the ARN of a service integration, a function or an activity."""

    ASL = asl.Task
    LINKED_FIELDS = ("retry", "catch")
    REQUEST: ClassVar[bool] = False
    """Whether the parameters are the request of an API, which a JSONata state writes as ``Arguments``."""

    def __init__(
        self, state_id: str, retry: Retries = None, catch: Catches = None, **fields: Unpack[TaskFields]
    ) -> None:
        super().__init__(state_id, "Task", retry=retry, catch=catch, **fields)
