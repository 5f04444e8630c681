"""Resource types of services that moto stands for: DynamoDB, KMS, Systems Manager, Secrets Manager.

They are gone when the local cloud stops, as all of moto's part.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.local.cloudformation.convert import converted, wrong
from stepfunctions.local.cloudformation.handlers import Context, Properties
from stepfunctions.local.cloudformation.resource import Resource, member_shape
from stepfunctions.local.cloudformation.resource_parts import Ready, Setting, TagCalls


def _with_secret(context: Context, properties: Properties) -> Properties:
    """Return a secret's properties with the password that GenerateSecretString asks for."""
    asked = properties.pop("GenerateSecretString", None)
    if asked is None:
        return properties
    if not isinstance(asked, dict):
        raise wrong("Value of property GenerateSecretString must be an object")
    template, key = asked.get("SecretStringTemplate"), asked.get("GenerateStringKey")
    shape = {name: value for name, value in asked.items() if not name.startswith(("SecretString", "GenerateString"))}
    request = {
        name: converted(value, member_shape("secretsmanager", "GetRandomPassword", name), name)
        for name, value in shape.items()
    }
    password: Any = context.call("secretsmanager", "GetRandomPassword", **request)["RandomPassword"]
    if template is not None and key is not None:
        password = json.dumps({**json.loads(template), key: password})
    return properties | {"SecretString": password}


def _enabled(value: Any) -> Properties:
    return {"PointInTimeRecoverySpecification": value}


HANDLERS = [
    Resource(
        type="AWS::DynamoDB::Table",
        service="dynamodb",
        fields="AttributeDefinitions BillingMode DeletionProtectionEnabled GlobalSecondaryIndexes KeySchema*"
        " LocalSecondaryIndexes PointInTimeRecoverySpecification ProvisionedThroughput SSESpecification"
        " StreamSpecification TableClass TableName! Tags TimeToLiveSpecification",
        create_call="CreateTable",
        update_call="UpdateTable",
        describe_call="DescribeTable",
        inside="Table",
        delete_call="DeleteTable",
        name=("TableName", 255),
        ref="{TableName}",
        key={"TableName": "{TableName}"},
        attributes={"Arn": "{TableArn}", "StreamArn": "{LatestStreamArn}"},
        settings=(
            Setting("TimeToLiveSpecification", "UpdateTimeToLive"),
            Setting("PointInTimeRecoverySpecification", "UpdateContinuousBackups", members=_enabled),
        ),
        ready=Ready("TableStatus", frozenset({"CREATING", "UPDATING"}), frozenset({"ACTIVE"})),
        tags=TagCalls("ResourceArn", "{TableArn}"),
    ),
    Resource(
        type="AWS::KMS::Key",
        service="kms",
        fields="Description KeyPolicy KeySpec! KeyUsage! MultiRegion! Origin! Tags",
        renames={"KeyPolicy": "Policy"},
        create_call="CreateKey",
        describe_call="DescribeKey",
        inside="KeyMetadata",
        delete_call="ScheduleKeyDeletion",
        ref="{KeyId}",
        key={"KeyId": "{id}"},
        attributes={"Arn": "{Arn}", "KeyId": "{id}"},
        settings=(
            Setting("Description", "UpdateKeyDescription", default="", created=True),
            Setting("KeyPolicy", "PutKeyPolicy", members=lambda value: {"Policy": value}, created=True),
        ),
    ),
    Resource(
        type="AWS::KMS::Alias",
        service="kms",
        fields="AliasName*! TargetKeyId*",
        create_call="CreateAlias",
        update_call="UpdateAlias",
        delete_call="DeleteAlias",
        ref="{AliasName}",
        key={"AliasName": "{id}"},
    ),
    Resource(
        type="AWS::SSM::Parameter",
        service="ssm",
        fields="AllowedPattern DataType Description Name! Tags Tier Type* Value*",
        create_call="PutParameter",
        update_call="PutParameter",
        updating={"Overwrite": True},
        describe_call="GetParameter",
        inside="Parameter",
        delete_call="DeleteParameter",
        name=("Name", 1011),
        ref="{Name}",
        key={"Name": "{Name}"},
        attributes={"Type": "{Type}", "Value": "{Value}", "Arn": "{ARN}"},
        tags=TagCalls(
            "ResourceId", "{Name}", "AddTagsToResource", "RemoveTagsFromResource", {"ResourceType": "Parameter"}
        ),
    ),
    Resource(
        type="AWS::SecretsManager::Secret",
        service="secretsmanager",
        fields="Description GenerateSecretString! KmsKeyId Name! SecretString Tags",
        prepared=_with_secret,
        create_call="CreateSecret",
        update_call="UpdateSecret",
        describe_call="DescribeSecret",
        delete_call="DeleteSecret",
        deleting={"ForceDeleteWithoutRecovery": True},
        name=("Name", 256),
        ref="{ARN}",
        key={"SecretId": "{id}"},
        attributes={"Id": "{id}"},
        tags=TagCalls("SecretId"),
    ),
]
