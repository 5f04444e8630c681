"""The tables of AWS's page on missing data, and the words of reasons.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import pytest

from stepfunctions.local.cloudwatch.evaluation import ALARM, INSUFFICIENT, OK, judge
from stepfunctions.local.cloudwatch.evaluation import Test as Asked

KEPT = "the state before"


def state(points: str, needed: int, missing: str, before: str = KEPT) -> str:
    values = {"0": 0.0, "X": 1.0, "-": None}
    asked = Asked("GreaterThanThreshold", 0.5, 3, needed, missing)
    return judge(asked, [(60 * n, values[one]) for n, one in enumerate(points)], before).state


@pytest.mark.parametrize(
    ("points", "needed", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0-X-X", 3, OK, OK, OK, OK),
        ("0----", 3, OK, OK, OK, OK),
        ("-----", 3, INSUFFICIENT, KEPT, ALARM, OK),
        ("0XX-X", 3, ALARM, ALARM, ALARM, ALARM),
        ("--X--", 3, ALARM, KEPT, ALARM, OK),
        ("0-X-X", 2, ALARM, ALARM, ALARM, ALARM),
        ("00X0X", 2, ALARM, ALARM, ALARM, ALARM),
        ("0-X--", 2, OK, OK, ALARM, OK),
        ("----0", 2, OK, OK, ALARM, OK),
        ("---X-", 2, ALARM, KEPT, ALARM, OK),
        ("----X", 3, KEPT, KEPT, ALARM, OK),
        ("XX000", 3, OK, OK, OK, OK),
    ],
)
def test_states(points: str, needed: int, missing: str, ignore: str, breaching: str, not_breaching: str) -> None:
    assert state(points, needed, "missing") == missing
    assert state(points, needed, "ignore") == ignore
    assert state(points, needed, "breaching") == breaching
    assert state(points, needed, "notBreaching") == not_breaching


@pytest.mark.parametrize(
    ("comparison", "breach", "fine"),
    [
        ("GreaterThanOrEqualToThreshold", 5.0, 4.9),
        ("GreaterThanThreshold", 5.1, 5.0),
        ("LessThanThreshold", 4.9, 5.0),
        ("LessThanOrEqualToThreshold", 5.0, 5.1),
    ],
)
def test_comparisons(comparison: str, breach: float, fine: float) -> None:
    asked = Asked(comparison, 5.0, 1, 1, "missing")
    assert judge(asked, [(0, breach)], OK).state == ALARM
    assert judge(asked, [(0, fine)], ALARM).state == OK


def test_reasons() -> None:
    asked = Asked("GreaterThanThreshold", 3.0, 2, 2, "breaching")
    assert judge(asked, [(0, 4.0), (60, 5.0)], OK).reason == (
        "Threshold Crossed: 2 out of the last 2 datapoints [5.0 (01/01/70 00:01:00), 4.0 (01/01/70 00:00:00)] were "
        "greater than the threshold (3.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert judge(asked, [(0, 4.0), (60, 1.0)], ALARM).reason == (
        "Threshold Crossed: 1 out of the last 2 datapoints [1.0 (01/01/70 00:01:00)] was not greater than the "
        "threshold (3.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )
    assert judge(asked, [(0, None), (60, None)], OK).reason == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
    unknown = Asked("GreaterThanThreshold", 3.0, 1, 1, "missing")
    assert judge(unknown, [(0, None)], OK).reason == "Insufficient Data: 1 datapoint was unknown."
