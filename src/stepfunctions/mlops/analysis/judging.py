"""Whether a model's data, or its errors, have drifted: measures beside their thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional

from stepfunctions.mlops.analysis import baselines
from stepfunctions.mlops.analysis.measures import Measure, measure, profile, shape

if TYPE_CHECKING:
    import pandas as pd

DRIFTED, STABLE, TOO_FEW, NO_BASELINE = "Drifted", "Stable", "TooFew", "NoBaseline"


class Judge:
    """Compares with one baseline: ``{"Models", "Thresholds", "Features", "Significance", "MinimumCount"}``."""

    def __init__(self, baseline: Mapping[str, Any]) -> None:
        self._models = baseline["Models"]
        self._thresholds = {**baselines.THRESHOLDS, **baseline.get("Thresholds", {})}
        self._own = baseline.get("Features", {})
        self._significance = baseline.get("Significance", baselines.SIGNIFICANCE)
        self._least = baseline.get("MinimumCount", baselines.MINIMUM_COUNT)

    def model(self, name: str, data: pd.DataFrame, pairs: Optional[pd.DataFrame] = None) -> Dict[str, Any]:
        """Return the verdict on one model.

        ``Drift`` is the largest measure in units of what it may be, so that more than 1 is drift. ``pairs``:
        ``Prediction`` and ``Label`` of the rows whose truth is known.
        """
        known = self._models.get(name)
        if known is None:
            return {"Verdict": NO_BASELINE, "Count": len(data), "Reason": "There is no baseline of this model."}
        found: Dict[str, Any] = {"Count": len(data), "BaselineCount": known["Count"], "Features": {}}
        if len(data) >= self._least:
            for feature, before in known["Features"].items():
                found["Features"][feature] = self._feature(feature, before, data)
        if pairs is not None and "Quality" in known:
            found["Quality"] = self._quality(known["Quality"], pairs)
        return {**_verdict(found, self._least), **found}

    def _feature(self, name: str, before: Mapping[str, Any], data: pd.DataFrame) -> Dict[str, Any]:
        import pandas as pd

        column = data[name] if name in data.columns else pd.Series([None] * len(data), dtype=object)
        thresholds = {**self._thresholds, **self._own.get(name, {})}
        measures = {
            what: _beside(value, thresholds[what])
            for what, value in measure(dict(before), column, self._significance).items()
        }
        now = profile(column, before["Type"])
        worst = max(measures, key=lambda what: measures[what]["Ratio"])
        told = {member: now[member] for member in ("Count", "Missing", "Mean", "Std") if member in now}
        return {
            "Type": before["Type"],
            "Drift": measures[worst]["Ratio"],
            "Worst": worst,
            "Measures": measures,
            "Now": told,
            "Shape": shape(dict(before), now),
        }

    def _quality(self, before: Mapping[str, Any], pairs: pd.DataFrame) -> Dict[str, Any]:
        """Compare the mean loss: by which share it has grown, and by how much chance alone would let it."""
        from scipy.stats import norm

        now = baselines.quality_of(pairs, before["Loss"])
        found: Dict[str, Any] = {"Before": dict(before), "Now": now}
        if now["Count"] < self._least or not before["Count"]:
            return {**found, "Verdict": TOO_FEW}
        mean, deviation = before["Mean"], before["Std"]
        if before["Loss"] == "wrong":  # never wrong among n is about half a mistake
            mean = max(mean, 0.5 / (before["Count"] + 1))
            deviation = math.sqrt(mean * (1 - mean))
        if not mean > 0:  # by which share could no error grow?
            return {**found, "Verdict": NO_BASELINE}
        error = math.sqrt(deviation**2 / before["Count"] + now["Std"] ** 2 / now["Count"])
        noise = float(norm.isf(self._significance)) * error / mean
        beside = _beside((now["Mean"] / mean - 1, noise), self._thresholds["Quality"])
        return {**found, **beside, "Verdict": DRIFTED if beside["Drifted"] else STABLE}


def _beside(value: Measure, threshold: float) -> Dict[str, Any]:
    """A measure beside its threshold; where chance alone gives more than that, beside what chance gives."""
    said, noise = value
    limit = max(threshold, noise)
    return {
        "Value": said,
        "Threshold": threshold,
        "Noise": noise,
        "Ratio": max(said, 0.0) / limit,
        "Drifted": said > limit,
    }


def _verdict(found: Mapping[str, Any], least: int) -> Dict[str, Any]:
    ratios = {name: feature["Drift"] for name, feature in found["Features"].items()}
    quality = found.get("Quality", {})
    if "Ratio" in quality:
        ratios["Quality"] = quality["Ratio"]
    if not ratios:
        return {"Verdict": TOO_FEW, "Reason": f"{found['Count']} rows, of {least} that are needed at least."}
    drift = max(ratios.values())
    reasons = [
        f"{name}: {feature['Worst']} is {feature['Measures'][feature['Worst']]['Value']:.3g}, "
        f"above {_limit(feature['Measures'][feature['Worst']]):.3g}"
        for name, feature in sorted(found["Features"].items(), key=lambda one: -one[1]["Drift"])
        if feature["Drift"] > 1
    ]
    if quality.get("Drifted"):
        reasons.insert(0, f"the error has grown by {quality['Value']:.0%}, more than {_limit(quality):.0%}")
    verdict = DRIFTED if reasons else STABLE
    return {"Verdict": verdict, "Drift": drift, "Reason": "; ".join(reasons) or "Everything is as in the baseline."}


def _limit(measure: Mapping[str, Any]) -> float:
    return float(max(measure["Threshold"], measure["Noise"]))
