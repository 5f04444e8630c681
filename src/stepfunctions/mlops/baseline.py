"""The baseline of a model, made of the data that it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepfunctions.mlops.analysis import baselines, sources
from stepfunctions.mlops.analysis.measures import texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Baseline:
    """What data looked like when a model was trained: statistics of each feature, and from when on they have drifted.

    Made by :meth:`of`; the same files come from the analysis itself, ``python analysis.zip baseline``. Needs the extra
    ``[drift]``. ``models``: statistics by model; ``constraints``: ``Thresholds``, ``Features`` (thresholds of single
    features), ``Significance`` and ``MinimumCount``.
    Both are plain JSON: :mod:`stepfunctions.mlops.analysis.baselines`.
    """

    models: Mapping[str, Any]
    constraints: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        data: pd.DataFrame | str | Path,
        model: str | None = None,
        *,
        by: str | None = None,
        features: Mapping[str, str] | None = None,
        prediction: str | None = None,
        label: str | None = None,
        loss: str = "absolute",
        thresholds: Mapping[str, float] | None = None,
        feature_thresholds: Mapping[str, Mapping[str, float]] | None = None,
        significance: float = baselines.SIGNIFICANCE,
        minimum_count: int = baselines.MINIMUM_COUNT,
    ) -> Baseline:
        """Return the baseline of data: a DataFrame, or a CSV, JSON lines or Parquet file.

        ``model``: what the monitor calls the model; or ``by``: the column that tells the model of each row.
        ``features``: names with ``numeric`` or ``categorical`` (default: every column; numbers are numeric).
        ``prediction`` and ``label``: columns that tell how wrong the model was, best on data that it was not trained
        on; ``loss``: absolute, squared or wrong. Raises ValueError for what does not fit.
        """
        if (model is None) == (by is None):
            raise ValueError("Baseline.of is given the name of the model, or by: the column that tells it.")
        if (prediction is None) != (label is None):
            raise ValueError("Baseline.of: prediction and label belong together.")
        quality = None if label is None else {"Prediction": str(prediction), "Label": label, "Loss": loss}
        constraints = {
            "Significance": significance,
            "MinimumCount": minimum_count,
            "Thresholds": {**baselines.THRESHOLDS, **(thresholds or {})},
            "Features": dict(feature_thresholds or {}),
        }
        baselines.checked(constraints, "Baseline.of")
        frame = sources.table(Path(data)) if isinstance(data, (str, Path)) else data
        if by is None:
            return cls({str(model): baselines.statistics_of(frame, features, quality)}, constraints)
        if by not in frame.columns:
            raise ValueError(f"Baseline.of: the data have no column '{by}'.")
        frame = frame.reset_index(drop=True)
        groups = frame.drop(columns=by).groupby(texts(frame[by]))
        return cls({name: baselines.statistics_of(rows, features, quality) for name, rows in groups}, constraints)

    @classmethod
    def load(cls, folder: str | Path) -> Baseline:
        """Return the baseline of a folder and of the folders in it. Raises ValueError that names the file."""
        found = baselines.load(Path(folder))
        return cls(found.pop("Models"), {name: value for name, value in found.items() if name != "Version"})

    def save(self, folder: str | Path) -> Path:
        """Write ``statistics.json`` and ``constraints.json`` into a folder, and return it."""
        baselines.save(Path(folder), self.models, self.constraints)
        return Path(folder)
