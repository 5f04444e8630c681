"""Templates: whole pipelines, of which the caller gives the parts."""

from stepfunctions.template.pipeline import InferencePipeline, TrainingPipeline

__all__ = ["InferencePipeline", "TrainingPipeline"]
