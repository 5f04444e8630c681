"""PutMetricData, ListMetrics and GetMetricStatistics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.records import DAY, HOUR, MINUTE, Datum, Metric, MetricTables, Pairs
from stepfunctions.local.cloudwatch.statistics import SIMPLE, Summary, statistic
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    pass

Answer = dict[str, Any]
_MOST_DATA = 1000
_MOST_VALUES = 150
_LARGEST = 2.0**360
_LIST_PAGE = 500
_MOST_POINTS = 1440


def invalid(message: str) -> ServiceError:
    """Return AWS's refusal of a value."""
    return ServiceError("InvalidParameterValue", message)


def combination(message: str) -> ServiceError:
    """Return AWS's refusal of parameters that do not go together."""
    return ServiceError("InvalidParameterCombination", message)


def missing(message: str) -> ServiceError:
    """Return AWS's refusal of a request that lacks a parameter."""
    return ServiceError("MissingParameter", message)


def pairs_of(dimensions: list[dict[str, str]]) -> Pairs:
    """Return dimensions in the one order that we keep. Raises InvalidParameterValue when a name occurs twice."""
    pairs = tuple(sorted((one["Name"], one["Value"]) for one in dimensions))
    if len({name for name, _ in pairs}) < len(pairs):
        raise invalid("The parameter Dimensions must not have a name twice.")
    return pairs


def dimensions_of(pairs: Pairs) -> list[dict[str, str]]:
    """Return dimensions as the API shows them."""
    return [{"Name": name, "Value": value} for name, value in pairs]


def metric_of(owner: str, shape: Mapping[str, Any]) -> Metric:
    """Return the metric that a request names."""
    for name in ("Namespace", "MetricName"):
        if name not in shape:
            raise missing(f"The parameter {name} is required.")
    return Metric(owner, shape["Namespace"], shape["MetricName"], pairs_of(shape.get("Dimensions", [])))


def data_of(request: Answer, owner: str, now: float) -> list[Datum]:
    """Return what PutMetricData adds, checked."""
    namespace, data = request["Namespace"], list(request.get("MetricData", []))
    for group in request.get("EntityMetricData", []):
        data += group.get("MetricData", [])
    if not data:
        raise missing("The parameter MetricData is required.")
    if len(data) > _MOST_DATA:
        raise invalid(f"The collection MetricData must not have a size greater than {_MOST_DATA}.")
    return [_datum(one, owner, namespace, now, f"MetricData.member.{n}") for n, one in enumerate(data, 1)]


def _datum(one: Answer, owner: str, namespace: str, now: float, where: str) -> Datum:
    resolution = one.get("StorageResolution", MINUTE)
    if resolution not in (1, MINUTE):
        raise invalid(f"The parameter {where}.StorageResolution must be 1 or 60.")
    time = one["Timestamp"].timestamp() if "Timestamp" in one else now
    if not now - 14 * DAY <= time <= now + 2 * HOUR:
        raise invalid(
            f"The parameter {where}.Timestamp must specify a time within the last two weeks, or up to two hours in "
            "the future."
        )
    metric = Metric(owner, namespace, one["MetricName"], pairs_of(one.get("Dimensions", [])))
    begin = int(time // resolution) * resolution
    return Datum(metric, begin, resolution, one.get("Unit", "None"), _values(one, where))


def _values(one: Answer, where: str) -> Summary:
    given = [name for name in ("Value", "Values", "StatisticValues") if name in one]
    if len(given) > 1:
        raise combination(f"The parameters {' and '.join(f'{where}.{n}' for n in given)} are mutually exclusive.")
    if not given:
        raise missing(f"At least one of the parameters {where}.Value, Values or StatisticValues must be specified.")
    if "Counts" in one and "Values" not in one:
        raise combination(f"The parameter {where}.Counts is used with Values only.")
    if "StatisticValues" in one:
        return _statistic_set(one["StatisticValues"], where)
    values = [one["Value"]] if "Value" in one else one["Values"]
    counts = one.get("Counts", [1.0] * len(values))
    if not values or len(values) > _MOST_VALUES:
        raise invalid(f"The collection {where}.Values must have 1 to {_MOST_VALUES} values.")
    if len(values) != len(counts):
        raise invalid(f"The parameters {where}.Values and {where}.Counts must be of the same length.")
    spread: dict[float, float] = {}
    for value, count in zip(values, counts, strict=True):
        _check_number(value, f"{where}.Value")
        _check_number(count, f"{where}.Counts")
        if count <= 0:
            raise invalid(f"The parameter {where}.Counts must have values greater than 0.")
        spread[float(value)] = spread.get(float(value), 0.0) + float(count)
    return Summary.of(spread)


def _statistic_set(given: Answer, where: str) -> Summary:
    for name, value in given.items():
        _check_number(value, f"{where}.StatisticValues.{name}")
    count, least, most = given["SampleCount"], given["Minimum"], given["Maximum"]
    if count <= 0:
        raise invalid(f"The parameter {where}.StatisticValues.SampleCount must be greater than 0.")
    if least > most:
        raise invalid(f"The parameter {where}.StatisticValues.Maximum must be greater than or equal to Minimum.")
    spread = {float(least): float(count)} if least == most else None
    return Summary(float(count), float(given["Sum"]), float(least), float(most), spread)


def _check_number(value: float, where: str) -> None:
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise invalid(f"The value {value} for parameter {where} is not valid: it must be a number within ±2^360.")


def check_period(period: int, where: str = "Period") -> None:
    """Raise InvalidParameterValue for a period that GetMetricData does not have."""
    if period not in (1, 5, 10, 20, 30) and period % MINUTE:
        raise invalid(f"The parameter {where} must be 1, 5, 10, 20, 30 or a multiple of 60.")


def first_period(start: float, period: int, now: float) -> int:
    """Return when the first period of a query begins: AWS rounds the start down, further for older data."""
    age = now - start
    step = period if period < MINUTE else MINUTE if age < 15 * DAY else 5 * MINUTE if age < 63 * DAY else HOUR
    return int(start // step) * step


def by_period(
    tables: MetricTables, metric: Metric, start: int, end: float, period: int, unit: str | None
) -> dict[int, Summary]:
    """Return the values of each period that has any, by when it begins."""
    found: dict[int, Summary] = {}
    for time, _, summary in tables.points(metric, start, end, unit):
        begin = start + (time - start) // period * period
        if begin in found:
            found[begin].add(summary)
        else:
            found[begin] = summary
    return found


def statistics(tables: MetricTables, request: Answer, owner: str, now: float) -> Answer:
    """GetMetricStatistics: the data points of each unit, in no order that AWS promises."""
    wanted, extended = request.get("Statistics", []), request.get("ExtendedStatistics", [])
    if not wanted and not extended:
        raise missing("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
    start, end, period = request["StartTime"].timestamp(), request["EndTime"].timestamp(), request["Period"]
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    check_period(period)
    if (end - start) / period > _MOST_POINTS:
        raise combination(
            f"You have requested up to {math.ceil((end - start) / period)} datapoints, which exceeds the limit of "
            f"{_MOST_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the time "
            "range."
        )
    computed = {name: statistic(name) for name in extended}
    first = first_period(start, period, now)
    metric = metric_of(owner, request)
    units: dict[tuple[int, str], Summary] = {}
    for time, unit, summary in tables.points(metric, first, end, request.get("Unit")):
        key = (first + (time - first) // period * period, unit)
        if key in units:
            units[key].add(summary)
        else:
            units[key] = summary
    points = []
    for (begin, unit), summary in units.items():
        point: Answer = {"Timestamp": moment(begin), "Unit": unit}
        point.update({name: SIMPLE[name](summary) for name in wanted})
        values = {name: compute(summary) for name, compute in computed.items()}
        if computed:
            point["ExtendedStatistics"] = {name: value for name, value in values.items() if value is not None}
        points.append(point)
    return {"Label": request["MetricName"], "Datapoints": points}


def listed(tables: MetricTables, request: Answer, owner: str, now: float) -> Answer:
    """ListMetrics: those of the last two weeks, 500 a page."""
    filters = request.get("Dimensions", [])
    token = request.get("NextToken", "0")
    if not (token.isdecimal() and token.isascii() and len(token) < 19):
        raise invalid("Invalid nextToken")
    if request.get("OwningAccount", owner.partition(":")[2]) != owner.partition(":")[2]:
        return {"Metrics": []}
    since = now - (3 * HOUR if "RecentlyActive" in request else 14 * DAY)
    shown: list[Answer] = []
    last = 0
    for number, metric in tables.metrics(owner, request.get("Namespace"), request.get("MetricName"), int(token), since):
        pairs = dict(metric.dimensions)
        if not all(
            one["Name"] in pairs and one.get("Value", pairs[one["Name"]]) == pairs[one["Name"]] for one in filters
        ):
            continue
        if len(shown) == _LIST_PAGE:
            return {"Metrics": shown, "NextToken": str(last)}
        last = number
        shown.append(
            {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": dimensions_of(metric.dimensions),
            }
        )
    return {"Metrics": shown}
