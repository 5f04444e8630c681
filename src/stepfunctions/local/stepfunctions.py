"""Step Functions of the local cloud: the engine on a SQLite file, its tasks run by the cloud's other services."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog.regions import partition_of
from stepfunctions.engine.limits import AWS_LIMITS, NO_LIMITS
from stepfunctions.engine.tokens import read_token
from stepfunctions.errors import ServiceError
from stepfunctions.local.execution_events import ExecutionEvents
from stepfunctions.local.execution_metrics import measuring
from stepfunctions.local.iam import own_rights
from stepfunctions.local.map_objects import items_under_roles
from stepfunctions.local.principal import IamMode
from stepfunctions.local.tasks import CloudTasks
from stepfunctions.runtime.api import OPERATIONS, StepFunctionsApi
from stepfunctions.runtime.durability import Durability
from stepfunctions.runtime.operations.service import check_role
from stepfunctions.runtime.retention import Retention
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.express import ExpressStore
from stepfunctions.runtime.store.memory import MemoryStore
from stepfunctions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from stepfunctions.engine.ports import Integration
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_ARNS = (
    "stateMachineArn",
    "executionArn",
    "activityArn",
    "mapRunArn",
    "resourceArn",
    "stateMachineVersionArn",
    "stateMachineAliasArn",
)
"""The members of requests that name what belongs to an account."""
_OWNER = re.compile(r"arn:aws[a-zA-Z-]*:states:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):")
_ANSWERS = frozenset({"send_task_success", "send_task_failure"})
_TAKING_A_ROLE = frozenset({"create_state_machine", "update_state_machine", "test_state"})
_Method = Callable[["StepFunctions", dict[str, Any], "Call"], dict[str, Any]]


def _operation(name: str) -> _Method:
    """Return the method that passes an operation on to the API of the runtime."""

    def method(self: StepFunctions, request: dict[str, Any], call: Call) -> dict[str, Any]:
        api = self._api_for(request, call)
        if self._cloud.iam is not IamMode.OFF:
            self._check_role(name, api, request, call)
        if name == "get_activity_task":
            return api.get_activity_task(request, call.gone)
        response: dict[str, Any] = getattr(api, name)(request)
        if name in _ANSWERS:
            self._cloud.work.end("/".join(map(str, read_token(request["taskToken"]))))
        return response

    method.__name__ = name
    return method


def _machine_of(request: dict[str, Any], call: Call) -> str:
    """Return the ARN of the state machine that a role is for."""
    place = f"arn:{partition_of(call.region)}:states:{call.region}:{call.account}:stateMachine"
    return str(request.get("stateMachineArn") or f"{place}:{request.get('name', '')}")


def _now(api: StepFunctionsApi, machine: str) -> dict[str, Any]:
    """Return what a state machine is; nothing when there is none, which its operation says itself."""
    try:
        return api.describe_state_machine({"stateMachineArn": machine})
    except ServiceError:
        return {}


def _arn_of(request: dict[str, Any]) -> str:
    """Return the ARN of what a request is about, "" when it names none."""
    if "taskToken" in request:
        try:
            return read_token(request["taskToken"])[0]
        except ValueError:
            return ""
    versions = [one["stateMachineVersionArn"] for one in request.get("routingConfiguration") or ()]
    return next((str(request[name]) for name in _ARNS if name in request), versions[0] if versions else "")


class _Sink:
    """The LogSink of the runtime: the local CloudWatch Logs, made when something is first written."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def open(self, group_arn: str) -> None:
        """See the port."""
        self._cloud.service("logs").open(group_arn)

    def write(self, group_arn: str, stream: str, lines: Sequence[tuple[int, str]]) -> None:
        """See the port."""
        self._cloud.service("logs").write(group_arn, stream, lines)


class StepFunctions:
    """The service: operations of :class:`~stepfunctions.runtime.api.StepFunctionsApi` over the cloud's tasks.

    ``tasks``: another Integration than the cloud's services; it must not block. ``poll_seconds``: how long
    GetActivityTask waits for a task.
    """

    def __init__(self, cloud: Cloud, tasks: Integration | None = None, *, poll_seconds: float = 60.0) -> None:
        durability = cloud.durability
        in_memory = durability is Durability.MEMORY
        self._store = ExpressStore(
            MemoryStore() if in_memory else SqliteStore(cloud.data_dir / "stepfunctions.db", durability)
        )
        self._tasks = tasks or CloudTasks(cloud)
        limits = AWS_LIMITS if cloud.limits else NO_LIMITS
        items = items_under_roles(cloud, self.role_of)
        # CloudTasks never blocks, so the engine's own thread may call it
        behind = self._tasks.backlog if isinstance(self._tasks, CloudTasks) else lambda: 0
        self._runner = Runner(
            self._store, cloud.clock, self._tasks, items, workers=0, limits=limits, logs=_Sink(cloud), behind=behind
        )
        self._runner.activities.begun = cloud.work.begin
        self._runner.activities.ended = cloud.work.end
        self._retention = Retention(self._store, cloud.clock, cloud.retention_days)
        self._cloud = cloud
        self._poll_seconds = poll_seconds
        self._apis: dict[tuple[str, str], StepFunctionsApi] = {}
        self._lock = threading.Lock()
        self.api = self._api(cloud.account, cloud.region)
        events = ExecutionEvents(cloud, lambda arn: self.api.describe_execution({"executionArn": arn}))
        self._runner.observe(events.observe)
        self._runner.observe(measuring(cloud))

    def _api(self, account: str, region: str) -> StepFunctionsApi:
        """Return the API as one account sees it in one Region."""
        with self._lock:
            api = self._apis.get((account, region))
            if api is None:
                api = self._apis[account, region] = StepFunctionsApi(
                    self._runner,
                    self._store,
                    self._cloud.clock,
                    account=account,
                    region=region,
                    poll_seconds=self._poll_seconds,
                )
            return api

    def _api_for(self, request: dict[str, Any], call: Call) -> StepFunctionsApi:
        """Return the API of the account and Region that a request's ARN names, else of its caller.

        Raises AccessDeniedException when an account asks about another one's; the cloud's own account may.
        """
        arn = _arn_of(request)
        named = _OWNER.match(arn)
        if named is None:
            return self._api(call.account, call.region)
        if call.account not in (named["account"], self._cloud.account):
            raise ServiceError(
                "AccessDeniedException",
                f"User: arn:aws:iam::{call.account}:user/local is not authorized to perform: "
                f"states:{call.operation} on resource: {arn}",
            )
        return self._api(named["account"], named["region"])

    def _check_role(self, operation: str, api: StepFunctionsApi, request: dict[str, Any], call: Call) -> None:
        """Refuse, as AWS does before anything is done, a role that Step Functions could do nothing with."""
        role, machine = request.get("roleArn"), _machine_of(request, call)
        if role and operation in _TAKING_A_ROLE:
            check_role(role)
            self._cloud.service("iam").guard.trusts(role, "states", machine)
        if operation in ("create_state_machine", "update_state_machine"):
            known = request if operation.startswith("create") else {**_now(api, machine), **request}
            if "definition" in known and "roleArn" in known:
                own_rights.check_machine(
                    self._cloud, known["roleArn"], machine, known["definition"], known.get("loggingConfiguration")
                )
        if operation == "redrive_execution":
            about = api.describe_state_machine_for_execution({"executionArn": request["executionArn"]})
            own_rights.check_redrive(self._cloud, about["roleArn"], about["stateMachineArn"], about["definition"])

    def on_end(self, arn: str, callback: Callable[[], None]) -> None:
        """Call back once an execution has ended; at once when it already has. The callback must not block."""
        self._runner.on_end(arn, callback)

    @property
    def open(self) -> int:
        """How many executions are open, children of map runs too."""
        return self._runner.open

    def role_of(self, arn: str) -> str | None:
        """Return the role of an open execution or map run's child; None when it is not open."""
        return self._runner.role_of(arn)

    def start(self) -> None:
        """Take up what an earlier run left, and run."""
        self._runner.start()
        self._retention.start()

    def stop(self) -> None:
        """Stop after the step at work; open executions go on at the next start."""
        self._retention.stop()
        if isinstance(self._tasks, CloudTasks):
            self._tasks.close()
        self._runner.stop()
        self._store.close()


for _name in OPERATIONS:
    setattr(StepFunctions, _name, _operation(_name))


def create(cloud: Cloud) -> StepFunctions:
    """Make the service for a cloud."""
    return StepFunctions(cloud)
