"""What stands behind a resource type: how one is made, changed, deleted and read.

A module of handlers has ``HANDLERS``, a list of them; :data:`MODULES` says which types it is for. A handler calls the
cloud's own APIs with :meth:`Context.call`, so it knows no more than any client.
"""

from __future__ import annotations

import functools
import importlib
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

Properties = dict[str, Any]
MODULES = MappingProxyType(
    {
        # service in "AWS::<service>::<resource>" -> module beside this one
        "CloudWatch": "resources_monitoring",
        "DynamoDB": "resources_elsewhere",
        "Batch": "resources_elsewhere",
        "ECS": "resources_jobs",
        "Events": "resources_events",
        "Glue": "resources_jobs",
        "IAM": "resources_iam",
        "KMS": "resources_elsewhere",
        "Lambda": "resources_lambda",
        "Logs": "resources_monitoring",
        "S3": "resources_s3",
        "SNS": "resources_messages",
        "SQS": "resources_messages",
        "SSM": "resources_elsewhere",
        "SageMaker": "resources_sagemaker",
        "Scheduler": "resources_events",
        "SecretsManager": "resources_elsewhere",
        "StepFunctions": "resources_states",
    }
)
_TYPE = re.compile(r"AWS::(?P<service>\w+)::\w+")


@dataclass(frozen=True)
class Made:
    """A resource that is there: ``id`` is what Ref gives, ``attributes`` what Fn::GetAtt does (names with dots too)."""

    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Context:
    """For whom a handler works: one resource of one stack.

    ``unique``: a text of this attempt at making the resource, the same when a restart tries it again (``again``).
    ``tags`` are the stack's own and CloudFormation's.
    """

    cloud: Cloud
    stack_name: str
    stack_id: str
    logical_id: str
    region: str
    account: str
    unique: str
    tags: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    stopping: Callable[[], bool] = lambda: False
    resting: Callable[[], AbstractContextManager[None]] = nullcontext

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation by boto3's service and AWS's name. Raises ServiceError."""
        return self.cloud.call(service, operation, params, account=self.account, region=self.region)

    def generated_name(self, longest: int = 64, *, lower: bool = False) -> str:
        """Return the name of a resource that its template does not name: ``stack-Logical-1A2B3C4D5E6F``."""
        end = f"-{self.unique[:12].upper()}"
        head = f"{self.stack_name}-{self.logical_id}"[: longest - len(end)].rstrip("-")
        return (head + end).lower() if lower else head + end

    def tagged(
        self, given: list[dict[str, str]] | None, key: str = "Key", value: str = "Value"
    ) -> list[dict[str, str]]:
        """Return a resource's tags, its own over the stack's, as a list of pairs with these names."""
        tags = {**self.tags, **{tag["Key"]: tag["Value"] for tag in given or []}}
        return [{key: name, value: text} for name, text in tags.items()]

    def arn(self, service: str, rest: str) -> str:
        """Return an ARN of this account and Region."""
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def wait(self, done: Callable[[], bool], *, seconds: float = 600.0, pause: float = 0.05) -> None:
        """Wait, in real seconds, until something is done. Raises ServiceError when it takes too long."""
        sleep = threading.Event()
        with self.resting():
            for _ in range(int(seconds / pause)):
                if done():
                    return
                if self.stopping():
                    raise Interrupted
                sleep.wait(pause)
        raise ServiceError("NotStabilized", f"{self.logical_id} did not stabilize in {seconds:.0f} seconds")


class Interrupted(Exception):
    """The cloud stops: what was begun goes on at its next start."""


class Handler:
    """One resource type. ``create_only``: properties whose change makes a new resource in place of the old one."""

    type: str
    properties: frozenset[str]
    required: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()

    def create(self, context: Context, properties: Properties) -> Made:
        """Make the resource. With ``context.again`` it may be there already, made by the same attempt."""
        raise NotImplementedError

    def update(self, context: Context, id: str, old: Properties, new: Properties) -> Made:
        """Change the resource in place; nothing in ``create_only`` differs."""
        raise NotImplementedError

    def delete(self, context: Context, id: str, properties: Properties) -> None:
        """Delete the resource; gone already is fine."""
        raise NotImplementedError

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """Return the properties the resource has now, those of the template at least; None when it is gone."""
        raise NotImplementedError

    @property
    def readable(self) -> bool:
        """Whether drift of this type can be told."""
        return type(self).read is not Handler.read


@functools.cache
def _handlers(module: str) -> Mapping[str, Handler]:
    found = importlib.import_module(f"stepfunctions.local.cloudformation.{module}")
    return {handler.type: handler for handler in found.HANDLERS}


def handler_of(type_name: str) -> Handler | None:
    """Return the handler of a resource type, None for a type that the local cloud does not have."""
    match = _TYPE.fullmatch(type_name)
    module = MODULES.get(match["service"]) if match else None
    return _handlers(module).get(type_name) if module else None


def supported_types() -> list[str]:
    """Return every resource type that there is a handler of, sorted."""
    return sorted(name for module in set(MODULES.values()) for name in _handlers(module))


def is_missing(error: ServiceError) -> bool:
    """Whether a refusal says that a resource is not there (any more)."""
    text = f"{error.code} {error.message}".lower()
    return error.status == 404 or any(
        word in text for word in ("notfound", "nosuch", "doesnotexist", "does not exist", "not found", "could not find")
    )
