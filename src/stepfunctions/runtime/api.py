"""The Step Functions API over a runner: one method an operation, requests and responses as botocore has them.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable

from stepfunctions.engine.ports import Clock
from stepfunctions.errors import WaitTimeout
from stepfunctions.runtime.operations import (
    activities,
    executions,
    listing,
    machines,
    map_runs,
    published,
    redrive,
    tags,
    validation,
)
from stepfunctions.runtime.operations.service import Request, Response, Service, find_execution
from stepfunctions.runtime.operations.test_state import test_state
from stepfunctions.runtime.runner import Runner
from stepfunctions.runtime.store import Store


class StepFunctionsApi:
    """The operations that run locally; threads may share it.

    A request has the members of botocore's input shape and is taken as checked against it; a response has
    those of the output shape, times as aware datetimes. Refusals are ServiceErrors with AWS's codes.
    ``describes_express``: answer what AWS refuses to tell about Express executions. ``poll_seconds``: how long
    GetActivityTask waits for a task, in real seconds.
    """

    def __init__(
        self,
        runner: Runner,
        store: Store,
        clock: Clock,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
        describes_express: bool = False,
        poll_seconds: float = 60.0,
    ) -> None:
        self.poll_seconds = poll_seconds
        self.service = Service(runner, store, clock, account, region, describes_express)

    def create_state_machine(self, request: Request) -> Response:
        """Create a state machine; the same request again is no error."""
        return machines.create(self.service, request)

    def update_state_machine(self, request: Request) -> Response:
        """Change a state machine; executions that run go on as they began."""
        return machines.update(self.service, request)

    def describe_state_machine(self, request: Request) -> Response:
        """Return a state machine with its definition."""
        return machines.describe(self.service, request)

    def list_state_machines(self, request: Request) -> Response:
        """Return a page of the state machines."""
        return machines.list_(self.service, request)

    def delete_state_machine(self, request: Request) -> Response:
        """Delete a state machine once its executions have ended."""
        return machines.delete(self.service, request)

    def validate_state_machine_definition(self, request: Request) -> Response:
        """Return what is wrong with a definition."""
        return validation.validate(self.service, request)

    def create_activity(self, request: Request) -> Response:
        """Create an activity; the same name again is no error."""
        return activities.create(self.service, request)

    def describe_activity(self, request: Request) -> Response:
        """Return an activity."""
        return activities.describe(self.service, request)

    def list_activities(self, request: Request) -> Response:
        """Return a page of the activities."""
        return activities.list_(self.service, request)

    def delete_activity(self, request: Request) -> Response:
        """Delete an activity."""
        return activities.delete(self.service, request)

    def get_activity_task(self, request: Request, gone: Callable[[], bool] = lambda: False) -> Response:
        """Give a worker the oldest task of an activity; wait for one as long as ``poll_seconds`` says.

        ``gone``: whether the worker has hung up while it waited.
        """
        return activities.get_task(self.service, request, self.poll_seconds, gone)

    def tag_resource(self, request: Request) -> Response:
        """Add tags to a state machine or an activity."""
        return tags.tag(self.service, request)

    def untag_resource(self, request: Request) -> Response:
        """Remove tags of a state machine or an activity."""
        return tags.untag(self.service, request)

    def list_tags_for_resource(self, request: Request) -> Response:
        """Return the tags of a state machine or an activity."""
        return tags.list_(self.service, request)

    def publish_state_machine_version(self, request: Request) -> Response:
        """Make a version of a state machine."""
        return published.publish(self.service, request)

    def list_state_machine_versions(self, request: Request) -> Response:
        """Return a page of the versions of a state machine."""
        return published.list_versions(self.service, request)

    def delete_state_machine_version(self, request: Request) -> Response:
        """Delete a version that no alias leads to."""
        return published.delete_version(self.service, request)

    def create_state_machine_alias(self, request: Request) -> Response:
        """Create an alias; the same request again is no error."""
        return published.create_alias(self.service, request)

    def update_state_machine_alias(self, request: Request) -> Response:
        """Change an alias."""
        return published.update_alias(self.service, request)

    def describe_state_machine_alias(self, request: Request) -> Response:
        """Return an alias and where it leads."""
        return published.describe_alias(self.service, request)

    def list_state_machine_aliases(self, request: Request) -> Response:
        """Return a page of the aliases of a state machine."""
        return published.list_aliases(self.service, request)

    def delete_state_machine_alias(self, request: Request) -> Response:
        """Delete an alias."""
        return published.delete_alias(self.service, request)

    def start_sync_execution(self, request: Request) -> Response:
        """Run an execution of an Express state machine to its end."""
        return executions.start_sync(self.service, request)

    def start_execution(self, request: Request) -> Response:
        """Start an execution; it is durable when this returns."""
        return executions.start(self.service, request)

    def stop_execution(self, request: Request) -> Response:
        """Stop an execution: it ends ABORTED."""
        return executions.stop(self.service, request)

    def redrive_execution(self, request: Request) -> Response:
        """Let an execution that ended without success go on where it failed."""
        return redrive.redrive(self.service, request)

    def describe_execution(self, request: Request) -> Response:
        """Return an execution with its input and output."""
        return executions.describe(self.service, request)

    def list_executions(self, request: Request) -> Response:
        """Return a page of the executions of a state machine or of a map run."""
        return listing.list_(self.service, request)

    def get_execution_history(self, request: Request) -> Response:
        """Return a page of an execution's history."""
        return executions.history(self.service, request)

    def describe_state_machine_for_execution(self, request: Request) -> Response:
        """Return the definition that an execution runs."""
        return executions.describe_machine(self.service, request)

    def send_task_success(self, request: Request) -> Response:
        """End the task of a token well."""
        return executions.task_success(self.service, request)

    def send_task_failure(self, request: Request) -> Response:
        """Fail the task of a token."""
        return executions.task_failure(self.service, request)

    def send_task_heartbeat(self, request: Request) -> Response:
        """Say that the task of a token is alive."""
        return executions.task_heartbeat(self.service, request)

    def describe_map_run(self, request: Request) -> Response:
        """Return the settings and counters of a map run."""
        return map_runs.describe(self.service, request)

    def list_map_runs(self, request: Request) -> Response:
        """Return a page of the map runs of an execution."""
        return map_runs.list_(self.service, request)

    def update_map_run(self, request: Request) -> Response:
        """Change concurrency and tolerance of a map run at work."""
        return map_runs.update(self.service, request)

    def test_state(self, request: Request) -> Response:
        """Run one state by itself."""
        return test_state(self.service, request)

    def wait_for(self, execution_arn: str, timeout: float | None = None) -> Response:
        """Wait until an execution has ended and return its description.

        Raises ServiceError when there is none, WaitTimeout when it runs longer than ``timeout`` real seconds.
        """
        find_execution(self.service, execution_arn)
        if not self.service.runner.wait_for(execution_arn, timeout):
            raise WaitTimeout(f"The execution {execution_arn} is still running.")
        return self.describe_execution({"executionArn": execution_arn})


OPERATIONS = tuple(name for name in vars(StepFunctionsApi) if not name.startswith("_") and name != "wait_for")
"""The names of the operations, as boto3 has them: what stands before this API has a method for each."""
