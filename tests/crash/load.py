"""What runs while the cloud is killed: state machines of every kind, their function and their training image."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from tests.crash.cloud_machines import JsonDict, chain
from tests.crash.killable import COMMAND, ROLE, User

BUCKET = "load"
ITEMS = 8
INPUTS = 3
"""Executions get the numbers from 0 below this."""
_STATES = "arn:aws:states:::"
_HANDLER = """
import os, time

def handler(event, context):
    with open(event["log"], "a") as log:
        log.write(f"{event['key']} {context.aws_request_id}\\n")
    time.sleep(0.05)
    if event["retries"] < event["failures"]:
        raise ValueError("not yet")
    return {"n": 2 * event["n"]}
"""
_TRAIN = """
import os, time

with open(os.environ["LOG"], "a") as log:
    log.write(os.environ["NAME"] + "\\n")
time.sleep(0.3)
with open(os.environ["SM_MODEL_DIR"] + "/model.txt", "w") as model:
    model.write(os.environ["N"] * 300_000)
"""


def model(n: int) -> bytes:
    """What a training with this number leaves."""
    return str(n).encode() * 300_000


def machines(folder: Path) -> dict[str, JsonDict]:
    """The definitions by name. Input: ``{"n": …}``; each output depends on nothing else. Logs go to ``folder``."""
    return {
        "chain": chain(
            {
                f"Pass{number}": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "was.$": "$"}}
                for number in range(8)
            }
        ),
        "parallel": chain(
            {
                "Both": {
                    "Type": "Parallel",
                    "Branches": [
                        chain({"Early": {"Type": "Pass"}, "Rest": {"Type": "Wait", "Seconds": 1}}),
                        chain({f"Pass{number}": {"Type": "Pass"} for number in range(5)}),
                        chain({"Rest2": {"Type": "Wait", "Seconds": 2}, "Late": {"Type": "Pass", "Result": "late"}}),
                    ],
                }
            }
        ),
        "each": chain(
            {
                "Six": {"Type": "Pass", "Parameters": {"all.$": "States.ArrayRange(1, 6, 1)", "n.$": "$.n"}},
                "Each": {
                    "Type": "Map",
                    "ItemsPath": "$.all",
                    "MaxConcurrency": 2,
                    "ItemSelector": {"item.$": "$$.Map.Item.Value", "n.$": "$.n"},
                    "ItemProcessor": chain(
                        {
                            "Add": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($.item, $.n)"}},
                            "Rest": {"Type": "Wait", "Seconds": 1},
                        }
                    ),
                },
            }
        ),
        "waits": chain(
            {
                "One": {"Type": "Wait", "Seconds": 1},
                "More": {"Type": "Pass", "Parameters": {"n.$": "$.n", "more.$": "States.MathAdd($.n, 1)"}},
                "Some": {"Type": "Wait", "SecondsPath": "$.more"},
            }
        ),
        "callback": chain(
            {
                "Call": {
                    "Type": "Task",
                    "Resource": f"{_STATES}aws-sdk:s3:putObject.waitForTaskToken",
                    "Parameters": {
                        "Bucket": BUCKET,
                        "Key.$": "States.Format('tokens/{}', $$.Execution.Name)",
                        "Body": {"token.$": "$$.Task.Token", "n.$": "$.n"},
                    },
                }
            }
        ),
        "function": chain({"Invoke": _invoke(folder, failures=0)}),
        "retried": _retried(folder),
        "spread": chain(
            {
                "Spread": _spread(
                    ItemReader={
                        "Resource": f"{_STATES}s3:getObject",
                        "ReaderConfig": {"InputType": "JSONL"},
                        "Parameters": {"Bucket": BUCKET, "Key": "items.jsonl"},
                    },
                    ItemProcessor=chain({"Shape": {"Type": "Pass"}, "Invoke": _invoke(folder, failures=0)}),
                    ResultWriter={
                        "Resource": f"{_STATES}s3:putObject",
                        "Parameters": {"Bucket": BUCKET, "Prefix.$": "States.Format('results/{}', $$.Execution.Name)"},
                    },
                ),
                "Done": {"Type": "Pass", "Parameters": {"spread": True}},
            }
        ),
        "gather": chain(
            {
                "Some": {"Type": "Pass", "Parameters": {"all.$": f"States.ArrayRange(1, {ITEMS}, 1)", "n.$": "$.n"}},
                "Gather": _spread(ItemsPath="$.all", ItemProcessor=chain({"Rest": {"Type": "Wait", "Seconds": 1}})),
            }
        ),
        "inner": chain({"Rest": {"Type": "Wait", "Seconds": 1}, "End": {"Type": "Pass"}}),
        "nested": chain(
            {
                "Run": {
                    "Type": "Task",
                    "Resource": f"{_STATES}states:startExecution.sync:2",
                    "Parameters": {
                        "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:inner",
                        "Input": {"n.$": "$.n", "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
                    },
                    "ResultSelector": {"n.$": "$.Output.n"},
                }
            }
        ),
        "train": chain({"Train": _train(folder)}),
    }


def _spread(**fields: Any) -> JsonDict:
    """A Distributed Map over ITEMS items."""
    fields["ItemProcessor"]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    selector = {"item.$": "$$.Map.Item.Value", "n.$": "$.n"}
    return {"Type": "Map", "MaxConcurrency": 3, "ItemSelector": selector, **fields}


def _invoke(folder: Path, *, failures: int) -> JsonDict:
    """A Lambda task that logs each invocation under a key of its execution and attempt."""
    payload = {
        "log": str(folder / "invocations"),
        "key.$": "States.Format('{}/{}', $$.Execution.Name, $$.State.RetryCount)",
        "retries.$": "$$.State.RetryCount",
        "failures": failures,
        "n.$": "$.n",
    }
    return {
        "Type": "Task",
        "Resource": f"{_STATES}lambda:invoke",
        "Parameters": {"FunctionName": "double", "Payload": payload},
        "ResultSelector": {"n.$": "$.Payload.n"},
    }


def _retried(folder: Path) -> JsonDict:
    """It succeeds at its second attempt when n is 0; else it fails at both, and ends as FAILED."""
    task = {
        "Retry": [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Give"}],
        "End": True,
    }
    return {
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericEquals": 0, "Next": "Once"}],
                "Default": "Twice",
            },
            "Once": {**_invoke(folder, failures=1), **task},
            "Twice": {**_invoke(folder, failures=2), **task},
            "Give": {"Type": "Fail", "Error": "Load.GivenUp", "Cause": "It failed twice."},
        },
    }


def _train(folder: Path) -> JsonDict:
    return {
        "Type": "Task",
        "Resource": f"{_STATES}sagemaker:createTrainingJob.sync",
        "Parameters": {
            "TrainingJobName.$": "$$.Execution.Name",
            "RoleArn": ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": "trainer:1",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python", "train.py"],
            },
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models"},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "Environment": {
                "LOG": str(folder / "trainings"),
                "NAME.$": "$$.Execution.Name",
                "N.$": "States.Format('{}', $.n)",
            },
        },
        "ResultSelector": {"status.$": "$.TrainingJobStatus"},
    }


def provision(user: User, folder: Path) -> dict[str, str]:
    """Create everything; the ARNs of the state machines by name."""
    user.s3.create_bucket(Bucket=BUCKET)
    user.put("items.jsonl", "".join(f'{{"n": {number}}}\n' for number in range(ITEMS)))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("app.py", _HANDLER)
    user.cloud.client("lambda").create_function(
        FunctionName="double",
        Runtime="python3.12",
        Role=ROLE,
        Handler="app.handler",
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
    )
    (folder / "image").mkdir()
    (folder / "image" / "train.py").write_text(_TRAIN)
    command = ["local", "image", "add", "trainer", "--folder", str(folder / "image")]
    subprocess.run(
        [COMMAND, *command, "--data-dir", str(user.cloud.data_dir)], check=True, capture_output=True, text=True
    )
    return {name: user.create(name, definition) for name, definition in machines(folder).items()}


def answer_callbacks(user: User) -> None:
    """Answer whoever left a token, with the number beside it."""
    for key in user.keys("tokens/"):
        try:
            body = json.loads(user.get(key))
        except user.s3.exceptions.NoSuchKey:  # it was deleted by a call that a kill left unanswered
            continue
        user.succeed(body["token"], {"n": body["n"]})
        user.ask(lambda key=key: user.s3.delete_object(Bucket=BUCKET, Key=key))  # type: ignore[misc]
