"""Steps that send something: events, messages, calls of HTTP APIs, executions of other state machines.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.fields import ABSENT
from stepfunctions.inputs.context import context
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.steps.rendering import is_dynamic
from stepfunctions.steps.services.step import CallbackStep, ServiceStep, put_request

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.inputs.expressions import Expression
    from stepfunctions.steps.signatures import ServiceFields

_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""The member of a child's input by which the console links the two executions."""


class EventBridgePutEventsStep(CallbackStep):
    """Send events to a bus: ``parameters={"Entries": [{"Source": …, "DetailType": …, "Detail": {…}}]}``.

    ``EventBusName`` in an entry names another bus than the default one. An entry that the bus refuses fails the step
    with ``EventBridge.FailedEntry``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    """

    SERVICE, ACTION = "events", "putEvents"


class SnsPublishStep(CallbackStep):
    """Publish a message: ``parameters={"TopicArn": …, "Message": …, "Subject": …}``. An object is sent as JSON text.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html
    """

    SERVICE, ACTION = "sns", "publish"


class SqsSendMessageStep(CallbackStep):
    """Send a message to a queue: ``parameters={"QueueUrl": …, "MessageBody": …}``. An object is sent as JSON text.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-sqs.html
    """

    SERVICE, ACTION = "sqs", "sendMessage"


class ApiGatewayInvokeStep(ServiceStep):
    """Call an API of API Gateway: ``parameters={"ApiEndpoint": …, "Method": "GET", "Path": …, "Stage": …}``.

    Further members: ``Headers``, ``QueryParameters``, ``RequestBody``, ``AuthType`` (``NO_AUTH``, ``IAM_ROLE``,
    ``RESOURCE_POLICY``). An answer of a status from 400 on fails the step with ``ApiGateway.<status>``.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-api-gateway.html
    """

    SERVICE, ACTION = "apigateway", "invoke"


class HttpInvokeStep(ServiceStep):
    """Call an HTTPS API of anybody, with the credentials of an EventBridge connection.

    ``endpoint`` is the URL; ``method`` one of GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS; ``connection_arn`` the
    connection, which holds the credentials. ``query``, ``headers`` and ``body`` make up the request. Any of them may
    be known only at run time. The answer must come within 60 s; its status, headers and body are the result:
    ``ResponseBody``, ``StatusCode``, ``Headers``. A status from 400 on fails the step with
    ``States.Http.StatusCode.<status>``. ``parameters`` holds further members (``Transform``, ``InvocationConfig``).

    Raises ValueError for another method, for an endpoint that is not HTTPS, and without a connection.
    https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html
    """

    SERVICE, ACTION = "http", "invoke"

    def __init__(
        self,
        state_id: str,
        endpoint: str | Expression,
        method: str | Expression = "GET",
        connection_arn: str | Expression | None = None,
        *,
        query: Mapping[str, Any] | Expression | None = None,
        headers: Mapping[str, Any] | Expression | None = None,
        body: Any = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        if isinstance(endpoint, str) and not endpoint.startswith(("https://", "{%", "${")):
            raise ValueError(f"State '{state_id}': the endpoint '{endpoint}' must begin with 'https://'.")
        if isinstance(method, str) and method not in _METHODS and not method.startswith(("{%", "${")):
            raise ValueError(f"State '{state_id}': the method '{method}' is none of {', '.join(_METHODS)}.")
        request = {
            "ApiEndpoint": endpoint,
            "Method": method,
            "Authentication": None if connection_arn is None else {"ConnectionArn": connection_arn},
            "QueryParameters": query,
            "Headers": headers,
            "RequestBody": body,
        }
        written = put_request(state_id, {name: value for name, value in request.items() if value is not None}, fields)
        if not {str(name).removesuffix(".$") for name in written} & {"Authentication", "InvocationConfig"}:
            raise ValueError(
                f"State '{state_id}': a call of an HTTPS API needs an EventBridge connection, which holds its "
                "credentials: write connection_arn='arn:aws:events:…:connection/…'."
            )
        super().__init__(state_id, **fields)


class StepFunctionsStartExecutionStep(ServiceStep):
    """Start an execution of another state machine: ``parameters={"StateMachineArn": …, "Input": {…}, "Name": …}``.

    By default the step waits for its end (``.sync:2``): the result is its description, with ``Output`` as JSON. See
    :func:`nested_workflow`, which also links the two executions in the console.
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
    """

    SERVICE, ACTION, VERSION = "states", "startExecution", 2
    TOKEN_REQUIRED = False


def nested_workflow(
    state_id: str,
    workflow: Any,
    inputs: Mapping[str, Any] | Expression | None = None,
    *,
    wait: bool = True,
    name: str | Expression | None = None,
    **fields: Unpack[ServiceFields],
) -> StepFunctionsStartExecutionStep:
    """Return a step that runs another workflow, and by default waits for its end.

    ``workflow`` is a :class:`~stepfunctions.workflow.Workflow` that exists on the service, or the ARN of a state
    machine, of a version or an alias of one. ``inputs`` is the child's input; when it is a dict the child is linked to
    this execution in the console. ``name`` names the child's execution. With ``wait=False`` the step only starts it.
    The child's output is ``step.output()["Output"]``; when it fails, the step fails with ``States.TaskFailed``.

    Raises ValueError for a workflow that does not exist yet, and for an Express workflow unless ``wait=False``.
    """
    arn = workflow if isinstance(workflow, str) or is_dynamic(workflow) else _arn_of(state_id, workflow, wait)
    child: Any = inputs
    if inputs is None or isinstance(inputs, Mapping):
        child = {**(inputs or {}), _STARTED_BY: context.execution.id}
    request = {"StateMachineArn": arn, "Input": child}
    put_request(state_id, request if name is None else {**request, "Name": name}, fields)
    pattern = IntegrationPattern.WaitForCompletion if wait else IntegrationPattern.CallAndContinue
    return StepFunctionsStartExecutionStep(state_id, pattern, **fields)


def _arn_of(state_id: str, workflow: Any, wait: bool) -> str:
    arn = getattr(workflow, "state_machine_arn", ABSENT)
    if arn is ABSENT:
        raise TypeError(f"State '{state_id}': give a Workflow or the ARN of a state machine, not {workflow!r}.")
    if arn is None:
        raise ValueError(
            f"State '{state_id}': the workflow '{workflow.name}' has no ARN yet. Call its create() first, or give "
            "the ARN of a state machine."
        )
    if wait and workflow.type == "EXPRESS":
        raise ValueError(
            f"State '{state_id}': the end of an execution of an Express workflow cannot be waited for by this step. "
            "Write wait=False, or aws_sdk('sfn', 'start_sync_execution', parameters={…})."
        )
    return str(arn)
