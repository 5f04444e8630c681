"""A step for any API of AWS: ``aws_sdk("sagemaker", "describe_endpoint", parameters={"EndpointName": …})``.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.asl.fields import JSONATA
from stepfunctions.catalog.requests import find_operation
from stepfunctions.catalog.sdk_services import action_of, sdk_service
from stepfunctions.steps.integration_resources import get_service_integration_arn
from stepfunctions.steps.services.step import calling_back, check_request
from stepfunctions.steps.services.task_tokens import missing_token
from stepfunctions.steps.state_types import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


class AwsSdkStep(Task):
    """A Task that calls an API of AWS; see :func:`aws_sdk`, which makes it."""

    REQUEST: ClassVar[bool] = True

    def __init__(
        self, state_id: str, service: str, action: str, wait_for_callback: bool = False, **fields: Unpack[ServiceFields]
    ) -> None:
        """``service`` and ``action`` are the names in the ARN: ``sagemaker``, ``describeEndpoint``."""
        fields["resource"] = get_service_integration_arn(f"aws-sdk:{service}", action, calling_back(wait_for_callback))
        super().__init__(state_id, **fields)
        self.service = service
        self.action = action


def aws_sdk(
    service: str,
    action: str,
    state_id: str | None = None,
    *,
    wait_for_callback: bool = False,
    check: bool = True,
    **fields: Unpack[ServiceFields],
) -> AwsSdkStep:
    """Return a step that calls any API of AWS; its response, in PascalCase, is the step's result.

    ``service`` is boto3's name of the service or the SDK for Java's (``stepfunctions`` or ``sfn``); ``action`` the
    operation in snake_case, camelCase or PascalCase. ``state_id`` defaults to the operation's name. ``parameters`` is
    the request, its names in PascalCase as AWS's documentation writes them, never in snake_case; without it the
    state's input is the request. With ``wait_for_callback`` the step waits for the answer to its task token, which
    the parameters must hold.

    The request is compared with botocore's model of the operation, at any depth and without a call: names, types,
    required members, values of enumerations. ``check=False`` leaves that out, for an API that is newer than the
    installed botocore; then ``service`` and ``action`` must be the names in the ARN.

    Raises ValueError for an unknown service, action or member ("did you mean"), for a value of another type, and for
    a missing member or task token.

    >>> aws_sdk("sagemaker", "describe_endpoint", parameters={"EndpointName": "delays"}).state_id
    'DescribeEndpoint'
    """
    for what, given in (("service", service), ("action", action)):
        if not isinstance(given, str):
            raise TypeError(f"aws_sdk: {what}={given!r}: a resource is fixed: write a name, such as 'sagemaker'.")
    if fields.get("query_language") == JSONATA and fields.get("parameters") is not None:
        fields["arguments"] = fields.pop("parameters")
    request: Any = fields.get("parameters") if fields.get("arguments") is None else fields["arguments"]
    name = action
    if check:
        found = sdk_service(service)
        operation = find_operation(found.client, action)
        name = state_id or operation.name
        service, action = found.name, action_of(operation.name)
        if request is not None:
            check_request(found.client, operation.name, request, state_id=name)
    step = AwsSdkStep(state_id or name, service, action, wait_for_callback, **fields)
    problem = missing_token(step.state_id, request) if wait_for_callback else None
    if problem is not None:
        raise ValueError(problem)
    return step
