"""The least policy of a definition is enough, and no action of it is too much: taken out, something is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.local.tasks.conftest import DEADLINE, World

from stepfunctions.deploy.policy import policy_of
from stepfunctions.errors import ServiceError
from stepfunctions.local import images
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.iam.missing import missing_rights
from stepfunctions.local.principal import IamMode

ACCOUNT, REGION = "123456789012", "us-east-1"
JOBS = f"arn:aws:iam::{ACCOUNT}:role/jobs"
STATES = "arn:aws:states:::"
CHILD = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:child"
NETWORK = {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}}
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/m:*"
NOT_NEEDED_HERE = {
    "s3:ListMultipartUploadParts": "only results that are uploaded in parts, which the local cloud never does",
    "s3:AbortMultipartUpload": "the same",
}
"""Actions of the policies that AWS's pages ask for and that nothing here calls: action -> when AWS needs it."""


def task(resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": STATES + resource, "Parameters": parameters, "End": True}
    return {"StartAt": "Work", "States": {"Work": state}}


def training() -> dict[str, Any]:
    return {
        "TrainingJobName.$": "$$.Execution.Name",
        "RoleArn": JOBS,
        "AlgorithmSpecification": {
            "TrainingImage": "trainer:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "train.py"],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://data/out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    }


def distributed() -> dict[str, Any]:
    reader = {
        "Resource": f"{STATES}s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "data", "Key": "items.json"},
    }
    fails = {
        "Type": "Choice",
        "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "Fails"}],
        "Default": "Done",
    }
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Fails?",
        "States": {"Fails?": fails, "Fails": {"Type": "Fail"}, "Done": {"Type": "Succeed"}},
    }
    each = {
        "Type": "Map",
        "Label": "Each",
        "ItemReader": reader,
        "ItemProcessor": processor,
        "ToleratedFailureCount": 1,
        "ResultWriter": {"Resource": f"{STATES}s3:putObject", "Parameters": {"Bucket": "data", "Prefix": "results"}},
        "ResultPath": None,
        "Next": "Bad?",
    }
    bad = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.Hold", "BooleanEquals": True, "Next": "Bad"}],
        "Default": "Good",
    }
    return {
        "StartAt": "Each",
        "States": {"Each": each, "Bad?": bad, "Bad": {"Type": "Fail"}, "Good": {"Type": "Succeed"}},
    }


def stopped_glue(world: World) -> int:
    return sum(run["JobRunState"] == "STOPPED" for run in world.glue_runs())


def stopped_training(world: World) -> int:
    return len(world.call("sagemaker", "ListTrainingJobs", StatusEquals="Stopped")["TrainingJobSummaries"])


def stopped_containers(world: World) -> int:
    arns = world.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"]
    found = world.call("ecs", "DescribeTasks", tasks=arns)["tasks"] if arns else []
    return sum("Step Functions" in one.get("stoppedReason", "") for one in found)


def stopped_children(world: World) -> int:
    found = world.call("stepfunctions", "ListExecutions", stateMachineArn=CHILD, statusFilter="ABORTED")
    return len(found["executions"])


@dataclass(frozen=True)
class Case:
    """A state machine. ``stopped`` counts jobs that were stopped, and says that a running one is to be stopped too;
    ``redriven``: an execution of it fails for the input Hold, and is redriven."""

    definition: dict[str, Any]
    stopped: Callable[[World], int] | None = None
    logging: bool = False
    redriven: bool = False


CASES = {
    "glue": Case(task("glue:startJobRun.sync", {"JobName": "job"}), stopped_glue),
    "training": Case(task("sagemaker:createTrainingJob.sync", training()), stopped_training),
    "container": Case(
        task("ecs:runTask.sync", {"TaskDefinition": "job", "LaunchType": "FARGATE", "NetworkConfiguration": NETWORK}),
        stopped_containers,
    ),
    "nested": Case(
        task("states:startExecution.sync:2", {"StateMachineArn": CHILD, "Input.$": "$"}),
        stopped_children,
    ),
    "map": Case(distributed(), redriven=True),
    "function": Case(task("lambda:invoke", {"FunctionName": "f", "Payload": {}})),
    "model": Case(
        task(
            "sagemaker:createModel",
            {"ModelName.$": "$$.Execution.Name", "ExecutionRoleArn": JOBS, "PrimaryContainer": {"Image": "trainer:1"}},
        )
    ),
    "messages": Case(task("sqs:sendMessage", {"QueueUrl": "@queue", "MessageBody": "hello"})),
    "topic": Case(task("sns:publish", {"TopicArn": "@topic", "Message": "hello"})),
    "event": Case(task("events:putEvents", {"Entries": [{"Source": "tests", "DetailType": "t", "Detail": {"a": 1}}]})),
    "api": Case(task("aws-sdk:sagemaker:listEndpoints", {})),
    "logged": Case({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, logging=True),
}


def policy(case: Case, name: str = "m") -> dict[str, Any]:
    made = policy_of(_filled(case.definition), name=name, logging=case.logging)
    return made.document(partition="aws", region=REGION, account=ACCOUNT)


def _filled(definition: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(definition)
    text = text.replace("@queue", f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/q")
    found: dict[str, Any] = json.loads(text.replace("@topic", f"arn:aws:sns:{REGION}:{ACCOUNT}:t"))
    return found


def actions(document: dict[str, Any]) -> list[str]:
    found = (one["Action"] for one in document["Statement"])
    return sorted({name for names in found for name in ([names] if isinstance(names, str) else names)})


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    left = copy.deepcopy(document)
    for statement in left["Statement"]:
        names = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [name for name in names if name != action]
    left["Statement"] = [statement for statement in left["Statement"] if statement["Action"]]
    return left


class Guarded:
    """A cloud that enforces, with what the cases need; a job runs on while the file ``hold`` is there."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.hold = folder / "hold"
        self.folder = folder
        self.number = 0
        came = f"(gate / ('came-' + uuid.uuid4().hex)).touch()\nend = time.monotonic() + {DEADLINE}\n"
        waits = "while (gate / 'hold').exists() and time.monotonic() < end: time.sleep(0.01)\n"
        code = f"import pathlib, time, uuid\ngate = pathlib.Path({str(folder)!r})\n{came}{waits}"
        self._set_up(code, folder)

    def _set_up(self, code: str, folder: Path) -> None:
        call = self.world.call
        call("iam", "CreateRole", RoleName="jobs", AssumeRolePolicyDocument=trust("sagemaker", "ecs-tasks", "lambda"))
        call("s3", "CreateBucket", Bucket="data")
        self.world.cloud.service("s3").objects.put_bytes("data", "items.json", b"[1, 2]")
        self.world.glue_job(code)
        self.world.ecs_task(code, taskRoleArn=JOBS)
        (folder / "image").mkdir()
        (folder / "image" / "train.py").write_text(code)
        images.add(self.world.data_dir, "trainer", folder / "image")
        call("sqs", "CreateQueue", QueueName="q")
        call("sns", "CreateTopic", Name="t")
        call("logs", "CreateLogGroup", logGroupName="/aws/vendedlogs/states/m")
        self.world.function("def handler(event, context): return 1")
        role = self.role(None)
        waits = {
            "StartAt": "Wait?",
            "States": {
                "Wait?": {
                    "Type": "Choice",
                    "Choices": [{"Variable": "$.Hold", "BooleanEquals": True, "Next": "Wait"}],
                    "Default": "Done",
                },
                "Wait": {"Type": "Wait", "Seconds": 600, "End": True},
                "Done": {"Type": "Succeed"},
            },
        }
        call("stepfunctions", "CreateStateMachine", name="child", roleArn=role, definition=json.dumps(waits))

    def role(self, document: dict[str, Any] | None) -> str:
        self.number += 1
        name = f"r{self.number}"
        made = self.world.call("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust("states"))
        if document is not None and document["Statement"]:
            text = json.dumps(document)
            self.world.call("iam", "PutRolePolicy", RoleName=name, PolicyName="p", PolicyDocument=text)
        return str(made["Role"]["Arn"])

    def lacks(self, role: str) -> set[str]:
        return {one["action"] for one in missing_rights(self.world.data_dir) if one["role"] == role}

    def play(self, case: Case, document: dict[str, Any], name: str, until: Callable[..., Any]) -> tuple[str, str]:
        """Create, run, stop and redrive; return what was refused, "" for nothing, and the role."""
        role = self.role(document)
        groups = [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}]
        logged = {"loggingConfiguration": {"level": "ALL", "destinations": groups}} if case.logging else {}
        states = "stepfunctions"
        try:
            machine = self.world.call(
                states,
                "CreateStateMachine",
                name=name,
                roleArn=role,
                definition=json.dumps(_filled(case.definition)),
                **logged,
            )["stateMachineArn"]
        except ServiceError as error:
            return error.message, role
        self.hold.unlink(missing_ok=True)
        started = self.world.call(states, "StartExecution", stateMachineArn=machine, input='{"Hold": false}')
        ran = self.world.end(started["executionArn"]).described
        if ran["status"] != "SUCCEEDED":
            return f"{ran['error']}: {ran['cause']}", role
        if case.redriven:
            return self._redrive(machine), role
        return (self._stop(case, machine, role, until) if case.stopped else ""), role

    def _redrive(self, machine: str) -> str:
        started = self.world.call("stepfunctions", "StartExecution", stateMachineArn=machine, input='{"Hold": true}')
        assert self.world.end(started["executionArn"]).described["status"] == "FAILED"
        try:
            self.world.call("stepfunctions", "RedriveExecution", executionArn=started["executionArn"])
        except ServiceError as error:
            return error.message
        self.world.end(started["executionArn"])
        return ""

    def _stop(self, case: Case, machine: str, role: str, until: Callable[..., Any]) -> str:
        assert case.stopped is not None
        stopped, came = case.stopped(self.world), len(list(self.folder.glob("came-*")))
        self.hold.touch()
        started = self.world.call("stepfunctions", "StartExecution", stateMachineArn=machine, input='{"Hold": true}')
        arn = started["executionArn"]
        jobs = case.stopped is not stopped_children
        until(lambda: not jobs or len(list(self.folder.glob("came-*"))) > came)
        until(lambda: "TaskSubmitted" in self._types(arn))
        self.world.stop(arn)
        until(lambda: case.stopped(self.world) > stopped or self.lacks(role))
        self.hold.unlink()
        return "" if case.stopped(self.world) > stopped else "the job was not stopped"

    def _types(self, arn: str) -> set[str]:
        events = self.world.call("stepfunctions", "GetExecutionHistory", executionArn=arn)["events"]
        return {event["type"] for event in events}


def trust(*services: str) -> str:
    principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
    return json.dumps({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("rights")
    with Cloud(folder / "data", max_jobs=4, iam=IamMode.ENFORCE) as cloud:
        yield Guarded(World(folder / "data", cloud), folder)


@pytest.mark.parametrize("name", CASES)
def test_the_least_policy_is_enough(guarded: Guarded, name: str, until: Any) -> None:
    machine = f"{name}-whole"
    refused, role = guarded.play(CASES[name], policy(CASES[name], machine), machine, until)
    assert refused == ""
    assert guarded.lacks(role) == set()


ONE_LESS = [(name, action) for name, case in CASES.items() for action in actions(policy(case))]


@pytest.mark.parametrize(("name", "action"), ONE_LESS)
def test_without_one_action_something_is_refused(guarded: Guarded, name: str, action: str, until: Any) -> None:
    machine = f"{name}-{action.replace(':', '-')}"
    refused, role = guarded.play(CASES[name], without(policy(CASES[name], machine), action), machine, until)
    if action in NOT_NEEDED_HERE:
        assert refused == ""
    else:
        assert refused != ""
        assert action in guarded.lacks(role)
