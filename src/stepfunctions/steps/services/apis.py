"""2.3.0's names of services and enumerations of their actions, for ``get_service_integration_arn``.

They are in 2.3.0's modules too: :mod:`compute` and :mod:`service`. A member is named as its action:
``LambdaApi.Invoke.value`` is ``invoke``. Which actions there are is said by :mod:`stepfunctions.catalog.integrations`.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from stepfunctions.catalog.integrations import INTEGRATIONS

BATCH_SERVICE_NAME = "batch"
DYNAMODB_SERVICE_NAME = "dynamodb"
ECS_SERVICE_NAME = "ecs"
EKS_SERVICES_NAME = "eks"
ELASTICMAPREDUCE_SERVICE_NAME = "elasticmapreduce"
EVENTBRIDGE_SERVICE_NAME = "events"
GLUE_DATABREW_SERVICE_NAME = "databrew"
GLUE_SERVICE_NAME = "glue"
LAMBDA_SERVICE_NAME = "lambda"
SNS_SERVICE_NAME = "sns"
SQS_SERVICE_NAME = "sqs"
STEP_FUNCTIONS_SERVICE_NAME = "states"


def _actions(name: str, service: str) -> Any:
    members = {action[0].upper() + action[1:]: action for action in INTEGRATIONS[service].actions}
    return Enum(name, members, module=__name__)


BatchApi = _actions("BatchApi", BATCH_SERVICE_NAME)
DynamoDBApi = _actions("DynamoDBApi", DYNAMODB_SERVICE_NAME)
EcsApi = _actions("EcsApi", ECS_SERVICE_NAME)
EksApi = _actions("EksApi", EKS_SERVICES_NAME)
ElasticMapReduceApi = _actions("ElasticMapReduceApi", ELASTICMAPREDUCE_SERVICE_NAME)
EventBridgeApi = _actions("EventBridgeApi", EVENTBRIDGE_SERVICE_NAME)
GlueApi = _actions("GlueApi", GLUE_SERVICE_NAME)
GlueDataBrewApi = _actions("GlueDataBrewApi", GLUE_DATABREW_SERVICE_NAME)
LambdaApi = _actions("LambdaApi", LAMBDA_SERVICE_NAME)
SnsApi = _actions("SnsApi", SNS_SERVICE_NAME)
SqsApi = _actions("SqsApi", SQS_SERVICE_NAME)
StepFunctions = _actions("StepFunctions", STEP_FUNCTIONS_SERVICE_NAME)
