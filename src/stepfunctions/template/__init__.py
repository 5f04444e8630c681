"""Templates: whole pipelines, of which the caller gives the parts."""

from stepfunctions.template.caching import StepCache, cached
from stepfunctions.template.fleet import FleetRetrainingPipeline
from stepfunctions.template.pipeline import InferencePipeline, TrainingPipeline
from stepfunctions.template.retraining import RetrainingPipeline

__all__ = [
    "FleetRetrainingPipeline",
    "InferencePipeline",
    "RetrainingPipeline",
    "StepCache",
    "TrainingPipeline",
    "cached",
]
