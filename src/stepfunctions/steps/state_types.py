"""The eight states as steps.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions import asl
from stepfunctions.asl.fields import JSONATA
from stepfunctions.inputs.conditions import BaseRule, condition
from stepfunctions.inputs.expressions import Expression, holds_jsonata
from stepfunctions.steps.base import State, check_step, logger
from stepfunctions.steps.blocks import Block, fields_of, in_order
from stepfunctions.steps.graph import check_branch, write_branch
from stepfunctions.steps.rendering import in_braces, render_template
from stepfunctions.steps.writing import Linkable, LinkableT, Links, Writer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.flows import ChoiceFlow
    from stepfunctions.steps.signatures import (
        Branch,
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


class ChoiceBranch(tuple[BaseRule, Linkable]):
    """One rule of a Choice and the step it leads to; with ``assign``, ``output`` and ``comment`` of its own."""

    assign: Mapping[str, Any] | None
    output: Any
    comment: str | None
    order: tuple[str, ...]

    def __new__(
        cls,
        rule: BaseRule | Expression,
        next_step: Linkable,
        *,
        assign: Mapping[str, Any] | None = None,
        output: Any = None,
        comment: str | None = None,
        order: tuple[str, ...] = (),
    ) -> ChoiceBranch:
        """Raise TypeError when the rule is no condition, or the step nothing that a step may lead to."""
        check_step(next_step)
        branch = super().__new__(cls, (condition(rule), next_step))
        branch.assign, branch.output, branch.comment, branch.order = assign, output, comment, order
        return branch

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(self), dict(vars(self))

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    @property
    def needs_jsonata(self) -> bool:
        """Whether the rule, or what belongs to it, is written in JSONata."""
        return self.output is not None or holds_jsonata((self[0], self.assign))

    def write(self, language: str) -> dict[str, Any]:
        """Return the rule in the form of its JSON."""
        rule, step = self
        if language == JSONATA:
            as_read = getattr(rule, "written", None)
            written: dict[str, Any] = {"Condition": in_braces(rule) if as_read is None else as_read}
        else:
            written = rule.to_dict()
        for wire, value in (("Assign", self.assign), ("Output", self.output), ("Comment", self.comment)):
            if value is not None:
                written[wire] = render_template(value, wire, language)
        written["Next"] = step.first.state_id
        return in_order(written, self.order)


class Choice(State):
    """Go on to the step of the first rule that matches the input, else to the default.

    ``choice.when(condition, step).otherwise(step)`` gives a flow and leaves the choice as it is;
    :meth:`add_choice` and :meth:`default_choice` change it.
    """

    ASL = asl.Choice
    choices: list[ChoiceBranch]
    default: Linkable | None

    def __init__(self, state_id: str, **fields: Unpack[ChoiceFields]) -> None:
        self.choices = []
        self.default = None
        super().__init__(state_id, "Choice", **fields)

    def add_choice(
        self,
        rule: BaseRule | Expression,
        next_step: Linkable,
        *,
        assign: Mapping[str, Any] | None = None,
        output: Any = None,
        comment: str | None = None,
    ) -> None:
        """Go on to ``next_step`` when ``rule`` matches and no earlier rule did.

        ``assign`` sets variables then; ``output`` (JSONata) is the output then.
        """
        self.choices.append(ChoiceBranch(rule, next_step, assign=assign, output=output, comment=comment))

    def when(
        self,
        rule: BaseRule | Expression,
        next_step: Linkable,
        *,
        assign: Mapping[str, Any] | None = None,
        output: Any = None,
        comment: str | None = None,
    ) -> ChoiceFlow:
        """Return the flow that goes on to ``next_step`` when ``rule`` matches; see :meth:`add_choice`."""
        from stepfunctions.steps.flows import ChoiceFlow

        return ChoiceFlow(self).when(rule, next_step, assign=assign, output=output, comment=comment)

    def default_choice(self, next_step: Linkable) -> None:
        """Go on to ``next_step`` when no rule matches."""
        check_step(next_step)
        self.default = next_step

    def next(self, next_step: LinkableT) -> LinkableT:
        """Set the default choice and return it. Replacing another default is logged as a warning."""
        check_step(next_step)
        if self.default is not None and self.default is not next_step:
            logger.warning(
                "Chaining Choice state: Overwriting %s's current default_choice (%s) with %s",
                self.state_id,
                self.default.first.state_id,
                next_step.first.state_id,
            )
        self.default = next_step
        return next_step

    def rules(self) -> list[ChoiceBranch]:
        """Return the entries of ``choices``: a program of 2.3.0 may have put plain pairs there."""
        given: list[Any] = self.choices
        return [branch if isinstance(branch, ChoiceBranch) else ChoiceBranch(*branch) for branch in given]

    def _jsonata_links(self, links: Links) -> list[str]:
        return ["choices"] if any(branch.needs_jsonata for branch in (*self.rules(), *links.choices)) else []

    def otherwise(self, next_step: Linkable) -> ChoiceFlow:  # noqa: ARG002
        """Raise ValueError: a choice begins with a condition."""
        raise ValueError(
            f"{self._who()}otherwise() comes after when(): {self.state_id!r} has no condition yet. Write "
            "choice.when(condition, step).otherwise(another)."
        )

    def check_complete(self, links: Links) -> None:
        """Raise ValueError for a choice without a rule."""
        super().check_complete(links)
        if not (self.choices or links.choices):
            raise ValueError(
                f"{self._who()}the choice has no rule. Write choice.when(condition, step), or add_choice(rule, step)."
            )

    def _write_links(self, result: dict[str, Any], links: Links, language: str) -> None:
        result["Choices"] = [branch.write(language) for branch in (*self.rules(), *links.choices)]
        default = links.default or self.default
        if default is not None:
            result["Default"] = default.first.state_id


class Parallel(State):
    """Run branches at the same time; the result is the list of their outputs.

    A branch is a step, a chain, a flow or a graph: ``branches=[…]``, or :meth:`add_branch`.
    """

    ASL = asl.Parallel
    LINKED_FIELDS = ("retry", "catch", "branches")
    branches: list[Branch]

    def __init__(
        self,
        state_id: str,
        retry: Retries = None,
        catch: Catches = None,
        *,
        branches: Iterable[Branch] = (),
        **fields: Unpack[ParallelFields],
    ) -> None:
        super().__init__(state_id, "Parallel", retry=retry, catch=catch, **fields)
        self.branches = []
        given: Any = branches
        if not isinstance(given, Iterable) or isinstance(given, (str, Mapping, Linkable)):
            raise TypeError(f"{self._who()}'branches' is a list of steps, chains, flows or graphs, not {branches!r}.")
        for branch in branches:
            self.add_branch(branch)

    def add_branch(self, branch: Branch) -> None:
        """Add a branch. Raises ValueError when it is none."""
        check_branch(branch, f"A branch of '{self.state_id}'")
        self.branches.append(branch)

    def check_complete(self, links: Links) -> None:
        """Raise ValueError for a Parallel without a branch."""
        super().check_complete(links)
        if not self.branches:
            raise ValueError(f"{self._who()}the Parallel has no branches. Write branches=[…], or call add_branch().")

    def _write_regions(self, result: dict[str, Any], writer: Writer) -> None:
        where = f"A branch of '{self.state_id}'"
        result["Branches"] = [write_branch(branch, writer, where) for branch in self.branches]


_PROCESSORS = {"iterator": "Iterator", "item_processor": "ItemProcessor"}


class Map(State):
    """Run a processor for each item of a list.

    Give the processor as ``iterator`` (2.3.0's form) or ``item_processor``. With
    ``processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}`` each item runs as a child execution;
    then ``item_reader`` can take the items from S3 and ``tolerated_failure_percentage`` may let some fail.
    ``distributed=True`` is short for that configuration. :class:`~stepfunctions.inputs.MapItem` stands for the item.
    """

    ASL = asl.Map
    LINKED_FIELDS = ("retry", "catch", "iterator", "item_processor", "processor_config")
    iterator: Branch | None = None
    item_processor: Branch | None = None
    processor_config: Mapping[str, str] | Block | None = None

    def __init__(
        self,
        state_id: str,
        retry: Retries = None,
        catch: Catches = None,
        *,
        distributed: bool | None = None,
        **fields: Unpack[MapFields],
    ) -> None:
        super().__init__(state_id, "Map", retry=retry, catch=catch, **fields)
        if distributed not in (None, True, False):
            raise TypeError(f"{self._who()}'distributed' is True or False, not {distributed!r}.")
        if distributed and self.processor_config is None:
            self.processor_config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        if self.iterator is not None and self.item_processor is not None:
            raise ValueError(f"{self._who()}'iterator' and 'item_processor' exclude each other: give one of them.")
        processor = self.item_processor if self.item_processor is not None else self.iterator
        if processor is not None:
            check_branch(processor, f"The processor of '{state_id}'")
            # Given here, it is written beside the fields, as by 2.3.0; attached later, after everything.
            wires = {**{name: field.spec.wire for name, field in fields_of(asl.Map).items()}, **_PROCESSORS}
            self._order = tuple(wires[name] for name in fields if name in wires)

    def _input_path(self, parameters: Expression) -> str:
        raise ValueError(
            f"'parameters' of a Map make the input of each iteration: name their members in a dict, not {parameters!r} "
            "as a whole. Without them the input is the item."
        )

    def attach_iterator(self, iterator: Branch) -> None:
        """Set the processor that runs for each item. Raises ValueError when it is none."""
        check_branch(iterator, f"The processor of '{self.state_id}'")
        if self.item_processor is not None:
            self.item_processor = iterator
        else:
            self.iterator = iterator

    def _write_regions(self, result: dict[str, Any], writer: Writer) -> None:
        """Raise ValueError when no processor was attached."""
        processor = self.item_processor if self.item_processor is not None else self.iterator
        if processor is None:
            raise ValueError(
                f"The Map state '{self.state_id}' has no processor: give item_processor=, or call attach_iterator()."
            )
        region = write_branch(processor, writer, f"The processor of '{self.state_id}'")
        config = self.processor_config
        if config is not None:
            written = config.to_dict() if isinstance(config, Block) else render_template(config, "ProcessorConfig")
            region = in_order({"ProcessorConfig": written, **region}, getattr(processor, "order", ()))
        result["Iterator" if self.item_processor is None and config is None else "ItemProcessor"] = region


class Task(State):
    """Do one unit of work: ``resource`` is the ARN of a service integration, a function or an activity."""

    ASL = asl.Task
    LINKED_FIELDS = ("retry", "catch")

    def __init__(
        self, state_id: str, retry: Retries = None, catch: Catches = None, **fields: Unpack[TaskFields]
    ) -> None:
        super().__init__(state_id, "Task", retry=retry, catch=catch, **fields)

    def check_complete(self, links: Links) -> None:
        """Raise ValueError for a task that does not say what it does."""
        super().check_complete(links)
        if self.resource is None:
            raise ValueError(f"{self._who()}the task has no 'resource': the ARN of what it does.")
