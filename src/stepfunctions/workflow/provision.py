"""Make what the steps of a workflow declare: Lambda functions, Glue jobs and task definitions, with their files.

What is there already and does not differ is left alone, so that doing it again changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from stepfunctions.steps.code.declared import Declared, declared_by
from stepfunctions.steps.graph import Graph
from stepfunctions.workflow.clients import Clients

logger = logging.getLogger("stepfunctions")

Action = Literal["created", "updated", "unchanged"]
_ROLES = {"lambda": "Role", "glue": "Role"}
_ZIP_LIMIT = 50_000_000
"""Bytes of a zip that Lambda takes in the request itself."""
_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")
"""How the name of an image in a private registry of ECR begins."""
_CODE = ("Code", "Architectures")
_OWN_NAMES = {"Variables", "DefaultArguments"}
"""Maps whose names are the user's: one that is no longer wanted is a difference."""
_OPTIONAL = ("executionRoleArn", "taskRoleArn", "ephemeralStorage")
_OPTIONAL_OF_CONTAINERS = ("logConfiguration", "secrets")
"""Of a task definition and its containers: what must be absent when it is not asked for."""


@dataclass(frozen=True)
class Provisioned:
    """What became of one declared resource."""

    service: str
    name: str
    action: Action

    def __str__(self) -> str:
        return f"{self.service} {self.name}: {self.action}"


class Places(Clients):
    """Where to make things: clients of one account, and a bucket for files.

    ``requirements``: whether functions are packaged with what they require.
    """

    def __init__(self, session: Any, client: Any, bucket: str | None, prefix: str, requirements: bool | None) -> None:
        super().__init__(session, client, "provision")
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._requirements = requirements

    @property
    def complete(self) -> bool:
        """Whether to package requirements: the local cloud runs functions with what is installed beside it."""
        if self._requirements is not None:
            return self._requirements
        host = urlsplit(self.client("lambda").meta.endpoint_url).hostname or ""
        return host not in ("localhost", "::1") and not host.startswith("127.")

    def upload(self, content: bytes, name: str) -> tuple[str, str]:
        """Put a file into the bucket under its hash, unless it is there, and return bucket and key."""
        from stepfunctions.deploy import assets

        assert self.bucket is not None
        key = assets.key_of(name, content, self.prefix)
        assets.upload(self.client("s3"), self.bucket, key, content)
        return self.bucket, key


def provision(
    graph: Graph,
    *,
    session: Any = None,
    client: Any = None,
    bucket: str | None = None,
    prefix: str = "stepfunctions",
    requirements: bool | None = None,
) -> list[Provisioned]:
    """Make what the steps of a definition declare; see ``Workflow.provision``."""
    declared = declared_by(graph)
    _check(declared, bucket)
    if not declared:
        return []
    places = Places(session, client, bucket, prefix, requirements)
    if bucket is not None and any(one.assets for one in declared):
        _check_bucket(places.client("s3"), bucket)
    contents = [_built(one, places.complete) for one in declared]
    done: list[Provisioned] = []
    for one, files in zip(declared, contents, strict=True):
        action = _MAKERS[one.service](places, one, files)
        done.append(Provisioned(one.service, one.name, action))
        logger.info("%s", done[-1])
    return done


def _built(declared: Declared, complete: bool) -> tuple[bytes, ...]:
    try:
        return tuple(asset.build(complete) for asset in declared.assets)
    except OSError as error:
        raise ValueError(f"{declared.source}: its file cannot be read: {error}.") from error


def _check(declared: Sequence[Declared], bucket: str | None) -> None:
    """Raise one ValueError that names every role and bucket that is missing."""
    missing = [
        f"{one.source} has no role: give role='arn:aws:iam::…:role/…'"
        for one in declared
        if one.service in _ROLES and not one.request.get(_ROLES[one.service])
    ]
    missing += [
        f"{one.source} has no execution_role, with which Fargate pulls an image from ECR: give "
        "execution_role='arn:aws:iam::…:role/…'"
        for one in declared
        if one.service == "ecs" and "executionRoleArn" not in one.request and _is_from_ecr(one.request)
    ]
    if bucket is None:
        missing += [
            f"{one.source} has the file '{asset.name}', which must be in a bucket: give provision(bucket='…')"
            for one in declared
            for asset in one.assets
            if asset.form == "uri"
        ]
    if missing:
        raise ValueError("; ".join(missing) + ".")


def _is_from_ecr(task_definition: Mapping[str, Any]) -> bool:
    return any(_ECR.match(container["image"]) for container in task_definition["containerDefinitions"])


def _check_bucket(s3: Any, bucket: str) -> None:
    if not _there(lambda: s3.head_bucket(Bucket=bucket), "404", "NoSuchBucket"):
        raise ValueError(f"There is no bucket '{bucket}'. Create it first, or give another one.")


def _make_function(places: Places, declared: Declared, files: Sequence[bytes]) -> Action:
    client, (zipped,) = places.client("lambda"), files
    name, settings = declared.name, {key: value for key, value in declared.request.items() if key not in _CODE}
    found = _found(lambda: client.get_function_configuration(FunctionName=name), "ResourceNotFoundException")
    if found is None:
        client.create_function(**declared.request, Code=_code(places, declared, zipped))
        client.get_waiter("function_active_v2").wait(FunctionName=name)
        return "created"
    architectures = declared.request["Architectures"]
    same_code = found["CodeSha256"] == base64.b64encode(hashlib.sha256(zipped).digest()).decode()
    same_settings = _says(found, settings)
    if not same_code or found.get("Architectures", ["x86_64"]) != architectures:
        code = _code(places, declared, zipped)
        client.update_function_code(FunctionName=name, Architectures=architectures, **code)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
    elif same_settings:
        return "unchanged"
    if not same_settings:
        client.update_function_configuration(**settings)
        client.get_waiter("function_updated_v2").wait(FunctionName=name)
    return "updated"


def _code(places: Places, declared: Declared, zipped: bytes) -> dict[str, Any]:
    if places.bucket is not None:
        bucket, key = places.upload(zipped, declared.assets[0].name)
        code: dict[str, Any] = declared.assets[0].located({}, bucket, key)["Code"]
        return code
    if len(zipped) > _ZIP_LIMIT:
        raise ValueError(
            f"{declared.source} is packaged in {len(zipped)} bytes, more than Lambda takes without a bucket: give "
            "provision(bucket='…')."
        )
    return {"ZipFile": zipped}


def _make_job(places: Places, declared: Declared, files: Sequence[bytes]) -> Action:
    client, request = places.client("glue"), declared.request
    for asset, content in zip(declared.assets, files, strict=True):
        request = asset.located(request, *places.upload(content, asset.name))
    job = {key: value for key, value in request.items() if key != "Name"}
    found = _found(lambda: client.get_job(JobName=declared.name), "EntityNotFoundException")
    if found is None:
        client.create_job(Name=declared.name, **job)
        return "created"
    if _says(found["Job"], job):
        return "unchanged"
    client.update_job(JobName=declared.name, JobUpdate=job)
    return "updated"


def _make_task_definition(places: Places, declared: Declared, _files: Sequence[bytes]) -> Action:
    client = places.client("ecs")
    request = _with_log_region(declared.request, client.meta.region_name)
    found = _found(lambda: client.describe_task_definition(taskDefinition=declared.name), "ClientException")
    containers = [{**dict.fromkeys(_OPTIONAL_OF_CONTAINERS), **one} for one in request["containerDefinitions"]]
    wanted = {**dict.fromkeys(_OPTIONAL), **request, "containerDefinitions": containers}
    if found is not None and _says(found["taskDefinition"], wanted):
        return "unchanged"
    client.register_task_definition(**request)
    return "created" if found is None else "updated"


def _with_log_region(request: Mapping[str, Any], region: str) -> dict[str, Any]:
    containers = [dict(container) for container in request["containerDefinitions"]]
    for container in containers:
        logs = container.get("logConfiguration")
        if logs is not None:
            container["logConfiguration"] = {**logs, "options": {"awslogs-region": region, **logs["options"]}}
    return {**request, "containerDefinitions": containers}


def _put_object(places: Places, declared: Declared, files: Sequence[bytes]) -> Action:
    """Put a file where the definition says that it is. Its key tells its content."""
    from stepfunctions.deploy import assets

    where, (content,) = declared.request, files
    _check_bucket(places.client("s3"), where["Bucket"])
    made = assets.upload(places.client("s3"), where["Bucket"], where["Key"], content)
    return "created" if made else "unchanged"


_MAKERS: Mapping[str, Callable[[Places, Declared, Sequence[bytes]], Action]] = {
    "lambda": _make_function,
    "glue": _make_job,
    "ecs": _make_task_definition,
    "s3": _put_object,
}


def _says(found: Any, wanted: Any) -> bool:
    """Tell whether what a service described says all that was asked for. It may say more; empty is absent."""
    if isinstance(wanted, Mapping):
        known = found if isinstance(found, Mapping) else {}
        return all(
            (known.get(key) or {}) == value if key in _OWN_NAMES else _says(known.get(key), value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, (list, tuple)):
        items = [item["Arn"] if isinstance(item, Mapping) and set(item) >= {"Arn"} else item for item in found or ()]
        return len(items) == len(wanted) and all(map(_says, items, wanted))
    return bool(found == wanted) or (not found and not wanted)


def _found(call: Callable[[], Any], *codes: str) -> Any:
    """Return what a call answers, None when it fails with one of the codes."""
    from botocore.exceptions import ClientError

    try:
        return call()
    except ClientError as error:
        if error.response["Error"]["Code"] in codes:
            return None
        raise


def _there(call: Callable[[], Any], *codes: str) -> bool:
    return _found(call, *codes) is not None
