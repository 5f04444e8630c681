"""What a child execution of a Distributed Map gives to its result, by the ResultWriter's ``Transformation``.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.document import JSON, Document
from stepfunctions.engine.context import timestamp
from stepfunctions.engine.execution import Execution, Status
from stepfunctions.engine.map_run import MapRun


def transformation(run: MapRun) -> str:
    """Return NONE, COMPACT or FLATTEN: as written, else NONE of an export and COMPACT of the state's result."""
    written: str | None = _config(run).get("Transformation")
    return written or ("NONE" if run.exports else "COMPACT")


def lines(run: MapRun) -> bool:
    """Tell whether the results are JSON Lines."""
    return bool(_config(run).get("OutputType") == "JSONL")


def _config(run: MapRun) -> dict[str, JSON]:
    return (run.writer or {}).get("WriterConfig") or {}


def results_of(child: Execution, form: str) -> Iterator[Document]:
    """Yield what a child that has ended gives to the result; one that did not succeed is shown as NONE shows it."""
    if form == "NONE" or child.status != Status.SUCCEEDED or child.output is None:
        yield Document(record(child))
    elif form == "FLATTEN" and isinstance(child.output.value, list):
        yield from (Document(element) for element in child.output.value)
    else:
        yield child.output


def record(child: Execution) -> dict[str, JSON]:
    """Return all that is known of a child that has ended, as NONE shows it."""
    succeeded = child.status == Status.SUCCEEDED
    shown: dict[str, JSON] = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.arn,
        "Input": child.input.text,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": None if child.output is None else child.output.text,
        "OutputDetails": {"Included": True},
        "RedriveCount": child.redrive_count,
        "RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE_BY_MAP_RUN",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven" if succeeded else None,
        "StartDate": timestamp(child.started_at),
        "StateMachineArn": child.machine_arn,
        "Status": child.status,
        "StopDate": timestamp(child.stopped_at or child.started_at),
    }
    return {name: value for name, value in shown.items() if value is not None}


def pending(given: Document) -> dict[str, JSON]:
    """Return what is known of a child that was not started."""
    return {"Input": given.text, "InputDetails": {"Included": True}, "Status": "PENDING"}
