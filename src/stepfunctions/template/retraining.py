"""Retrain one model, and deploy it when it beats the champion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.steps.base import Retry
from stepfunctions.steps.choice_rule import ChoiceRule
from stepfunctions.steps.code.functions import LambdaFunction
from stepfunctions.steps.flows import Flow
from stepfunctions.steps.graph import Graph
from stepfunctions.steps.state_types import Choice, Pass
from stepfunctions.template.stages import Stage, check_options, default_retry, guarded, handler, joined, stage, telling
from stepfunctions.workflow import Workflow

if TYPE_CHECKING:
    from stepfunctions.workflow import Execution

Notify = LambdaFunction[Any, Any] | str
"""Who is told how an execution ended: a function, its name, or the ARN of a topic of SNS."""

CHAMPION_IS_BEATEN = ChoiceRule.BooleanEquals("$.Evaluate.Better", True)
"""What ``better`` is by default: the function ``evaluate`` says so."""


class Retraining:
    """What the pipelines of this module share: a workflow made of stages."""

    workflow: Workflow

    def get_workflow(self) -> Workflow:
        """Return the workflow."""
        return self.workflow

    @property
    def definition(self) -> Graph:
        """The workflow's definition."""
        return self.workflow.definition

    def create(self) -> str:
        """Create the state machine and return its ARN."""
        return self.workflow.create()

    def execute(self, name: str | None = None, inputs: Any = None) -> Execution:
        """Start an execution; see :meth:`Workflow.execute <stepfunctions.workflow.Workflow.execute>`."""
        return self.workflow.execute(name=name, inputs=inputs)

    def render_graph(self, portrait: bool = False) -> Any:
        """Return the graph of the workflow, which shows itself in a notebook."""
        return self.workflow.render_graph(portrait=portrait)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.workflow!r})"


class RetrainingPipeline(Retraining):
    """Extract → prepare → train → evaluate → better than the champion? → register → deploy → notify.

    Each stage is a step, a chain or a flow; or a function, as :func:`~stepfunctions.steps.lambda_function` makes it or
    by its name. Of steps, the caller says what becomes of their results. A function gets the data of the execution,
    and what it returns is kept among them under the stage's name: ``Extract``, ``Prepare``, ``Train``, ``Evaluate``,
    ``Register``, ``Keep``, ``Deploy``. Only ``train`` and ``evaluate`` have to be given.

    ``better``: the condition on which the new model takes the champion's place, by default that ``evaluate``, a
    function, has returned ``{"Better": true}``. Then ``register`` and ``deploy`` follow, else ``keep``.

    Every task is tried again by ``retry`` (by default twice, after 15 and 60 seconds) and caught: a failure is told,
    and the execution fails with its error. Jobs of SageMaker also wait up to 4 hours for free instances. A job tried
    again needs another name: one with ``context.state.retry_count`` in it. A task that says itself what becomes of all
    errors keeps that. A Fail state among the steps ends the execution without telling anybody.
    ``notify`` is told how the execution ended: a function, or the ARN of a topic of SNS. ``on_success`` and
    ``on_failure`` are steps that do it instead; the latter find the error at ``$.Error``.

    The steps given are not changed: the workflow has copies of them. ``role`` is the ARN of the workflow's execution
    role; ``options`` are all other arguments of :class:`~stepfunctions.workflow.Workflow`.
    """

    def __init__(
        self,
        name: str,
        role: str,
        *,
        train: Stage,
        evaluate: Stage,
        extract: Stage | None = None,
        prepare: Stage | None = None,
        better: BaseRule | Expression = CHAMPION_IS_BEATEN,
        register: Stage | None = None,
        keep: Stage | None = None,
        deploy: Stage | None = None,
        notify: Notify | None = None,
        on_success: Stage | None = None,
        on_failure: Stage | None = None,
        retry: Retry | None = None,
        execution_input: ExecutionInput | None = None,
        client: Any = None,
        **options: Any,
    ) -> None:
        check_options(options)
        retry = retry or default_retry()
        told = outcome_steps(notify, on_success, on_failure)
        promoted = joined([_optional("Register", register), _optional("Deploy", deploy) or Pass("New champion")])
        judged = judge(better, promoted, _optional("Keep", keep) or Pass("Keep the champion"))
        flow = joined(
            [
                _optional("Extract", extract),
                _optional("Prepare", prepare),
                stage("Train", train),
                stage("Evaluate", evaluate),
                judged,
                told["SUCCEEDED"],
            ]
        )
        flow = guarded(flow, retry, handler(told["FAILED"], retry))
        self.workflow = Workflow(name, flow, role, execution_input=execution_input, client=client, **options)


def judge(better: BaseRule | Expression, promoted: Flow, kept: Any) -> Flow:
    """Return the choice between a new model and the champion."""
    return Choice("Better than the champion?").when(better, promoted).otherwise(kept)


def _optional(name: str, given: Stage | None) -> Flow | None:
    return None if given is None else stage(name, given)


def outcome_steps(
    notify: Notify | None, on_success: Stage | None, on_failure: Stage | None
) -> Mapping[str, Flow | None]:
    """Return the steps that tell how an execution has ended, by its status."""
    told: dict[str, Flow | None] = {}
    for status, name, given in (
        ("SUCCEEDED", "Notify success", on_success),
        ("FAILED", "Notify failure", on_failure),
    ):
        if given is not None:
            told[status] = stage(name, given)
        else:
            told[status] = None if notify is None else joined([telling(name, notify, status)])
    return told
