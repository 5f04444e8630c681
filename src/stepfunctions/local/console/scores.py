"""How good each version of a model is: what its training measured last, and numbers that whoever registered it gave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from stepfunctions.local.console.answers import Client, pages

_MOST_JOBS = 500


class Scores:
    """Finds the scores of model packages; what was read of jobs that have ended is kept."""

    def __init__(self) -> None:
        self._read: set[str] = set()
        self._measured: dict[str, dict[str, float]] = {}
        """By the place of the trained model."""

    def look(self, client: Client) -> None:
        """Learn of the training jobs that have ended since."""
        listed = pages(
            client.list_training_jobs, "TrainingJobSummaries", _MOST_JOBS, StatusEquals="Completed", MaxResults=100
        )
        for one in listed:
            if one["TrainingJobArn"] not in self._read:
                self._read.add(one["TrainingJobArn"])
                told = client.describe_training_job(TrainingJobName=one["TrainingJobName"])
                metrics = {metric["MetricName"]: metric["Value"] for metric in told.get("FinalMetricDataList", [])}
                self._measured[told["ModelArtifacts"]["S3ModelArtifacts"]] = _finite(metrics)

    def of(self, client: Client, arn: str) -> dict[str, float]:
        """Return the scores of a model package by their names."""
        told = client.describe_model_package(ModelPackageName=arn)
        places = [one.get("ModelDataUrl", "") for one in told.get("InferenceSpecification", {}).get("Containers", [])]
        measured = {name: value for place in places for name, value in self._measured.get(place, {}).items()}
        return {**measured, **_finite(told.get("CustomerMetadataProperties", {}))}


def _finite(values: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name, value in values.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        if math.isfinite(number):
            found[name] = number
    return found
