"""Resource types of SageMaker.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html
"""

from __future__ import annotations

from stepfunctions.catalog.monitoring import KINDS, Monitoring
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Ready, TagCalls

_TAGS = TagCalls("ResourceArn", "{id}", "AddTags", "DeleteTags")
_AT_WORK = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "InProgress", "Pending"})
_ANSWERED = frozenset({"EndpointName", "FailureReason", "LastMonitoringExecutionSummary", "MonitoringScheduleStatus"})
"""Properties of a monitoring schedule that no request has."""


def _job_definition(monitoring: Monitoring) -> Resource:
    """Return a kind of Model Monitor's job definitions; none can be changed, so each has a new one made."""
    name = monitoring.name
    return Resource(
        type=f"AWS::SageMaker::{name}JobDefinition",
        service="sagemaker",
        fields=f"{name}AppSpecification*! {name}BaselineConfig! {name}JobInput*! {name}JobOutputConfig*! EndpointName!"
        " JobDefinitionName! JobResources*! NetworkConfig! RoleArn*! StoppingCondition! Tags!",
        only_updates=frozenset({"EndpointName"}),
        unread=frozenset({"EndpointName"}),
        create_call=f"Create{name}JobDefinition",
        describe_call=f"Describe{name}JobDefinition",
        delete_call=f"Delete{name}JobDefinition",
        name=("JobDefinitionName", 63),
        ref=f"arn:{{partition}}:sagemaker:{{region}}:{{account}}:{monitoring.kind}/{{JobDefinitionName}}",
        key={"JobDefinitionName": "{tail}"},
        attributes={"JobDefinitionArn": "{id}"},
        tags=_TAGS,
    )


HANDLERS = [
    Resource(
        type="AWS::SageMaker::Model",
        service="sagemaker",
        fields="Containers! EnableNetworkIsolation! ExecutionRoleArn! InferenceExecutionConfig! ModelName!"
        " PrimaryContainer! Tags VpcConfig!",
        create_call="CreateModel",
        describe_call="DescribeModel",
        delete_call="DeleteModel",
        name=("ModelName", 63),
        ref="arn:{partition}:sagemaker:{region}:{account}:model/{ModelName}",
        key={"ModelName": "{tail}"},
        attributes={"ModelArn": "{id}", "ModelName": "{ModelName}"},
        tags=_TAGS,
    ),
    Resource(
        type="AWS::SageMaker::ModelPackageGroup",
        service="sagemaker",
        fields="ModelPackageGroupDescription! ModelPackageGroupName*! Tags",
        create_call="CreateModelPackageGroup",
        describe_call="DescribeModelPackageGroup",
        delete_call="DeleteModelPackageGroup",
        name=("ModelPackageGroupName", 63),
        ref="arn:{partition}:sagemaker:{region}:{account}:model-package-group/{ModelPackageGroupName}",
        key={"ModelPackageGroupName": "{tail}"},
        attributes={"ModelPackageGroupArn": "{id}"},
        tags=_TAGS,
    ),
    Resource(
        type="AWS::SageMaker::EndpointConfig",
        service="sagemaker",
        fields="AsyncInferenceConfig! DataCaptureConfig! EnableNetworkIsolation! EndpointConfigName! ExecutionRoleArn!"
        " ExplainerConfig! KmsKeyId! ProductionVariants*! ShadowProductionVariants! Tags VpcConfig!",
        create_call="CreateEndpointConfig",
        describe_call="DescribeEndpointConfig",
        delete_call="DeleteEndpointConfig",
        name=("EndpointConfigName", 63),
        ref="arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{EndpointConfigName}",
        key={"EndpointConfigName": "{tail}"},
        attributes={"EndpointConfigArn": "{id}", "EndpointConfigName": "{EndpointConfigName}"},
        tags=_TAGS,
    ),
    Resource(
        type="AWS::SageMaker::Endpoint",
        service="sagemaker",
        fields="DeploymentConfig EndpointConfigName* EndpointName! ExcludeRetainedVariantProperties"
        " RetainAllVariantProperties RetainDeploymentConfig Tags",
        only_updates=frozenset(
            {"ExcludeRetainedVariantProperties", "RetainAllVariantProperties", "RetainDeploymentConfig"}
        ),
        create_call="CreateEndpoint",
        update_call="UpdateEndpoint",
        describe_call="DescribeEndpoint",
        delete_call="DeleteEndpoint",
        name=("EndpointName", 63),
        ref="arn:{partition}:sagemaker:{region}:{account}:endpoint/{EndpointName}",
        key={"EndpointName": "{tail}"},
        attributes={"EndpointArn": "{id}", "EndpointName": "{EndpointName}"},
        ready=Ready("EndpointStatus", _AT_WORK, frozenset({"InService"})),
        tags=_TAGS,
    ),
    *map(_job_definition, KINDS.values()),
    Resource(
        type="AWS::SageMaker::MonitoringSchedule",
        service="sagemaker",
        fields="EndpointName FailureReason LastMonitoringExecutionSummary MonitoringScheduleConfig*"
        " MonitoringScheduleName*! MonitoringScheduleStatus Tags",
        only_updates=_ANSWERED,
        unread=_ANSWERED,
        create_call="CreateMonitoringSchedule",
        update_call="UpdateMonitoringSchedule",
        describe_call="DescribeMonitoringSchedule",
        delete_call="DeleteMonitoringSchedule",
        name=("MonitoringScheduleName", 63),
        ref="arn:{partition}:sagemaker:{region}:{account}:monitoring-schedule/{MonitoringScheduleName}",
        key={"MonitoringScheduleName": "{tail}"},
        attributes={"MonitoringScheduleArn": "{id}", "CreationTime": "{CreationTime}"},
        ready=Ready("MonitoringScheduleStatus", frozenset({"Pending"}), frozenset({"Scheduled", "Stopped"})),
        tags=_TAGS,
    ),
]
