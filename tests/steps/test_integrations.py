"""Every action of the catalog has its step, and the steps of 2.3.0 their names, flags and order of arguments."""

from __future__ import annotations

import inspect
import logging
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

import stepfunctions.steps
import stepfunctions.steps.sagemaker
from stepfunctions import asl
from stepfunctions.asl.resource import Resource
from stepfunctions.catalog.integrations import INTEGRATIONS, operation_of, problem_with
from stepfunctions.catalog.requests import find_operation
from stepfunctions.catalog.sdk_services import member_of
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Catch, Fail, Pass, Retry, service
from stepfunctions.steps.compute import EcsRunTaskStep
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.steps.service import (
    ApiGatewayInvokeStep,
    AthenaStartQueryExecutionStep,
    CodeBuildStartBuildStep,
    DynamoDBPutItemStep,
    EksCallStep,
    EksCreateClusterStep,
    EmrAddStepStep,
    EventBridgePutEventsStep,
    GlueDataBrewStartJobRunStep,
    HttpInvokeStep,
    SnsPublishStep,
    SqsSendMessageStep,
    StepFunctionsStartExecutionStep,
    nested_workflow,
)
from stepfunctions.steps.services.step import ServiceStep
from stepfunctions.steps.services.task_tokens import task_token
from stepfunctions.workflow import Workflow

SAGEMAKER = {
    # steps whose request is made of arguments of their own
    "createTrainingJob": "TrainingStep",
    "createTransformJob": "TransformStep",
    "createProcessingJob": "ProcessingStep",
    "createHyperParameterTuningJob": "TuningStep",
    "createLabelingJob": "LabelingStep",
    "createModel": "ModelStep",
    "createEndpointConfig": "EndpointConfigStep",
    "createEndpoint": "EndpointStep",
    "updateEndpoint": "EndpointStep",
}
OF_2_3_0 = {
    "DynamoDBDeleteItemStep": "dynamodb:deleteItem",
    "DynamoDBGetItemStep": "dynamodb:getItem",
    "DynamoDBPutItemStep": "dynamodb:putItem",
    "DynamoDBUpdateItemStep": "dynamodb:updateItem",
    "EksCallStep": "eks:call",
    "EksCreateClusterStep": "eks:createCluster.sync",
    "EksCreateFargateProfileStep": "eks:createFargateProfile.sync",
    "EksCreateNodegroupStep": "eks:createNodegroup.sync",
    "EksDeleteClusterStep": "eks:deleteCluster.sync",
    "EksDeleteFargateProfileStep": "eks:deleteFargateProfile.sync",
    "EksDeleteNodegroupStep": "eks:deleteNodegroup.sync",
    "EksRunJobStep": "eks:runJob.sync",
    "EmrAddStepStep": "elasticmapreduce:addStep.sync",
    "EmrCancelStepStep": "elasticmapreduce:cancelStep",
    "EmrCreateClusterStep": "elasticmapreduce:createCluster.sync",
    "EmrModifyInstanceFleetByNameStep": "elasticmapreduce:modifyInstanceFleetByName",
    "EmrModifyInstanceGroupByNameStep": "elasticmapreduce:modifyInstanceGroupByName",
    "EmrSetClusterTerminationProtectionStep": "elasticmapreduce:setClusterTerminationProtection",
    "EmrTerminateClusterStep": "elasticmapreduce:terminateCluster.sync",
    "EventBridgePutEventsStep": "events:putEvents",
    "GlueDataBrewStartJobRunStep": "databrew:startJobRun.sync",
    "SnsPublishStep": "sns:publish",
    "SqsSendMessageStep": "sqs:sendMessage",
    "StepFunctionsStartExecutionStep": "states:startExecution.sync:2",
}


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")


def subclasses(cls: type[ServiceStep]) -> Iterator[type[ServiceStep]]:
    for found in cls.__subclasses__():
        if found.__module__.startswith("stepfunctions."):
            yield found
            yield from subclasses(found)


def classes() -> dict[tuple[str, str], list[type[ServiceStep]]]:
    for module in pkgutil.walk_packages(stepfunctions.steps.__path__, "stepfunctions.steps."):
        __import__(module.name)
    found = defaultdict(list)
    for cls in subclasses(ServiceStep):
        if "ACTION" in vars(cls):
            found[cls.SERVICE, cls.ACTION].append(cls)
    return found


ACTIONS = [(name, action) for name, integration in INTEGRATIONS.items() for action in integration.actions]


@pytest.mark.parametrize(("name", "action"), ACTIONS)
def test_every_action_has_one_step_for_all_its_patterns(name: str, action: str) -> None:
    if name == "sagemaker":
        return
    (cls,) = classes()[name, action]
    assert cls.__doc__
    for pattern in INTEGRATIONS[name].actions[action]:
        request: dict[str, Any] = {"Payload": {"token": task_token()}}
        if name == "http":
            step: Any = HttpInvokeStep("s", "https://example.com", connection_arn="arn")
        else:
            step = cls("s", integration_pattern=IntegrationPattern(pattern.value), parameters=request)
        resource = Resource.parse(step.to_dict()["Resource"])
        assert (resource.service, resource.action, resource.pattern, resource.sdk) == (name, action, pattern, False)
        assert problem_with(resource) is None


def test_steps_with_arguments_of_their_own_are_there() -> None:
    assert set(SAGEMAKER) == set(INTEGRATIONS["sagemaker"].actions)
    assert {name for name in SAGEMAKER.values() if not hasattr(stepfunctions.steps.sagemaker, name)} == set()


def test_no_step_is_of_an_action_that_is_not_in_the_catalog() -> None:
    assert {key for key in classes() if key not in ACTIONS and not key[0].startswith("aws-sdk:")} == set()


@pytest.mark.parametrize("name", OF_2_3_0)
def test_the_steps_of_2_3_0(name: str) -> None:
    cls = getattr(service, name)
    assert getattr(stepfunctions.steps, name) is cls
    assert cls("s").to_dict() == {
        "Resource": f"arn:aws:states:::{OF_2_3_0[name]}",
        "Type": "Task",
        "End": True,
    }


def members(shape: Any, above: tuple[str, ...] = ()) -> set[str]:
    """Return the names of all members inside a shape, as an optimised integration writes them."""
    inner = (*above, shape.name)
    if shape.name in above or len(inner) > 6:
        return set()
    if shape.type_name == "structure":
        below = [members(member, inner) for member in shape.members.values()]
        return {member_of(name, sdk=False) for name in shape.members}.union(*below)
    kinds = {"list": "member", "map": "value"}
    return members(getattr(shape, kinds[shape.type_name]), inner) if shape.type_name in kinds else set()


@pytest.mark.parametrize("name", service.__all__)
def test_the_request_in_a_docstring_is_one_of_the_api(name: str) -> None:
    cls = getattr(service, name)
    is_step = isinstance(cls, type) and issubclass(cls, ServiceStep)
    operation = operation_of(cls.SERVICE, cls.ACTION) if is_step else None
    if operation is not None:
        model = find_operation(*operation)
        written = set(re.findall(r'"([A-Z]\w+)":', cls.__doc__ or ""))
        required = set(model.input_shape.required_members) - set(model.idempotent_members)
        assert written <= members(model.input_shape)
        assert {member_of(member, sdk=False) for member in required} <= written


def test_flags_are_the_second_argument_as_in_2_3_0() -> None:
    token = {"Message": {"token": task_token()}}
    assert EmrAddStepStep("s", False).to_dict()["Resource"].endswith(":addStep")
    assert SnsPublishStep("s", True, parameters=token).to_dict()["Resource"].endswith(":publish.waitForTaskToken")
    assert EksCreateClusterStep("s", IntegrationPattern.CallAndContinue).to_dict()["Resource"].endswith("createCluster")
    flags = {
        EmrAddStepStep: "wait_for_completion",
        EcsRunTaskStep: "wait_for_completion",
        SqsSendMessageStep: "wait_for_callback",
        EventBridgePutEventsStep: "wait_for_callback",
        GlueDataBrewStartJobRunStep: "integration_pattern",
        StepFunctionsStartExecutionStep: "integration_pattern",
    }
    for cls, flag in flags.items():
        assert list(inspect.signature(cls).parameters)[1] == flag


def test_resources_are_of_the_partition_and_never_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    step = EmrAddStepStep("s", resource="arn:aws:states:::glue:startJobRun", parameters={"ClusterId": "c"})
    assert step.to_dict()["Resource"] == "arn:aws-cn:states:::elasticmapreduce:addStep.sync"


@pytest.mark.parametrize("cls", [EksCallStep, GlueDataBrewStartJobRunStep, AthenaStartQueryExecutionStep])
def test_patterns_are_checked(cls: type[ServiceStep]) -> None:
    with pytest.raises(ValueError, match=r"pattern WaitForTaskToken is not supported here\. Use one of: "):
        cls("s", IntegrationPattern.WaitForTaskToken)
    with pytest.raises(TypeError, match="must be of the type IntegrationPattern, not str"):
        cls("s", integration_pattern="sync")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"pattern WaitForCompletion is not supported here\. Use one of: CallAnd"):
        EksCallStep("s", IntegrationPattern.WaitForCompletion)
    assert asl.IntegrationPattern.RUN_JOB.value == IntegrationPattern.WaitForCompletion.value


def test_retriers_and_catchers_are_taken_as_arguments() -> None:
    step = CodeBuildStartBuildStep(
        "s",
        parameters={"ProjectName": "p"},
        retry=Retry(error_equals=["States.ALL"], max_attempts=2),
        catch=[Catch(Fail("f"), error_equals=["States.ALL"])],
    ).to_dict()
    assert step["Retry"] == [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]
    assert step["Catch"] == [{"ErrorEquals": ["States.ALL"], "Next": "f"}]


def test_a_step_that_waits_for_an_answer_must_hand_out_its_token(caplog: pytest.LogCaptureFixture) -> None:
    callback = IntegrationPattern.WaitForTaskToken
    with pytest.raises(ValueError, match="State 's' waits for an answer to its task token, but hands it to nobody"):
        ApiGatewayInvokeStep("s", callback, parameters={"ApiEndpoint": "e", "Method": "POST"})
    for given in (
        {"RequestBody.$": "States.Format('{}', $$.Task.Token)"},
        {"RequestBody": {"all.$": "$$"}},
        {"RequestBody": [{"token": task_token()}]},
        {"RequestBody": {"token": "{% $states.context.Task.Token %}"}},
    ):
        ApiGatewayInvokeStep("s", callback, parameters=given)
    with caplog.at_level(logging.WARNING, "stepfunctions"):
        SqsSendMessageStep("quiet", True, parameters={"MessageBody": {"token": task_token()}})
        assert caplog.messages == []
        SqsSendMessageStep("loud", True, parameters={"MessageBody": "hello"})
    assert "'loud' waits for an answer" in caplog.messages[0]
    assert len(caplog.messages) == 1


def test_a_request_can_be_compared_with_the_api() -> None:
    DynamoDBPutItemStep(
        "s", parameters={"TableName": "t", "Item": {"a": {"BOOL": ExecutionInput()["b"]}}}
    ).check_request()
    EksCallStep("s", parameters={"any": "thing"}).check_request()
    wrong = SnsPublishStep("s", parameters={"Message": {}})
    wrong.parameters = {"topic_arn": "t", "Message": {}}
    with pytest.raises(ValueError, match=r"State 's': sns Publish does not take .* write 'TopicArn'"):
        wrong.check_request()


def test_http_calls() -> None:
    city = ExecutionInput()["city"]
    step = HttpInvokeStep(
        "s",
        "https://api.example.com/weather",
        "POST",
        "arn:aws:events:us-east-1:123456789012:connection/c/1",
        query={"units": "metric"},
        headers={"Accept": "application/json"},
        body={"city": city},
        parameters={"Transform": {"RequestBodyEncoding": "NONE"}},
    )
    assert step.to_dict()["Parameters"] == {
        "ApiEndpoint": "https://api.example.com/weather",
        "Method": "POST",
        "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/c/1"},
        "QueryParameters": {"units": "metric"},
        "Headers": {"Accept": "application/json"},
        "RequestBody": {"city.$": "$$.Execution.Input['city']"},
        "Transform": {"RequestBodyEncoding": "NONE"},
    }
    jsonata = HttpInvokeStep("s", "https://a", "GET", city, body={"city": city}, query_language="JSONata").to_dict()
    assert jsonata["Arguments"]["RequestBody"] == {"city": "{% $states.context.Execution.Input.city %}"}
    assert "Parameters" not in jsonata
    with pytest.raises(ValueError, match="the endpoint 'http://a' must begin with 'https://'"):
        HttpInvokeStep("s", "http://a")
    with pytest.raises(ValueError, match="the method 'get' is none of GET, POST"):
        HttpInvokeStep("s", "https://a", "get")
    with pytest.raises(ValueError, match="makes its request itself"):
        HttpInvokeStep("s", "https://a", parameters=city)
    with pytest.raises(ValueError, match=r"State 's'.* needs an EventBridge connection.*write connection_arn="):
        HttpInvokeStep("s", "https://a")
    connection = {"Authentication.$": "$.auth", "ApiEndpoint.$": "$.url"}
    path = HttpInvokeStep("s", "https://a", parameters=connection).to_dict()["Parameters"]
    assert path == {"Method": "GET", **connection}


def test_how_a_step_waits_is_fixed() -> None:
    with pytest.raises(TypeError, match=r"wait_for_completion=.*write True or False"):
        EmrAddStepStep("s", ExecutionInput()["wait"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"wait_for_callback=.*write True or False"):
        SnsPublishStep("s", ExecutionInput()["wait"])  # type: ignore[arg-type]


def test_a_workflow_runs_another_one() -> None:
    child = Workflow("child", Pass("p"), "arn:aws:iam::123456789012:role/r")
    with pytest.raises(ValueError, match=r"the workflow 'child' has no ARN yet\. Call its create"):
        nested_workflow("run", child)
    child.state_machine_arn = "arn:aws:states:us-east-1:123456789012:stateMachine:child"
    with pytest.raises(TypeError, match="State 'run': give a Workflow or the ARN of a state machine, not None"):
        nested_workflow("run", None)
    express = Workflow("e", Pass("p"), child.role, state_machine_arn=child.state_machine_arn, type="EXPRESS")
    with pytest.raises(ValueError, match=r"State 'run': .*Express.*Write wait=False, or aws_sdk\('sfn'"):
        nested_workflow("run", express)
    assert nested_workflow("run", express, wait=False).to_dict()["Resource"].endswith(":startExecution")
    step = nested_workflow("run", child, {"week": ExecutionInput()["week"]}, name="one")
    assert step.to_dict()["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    assert step.to_dict()["Parameters"] == {
        "StateMachineArn": child.state_machine_arn,
        "Input": {
            "week.$": "$$.Execution.Input['week']",
            "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id",
        },
        "Name": "one",
    }
    assert nested_workflow("run", child, wait=False).to_dict()["Resource"].endswith(":startExecution")
    whole = nested_workflow("run", child, step.output()["next"]).to_dict()
    assert whole["Parameters"]["Input.$"] == "$['next']"
    parent = Workflow("parent", step, "arn:aws:iam::123456789012:role/r")
    execution = parent.run({"week": 7}, mocks={"run": lambda request: {"Output": request["Input"]}})
    assert execution.get_output()["Output"] == {
        "week": 7,
        "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": execution.execution_arn,
    }
