"""The 28 steps of services other than SageMaker's jobs, with each flag and pattern, and what they refuse."""

from __future__ import annotations

import os

from compat_tools import attempt

from stepfunctions import steps
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import (
    Catch,
    Chain,
    EksRunJobStep,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    Graph,
    LambdaStep,
    Pass,
    Retry,
    SnsPublishStep,
    StepFunctionsStartExecutionStep,
    Task,
)
from stepfunctions.steps.integration_resources import IntegrationPattern

_COMPLETION = (
    "GlueStartJobRunStep",
    "BatchSubmitJobStep",
    "EcsRunTaskStep",
    "EmrCreateClusterStep",
    "EmrTerminateClusterStep",
    "EmrAddStepStep",
)
_CALLBACK = ("LambdaStep", "EventBridgePutEventsStep", "SnsPublishStep", "SqsSendMessageStep")
_PLAIN = (
    "DynamoDBGetItemStep",
    "DynamoDBPutItemStep",
    "DynamoDBUpdateItemStep",
    "DynamoDBDeleteItemStep",
    "EmrCancelStepStep",
    "EmrSetClusterTerminationProtectionStep",
    "EmrModifyInstanceFleetByNameStep",
    "EmrModifyInstanceGroupByNameStep",
)
_PATTERN = (
    "EksCreateClusterStep",
    "EksDeleteClusterStep",
    "EksCreateFargateProfileStep",
    "EksDeleteFargateProfileStep",
    "EksCreateNodegroupStep",
    "EksDeleteNodegroupStep",
    "EksRunJobStep",
    "GlueDataBrewStartJobRunStep",
    "StepFunctionsStartExecutionStep",
    "EksCallStep",
)
_WITH_EVERY_FIELD = {
    "comment": "c",
    "input_path": "$.in",
    "output_path": "$.out",
    "result_path": "$.result",
    "timeout_seconds": 60,
    "heartbeat_seconds": 5,
}


def with_nothing():
    return {name: getattr(steps, name)("s") for name in (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN)}


def waiting_for_completion():
    return {
        name: [
            getattr(steps, name)("s", wait_for_completion=True),
            getattr(steps, name)("s", wait_for_completion=False),
            getattr(steps, name)("s", False),
        ]
        for name in _COMPLETION
    }


def waiting_for_a_callback():
    return {
        name: [
            getattr(steps, name)("s", wait_for_callback=True),
            getattr(steps, name)("s", wait_for_callback=False),
            getattr(steps, name)("s", True),
        ]
        for name in _CALLBACK
    }


def by_pattern():
    return {
        name: [
            attempt(lambda name=name, pattern=pattern: getattr(steps, name)("s", integration_pattern=pattern))
            for pattern in IntegrationPattern
        ]
        for name in _PATTERN
    }


def by_what_is_no_pattern():
    return {
        name: [
            attempt(lambda name=name, pattern=pattern: getattr(steps, name)("s", integration_pattern=pattern))
            for pattern in ("sync", "", 5)
        ]
        for name in _PATTERN
    }


def patterns_by_position():
    pattern = IntegrationPattern.CallAndContinue
    return {name: attempt(lambda name=name: getattr(steps, name)("s", pattern)) for name in _PATTERN}


def with_every_field():
    return {
        name: getattr(steps, name)(
            state_id="s",
            parameters={"A": {"B": [1, {"C": ExecutionInput()["x"]}]}},
            retry=Retry(error_equals=["States.ALL"]),
            catch=[Catch(Fail("f"), error_equals=["States.ALL"])],
            **_WITH_EVERY_FIELD,
        )
        for name in (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN)
    }


def with_paths_of_seconds():
    return {
        name: getattr(steps, name)("s", timeout_seconds_path="$.t", heartbeat_seconds_path="$.h", result_path=None)
        for name in (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN)
    }


def a_resource_of_ones_own_is_overwritten():
    return {
        name: getattr(steps, name)("s", resource="arn:aws:states:::own").to_dict()["Resource"]
        for name in (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN)
    }


def fields_that_do_not_exist():
    return [
        attempt(lambda name=name: getattr(steps, name)("s", nothing=1), "Field 'nothing' is not supported")
        for name in (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN)
    ]


def they_are_tasks():
    names = (*_COMPLETION, *_CALLBACK, *_PLAIN, *_PATTERN, "EndpointStep", "EndpointConfigStep")
    return [issubclass(getattr(steps, name), Task) for name in names]


def retries_added_later():
    step = LambdaStep("l", parameters={"FunctionName": "f"})
    step.add_retry(
        Retry(
            error_equals=["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"],
            interval_seconds=2,
            max_attempts=6,
            backoff_rate=2,
        )
    )
    step.add_catch(Catch(Pass("x"), error_equals=["States.TaskFailed"], result_path="$.error"))
    return Graph(Chain([step, SnsPublishStep("n", parameters={"TopicArn": "t", "Message.$": "$"})]))


def parameters_updated_later():
    job = EksRunJobStep("j", parameters={"ClusterName": "c"})
    nested = StepFunctionsStartExecutionStep(
        "e",
        parameters={
            "StateMachineArn": "m",
            "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
        },
    )
    job.update_parameters({"ClusterName": ExecutionInput()["cluster"]})
    return Graph(Chain([job, nested]))


def endpoint_configurations():
    given = ExecutionInput()
    return [
        EndpointConfigStep("s", "config", "model", 1, "ml.m5.large"),
        EndpointConfigStep("s", "config", "model", 1, "ml.m5.large", "variant", None, {"a": "b", "c": "d"}),
        EndpointConfigStep(
            state_id="s",
            endpoint_config_name=given["config"],
            model_name=given["model"],
            initial_instance_count=given["count"],
            instance_type=given["type"],
            variant_name=given["variant"],
            comment="c",
            result_path=None,
        ),
    ]


def endpoints():
    given = ExecutionInput()
    return [
        EndpointStep("s", "endpoint", "config"),
        EndpointStep("s", "endpoint", "config", None, True),
        EndpointStep("s", "endpoint", "config", {"a": "b"}),
        EndpointStep("s", endpoint_name=given["endpoint"], endpoint_config_name=given["config"], update=True),
        EndpointStep("s", "endpoint", "config", retry=Retry(error_equals=["E"])),
        EndpointStep("s", "endpoint", "config", timeout_seconds=60, comment="c"),
    ]


def in_other_partitions():
    written = {}
    before = os.environ["AWS_DEFAULT_REGION"]
    try:
        for region in ("us-east-1", "cn-north-1", "us-gov-west-1", "eu-central-1"):
            os.environ["AWS_DEFAULT_REGION"] = region
            written[region] = [
                LambdaStep("l").to_dict()["Resource"],
                EndpointStep("e", "e", "c").to_dict()["Resource"],
                StepFunctionsStartExecutionStep("s").to_dict()["Resource"],
            ]
    finally:
        os.environ["AWS_DEFAULT_REGION"] = before
    return written
