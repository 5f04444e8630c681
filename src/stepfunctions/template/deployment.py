"""Deploy a model to an endpoint: create or update it, and wait until it serves."""

from __future__ import annotations

from typing import Any

from stepfunctions.inputs.expressions import Expression, jsonata
from stepfunctions.inputs.functions import states
from stepfunctions.steps.choice_rule import ChoiceRule
from stepfunctions.steps.flows import Flow
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ModelStep
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.state_types import Choice, Pass, Wait
from stepfunctions.template.stages import Failure, failing

_LONGEST = 63
_UUID = 36
_BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
"""Statuses that change by themselves. In any other one, an endpoint that does not serve the configuration never will:
after a rollback it is InService on the one before."""
_BROKEN = """$merge([$states.input, {'Error': {
  'Error': 'DeploymentFailed',
  'Cause': $states.input.Endpoint.('The endpoint ' & EndpointName & ' is ' & EndpointStatus & ' on the configuration '
    & EndpointConfigName & '.' & ($exists(FailureReason) ? ' ' & FailureReason : ''))
}}])"""


def deploy_endpoint(
    endpoint_name: str,
    model: Any,
    name: Expression | None = None,
    *,
    instance_type: str,
    instance_count: int = 1,
    wait_seconds: int = 30,
) -> Flow:
    """Return the steps that make an endpoint serve a model.

    Create model → Create endpoint configuration → create the endpoint, or update it when it is there → wait until it
    serves this configuration. A deployment that fails or is rolled back ends with the error DeploymentFailed, whose
    cause is the state of the endpoint. An endpoint that has Failed must be deleted first: SageMaker updates none.

    ``model``: what :class:`~stepfunctions.steps.ModelStep` takes. ``name``: of the model and its configuration, new for
    each release; by default ``<endpoint_name>-<UUID>``. The steps pass on the data they get, with ``Endpoint`` (and
    ``Release`` when they have made the name) added.
    """
    naming = None
    if name is None:
        short = endpoint_name[: _LONGEST - _UUID - 1].rstrip("-")
        naming = Pass(
            "Name the release",
            parameters={"Name": states.format(f"{short}-{{}}", states.uuid())},
            result_path="$.Release",
        )
        name = naming.output()["Release"]["Name"]
    create_model = ModelStep("Create model", model=model, model_name=name, result_path=None)
    config = EndpointConfigStep(
        "Create endpoint configuration",
        endpoint_config_name=name,
        model_name=name,
        initial_instance_count=instance_count,
        instance_type=instance_type,
        result_path=None,
    )
    update, create = (
        EndpointStep(
            state_id,
            endpoint_name=endpoint_name,
            endpoint_config_name=name,
            update=state_id == "Update endpoint",
            result_path=None,
        )
        for state_id in ("Update endpoint", "Create endpoint")
    )
    find = aws_sdk(
        "sagemaker",
        "list_endpoints",
        "Find endpoint",
        # By name, so that the one of just this name is on the first page of those whose names contain it.
        parameters={"NameContains": endpoint_name, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 100},
        result_selector={"Exists.$": f"States.ArrayContains($.Endpoints[*].EndpointName, '{endpoint_name}')"},
        result_path="$.Endpoint",
    )
    exists = Choice("Endpoint exists?").when(ChoiceRule.BooleanEquals("$.Endpoint.Exists", True), update)
    steps = (
        create_model
        >> config
        >> find
        >> exists.otherwise(create)
        >> _until_it_serves(endpoint_name, name, wait_seconds)
    )
    return steps if naming is None else naming >> steps


def _until_it_serves(endpoint_name: str, name: Expression, wait_seconds: int) -> Flow:
    """Return the steps that ask until the endpoint serves a configuration."""
    describe = aws_sdk(
        "sagemaker",
        "describe_endpoint",
        "Describe endpoint",
        parameters={"EndpointName": endpoint_name},
        result_path="$.Endpoint",
    )
    broken = Failure("Deployment failed", output=jsonata(_BROKEN))
    broken.next(failing("Endpoint failed"))
    # First of all too: nothing says that the new status is there as soon as the update has been taken.
    wait = Wait("Wait for the endpoint", seconds=wait_seconds)
    serves = ChoiceRule.And(
        [
            ChoiceRule.StringEquals("$.Endpoint.EndpointStatus", "InService"),
            ChoiceRule.StringEqualsPath("$.Endpoint.EndpointConfigName", name.to_jsonpath()),
        ]
    )
    busy = ChoiceRule.Or([ChoiceRule.StringEquals("$.Endpoint.EndpointStatus", status) for status in _BUSY])
    check = Choice("In service?").when(serves, Pass("Deployed")).when(busy, wait).otherwise(broken)
    return wait >> describe >> check
