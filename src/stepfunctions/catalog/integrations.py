"""The optimised service integrations: what may stand in a Task's ``Resource``, and how its errors are named.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.catalog.sdk_services import action_of, sdk_name, sdk_service

_R = frozenset({IntegrationPattern.REQUEST_RESPONSE})
_RS = _R | {IntegrationPattern.RUN_JOB}
_RT = _R | {IntegrationPattern.WAIT_FOR_TASK_TOKEN}
_RST = _RS | _RT


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceIntegration:
    """One service: boto3's name of it, its actions with their patterns, and the prefix of its errors.

    A modelled exception is reported as ``<prefix>.<Name>Exception``, any other as ``<prefix>.<unmodelled>``.
    """

    client: str
    prefix: str
    unmodelled: str
    actions: Mapping[str, frozenset[IntegrationPattern]]


def _service(
    client: str, prefix: str, unmodelled: str, **patterns: frozenset[IntegrationPattern]
) -> ServiceIntegration:
    return ServiceIntegration(client=client, prefix=prefix, unmodelled=unmodelled, actions=MappingProxyType(patterns))


INTEGRATIONS: Mapping[str, ServiceIntegration] = MappingProxyType(
    {
        "apigateway": _service("apigateway", "ApiGateway", "ApiGatewayException", invoke=_RT),
        "athena": _service(
            "athena",
            "Athena",
            "AmazonAthenaException",
            startQueryExecution=_RS,
            stopQueryExecution=_R,
            getQueryExecution=_R,
            getQueryResults=_R,
        ),
        "batch": _service("batch", "Batch", "AWSBatchException", submitJob=_RS),
        "bedrock": _service(
            "bedrock-runtime", "Bedrock", "BedrockException", invokeModel=_R, createModelCustomizationJob=_RS
        ),
        "codebuild": _service(
            "codebuild",
            "CodeBuild",
            "AWSCodeBuildException",
            startBuild=_RS,
            startBuildBatch=_RS,
            retryBuildBatch=_RS,
            stopBuild=_R,
            stopBuildBatch=_R,
            deleteBuildBatch=_R,
            batchDeleteBuilds=_R,
            batchGetReports=_R,
        ),
        "databrew": _service("databrew", "DataBrew", "AWSGlueDataBrewException", startJobRun=_RS),
        "dynamodb": _service(
            "dynamodb", "DynamoDB", "AmazonDynamoDBException", getItem=_R, putItem=_R, updateItem=_R, deleteItem=_R
        ),
        "ecs": _service("ecs", "ECS", "AmazonECSException", runTask=_RST),
        "eks": _service(
            "eks",
            "EKS",
            "AmazonEKSException",
            createCluster=_RS,
            deleteCluster=_RS,
            createNodegroup=_RS,
            deleteNodegroup=_RS,
            createFargateProfile=_RS,
            deleteFargateProfile=_RS,
            call=_R,
            runJob=_RS,
        ),
        "elasticmapreduce": _service(
            "emr",
            "EMR",
            "AmazonElasticMapReduceException",
            createCluster=_RS,
            terminateCluster=_RS,
            addStep=_RS,
            cancelStep=_R,
            setClusterTerminationProtection=_R,
            modifyInstanceFleetByName=_R,
            modifyInstanceGroupByName=_R,
        ),
        "emr-containers": _service(
            "emr-containers",
            "EMRContainers",
            "AmazonEMRContainersException",
            createVirtualCluster=_R,
            deleteVirtualCluster=_RS,
            startJobRun=_RS,
        ),
        "emr-serverless": _service(
            "emr-serverless",
            "EmrServerless",
            "AWSEMRServerlessException",
            createApplication=_RS,
            startApplication=_RS,
            stopApplication=_RS,
            deleteApplication=_RS,
            startJobRun=_RS,
            cancelJobRun=_RS,
        ),
        "events": _service("events", "EventBridge", "AmazonEventBridgeException", putEvents=_RT),
        "glue": _service("glue", "Glue", "AWSGlueException", startJobRun=_RS),
        "http": _service("http", "States.Http", "Socket", invoke=_R),
        "lambda": _service("lambda", "Lambda", "AWSLambdaException", invoke=_RT),
        "mediaconvert": _service("mediaconvert", "MediaConvert", "AWSMediaConvertException", createJob=_RS),
        "sagemaker": _service(
            "sagemaker",
            "SageMaker",
            "AmazonSageMakerException",
            createTrainingJob=_RS,
            createTransformJob=_RS,
            createProcessingJob=_RS,
            createHyperParameterTuningJob=_RS,
            createLabelingJob=_RS,
            createModel=_R,
            createEndpointConfig=_R,
            createEndpoint=_R,
            updateEndpoint=_R,
        ),
        "sns": _service("sns", "SNS", "AmazonSNSException", publish=_RT),
        "sqs": _service("sqs", "SQS", "AmazonSQSException", sendMessage=_RT),
        "states": _service("stepfunctions", "StepFunctions", "AWSStepFunctionsException", startExecution=_RST),
    }
)
"""The service's name in a resource ARN -> its integration."""

_NOT_IN_THE_API = frozenset({"apigateway", "http", "elasticmapreduce"})
"""Services whose actions are Step Functions' own, whatever the API's are called."""

_OPERATIONS: Mapping[tuple[str, str], tuple[str, str] | None] = MappingProxyType(
    {
        ("bedrock", "createModelCustomizationJob"): ("bedrock", "CreateModelCustomizationJob"),
        ("bedrock", "invokeModel"): None,
        ("eks", "call"): None,
        ("eks", "runJob"): None,
    }
)


def operation_of(service: str, action: str) -> tuple[str, str] | None:
    """Return boto3's name of the service and AWS's of the operation whose request an action takes as it is.

    None for actions that take a request of their own.

    >>> operation_of("states", "startExecution")
    ('stepfunctions', 'StartExecution')
    """
    if service in _NOT_IN_THE_API:
        return None
    own = (INTEGRATIONS[service].client, action[0].upper() + action[1:])
    return _OPERATIONS.get((service, action), own)


def problem_with(resource: Resource) -> str | None:
    """Return why AWS would not know a service integration, or None. The text is a whole sentence."""
    if resource.kind != "service":
        return None
    if resource.sdk:
        if resource.pattern is IntegrationPattern.RUN_JOB:
            return "An aws-sdk integration has no '.sync': start the job and poll its description."
        return _problem_with_names(resource)
    service = INTEGRATIONS.get(resource.service)
    if service is None:
        return (
            f"There is no optimised integration of '{resource.service}'. There are: {', '.join(INTEGRATIONS)}; "
            f"for other services write arn:aws:states:::aws-sdk:{resource.service}:{resource.action}."
        )
    patterns = service.actions.get(resource.action)
    if patterns is None:
        return (
            f"The integration of '{resource.service}' has no action '{resource.action}'. It has: "
            f"{', '.join(service.actions)}."
        )
    if resource.pattern not in patterns:
        allowed = ", ".join(
            f"'.{pattern.value}'" if pattern.value else "no suffix"
            for pattern in IntegrationPattern
            if pattern in patterns
        )
        return f"'{resource.service}:{resource.action}' does not support '.{resource.pattern.value}', but: {allowed}."
    return _problem_with_version(resource)


def _problem_with_names(resource: Resource) -> str | None:
    """Return why AWS would not know a service or an action of ``aws-sdk:`` by the name given, or None."""
    service = sdk_name(resource.service)
    action = action_of(resource.action)
    if (service, action) == (resource.service, resource.action):
        return _unknown_operation(resource)
    return f"AWS does not know 'aws-sdk:{resource.service}:{resource.action}': write 'aws-sdk:{service}:{action}'."


def _unknown_operation(resource: Resource) -> str | None:
    """Return why there is no such service or action, asked of botocore, or None."""
    from stepfunctions.catalog.requests import find_operation

    try:
        operation = find_operation(sdk_service(resource.service).client, resource.action)
    except ValueError as error:
        return str(error)
    action = action_of(operation.name)
    if action == resource.action:
        return None
    return f"AWS does not know the action '{resource.action}': write 'aws-sdk:{resource.service}:{action}'."


def _problem_with_version(resource: Resource) -> str | None:
    if resource.version is None:
        return None
    if (resource.service, resource.pattern) != ("states", IntegrationPattern.RUN_JOB):
        suffix = f".{resource.pattern.value}" if resource.pattern.value else ""
        return (
            f"'{suffix}:{resource.version}' exists for states:startExecution alone: write "
            f"{repr(suffix) if suffix else 'no suffix'}."
        )
    return None if resource.version == 2 else (f"There is no '.sync:{resource.version}': write '.sync' or '.sync:2'.")
