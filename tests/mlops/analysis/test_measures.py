"""Measures of drift: what holds for any data, and how often chance alone is taken for drift."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from stepfunctions.mlops.analysis.measures import (
    CATEGORICAL,
    NUMERIC,
    binned,
    jensen_shannon,
    kind_of,
    measure,
    profile,
    shape,
    stability_index,
)

counts = st.lists(st.integers(0, 1000).map(float), min_size=2, max_size=20).filter(any)
values = st.lists(
    st.one_of(st.floats(-1e9, 1e9), st.integers(-5, 5).map(float), st.just(math.nan)), min_size=1, max_size=300
)
words = st.lists(st.one_of(st.none(), st.sampled_from("abcdefgh"), st.text(max_size=3)), min_size=1, max_size=200)
columns = st.one_of(
    values.map(lambda some: (NUMERIC, pd.Series(some, dtype=float))),
    words.map(lambda some: (CATEGORICAL, pd.Series(some, dtype=object))),
)


@given(counts)
def test_the_same_histogram_is_at_no_distance(one: list[float]) -> None:
    assert stability_index(one, one) == pytest.approx(0, abs=1e-12)
    assert jensen_shannon(one, one) == pytest.approx(0, abs=1e-6)


@given(counts, counts)
def test_distances_are_symmetric_and_bounded(one: list[float], other: list[float]) -> None:
    size = min(len(one), len(other))
    one, other = [*one[:size], 1.0], [*other[:size], 1.0]
    assert stability_index(one, other) >= 0
    assert stability_index(one, other) == pytest.approx(stability_index(other, one))
    assert 0 <= jensen_shannon(one, other) <= 1
    assert jensen_shannon(one, other) == pytest.approx(jensen_shannon(other, one), abs=1e-9)
    many = [1e6 * count for count in one], [1e6 * count + 1 for count in other]
    with np.errstate(invalid="ignore"):
        expected = float(np.nan_to_num(jensenshannon(*many, base=2)))
    assert jensen_shannon(*many) == pytest.approx(expected, abs=1e-3)


@given(columns)
def test_data_have_not_drifted_from_themselves(case: tuple[str, Any]) -> None:
    kind, column = case
    for name, (value, noise) in measure(profile(column, kind), column, 0.001).items():
        assert value == pytest.approx(0, abs=0.002), name
        assert noise >= 0


@given(columns, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(case: tuple[str, Any], random: Any) -> None:
    kind, column = case
    order = list(range(len(column)))
    random.shuffle(order)
    assert profile(column.iloc[order], kind) == profile(column, kind)
    before = profile(column.iloc[: len(column) // 2 + 1], kind)
    assert measure(before, column.iloc[order], 0.01) == measure(before, column, 0.01)


@given(columns, columns)
def test_every_value_is_in_a_bin(one: tuple[str, Any], other: tuple[str, Any]) -> None:
    kind, column = one
    if other[0] != kind:
        return
    before, now = profile(column, kind), profile(other[1], kind)
    if not before["Count"]:
        return
    old, new = binned(before, other[1])
    assert math.isclose(sum(old), before["Count"], rel_tol=1e-9)
    assert sum(new) == now["Count"]
    drawn = shape(before, now)
    assert len(drawn["Bins"]) == len(drawn["Before"]) == len(drawn["Now"])
    for side, there in ((drawn["Before"], before["Count"]), (drawn["Now"], now["Count"])):
        assert math.fsum(side) == pytest.approx(1 if there else 0, abs=1e-6)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(30, 3000), st.integers(30, 3000), st.floats(0, 2))
def test_kolmogorov_smirnov_is_that_of_the_whole_samples(seed: int, old: int, new: int, moved: float) -> None:
    random = np.random.default_rng(seed)
    before, now = random.normal(0, 1, old), random.normal(moved, 1, new).round(2)
    value, _ = measure(profile(pd.Series(before), NUMERIC), pd.Series(now), 0.001)["KolmogorovSmirnov"]
    assert value == pytest.approx(float(ks_2samp(before, now).statistic), abs=0.002)


def drifted(measures: dict[str, tuple[float, float]]) -> set[str]:
    return {name for name, (value, noise) in measures.items() if value > noise}


@pytest.mark.parametrize("size", [50, 1000])
def test_chance_alone_is_drift_as_seldom_as_stated(size: int) -> None:
    """Of 200 pairs of samples of one distribution, at most a few are beyond the noise of 1 %."""
    random = np.random.default_rng(7)
    found: dict[str, int] = {}
    for _ in range(200):
        for kind, old, new in (
            (NUMERIC, random.normal(size=2000), random.normal(size=size)),
            (CATEGORICAL, random.choice(list("abcdefghij"), 2000), random.choice(list("abcdefghij"), size)),
            (NUMERIC, with_gaps(random, 2000), with_gaps(random, size)),
        ):
            for name in drifted(measure(profile(pd.Series(old), kind), pd.Series(new), 0.01)):
                found[name] = found.get(name, 0) + 1
    assert all(count <= 14 for count in found.values()), found  # 1 % of 600 is 6, 14 is 3.3 deviations more


def one_of(random: Any, kinds: int, steepness: float, size: int) -> pd.Series:
    """Names of which the first is the most frequent, or all of them are as frequent."""
    weights = 1 / np.arange(1, kinds + 1) ** steepness
    return pd.Series(random.choice(kinds, size, p=weights / weights.sum())).astype(str)


@pytest.mark.parametrize(("old", "new"), [(200, 2000), (2000, 60), (500, 500)])
@pytest.mark.parametrize(("kinds", "steepness"), [(20, 1.0), (60, 1.0), (200, 0.0), (1000, 1.0)])
def test_many_rare_categories_are_no_drift(old: int, new: int, kinds: int, steepness: float) -> None:
    """Whatever is rare, unseen or among the 50 most frequent by chance: at most a few of 100 are beyond 1 %."""
    random = np.random.default_rng(9)
    found: dict[str, int] = {}
    for _ in range(100):
        before = profile(one_of(random, kinds, steepness, old), CATEGORICAL)
        for name in drifted(measure(before, one_of(random, kinds, steepness, new), 0.01)):
            found[name] = found.get(name, 0) + 1
    assert all(count <= 5 for count in found.values()), found  # 1 is expected; 5 are 4 deviations more


@given(words, words)
def test_bins_of_categories_are_symmetric(one: list[Any], other: list[Any]) -> None:
    first, second = pd.Series(one, dtype=object), pd.Series(other, dtype=object)
    old, new = binned(profile(first, CATEGORICAL), second)
    assert (new, old) == tuple(binned(profile(second, CATEGORICAL), first))


def with_gaps(random: Any, size: int) -> Any:
    return np.where(random.random(size) < 0.1, np.nan, random.gamma(2.0, size=size))


@pytest.mark.parametrize("size", [50, 400])
def test_what_moved_is_found(size: int) -> None:
    random = np.random.default_rng(8)
    before = profile(pd.Series(random.normal(size=2000)), NUMERIC)
    moved = measure(before, pd.Series(random.normal(1.0, size=size)), 0.001)
    assert {"PopulationStabilityIndex", "JensenShannon", "KolmogorovSmirnov"} <= drifted(moved)
    gone = measure(before, pd.Series(np.where(random.random(size) < 0.5, np.nan, random.normal(size=size))), 0.001)
    assert "MissingRate" in drifted(gone)
    names = profile(pd.Series(random.choice(["a", "b"], 2000)), CATEGORICAL)
    new = measure(names, pd.Series(random.choice(["a", "b", "c"], size)), 0.001)
    assert "NewCategories" in drifted(new)


def test_a_column_without_values_has_only_its_missing_rate() -> None:
    nothing = pd.Series([None, None], dtype=object)
    assert set(measure(profile(nothing, NUMERIC), pd.Series([1.0]), 0.01)) == {"MissingRate"}
    value, _ = measure(profile(pd.Series([1.0, 2.0]), NUMERIC), nothing, 0.01)["MissingRate"]
    assert value == 1.0
    assert measure(profile(pd.Series(["a"]), CATEGORICAL), nothing, 0.01)["MissingRate"][0] == 1.0


def test_texts_among_numbers_are_missing() -> None:
    made = profile(pd.Series(["1", 2, "x", math.inf, None], dtype=object), NUMERIC)
    assert (made["Count"], made["Missing"], made["Quantiles"]) == (2, 3, [1.0, 2.0])


def test_numbers_as_categories_are_the_same_whatever_column_they_come_from() -> None:
    assert profile(pd.Series([1.0, 2.0, None]), CATEGORICAL)["Categories"] == {"1": 1, "2": 1}
    assert profile(pd.Series([1, 2]), CATEGORICAL)["Categories"] == {"1": 1, "2": 1}


def test_kinds() -> None:
    assert [kind_of(pd.Series(some)) for some in ([1, 2], [1.5], ["a"], [True], [None])] == [
        NUMERIC,
        NUMERIC,
        CATEGORICAL,
        CATEGORICAL,
        CATEGORICAL,
    ]


def test_numbers_are_found_in_any_column() -> None:
    given = pd.Series([Decimal("1.5"), "2", 10**400, 1e200, [3], True, "x", pd.NA], dtype=object)
    assert profile(given, NUMERIC)["Quantiles"] == [1.0, 1.5, 2.0]
    assert kind_of(pd.Series([Decimal(1), None])) == NUMERIC
    assert kind_of(pd.Series([1, 2.5, None], dtype=object)) == NUMERIC
    dates = pd.Series(pd.to_datetime(["2026-01-05", None]))
    assert (kind_of(dates), profile(dates, NUMERIC)["Missing"]) == (CATEGORICAL, 2)


def test_values_are_the_same_as_numbers_texts_and_booleans() -> None:
    for values in ([7, 7], [7.0, None, 7.0], ["7", "7.0"], [7, "7.00"]):
        assert profile(pd.Series(values), CATEGORICAL)["Categories"] == {"7": 2}
    assert profile(pd.Series([True, "true", "True"], dtype=object), CATEGORICAL)["Categories"] == {"true": 3}
    only = pd.Series(pd.Categorical(["a", "b"])).iloc[:1]
    assert profile(only, CATEGORICAL)["Categories"] == {"a": 1}
