"""What watches a workflow: alarms of its executions, and a dashboard.

Metrics: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.deploy.parts import Context, Parts
from stepfunctions.deploy.triggers import DEAD_LETTERS

TOPIC = "AlarmTopic"
_NAMESPACE = "AWS/States"
_PERIOD = 300
_WIDTH, _HEIGHT = 12, 6
ALARMS = {
    # metric -> what the alarm says
    "ExecutionsFailed": "An execution failed.",
    "ExecutionsTimedOut": "An execution timed out.",
    "ExecutionThrottled": "Executions were held back: more state transitions than the account's quota.",
    "ExecutionsAborted": "An execution was aborted.",
}
_CHARTS = {
    "Executions": ("ExecutionsStarted", "ExecutionsSucceeded", *ALARMS),
    "Duration of executions": ("ExecutionTime",),
}


def watch_of(context: Context) -> Parts:
    """Return the alarms and the dashboard that a stack is asked for.

    Alarms tell a topic of the stack, which people subscribe to. An alarm is set off by one execution in five minutes.
    """
    resources: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    if context.options.alarms:
        resources[TOPIC] = {"Type": "AWS::SNS::Topic"}
        dimension = {"Name": "StateMachineArn", "Value": context.machine_arn}
        for metric, what in ALARMS.items():
            resources[f"{metric}Alarm"] = _alarm(_NAMESPACE, metric, what, dimension)
        if context.options.triggers:
            queue = {"Name": "QueueName", "Value": {"Fn::GetAtt": [DEAD_LETTERS, "QueueName"]}}
            what = "A trigger could not start an execution."
            metric = "ApproximateNumberOfMessagesVisible"
            resources[f"{DEAD_LETTERS}Alarm"] = _alarm("AWS/SQS", metric, what, queue)
        outputs["AlarmTopicArn"] = {"Description": "Subscribe to be told of alarms.", "Value": {"Ref": TOPIC}}
    if context.options.dashboard:
        body = {"Fn::Sub": [json.dumps(_dashboard(), indent=2), {"Machine": context.machine_arn}]}
        resources["Dashboard"] = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": body}}
    return Parts(resources=resources, outputs=outputs)


def _alarm(namespace: str, metric: str, what: str, dimension: dict[str, Any]) -> dict[str, Any]:
    properties = {
        "AlarmDescription": what,
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [dimension],
        "Statistic": "Maximum" if namespace == "AWS/SQS" else "Sum",
        "Period": _PERIOD,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": TOPIC}],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _dashboard() -> dict[str, Any]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    widgets = [
        {
            "type": "metric",
            "x": _WIDTH * index,
            "y": 0,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {
                "title": title,
                "region": "${AWS::Region}",
                "stat": "Sum" if len(metrics) > 1 else "Average",
                "period": _PERIOD,
                "metrics": [[_NAMESPACE, metric, "StateMachineArn", "${Machine}"] for metric in metrics],
            },
        }
        for index, (title, metrics) in enumerate(_CHARTS.items())
    ]
    return {"widgets": widgets}
