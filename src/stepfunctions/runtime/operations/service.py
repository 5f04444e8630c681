"""What every operation needs: the runner and its store, names and ARNs, pages and their tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.machine import StateMachine
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.ports import Clock
from stepfunctions.errors import Problem, ServiceError
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store

Request = dict[str, Any]
Response = dict[str, Any]
Check = Callable[[StateMachine], Sequence[Problem]]


@dataclass(slots=True)
class Service:
    """One account in one Region."""

    runner: Runner
    store: Store
    clock: Clock
    account: str
    region: str
    check: Check = lambda _machine: ()
    """Finds more to refuse in a definition whose form is right."""
    describes_express: bool = False
    """Whether Express executions can be asked about, as AWS refuses: for runs in process, which show nothing else."""
    redriven: dict[tuple[str, str | None], float] = field(default_factory=dict)
    """(execution ARN, clientToken) -> when it was redriven."""
    machines_lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while a state machine is looked up and changed."""

    @property
    def prefix(self) -> str:
        """Everything of an ARN before the kind of resource."""
        return f"arn:aws:states:{self.region}:{self.account}"


_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ARN = re.compile(r"arn:aws[a-zA-Z-]*:states:[a-z0-9-]+:\d{12}:(?P<kind>[A-Za-z]+):(?P<rest>.+)")


def check_name(name: str) -> str:
    """Return the name of a machine or execution. Raises InvalidName for a character that AWS forbids."""
    if not 1 <= len(name) <= 80 or _FORBIDDEN.search(name):
        raise ServiceError(
            "InvalidName",
            f"Invalid Name: '{name}' (1 to 80 characters, no spaces, control characters or "
            'any of < > { } [ ] ? * " # % \\ ^ | ~ ` $ & , ; : /)',
        )
    return name


def check_arn(arn: str, *kinds: str) -> str:
    """Return the part of an ARN after its kind, which must be one of ``kinds``. Raises InvalidArn."""
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ServiceError("InvalidArn", f"Invalid Arn: '{arn}' is not the ARN of a Step Functions resource")
    if match["kind"] not in kinds:
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {match['kind']}'")
    return match["rest"]


def find_execution(service: Service, arn: str) -> Execution:
    """Return an execution without its branches. Raises InvalidArn, ExecutionDoesNotExist."""
    check_arn(arn, "execution", *(["express"] if service.describes_express else []))
    execution = service.store.executions.load(arn, branches=False)
    if execution is None:
        raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
    return execution


def moment(seconds: float) -> datetime:
    """Return epoch seconds as the aware datetime that boto3 shows."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def page_size(request: Request, default: int = 100) -> int:
    """Return ``maxResults``, where 0 or nothing means the default."""
    return int(request.get("maxResults") or default)


def page_token(scope: JSON, mark: JSON) -> str:
    """Return the opaque token of the page after ``mark``; it is good only for the same ``scope`` (the request)."""
    return base64.urlsafe_b64encode(json.dumps([_digest(scope), mark]).encode()).decode()


def page_mark(scope: JSON, token: str | None) -> JSON:
    """Return the mark in a token, None without one. Raises InvalidToken for one of another request."""
    if token is None:
        return None
    try:
        digest, mark = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (RecursionError, TypeError, ValueError):
        digest = mark = None
    if digest != _digest(scope):
        raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")
    return mark


def _digest(scope: JSON) -> str:
    return hashlib.sha256(json.dumps(scope, sort_keys=True).encode()).hexdigest()[:16]
