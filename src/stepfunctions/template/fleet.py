"""Retrain the models of a fleet that are due: each in an execution of its own, and one report of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.placeholders import ExecutionInput
from stepfunctions.steps.base import Retry
from stepfunctions.steps.flows import Flow
from stepfunctions.steps.maps import ItemReader, ResultWriter
from stepfunctions.steps.state_types import Choice, Map, Pass
from stepfunctions.template.caching import StepCache, cached
from stepfunctions.template.retraining import CHAMPION_IS_BEATEN, Notify, Retraining, judge, outcome_steps
from stepfunctions.template.stages import Stage, check_options, default_retry, failing, guarded, handler, joined, stage
from stepfunctions.workflow import Workflow


class FleetRetrainingPipeline(Retraining):
    """Select the models that are due → prepare → retrain each of them → deploy → report.

    The models are retrained in a Distributed Map: each in a standard execution of its own that trains, evaluates, and
    registers the model when it is ``better`` than the champion, else keeps that. At most ``max_concurrency`` run at
    once; ``tolerated_failure_percentage`` of them may fail, and keep their champions; when more fail, the execution
    fails with States.ExceedToleratedFailureThreshold.

    Stages are given as for :class:`~stepfunctions.template.RetrainingPipeline`. Once an execution: ``select`` decides
    which models are due, and writes them to an object in S3, one a line or in a list; ``prepare`` makes their data;
    ``deploy`` and ``on_success``, the report, find what became of the models at ``result_path``: the outputs of their
    executions; of one that failed, its ``Status``, ``Error`` and ``Cause`` with the ``Input``, a text. Once a model:
    ``train``, ``evaluate``, ``register``, ``keep``.

    ``items``: where the due models are, such as ``ItemReader("s3:getObject", bucket=…, key=…)``. ``item``: what a
    model's execution gets of its item, as ``item_selector`` of a Map; by default the item itself. ``nothing_due``: the
    condition on the data after ``select`` on which the execution goes on to the report at once.

    ``cache``: leaves out the models whose inputs have not changed since they were last trained; see
    :class:`~stepfunctions.template.StepCache`. ``result_writer``: keeps the models' outputs in S3, for fleets whose
    report would be larger than the 256 KiB that a state can hand on.

    Retries, failures and notifications are those of RetrainingPipeline; in a model's execution a failure ends that
    one, with its error. ``options`` are all other arguments of :class:`~stepfunctions.workflow.Workflow`.
    """

    def __init__(
        self,
        name: str,
        role: str,
        *,
        select: Stage,
        items: ItemReader | Mapping[str, Any],
        train: Stage,
        evaluate: Stage,
        prepare: Stage | None = None,
        item: Mapping[str, Any] | None = None,
        nothing_due: BaseRule | Expression | None = None,
        better: BaseRule | Expression = CHAMPION_IS_BEATEN,
        register: Stage | None = None,
        keep: Stage | None = None,
        deploy: Stage | None = None,
        cache: StepCache | None = None,
        max_concurrency: int = 10,
        tolerated_failure_percentage: float = 5,
        result_path: str = "$.Models",
        result_writer: ResultWriter | Mapping[str, Any] | None = None,
        label: str = "Retrain",
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
        one = joined(
            [
                stage("Train", train),
                stage("Evaluate", evaluate),
                judge(
                    better,
                    stage("Register", register) if register is not None else joined([Pass("New champion")]),
                    stage("Keep", keep) if keep is not None else Pass("Keep the champion"),
                ),
            ]
        )
        if cache is not None:
            one = cached(cache, one)
        optional: dict[str, Any] = {"item_selector": item, "result_writer": result_writer}
        each = Map(
            label,
            label=label,
            processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            item_processor=guarded(one, retry, failing("Model failed")),
            item_reader=items,
            max_concurrency=max_concurrency,
            tolerated_failure_percentage=tolerated_failure_percentage,
            result_path=result_path,
            **{field: value for field, value in optional.items() if value is not None},
        )
        told = outcome_steps(notify, on_success, on_failure)
        retrained = joined(
            [
                None if prepare is None else stage("Prepare", prepare),
                each,
                None if deploy is None else stage("Deploy", deploy),
            ]
        )
        report = told["SUCCEEDED"]
        flow = joined([stage("Select", select), _when_due(nothing_due, retrained, result_path), report])
        flow = guarded(flow, retry, handler(told["FAILED"], retry))
        self.workflow = Workflow(name, flow, role, execution_input=execution_input, client=client, **options)


def _when_due(nothing_due: BaseRule | Expression | None, retrained: Flow, result_path: str) -> Flow:
    if nothing_due is None:
        return retrained
    nothing = Pass("Nothing due", result=[], result_path=result_path)
    return Choice("Anything due?").when(nothing_due, nothing).otherwise(retrained)
