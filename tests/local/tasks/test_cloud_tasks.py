"""Tasks that are stopped, resumed, slow, or overtaken: no job starts twice, none runs on for nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.asl.resource import Resource
from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local import images
from stepfunctions.local.tasks import cloud_tasks as tasks

SDK = "arn:aws:states:::aws-sdk:"
STATES = "arn:aws:states:::"
NETWORK = {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}}
GLUE = f"{STATES}glue:startJobRun.sync"
Until = Callable[[Callable[[], Any]], Any]


class Held:
    """A call of a service held up: before it is made, or after it was made and before its answer."""

    def __init__(self, service: Any, method: str, *, after: bool = False) -> None:
        self.calls = 0
        self.came = threading.Semaphore(0)
        self._open = threading.Event()
        real = getattr(service, method)

        def held(*given: Any) -> Any:
            self.calls += 1
            answer = real(*given) if after else None
            self.came.release()
            assert self._open.wait(60)
            return answer if after else real(*given)

        setattr(service, method, held)

    def wait(self) -> None:
        assert self.came.acquire(timeout=60)

    def open(self) -> None:
        self._open.set()


def training(world: Any, tmp_path: Path, script: str) -> dict[str, Any]:
    """A request for a job that runs a script."""
    world.call("s3", "CreateBucket", Bucket="models")
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "train.py").write_text(script)
    images.add(world.data_dir, "trainer", tmp_path / "image")
    return {
        "TrainingJobName": "train",
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AlgorithmSpecification": {
            "TrainingImage": "trainer:1",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["python", "train.py"],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    }


def submitted(world: Any, arn: str) -> bool:
    events = world.call("stepfunctions", "GetExecutionHistory", executionArn=arn)["events"]
    return any(event["type"] == "TaskSubmitted" for event in events)


# --- stopped -----------------------------------------------------------------------------------------------


def test_an_abort_stops_a_glue_run(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    arn = world.begin_task(GLUE, {"JobName": "job"})
    until(lambda: gate.arrivals and submitted(world, arn))
    world.stop(arn)
    until(lambda: world.glue_runs()[0]["JobRunState"] == "STOPPED")
    assert world.status(arn) == "ABORTED"


def test_an_abort_stops_an_ecs_task(world: Any, gate: Any, until: Until) -> None:
    world.ecs_task(gate.code)
    arn = world.begin_task(
        f"{STATES}ecs:runTask.sync", {"TaskDefinition": "job", "LaunchType": "FARGATE", "NetworkConfiguration": NETWORK}
    )
    until(lambda: gate.arrivals and submitted(world, arn))
    world.stop(arn)
    stopped = until(lambda: world.call("ecs", "ListTasks", desiredStatus="STOPPED")["taskArns"])
    task = until(
        lambda: [
            task
            for task in world.call("ecs", "DescribeTasks", tasks=stopped)["tasks"]
            if task["lastStatus"] == "STOPPED"
        ]
    )
    assert task[0]["stoppedReason"] == "Stopped by Step Functions"


def test_an_abort_stops_a_training_job(world: Any, gate: Any, until: Until, tmp_path: Path) -> None:
    arn = world.begin_task(f"{STATES}sagemaker:createTrainingJob.sync", training(world, tmp_path, gate.code))
    until(lambda: gate.arrivals and submitted(world, arn))
    world.stop(arn)
    until(
        lambda: (
            world.call("sagemaker", "DescribeTrainingJob", TrainingJobName="train")["TrainingJobStatus"] == "Stopped"
        )
    )


def processing(world: Any, tmp_path: Path, script: str) -> dict[str, Any]:
    """A request for a processing job that runs a script."""
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "process.py").write_text(script)
    images.add(world.data_dir, "processor", tmp_path / "image")
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {
        "ProcessingJobName": "process",
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "processor:1", "ContainerEntrypoint": ["python", "process.py"]},
        "ProcessingResources": {"ClusterConfig": cluster},
    }


def test_an_abort_stops_a_processing_job(world: Any, gate: Any, until: Until, tmp_path: Path) -> None:
    arn = world.begin_task(f"{STATES}sagemaker:createProcessingJob.sync", processing(world, tmp_path, gate.code))
    until(lambda: gate.arrivals and submitted(world, arn))
    world.stop(arn)
    until(
        lambda: (
            world.call("sagemaker", "DescribeProcessingJob", ProcessingJobName="process")["ProcessingJobStatus"]
            == "Stopped"
        )
    )


@pytest.mark.parametrize(("script", "status"), [("", "SUCCEEDED"), ("raise SystemExit(3)", "FAILED")])
def test_a_processing_job_ends_its_task(world: Any, until: Until, tmp_path: Path, script: str, status: str) -> None:
    arn = world.begin_task(f"{STATES}sagemaker:createProcessingJob.sync", processing(world, tmp_path, script))
    until(lambda: world.status(arn) != "RUNNING")
    said = world.call("stepfunctions", "DescribeExecution", executionArn=arn)
    assert said["status"] == status, said
    job = json.loads(said["output"] if status == "SUCCEEDED" else said["cause"])
    assert job["ProcessingJobStatus"] == ("Completed" if status == "SUCCEEDED" else "Failed")


def test_an_abort_stops_a_nested_execution_and_what_that_runs(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    inner = world.machine(
        {
            "StartAt": "Job",
            "States": {"Job": {"Type": "Task", "Resource": GLUE, "Parameters": {"JobName": "job"}, "End": True}},
        }
    )
    arn = world.begin_task(f"{STATES}states:startExecution.sync:2", {"StateMachineArn": inner, "Name": "inner"})
    nested = inner.replace(":stateMachine:", ":execution:") + ":inner"
    until(lambda: gate.arrivals and submitted(world, arn) and submitted(world, nested))
    world.stop(arn)
    until(lambda: world.status(nested) == "ABORTED")
    until(lambda: world.glue_runs()[0]["JobRunState"] == "STOPPED")


def test_a_timeout_stops_the_job(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    ran = world.task(GLUE, {"JobName": "job"}, TimeoutSeconds=1)
    assert ran.error == "States.Timeout"
    until(lambda: world.glue_runs()[0]["JobRunState"] == "STOPPED")


def test_a_failing_branch_stops_the_job_of_the_other(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    world.function(
        f"def handler(event, context):\n  import pathlib, time\n  end = time.monotonic() + 50\n"
        f"  while not list(pathlib.Path({str(gate.folder)!r}).glob('came-*')) and time.monotonic() < end:\n"
        f"    time.sleep(0.01)\n  raise ValueError('bad')\n"
    )
    ran = world.run(
        {
            "StartAt": "Both",
            "States": {
                "Both": {
                    "Type": "Parallel",
                    "End": True,
                    "Branches": [
                        {
                            "StartAt": "Job",
                            "States": {
                                "Job": {"Type": "Task", "Resource": GLUE, "Parameters": {"JobName": "job"}, "End": True}
                            },
                        },
                        {
                            "StartAt": "Bad",
                            "States": {
                                "Bad": {
                                    "Type": "Task",
                                    "Resource": f"{STATES}lambda:invoke",
                                    "Parameters": {"FunctionName": "f"},
                                    "End": True,
                                }
                            },
                        },
                    ],
                }
            },
        }
    )
    assert ran.error == "ValueError"
    until(lambda: world.glue_runs()[0]["JobRunState"] == "STOPPED")


def test_a_job_submitted_after_its_task_was_stopped_is_stopped_too(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    held = Held(world.cloud.service("glue"), "start_job_run")
    arn = world.begin_task(GLUE, {"JobName": "job"})
    held.wait()
    world.stop(arn)
    assert world.glue_runs() == []
    held.open()
    until(lambda: [run["JobRunState"] for run in world.glue_runs()] == ["STOPPED"])
    assert not submitted(world, arn)


def test_a_job_stopped_between_its_submission_and_the_answer_is_stopped(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    held = Held(world.cloud.service("glue"), "start_job_run", after=True)
    arn = world.begin_task(GLUE, {"JobName": "job"})
    held.wait()
    world.stop(arn)
    held.open()
    until(lambda: [run["JobRunState"] for run in world.glue_runs()] == ["STOPPED"])


def test_a_task_stopped_while_it_queues_never_begins(world: Any, monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    world.glue_job("pass")
    held = Held(world.cloud.service("sts"), "get_caller_identity")
    full = [world.begin_task(f"{SDK}sts:getCallerIdentity", {}) for _ in range(tasks._CALLS)]
    for _ in full:
        held.wait()
    queued = world.begin_task(GLUE, {"JobName": "job"})
    world.stop(queued)
    held.open()
    for arn in full:
        assert world.end(arn).output["Account"] == "123456789012"
    after = world.task(GLUE, {"JobName": "job"})  # begun after the stopped one would have been
    assert [run["Id"] for run in world.glue_runs()] == [after.output["Id"]]


def test_the_stop_of_an_ended_job_harms_nobody(world: Any, until: Until) -> None:
    """The job ends, and is stopped before its task hears of it."""
    world.glue_job("pass")
    held = Held(world.cloud.service("glue"), "get_job_run")
    arn = world.begin_task(GLUE, {"JobName": "job"})
    held.wait()
    world.stop(arn)
    held.open()
    assert world.status(arn) == "ABORTED"
    assert world.task(GLUE, {"JobName": "job"}).output["JobRunState"] == "SUCCEEDED"


# --- resumed -----------------------------------------------------------------------------------------------


def test_a_running_job_is_waited_for_again(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    arn = world.begin_task(GLUE, {"JobName": "job"})
    until(lambda: gate.arrivals and submitted(world, arn))
    world.restart()
    gate.open()
    ran = world.end(arn)
    assert ran.output["JobRunState"] == "SUCCEEDED"
    assert ran.types.count("TaskSubmitted") == 1
    assert gate.arrivals == len(world.glue_runs()) == 1


def test_a_resumed_job_can_be_stopped(world: Any, gate: Any, until: Until) -> None:
    world.glue_job(gate.code)
    arn = world.begin_task(GLUE, {"JobName": "job"})
    until(lambda: gate.arrivals and submitted(world, arn))
    world.restart()
    world.stop(arn)
    until(lambda: world.glue_runs()[0]["JobRunState"] == "STOPPED")


def lose_the_answer(
    world: Any, monkeypatch: pytest.MonkeyPatch, service: str, method: str, begin: Callable[[], str]
) -> str:
    """Restart the cloud when a call was made whose answer the engine never saw."""
    monkeypatch.setattr(tasks, "_CLOSE_SECONDS", 0.01)
    held = Held(world.cloud.service(service), method, after=True)
    arn = begin()
    held.wait()
    world.restart()
    held.open()
    return arn


def test_a_job_whose_submission_was_lost_starts_once(
    world: Any, gate: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.glue_job(gate.code)
    arn = lose_the_answer(
        world, monkeypatch, "glue", "start_job_run", lambda: str(world.begin_task(GLUE, {"JobName": "job"}))
    )
    gate.open()
    assert world.end(arn).output["JobRunState"] == "SUCCEEDED"
    assert gate.arrivals == len(world.glue_runs()) == 1


def test_a_training_job_whose_submission_was_lost_starts_once(
    world: Any, gate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = training(world, tmp_path, gate.code)
    arn = lose_the_answer(
        world,
        monkeypatch,
        "sagemaker",
        "create_training_job",
        lambda: str(world.begin_task(f"{STATES}sagemaker:createTrainingJob.sync", request)),
    )
    gate.open()
    job = world.end(arn).output
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://models/out/train/output/model.tar.gz"
    assert isinstance(job["TrainingEndTime"], int)


@pytest.mark.parametrize("name", ["mine", None])
@pytest.mark.parametrize("ends", [True, False])
def test_a_nested_execution_whose_start_was_lost_starts_once(
    world: Any, gate: Any, until: Until, name: str | None, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.glue_job(gate.code)
    state = (
        {"Type": "Pass", "Result": "inner", "End": True}
        if ends
        else {
            "Type": "Task",
            "Resource": GLUE,
            "Parameters": {"JobName": "job"},
            "ResultSelector": {"out": "inner"},
            "OutputPath": "$.out",
            "End": True,
        }
    )
    inner = world.machine({"StartAt": "Do", "States": {"Do": state}})
    parameters = {"StateMachineArn": inner, "Input": {"n": 1}, **({"Name": name} if name else {})}

    def begin() -> str:
        return str(world.begin_task(f"{STATES}states:startExecution.sync:2", parameters))

    arn = lose_the_answer(world, monkeypatch, "stepfunctions", "start_execution", lambda: _quietly(world, begin))
    gate.open()
    assert world.end(arn).output["Output"] == "inner"
    executions = world.call("stepfunctions", "ListExecutions", stateMachineArn=inner)["executions"]
    assert len(executions) == 1


def _quietly(world: Any, begin: Callable[[], str]) -> str:
    """Begin an execution without being held up oneself: the service's method is wrapped only for the task."""
    service = world.cloud.service("stepfunctions")
    held = service.__dict__.pop("start_execution")
    real = service.start_execution
    mine = threading.get_ident()
    service.start_execution = lambda *given: (real if threading.get_ident() == mine else held)(*given)
    return begin()


def test_a_foreign_execution_of_the_same_name_is_not_taken_for_ours(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = world.machine({"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}})
    foreign = world.call("stepfunctions", "StartExecution", stateMachineArn=inner, name="mine", input='{"n": 0}')
    world.end(foreign["executionArn"])
    service = world.cloud.service("stepfunctions")
    arguments = {"StateMachineArn": inner, "Name": "mine", "Input": {"n": 1}}
    resource = Resource.parse(f"{STATES}states:startExecution.sync:2")
    with pytest.raises(StateFailed) as caught:
        service._tasks.request(resource, arguments, "key", again=True)
    assert caught.value.error == "StepFunctions.ExecutionAlreadyExistsException"
    same = service._tasks.request(resource, {**arguments, "Input": {"n": 0}}, "key", again=True)
    assert same["ExecutionArn"] == foreign["executionArn"]


def test_a_function_at_work_at_a_stop_runs_again(world: Any, gate: Any, until: Until) -> None:
    world.function(f"def handler(event, context):\n    exec({gate.code!r})\n    return 'done'\n")
    arn = world.begin_task(f"{STATES}lambda:invoke", {"FunctionName": "f"})
    until(lambda: gate.arrivals == 1)
    world.restart()
    until(lambda: gate.arrivals == 2)
    gate.open()
    ran = world.end(arn)
    assert ran.output["Payload"] == "done"
    assert ran.types.count("TaskStarted") == 1


def test_a_task_refused_because_the_cloud_stops_has_not_failed(world: Any, until: Until) -> None:
    """A service refuses calls as soon as the cloud begins to stop, before Step Functions itself has stopped."""
    service = world.cloud.service("sts")
    came = threading.Event()

    def refuse(*_: Any) -> Any:
        came.set()
        until(lambda: world.cloud.stopping)
        raise ServiceError("ServiceUnavailable", "The local cloud is stopping", 503)

    service.get_caller_identity = refuse
    arn = world.begin_task(f"{SDK}sts:getCallerIdentity", {})
    assert came.wait(60)
    world.restart()
    assert world.end(arn).output["Account"] == "123456789012"


# --- slow --------------------------------------------------------------------------------------------------


def test_a_slow_function_holds_up_only_itself(world: Any, gate: Any, until: Until) -> None:
    world.function(f"def handler(event, context):\n    exec({gate.code!r})\n    return event\n", "slow")
    world.function("def handler(event, context):\n    return event\n", "quick")
    world.glue_job("pass")
    machine = world.machine(
        {
            "StartAt": "Slow",
            "States": {
                "Slow": {
                    "Type": "Task",
                    "Resource": f"{STATES}lambda:invoke",
                    "End": True,
                    "OutputPath": "$.Payload",
                    "Parameters": {"FunctionName": "slow", "Payload.$": "$"},
                }
            },
        }
    )
    slow = [
        world.call("stepfunctions", "StartExecution", stateMachineArn=machine, input=str(n))["executionArn"]
        for n in range(tasks._LANE + 8)
    ]
    until(lambda: gate.arrivals)
    assert world.task(f"{STATES}lambda:invoke", {"FunctionName": "quick", "Payload": 7}).output["Payload"] == 7
    assert world.task(GLUE, {"JobName": "job"}).output["JobRunState"] == "SUCCEEDED"
    assert {world.status(arn) for arn in slow} == {"RUNNING"}
    world.stop(slow[-1])  # it waits for a thread, and never begins
    gate.open()
    for number, arn in enumerate(slow[:-1]):
        assert world.end(arn).output == number
    assert gate.arrivals == len(slow) - 1


def test_a_fault_in_the_cloud_fails_the_task_and_nothing_else(world: Any, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    world.cloud.service("sts").get_caller_identity = broken
    ran = world.task(f"{SDK}sts:getCallerIdentity", {})
    assert ran.error == "States.Runtime"
    assert "ZeroDivisionError('oops')" in ran.cause
    assert "failed inside the local cloud" in caplog.text
    assert json.loads(json.dumps(world.task(f"{SDK}s3:listBuckets", {}).output))["Buckets"] == []
