"""What must hold for the numbers to mean anything: who is eligible, who is due, what a model may know, and when."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.examples
Module = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def counts(module: Module, raw: Any) -> dict[int, Any]:
    archive = raw["flights.csv.zip"].read_bytes()
    return {week: module("prepare").scheduled_flights(archive, week) for week in (39, 40)}


def registry(counts: Any, week: int) -> dict[str, Any]:
    """As after a run of that week: every eligible route was trained."""
    return {
        route: {"artifact": f"s3://b/{route}", "last_trained": {"week": week, "flights": flights}}
        for route, flights in counts.items()
        if flights >= 50
    }


def test_the_raw_data_is_the_whole_year(flights: Any) -> None:
    assert len(flights) == 336_776
    assert flights["arr_delay"].isna().sum() == 9_430


def test_195_routes_are_eligible_in_week_39_and_one_more_in_week_40(counts: dict[int, Any]) -> None:
    eligible = {week: {route for route, count in counts[week].items() if count >= 50} for week in counts}
    assert len(eligible[39]) == 195
    assert eligible[40] - eligible[39] == {"LGA-ROC"}
    assert eligible[39] < eligible[40]


def test_week_39_ends_on_30_september(module: Module, flights: Any, counts: dict[int, Any]) -> None:
    until = flights[(flights["month"] < 10)]
    expected = (until["origin"] + "-" + until["dest"]).value_counts().to_dict()
    assert dict(counts[39]) == expected


def test_every_eligible_route_is_due_the_first_time(module: Module, counts: dict[int, Any]) -> None:
    due = list(module("prepare").due_routes(counts[39], {}, 39))
    assert len(due) == 195
    assert {item["Reason"] for item in due} == {"new route"}
    assert {item["Champion"] for item in due} == {None}


def test_only_a_subset_is_due_a_week_later(module: Module, counts: dict[int, Any]) -> None:
    due = {item["Route"]: item for item in module("prepare").due_routes(counts[40], registry(counts[39], 39), 40)}
    assert len(due) == 54
    assert due["LGA-ROC"]["Reason"] == "new route"
    for route, item in due.items():
        new = counts[40][route] - (0 if route == "LGA-ROC" else counts[39][route])
        assert item["NewFlights"] == new
        if item["Reason"] == "growth":
            assert 0.05 * counts[39][route] <= new < 50
        elif item["Reason"] == "new flights":
            assert new >= 50


def test_nothing_is_due_twice_in_one_week(module: Module, counts: dict[int, Any]) -> None:
    assert list(module("prepare").due_routes(counts[40], registry(counts[40], 40), 40)) == []


def test_quiet_routes_get_their_turn(module: Module, counts: dict[int, Any]) -> None:
    due = list(module("prepare").due_routes(counts[39], registry(counts[39], 26), 39))
    assert {item["Reason"] for item in due} == {"age"}
    assert len(due) == 195


def test_cancelled_and_diverted_flights_stay_in_the_lake_and_are_never_trained_on(module: Module, lake: Any) -> None:
    assert lake.flights["status"].value_counts().to_dict() == {
        "arrived": 327_346,
        "cancelled": 8_255,
        "diverted": 1_175,
    }
    rows = module("convert").join(lake.flights, lake.weather, lake.planes)
    assert len(rows) == 327_346
    assert rows["arr_delay"].notna().all()


OUTCOMES = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "status"}


def test_no_feature_is_an_outcome_of_the_flight(module: Module) -> None:
    convert = module("convert")
    assert not OUTCOMES & set(convert.FEATURES)


def test_features_do_not_change_with_the_outcomes(module: Module, flights: Any, lake: Any) -> None:
    """What happened after the doors closed may not show in any feature."""
    convert = module("convert")
    before = convert.join(lake.flights, lake.weather, lake.planes)[["row", *convert.FEATURES]]
    shuffled = lake.flights.copy()
    shuffled["arr_delay"] = shuffled["arr_delay"].sample(frac=1, random_state=0).to_numpy()
    after = convert.join(shuffled, lake.weather, lake.planes)[["row", *convert.FEATURES]]
    assert before.equals(after)


@pytest.fixture(scope="module")
def splits(module: Module, lake: Any) -> dict[int, Any]:
    """Week -> the training sets of all routes, with their splits."""
    convert = module("convert")
    result = {}
    for week in (39, 40):
        rows = convert.join(lake.flights[lake.flights["day"] <= 7 * week], lake.weather, lake.planes)
        counts = lake.flights[lake.flights["day"] <= 7 * week]["route"].value_counts()
        result[week] = {
            route: own.assign(split=convert.split(own["day"].to_numpy()))
            for route, own in rows.groupby("route")
            if counts[route] >= 50
        }
    return result


def test_splits_are_in_order_of_time_and_share_no_day(splits: dict[int, Any]) -> None:
    for week, by_route in splits.items():
        for route, rows in by_route.items():
            days = rows.groupby("split")["day"].agg(["min", "max", "size"])
            assert days.loc["train", "max"] < days.loc["validation", "min"], route
            assert days.loc["validation", "max"] < days.loc["test", "min"], route
            assert days.loc["test", "max"] <= 7 * week, route
            assert days.loc["train", "size"] >= 20, route
            assert days.loc["test", "size"] >= 5, route


def test_no_champion_was_trained_on_what_its_challenger_is_tested_on(splits: dict[int, Any]) -> None:
    for route, champion in splits[39].items():
        learnt = set(champion[champion["split"] != "test"]["row"])
        challenger = splits[40][route]
        tested = set(challenger[challenger["split"] == "test"]["row"])
        assert tested, route
        assert not learnt & tested, route


def test_the_test_period_only_moves_later_as_flights_are_added(module: Module) -> None:
    split = module("convert").split

    @settings(max_examples=300, deadline=None)
    @given(st.lists(st.integers(1, 273), min_size=20), st.lists(st.integers(274, 365)))
    def check(days: list[int], later: list[int]) -> None:
        now, then = np.array(sorted(days)), np.array(sorted([*days, *later]))
        assert then[split(then) == "test"].min() >= now[split(now) == "test"].min()

    check()


def test_nothing_later_than_the_week_changes_a_training_set(module: Module, lake: Any) -> None:
    convert = module("convert")
    known = lake.flights["day"] <= 273
    weather = lake.weather.copy()
    later = weather["time_hour"] >= "2013-10-02"
    weather.loc[later, convert.WEATHER] = 0.0
    now = convert.join(lake.flights[known], lake.weather, lake.planes)
    then = convert.join(lake.flights[known], weather, lake.planes)
    assert now.equals(then)
