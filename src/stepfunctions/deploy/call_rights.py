"""Calls that need more than the right that is called as they are, on the one resource that they name.

Service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from stepfunctions.deploy.arns import PARTITION, Right, arn

Payload = Mapping[str, Any]

_PROFILE = re.compile(r"(?:us|us-gov|eu|apac|jp|au|ca|global)\.(?P<model>.+)")
_READS = re.compile(r"\s*(?:SELECT|WITH|SHOW|DESCRIBE|EXPLAIN)\b", re.IGNORECASE)
_LOOKS = tuple(
    f"glue:{one}"
    for one in (
        "GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition",
    )
)  # fmt: skip
_CHANGES = tuple(
    f"glue:{one}"
    for one in (
        "CreateDatabase", "UpdateDatabase", "DeleteDatabase", "CreateTable", "UpdateTable", "DeleteTable",
        "BatchDeleteTable", "CreatePartition", "BatchCreatePartition", "UpdatePartition", "DeletePartition",
        "BatchDeletePartition",
    )
)  # fmt: skip
_TRANSACTION = {
    # member of an item of a transaction -> action
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_STATEMENTS = ("Delete", "Insert", "Select", "Update")


def models(model: Any) -> tuple[str, ...]:
    """Return the resources of a call to a model; an inference profile's are its own, and its model in any Region.

    https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-prereq.html
    """
    anywhere = arn("bedrock", "foundation-model/", region="*", account="")
    if not isinstance(model, str) or model.startswith("{%"):
        return (arn("bedrock", "foundation-model/*", account=""),)
    if model.startswith(("arn:", "${")):
        kind, _, name = model.rpartition("/")
        if kind.endswith(":inference-profile"):
            return model, anywhere + name.partition(".")[2]
        return (model, f"{anywhere}*") if kind.endswith(":application-inference-profile") else (model,)
    profile = _PROFILE.fullmatch(model)
    if profile is not None:
        return arn("bedrock", f"inference-profile/{model}"), anywhere + profile["model"]
    return (arn("bedrock", f"foundation-model/{model}", account=""),)


def _model(payload: Payload) -> Iterator[Right]:
    yield Right(("bedrock:InvokeModel",), models(payload.get("ModelId")), "The task asks the model.")


def _copy(payload: Payload) -> Iterator[Right]:
    source = payload.get("CopySource")
    known = isinstance(source, str) and not source.startswith("{%")
    path = str(source).lstrip("/").partition("?")[0]
    resource = f"arn:{PARTITION}:s3:::{path}" if known else "*"
    yield Right(("s3:GetObject",), (resource,), "The task reads the object that it copies.")


def _transaction(payload: Payload) -> Iterator[Right]:
    items = payload.get("TransactItems")
    if not isinstance(items, list):
        yield Right(
            tuple(f"dynamodb:{one}" for one in _TRANSACTION.values()), (_table("*"),), "The task's transaction."
        )
        return
    tables: dict[str, set[str]] = {}
    for verb, about in ((verb, about) for item in items if isinstance(item, dict) for verb, about in item.items()):
        name = about.get("TableName") if isinstance(about, dict) else None
        tables.setdefault(_TRANSACTION.get(str(verb), str(verb)), set()).add(_table(name))
    for action, several in tables.items():
        yield Right((f"dynamodb:{action}",), tuple(sorted(several)), "The task's transaction.")


def _batch(action: str) -> Callable[[Payload], Iterator[Right]]:
    def right(payload: Payload) -> Iterator[Right]:
        given = payload.get("RequestItems")
        tables = sorted({_table(name) for name in given}) if isinstance(given, dict) and given else [_table("*")]
        yield Right((f"dynamodb:{action}",), tuple(tables), "The task's batch is about these tables.")

    return right


def _partiql(payload: Payload) -> Iterator[Right]:
    """What a statement does is its first word; which table, only DynamoDB can tell."""
    given = payload.get("Statement")
    first = given.strip().partition(" ")[0].capitalize() if isinstance(given, str) else ""
    verbs = (first,) if first in _STATEMENTS else _STATEMENTS
    yield Right(tuple(f"dynamodb:PartiQL{one}" for one in verbs), (_table("*"),), "The task's statement does it.")


def _table(name: Any) -> str:
    known = isinstance(name, str) and not name.startswith("{%") and not name.endswith(".$")
    if known and name.startswith("arn:"):
        return str(name)
    return arn("dynamodb", f"table/{name if known else '*'}")


def _instance(payload: Payload) -> Iterator[Right]:
    yield Right(("ec2:RunInstances",), ("*",), "The task starts instances, of resources that the definition may name.")
    if any(name.startswith("IamInstanceProfile") for name in payload):
        condition = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        reason = "The instances get the role of the instance profile, which is not in this definition."
        yield Right(("iam:PassRole",), ("*",), reason, condition)


def _assume(payload: Payload) -> Iterator[Right]:
    role = payload.get("RoleArn")
    known = isinstance(role, str) and role.startswith(("arn:", "${"))
    yield Right(("sts:AssumeRole",), (str(role) if known else "*",), "The task assumes the role.")


def _query(payload: Payload) -> Iterator[Right]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/athena-iam.html"""
    yield Right(("athena:GetDataCatalog",), (arn("athena", "datacatalog/*"),), "Athena looks the data catalogue up.")
    yield Right(
        (
            "s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket", "s3:ListBucketMultipartUploads",
            "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload", "s3:CreateBucket", "s3:PutObject",
        ),
        (f"arn:{PARTITION}:s3:::*",),
        "Athena reads its tables' data and writes results, as the caller.",
    )  # fmt: skip
    query = payload.get("QueryString")
    reads = isinstance(query, str) and _READS.match(query) is not None
    catalogue = tuple(arn("glue", one) for one in ("catalog", "database/*", "table/*"))
    yield Right(_LOOKS, catalogue, "Athena looks tables up in the data catalogue, as the caller.")
    if not reads:
        yield Right(_CHANGES, catalogue, "The query may change tables of the data catalogue.")
    yield Right(("lakeformation:GetDataAccess",), ("*",), "Lake Formation may guard the tables.")


def _results(payload: Payload) -> Iterator[Right]:
    del payload
    yield Right(("s3:GetObject",), (f"arn:{PARTITION}:s3:::*",), "Athena reads the results in S3, as the caller.")


INSTEAD: Mapping[tuple[str, str], Callable[[Payload], Iterator[Right]]] = MappingProxyType(
    {
        ("bedrock-runtime", "Converse"): _model,
        ("bedrock-runtime", "InvokeModel"): _model,
        ("dynamodb", "BatchExecuteStatement"): _partiql,
        ("dynamodb", "BatchGetItem"): _batch("BatchGetItem"),
        ("dynamodb", "BatchWriteItem"): _batch("BatchWriteItem"),
        ("dynamodb", "ExecuteStatement"): _partiql,
        ("dynamodb", "ExecuteTransaction"): _partiql,
        ("dynamodb", "TransactGetItems"): _transaction,
        ("dynamodb", "TransactWriteItems"): _transaction,
        ("ec2", "RunInstances"): _instance,
        ("sts", "AssumeRole"): _assume,
    }
)
"""(boto3's service, operation) -> what it needs instead of the right that has its name."""
BESIDES: Mapping[tuple[str, str], Callable[[Payload], Iterator[Right]]] = MappingProxyType(
    {
        ("athena", "GetQueryResults"): _results,
        ("athena", "StartQueryExecution"): _query,
        ("s3", "CopyObject"): _copy,
        ("s3", "UploadPartCopy"): _copy,
    }
)
"""(boto3's service, operation) -> what it needs besides."""
