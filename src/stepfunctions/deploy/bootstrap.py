"""The bucket that an environment's files are in: a small stack of its own, made once.

Security of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stepfunctions.steps.utils import tags_dict_to_kv_list

BUCKET_OUTPUT = "AssetBucket"
"""The output of the stack that is the bucket's name."""
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_POLL_SECONDS = 1
_MOST_POLLS = 600
_OLD_VERSIONS_DAYS = 90

_BUCKET = {
    "Type": "AWS::S3::Bucket",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {
                    "Id": "old-versions",
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": _OLD_VERSIONS_DAYS},
                }
            ]
        },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    },
}
_POLICY = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {
        "Bucket": {"Ref": "Bucket"},
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyTLS",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Bootstrapped:
    """The stack of an environment's bucket. ``changed``: whether it was made or updated now."""

    stack: str
    bucket: str
    changed: bool


def bootstrap_template() -> dict[str, Any]:
    """Return the template: a bucket with versions, encrypted, not public, and read and written over TLS only.

    The bucket stays when the stack is deleted, for it holds what stacks are made of.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The bucket for the files of Step Functions workflows.",
        "Resources": {"Bucket": _BUCKET, "BucketPolicy": _POLICY},
        "Outputs": {BUCKET_OUTPUT: {"Description": "Name of the bucket.", "Value": {"Ref": "Bucket"}}},
    }


def stack_of(environment: str) -> str:
    """Return the name of an environment's bootstrap stack. Raises ValueError for what no stack can be named after."""
    if not _ENVIRONMENT.fullmatch(environment):
        raise ValueError(f"The environment is {environment!r}: write at most 63 letters, digits and hyphens.")
    return f"stepfunctions-bootstrap-{environment}"


def bucket_of(environment: str, cloudformation: Any) -> str | None:
    """Return the bucket of an environment, None when it was not bootstrapped. ``cloudformation``: boto3's client."""
    found = described_stack(stack_of(environment), cloudformation)
    outputs = {one["OutputKey"]: one["OutputValue"] for one in (found or {}).get("Outputs", ())}
    return outputs.get(BUCKET_OUTPUT)


def bootstrap(environment: str, cloudformation: Any, tags: Mapping[str, str] | None = None) -> Bootstrapped:
    """Make the bucket of an environment, or bring its stack up to date, and wait until it is there.

    ``environment``: its name. ``cloudformation``: boto3's client of the environment's account and Region. Raises
    ValueError with the reason when the stack cannot be made; botocore's errors for what CloudFormation refuses.
    """
    name = stack_of(environment)
    changed = put_stack(name, bootstrap_template(), cloudformation, tags)
    bucket = bucket_of(environment, cloudformation)
    if bucket is None:
        raise ValueError(f"The stack '{name}' has no output '{BUCKET_OUTPUT}': delete the stack, then bootstrap again.")
    return Bootstrapped(stack=name, bucket=bucket, changed=changed)


_NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS")
"""Statuses of a stack that nothing was made of: it can only be deleted."""


def put_stack(
    name: str, template: Mapping[str, Any], cloudformation: Any, tags: Mapping[str, str] | None = None
) -> bool:
    """Make a small stack of our own, or bring it up to date; wait, and return whether anything was changed.

    Raises ValueError with the reason when it cannot be made; botocore's errors for what CloudFormation refuses.
    """
    from botocore.exceptions import ClientError, WaiterError

    found = described_stack(name, cloudformation)
    if found is not None and found["StackStatus"] in _NEVER_MADE:
        delete_stack(name, cloudformation)
        found = None
    verb, call = ("create", cloudformation.create_stack) if found is None else ("update", cloudformation.update_stack)
    request: dict[str, Any] = {"StackName": name, "TemplateBody": json.dumps(template, indent=2)}
    if tags:
        request["Tags"] = tags_dict_to_kv_list(tags)
    try:
        call(**request, Capabilities=["CAPABILITY_IAM"])
        waiter = cloudformation.get_waiter(f"stack_{verb}_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": _MOST_POLLS})
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
        return False
    except WaiterError as error:
        raise ValueError(f"The stack '{name}' could not be made: {_reason(name, cloudformation)}") from error
    return True


def delete_stack(name: str, cloudformation: Any) -> bool:
    """Delete a stack and wait until it is gone; False when there is none."""
    if described_stack(name, cloudformation) is None:
        return False
    cloudformation.delete_stack(StackName=name)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": _POLL_SECONDS, "MaxAttempts": _MOST_POLLS})
    return True


def described_stack(name: str, cloudformation: Any) -> dict[str, Any] | None:
    """Return what CloudFormation says of a stack, None when there is none."""
    from botocore.exceptions import ClientError

    try:
        found: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return found


def _reason(name: str, cloudformation: Any) -> str:
    """The first failure that the stack's events tell."""
    events = reversed(cloudformation.describe_stack_events(StackName=name)["StackEvents"])
    failed = [one for one in events if one["ResourceStatus"].endswith("_FAILED")]
    return f"{failed[0].get('LogicalResourceId')}: {failed[0].get('ResourceStatusReason')}" if failed else "no reason."
