"""What every operation needs: the runner and its store, names and ARNs."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import MAX_NAME, Limits
from stepfunctions.engine.ports import Clock
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store

Request = dict[str, Any]
Response = dict[str, Any]


@dataclass(slots=True)
class Service:
    """One account in one Region."""

    runner: Runner
    store: Store
    clock: Clock
    account: str
    region: str
    describes_express: bool = False
    """Whether Express executions can be asked about, as AWS refuses: for runs in process, which show nothing else."""
    machines_lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while a state machine is looked up and changed."""

    @property
    def limits(self) -> Limits:
        """What definitions, requests and executions may have."""
        return self.runner.limits

    @property
    def prefix(self) -> str:
        """Everything of an ARN before the kind of resource."""
        return f"arn:aws:states:{self.region}:{self.account}"


_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
BYTES = "bytes in UTF-8 encoding"
"""The unit of a payload's size, as errors call it."""
_ARN = re.compile(r"arn:aws[a-zA-Z-]*:states:[a-z0-9-]+:\d{12}:(?P<kind>[A-Za-z]+):(?P<rest>.+)")


def check_name(name: str, most: int | None = MAX_NAME) -> str:
    """Return the name of a machine, execution or activity.

    Raises InvalidName for a character that AWS forbids, ValidationException for one that is too long.
    """
    check_length("name", len(name), most, name)
    if not name or _FORBIDDEN.search(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
    return name


def check_length(member: str, length: int, most: int | None, value: str | None = None, unit: str = "") -> None:
    """Raise ValidationException when a member of a request is longer than ``most``; None: any length is good.

    ``value``: what to show of it, nothing of what is secret. ``unit``: of payloads, whose size is in bytes.
    """
    if most is not None and length > most:
        shown = "Value" if value is None else f"Value '{value}'"
        wanted = (
            f"Member must have {'size' if unit else 'length'} less than or equal to {most}{f' {unit}' if unit else ''}"
        )
        raise ServiceError(
            "ValidationException",
            f"1 validation error detected: {shown} at '{member}' failed to satisfy constraint: {wanted}",
        )


def bytes_of(text: str) -> int:
    """Return how many bytes of UTF-8 a text has."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def check_role(arn: str) -> None:
    """Raise InvalidArn for the ARN of a role that is none."""
    if not arn.startswith("arn:"):
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")


def check_encryption(given: JSON) -> JSON:
    """Return an encryptionConfiguration. Raises InvalidEncryptionConfiguration when type and key do not fit."""
    if given is not None and (given["type"] == "CUSTOMER_MANAGED_KMS_KEY") is not bool(given.get("kmsKeyId")):
        raise ServiceError(
            "InvalidEncryptionConfiguration",
            "Invalid Encryption Configuration: 'kmsKeyId' belongs to the type CUSTOMER_MANAGED_KMS_KEY, and only to it",
        )
    return given


def check_arn(arn: str, *kinds: str) -> str:
    """Return the part of an ARN after its kind, which must be one of ``kinds``. Raises InvalidArn."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if match["kind"] not in kinds:
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {match['kind']}'")
    return match["rest"]


def find_execution(service: Service, arn: str, or_child: bool = False) -> Execution:
    """Return an execution without its branches; ``or_child``: also an Express one that a map run dispatched.

    Raises InvalidArn, ExecutionDoesNotExist.
    """
    kinds = ("execution", "express") if service.describes_express or or_child else ("execution",)
    check_arn(arn, *kinds)
    execution = service.store.executions.load(arn, branches=False)
    if not service.describes_express and execution is not None and execution.parent_map_run_arn is None:
        check_arn(arn, "execution")
    if execution is None:
        raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return execution
