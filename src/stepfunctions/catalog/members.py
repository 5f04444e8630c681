"""The members that requests of the optimised integrations have, to tell a misspelt one without loading botocore."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_MEMBERS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("athena", "startQueryExecution"): (
            "ClientRequestToken EngineConfiguration ExecutionParameters QueryExecutionContext QueryString "
            "ResultConfiguration ResultReuseConfiguration WorkGroup"
        ),
        ("athena", "stopQueryExecution"): "QueryExecutionId",
        ("athena", "getQueryExecution"): "QueryExecutionId",
        ("athena", "getQueryResults"): "MaxResults NextToken QueryExecutionId QueryResultType",
        ("batch", "submitJob"): (
            "ArrayProperties ConsumableResourcePropertiesOverride ContainerOverrides DependsOn EcsPropertiesOverride "
            "EksPropertiesOverride JobDefinition JobName JobQueue NodeOverrides Parameters PropagateTags "
            "RetryStrategy SchedulingPriorityOverride ShareIdentifier Tags Timeout"
        ),
        ("bedrock", "createModelCustomizationJob"): (
            "BaseModelIdentifier ClientRequestToken CustomModelKmsKeyId CustomModelName CustomModelTags "
            "CustomizationConfig CustomizationType HyperParameters JobName JobTags OutputDataConfig RoleArn "
            "TrainingDataConfig ValidationDataConfig VpcConfig"
        ),
        ("codebuild", "startBuild"): (
            "ArtifactsOverride AutoRetryLimitOverride BuildStatusConfigOverride BuildspecOverride CacheOverride "
            "CertificateOverride ComputeTypeOverride DebugSessionEnabled EncryptionKeyOverride "
            "EnvironmentTypeOverride EnvironmentVariablesOverride FleetOverride GitCloneDepthOverride "
            "GitSubmodulesConfigOverride HostKernelOverride IdempotencyToken ImageOverride "
            "ImagePullCredentialsTypeOverride InsecureSslOverride LogsConfigOverride PrivilegedModeOverride "
            "ProjectName QueuedTimeoutInMinutesOverride RegistryCredentialOverride ReportBuildStatusOverride "
            "SecondaryArtifactsOverride SecondarySourcesOverride SecondarySourcesVersionOverride ServiceRoleOverride "
            "SourceAuthOverride SourceLocationOverride SourceTypeOverride SourceVersion TimeoutInMinutesOverride"
        ),
        ("codebuild", "startBuildBatch"): (
            "ArtifactsOverride BuildBatchConfigOverride BuildTimeoutInMinutesOverride BuildspecOverride CacheOverride "
            "CertificateOverride ComputeTypeOverride DebugSessionEnabled EncryptionKeyOverride "
            "EnvironmentTypeOverride EnvironmentVariablesOverride GitCloneDepthOverride GitSubmodulesConfigOverride "
            "IdempotencyToken ImageOverride ImagePullCredentialsTypeOverride InsecureSslOverride LogsConfigOverride "
            "PrivilegedModeOverride ProjectName QueuedTimeoutInMinutesOverride RegistryCredentialOverride "
            "ReportBuildBatchStatusOverride SecondaryArtifactsOverride SecondarySourcesOverride "
            "SecondarySourcesVersionOverride ServiceRoleOverride SourceAuthOverride SourceLocationOverride "
            "SourceTypeOverride SourceVersion"
        ),
        ("codebuild", "retryBuildBatch"): "Id IdempotencyToken RetryType",
        ("codebuild", "stopBuild"): "Id",
        ("codebuild", "stopBuildBatch"): "Id",
        ("codebuild", "deleteBuildBatch"): "Id",
        ("codebuild", "batchDeleteBuilds"): "Ids",
        ("codebuild", "batchGetReports"): "ReportArns",
        ("databrew", "startJobRun"): "Name",
        ("dynamodb", "getItem"): (
            "AttributesToGet ConsistentRead ExpressionAttributeNames Key ProjectionExpression ReturnConsumedCapacity "
            "TableName"
        ),
        ("dynamodb", "putItem"): (
            "ConditionExpression ConditionalOperator Expected ExpressionAttributeNames ExpressionAttributeValues Item "
            "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues ReturnValuesOnConditionCheckFailure "
            "TableName"
        ),
        ("dynamodb", "updateItem"): (
            "AttributeUpdates ConditionExpression ConditionalOperator Expected ExpressionAttributeNames "
            "ExpressionAttributeValues Key ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues "
            "ReturnValuesOnConditionCheckFailure TableName UpdateExpression"
        ),
        ("dynamodb", "deleteItem"): (
            "ConditionExpression ConditionalOperator Expected ExpressionAttributeNames ExpressionAttributeValues Key "
            "ReturnConsumedCapacity ReturnItemCollectionMetrics ReturnValues ReturnValuesOnConditionCheckFailure "
            "TableName"
        ),
        ("ecs", "runTask"): (
            "CapacityProviderStrategy ClientToken Cluster Count EnableECSManagedTags EnableExecuteCommand Group "
            "LaunchType NetworkConfiguration Overrides PlacementConstraints PlacementStrategy PlatformVersion "
            "PropagateTags ReferenceId StartedBy Tags TaskDefinition VolumeConfigurations"
        ),
        ("eks", "createCluster"): (
            "AccessConfig BootstrapSelfManagedAddons ClientRequestToken ComputeConfig ControlPlaneScalingConfig "
            "DeletionProtection EncryptionConfig KubeApiServerConfig KubeControllerManagerConfig KubeSchedulerConfig "
            "KubernetesNetworkConfig Logging Name OutpostConfig RemoteNetworkConfig ResourcesVpcConfig RoleArn "
            "StorageConfig Tags UpgradePolicy Version ZonalShiftConfig"
        ),
        ("eks", "deleteCluster"): "Name",
        ("eks", "createNodegroup"): (
            "AmiType CapacityType ClientRequestToken ClusterName DiskSize InstanceTypes Labels LaunchTemplate "
            "NodeRepairConfig NodeRole NodegroupName ReleaseVersion RemoteAccess ScalingConfig Subnets Tags Taints "
            "UpdateConfig Version WarmPoolConfig"
        ),
        ("eks", "deleteNodegroup"): "ClusterName NodegroupName",
        ("eks", "createFargateProfile"): (
            "ClientRequestToken ClusterName FargateProfileName PodExecutionRoleArn Selectors Subnets Tags"
        ),
        ("eks", "deleteFargateProfile"): "ClusterName FargateProfileName",
        ("emr-containers", "createVirtualCluster"): (
            "ClientToken ContainerProvider Name SchedulerConfiguration SecurityConfigurationId SessionEnabled Tags"
        ),
        ("emr-containers", "deleteVirtualCluster"): "Id",
        ("emr-containers", "startJobRun"): (
            "ClientToken ConfigurationOverrides ExecutionRoleArn JobDriver JobTemplateId JobTemplateParameters Name "
            "ReleaseLabel RetryPolicyConfiguration Tags VirtualClusterId"
        ),
        ("emr-serverless", "createApplication"): (
            "Architecture AutoStartConfiguration AutoStopConfiguration ClientToken DiskEncryptionConfiguration "
            "IdentityCenterConfiguration ImageConfiguration InitialCapacity InteractiveConfiguration "
            "JobLevelCostAllocationConfiguration MaximumCapacity MonitoringConfiguration Name NetworkConfiguration "
            "ReleaseLabel RuntimeConfiguration SchedulerConfiguration Tags Type WorkerTypeSpecifications"
        ),
        ("emr-serverless", "startApplication"): "ApplicationId",
        ("emr-serverless", "stopApplication"): "ApplicationId",
        ("emr-serverless", "deleteApplication"): "ApplicationId",
        ("emr-serverless", "startJobRun"): (
            "ApplicationId ClientToken ConfigurationOverrides ExecutionIamPolicy ExecutionRoleArn "
            "ExecutionTimeoutMinutes FlexExecution JobDriver Mode Name RetryPolicy Tags"
        ),
        ("emr-serverless", "cancelJobRun"): "ApplicationId JobRunId ShutdownGracePeriodInSeconds",
        ("events", "putEvents"): "EndpointId Entries",
        ("glue", "startJobRun"): (
            "AllocatedCapacity Arguments ExecutionClass ExecutionRoleSessionPolicy JobName JobRunId "
            "JobRunQueuingEnabled MaxCapacity NotificationProperty NumberOfWorkers SecurityConfiguration Timeout "
            "WorkerType"
        ),
        ("lambda", "invoke"): (
            "ClientContext DurableExecutionName FunctionName InvocationType LogType Payload Qualifier TenantId"
        ),
        ("mediaconvert", "createJob"): (
            "AccelerationSettings BillingTagsSource ClientRequestToken ElementalInferenceSettings HopDestinations "
            "JobEngineVersion JobTemplate Priority Queue Role Settings SimulateReservedQueue StatusUpdateInterval "
            "Tags UserMetadata"
        ),
        ("sagemaker", "createTrainingJob"): (
            "AlgorithmSpecification CheckpointConfig DebugHookConfig DebugRuleConfigurations "
            "EnableInterContainerTrafficEncryption EnableManagedSpotTraining EnableNetworkIsolation Environment "
            "ExperimentConfig HyperParameters InfraCheckConfig InputDataConfig MlflowConfig ModelPackageConfig "
            "OutputDataConfig ProfilerConfig ProfilerRuleConfigurations RemoteDebugConfig ResourceConfig "
            "RetryStrategy RoleArn ServerlessJobConfig SessionChainingConfig StoppingCondition Tags "
            "TensorBoardOutputConfig TrainingJobName VpcConfig"
        ),
        ("sagemaker", "createTransformJob"): (
            "BatchStrategy DataCaptureConfig DataProcessing Environment ExperimentConfig MaxConcurrentTransforms "
            "MaxPayloadInMB ModelClientConfig ModelName Tags TransformInput TransformJobName TransformOutput "
            "TransformResources"
        ),
        ("sagemaker", "createProcessingJob"): (
            "AppSpecification Environment ExperimentConfig NetworkConfig ProcessingInputs ProcessingJobName "
            "ProcessingOutputConfig ProcessingResources RoleArn StoppingCondition Tags"
        ),
        ("sagemaker", "createHyperParameterTuningJob"): (
            "Autotune HyperParameterTuningJobConfig HyperParameterTuningJobName Tags TrainingJobDefinition "
            "TrainingJobDefinitions WarmStartConfig"
        ),
        ("sagemaker", "createLabelingJob"): (
            "HumanTaskConfig InputConfig LabelAttributeName LabelCategoryConfigS3Uri LabelingJobAlgorithmsConfig "
            "LabelingJobName OutputConfig RoleArn StoppingConditions Tags"
        ),
        ("sagemaker", "createModel"): (
            "Containers EnableNetworkIsolation ExecutionRoleArn InferenceExecutionConfig ModelName PrimaryContainer "
            "Tags VpcConfig"
        ),
        ("sagemaker", "createEndpointConfig"): (
            "AsyncInferenceConfig CrossRegionTrafficConfig DataCaptureConfig EnableNetworkIsolation "
            "EndpointConfigName ExecutionRoleArn ExplainerConfig KmsKeyId MetricsConfig ProductionVariants "
            "ShadowProductionVariants Tags VpcConfig"
        ),
        ("sagemaker", "createEndpoint"): "DeploymentConfig EndpointConfigName EndpointName Tags",
        ("sagemaker", "updateEndpoint"): (
            "DeploymentConfig EndpointConfigName EndpointName ExcludeRetainedVariantProperties "
            "RetainAllVariantProperties RetainDeploymentConfig"
        ),
        ("sns", "publish"): (
            "Message MessageAttributes MessageDeduplicationId MessageGroupId MessageStructure PhoneNumber Subject "
            "TargetArn TopicArn"
        ),
        ("sqs", "sendMessage"): (
            "DelaySeconds MessageAttributes MessageBody MessageDeduplicationId MessageGroupId MessageSystemAttributes "
            "QueueUrl"
        ),
        ("states", "startExecution"): "Input Name StateMachineArn TraceHeader",
    }
)
"""(service, action) -> the members of the request. The API may have got more since."""


def members_of(service: str, action: str) -> frozenset[str]:
    """Return the members that the request of an action is known to have; none where the catalog does not say."""
    return frozenset(_MEMBERS.get((service, action), "").split())


def misspelt_member(service: str, action: str, names: Iterable[object]) -> tuple[str, str] | None:
    """Return the first name, as it was given, that looks like a member misspelt, and that member; or None.

    ``.$`` at the end of a name does not count. A name that is like none is not reported: the API may have it since.

    >>> misspelt_member("sns", "publish", ["TopicArn", "Mesage"])
    ('Mesage', 'Message')
    """
    known = members_of(service, action)
    for name in names:
        bare = str(name).removesuffix(".$")
        if not known or bare in known:
            continue
        by_letters = {member.lower(): member for member in known}
        close = difflib.get_close_matches(bare.replace("_", "").lower(), by_letters, n=1, cutoff=0.85)
        if close:
            return str(name), by_letters[close[0]]
    return None
