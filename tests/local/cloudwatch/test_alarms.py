"""Alarms through boto3: settings, states on the clock, what others are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.cloudwatch.conftest import START, client_of

from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock

ALARM: dict[str, Any] = {
    "AlarmName": "high",
    "Namespace": "n",
    "MetricName": "m",
    "Statistic": "Maximum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:pages"


def put(cloudwatch: Any, value: float, **more: Any) -> None:
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": value, **more}])


def state(cloudwatch: Any, name: str = "high") -> str:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=kinds)
    alarms: list[dict[str, Any]] = found["MetricAlarms"] + found["CompositeAlarms"]
    return str(alarms[0]["StateValue"])


class Later:
    """Moves the clock, and returns when what is due then has been evaluated."""

    def __init__(self, cloud: Cloud, clock: ManualClock) -> None:
        self.cloud, self.clock = cloud, clock

    def __call__(self, seconds: float = 60) -> None:
        self.clock.advance(seconds)
        self.cloud.service("cloudwatch").alarms.run()


@pytest.fixture
def later(cloud: Cloud, clock: ManualClock) -> Later:
    return Later(cloud, clock)


@pytest.fixture
def told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    events: list[tuple[str, dict[str, Any]]] = []

    def publish(source: str, kind: str, detail: dict[str, Any], *_: Any, **__: Any) -> None:
        assert source == "aws.cloudwatch"
        events.append((kind, detail))

    monkeypatch.setattr(cloud, "publish", publish)
    return events


def refused(operation: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        operation(**given)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_an_alarm_follows_its_metric(cloudwatch: Any, later: Later, told: list[tuple[str, dict[str, Any]]]) -> None:
    cloudwatch.put_metric_alarm(**ALARM, AlarmDescription="too high")
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    for value, wanted in ((7, "ALARM"), (8, "ALARM"), (3, "OK")):
        put(cloudwatch, value)
        later()
        assert state(cloudwatch) == wanted
    for _ in range(3):
        later()
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    changes = [detail for kind, detail in told if kind == "CloudWatch Alarm State Change"]
    assert [one["state"]["value"] for one in changes] == ["ALARM", "OK", "INSUFFICIENT_DATA"]
    first = changes[0]
    assert first["previousState"]["value"] == "INSUFFICIENT_DATA"
    assert json.loads(first["state"]["reasonData"])["recentDatapoints"] == [7.0]
    assert first["configuration"] == {
        "description": "too high",
        "metrics": [
            {
                "id": "m1",
                "metricStat": {
                    "metric": {"namespace": "n", "name": "m", "dimensions": {}},
                    "period": 60,
                    "stat": "Maximum",
                },
                "returnData": True,
            }
        ],
    }
    history = cloudwatch.describe_alarm_history(AlarmName="high", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [one["HistorySummary"] for one in history][-1] == "Alarm updated from INSUFFICIENT_DATA to ALARM"


def test_m_out_of_n_slides_minute_by_minute(cloudwatch: Any, later: Later) -> None:
    cloudwatch.put_metric_alarm(**{**ALARM, "Period": 120, "EvaluationPeriods": 3, "DatapointsToAlarm": 2})
    for value in (9, 1, 1, 9, 1, 1):
        put(cloudwatch, value)
        later()
    assert state(cloudwatch) == "ALARM"
    for _ in range(4):
        put(cloudwatch, 1)
        later()
    assert state(cloudwatch) == "OK"


def test_alarms_of_more_than_a_day_are_evaluated_by_the_hour(cloudwatch: Any, later: Later) -> None:
    cloudwatch.put_metric_alarm(**{**ALARM, "Period": 86_400, "EvaluationPeriods": 2, "DatapointsToAlarm": 1})
    put(cloudwatch, 9)
    later(60)
    assert state(cloudwatch) == "INSUFFICIENT_DATA"
    later(3540)
    assert state(cloudwatch) == "ALARM"


def test_missing_data_that_breaches(cloudwatch: Any, later: Later) -> None:
    cloudwatch.put_metric_alarm(**ALARM, TreatMissingData="breaching")
    later(0)
    assert state(cloudwatch) == "ALARM"


def test_metric_math_and_percentiles(cloudwatch: Any, later: Later) -> None:
    rest = {key: ALARM[key] for key in ("EvaluationPeriods", "Threshold", "ComparisonOperator")}
    stat = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName="math",
        Metrics=[{"Id": "e", "Expression": "m1 * 2"}, {"Id": "m1", "MetricStat": stat, "ReturnData": False}],
        **rest,
    )
    percentile = {key: value for key, value in ALARM.items() if key not in ("AlarmName", "Statistic")}
    cloudwatch.put_metric_alarm(AlarmName="p90", ExtendedStatistic="p90", **percentile)
    cloudwatch.put_metric_alarm(
        AlarmName="few", ExtendedStatistic="p90", EvaluateLowSampleCountPercentile="ignore", **percentile
    )
    put(cloudwatch, 6)
    later()
    assert [state(cloudwatch, name) for name in ("math", "p90", "few")] == ["ALARM", "ALARM", "INSUFFICIENT_DATA"]


def test_composite_alarms_follow_their_children(cloudwatch: Any, later: Later) -> None:
    for name in ("a", "b c"):
        cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": name})
    rule = 'ALARM(a) AND NOT (OK("b c") OR FALSE)'
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule=rule)
    cloudwatch.put_composite_alarm(AlarmName="top", AlarmRule="ALARM(both)")
    later(0)
    assert state(cloudwatch, "top") == "OK"
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="test")
    assert (state(cloudwatch, "both"), state(cloudwatch, "top")) == ("ALARM", "ALARM")
    cloudwatch.set_alarm_state(AlarmName="b c", StateValue="OK", StateReason="test")
    assert (state(cloudwatch, "both"), state(cloudwatch, "top")) == ("OK", "OK")
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="both")
    assert [one["AlarmName"] for one in children["MetricAlarms"]] == ["a", "b c"]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="both")
    assert [one["AlarmName"] for one in parents["CompositeAlarms"]] == ["top"]
    assert "depends on both itself" in refused(cloudwatch.put_composite_alarm, AlarmName="both", AlarmRule="ALARM(top)")
    assert "unknown alarms: x" in refused(cloudwatch.put_composite_alarm, AlarmName="z", AlarmRule="OK(x)")


@pytest.mark.parametrize("rule", ["", "ALARM", "ALARM(a", "ALARM(a) OK(a)", "NOT", "(TRUE", "MAYBE(a)", "(" * 50])
def test_rules_that_are_none(cloudwatch: Any, rule: str) -> None:
    cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": "a"})
    assert refused(cloudwatch.put_composite_alarm, AlarmName="c", AlarmRule=rule or " ").startswith("ValidationError")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"AlarmActions": ["arn:aws:states:us-east-1:123456789012:stateMachine:m"]}, "ValidationError", "Invalid arn"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "ValidationError", "not supported"),
        ({"Statistic": None}, "InvalidParameterCombination", "Exactly one"),
        ({"ExtendedStatistic": "p90"}, "InvalidParameterCombination", "Exactly one"),
        ({"Period": None}, "MissingParameter", "Period"),
        ({"Period": 45}, "InvalidParameterValue", "Period"),
        ({"Period": 60, "EvaluationPeriods": 1441}, "ValidationError", "across more than 1 day"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "ValidationError", "across more than 7 day"),
        ({"DatapointsToAlarm": 2}, "ValidationError", "DatapointsToAlarm"),
        ({"TreatMissingData": "well"}, "ValidationError", "TreatMissingData"),
        ({"Threshold": None}, "MissingParameter", "Threshold"),
        ({"ThresholdMetricId": "m1"}, "ValidationError", "Anomaly detection"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "ValidationError", "anomaly detection"),
        ({"MetricName": None}, "MissingParameter", "MetricName"),
        ({"Metrics": []}, "InvalidParameterCombination", "must not be specified together"),
        ({"AlarmName": "a\nb"}, "ValidationError", "control characters"),
        ({"EvaluationWindow": {"WallClockWindow": {}}}, "ValidationError", "WallClockWindow"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "InvalidParameterCombination", "percentile"),
    ],
)
def test_settings_that_are_refused(cloudwatch: Any, change: dict[str, Any], code: str, words: str) -> None:
    given = {key: value for key, value in {**ALARM, **change}.items() if value is not None}
    text = refused(cloudwatch.put_metric_alarm, **given)
    assert text.startswith(f"{code}: ")
    assert words in text


def test_actions_go_to_topics_and_can_be_switched_off(cloud: Cloud, cloudwatch: Any, later: Later) -> None:
    sns, sqs = client_of(cloud, "sns"), client_of(cloud, "sqs")
    topic = sns.create_topic(Name="pages")["TopicArn"]
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    cloudwatch.put_metric_alarm(**ALARM, AlarmActions=[topic], OKActions=[topic])
    put(cloudwatch, 9)
    later()
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    text = json.loads(message["Body"])
    assert (text["AlarmName"], text["NewStateValue"], text["OldStateValue"]) == ("high", "ALARM", "INSUFFICIENT_DATA")
    assert text["Trigger"]["Statistic"] == "MAXIMUM"
    actions = cloudwatch.describe_alarm_history(AlarmName="high", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [one["HistorySummary"] for one in actions] == [f"Successfully executed action {topic}"]
    cloudwatch.disable_alarm_actions(AlarmNames=["high"])
    put(cloudwatch, 1)
    later()
    assert state(cloudwatch) == "OK"
    assert len(cloudwatch.describe_alarm_history(AlarmName="high", HistoryItemType="Action")["AlarmHistoryItems"]) == 1
    cloudwatch.enable_alarm_actions(AlarmNames=["high"])
    assert cloudwatch.describe_alarms()["MetricAlarms"][0]["ActionsEnabled"] is True


def test_alarms_outlive_the_cloud(cloud: Cloud, cloudwatch: Any, clock: ManualClock) -> None:
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "team", "Value": "ml"}])
    put(cloudwatch, 9)
    cloud.stop()
    clock.advance(60)
    with Cloud(cloud.data_dir, clock=clock) as again:
        again.service("cloudwatch").alarms.run()
        client = client_of(again)
        (alarm,) = client.describe_alarms()["MetricAlarms"]
        assert alarm["StateValue"] == "ALARM"
        tags = client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        assert tags == [{"Key": "team", "Value": "ml"}]


def test_a_month_is_evaluated_only_where_something_changes(cloudwatch: Any, cloud: Cloud, clock: ManualClock) -> None:
    """Once a day a value: the clock is asked for a few moments a day only."""
    cloudwatch.put_metric_alarm(**ALARM)
    alarms = cloud.service("cloudwatch").alarms
    evaluated = 0
    for _day in range(30):
        put(cloudwatch, 9)
        while (due := alarms.due) is not None:
            clock.advance_to(max(due, clock.now()))
            alarms.run()
            evaluated += 1
        clock.advance_to(START + 86_400 * (_day + 1))
    summaries = [
        one["HistorySummary"]
        for page in cloudwatch.get_paginator("describe_alarm_history").paginate(HistoryItemType="StateUpdate")
        for one in page["AlarmHistoryItems"]
    ]
    assert len(summaries) == 60
    assert evaluated <= 30 * 6


def test_pages_filters_and_deletion(cloudwatch: Any) -> None:
    for number in range(5):
        cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": f"a{number}"}, AlarmActions=[TOPIC] if number else [])
    pages = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
    assert [len(page["MetricAlarms"]) for page in pages] == [2, 2, 1]
    assert len(cloudwatch.describe_alarms(ActionPrefix="arn:aws:sns")["MetricAlarms"]) == 4
    assert len(cloudwatch.describe_alarms(AlarmNamePrefix="a", StateValue="OK")["MetricAlarms"]) == 0
    found = cloudwatch.describe_alarms_for_metric(Namespace="n", MetricName="m", Statistic="Maximum")
    assert len(found["MetricAlarms"]) == 5
    cloudwatch.delete_alarms(AlarmNames=["a1", "a2", "gone"])
    assert [one["AlarmName"] for one in cloudwatch.describe_alarms()["MetricAlarms"]] == ["a0", "a3", "a4"]
    deleted = cloudwatch.describe_alarm_history(AlarmName="a1", MaxRecords=1)
    assert deleted["AlarmHistoryItems"][0]["HistorySummary"] == 'Alarm "a1" deleted'
    assert refused(cloudwatch.set_alarm_state, AlarmName="a1", StateValue="OK", StateReason="x").startswith(
        "ResourceNotFound"
    )
    assert refused(cloudwatch.describe_alarm_history, NextToken="x").startswith("InvalidNextToken")


def test_dashboards_and_tags(cloudwatch: Any) -> None:
    body = json.dumps({"widgets": []})
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody=body, Tags=[{"Key": "k", "Value": "v"}])
    shown = cloudwatch.get_dashboard(DashboardName="d")
    assert shown["DashboardBody"] == body
    arn = shown["DashboardArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "l", "Value": "w"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["k"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "l", "Value": "w"}]
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix="d")["DashboardEntries"]
    assert entry["Size"] == len(body)
    assert "valid JSON object" in refused(cloudwatch.put_dashboard, DashboardName="d", DashboardBody="[")
    assert "A-Z" in refused(cloudwatch.put_dashboard, DashboardName="d d", DashboardBody=body)
    cloudwatch.delete_dashboards(DashboardNames=["d"])
    for operation, given in (
        (cloudwatch.get_dashboard, {"DashboardName": "d"}),
        (cloudwatch.delete_dashboards, {"DashboardNames": ["d"]}),
        (cloudwatch.list_tags_for_resource, {"ResourceARN": arn}),
    ):
        assert refused(operation, **given).startswith("ResourceNotFound")
    assert refused(cloudwatch.list_tags_for_resource, ResourceARN="x").startswith("InvalidParameterValue")


def test_a_rule_reacts_to_an_alarm(cloud: Cloud, cloudwatch: Any, later: Later) -> None:
    events, sqs = client_of(cloud, "events"), client_of(cloud, "sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}, "alarmName": ["high"]}}
    events.put_rule(Name="drift", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="drift", Targets=[{"Id": "q", "Arn": queue, "InputPath": "$.detail.alarmName"}])
    cloudwatch.put_metric_alarm(**ALARM)
    put(cloudwatch, 9)
    later()
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert message["Body"] == '"high"'
