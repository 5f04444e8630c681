"""What IAM calls an API's operations, and the resources they are about.

Service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PREFIXES = MappingProxyType(
    {"cloudwatch": "cloudwatch", "iot-data": "iot", "sagemaker-runtime": "sagemaker", "stepfunctions": "states"}
)
"""boto3's name of a service -> the prefix of its actions, where that is not the name that requests are signed with."""
ACTIONS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "lambda": {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction"},
        "sqs": {
            "SendMessageBatch": "SendMessage",
            "DeleteMessageBatch": "DeleteMessage",
            "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        },
        "sns": {"PublishBatch": "Publish"},
        "s3": {
            "HeadObject": "GetObject",
            "HeadBucket": "ListBucket",
            "ListObjects": "ListBucket",
            "ListObjectsV2": "ListBucket",
            "ListObjectVersions": "ListBucketVersions",
            "ListBuckets": "ListAllMyBuckets",
            "ListMultipartUploads": "ListBucketMultipartUploads",
            "ListParts": "ListMultipartUploadParts",
            "CreateMultipartUpload": "PutObject",
            "UploadPart": "PutObject",
            "CompleteMultipartUpload": "PutObject",
            "CopyObject": "PutObject",
            "UploadPartCopy": "PutObject",
            "DeleteObjects": "DeleteObject",
            "GetBucketNotificationConfiguration": "GetBucketNotification",
            "PutBucketNotificationConfiguration": "PutBucketNotification",
            "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
            "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
            "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
            "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
            "GetBucketCors": "GetBucketCORS",
            "PutBucketCors": "PutBucketCORS",
            "SelectObjectContent": "GetObject",
            "GetBucketEncryption": "GetEncryptionConfiguration",
            "PutBucketEncryption": "PutEncryptionConfiguration",
        },
        "dynamodb": {"ExecuteStatement": "PartiQLSelect"},
    }
)
RESOURCES: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        # service -> (member, the ARN after "arn:aws:<prefix>:<region>:<account>:"); the first member given counts
        "athena": (("WorkGroup", "workgroup/{}"),),
        "lambda": (("FunctionName", "function:{}"),),
        "glue": (("JobName", "job/{}"), ("CrawlerName", "crawler/{}"), ("DatabaseName", "database/{}")),
        "dynamodb": (("TableName", "table/{}"),),
        "secretsmanager": (("SecretId", "secret:{}-??????"),),
        "logs": (("logGroupName", "log-group:{}:*"),),
        "ecs": (("taskDefinition", "task-definition/{}"),),
        "batch": (("jobDefinition", "job-definition/{}"), ("jobQueue", "job-queue/{}")),
        "sagemaker": (
            ("TrainingJobName", "training-job/{}"),
            ("ProcessingJobName", "processing-job/{}"),
            ("TransformJobName", "transform-job/{}"),
            ("HyperParameterTuningJobName", "hyper-parameter-tuning-job/{}"),
            ("EndpointName", "endpoint/{}"),
            ("EndpointConfigName", "endpoint-config/{}"),
            ("ModelName", "model/{}"),
            ("ModelPackageGroupName", "model-package-group/{}"),
            ("MonitoringScheduleName", "monitoring-schedule/{}"),
        ),
        "sagemaker-runtime": (("EndpointName", "endpoint/{}"),),
        "cloudwatch": (("AlarmName", "alarm:{}"),),
        "kms": (("KeyId", "key/{}"),),
        "codebuild": (("projectName", "project/{}"),),
    }
)
ROLE_MEMBERS = frozenset(
    {
        "autoscalingrole", "dataaccessrolearn", "executionrolearn", "jobflowrole", "jobrolearn", "role", "rolearn",
        "servicerole", "servicerolearn", "taskrolearn",
    }
)  # fmt: skip
"""Members, in lower case, by which a call gives a role to a service: it needs iam:PassRole."""
ROLES_FOR = MappingProxyType({"autoscalingrole": "application-autoscaling", "jobflowrole": "ec2"})
"""Members whose role is for another service than the one that is called.

https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-managed-policy-fullaccess-v2.html
"""
PASSED_TO = MappingProxyType({"ecs": "ecs-tasks", "stepfunctions": "states", "cloudwatch": "monitoring"})
"""boto3's name of a service -> the one that roles are passed to, before ``.amazonaws.com``, where that is another."""

_R = "StepFunctionsGetEvents"
MANAGED_RULES: Mapping[tuple[str, str], tuple[str, bool]] = MappingProxyType(
    {
        ("batch", "submitJob"): (f"{_R}ForBatchJobsRule", True),
        ("bedrock", "createModelCustomizationJob"): (f"{_R}ForBedrockModelCustomizationJobRule", False),
        ("codebuild", "retryBuildBatch"): ("StepFunctionsGetEventForCodeBuildStartBuildBatchRule", True),
        ("codebuild", "startBuild"): ("StepFunctionsGetEventForCodeBuildStartBuildRule", True),
        ("codebuild", "startBuildBatch"): ("StepFunctionsGetEventForCodeBuildStartBuildBatchRule", True),
        ("ecs", "runTask"): (f"{_R}ForECSTaskRule", True),
        ("elasticmapreduce", "addStep"): ("StepFunctionsGetEventForEMRAddJobFlowStepsRule", True),
        ("elasticmapreduce", "createCluster"): ("StepFunctionsGetEventForEMRRunJobFlowRule", True),
        ("elasticmapreduce", "terminateCluster"): ("StepFunctionsGetEventForEMRTerminateJobFlowsRule", True),
        ("emr-serverless", "cancelJobRun"): (f"{_R}ForEMRServerlessJobRule", True),
        ("emr-serverless", "createApplication"): (f"{_R}ForEMRServerlessApplicationRule", True),
        ("emr-serverless", "deleteApplication"): (f"{_R}ForEMRServerlessApplicationRule", True),
        ("emr-serverless", "startApplication"): (f"{_R}ForEMRServerlessApplicationRule", True),
        ("emr-serverless", "startJobRun"): (f"{_R}ForEMRServerlessJobRule", True),
        ("emr-serverless", "stopApplication"): (f"{_R}ForEMRServerlessApplicationRule", True),
        ("mediaconvert", "createJob"): (f"{_R}ForMediaConvertJobRule", True),
        ("sagemaker", "createHyperParameterTuningJob"): (f"{_R}ForSageMakerTuningJobsRule", False),
        ("sagemaker", "createLabelingJob"): (f"{_R}ForSageMakerLabelingJobsRule", False),
        ("sagemaker", "createProcessingJob"): (f"{_R}ForSageMakerProcessingJobsRule", True),
        ("sagemaker", "createTrainingJob"): (f"{_R}ForSageMakerTrainingJobsRule", True),
        ("sagemaker", "createTransformJob"): (f"{_R}ForSageMakerTransformJobsRule", True),
        ("states", "startExecution"): (f"{_R}ForStepFunctionsExecutionRule", True),
    }
)
"""(service, action) that a task waits for -> the rule by which Step Functions learns of the end, and whether a page of
AWS has been seen that names it. Jobs that are not here are polled.

https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""
