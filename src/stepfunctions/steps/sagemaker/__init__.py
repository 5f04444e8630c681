"""SageMaker steps: train, tune, process, transform, make models deployable, serve and register them.

A step takes the plain request of the API as a dict, objects of the SageMaker SDK 2, or objects of the SDK 3. The SDK
is never imported here. A step's other arguments are written over the request, and the caller's ``parameters`` over
both. Nothing in AWS is called while a definition is built; :func:`upload_code` uploads code when it is asked to.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
"""

from stepfunctions.steps.sagemaker.endpoints import EndpointConfigStep, EndpointStep, ProductionVariant
from stepfunctions.steps.sagemaker.models import ModelStep
from stepfunctions.steps.sagemaker.processing import ProcessingStep
from stepfunctions.steps.sagemaker.registry import (
    LabelingStep,
    ModelApprovalStep,
    ModelPackageGroupStep,
    ModelPackageStep,
)
from stepfunctions.steps.sagemaker.step import SAGEMAKER_SERVICE_NAME, SageMakerApi
from stepfunctions.steps.sagemaker.training import TrainingStep
from stepfunctions.steps.sagemaker.transform import TransformStep
from stepfunctions.steps.sagemaker.tuning import TuningStep
from stepfunctions.steps.sagemaker.upload import upload_code

__all__ = [
    "SAGEMAKER_SERVICE_NAME",
    "EndpointConfigStep",
    "EndpointStep",
    "LabelingStep",
    "ModelApprovalStep",
    "ModelPackageGroupStep",
    "ModelPackageStep",
    "ModelStep",
    "ProcessingStep",
    "ProductionVariant",
    "SageMakerApi",
    "TrainingStep",
    "TransformStep",
    "TuningStep",
    "upload_code",
]
