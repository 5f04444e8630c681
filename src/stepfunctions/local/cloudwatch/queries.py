"""Queries of metrics and expressions over them: GetMetricData, and what alarms watch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudwatch.expressions import Expression, read
from stepfunctions.local.cloudwatch.functions import Env, Series, Value
from stepfunctions.local.cloudwatch.metrics import Answer, by_period, check_period, first_period, metric_of
from stepfunctions.local.cloudwatch.records import Metric, MetricTables
from stepfunctions.local.cloudwatch.statistics import Statistic, statistic
from stepfunctions.runtime.clock import moment

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_MOST_QUERIES = 500
_MOST_POINTS = 100_800


@dataclass(frozen=True)
class Stat:
    """A statistic of a metric by period."""

    metric: Metric
    period: int
    name: str
    compute: Statistic
    unit: str | None


@dataclass(frozen=True)
class Query:
    """One of several queries: a statistic or an expression."""

    id: str
    source: Stat | Expression
    shown: bool
    label: str


Fetch = Callable[[Stat], Series]


def invalid(message: str) -> ServiceError:
    """Return AWS's refusal of a query."""
    return ServiceError("ValidationError", message)


def stat_of(owner: str, shape: Mapping[str, Any], where: str = "MetricStat") -> Stat:
    """Return a MetricStat, checked."""
    check_period(shape["Period"], f"{where}.Period")
    return Stat(
        metric_of(owner, shape["Metric"]), shape["Period"], shape["Stat"], statistic(shape["Stat"]), shape.get("Unit")
    )


def plan(shapes: Sequence[Mapping[str, Any]], owner: str) -> list[Query]:
    """Return queries in an order in which each finds what it uses. Raises ValidationError for what cannot be."""
    if len(shapes) > _MOST_QUERIES:
        raise invalid(f"The collection MetricDataQueries must not have a size greater than {_MOST_QUERIES}.")
    queries: dict[str, Query] = {}
    for shape in shapes:
        query = _query(shape, owner)
        if query.id in queries:
            raise invalid(f"The values for parameter id in MetricDataQueries are not unique: {query.id}")
        queries[query.id] = query
    return _ordered(queries)


def _query(shape: Mapping[str, Any], owner: str) -> Query:
    name = shape["Id"]
    if not _ID.fullmatch(name):
        raise invalid(
            f"The value '{name}' for parameter MetricDataQueries.Id is not matching the expected pattern "
            "^[a-z][a-zA-Z0-9_]*$."
        )
    if ("MetricStat" in shape) == ("Expression" in shape):
        raise invalid(f"Exactly one of MetricStat and Expression must be specified for the query '{name}'.")
    if "AccountId" in shape and shape["AccountId"] != owner.partition(":")[2]:
        raise invalid("Metrics of other accounts are not supported by the local cloud: leave out AccountId.")
    if "MetricStat" in shape:
        source: Stat | Expression = stat_of(owner, shape["MetricStat"])
        label = shape["MetricStat"]["Metric"]["MetricName"]
    else:
        source, label = read(shape["Expression"]), name
    return Query(name, source, shape.get("ReturnData", True), shape.get("Label", label))


def _ordered(queries: Mapping[str, Query]) -> list[Query]:
    found: dict[str, Query] = {}
    left = dict(queries)
    while left:
        ready = [one for one in left.values() if all(name in found for name in _uses(one, queries))]
        if not ready:
            raise invalid(f"The expressions {', '.join(left)} use each other in a circle.")
        for one in ready:
            found[one.id] = left.pop(one.id)
    return list(found.values())


def _uses(query: Query, queries: Mapping[str, Query]) -> set[str]:
    if isinstance(query.source, Stat):
        return set()
    unknown = query.source.names - queries.keys()
    if unknown:
        raise invalid(f"Error in expression '{query.id}': Unknown identifier {', '.join(sorted(unknown))}")
    metrics = {one.id for one in queries.values() if isinstance(one.source, Stat)}
    return {*query.source.names, *(metrics if query.source.all_metrics else ())}


def computed(queries: Sequence[Query], fetch: Fetch, start: int, end: int) -> dict[str, list[Series]]:
    """Return what each query that is shown gives."""
    values: dict[str, Value] = {}
    metrics = tuple(one.id for one in queries if isinstance(one.source, Stat))
    env = Env(values, metrics, start, end)
    for query in queries:
        if isinstance(query.source, Stat):
            series = fetch(query.source)
            values[query.id] = Series(series.points, series.period, query.label)
        else:
            values[query.id] = query.source.compute(env)
    return {query.id: _shown(query, values[query.id]) for query in queries if query.shown}


def _shown(query: Query, value: Value) -> list[Series]:
    if isinstance(value, Series):
        return [value]
    if isinstance(value, list):
        return value
    raise invalid(
        f"Error in expression '{query.id}': it has a single number as its result. Write TIME_SERIES(…) around it."
    )


def fetched(tables: MetricTables, stat: Stat, start: int, end: float) -> Series:
    """Return a statistic by period; periods without values have no point."""
    found = by_period(tables, stat.metric, start, end, stat.period, stat.unit)
    values = {begin: stat.compute(summary) for begin, summary in found.items()}
    return Series({begin: value for begin, value in values.items() if value is not None}, stat.period)


def data(tables: MetricTables, request: Answer, owner: str, now: float) -> Answer:
    """GetMetricData: all queries in one page, unless more than 100,800 data points are wanted."""
    queries = plan(request["MetricDataQueries"], owner)
    start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    if request.get("MaxDatapoints", 1) < 1:
        raise invalid("The parameter MaxDatapoints must be greater than 0.")
    if "NextToken" in request:
        raise ServiceError("InvalidNextToken", "The token is not one of GetMetricData's.")
    periods = [one.source.period for one in queries if isinstance(one.source, Stat)]
    if sum((end - start) / period for period in periods) > _MOST_POINTS:
        raise invalid(
            f"You have requested more than {_MOST_POINTS} data points: ask for a shorter time or a longer Period."
        )
    first = first_period(start, max(periods, default=60), now)

    def fetch(stat: Stat) -> Series:
        return fetched(tables, stat, first_period(start, stat.period, now), end)

    found = computed(queries, fetch, first, int(-(-end // 1)))
    results: list[Answer] = []
    for query in queries:
        series = found.get(query.id, [])
        for one in series:
            label = query.label if len(series) == 1 else f"{query.label} {one.label}".strip()
            results.append(_result(query, one, label, request))
    order = {shape["Id"]: number for number, shape in enumerate(request["MetricDataQueries"])}
    return {"MetricDataResults": sorted(results, key=lambda one: order[one["Id"]]), "Messages": []}


def _result(query: Query, series: Series, label: str, request: Answer) -> Answer:
    descending = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    times = sorted(series.points, reverse=descending)
    most = request.get("MaxDatapoints", _MOST_POINTS)
    cut = times[:most]
    return {
        "Id": query.id,
        "Label": label,
        "Timestamps": [moment(time) for time in cut],
        "Values": [series.points[time] for time in cut],
        "StatusCode": "Complete" if len(cut) == len(times) else "PartialData",
    }
