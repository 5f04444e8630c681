"""What CloudWatch keeps of the values of a period, and the statistics of it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from stepfunctions.errors import ServiceError

Spread = dict[float, float]
"""Values with how often each occurs."""
Statistic = Callable[["Summary"], "float | None"]

_MOST_VALUES = 1000
_COARSE = math.log(1.01)

SIMPLE: Mapping[str, Statistic] = {
    "SampleCount": lambda summary: summary.count,
    "Sum": lambda summary: summary.total,
    "Average": lambda summary: summary.total / summary.count if summary.count else None,
    "Minimum": lambda summary: summary.least,
    "Maximum": lambda summary: summary.most,
}
_SHORT = re.compile(r"(?P<name>p|tm|tc|ts|wm)(?P<high>\d{1,3}(?:\.\d{1,10})?)")
_NUMBER = r"-?\d+(?:\.\d{1,10})?"
_LONG = re.compile(rf"(?P<name>TM|TC|TS|WM|PR)\((?P<low>{_NUMBER}%?)?:(?P<high>{_NUMBER}%?)?\)")


@dataclass(slots=True)
class Summary:
    """The values of a period. ``spread`` is None when only the sums are known: then there are no percentiles.

    More than 1,000 different values are kept to one per cent.
    """

    count: float = 0.0
    total: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    spread: Spread | None = field(default_factory=dict)

    @classmethod
    def of(cls, spread: Mapping[float, float]) -> Summary:
        """Return the summary of values with how often each occurs."""
        total = math.fsum(value * count for value, count in spread.items())
        made = cls(math.fsum(spread.values()), total, min(spread), max(spread), dict(spread))
        made._shorten()
        return made

    def add(self, other: Summary) -> None:
        """Count another summary's values in."""
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        if self.spread is None or other.spread is None:
            self.spread = None
            return
        for value, count in other.spread.items():
            self.spread[value] = self.spread.get(value, 0.0) + count
        self._shorten()

    def _shorten(self) -> None:
        if self.spread is None or len(self.spread) <= _MOST_VALUES:
            return
        coarse: Spread = {}
        for value, count in self.spread.items():
            near = math.copysign(math.exp(round(math.log(abs(value)) / _COARSE) * _COARSE), value) if value else 0.0
            near = min(max(near, self.least), self.most)
            coarse[near] = coarse.get(near, 0.0) + count
        self.spread = coarse


def merged(summaries: Iterable[Summary]) -> Summary:
    """Return the summary of several."""
    made = Summary()
    for one in summaries:
        made.add(one)
    return made


def statistic(name: str) -> Statistic:
    """Return what computes a statistic, None where it has no value. Raises InvalidParameterValue for unknown ones."""
    if name in SIMPLE:
        return SIMPLE[name]
    if name == "IQM":
        return _ranged("TM", "25%", "75%", name)
    short = _SHORT.fullmatch(name)
    if short is not None and float(short["high"]) <= 100:
        if short["name"] == "p":
            return _percentile(float(short["high"]))
        return _ranged(short["name"].upper(), "0%", f"{short['high']}%", name)
    long = _LONG.fullmatch(name)
    if long is None or (long["low"] is None and long["high"] is None):
        raise _unknown(name)
    return _ranged(long["name"], long["low"], long["high"], name)


def _unknown(name: str) -> ServiceError:
    return ServiceError(
        "InvalidParameterValue",
        f"The value {name} for parameter Stat is not valid. Write SampleCount, Average, Sum, Minimum, Maximum, p95, "
        "tm90, tc90, ts90, wm90, IQM, PR(:300), or TM, TC, TS, WM with bounds as in TM(10%:90%).",
    )


def _percentile(percent: float) -> Statistic:
    def at(summary: Summary) -> float | None:
        if summary.spread is None:  # from sums alone only a single value is known
            return summary.least if summary.count == 1 or summary.least == summary.most else None
        wanted, seen = summary.count * percent / 100, 0.0
        for value in sorted(summary.spread):
            seen += summary.spread[value]
            if seen >= wanted - 1e-9:
                return value
        return summary.most

    return at


def _ranged(kind: str, low: str | None, high: str | None, name: str) -> Statistic:
    """Return a statistic of the values between two bounds: per cents of the values, or values (low < v <= high)."""
    bounds = [bound for bound in (low, high) if bound is not None]
    if len({bound.endswith("%") for bound in bounds}) > 1 or (kind == "PR" and bounds[0].endswith("%")):
        raise _unknown(name)
    percents = bounds[0].endswith("%")
    from_ = -math.inf if low is None else float(low.rstrip("%"))
    to = math.inf if high is None else float(high.rstrip("%"))
    if from_ >= to or (percents and not (0 <= max(from_, 0) < min(to, 100) <= 100)):
        raise _unknown(name)

    def of(summary: Summary) -> float | None:
        if summary.spread is None or not summary.count:
            return None
        kept = _by_rank(summary, max(from_, 0), min(to, 100)) if percents else _by_value(summary, from_, to)
        return _OF_RANGE[kind](summary, kept)

    return of


def _by_rank(summary: Summary, low: float, high: float) -> Spread:
    assert summary.spread is not None
    from_, to, seen = summary.count * low / 100, summary.count * high / 100, 0.0
    kept: Spread = {}
    for value in sorted(summary.spread):
        count = summary.spread[value]
        within = min(seen + count, to) - max(seen, from_)
        if within > 0:
            kept[value] = within
        seen += count
    return kept


def _by_value(summary: Summary, low: float, high: float) -> Spread:
    assert summary.spread is not None
    return {value: count for value, count in summary.spread.items() if low < value <= high}


def _mean(_: Summary, kept: Spread) -> float | None:
    count = math.fsum(kept.values())
    return math.fsum(value * number for value, number in kept.items()) / count if count else None


def _winsorized(summary: Summary, kept: Spread) -> float | None:
    if not kept or summary.spread is None:
        return None
    low, high = min(kept), max(kept)
    clipped = math.fsum(min(max(value, low), high) * count for value, count in summary.spread.items())
    return clipped / summary.count


_OF_RANGE: Mapping[str, Callable[[Summary, Spread], float | None]] = {
    "TM": _mean,
    "WM": _winsorized,
    "TC": lambda _, kept: math.fsum(kept.values()),
    "TS": lambda _, kept: math.fsum(value * count for value, count in kept.items()),
    "PR": lambda summary, kept: 100 * math.fsum(kept.values()) / summary.count,
}
