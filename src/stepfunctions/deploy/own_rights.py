"""The rights of tasks whose request is Step Functions' own, of functions, and of Distributed Maps.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.maps import ItemReader, ResultWriter
from stepfunctions.asl.states import Map
from stepfunctions.deploy.arns import PARTITION, Right, arn, in_s3
from stepfunctions.deploy.call_rights import models

_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)")


def invoke(function: str, reason: str) -> Right:
    """Return the right to invoke a function and its versions."""
    if function.startswith("{%"):
        return Right(("lambda:InvokeFunction",), ("*",), "The function is known at run time.")
    if function.startswith("${"):
        return Right(("lambda:InvokeFunction",), (function, f"{function}:*"), reason)
    if not function.startswith("arn:"):
        account, _, name = function.rpartition(":function:")
        function = arn("lambda", f"function:{name}", **({"account": account} if account else {}))
    before, _, rest = function.partition(":function:")
    base = f"{before}:function:{rest.partition(':')[0]}"
    return Right(("lambda:InvokeFunction",), (base, f"{base}:*"), reason)


def _lambda(payload: Mapping[str, Any]) -> Iterator[Right]:
    function = payload.get("FunctionName")
    if isinstance(function, str):
        yield invoke(function, "The task invokes the function.")
    else:
        yield Right(("lambda:InvokeFunction",), ("*",), "The function is known at run time.")


def _api_gateway(payload: Mapping[str, Any]) -> Iterator[Right]:
    endpoint, method = payload.get("ApiEndpoint"), payload.get("Method")
    api = endpoint.partition(".")[0] if isinstance(endpoint, str) and not endpoint.startswith("{%") else "*"
    stage = payload.get("Stage")
    parts = [one if isinstance(one, str) and not one.startswith("{%") else "*" for one in (stage, method)]
    path = payload.get("Path")
    rest = path.strip("/") if isinstance(path, str) and not path.startswith("{%") else "*"
    if payload.get("AuthType", "NO_AUTH") != "NO_AUTH":
        resource = arn("execute-api", f"{api}/{parts[0]}/{parts[1]}/{rest}")
        yield Right(("execute-api:Invoke",), (resource,), "The task calls the API with the role's own rights.")


def _http(payload: Mapping[str, Any]) -> Iterator[Right]:
    endpoint, method = payload.get("ApiEndpoint"), payload.get("Method")
    conditions = {
        name: value
        for name, value in (("states:HTTPEndpoint", endpoint), ("states:HTTPMethod", method))
        if isinstance(value, str) and not value.startswith(("{%", "${"))
    }
    yield Right(
        ("states:InvokeHTTPEndpoint",),
        ("*",),
        "The task calls the endpoint; the conditions say which.",
        {"StringEquals": conditions} if conditions else {},
    )
    given = payload.get("Authentication") or payload.get("InvocationConfig") or {}
    connection = given.get("ConnectionArn") if isinstance(given, dict) else None
    known = isinstance(connection, str) and connection.startswith(("arn:", "${"))
    yield Right(
        ("events:RetrieveConnectionCredentials",),
        (str(connection) if known else arn("events", "connection/*"),),
        "The connection has the credentials of the endpoint.",
    )
    yield Right(
        ("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
        (arn("secretsmanager", "secret:events!connection/*"),),
        "EventBridge keeps the connection's credentials in a secret.",
    )


def _bedrock(payload: Mapping[str, Any]) -> Iterator[Right]:
    yield Right(("bedrock:InvokeModel",), models(payload.get("ModelId")), "The task asks the model.")
    for name, action in (("Input", "s3:GetObject"), ("Output", "s3:PutObject")):
        place = payload.get(name)
        uri = place.get("S3Uri") if isinstance(place, dict) else None
        found = _S3_URI.fullmatch(uri) if isinstance(uri, str) else None
        if isinstance(place, dict):
            resource = f"arn:{PARTITION}:s3:::{found['bucket']}/{found['key'] or '*'}" if found else "*"
            yield Right((action,), (resource,), f"The model's {name.lower()} is an object.")


def _nothing(_: Mapping[str, Any]) -> Iterator[Right]:
    """A Kubernetes API checks rights of its own: https://docs.aws.amazon.com/step-functions/latest/dg/connect-eks.html"""
    return iter(())


OWN_REQUESTS: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Iterator[Right]]] = {
    ("apigateway", "invoke"): _api_gateway,
    ("bedrock", "invokeModel"): _bedrock,
    ("eks", "call"): _nothing,
    ("eks", "runJob"): _nothing,
    ("http", "invoke"): _http,
    ("lambda", "invoke"): _lambda,
}


def map_rights(state: Map, name: str) -> Iterator[Right]:
    """Yield what a Distributed Map needs of the state machine with this name: its children, readers and writers."""
    if not state.distributed:
        return
    label = "*" if state.label is ABSENT else state.label
    yield Right(
        ("states:StartExecution",), (arn("states", f"stateMachine:{name}"),), "A Distributed Map starts its children."
    )
    children = arn("states", f"execution:{name}/{label}:*")
    yield Right(
        ("states:DescribeExecution", "states:StopExecution", "states:RedriveExecution"),
        (children,),
        "A Distributed Map looks after its children, stops and redrives them.",
    )
    if isinstance(state.item_reader, ItemReader):
        yield from _reader(state.item_reader)
    if isinstance(state.result_writer, ResultWriter) and state.result_writer.resource is not ABSENT:
        given = _payload(state.result_writer)
        prefix = given.get("Prefix")
        inside = f"{prefix.strip('/')}/*" if isinstance(prefix, str) and not prefix.startswith("{%") else "*"
        yield Right(
            ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"),
            in_s3("PutObject", {"Bucket": given.get("Bucket"), "Key": inside}),
            "The Map writes its results.",
        )


def _reader(reader: ItemReader) -> Iterator[Right]:
    given = _payload(reader)
    if reader.resource.endswith("listObjectsV2"):
        yield Right(
            ("s3:ListBucket",), in_s3("ListObjectsV2", {"Bucket": given.get("Bucket")}), "The Map lists objects."
        )
        config = reader.reader_config
        if config is not ABSENT and config.transformation == "LOAD_AND_FLATTEN":
            objects = in_s3("GetObject", {"Bucket": given.get("Bucket"), "Key": "*"})
            yield Right(("s3:GetObject",), objects, "The Map reads the objects that it lists.")
        return
    yield Right(("s3:GetObject",), in_s3("GetObject", {"Key": "*", **given}), "The Map reads its items.")
    config = reader.reader_config
    if config is not ABSENT and (config.input_type == "MANIFEST" or config.manifest_type is not ABSENT):
        yield Right(("s3:GetObject",), ("*",), "The manifest names the objects that hold the items.")


def _payload(holder: ItemReader | ResultWriter) -> Mapping[str, Any]:
    given = holder.parameters if holder.parameters is not ABSENT else holder.arguments
    return given if isinstance(given, dict) else {}
