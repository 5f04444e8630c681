"""Run a definition with boto3 alone: nothing of this SDK is imported, so it runs against AWS unchanged.

    stepfunctions local start                # in a terminal of its own
    eval "$(stepfunctions local env)"
    python examples/boto3_only.py

boto3 reads endpoint, Region and credentials from the environment. On AWS, give the ARN of a role that
Step Functions may assume: ``python examples/boto3_only.py arn:aws:iam::123456789012:role/StepFunctions``.
"""

from __future__ import annotations

import json
import sys
import time

import boto3

ROLE = "arn:aws:iam::123456789012:role/StepFunctions"
DEFINITION = """
{
  "Comment": "Count the late flights of some routes, each on its own",
  "StartAt": "Each route",
  "States": {
    "Each route": {
      "Type": "Map",
      "ItemsPath": "$.routes",
      "MaxConcurrency": 2,
      "ItemProcessor": {
        "StartAt": "Any late?",
        "States": {
          "Any late?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.late[0]", "IsPresent": true, "Next": "Late"}],
            "Default": "On time"
          },
          "Late": {
            "Type": "Pass",
            "Parameters": {"route.$": "$.route", "late.$": "States.ArrayLength($.late)"},
            "End": true
          },
          "On time": {"Type": "Pass", "Parameters": {"route.$": "$.route", "late": 0}, "End": true}
        }
      },
      "ResultPath": "$.counts",
      "Next": "Nap"
    },
    "Nap": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
    "Done": {"Type": "Succeed", "OutputPath": "$.counts"}
  }
}
"""
INPUT = {
    "routes": [
        {"route": "JFK-LAX", "late": [12, 45]},
        {"route": "EWR-MYR", "late": []},
        {"route": "LGA-BUF", "late": [7]},
    ]
}
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def main(role: str = ROLE) -> int:
    client = boto3.client("stepfunctions")
    machine = client.create_state_machine(name="boto3-only", definition=DEFINITION, roleArn=role)["stateMachineArn"]
    started = client.start_execution(stateMachineArn=machine, input=json.dumps(INPUT))
    arn = started["executionArn"]
    while (execution := client.describe_execution(executionArn=arn))["status"] not in ENDED:
        time.sleep(0.2)

    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 5})
    for number, page in enumerate(pages, 1):
        for event in page["events"]:
            name = event.get("stateEnteredEventDetails", {}).get("name", "")
            print(f"page {number}  {event['id']:3}  {event['type']:22} {name}".rstrip())

    print(execution["status"], execution.get("output") or execution.get("cause", ""))
    client.delete_state_machine(stateMachineArn=machine)
    return 0 if execution["status"] == "SUCCEEDED" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
