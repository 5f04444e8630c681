"""Tasks of real services: what they give, and how they fail."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

SDK = "arn:aws:states:::aws-sdk:"
STATES = "arn:aws:states:::"
NETWORK = {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}}
NESTED_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:nested"


def run_task(family: str = "job") -> dict[str, Any]:
    return {"TaskDefinition": family, "LaunchType": "FARGATE", "NetworkConfiguration": NETWORK}


def test_an_sdk_task_has_the_response_alone(world: Any) -> None:
    shown = world.task(f"{SDK}sts:getCallerIdentity", {})
    assert set(shown.output) == {"Account", "Arn", "UserId"}
    assert shown.types == [
        "ExecutionStarted",
        "TaskStateEntered",
        "TaskScheduled",
        "TaskStarted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]
    role = "arn:aws:iam::123456789012:role/r"
    assumed = world.task(f"{SDK}sts:assumeRole", {"RoleArn": role, "RoleSessionName": "me"}).output
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", assumed["Credentials"]["Expiration"])


def test_objects_go_to_s3_and_come_back(world: Any) -> None:
    world.call("s3", "CreateBucket", Bucket="data")
    world.task(
        f"{SDK}s3:putObject",
        {"Bucket": "data", "Key": "a.json", "Body": {"a": [1, "é"]}, "Metadata": {"lower-case": "1"}},
    )
    got = world.task(f"{SDK}s3:getObject", {"Bucket": "data", "Key": "a.json"}).output
    assert json.loads(got["Body"]) == {"a": [1, "é"]}
    assert got["Metadata"] == {"lower-case": "1"}
    listed = world.task(f"{SDK}s3:listObjectsV2", {"Bucket": "data"}).output
    assert [entry["Key"] for entry in listed["Contents"]] == ["a.json"]
    lost = world.task(f"{SDK}s3:getObject", {"Bucket": "data", "Key": "b.json"})
    assert lost.error == "S3.NoSuchKeyException"
    assert re.search(r"\(Service: S3, Status Code: 404, Request ID: [\w-]+\)", lost.cause)
    assert world.task(f"{SDK}s3:getObject", {"Bucket": "none", "Key": "b"}).error == "S3.NoSuchBucketException"


@pytest.mark.parametrize(
    ("resource", "parameters", "error", "cause"),
    [
        (
            f"{STATES}glue:startJobRun",
            {"JobName": "none"},
            "Glue.EntityNotFoundException",
            r"\(Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException; "
            r"Request ID: [\w-]+; Proxy: null\)",
        ),
        (
            f"{SDK}glue:startJobRun",
            {"JobName": "none"},
            "Glue.EntityNotFoundException",
            r"\(Service: Glue, Status Code: 400, Request ID: [\w-]+\)",
        ),
        (
            f"{STATES}lambda:invoke",
            {"FunctionName": "none"},
            "Lambda.ResourceNotFoundException",
            r"\(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException;",
        ),
        ("arn:aws:lambda:us-east-1:123456789012:function:none", {}, "Lambda.ResourceNotFoundException", "Function not"),
        (
            f"{STATES}states:startExecution",
            {"StateMachineArn": NESTED_ARN},
            "StepFunctions.StateMachineDoesNotExistException",
            r"\(Service: AWSStepFunctions; Status Code: 400;",
        ),
        (
            f"{SDK}sfn:startExecution",
            {"StateMachineArn": NESTED_ARN},
            "Sfn.StateMachineDoesNotExistException",
            r"\(Service: Sfn, ",
        ),
        (f"{STATES}ecs:runTask", {"TaskDefinition": "none"}, "ECS.ClientException", "TaskDefinition not found"),
        (
            f"{STATES}sagemaker:createEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "none"},
            "SageMaker.AmazonSageMakerException",
            r"\(Service: AmazonSageMaker; Status Code: 400; Error Code: Validation",
        ),
        (
            f"{SDK}sagemaker:describeEndpoint",
            {"EndpointName": "none"},
            "SageMaker.SageMakerException",
            r"\(Service: SageMaker, Status Code: 400,",
        ),
    ],
)
def test_refused_calls_are_named_as_aws_names_them(
    world: Any, resource: str, parameters: dict[str, Any], error: str, cause: str
) -> None:
    ran = world.task(resource, parameters)
    assert ran.error == error
    assert re.search(cause, ran.cause), ran.cause


@pytest.mark.parametrize(
    ("resource", "parameters", "said"),
    [
        (f"{SDK}sqs:sendMessage", {}, "The field 'QueueUrl' is required but was missing"),
        (
            f"{SDK}glue:createCrawler",
            {"Name": "c", "Role": "r", "Targets": {}},
            "glue:CreateCrawler is not supported by the local cloud yet. Supported: BatchStopJobRun,",
        ),
        (f"{STATES}glue:startJobRun", {"JobName": "j", "Nonsense": 1}, "The field 'Nonsense' is not supported"),
        (f"{STATES}glue:startJobRun", {"JobName": "j", "Timeout": "long"}, "The value at 'timeout' must be an integer"),
        (
            f"{STATES}sagemaker:createTransformJob.sync",
            {
                "TransformJobName": "t",
                "ModelName": "m",
                "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}},
                "TransformOutput": {"S3OutputPath": "s3://b/o"},
                "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            },
            "sagemaker:CreateTransformJob is not supported by the local cloud yet",
        ),
    ],
)
def test_what_cannot_run_here_says_so(world: Any, resource: str, parameters: dict[str, Any], said: str) -> None:
    ran = world.task(resource, parameters)
    assert ran.error == "States.Runtime"
    assert said in ran.cause


def test_a_function_by_the_integration_and_by_its_arn(world: Any) -> None:
    arn = world.function("def handler(event, context):\n    return {'got': event, 'lower_case': {'a': 1}}\n")
    answer = world.task(f"{STATES}lambda:invoke", {"FunctionName": "f", "Payload.$": "$"}, {"x": [1, "é"]}).output
    assert answer["Payload"] == {"got": {"x": [1, "é"]}, "lower_case": {"a": 1}}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
    direct = world.task(arn, None, {"y": 2})
    assert direct.output["got"] == {"y": 2}
    assert direct.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    bare = json.loads(world.task(f"{SDK}lambda:invoke", {"FunctionName": "f", "Payload": {"z": 3}}).output["Payload"])
    assert bare["got"] == {"z": 3}


def test_an_exception_in_a_function_can_be_caught_by_its_class(world: Any) -> None:
    world.function("class TooLate(Exception): pass\ndef handler(event, context): raise TooLate('by 5 minutes')\n")
    definition = {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": f"{STATES}lambda:invoke",
                "End": True,
                "Parameters": {"FunctionName": "f"},
                "Catch": [{"ErrorEquals": ["TooLate"], "Next": "Late"}],
            },
            "Late": {"Type": "Pass", "Parameters": {"cause.$": "States.StringToJson($.Cause)"}, "End": True},
        },
    }
    cause = world.run(definition).output["cause"]
    assert (cause["errorType"], cause["errorMessage"]) == ("TooLate", "by 5 minutes")
    assert cause["stackTrace"]


def test_a_glue_job_that_is_waited_for(world: Any) -> None:
    world.glue_job("import sys\nassert '--week' in sys.argv, sys.argv\nprint('done')\n")
    ran = world.task(f"{STATES}glue:startJobRun.sync", {"JobName": "job", "Arguments": {"--week": "39"}})
    assert (ran.output["JobName"], ran.output["JobRunState"]) == ("job", "SUCCEEDED")
    assert ran.output["Arguments"] == {"--week": "39"}
    assert isinstance(ran.output["StartedOn"], int)
    assert "SdkHttpMetadata" not in ran.output
    assert "TaskSubmitted" in ran.types
    submitted = json.loads(ran.details("TaskSubmitted")["output"])
    assert submitted["JobRunId"] == ran.output["Id"]
    started = world.task(f"{STATES}glue:startJobRun", {"JobName": "job", "Arguments": {"--week": "39"}}).output
    assert set(started) == {"JobName", "JobRunId", "SdkHttpMetadata", "SdkResponseMetadata"}


def test_a_failed_glue_job_fails_its_task(world: Any) -> None:
    world.glue_job("raise RuntimeError('no flights')")
    ran = world.task(f"{STATES}glue:startJobRun.sync", {"JobName": "job"})
    assert ran.error == "States.TaskFailed"
    run = json.loads(ran.cause)
    assert run["JobRunState"] == "FAILED"
    assert "no flights" in run["ErrorMessage"]
    assert ran.details("TaskFailed")["resource"] == "startJobRun.sync"


def test_a_job_that_is_refused_failed_to_submit(world: Any) -> None:
    ran = world.task(f"{STATES}glue:startJobRun.sync", {"JobName": "none"})
    assert ran.error == "Glue.EntityNotFoundException"
    assert "TaskSubmitFailed" in ran.types
    assert "TaskFailed" not in ran.types


def test_an_ecs_task_that_is_waited_for(world: Any) -> None:
    world.ecs_task("print('hello')")
    ran = world.task(f"{STATES}ecs:runTask.sync", run_task())
    assert ran.output["LastStatus"] == "STOPPED"
    assert ran.output["Containers"][0]["ExitCode"] == 0
    assert ran.output["StartedBy"] == "AWS Step Functions"
    submitted = json.loads(ran.details("TaskSubmitted")["output"])
    assert submitted["Tasks"][0]["TaskArn"] == ran.output["TaskArn"]


def test_a_failed_container_fails_its_task(world: Any) -> None:
    world.ecs_task("raise SystemExit(3)")
    ran = world.task(f"{STATES}ecs:runTask.sync", run_task())
    assert ran.error == "States.TaskFailed"
    assert json.loads(ran.cause)["Containers"][0]["ExitCode"] == 3
    placed = world.task(f"{STATES}ecs:runTask", run_task()).output
    assert placed["Failures"] == []
    assert placed["Tasks"][0]["LastStatus"] != "STOPPED"


def test_nested_executions(world: Any) -> None:
    inner = world.machine(
        {
            "StartAt": "Double",
            "States": {"Double": {"Type": "Pass", "Parameters": {"twice.$": "States.Array($.n, $.n)"}, "End": True}},
        }
    )
    for suffix, output in (("sync", '{"twice":[2,2]}'), ("sync:2", {"twice": [2, 2]})):
        ran = world.task(f"{STATES}states:startExecution.{suffix}", {"StateMachineArn": inner, "Input": {"n": 2}})
        assert ran.output["Status"] == "SUCCEEDED"
        assert ran.output["Output"] == output
        assert (ran.output["Input"] == {"n": 2}) == (suffix == "sync:2")
        assert ran.output["StopDate"] >= ran.output["StartDate"] > 1_700_000_000_000
    begun = world.task(f"{STATES}states:startExecution", {"StateMachineArn": inner, "Input": {"n": 1}, "Name": "mine"})
    assert begun.output["ExecutionArn"].endswith(":mine")
    assert world.end(begun.output["ExecutionArn"]).output == {"twice": [1, 1]}
    again = world.task(f"{STATES}states:startExecution", {"StateMachineArn": inner, "Input": {"n": 3}, "Name": "mine"})
    assert again.error == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_failed_nested_execution_fails_its_task(world: Any) -> None:
    inner = world.machine({"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Sorry", "Cause": "closed"}}})
    ran = world.task(f"{STATES}states:startExecution.sync:2", {"StateMachineArn": inner})
    assert ran.error == "States.TaskFailed"
    nested = json.loads(ran.cause)
    assert (nested["Status"], nested["Error"], nested["Cause"]) == ("FAILED", "Sorry", "closed")


def test_a_task_with_a_token_waits_for_its_answer(world: Any, until: Any) -> None:
    world.call("s3", "CreateBucket", Bucket="mail")
    token = {"Bucket": "mail", "Key": "letter", "Body": {"token.$": "$$.Task.Token"}}
    arns = [world.begin_task(f"{SDK}s3:putObject.waitForTaskToken", {**token, "Key": f"letter-{n}"}) for n in range(2)]
    letters = []
    for number, arn in enumerate(arns):
        until(
            lambda arn=arn: (
                "TaskSubmitted"
                in [
                    event["type"]
                    for event in world.call("stepfunctions", "GetExecutionHistory", executionArn=arn)["events"]
                ]
            )
        )
        with world.cloud.service("s3").objects.open("mail", f"letter-{number}") as letter:
            letters.append(json.loads(letter.read())["token"])
    assert [world.status(arn) for arn in arns] == ["RUNNING", "RUNNING"]
    world.restart()
    world.call("stepfunctions", "SendTaskSuccess", taskToken=letters[0], output='{"fine": true}')
    world.call("stepfunctions", "SendTaskFailure", taskToken=letters[1], error="Refused", cause="no")
    assert world.end(arns[0]).output == {"fine": True}
    assert world.end(arns[1]).error == "Refused"


def test_a_token_that_nobody_answers_times_out(world: Any) -> None:
    world.function("def handler(event, context):\n    return 'taken'\n")
    definition = {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": f"{STATES}lambda:invoke.waitForTaskToken",
                "End": True,
                "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}},
                "HeartbeatSeconds": 1,
            }
        },
    }
    ran = world.run(definition)
    assert ran.error == "States.Timeout"
    submitted = json.loads(ran.details("TaskSubmitted")["output"])
    assert submitted["Payload"] == "taken"
