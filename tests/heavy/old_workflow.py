"""A program of 2019, run with the installed 2.3.0 against the server that its environment names."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import boto3

import stepfunctions
from stepfunctions import steps
from stepfunctions.inputs import ExecutionInput
from stepfunctions.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/anyone"
assert not hasattr(stepfunctions, "errors"), f"{stepfunctions.__file__} is not 2.3.0"

boto3.client("lambda").create_function(
    FunctionName="double",
    Runtime="python3.12",
    Handler="app.handler",
    Role=ROLE,
    Code={"ZipFile": Path(sys.argv[1]).read_bytes()},
)
execution_input = ExecutionInput(schema={"n": int})
double = steps.LambdaStep("Double", parameters={"FunctionName": "double", "Payload": {"n": execution_input["n"]}})
double.add_retry(steps.Retry(error_equals=["States.TaskFailed"], interval_seconds=1, max_attempts=2))
choice = steps.Choice("Large?")
choice.add_choice(
    steps.ChoiceRule.NumericGreaterThan(variable="$.Payload.doubled", value=10),
    steps.Pass("Yes", result={"large": True}),
)
choice.default_choice(steps.Fail("No", error="TooSmall", cause="ten at most"))
workflow = Workflow(
    name="old",
    definition=steps.Chain([double, choice]),
    role=ROLE,
    client=boto3.client("stepfunctions"),
)
workflow.create()
good = workflow.execute(name="good", inputs={"n": 21})
bad = workflow.execute(name="bad", inputs={"n": 1})
told = {"good": good.get_output(wait=True)}
while bad.describe()["status"] == "RUNNING":
    time.sleep(0.05)
told["bad"] = bad.describe()["status"]
told["events"] = [event["type"] for event in good.list_events()]
told["executions"] = sorted(execution.name for execution in workflow.list_executions())
told["workflows"] = [one["name"] for one in Workflow.list_workflows(client=workflow.client)]
told["attached"] = Workflow.attach(str(workflow.state_machine_arn), client=workflow.client).name
workflow.update(definition=steps.Chain([steps.Wait("Wait", seconds=600)]))
waiting = workflow.execute(name="waiting")
waiting.stop(cause="enough", error="Stopped")
told["stopped"] = waiting.describe()["status"]
workflow.delete()
print(json.dumps(told))
