"""2.3.0's pipelines: train and deploy an estimator, alone or behind a preprocessor."""

from stepfunctions.template.pipeline.inference import InferencePipeline
from stepfunctions.template.pipeline.train import TrainingPipeline

__all__ = ["InferencePipeline", "TrainingPipeline"]
