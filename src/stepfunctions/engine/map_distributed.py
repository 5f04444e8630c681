"""A Distributed Map as its parent sees it: one command starts the run, one outcome ends it."""

from __future__ import annotations

import hashlib

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.context import context_of, evaluate, read_items, variables_of
from stepfunctions.engine.dataflow import read_number, refused
from stepfunctions.engine.execution import Branch, Status, Waiting
from stepfunctions.engine.leaving import fail_state, finish_work, reasons
from stepfunctions.engine.limits import DATA_LIMIT, MAX_PAYLOAD
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import MapRunEnded, RedriveMapRun, StartMapRun
from stepfunctions.engine.program import DistributedWork, MapWork, Node, Number
from stepfunctions.engine.retry import RUNTIME
from stepfunctions.engine.turn import Failure, Turn
from stepfunctions.errors import StateFailed

_MOST = {"MaxItems": 100_000_000, "MaxInputBytesPerBatch": MAX_PAYLOAD}


def begin(turn: Turn, branch: Branch, node: Node, effective: Document) -> None:
    """Resolve everything the run needs and start it."""
    work: MapWork = node.work
    distributed: DistributedWork | None = work.distributed
    assert distributed is not None
    items = None if distributed.reader_settings else read_items(turn, branch, node)
    turn.emit(branch, "MapStateStarted", None, None, {"length": 0 if items is None else len(items.value)})
    branch.map_started = branch.last_event
    branch.attempt += 1
    execution = turn.execution
    label = distributed.label or _derived(execution.machine_arn, node.path)
    unique = _derived(execution.arn, branch.id, branch.attempt)
    partition, region, account = _arn_parts(execution.arn)
    run = MapRun(
        arn=f"arn:{partition}:states:{region}:{account}:mapRun:{execution.machine_name}/{label}:{unique}",
        execution_arn=execution.arn,
        machine_arn=execution.machine_arn,
        branch=branch.id,
        attempt=branch.attempt,
        state=node.name,
        label=label,
        region=work.region,
        execution_type=distributed.execution_type,
        max_concurrency=int(read_number(turn, branch, node, work.concurrency, effective)),
        input=effective,
        items=items,
        total=None if items is None else len(items.value),
        started_at=turn.now,
    )
    _tolerance(turn, branch, node, run, effective)
    if work.selector is not None:
        run.context = context_of(turn, branch, node)
        run.variables = dict(variables_of(turn, branch))
    _settings(turn, branch, node, run, effective)
    turn.emit(branch, "MapRunStarted", None, None, {"mapRunArn": run.arn})
    branch.waiting = Waiting.MAP_RUN
    branch.map_run_arn = run.arn
    branch.map_redrives = 0
    turn.commands.append(StartMapRun(branch.id, branch.attempt, run))


def _derived(*seed: str | int) -> str:
    """Return a name in the form of a UUID that is always the same for this seed."""
    text = hashlib.sha256(repr(seed).encode()).hexdigest()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def _arn_parts(arn: str) -> tuple[str, str, str]:
    _, partition, _, region, account, _ = arn.split(":", 5)
    return partition, region, account


def _tolerance(turn: Turn, branch: Branch, node: Node, run: MapRun, effective: Document) -> None:
    work: DistributedWork = node.work.distributed
    if work.tolerated_count is not None:
        run.tolerated_failure_count = int(read_number(turn, branch, node, work.tolerated_count, effective))
    if work.tolerated_percentage is not None:
        percentage = read_number(turn, branch, node, work.tolerated_percentage, effective, whole=False)
        if percentage > 100:
            raise refused(work.tolerated_percentage, "ToleratedFailurePercentage cannot be greater than 100.")
        run.tolerated_failure_percentage = percentage


def _settings(turn: Turn, branch: Branch, node: Node, run: MapRun, effective: Document) -> None:
    """Resolve reader, batcher and writer."""
    work: DistributedWork = node.work.distributed
    if work.reader_settings:
        run.reader = dict(work.reader_settings)
        run.reader["Parameters"] = _resolved(turn, branch, node, work.reader, effective)
        if work.max_items is not None:
            config = {
                name: value for name, value in run.reader["ReaderConfig"].items() if not name.startswith("MaxItems")
            }
            run.reader["ReaderConfig"] = config | _number(turn, branch, node, work.max_items, effective)
    if work.batcher is not None:
        run.batcher = {}
        for number in work.batch_numbers:
            run.batcher.update(_number(turn, branch, node, number, effective))
        if work.batch_input is not None:
            run.batcher["BatchInput"] = _resolved(turn, branch, node, work.batch_input, effective)
    if work.writer_settings is not None:
        run.writer = dict(work.writer_settings)
        if work.writer is not None:
            run.writer["Parameters"] = _resolved(turn, branch, node, work.writer, effective)


def _resolved(turn: Turn, branch: Branch, node: Node, template: object, effective: Document) -> JSON:
    return evaluate(turn, branch, node, template, effective).value if callable(template) else {}


def _number(turn: Turn, branch: Branch, node: Node, number: Number, effective: Document) -> dict[str, JSON]:
    field = number.field.removesuffix("Path")
    value = int(read_number(turn, branch, node, number, effective))
    if value == 0 and field == "MaxItems":  # no limit
        return {}
    if value < 1:
        raise refused(number, f"{field} must be a positive integer.")
    if value > _MOST.get(field, value):
        raise refused(number, f"{field} cannot be greater than {_MOST[field]}.")
    return {field: value}


_ANEW = (DATA_LIMIT, RUNTIME)
"""The errors of a map run after which a redrive starts a new one."""

MAX_REDRIVES = 1_000
"""How often one map run can be redriven."""


def redrive(turn: Turn, branch: Branch) -> None:
    """Go on with the map run that did not succeed.

    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-map-run.html
    """
    assert branch.map_run_arn is not None
    if branch.map_redrives >= MAX_REDRIVES:
        raise StateFailed(RUNTIME, f"The Map Run cannot be redriven more than {MAX_REDRIVES} times.")
    branch.map_redrives += 1
    branch.last_event = branch.map_started
    turn.emit(
        branch, "MapRunRedriven", None, None, {"mapRunArn": branch.map_run_arn, "redriveCount": branch.map_redrives}
    )
    turn.wait(branch, Waiting.MAP_RUN)
    turn.commands.append(RedriveMapRun(branch.id, branch.attempt, branch.map_run_arn))


def ended(turn: Turn, branch: Branch, node: Node, outcome: MapRunEnded) -> None:
    """The map run is over: its result is the state's, or its failure is."""
    branch.waiting = Waiting.NOTHING
    if outcome.status == Status.SUCCEEDED or outcome.error in _ANEW:
        branch.map_run_arn = None
    if outcome.status == Status.SUCCEEDED:
        turn.emit(branch, "MapRunSucceeded")
        turn.note(branch.last_event, "MapStateSucceeded")
        finish_work(turn, branch, node, outcome.output or Document([]))
        return
    turn.emit(branch, "MapRunFailed", None, None, reasons(outcome.error, outcome.cause))
    fail_state(turn, branch, node, Failure.of(outcome.error, outcome.cause), "MapStateFailed")
