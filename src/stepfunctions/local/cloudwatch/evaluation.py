"""The state of a metric alarm from its data points, and in what words CloudWatch tells why.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from types import MappingProxyType

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
MISSING = ("breaching", "notBreaching", "ignore", "missing")
EXTRA_PERIODS = 2
"""How many periods more than EvaluationPeriods are looked at, for data points in place of missing ones."""
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = MappingProxyType(
    {
        "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
        "GreaterThanThreshold": (operator.gt, "greater than"),
        "LessThanThreshold": (operator.lt, "less than"),
        "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
    }
)

Point = tuple[int, "float | None"]
"""When a period begins, and its value, None when it is missing."""


@dataclass(frozen=True)
class Test:
    """What an alarm asks of its data points: ``needed`` of the last ``periods`` breach the threshold."""

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str

    def breaches(self, value: float) -> bool:
        """Tell whether a value breaches the threshold."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """A state and its reason; ``points`` are those that decided."""

    state: str
    reason: str
    points: tuple[tuple[int, float], ...]


def judge(test: Test, points: Sequence[Point], before: str) -> Verdict:
    """Return the state for the data points of the evaluation range, the oldest first; ``before``: the state until now.

    As many real data points as the alarm asks for decide alone; missing ones count only where those do not suffice.
    """
    real = [(time, value) for time, value in points if value is not None]
    chosen = real[-test.periods :]
    filled = test.periods - len(chosen)
    breaching = sum(test.breaches(value) for _, value in chosen)
    if not chosen:
        return _without_data(test, before)
    if breaching >= test.needed:
        return _crossed(test, ALARM, chosen)
    if filled and test.missing == "breaching" and breaching + filled >= test.needed:
        return _crossed(test, ALARM, chosen, filled)
    if filled and test.missing in ("missing", "ignore") and breaching == len(chosen):
        return _only_breaching(test, points, chosen, before)
    return _crossed(test, OK, chosen, filled if test.missing in ("breaching", "notBreaching") else 0)


def _without_data(test: Test, before: str) -> Verdict:
    count = f"{test.periods} period{'s' if test.periods > 1 else ''}"
    if test.missing == "missing":
        unknown = f"{test.periods} datapoints were" if test.periods > 1 else "1 datapoint was"
        return Verdict(INSUFFICIENT, f"Insufficient Data: {unknown} unknown.", ())
    if test.missing == "ignore":
        return Verdict(before, f"no datapoints were received for {count}, and the state is maintained", ())
    treated = "Breaching" if test.missing == "breaching" else "NonBreaching"
    were = "datapoints were" if test.periods > 1 else "datapoint was"
    reason = f"no datapoints were received for {count} and {test.periods} missing {were} treated as [{treated}]."
    return Verdict(ALARM if test.missing == "breaching" else OK, f"Threshold Crossed: {reason}", ())


def _only_breaching(test: Test, points: Sequence[Point], chosen: list[tuple[int, float]], before: str) -> Verdict:
    """All that is there breaches, but it is not enough: ALARM when the oldest is old enough that the rest is late.

    So a single data point that has just come does not lead to an alarm too soon.
    """
    latest = [time for time, _ in points][-test.periods :]
    old = [time for time, _ in chosen if time in latest[: len(latest) - test.needed + 1]]
    if old and test.missing == "missing":
        return _crossed(test, ALARM, chosen)
    return Verdict(before, "", tuple(chosen))


def _crossed(test: Test, state: str, chosen: Sequence[tuple[int, float]], filled: int = 0) -> Verdict:
    words = COMPARISONS[test.comparison][1]
    relevant = [one for one in chosen if test.breaches(one[1]) is (state == ALARM)] or list(chosen)
    shown = ", ".join(f"{value} ({_day(time)})" for time, value in reversed(relevant[-5:]))
    count = len(relevant)
    be = "were" if count > 1 else "was"
    missing = ""
    if filled:
        treated = "Breaching" if test.missing == "breaching" else "NonBreaching"
        missing = f" and {filled} missing datapoint{'s were' if filled > 1 else ' was'} treated as [{treated}]"
    needed = test.needed if state == ALARM else test.periods - test.needed + 1
    way = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    reason = (
        f"Threshold Crossed: {count} out of the last {test.periods} datapoints [{shown}] {be} "
        f"{'' if state == ALARM else 'not '}{words} the threshold ({test.threshold}){missing} "
        f"(minimum {needed} datapoint{'s' if needed > 1 else ''} for {way} transition)."
    )
    return Verdict(state, reason, tuple(chosen))


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%d/%m/%y %H:%M:%S")
