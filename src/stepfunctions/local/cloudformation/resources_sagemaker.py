"""Resource types of SageMaker.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html
"""

from __future__ import annotations

from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Ready, TagCalls

_TAGS = TagCalls("ResourceArn", "{id}", "AddTags", "DeleteTags")
_AT_WORK = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "InProgress", "Pending"})

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
]
