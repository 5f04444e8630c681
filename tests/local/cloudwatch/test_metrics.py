"""Metrics: what PutMetricData takes, and what the statistics of it are."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.cloudwatch.conftest import START

from stepfunctions.local.cloud import Cloud
from stepfunctions.runtime.clock import ManualClock


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(START + seconds, timezone.utc)


def statistics(cloudwatch: Any, *, start: float = -600, end: float = 600, **more: Any) -> list[dict[str, Any]]:
    given = {"Namespace": "n", "MetricName": "m", "Period": 60, "Statistics": ["Sum"], **more}
    found = cloudwatch.get_metric_statistics(StartTime=at(start), EndTime=at(end), **given)
    points: list[dict[str, Any]] = sorted(found["Datapoints"], key=lambda point: point["Timestamp"])
    return points


def refused(code: str, operation: Any, **given: Any) -> str:
    with pytest.raises(ClientError) as caught:
        operation(**given)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    return str(error["Message"])


def test_values_are_summed_up_by_minute_and_unit(cloudwatch: Any, clock: ManualClock) -> None:
    for value, unit in ((1.0, "Count"), (3.0, "Count"), (5.0, "Seconds")):
        cloudwatch.put_metric_data(
            Namespace="n", MetricData=[{"MetricName": "m", "Value": value, "Unit": unit, "Timestamp": at(7)}]
        )
    names = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    counts, seconds = sorted(statistics(cloudwatch, Statistics=names), key=lambda point: point["Unit"])
    assert counts == {
        "Timestamp": at(0),
        "Unit": "Count",
        "SampleCount": 2,
        "Average": 2,
        "Sum": 4,
        "Minimum": 1,
        "Maximum": 3,
    }
    assert (seconds["Unit"], seconds["Sum"]) == ("Seconds", 5)
    assert [point["Sum"] for point in statistics(cloudwatch, Unit="Seconds")] == [5]
    assert statistics(cloudwatch, end=0) == []


def test_values_counts_and_statistic_sets_give_percentiles_where_values_are_known(cloudwatch: Any) -> None:
    cloudwatch.put_metric_data(
        Namespace="n",
        MetricData=[
            {"MetricName": "m", "Values": [float(n) for n in range(1, 101)], "Counts": [2.0] * 100},
            {
                "MetricName": "sets",
                "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4},
            },
        ],
    )
    wanted = ["p50", "p99", "tm90", "TM(10%:90%)", "tc90", "ts50", "wm50", "PR(:25)", "IQM", "TC(10:20)"]
    (point,) = statistics(cloudwatch, Statistics=["Sum"], ExtendedStatistics=wanted)
    assert point["ExtendedStatistics"] == {
        "p50": 50,
        "p99": 99,
        "tm90": 45.5,
        "TM(10%:90%)": 50.5,
        "tc90": 180,
        "ts50": 2550,
        "wm50": 37.75,
        "PR(:25)": 25,
        "IQM": 50.5,
        "TC(10:20)": 20,
    }
    (sets,) = statistics(cloudwatch, MetricName="sets", Statistics=["Average"], ExtendedStatistics=["p50"])
    assert sets["Average"] == 2.5
    assert sets.get("ExtendedStatistics", {}) == {}


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({}, "MissingParameter"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({"Value": 2.0**361}, "InvalidParameterValue"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"Values": [1.0] * 151}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 7}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": at(2 * 3600 + 1)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": at(-15 * 86_400)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Unit": "Bananas"}, "ValidationError"),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
            "InvalidParameterValue",
        ),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}},
            "InvalidParameterValue",
        ),
    ],
)
def test_data_that_aws_refuses(cloudwatch: Any, datum: dict[str, Any], code: str) -> None:
    refused(code, cloudwatch.put_metric_data, Namespace="n", MetricData=[{"MetricName": "m", **datum}])


def test_metrics_are_listed_by_name_and_dimension(cloudwatch: Any, clock: ManualClock) -> None:
    for value in ("1", "2"):
        cloudwatch.put_metric_data(
            Namespace="n",
            MetricData=[{"MetricName": "m", "Value": 1, "Dimensions": [{"Name": "d", "Value": value}]}],
        )
    cloudwatch.put_metric_data(Namespace="other", MetricData=[{"MetricName": "m", "Value": 1}])
    found = cloudwatch.list_metrics(Namespace="n", Dimensions=[{"Name": "d", "Value": "2"}])["Metrics"]
    assert found == [{"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "d", "Value": "2"}]}]
    assert len(cloudwatch.list_metrics(MetricName="m")["Metrics"]) == 3
    clock.advance_to(START + 4 * 3600)
    assert cloudwatch.list_metrics(RecentlyActive="PT3H")["Metrics"] == []


def test_pages_of_metrics(cloudwatch: Any) -> None:
    cloudwatch.put_metric_data(
        Namespace="n", MetricData=[{"MetricName": f"m{number}", "Value": 1} for number in range(600)]
    )
    first = cloudwatch.list_metrics(Namespace="n")
    rest = cloudwatch.list_metrics(Namespace="n", NextToken=first["NextToken"])
    assert (len(first["Metrics"]), len(rest["Metrics"])) == (500, 100)


def test_what_the_services_measure_is_there_at_once(cloud: Cloud, cloudwatch: Any) -> None:
    for _ in range(3):
        cloud.measure("AWS/States", "ExecutionsStarted", 1, "Count", {"StateMachineArn": "arn"})
    (point,) = statistics(
        cloudwatch,
        Namespace="AWS/States",
        MetricName="ExecutionsStarted",
        Dimensions=[{"Name": "StateMachineArn", "Value": "arn"}],
    )
    assert point["Sum"] == 3


def test_data_outlives_the_cloud(cloud: Cloud, cloudwatch: Any, clock: ManualClock) -> None:
    cloudwatch.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 2}])
    cloud.measure("n", "m", 3, "None", {})
    cloud.stop()
    with Cloud(cloud.data_dir, clock=clock) as again:
        found = again.call(
            "cloudwatch",
            "GetMetricStatistics",
            {
                "Namespace": "n",
                "MetricName": "m",
                "Period": 60,
                "Statistics": ["Sum"],
                "StartTime": START,
                "EndTime": START + 60,
            },
        )
    assert found["Datapoints"][0]["Sum"] == 5


def test_old_data_is_kept_in_wider_periods_and_then_forgotten(cloudwatch: Any, clock: ManualClock) -> None:
    day = 86_400

    def put(resolution: int = 60) -> None:
        cloudwatch.put_metric_data(
            Namespace="n",
            MetricData=[
                {"MetricName": "m", "Value": 1, "Timestamp": clock.now() + 20 * n, "StorageResolution": resolution}
                for n in range(30)
            ],
        )

    put(resolution=1)
    assert len(statistics(cloudwatch, Period=20)) == 30
    for age, periods in ((4 * 3600, 10), (16 * day, 2), (64 * day, 1), (456 * day, 0)):
        clock.advance_to(START + age)
        cloudwatch.put_metric_data(Namespace="other", MetricData=[{"MetricName": "m", "Value": 1}])
        points = statistics(cloudwatch, start=0, end=3600)
        assert (len(points), sum(point["Sum"] for point in points)) == (periods, 30 if periods else 0)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"Unit": "Bananas"}, "ValidationError"),
        ({"Period": 45}, "InvalidParameterValue"),
        ({"start": 10, "end": 10}, "InvalidParameterValue"),
        ({"start": -3 * 86_400}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue"),
        ({"ExtendedStatistics": ["PR(1%:2%)"]}, "InvalidParameterValue"),
        ({"ExtendedStatistics": ["TM(90%:10%)"]}, "InvalidParameterValue"),
    ],
)
def test_statistics_that_aws_refuses(cloudwatch: Any, given: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        statistics(cloudwatch, **given)
    assert caught.value.response["Error"]["Code"] == code
