"""Resource types of CloudWatch and CloudWatch Logs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Logs.html
"""

from __future__ import annotations

from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Setting, TagCalls

_ALARM_ARN = "arn:{partition}:cloudwatch:{region}:{account}:alarm:{AlarmName}"
_TAGS = TagCalls("ResourceARN", _ALARM_ARN)
_ALARM = {"AlarmName": "{AlarmName}", "AlarmNames": "{AlarmName}"}
_GROUP_ARN = "arn:{partition}:logs:{region}:{account}:log-group:{LogGroupName}"

HANDLERS = [
    Resource(
        type="AWS::CloudWatch::Alarm",
        service="cloudwatch",
        fields="ActionsEnabled AlarmActions AlarmDescription AlarmName! ComparisonOperator DatapointsToAlarm Dimensions"
        " EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions MetricName"
        " Metrics Namespace OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit",
        create_call="PutMetricAlarm",
        update_call="PutMetricAlarm",
        describe_call="DescribeAlarms",
        inside="MetricAlarms",
        delete_call="DeleteAlarms",
        upserts=True,
        name=("AlarmName", 255),
        ref="{AlarmName}",
        key=_ALARM,
        attributes={"Arn": _ALARM_ARN},
        tags=_TAGS,
    ),
    Resource(
        type="AWS::CloudWatch::CompositeAlarm",
        service="cloudwatch",
        fields="ActionsEnabled ActionsSuppressor ActionsSuppressorExtensionPeriod ActionsSuppressorWaitPeriod"
        " AlarmActions AlarmDescription AlarmName! AlarmRule* InsufficientDataActions OKActions Tags",
        create_call="PutCompositeAlarm",
        update_call="PutCompositeAlarm",
        describe_call="DescribeAlarms",
        describing={"AlarmTypes": ["CompositeAlarm"]},
        inside="CompositeAlarms",
        delete_call="DeleteAlarms",
        upserts=True,
        name=("AlarmName", 255),
        ref="{AlarmName}",
        key=_ALARM,
        attributes={"Arn": _ALARM_ARN},
        tags=_TAGS,
    ),
    Resource(
        type="AWS::CloudWatch::Dashboard",
        service="cloudwatch",
        fields="DashboardBody* DashboardName!",
        create_call="PutDashboard",
        update_call="PutDashboard",
        describe_call="GetDashboard",
        delete_call="DeleteDashboards",
        upserts=True,
        name=("DashboardName", 255),
        ref="{DashboardName}",
        key={"DashboardName": "{DashboardName}", "DashboardNames": "{DashboardName}"},
    ),
    Resource(
        type="AWS::Logs::LogGroup",
        service="logs",
        fields="KmsKeyId LogGroupClass LogGroupName! RetentionInDays",
        create_call="CreateLogGroup",
        describe_call="DescribeLogGroups",
        inside="logGroups",
        delete_call="DeleteLogGroup",
        name=("LogGroupName", 512),
        ref="{LogGroupName}",
        key={"logGroupName": "{LogGroupName}", "logGroupNamePrefix": "{LogGroupName}"},
        matched=("logGroupName", "{LogGroupName}"),
        attributes={"Arn": f"{_GROUP_ARN}:*"},
        settings=(Setting("RetentionInDays", "PutRetentionPolicy", "DeleteRetentionPolicy"),),
    ),
    Resource(
        type="AWS::Logs::LogStream",
        service="logs",
        fields="LogGroupName*! LogStreamName!",
        create_call="CreateLogStream",
        describe_call="DescribeLogStreams",
        inside="logStreams",
        delete_call="DeleteLogStream",
        name=("LogStreamName", 512),
        ref="{LogStreamName}",
        key={
            "logGroupName": "{LogGroupName}",
            "logStreamName": "{LogStreamName}",
            "logStreamNamePrefix": "{LogStreamName}",
        },
        matched=("logStreamName", "{LogStreamName}"),
    ),
]
