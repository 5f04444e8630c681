"""Schedule expressions: what they mean, what is wrong with them, and a brute force that agrees."""

from __future__ import annotations

import contextlib
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepfunctions.catalog.schedules import Rate, parse
from stepfunctions.errors import ServiceError


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def firings(expression: str, start: str, count: int, zone: str = "UTC", **options: bool) -> list[str]:
    schedule, moment, found = parse(expression, zone, **options), at(start, zone), []
    anchor = moment
    for _ in range(count):
        following = schedule.next(moment, anchor)
        if following is None:
            break
        found.append(datetime.fromtimestamp(following, ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"))
        moment = following + 1
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(90 minutes)", ["2024-01-01T00:00", "2024-01-01T01:30", "2024-01-01T03:00"]),
        ("rate(1 days)", ["2024-01-01T00:00", "2024-01-02T00:00", "2024-01-03T00:00"]),
        ("at(2024-02-29T12:00:30)", ["2024-02-29T12:00"]),
        ("at(2023-12-31T23:59:59)", []),
        ("cron(0 10 * * ? *)", ["2024-01-01T10:00", "2024-01-02T10:00", "2024-01-03T10:00"]),
        ("cron(0 10 * * ?)", ["2024-01-01T10:00", "2024-01-02T10:00", "2024-01-03T10:00"]),
        ("cron(0/25 8,20 ? JAN MON 2024)", ["2024-01-01T08:00", "2024-01-01T08:25", "2024-01-01T08:50"]),
        ("cron(15 10 ? * 6L 2024-2025)", ["2024-01-26T10:15", "2024-02-23T10:15", "2024-03-29T10:15"]),
        ("cron(0 0 L * ? *)", ["2024-01-31T00:00", "2024-02-29T00:00", "2024-03-31T00:00"]),
        ("cron(0 0 LW * ? *)", ["2024-01-31T00:00", "2024-02-29T00:00", "2024-03-29T00:00"]),
        ("cron(0 0 1W 6-9 ? *)", ["2024-06-03T00:00", "2024-07-01T00:00", "2024-08-01T00:00"]),
        ("cron(0 0 31W * ? *)", ["2024-01-31T00:00", "2024-03-29T00:00", "2024-05-31T00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2024-01-09T00:00", "2024-02-13T00:00", "2024-03-12T00:00"]),
        ("cron(0 0 ? * TUE#5 *)", ["2024-01-30T00:00", "2024-04-30T00:00", "2024-07-30T00:00"]),
        ("cron(0 0 ? * L *)", ["2024-01-06T00:00", "2024-01-13T00:00", "2024-01-20T00:00"]),
        ("cron(0 0 ? * FRI-MON *)", ["2024-01-01T00:00", "2024-01-05T00:00", "2024-01-06T00:00"]),
        ("cron(0 0 ? * SATL *)", ["2024-01-27T00:00", "2024-02-24T00:00", "2024-03-30T00:00"]),
        ("cron(0 0 30 FEB ? *)", []),
        ("cron(0 0 29 2 ? *)", ["2024-02-29T00:00", "2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 1 1 ? 1999)", []),
    ],
)
def test_what_expressions_mean(expression: str, expected: list[str]) -> None:
    assert firings(expression, "2024-01-01T00:00:00", 3) == expected


def test_a_time_that_clocks_skip_is_skipped_and_one_they_repeat_is_once() -> None:
    zone = "America/Los_Angeles"
    spring = firings("cron(30 2 * * ? *)", "2024-03-09T00:00:00", 3, zone)
    assert spring == ["2024-03-09T02:30", "2024-03-11T02:30", "2024-03-12T02:30"]
    schedule = parse("cron(30 1 * * ? *)", zone)
    first = schedule.next(at("2024-11-03T00:00:00", zone), 0)
    assert first == at("2024-11-03T01:30:00", zone)
    assert schedule.next(first + 1, 0) == at("2024-11-04T01:30:00", zone)


def test_a_rate_of_days_is_of_24_hours() -> None:
    zone = "America/Los_Angeles"
    assert firings("rate(1 day)", "2024-03-09T12:00:00", 2, zone) == ["2024-03-09T12:00", "2024-03-10T13:00"]


def test_at_is_on_the_clocks_of_its_zone() -> None:
    assert parse("at(2024-07-01T12:00:00)", "Europe/Berlin").next(0, 0) == at("2024-07-01T10:00:00")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "write rate(value unit), cron(fields) or at("),
        ("rate(5)", "write rate"),
        ("rate(0 minutes)", "at least 1"),
        ("rate(5 weeks)", "write rate"),
        ("every day", "write rate"),
        ("cron(* * *)", "six fields"),
        ("cron(0 0 * * * *)", "not both, is '?'"),
        ("cron(0 0 ? * ? *)", "not both, is '?'"),
        ("cron(60 0 * * ? *)", "'60' in the field minutes is not 0-59"),
        ("cron(0 24 * * ? *)", "'24' in the field hours"),
        ("cron(0 0 0 * ? *)", "'0' in the field day-of-month"),
        ("cron(0 0 * 13 ? *)", "is not 1-12 or JAN-DEC"),
        ("cron(0 0 ? * 8 *)", "is not 1-7 or SUN-SAT"),
        ("cron(0 0 ? * 3#6 *)", "'6' in the field day-of-week is not 1-5"),
        ("cron(0 0 ? * 3#1,6#3 *)", "day-of-week"),
        ("cron(0 0 * * ? 2300)", "1970-2199"),
        ("cron(0 0 * * ? 2030-2020)", "ends before it begins"),
        ("cron(*/0 0 * * ? *)", "'0' in the field minutes"),
        ("cron(,5 0 * * ? *)", "'' in the field minutes"),
        ("cron(٣ 0 * * ? *)", "'٣' in the field minutes"),
        ("at(2024-02-30T00:00:00)", "no date and time"),
        ("at(2024-02-03)", "write rate"),
    ],
)
def test_what_is_wrong_is_said(expression: str, said: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(expression)
    assert caught.value.code == "ValidationException"
    assert caught.value.message.startswith(f"Invalid Schedule Expression {expression}.")
    assert said in caught.value.message


@pytest.mark.parametrize("expression", ["at(2024-02-03T00:00:00)", "rate(1 days)", "rate(2 day)", "cron(0 10 * * ?)"])
def test_rules_are_stricter(expression: str) -> None:
    parse(expression)
    with pytest.raises(ServiceError, match="Parameter ScheduleExpression is not valid"):
        parse(expression, rule=True)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "/etc/localtime", "a\0b"])
def test_a_time_zone_has_an_iana_name(zone: str) -> None:
    if not zone:
        assert parse("rate(1 minute)", zone) == Rate(60)
        return
    with pytest.raises(ServiceError, match="Invalid ScheduleExpressionTimezone"):
        parse("rate(1 minute)", zone)


def parts(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """Texts of a field with the values they name."""
    number = st.integers(low, high)
    one = number.map(lambda value: (str(value), frozenset({value})))
    span = st.tuples(number, number).filter(lambda two: two[0] <= two[1])
    ranges = span.map(lambda two: (f"{two[0]}-{two[1]}", frozenset(range(two[0], two[1] + 1))))
    steps = st.tuples(number, st.integers(1, high)).map(
        lambda two: (f"{two[0]}/{two[1]}", frozenset(range(two[0], high + 1, two[1])))
    )
    lists = st.lists(st.one_of(one, ranges, steps), min_size=1, max_size=3).map(
        lambda many: (",".join(text for text, _ in many), frozenset().union(*(values for _, values in many)))
    )
    return st.one_of(st.just(("*", frozenset(range(low, high + 1)))), lists)


@settings(max_examples=100, deadline=None)
@given(
    minutes=parts(0, 59),
    hours=parts(0, 23),
    days=parts(1, 31),
    months=parts(1, 12),
    weekly=st.booleans(),
    weekdays=parts(1, 7),
    start=st.datetimes(datetime(2023, 1, 1), datetime(2025, 12, 31)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_a_brute_force_agrees(
    minutes: tuple[str, frozenset[int]],
    hours: tuple[str, frozenset[int]],
    days: tuple[str, frozenset[int]],
    months: tuple[str, frozenset[int]],
    weekly: bool,
    weekdays: tuple[str, frozenset[int]],
    start: datetime,
    zone: str,
) -> None:
    day, weekday = ("?", weekdays[0]) if weekly else (days[0], "?")
    schedule = parse(f"cron({minutes[0]} {hours[0]} {day} {months[0]} {weekday} *)", zone)
    moment = start.replace(tzinfo=timezone.utc).timestamp()
    found = schedule.next(moment, 0)

    def matches(one: date) -> bool:
        if one.month not in months[1]:
            return False
        return (one.isoweekday() % 7 + 1 in weekdays[1]) if weekly else one.day in days[1]

    place = ZoneInfo(zone)
    local = datetime.fromtimestamp(moment, place).date()
    expected = None
    for offset in range(8 * 366):
        one = local + timedelta(days=offset)
        if not matches(one):
            continue
        times = (
            datetime(one.year, one.month, one.day, hour, minute, tzinfo=place)
            for hour in sorted(hours[1])
            for minute in sorted(minutes[1])
        )
        real = (time for time in times if time.astimezone(timezone.utc).astimezone(place).hour == time.hour)
        real = (time for time in real if time.astimezone(timezone.utc).astimezone(place).minute == time.minute)
        expected = next((time.timestamp() for time in real if time.timestamp() >= moment), None)
        if expected is not None:
            break
    assert found == expected


def test_an_impossible_date_is_found_out() -> None:
    assert parse("cron(0 0 31 2,4,6,9,11 ? *)").next(0, 0) is None


def test_nothing_comes_after_the_last_year() -> None:
    last = at("2199-12-31T23:59:00")
    assert parse("cron(* * * * ? *)").next(last, 0) == last
    for moment in (last + 60, at("2200-02-01T00:00:00"), at("9999-12-31T23:59:59")):
        assert parse("cron(* * * * ? *)", "Asia/Tokyo").next(moment, 0) is None


WORDS = st.sampled_from(["*", "?", "L", "W", "LW", "#", "-", "/", ",", "1", "7", "31", "SUN", "JAN", "2024", " ", "x"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(WORDS, max_size=25).map(lambda parts: f"cron({''.join(parts)})")))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ServiceError):
        found = parse(text).next(START, START)
        assert found is None or found >= START


START = at("2024-01-01T00:00:00")
