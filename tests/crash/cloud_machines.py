"""State machines for test_cloud_kill.py, in which a task fails until the object is there that it waits for."""

from __future__ import annotations

from typing import Any

JsonDict = dict[str, Any]
BUCKET = "killed"
ITEMS = 40
BATCH = 3
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:ask"
_PUT = "arn:aws:states:::aws-sdk:s3:putObject"
_GET = "arn:aws:states:::aws-sdk:s3:getObject"

MISSING = ("left", "each-2", f"standard-{BATCH * 5}", "express-7")
"""The gates that are closed at first: each is opened before a redrive of its own."""
GATES = (
    "left",
    *(f"each-{number}" for number in range(4)),
    *(f"standard-{number}" for number in range(0, ITEMS, BATCH)),
    *(f"express-{number}" for number in range(ITEMS)),
)


def chain(states: JsonDict) -> JsonDict:
    """Make these states follow each other."""
    names = list(states)
    for name, following in zip(names, [*names[1:], None], strict=True):
        states[name] |= {"Next": following} if following else {"End": True}
    return {"StartAt": names[0], "States": states}


def _gate(what: str, number: str) -> JsonDict:
    """A task that succeeds once its gate is open; ``number``: a path, or nothing."""
    key = (
        f"States.Format('gates/{{}}/{what}{{}}', $.id, {number})"
        if number
        else f"States.Format('gates/{{}}/{what}', $.id)"
    )
    return {"Type": "Task", "Resource": _GET, "Parameters": {"Bucket": BUCKET, "Key.$": key}, "ResultPath": None}


def _effect(what: str, number: str) -> JsonDict:
    """A task that leaves an object of its own each time it is scheduled."""
    key = f"States.Format('effects/{{}}/{what}/{{}}/{{}}', $.id, {number}, States.UUID())"
    return {
        "Type": "Task",
        "Resource": _PUT,
        "Parameters": {"Bucket": BUCKET, "Key.$": key, "Body": "done"},
        "ResultPath": None,
    }


def _spread(kind: str, processor: JsonDict, **fields: Any) -> JsonDict:
    return {
        "Type": "Map",
        "MaxConcurrency": 5,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": BUCKET, "Key": "items.jsonl"},
        },
        "ItemSelector": {"n.$": "$$.Map.Item.Value.n", "seconds.$": "$$.Map.Item.Value.seconds", "id.$": "$.id"},
        "ItemProcessor": {**processor, "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}},
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": BUCKET, "Prefix.$": f"States.Format('{kind.lower()}/{{}}', $.id)"},
        },
        **fields,
    }


REDRIVEN = chain(
    {
        "Begin": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Name", "four": [0, 1, 2, 3]}},
        "Ask": {
            "Type": "Task",
            "Resource": ACTIVITY,
            "TimeoutSeconds": 6,  # an answer that a kill cut off is lost, as on AWS
            "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 50, "BackoffRate": 1}],
            "ResultPath": "$.ask",
        },
        "Call": {
            "Type": "Task",
            "Resource": f"{_PUT}.waitForTaskToken",
            "Parameters": {
                "Bucket": BUCKET,
                "Key.$": "States.Format('tokens/{}', $.id)",
                "Body": {"token.$": "$$.Task.Token"},
            },
            "ResultPath": "$.call",
        },
        "Both": {
            "Type": "Parallel",
            "ResultPath": "$.both",
            "Branches": [
                chain({"Left": _gate("left", ""), "LeftDone": {"Type": "Pass", "Result": "left"}}),
                chain({"Right": {"Type": "Wait", "Seconds": 1}, "RightDone": {"Type": "Pass", "Result": "right"}}),
            ],
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.four",
            "MaxConcurrency": 2,
            "ResultPath": "$.each",
            "ItemSelector": {"n.$": "$$.Map.Item.Value", "id.$": "$.id"},
            "ItemProcessor": chain({"EachEffect": _effect("each", "$.n"), "EachGate": _gate("each-", "$.n")}),
        },
        "Standard": _spread(
            "STANDARD",
            chain(
                {
                    "First": {
                        "Type": "Pass",
                        "Parameters": {"id.$": "$.Items[0].id", "n.$": "$.Items[0].n", "all.$": "$.Items[*].n"},
                    },
                    "Effect": _effect("standard", "$.n"),
                    "Gate": _gate("standard-", "$.n"),
                }
            ),
            ItemBatcher={"MaxItemsPerBatch": BATCH},
            ResultPath="$.standard",
        ),
        "Express": _spread(
            "EXPRESS",
            chain({"ExpressEffect": _effect("express", "$.n"), "ExpressGate": _gate("express-", "$.n")}),
            ResultPath="$.express",
        ),
    }
)
"""It fails four times: in a Parallel, an inline Map, and Distributed Maps of both kinds of children."""

STOPPED = chain(
    {
        "Begin": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Name"}},
        "Standard": _spread("STANDARD", chain({"Rest": {"Type": "Wait", "SecondsPath": "$.seconds"}})),
    }
)
"""Half of its items wait until it is stopped."""


def items() -> list[JsonDict]:
    """The items of all Distributed Maps."""
    return [{"n": number, "seconds": 0 if number < ITEMS // 2 else 900} for number in range(ITEMS)]
