"""Step Functions of the local cloud: the engine on a SQLite file, its tasks run by the cloud's other services."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stepfunctions.local.map_objects import CloudObjects
from stepfunctions.local.tasks import CloudTasks
from stepfunctions.runtime.api import StepFunctionsApi
from stepfunctions.runtime.items.source import Items
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store.express import ExpressStore
from stepfunctions.runtime.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from stepfunctions.engine.ports import Integration
    from stepfunctions.local.cloud import Call, Cloud

_Method = Callable[["StepFunctions", dict[str, Any], "Call"], dict[str, Any]]


def _operation(name: str) -> _Method:
    """Return the method that passes an operation on to the API of the runtime."""

    def method(self: StepFunctions, request: dict[str, Any], _call: Call) -> dict[str, Any]:
        response: dict[str, Any] = getattr(self.api, name)(request)
        return response

    method.__name__ = name
    return method


class StepFunctions:
    """The service: operations of :class:`~stepfunctions.runtime.api.StepFunctionsApi` over the cloud's tasks.

    ``tasks``: another Integration than the cloud's services; it must not block. ``poll_seconds``: how long
    GetActivityTask waits for a task.
    """

    def __init__(self, cloud: Cloud, tasks: Integration | None = None, *, poll_seconds: float = 60.0) -> None:
        self._store = ExpressStore(SqliteStore(cloud.data_dir / "stepfunctions.db"))
        self._tasks = tasks or CloudTasks(cloud)
        # CloudTasks never blocks, so the engine's own thread may call it
        self._runner = Runner(self._store, cloud.clock, self._tasks, Items(CloudObjects(cloud)), workers=0)
        self.api = StepFunctionsApi(
            self._runner, self._store, cloud.clock, account=cloud.account, region=cloud.region
        )

    create_state_machine = _operation("create_state_machine")
    update_state_machine = _operation("update_state_machine")
    describe_state_machine = _operation("describe_state_machine")
    list_state_machines = _operation("list_state_machines")
    delete_state_machine = _operation("delete_state_machine")
    validate_state_machine_definition = _operation("validate_state_machine_definition")
    test_state = _operation("test_state")
    create_activity = _operation("create_activity")
    describe_activity = _operation("describe_activity")
    list_activities = _operation("list_activities")
    delete_activity = _operation("delete_activity")
    get_activity_task = _operation("get_activity_task")
    tag_resource = _operation("tag_resource")
    untag_resource = _operation("untag_resource")
    list_tags_for_resource = _operation("list_tags_for_resource")
    publish_state_machine_version = _operation("publish_state_machine_version")
    list_state_machine_versions = _operation("list_state_machine_versions")
    delete_state_machine_version = _operation("delete_state_machine_version")
    create_state_machine_alias = _operation("create_state_machine_alias")
    update_state_machine_alias = _operation("update_state_machine_alias")
    describe_state_machine_alias = _operation("describe_state_machine_alias")
    list_state_machine_aliases = _operation("list_state_machine_aliases")
    delete_state_machine_alias = _operation("delete_state_machine_alias")
    start_execution = _operation("start_execution")
    start_sync_execution = _operation("start_sync_execution")
    stop_execution = _operation("stop_execution")
    redrive_execution = _operation("redrive_execution")
    describe_execution = _operation("describe_execution")
    list_executions = _operation("list_executions")
    get_execution_history = _operation("get_execution_history")
    describe_state_machine_for_execution = _operation("describe_state_machine_for_execution")
    send_task_success = _operation("send_task_success")
    send_task_failure = _operation("send_task_failure")
    send_task_heartbeat = _operation("send_task_heartbeat")
    describe_map_run = _operation("describe_map_run")
    list_map_runs = _operation("list_map_runs")
    update_map_run = _operation("update_map_run")

    def on_end(self, arn: str, callback: Callable[[], None]) -> None:
        """Call back once an execution has ended; at once when it already has. The callback must not block."""
        self._runner.on_end(arn, callback)

    def start(self) -> None:
        """Take up what an earlier run left, and run."""
        self._runner.start()

    def stop(self) -> None:
        """Stop after the step at work; open executions go on at the next start."""
        if isinstance(self._tasks, CloudTasks):
            self._tasks.close()
        self._runner.stop()
        self._store.close()


def create(cloud: Cloud) -> StepFunctions:
    """Make the service for a cloud."""
    return StepFunctions(cloud)
