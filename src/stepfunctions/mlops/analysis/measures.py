"""How far a sample is from a profile of what the model was trained on, and how far chance alone would bring it.

A *profile* is what a baseline keeps of a feature, plain JSON:

- numeric: ``{"Type": "numeric", "Count": 900, "Missing": 3, "Mean", "Std", "Quantiles": [...]}``; the quantiles are
  values of the data at equal steps, from the smallest to the largest, at most 1,001 of them.
- categorical: ``{"Type": "categorical", "Count": 900, "Missing": 0, "Categories": {"AA": 500, ...}}``.

``Count`` are values that are there. Each measure comes with the largest value that chance gives to samples of these
sizes from one distribution, but for a share ``significance`` of them: its *noise*.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Tuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NUMERIC, CATEGORICAL = "numeric", "categorical"
_BINS = 10
_MOST_QUANTILES = 1001
_MOST_CATEGORIES = 50
_LEAST_EXPECTED = 2
"""Values of a category that must be expected in the smaller sample, else it is among the others."""
_PRIOR = 0.5
"""Added to the count of every bin, so that an empty one is no infinite distance."""
_LARGEST = 1e150
"""What is larger counts as missing, as infinite numbers do."""

_WHOLE = re.compile(r"-?[0-9]{1,15}\.0+")

Profile = Dict[str, Any]
Measure = Tuple[float, float]
"""A value and its noise."""


def kind_of(column: pd.Series) -> str:
    """Return what a column is: numbers are numeric; texts, booleans and what else there is are categorical."""
    import pandas as pd

    numeric = ("integer", "floating", "mixed-integer-float", "decimal")
    return NUMERIC if pd.api.types.infer_dtype(column, skipna=True) in numeric else CATEGORICAL


def numbers(column: pd.Series) -> np.ndarray[Any, Any]:
    """Return a column as numbers; NaN is what is none, and what is too large to be squared."""
    import numpy as np

    if column.dtype.kind not in "biuf":
        column = column.astype(object).map(_number)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.abs(values) <= _LARGEST, values, np.nan)


def _sorted(column: pd.Series) -> np.ndarray[Any, Any]:
    import numpy as np

    values = numbers(column)
    return np.sort(values[~np.isnan(values)])


def _number(value: Any) -> float:
    """Return the number that a value is, also as a text; else NaN."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def texts(column: pd.Series) -> pd.Series:
    """Return the values that are there, as texts, the same whether they came as numbers, texts or booleans.

    ``7``, ``7.0``, ``"7"`` and ``"7.0"`` are ``7``; true and false are ``true`` and ``false``.
    """
    return column.dropna().astype(object).map(_text)


def _text(value: Any) -> str:
    text = str(value)
    if text in ("True", "False"):
        return text.lower()
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text


def profile(column: pd.Series, kind: str) -> Profile:
    """Return the profile of a column."""
    if kind == CATEGORICAL:
        present = texts(column)
        counts = present.value_counts()
        ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return {
            "Type": kind,
            "Count": len(present),
            "Missing": len(column) - len(present),
            "Categories": {str(name): int(count) for name, count in ordered},
        }
    values = _sorted(column)
    made: Profile = {"Type": kind, "Count": len(values), "Missing": len(column) - len(values)}
    if len(values):
        places = min(len(values), _MOST_QUANTILES)
        steps = [round(at * (len(values) - 1) / max(places - 1, 1)) for at in range(places)]
        made["Mean"], made["Std"] = float(values.mean()), float(values.std())
        made["Quantiles"] = [float(values[step]) for step in steps]
    return made


def measure(before: Profile, column: pd.Series, significance: float) -> Dict[str, Measure]:
    """Return every measure of a feature, by name.

    ``PopulationStabilityIndex``, ``JensenShannon`` (the distance, of base 2), ``MissingRate`` (its increase); of
    numbers also ``KolmogorovSmirnov``; of categories ``NewCategories``, the share of what the baseline does not have.
    """
    from scipy.stats import chi2

    now = profile(column, before["Type"])
    found = {"MissingRate": missing_rate(before, now, significance)}
    if not before["Count"] or not now["Count"]:
        return found
    old, new = binned(before, column)
    index = stability_index(old, new)
    chance = 1 / before["Count"] + 1 / now["Count"]
    limit = float(chi2.isf(significance, max(len(old) - 1, 1))) * chance
    found["PopulationStabilityIndex"] = index, limit
    found["JensenShannon"] = jensen_shannon(old, new), math.sqrt(limit / (8 * math.log(2)))
    if before["Type"] == NUMERIC:
        found["KolmogorovSmirnov"] = kolmogorov_smirnov(before, _sorted(column), significance)
    else:
        found["NewCategories"] = new_categories(before, now, significance)
    return found


def binned(before: Profile, column: pd.Series) -> Tuple[List[float], List[float]]:
    """Return how many values are in each bin, of the baseline and now.

    Bins of numbers lie between the baseline's deciles; the 50 categories that are the most frequent in both together
    are one each, the others are one together. (Those of the baseline alone would be the ones that chance made frequent
    in it, and so differ from any other sample.)
    """
    import numpy as np

    if before["Type"] == NUMERIC:
        quantiles = np.asarray(before["Quantiles"])
        steps = [round(at * (len(quantiles) - 1) / _BINS) for at in range(1, _BINS)]
        edges = np.unique(quantiles[steps])
        share = np.diff(np.searchsorted(quantiles, edges, side="right"), prepend=0, append=len(quantiles))
        old = share * (before["Count"] / len(quantiles))
        values = _sorted(column)
        new = np.diff(np.searchsorted(values, edges, side="right"), prepend=0, append=len(values))
        return [float(one) for one in old], [float(one) for one in new]
    return _categories(before["Categories"], texts(column).value_counts().to_dict())


def _categories(before: Mapping[str, int], now: Mapping[str, int]) -> Tuple[List[float], List[float]]:
    sizes = sum(before.values()), sum(now.values())
    both = {name: before.get(name, 0) + now.get(name, 0) for name in {*before, *now}}
    least = _LEAST_EXPECTED * sum(sizes) / max(min(sizes), 1)
    often = sorted((name for name in both if both[name] >= least), key=lambda name: (-both[name], name))
    old, new = ([float(side.get(name, 0)) for name in often[:_MOST_CATEGORIES]] for side in (before, now))
    rest = sizes[0] - sum(old), sizes[1] - sum(new)
    return ([*old, rest[0]], [*new, rest[1]]) if any(rest) else (old, new)


def stability_index(old: List[float], new: List[float]) -> float:
    """Return the population stability index of two histograms: 0 of the same, above 0.2 they are said to differ."""
    pairs = list(zip(_shares(old), _shares(new)))
    return math.fsum((after - before) * math.log(after / before) for before, after in pairs)


def jensen_shannon(old: List[float], new: List[float]) -> float:
    """Return the Jensen-Shannon distance of two histograms: 0 of the same, 1 of those with nothing in common."""
    import numpy as np
    from scipy.spatial.distance import jensenshannon

    with np.errstate(invalid="ignore"):  # rounding makes the root of less than 0
        distance = float(jensenshannon(_shares(old), _shares(new), base=2))
    return 0.0 if math.isnan(distance) else min(distance, 1.0)


def _shares(counts: List[float]) -> List[float]:
    total = sum(counts) + _PRIOR * len(counts)
    return [(count + _PRIOR) / total for count in counts]


def kolmogorov_smirnov(before: Profile, values: np.ndarray[Any, Any], significance: float) -> Measure:
    """Return the largest distance of the two distribution functions."""
    import numpy as np
    from scipy.stats import ks_2samp, kstwobign

    with np.errstate(divide="ignore"):  # of the p-value, which is not used: the sizes are other ones
        statistic = float(ks_2samp(before["Quantiles"], values, "two-sided", "asymp")[0])  # names differ by version
    noise = float(kstwobign.isf(significance)) * math.sqrt(1 / before["Count"] + 1 / len(values))
    return statistic, min(noise, 1.0)


def missing_rate(before: Profile, now: Profile, significance: float) -> Measure:
    """Return by how much the share of missing values has grown."""
    old, new = before["Count"] + before["Missing"], now["Count"] + now["Missing"]
    if not old or not new:
        return 0.0, 1.0
    rate = before["Missing"] / old
    most = _chance(before["Missing"] + _PRIOR, old - before["Missing"] + _PRIOR, new, significance)
    return now["Missing"] / new - rate, max(most - rate, 0.0)


def new_categories(before: Profile, now: Profile, significance: float) -> Measure:
    """Return the share of values that the baseline does not have.

    Its noise is by Good and Turing: as often as the baseline saw something once, something unseen may come. How well
    that is known depends on what was seen once or twice.
    """
    seen = list(before["Categories"].values())
    unseen = sum(count for name, count in now["Categories"].items() if name not in before["Categories"])
    once = seen.count(1) + 1
    known = once / (once + 2 * seen.count(2))
    others = max(before["Count"] - once, 1)
    return unseen / now["Count"], _chance(once * known, others * known, now["Count"], significance)


def _chance(seen: float, others: float, size: int, significance: float) -> float:
    """Return the largest share among ``size`` that chance gives to what was ``seen`` so often before."""
    from scipy.stats import betabinom

    return float(betabinom.isf(significance, size, seen, others)) / size


def shape(before: Profile, now: Profile) -> Dict[str, Any]:
    """Return two histograms to be drawn beside each other: ``{"Bins": [...], "Before": [share], "Now": [share]}``.

    A bin of numbers is ``[from, to]``; what is outside of the middle 98 % is in the outermost ones. A bin of categories
    is a name; the last is None, for all the others.
    """
    import numpy as np

    if before["Type"] == CATEGORICAL:
        both = {**before["Categories"], **now["Categories"]}
        often = sorted(both, key=lambda name: (-max(_share(before, name), _share(now, name)), name))[:_BINS]
        sides = [[_share(side, name) for name in often] for side in (before, now)]
        rest = [max(1 - math.fsum(shares), 0.0) if side["Count"] else 0.0 for side, shares in zip((before, now), sides)]
        if len(both) > len(often):
            return {"Bins": [*often, None], "Before": [*sides[0], rest[0]], "Now": [*sides[1], rest[1]]}
        return {"Bins": often, "Before": sides[0], "Now": sides[1]}
    known = [np.asarray(side["Quantiles"]) for side in (before, now) if side["Count"]]
    if not known:
        return {"Bins": [], "Before": [], "Now": []}
    low = min(float(values[len(values) // 100]) for values in known)
    high = max(float(values[-1 - len(values) // 100]) for values in known)
    edges = np.linspace(low, high, _BINS + 1) if high > low else np.asarray([low, low])
    shares = []
    for side in (before, now):
        values = np.clip(np.asarray(side.get("Quantiles", [])), edges[0], edges[-1])
        counts = np.histogram(values, edges)[0] if high > low else np.asarray([len(values)])
        shares.append([float(one) for one in counts / max(len(values), 1)])
    bins = [[float(edges[at]), float(edges[at + 1])] for at in range(len(edges) - 1)]
    return {"Bins": bins, "Before": shares[0], "Now": shares[1]}


def _share(side: Profile, name: str) -> float:
    return side["Categories"].get(name, 0) / side["Count"] if side["Count"] else 0.0
