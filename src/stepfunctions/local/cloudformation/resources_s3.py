"""Resource types of S3.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html
"""

from __future__ import annotations

from typing import Any

from stepfunctions.local.cloudformation.convert import tags_of, wrong
from stepfunctions.local.cloudformation.handlers import Context, Properties
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Setting

_TARGETS = {
    # CloudFormation's list and its member -> S3's list and its member
    ("LambdaConfigurations", "Function"): ("LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "Queue"): ("QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "Topic"): ("TopicConfigurations", "TopicArn"),
}


def _notifications(value: Any) -> Properties:
    if not isinstance(value, dict):
        raise wrong("Value of property NotificationConfiguration must be an object")
    strange = value.keys() - {name for name, _ in _TARGETS} - {"EventBridgeConfiguration"}
    if strange:
        raise wrong(f"Encountered unsupported property NotificationConfiguration.{sorted(strange)[0]}")
    made: Properties = {}
    bridge = value.get("EventBridgeConfiguration")
    if bridge is not None and str(bridge.get("EventBridgeEnabled", True)).casefold() == "true":
        made["EventBridgeConfiguration"] = {}
    for (name, target), (members, member) in _TARGETS.items():
        if value.get(name):
            made[members] = [_notification(one, target, member) for one in value[name]]
    return {"NotificationConfiguration": made}


def _notification(one: Any, target: str, member: str) -> Properties:
    if not isinstance(one, dict) or not {target, "Event"} <= one.keys() <= {target, "Event", "Filter"}:
        raise wrong(f"A notification has {target} and Event, and may have Filter")
    made = {member: one[target], "Events": [one["Event"]]}
    if "Filter" in one:
        made["Filter"] = {"Key": {"FilterRules": one["Filter"]["S3Key"]["Rules"]}}
    return made


def _shown_notifications(answer: Properties) -> Properties:
    shown: Properties = {}
    if "EventBridgeConfiguration" in answer:
        shown["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    for (name, target), (members, member) in _TARGETS.items():
        for one in answer.get(members, []):
            rules = one.get("Filter", {}).get("Key", {}).get("FilterRules")
            filtered = {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}
            entries = [{target: one[member], "Event": event, **filtered} for event in one["Events"]]
            shown.setdefault(name, []).extend(entries)
    return shown


_RULE = {"Id": "ID", "ExpirationInDays": "Days", "ExpirationDate": "Date"}


def _lifecycle(value: Any) -> Properties:
    return {"LifecycleConfiguration": {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}}


def _lifecycle_rule(rule: Properties) -> Properties:
    """Return a rule as S3 has it: its filter and its expiration are structures."""
    known = {*_RULE, "Prefix", "TagFilters", "Status", "Transitions", "ExpiredObjectDeleteMarker"}
    known |= {"NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"}
    strange = sorted(rule.keys() - known)
    if strange:
        raise wrong(f"Encountered unsupported property LifecycleConfiguration.Rules.{strange[0]}")
    made: Properties = {"Status": rule.get("Status")}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    prefix, tags = {"Prefix": rule["Prefix"]} if "Prefix" in rule else {}, rule.get("TagFilters", [])
    if tags:
        made["Filter"] = {"And": prefix | {"Tags": tags}} if prefix or len(tags) > 1 else {"Tag": tags[0]}
    else:
        made["Filter"] = prefix or {"Prefix": ""}
    expires = {_RULE[name]: rule[name] for name in ("ExpirationInDays", "ExpirationDate") if name in rule}
    expires |= {name: rule[name] for name in ("ExpiredObjectDeleteMarker",) if name in rule}
    if expires:
        made["Expiration"] = expires
    for name in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if name in rule:
            made[name] = rule[name]
    if "Transitions" in rule:
        made["Transitions"] = [
            {{"TransitionInDays": "Days", "TransitionDate": "Date"}.get(name, name): one for name, one in step.items()}
            for step in rule["Transitions"]
        ]
    return made


def _cors(value: Any) -> Properties:
    names = {"Id": "ID", "ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    rules = [{names.get(name, name): one for name, one in rule.items()} for rule in value["CorsRules"]]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _encryption(value: Any) -> Properties:
    rules = [
        {
            {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}.get(name, name): one
            for name, one in rule.items()
        }
        for rule in value["ServerSideEncryptionConfiguration"]
    ]
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _tagging(value: Any) -> Properties:
    return {"Tagging": {"TagSet": [{"Key": key, "Value": one} for key, one in tags_of(value).items()]}}


def _located(context: Context, properties: Properties) -> Properties:
    """Return the properties with what CreateBucket needs outside of us-east-1."""
    if context.region == "us-east-1":
        return properties
    return properties | {"CreateBucketConfiguration": {"LocationConstraint": context.region}}


HANDLERS = [
    Resource(
        type="AWS::S3::Bucket",
        service="s3",
        fields="BucketEncryption BucketName! CorsConfiguration LifecycleConfiguration NotificationConfiguration"
        " PublicAccessBlockConfiguration Tags VersioningConfiguration",
        renames={"BucketName": "Bucket"},
        unread=frozenset({"BucketEncryption", "BucketName", "CorsConfiguration", "LifecycleConfiguration"}),
        prepared=_located,
        create_call="CreateBucket",
        describe_call="HeadBucket",
        delete_call="DeleteBucket",
        name=("BucketName", 63),
        lower=True,
        ref="{BucketName}",
        key={"Bucket": "{BucketName}"},
        attributes={
            "Arn": "arn:{partition}:s3:::{BucketName}",
            "DomainName": "{BucketName}.s3.amazonaws.com",
            "DualStackDomainName": "{BucketName}.s3.dualstack.{region}.amazonaws.com",
            "RegionalDomainName": "{BucketName}.s3.{region}.amazonaws.com",
            "WebsiteURL": "http://{BucketName}.s3-website-{region}.amazonaws.com",
        },
        settings=(
            Setting(
                "VersioningConfiguration",
                "PutBucketVersioning",
                default={"Status": "Suspended"},
                get="GetBucketVersioning",
                shown=lambda answer: answer,
            ),
            Setting(
                "NotificationConfiguration",
                "PutBucketNotificationConfiguration",
                members=_notifications,
                default={},
                get="GetBucketNotificationConfiguration",
                shown=_shown_notifications,
            ),
            Setting(
                "Tags",
                "PutBucketTagging",
                "DeleteBucketTagging",
                members=_tagging,
                get="GetBucketTagging",
                shown=lambda answer: answer.get("TagSet", []),
            ),
            Setting("LifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle", _lifecycle),
            Setting("CorsConfiguration", "PutBucketCors", "DeleteBucketCors", _cors),
            Setting("BucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption", _encryption),
            Setting(
                "PublicAccessBlockConfiguration",
                "PutPublicAccessBlock",
                "DeletePublicAccessBlock",
                get="GetPublicAccessBlock",
            ),
        ),
    ),
    Resource(
        type="AWS::S3::BucketPolicy",
        service="s3",
        fields="Bucket*! PolicyDocument*",
        renames={"PolicyDocument": "Policy"},
        create_call="PutBucketPolicy",
        update_call="PutBucketPolicy",
        describe_call="GetBucketPolicy",
        delete_call="DeleteBucketPolicy",
        ref="{Bucket}",
        key={"Bucket": "{Bucket}"},
    ),
]
