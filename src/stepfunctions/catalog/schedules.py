"""Schedule expressions: ``rate(5 minutes)``, ``cron(0 8 ? * MON-FRI *)`` and ``at(2030-01-31T12:00:00)``.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (with daylight saving) and, for rules,
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import math
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from stepfunctions.errors import ServiceError

_RATE = re.compile(r"rate\((\d{1,9})\s+(minute|hour|day)(s?)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_CRON = re.compile(r"cron\(([^()]*)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
_WEEKDAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_SATURDAY = 7
_AFTER_ALL_YEARS = datetime(2200, 1, 3, tzinfo=timezone.utc).timestamp()


class Schedule(Protocol):
    """When something happens. Times are seconds of the epoch."""

    def next(self, moment: float, anchor: float) -> float | None:
        """Return the first time at or after ``moment``, None when there is none.

        ``anchor``: when the schedule began to exist; a rate counts from it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds."""

    seconds: int

    def next(self, moment: float, anchor: float) -> float | None:
        """Return the first time at or after ``moment``: the anchor or a multiple of the seconds after it."""
        return anchor + max(0, math.ceil((moment - anchor) / self.seconds)) * self.seconds


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    time: float

    def next(self, moment: float, anchor: float) -> float | None:  # noqa: ARG002 - as the others
        """Return the time, None when it has passed."""
        return self.time if self.time >= moment else None


@dataclass(frozen=True, slots=True)
class Cron:
    """At the minutes that six fields name, on the clocks of a time zone. ``days`` of a year and month, sorted."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: Callable[[int, int], Sequence[int]]
    months: Sequence[int]
    years: Sequence[int]
    zone: ZoneInfo

    def next(self, moment: float, anchor: float) -> float | None:  # noqa: ARG002 - as the others
        """Return the first time at or after ``moment``.

        A time that clocks skip in spring is skipped; one that they show twice in autumn is its first.
        """
        if moment >= _AFTER_ALL_YEARS:
            return None
        start = datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None, second=0, microsecond=0)
        for local in self._from(start):
            time = local.replace(tzinfo=self.zone).timestamp()
            if time >= moment and datetime.fromtimestamp(time, self.zone).replace(tzinfo=None) == local:
                return time
        return None

    def _from(self, start: datetime) -> Iterator[datetime]:
        """Yield the times on the clock from ``start``, in order."""
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self.days(year, month):
                    if (year, month, day) < (start.year, start.month, start.day):
                        continue
                    for hour in self.hours:
                        for minute in self.minutes:
                            local = datetime(year, month, day, hour, minute)
                            if local >= start:
                                yield local


def parse(expression: str, zone: str | None = None, *, rule: bool = False) -> Schedule:
    """Read a schedule expression. ``zone``: the IANA name of its time zone, UTC unless given.

    ``rule``: by the rules of EventBridge's rules, which know no ``at``, want the year in ``cron`` and the plural of a
    rate's unit where it is due. Raises ServiceError (ValidationException) that says what is wrong.
    """
    try:
        return _parse(expression, timezone_of(zone), rule)
    except _Wrong as wrong:
        what = "Parameter ScheduleExpression is not valid" if rule else f"Invalid Schedule Expression {expression}"
        raise ServiceError("ValidationException", f"{what}. Reason: {wrong}") from None


def timezone_of(name: str | None) -> ZoneInfo:
    """Return a time zone by its IANA name, UTC for None. Raises ServiceError (ValidationException)."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ServiceError(
            "ValidationException",
            f"Invalid ScheduleExpressionTimezone {name}. Write an IANA name such as Europe/Berlin",
        ) from None


class _Wrong(Exception):
    pass


def _parse(expression: str, zone: ZoneInfo, rule: bool) -> Schedule:
    rate, cron, at = _RATE.fullmatch(expression), _CRON.fullmatch(expression), _AT.fullmatch(expression)
    if rate is not None:
        return _rate(int(rate[1]), rate[2], bool(rate[3]), rule)
    if cron is not None:
        return _cron(cron[1].upper().split(), zone, rule)
    if at is not None and not rule:
        try:
            return At(datetime.fromisoformat(at[1]).replace(tzinfo=zone).timestamp())
        except (ValueError, OverflowError):
            raise _Wrong(f"'{at[1]}' is no date and time") from None
    once = "" if rule else " or at(yyyy-mm-ddThh:mm:ss)"
    raise _Wrong(f"write rate(value unit), cron(fields){once}")


def _rate(value: int, unit: str, plural: bool, rule: bool) -> Rate:
    if value == 0:
        raise _Wrong("the value of a rate is at least 1")
    if rule and plural != (value > 1):
        raise _Wrong(f"write '{value} {unit}{'s' if value > 1 else ''}'")
    return Rate(value * _SECONDS[unit])


def _cron(fields: list[str], zone: ZoneInfo, rule: bool) -> Cron:
    if len(fields) == 5 and not rule:
        fields = [*fields, "*"]
    if len(fields) != 6:
        raise _Wrong("cron has six fields: minutes hours day-of-month month day-of-week year")
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise _Wrong("one of day-of-month and day-of-week, and not both, is '?'")
    return Cron(
        minutes=_values(minutes, "minutes", 0, 59),
        hours=_values(hours, "hours", 0, 23),
        days=_days_of_month(day) if weekday == "?" else _days_of_week(weekday),
        months=_values(month, "month", 1, 12, _MONTHS),
        years=_values(year, "year", 1970, 2199),
        zone=zone,
    )


def _days_of_month(field: str) -> Callable[[int, int], Sequence[int]]:
    if field == "L":
        return lambda year, month: (calendar.monthrange(year, month)[1],)
    if field == "LW":
        return lambda year, month: (_weekday_nearest(year, month, 31),)
    nearest = re.fullmatch(r"(\d+)W", field)
    if nearest is not None:
        wanted = _number(nearest[1], "day-of-month", 1, 31, {})
        return lambda year, month: (
            (_weekday_nearest(year, month, wanted),) if wanted <= calendar.monthrange(year, month)[1] else ()
        )
    days = _values(field, "day-of-month", 1, 31)
    return lambda year, month: [day for day in days if day <= calendar.monthrange(year, month)[1]]


def _weekday_nearest(year: int, month: int, day: int) -> int:
    """Return the day from Monday to Friday in the month that is nearest to a day."""
    last = calendar.monthrange(year, month)[1]
    day = min(day, last)
    weekday = calendar.weekday(year, month, day)
    if weekday == calendar.SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == calendar.SUNDAY:
        return day + 1 if day < last else day - 2
    return day


def _days_of_week(field: str) -> Callable[[int, int], Sequence[int]]:
    if field == "L":
        field = str(_SATURDAY)
    special = re.fullmatch(r"(\w+?)(?:L|#(\w+))", field)
    if special is not None:
        wanted = _number(special[1], "day-of-week", 1, 7, _WEEKDAYS)
        which = -1 if special[2] is None else _number(special[2], "day-of-week", 1, 5, {}) - 1
        return lambda year, month: _of_weekday(year, month, wanted)[which:][:1]
    weekdays = _values(field, "day-of-week", 1, 7, _WEEKDAYS)
    return lambda year, month: sorted(day for weekday in weekdays for day in _of_weekday(year, month, weekday))


def _of_weekday(year: int, month: int, weekday: int) -> Sequence[int]:
    """Return the days of a month that are a weekday, which is 1 for Sunday."""
    first, length = calendar.monthrange(year, month)
    return range(1 + (weekday - 2 - first) % 7, length + 1, 7)


def _values(field: str, name: str, low: int, high: int, names: dict[str, int] | None = None) -> list[int]:
    """Return the values that a field names, sorted. A range may go over the end, from FRI to MON."""
    values: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        every = _number(step, name, 1, high, {}) if slash else 1
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = low, high
        else:
            start = _number(first, name, low, high, names or {})
            end = _number(last, name, low, high, names or {}) if dash else high if slash else start
        if start > end and name == "year":
            raise _Wrong(f"'{part}' in the field {name} ends before it begins")
        size = high - low + 1
        values.update(
            low + (one - low) % size for one in range(start, (end if end >= start else end + size) + 1, every)
        )
    return sorted(values)


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    number = names.get(text)
    if number is None and text.isdecimal() and text.isascii() and len(text) < 5:
        number = int(text)
    if number is None or not low <= number <= high:
        known = f" or {next(iter(names))}-{list(names)[-1]}" if names else ""
        raise _Wrong(f"'{text}' in the field {name} is not {low}-{high}{known}")
    return number
