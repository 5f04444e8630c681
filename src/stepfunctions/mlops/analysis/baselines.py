"""What a model was trained on, as two JSON files that people can read and change.

``statistics.json``: ``{"Version": 1, "Models": {MODEL: {"Count": rows, "Features": {NAME: profile}, "Quality": …}}}``.
``constraints.json``: ``{"Version": 1, "Significance": 0.001, "MinimumCount": 50, "Thresholds": {MEASURE: value},
"Features": {NAME: {MEASURE: value}}}``, from when on each measure is drift. A folder may hold several of the first, for
the models of a fleet one each.
"""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional

from stepfunctions.mlops.analysis.measures import CATEGORICAL, NUMERIC, kind_of, numbers, profile, texts

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
STATISTICS, CONSTRAINTS = "statistics.json", "constraints.json"
THRESHOLDS = {
    "PopulationStabilityIndex": 0.2,
    "KolmogorovSmirnov": 0.2,
    "JensenShannon": 0.2,
    "MissingRate": 0.05,
    "NewCategories": 0.02,
    "Quality": 0.1,
}
"""From when on a measure is drift. ``Quality``: by which share the error has grown."""
SIGNIFICANCE = 0.001
MINIMUM_COUNT = 50
LOSSES = ("absolute", "squared", "wrong")


class BadBaseline(ValueError):
    """A baseline cannot be used; the text says what is wrong and where."""


def statistics_of(
    data: pd.DataFrame, features: Optional[Mapping[str, str]] = None, quality: Optional[Mapping[str, str]] = None
) -> Dict[str, Any]:
    """Return the statistics of one model's data: of the columns named, with their types, or of all.

    ``quality``: ``{"Prediction": column, "Label": column, "Loss": loss}``; these are no features.
    """
    import pandas as pd

    data = data.rename(columns=str)
    if not data.columns.is_unique:
        raise BadBaseline(f"several columns have one name: {', '.join(data.columns[data.columns.duplicated()])}")
    columns = [(quality or {}).get("Prediction"), (quality or {}).get("Label")]
    kinds = dict(features) if features else {name: "" for name in data.columns if name not in columns}
    for name, kind in {**kinds, **{column: "" for column in columns if column is not None}}.items():
        if name not in data.columns:
            raise BadBaseline(f"the data have no column '{name}'; they have {', '.join(data.columns)}")
        if kind not in ("", NUMERIC, CATEGORICAL):
            raise BadBaseline(f"the type of '{name}' is '{kind}'; write numeric or categorical")
    made: Dict[str, Any] = {
        "Count": len(data),
        "Features": {name: profile(data[name], kind or kind_of(data[name])) for name, kind in kinds.items()},
    }
    if quality:
        pair = pd.DataFrame({"Prediction": data[quality["Prediction"]], "Label": data[quality["Label"]]})
        made["Quality"] = quality_of(pair, quality["Loss"])
    return made


def quality_of(pairs: pd.DataFrame, loss: str) -> Dict[str, Any]:
    """Return the mean loss of predictions beside what came true, columns ``Prediction`` and ``Label``.

    Losses: the ``absolute`` or ``squared`` difference, or whether it was ``wrong`` (0 or 1). ``MeanAbsoluteError`` and
    the root of the squared one, or ``Accuracy`` and the macro-averaged ``F1``, are told with it.
    """
    import numpy as np

    if loss not in LOSSES:
        raise BadBaseline(f"the loss is '{loss}'; write one of {', '.join(LOSSES)}")
    pairs = pairs[["Prediction", "Label"]]
    if loss == "wrong":
        pairs = pairs.dropna().apply(texts)
        losses = (pairs["Prediction"] != pairs["Label"]).to_numpy(dtype=float)
        told = {"Accuracy": 1 - float(losses.mean()), "F1": _f1(pairs)} if len(pairs) else {}
    else:
        said, true = (numbers(pairs[name]) for name in pairs.columns)
        errors = said - true
        errors = errors[np.isfinite(errors)]
        losses = errors**2 if loss == "squared" else np.abs(errors)
        told = {}
        if len(errors):
            told["MeanAbsoluteError"] = float(np.abs(errors).mean())
            told["RootMeanSquaredError"] = float((errors**2).mean() ** 0.5)
    mean = {"Mean": float(losses.mean()), "Std": float(losses.std())} if len(losses) else {}
    return {"Loss": loss, "Count": len(losses), **mean, **told}


def _f1(pairs: pd.DataFrame) -> float:
    scores: List[float] = []
    for name in sorted({*pairs["Prediction"], *pairs["Label"]}):
        said, true = pairs["Prediction"] == name, pairs["Label"] == name
        scores.append(2 * float((said & true).sum()) / float(said.sum() + true.sum()))
    return math.fsum(scores) / len(scores)


def load(folder: Path) -> Dict[str, Any]:
    """Return a baseline, ``{"Models": …, **constraints}``, from every file of a folder and of the folders in it."""
    models: Dict[str, Any] = {}
    files = sorted(folder.rglob(STATISTICS))
    if not files:
        raise BadBaseline(f"there is no {STATISTICS} in {folder}")
    for path in files:
        found = _read(path, "Models")
        for name, model in found.items():
            _check_model(f"{path}: model '{name}'", model)
        models.update(found)
    constraints: Dict[str, Any] = {}
    for path in sorted(folder.rglob(CONSTRAINTS)):
        constraints.update(_read(path))
    checked(constraints, str(folder / CONSTRAINTS))
    return {**constraints, "Models": models}


def _check_model(where: str, model: Any) -> None:
    """Raise BadBaseline for statistics that are not complete."""
    _check(where, lambda: isinstance(model["Count"], int) and isinstance(model["Features"], dict))
    for name, feature in model["Features"].items():
        _check(f"{where}, feature '{name}'", partial(_is_whole, feature))
    if "Quality" in model:
        quality = model["Quality"]
        _check(
            f"{where}, Quality",
            lambda: quality["Loss"] in LOSSES and (not quality["Count"] or quality["Mean"] + quality["Std"] >= 0),
        )


def _is_whole(feature: Mapping[str, Any]) -> bool:
    if not isinstance(feature["Count"] + feature["Missing"], int):
        return False
    if feature["Type"] == CATEGORICAL:
        return bool(sum(feature["Categories"].values()) == feature["Count"])
    given = feature["Quantiles"] if feature["Count"] else []
    fits = feature["Type"] == NUMERIC and bool(given) == bool(feature["Count"])
    return fits and list(given) == sorted(map(float, given))


def _check(where: str, whole: Callable[[], bool]) -> None:
    try:
        found = whole()
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadBaseline(f"{where} is not complete: {type(error).__name__} {error}") from error
    if not found:
        raise BadBaseline(f"{where} has counts, types or values that do not fit each other")


def checked(constraints: Mapping[str, Any], where: str) -> None:
    """Raise BadBaseline for thresholds that are none."""
    given = [constraints.get("Thresholds", {}), *constraints.get("Features", {}).values()]
    for thresholds in given:
        for name, value in thresholds.items():
            if name not in THRESHOLDS:
                raise BadBaseline(f"{where}: there is no measure '{name}'; there are {', '.join(THRESHOLDS)}")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise BadBaseline(f"{where}: the threshold of {name} is {value!r}; write a number above 0")
    significance = constraints.get("Significance", SIGNIFICANCE)
    if not isinstance(significance, (int, float)) or not 0 < significance < 1:
        raise BadBaseline(f"{where}: Significance is {significance!r}; write a number between 0 and 1")
    count = constraints.get("MinimumCount", MINIMUM_COUNT)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise BadBaseline(f"{where}: MinimumCount is {count!r}; write a whole number of at least 1")


def _read(path: Path, member: Optional[str] = None) -> Dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadBaseline(f"{path} is no JSON: {error}") from error
    version = document.get("Version") if isinstance(document, dict) else None
    if version != VERSION:
        raise BadBaseline(f"{path}: Version is {version!r}, but must be {VERSION}")
    found = document if member is None else document.get(member)
    if not isinstance(found, dict):
        raise BadBaseline(f"{path}: {member} is missing")
    return found


def save(folder: Path, models: Mapping[str, Any], constraints: Mapping[str, Any]) -> None:
    """Write the two files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in ((STATISTICS, {"Models": dict(models)}), (CONSTRAINTS, dict(constraints))):
        text = json.dumps({"Version": VERSION, **document}, indent=1, allow_nan=False, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
