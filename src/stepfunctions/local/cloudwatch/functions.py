"""The operators and functions of metric math, on numbers, time series and lists of time series."""

from __future__ import annotations

import itertools
import math
import operator
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stepfunctions.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Series:
    """A time series: values by when their period begins. ``label`` names it in a list of several."""

    points: Mapping[int, float]
    period: int
    label: str = ""


Value = float | str | Series | list[Series]
Operator = Callable[[float, float], "float | None"]


@dataclass(frozen=True, slots=True)
class Env:
    """What an expression sees: values by id, the ids of metrics, and the time from ``start`` to before ``end``."""

    values: Mapping[str, Value]
    metrics: tuple[str, ...]
    start: int
    end: int


def error(message: str) -> ServiceError:
    """Return the refusal of an expression."""
    return ServiceError("ValidationError", f"Error in expression: {message}")


def _divided(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(left: float, right: float) -> float | None:
    try:
        value = math.pow(left, right)
    except (ValueError, OverflowError):
        return None
    return value


def _truth(test: Callable[[float, float], bool]) -> Operator:
    return lambda left, right: 1.0 if test(left, right) else 0.0


OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        "+": operator.add,
        "-": operator.sub,
        "*": operator.mul,
        "/": _divided,
        "%": lambda left, right: math.fmod(left, right) if right else None,
        "^": _power,
        "==": _truth(operator.eq),
        "!=": _truth(operator.ne),
        "<": _truth(operator.lt),
        "<=": _truth(operator.le),
        ">": _truth(operator.gt),
        ">=": _truth(operator.ge),
        "AND": _truth(lambda left, right: bool(left) and bool(right)),
        "OR": _truth(lambda left, right: bool(left) or bool(right)),
    }
)
"""What each does with two numbers; None where there is no result, and then no data point."""


def apply(operation: Operator, left: Value, right: Value) -> Value:
    """Return the result of an operator: of two series at the times that both have."""
    if isinstance(left, str) or isinstance(right, str):
        raise error("A text is no number")
    if isinstance(left, list):
        if isinstance(right, list):
            raise error("An operator takes one list of time series at most")
        return [_series(apply(operation, one, right), one.label) for one in left]
    if isinstance(right, list):
        return [_series(apply(operation, left, one), one.label) for one in right]
    if isinstance(left, Series):
        if isinstance(right, Series):
            common = left.points.keys() & right.points.keys()
            found = {time: operation(left.points[time], right.points[time]) for time in sorted(common)}
            return Series(_present(found), max(left.period, right.period))
        return Series(_present({time: operation(one, right) for time, one in left.points.items()}), left.period)
    if isinstance(right, Series):
        return Series(_present({time: operation(left, one) for time, one in right.points.items()}), right.period)
    result = operation(left, right)
    if result is None:
        raise error("A division by zero")
    return result


def _series(value: Value, label: str) -> Series:
    assert isinstance(value, Series)
    return Series(value.points, value.period, label)


def _present(points: Mapping[int, float | None]) -> dict[int, float]:
    return {time: one for time, one in points.items() if one is not None and math.isfinite(one)}


def _reducing(reduce: Callable[[list[float]], float]) -> Callable[[Env, Value], Value]:
    """Return a function that makes a number of one series, and one series of several."""

    def compute(_: Env, value: Value) -> Value:
        if isinstance(value, Series):
            return reduce(list(value.points.values())) if value.points else value
        if not isinstance(value, list):
            raise error("SUM, AVG, MIN, MAX and STDDEV take time series")
        times = sorted({time for one in value for time in one.points})
        found = {time: reduce([one.points[time] for one in value if time in one.points]) for time in times}
        return Series(found, max((one.period for one in value), default=60))

    return compute


def _each(change: Callable[[Env, Series], dict[int, float]]) -> Callable[[Env, Value], Value]:
    def compute(env: Env, value: Value) -> Value:
        if isinstance(value, list):
            return [Series(change(env, one), one.period, one.label) for one in value]
        if not isinstance(value, Series):
            raise error("This function takes a time series")
        return Series(change(env, value), value.period, value.label)

    return compute


def _numeric(change: Callable[[float], float | None]) -> Callable[[Env, Value], Value]:
    of_series = _each(lambda _, one: _present({time: change(value) for time, value in one.points.items()}))

    def compute(env: Env, value: Value) -> Value:
        if isinstance(value, float):
            result = change(value)
            if result is None:
                raise error("A logarithm of a number that is not positive")
            return result
        return of_series(env, value)

    return compute


def _steps(_: Env, one: Series) -> list[tuple[int, float, int]]:
    """Return the time, the change and the seconds between each two data points."""
    times = sorted(one.points)
    return [(time, one.points[time] - one.points[before], time - before) for before, time in itertools.pairwise(times)]


def _running(_: Env, one: Series) -> dict[int, float]:
    found, total = {}, 0.0
    for time in sorted(one.points):
        total += one.points[time]
        found[time] = total
    return found


def _metrics(env: Env, part: Value = "") -> Value:
    if not isinstance(part, str):
        raise error("METRICS takes a text, as in METRICS('errors')")
    found: list[Series] = []
    for name in env.metrics:
        value = env.values[name]
        if part in name and isinstance(value, Series):
            found.append(value)
    return found


def _fill(env: Env, value: Value, filler: Value) -> Value:
    def filled(_: Env, one: Series) -> dict[int, float]:
        first = env.start + -(env.start - min(one.points, default=env.start)) % one.period
        times = range(first, env.end, one.period)
        if isinstance(filler, float):
            return {time: one.points.get(time, filler) for time in times}
        if isinstance(filler, Series):
            other = filler.points
            found = {time: one.points[time] if time in one.points else other.get(time) for time in times}
            return _present(found)
        if filler not in ("REPEAT", "LINEAR"):
            raise error("FILL takes a time series and a number, a time series, REPEAT or LINEAR")
        return _between(one, times, linear=filler == "LINEAR")

    return _each(filled)(env, value)


def _between(one: Series, times: range, *, linear: bool) -> dict[int, float]:
    known, found = sorted(one.points), {}
    for time in times:
        before = max((other for other in known if other <= time), default=None)
        after = min((other for other in known if other >= time), default=None)
        if before is None:
            continue
        value = one.points[before]
        if linear:
            if after is None:
                continue
            if after > before:
                value += (one.points[after] - value) * (time - before) / (after - before)
        found[time] = value
    return found


def _if(_: Env, test: Value, then: Value, otherwise: Value | None = None) -> Value:
    if isinstance(test, float):
        chosen = then if test else otherwise
        if chosen is None:
            raise error("IF with a number as its condition needs three arguments")
        return chosen
    if not isinstance(test, Series):
        raise error("IF takes a number or a time series as its condition")

    def at(value: Value | None, time: int) -> float | None:
        if isinstance(value, Series):
            return value.points.get(time)
        if value is None or isinstance(value, float):
            return value
        raise error("IF takes numbers and time series")

    points = {time: at(then if value else otherwise, time) for time, value in test.points.items()}
    return Series(_present(points), test.period)


def _period(_: Env, value: Value) -> Value:
    if not isinstance(value, Series):
        raise error("PERIOD takes a time series")
    return float(value.period)


def _time_series(env: Env, value: Value) -> Value:
    if not isinstance(value, float):
        raise error("TIME_SERIES takes a number")
    periods = [one.period for one in env.values.values() if isinstance(one, Series)]
    period = max(periods, default=60)
    return Series(dict.fromkeys(range(env.start, env.end, period), value), period)


def _count(_: Env, value: Value) -> Value:
    if not isinstance(value, Series):
        raise error("DATAPOINT_COUNT takes a time series")
    return float(len(value.points))


FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Value]]] = MappingProxyType(
    {
        "ABS": (1, 1, _numeric(abs)),
        "AVG": (1, 1, _reducing(statistics.fmean)),
        "CEIL": (1, 1, _numeric(lambda value: float(math.ceil(value)))),
        "DATAPOINT_COUNT": (1, 1, _count),
        "DIFF": (1, 1, _each(lambda env, one: {time: change for time, change, _ in _steps(env, one)})),
        "DIFF_TIME": (1, 1, _each(lambda env, one: {time: float(seconds) for time, _, seconds in _steps(env, one)})),
        "FILL": (2, 2, _fill),
        "FLOOR": (1, 1, _numeric(lambda value: float(math.floor(value)))),
        "IF": (2, 3, _if),
        "LOG": (1, 1, _numeric(lambda value: math.log(value) if value > 0 else None)),
        "LOG10": (1, 1, _numeric(lambda value: math.log10(value) if value > 0 else None)),
        "MAX": (1, 1, _reducing(max)),
        "METRICS": (0, 1, _metrics),
        "MIN": (1, 1, _reducing(min)),
        "PERIOD": (1, 1, _period),
        "RATE": (1, 1, _each(lambda env, one: {time: change / s for time, change, s in _steps(env, one)})),
        "RUNNING_SUM": (1, 1, _each(_running)),
        "STDDEV": (1, 1, _reducing(statistics.pstdev)),
        "SUM": (1, 1, _reducing(math.fsum)),
        "TIME_SERIES": (1, 1, _time_series),
    }
)
"""By name: how many arguments at least and at most, and what computes it."""
