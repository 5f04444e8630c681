"""GetMetricData and metric math."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.local.cloudwatch.conftest import START
from tests.local.cloudwatch.test_metrics import at

SERIES = {"m1": {0: 1.0, 1: 2.0, 3: 4.0}, "m2": {0: 10.0, 1: 0.0, 2: 30.0, 3: 5.0}}


@pytest.fixture
def filled(cloudwatch: Any) -> Any:
    for name, points in SERIES.items():
        for minute, value in points.items():
            datum = {"MetricName": name, "Value": value, "Timestamp": at(60 * minute)}
            cloudwatch.put_metric_data(Namespace="n", MetricData=[datum])
    return cloudwatch


def stat(name: str, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "n", "MetricName": name}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False, **more}


def computed(cloudwatch: Any, expression: str, **more: Any) -> list[dict[int, float]]:
    queries = [{"Id": "e", "Expression": expression}, stat("m1"), stat("m2")]
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=at(0), EndTime=at(240), **more)
    return [
        {
            int(time.timestamp() - START) // 60: value
            for time, value in zip(one["Timestamps"], one["Values"], strict=True)
        }
        for one in found["MetricDataResults"]
    ]


@pytest.mark.parametrize(
    ("expression", "points"),
    [
        ("m1 + m2", {0: 11, 1: 2, 3: 9}),
        ("m1 / m2", {0: 0.1, 3: 0.8}),
        ("-m1 * (2 + 3) ^ 2 % 7", {0: -25 % -7, 1: -1, 3: -2}),
        ("100 * m1 / SUM(m1)", {0: 100 / 7, 1: 200 / 7, 3: 400 / 7}),
        ("m1 > 1 AND m2 < 10", {0: 0, 1: 1, 3: 1}),
        ("m1 == 1 || m2 == 5", {0: 1, 1: 0, 3: 1}),
        ("IF(m1 >= 2, m2, 7)", {0: 7, 1: 0, 3: 5}),
        ("IF(m1 >= 2, m1)", {1: 2, 3: 4}),
        ("FILL(m1, 0)", {0: 1, 1: 2, 2: 0, 3: 4}),
        ("FILL(m1, REPEAT)", {0: 1, 1: 2, 2: 2, 3: 4}),
        ("FILL(m1, LINEAR)", {0: 1, 1: 2, 2: 3, 3: 4}),
        ("FILL(m1, m2)", {0: 1, 1: 2, 2: 30, 3: 4}),
        ("DIFF(m1)", {1: 1, 3: 2}),
        ("RATE(m1) * PERIOD(m1)", {1: 1, 3: 1}),
        ("RUNNING_SUM(m1)", {0: 1, 1: 3, 3: 7}),
        ("SUM(METRICS())", {0: 11, 1: 2, 2: 30, 3: 9}),
        ("MAX([m1, m2])", {0: 10, 1: 2, 2: 30, 3: 5}),
        ("AVG(METRICS('m1'))", {0: 1, 1: 2, 3: 4}),
        ("TIME_SERIES(MIN(m2) + 3)", {0: 3, 1: 3, 2: 3, 3: 3}),
        ("+".join(["m1"] * 600), {0: 600, 1: 1200, 3: 2400}),
        ("CEIL(LOG10(m1))", {0: 0, 1: 1, 3: 1}),
    ],
)
def test_expressions(filled: Any, expression: str, points: dict[int, float]) -> None:
    (found,) = computed(filled, expression)
    assert found == pytest.approx(points)


def test_an_expression_may_give_several_series(filled: Any) -> None:
    assert computed(filled, "METRICS() * 2") == [{0: 2, 1: 4, 3: 8}, {0: 20, 1: 0, 2: 60, 3: 10}]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m1 +", "unexpected end"),
        ("m1 $ 2", "unexpected '$' at position 4"),
        ("m9", "Unknown identifier m9"),
        ("e + 1", "in a circle"),
        ("SUM(m1)", "TIME_SERIES"),
        ("NOPE(m1)", "The function NOPE is not supported by the local cloud"),
        ("ANOMALY_DETECTION_BAND(m1, 2)", "not supported"),
        ("SELECT AVG(x) FROM y", "Metrics Insights"),
        ("SUM(m1, m2)", "takes 1 argument(s), not 2"),
        ("m1 + 1 / 0", "division by zero"),
        ("METRICS() + METRICS()", "one list of time series"),
        ("'a' + m1", "no number"),
        ("(" * 41 + "m1" + ")" * 41, "nested more than 40"),
        ("-" * 2000 + "m1", "nested more than 40"),
        ("(m1", "unexpected end"),
        ("m1 m2", "unexpected 'm2'"),
    ],
)
def test_expressions_that_are_refused(filled: Any, expression: str, words: str) -> None:
    with pytest.raises(ClientError) as caught:
        computed(filled, expression)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    assert words in error["Message"]


@pytest.mark.parametrize(
    "queries",
    [
        [{**stat("m1"), "Id": "M1"}],
        [stat("m1"), stat("m1")],
        [{"Id": "m1"}],
        [{**stat("m1"), "Expression": "1"}],
        [{**stat("m1"), "AccountId": "999999999999"}],
    ],
)
def test_queries_that_are_refused(cloudwatch: Any, queries: list[dict[str, Any]]) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=at(0), EndTime=at(240))


def test_the_newest_come_first_and_no_more_than_asked(filled: Any) -> None:
    (found,) = computed(filled, "m2", MaxDatapoints=2)
    assert list(found) == [3, 2]
    (found,) = computed(filled, "m2", ScanBy="TimestampAscending", MaxDatapoints=1)
    assert list(found) == [0]
