"""The names of ``aws-sdk:`` integrations, against every service of botocore and AWS's own list of them."""

from __future__ import annotations

import pytest
from botocore.loaders import Loader

from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.integrations import problem_with
from stepfunctions.catalog.requests import find_operation, service_model
from stepfunctions.catalog.sdk_services import (
    SDK_NAMES,
    action_of,
    member_of,
    name_of_id,
    prefix_of_id,
    sdk_name,
    sdk_service,
)

CLIENTS = Loader().list_available_services("service-2")

AS_AWS_LISTS_THEM = {
    # boto3's name: the name in the ARN and the prefix of errors, from AWS's table of supported services
    "accessanalyzer": ("accessanalyzer", "AccessAnalyzer"),
    "acm-pca": ("acmpca", "AcmPca"),
    "amplifyuibuilder": ("amplifyuibuilder", "AmplifyUiBuilder"),
    "apigateway": ("apigateway", "ApiGateway"),
    "appflow": ("appflow", "Appflow"),
    "backup-gateway": ("backupgateway", "BackupGateway"),
    "ce": ("costexplorer", "CostExplorer"),
    "cloudhsmv2": ("cloudhsmv2", "CloudHsmV2"),
    "codestar-connections": ("codestarconnections", "CodeStarConnections"),
    "codestar-notifications": ("codestarnotifications", "CodestarNotifications"),
    "cognito-idp": ("cognitoidentityprovider", "CognitoIdentityProvider"),
    "config": ("config", "Config"),
    "cur": ("costandusagereport", "CostAndUsageReport"),
    "discovery": ("applicationdiscovery", "ApplicationDiscovery"),
    "dms": ("databasemigration", "DatabaseMigration"),
    "docdb": ("docdb", "DocDb"),
    "ds": ("directory", "Directory"),
    "dynamodb": ("dynamodb", "DynamoDb"),
    "dynamodbstreams": ("dynamodbstreams", "DynamoDbStreams"),
    "ec2-instance-connect": ("ec2instanceconnect", "Ec2InstanceConnect"),
    "elbv2": ("elasticloadbalancingv2", "ElasticLoadBalancingV2"),
    "emr-containers": ("emrcontainers", "EmrContainers"),
    "es": ("elasticsearch", "Elasticsearch"),
    "events": ("eventbridge", "EventBridge"),
    "fsx": ("fsx", "FSx"),
    "identitystore": ("identitystore", "Identitystore"),
    "iot-jobs-data": ("iotjobsdataplane", "IotJobsDataPlane"),
    "iotsitewise": ("iotsitewise", "IoTSiteWise"),
    "iotwireless": ("iotwireless", "IotWireless"),
    "kinesisanalyticsv2": ("kinesisanalyticsv2", "KinesisAnalyticsV2"),
    "lex-models": ("lexmodelbuilding", "LexModelBuilding"),
    "lex-runtime": ("lexruntime", "LexRuntime"),
    "lexv2-runtime": ("lexruntimev2", "LexRuntimeV2"),
    "logs": ("cloudwatchlogs", "CloudWatchLogs"),
    "marketplace-entitlement": ("marketplaceentitlement", "MarketplaceEntitlement"),
    "meteringmarketplace": ("marketplacemetering", "MarketplaceMetering"),
    "mgh": ("migrationhub", "MigrationHub"),
    "mturk": ("mturk", "MTurk"),
    "resourcegroupstaggingapi": ("resourcegroupstaggingapi", "ResourceGroupsTaggingApi"),
    "route53domains": ("route53domains", "Route53Domains"),
    "s3": ("s3", "S3"),
    "sagemaker": ("sagemaker", "SageMaker"),
    "sagemaker-a2i-runtime": ("sagemakera2iruntime", "SageMakerA2IRuntime"),
    "sagemaker-edge": ("sagemakeredge", "SagemakerEdge"),
    "sagemaker-featurestore-runtime": ("sagemakerfeaturestoreruntime", "SageMakerFeatureStoreRuntime"),
    "sagemaker-runtime": ("sagemakerruntime", "SageMakerRuntime"),
    "serverlessrepo": ("serverlessapplicationrepository", "ServerlessApplicationRepository"),
    "servicecatalog-appregistry": ("servicecatalogappregistry", "ServiceCatalogAppRegistry"),
    "sesv2": ("sesv2", "SesV2"),
    "sso-oidc": ("ssooidc", "SsoOidc"),
    "stepfunctions": ("sfn", "Sfn"),
    "voice-id": ("voiceid", "VoiceId"),
    "waf-regional": ("wafregional", "WafRegional"),
    "wafv2": ("wafv2", "Wafv2"),
    "xray": ("xray", "XRay"),
}


@pytest.mark.heavy
def test_every_service_of_botocore_has_its_name_and_is_found_by_all_of_them() -> None:
    assert len(CLIENTS) > 300
    for client in CLIENTS:
        service_id = Loader().load_service_model(client, "service-2")["metadata"]["serviceId"]
        assert sdk_name(client) == name_of_id(service_id) == prefix_of_id(service_id).lower()
        assert sdk_service(client).client == client
        assert sdk_service(sdk_name(client)).name == sdk_service(service_id.title()).name == sdk_name(client)


def test_no_exception_is_what_the_rule_says_anyway() -> None:
    assert {client for client, name in SDK_NAMES.items() if name == client.replace("-", "")} == set()
    assert set(SDK_NAMES) <= set(CLIENTS)


@pytest.mark.parametrize("client", AS_AWS_LISTS_THEM)
def test_names_are_those_of_aws(client: str) -> None:
    name, prefix = AS_AWS_LISTS_THEM[client]
    assert sdk_name(client) == name
    assert prefix_of_id(str(service_model(client).service_id)) == prefix


def test_other_spellings_and_unknown_services() -> None:
    assert sdk_service("states").name == "sfn"
    assert sdk_service("elasticmapreduce").client == "emr"
    assert sdk_service("Sage_Maker").name == "sagemaker"
    with pytest.raises(ValueError, match=r"no AWS service 'sagemakr'\. Did you mean 'sagemaker'\?"):
        sdk_service("sagemakr")


@pytest.mark.parametrize(
    ("member", "written"),
    [
        ("taskDefinition", "TaskDefinition"),
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("KMSKeyId", "KmsKeyId"),
        ("ETag", "ETag"),
        ("ACL", "Acl"),
        ("S3Uri", "S3Uri"),
        ("VolumeSizeInGB", "VolumeSizeInGB"),
        ("SS", "Ss"),
        ("NULL", "Nul"),
        ("Equals", "EqualsValue"),
    ],
)
def test_members_are_written_as_the_sdk_for_java_does(member: str, written: str) -> None:
    assert member_of(member) == written
    assert member_of(member, sdk=False) == member[0].upper() + member[1:]


def test_actions_are_found_in_any_spelling() -> None:
    for action in ("describe_db_instances", "describeDBInstances", "DescribeDBInstances"):
        assert action_of(find_operation("rds", action).name) == "describeDBInstances"
    assert find_operation("cloudfront", "create_distribution").service_model.service_name == "cloudfront"
    with pytest.raises(ValueError, match=r"has no action 'describe_endpoints'\. Did you mean 'DescribeEndpoint'"):
        find_operation("sagemaker", "describe_endpoints")
    with pytest.raises(ValueError, match="streams events"):
        find_operation("bedrock-runtime", "invoke_model_with_response_stream")


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("aws-sdk:sfn:startExecution", None),
        ("aws-sdk:rds:describeDBInstances.waitForTaskToken", None),
        ("aws-sdk:stepfunctions:startExecution", "write 'aws-sdk:sfn:startExecution'"),
        ("aws-sdk:sagemaker-runtime:invokeEndpoint", "write 'aws-sdk:sagemakerruntime:invokeEndpoint'"),
        ("aws-sdk:sagemaker:DescribeEndpoint", "write 'aws-sdk:sagemaker:describeEndpoint'"),
    ],
)
def test_names_that_are_boto3s_are_found_in_definitions(resource: str, said: str | None) -> None:
    problem = problem_with(Resource.parse(f"arn:aws:states:::{resource}"))
    assert problem is None if said is None else problem is not None and said in problem
