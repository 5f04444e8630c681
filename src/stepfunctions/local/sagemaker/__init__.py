"""SageMaker on this machine: training jobs in script mode, models, endpoints served by real model servers."""

from stepfunctions.local.sagemaker.service import create

__all__ = ["create"]
