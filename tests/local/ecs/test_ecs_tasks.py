"""ECS tasks, each container a real process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloud import Cloud


def wait_until(condition: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


def waiting(go: Path, here: Path) -> str:
    return f"import os, time\nopen({str(here)!r}, 'w').close()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)"


def test_a_task_runs_its_command_and_stops(ecs: Any) -> None:
    ecs.register(ecs.python("print('hello')"))
    started = ecs.start(tags=[{"key": "k", "value": "v"}])
    assert started["taskArn"].startswith("arn:aws:ecs:us-east-1:123456789012:task/default/")
    assert (started["lastStatus"], started["desiredStatus"]) == ("PROVISIONING", "RUNNING")
    assert started["containers"][0]["lastStatus"] == "PENDING"
    assert started["overrides"] == {"containerOverrides": [], "inferenceAcceleratorOverrides": []}
    assert (started["group"], started["launchType"], started["cpu"]) == ("family:task", "FARGATE", "256")
    task = ecs.wait(started["taskArn"])
    assert (task["lastStatus"], task["desiredStatus"]) == ("STOPPED", "STOPPED")
    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert [(c["name"], c["lastStatus"], c["exitCode"]) for c in task["containers"]] == [("main", "STOPPED", 0)]
    times = [task[key] for key in ("createdAt", "pullStartedAt", "startedAt", "stoppingAt", "stoppedAt")]
    assert all(isinstance(time, datetime) for time in times)
    assert times == sorted(times)
    assert "tags" not in task
    assert ecs.describe(task["taskArn"], include=["TAGS"])["tags"] == [{"key": "k", "value": "v"}]


def test_overrides_replace_the_command_and_add_environment(ecs: Any, tmp_path: Path) -> None:
    script = f"""
import json, os, sys
with open({str(tmp_path / "out")!r}, "w") as file:
    json.dump([sys.argv[1:], os.environ["A"], os.environ["B"], os.environ["C"], os.environ["AWS_REGION"]], file)
"""
    container = {
        "name": "main",
        "image": "python:3.12",
        "entryPoint": ["python", "-c", script],
        "command": ["old"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    }
    overrides = {
        "containerOverrides": [
            {
                "name": "main",
                "command": ["new", "x"],
                "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": ""}],
            }
        ]
    }
    task = ecs.run(container, overrides=overrides)
    assert task["containers"][0]["exitCode"] == 0, task
    assert json.loads((tmp_path / "out").read_text()) == [["new", "x"], "1", "3", "", "us-east-1"]
    assert task["overrides"]["containerOverrides"] == overrides["containerOverrides"]


def test_a_registered_image_is_the_working_directory(ecs: Any, tmp_path: Path) -> None:
    folder = tmp_path / "image"
    folder.mkdir()
    (folder / "main.py").write_text("import helper\nhelper.write()")
    (folder / "helper.py").write_text("def write():\n    with open('written', 'w') as file: file.write('x')")
    ecs.add_image("team/convert", folder)
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/convert:1"
    task = ecs.run({"name": "main", "image": image, "command": ["python", "main.py"]})
    assert task["containers"][0]["exitCode"] == 0, task
    copies = list((ecs.cloud.data_dir / "jobs").rglob("written"))
    assert len(copies) == 1
    assert not list((ecs.cloud.data_dir / "images").rglob("written"))


@pytest.mark.parametrize(
    ("container", "code", "reason"),
    [
        ({"command": ["python", "-c", "import sys; sys.exit('no data')"]}, 1, "no data"),
        ({"command": ["sh", "-c", "kill -9 $$"]}, 137, None),
        ({"command": ["no-such-program"]}, 127, "cannot start no-such-program"),
    ],
)
def test_a_failing_container_has_its_exit_code(
    ecs: Any, container: dict[str, Any], code: int, reason: str | None
) -> None:
    task = ecs.run({"name": "main", "image": "python", **container})
    stopped = task["containers"][0]
    assert stopped["exitCode"] == code
    assert (reason in stopped["reason"]) if reason else ("reason" not in stopped)
    assert task["stopCode"] == "EssentialContainerExited"


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        ({"image": "team/none:2"}, "CannotPullContainerError: The image 'team/none:2' has no local runtime"),
        ({"command": []}, "CannotStartContainerError: the container 'main' has no command"),
    ],
)
def test_a_container_that_cannot_start_says_why(ecs: Any, container: dict[str, Any], reason: str) -> None:
    task = ecs.run({"name": "main", "image": "python", "command": ["python", "-V"], **container})
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith(reason)
    assert task["containers"][0]["reason"].startswith(reason)
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" not in task


def test_an_essential_container_takes_the_others_with_it(ecs: Any, tmp_path: Path) -> None:
    here, never = tmp_path / "here", tmp_path / "never"
    task = ecs.run(
        ecs.python(waiting(here, tmp_path / "x") + "\nraise SystemExit(3)"),
        ecs.python(waiting(never, here), name="sidecar", essential=False),
    )
    codes = {container["name"]: container["exitCode"] for container in task["containers"]}
    assert codes == {"main": 3, "sidecar": 143}
    assert task["stopCode"] == "EssentialContainerExited"


def test_a_container_that_is_not_essential_ends_alone(ecs: Any, tmp_path: Path) -> None:
    here = tmp_path / "here"
    side = f"import os\nopen({str(tmp_path / 'new')!r}, 'w').write(str(os.getpid()))\n"
    side += f"os.rename({str(tmp_path / 'new')!r}, {str(here)!r})\nraise SystemExit(7)"
    main = f"import os, time\nwhile not os.path.exists({str(here)!r}): time.sleep(0.01)\n"
    main += f"while os.path.exists('/proc/' + open({str(here)!r}).read()): time.sleep(0.01)"
    task = ecs.run(ecs.python(main), ecs.python(side, name="side", essential=False))
    assert {one["name"]: one["exitCode"] for one in task["containers"]} == {"main": 0, "side": 7}


def test_a_task_is_stopped(ecs: Any, tmp_path: Path) -> None:
    ecs.register(ecs.python(waiting(tmp_path / "never", tmp_path / "here")))
    arn = ecs.start()["taskArn"]
    wait_until((tmp_path / "here").exists, "the container runs")
    wait_until(lambda: ecs.describe(arn)["lastStatus"] == "RUNNING", "the task is RUNNING")
    assert ecs.call("ListTasks") == {"taskArns": [arn]}
    asked = ecs.call("StopTask", task=arn, reason="enough")["task"]
    assert asked["desiredStatus"] == "STOPPED"
    task = ecs.wait(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 143
    assert ecs.call("ListTasks") == {"taskArns": []}
    assert ecs.call("ListTasks", desiredStatus="STOPPED", family="task") == {"taskArns": [arn]}
    assert ecs.call("StopTask", task=arn)["task"]["stoppedReason"] == "enough"


def test_a_state_that_calls_again_gets_the_same_task(ecs: Any) -> None:
    ecs.register(ecs.python("pass"))
    first = ecs.start(token="token")
    assert first["startedBy"] == "AWS Step Functions"
    ecs.wait(first["taskArn"])
    assert ecs.start(token="token")["taskArn"] == first["taskArn"]
    others = [ecs.start(token="other"), ecs.start(), ecs.start(clientToken="c", startedBy="me")]
    assert ecs.start(clientToken="c")["taskArn"] == others[2]["taskArn"]
    assert len({first["taskArn"], *(task["taskArn"] for task in others)}) == 4
    for task in others:
        ecs.wait(task["taskArn"])
    assert ecs.call("ListTasks", desiredStatus="STOPPED", startedBy="me")["taskArns"] == [others[2]["taskArn"]]


def test_several_tasks_at_once(ecs: Any) -> None:
    ecs.register(ecs.python("pass"))
    answer = ecs.call(
        "RunTask",
        taskDefinition="task",
        count=3,
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
    )
    assert len({task["taskArn"] for task in answer["tasks"]}) == 3
    for task in answer["tasks"]:
        assert task["launchType"] == "EC2"
        assert ecs.wait(task["taskArn"])["containers"][0]["exitCode"] == 0


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"taskDefinition": "none"}, "ClientException", "TaskDefinition not found"),
        ({"cluster": "none"}, "ClusterNotFoundException", "Cluster not found"),
        ({"networkConfiguration": None}, "InvalidParameterException", "Network Configuration must be provided"),
        ({"launchType": "EXTERNAL"}, "InvalidParameterException", "use FARGATE or EC2"),
        (
            {"overrides": {"containerOverrides": [{"name": "x"}]}},
            "InvalidParameterException",
            "Override for container named x is not a container in the TaskDefinition",
        ),
    ],
)
def test_what_cannot_be_started_is_refused(ecs: Any, params: dict[str, Any], code: str, message: str) -> None:
    ecs.register(ecs.python("pass"))
    with pytest.raises(ServiceError, match=message) as raised:
        ecs.start(**params)
    assert raised.value.code == code
    assert ecs.call("ListTasks", desiredStatus="RUNNING") == {"taskArns": []}


def test_a_task_with_more_containers_than_jobs_is_refused(ecs: Any) -> None:
    count = ecs.cloud.max_jobs + 1
    ecs.register(*(ecs.python("pass", name=f"c{number}") for number in range(count)))
    with pytest.raises(ServiceError, match=f"This task has {count} containers"):
        ecs.start()


def test_fargate_needs_a_definition_for_it(ecs: Any) -> None:
    ecs.register(ecs.python("pass"), requiresCompatibilities=["EC2"], networkMode="bridge")
    with pytest.raises(ServiceError, match="does not support launch_type FARGATE"):
        ecs.start()
    task = ecs.start(launchType="EC2", networkConfiguration=None)
    assert ecs.wait(task["taskArn"])["containers"][0]["exitCode"] == 0


def test_unknown_tasks_are_failures(ecs: Any) -> None:
    answer = ecs.call("DescribeTasks", tasks=["0" * 32])
    assert answer == {
        "tasks": [],
        "failures": [{"arn": f"arn:aws:ecs:us-east-1:123456789012:task/default/{'0' * 32}", "reason": "MISSING"}],
    }
    with pytest.raises(ServiceError, match="The referenced task was not found"):
        ecs.call("StopTask", task="0" * 32)


def test_a_task_outlives_the_server(ecs: Any, reopened: Callable[[], Cloud], tmp_path: Path) -> None:
    ecs.register(ecs.python(waiting(tmp_path / "go", tmp_path / "here")))
    arn = ecs.start()["taskArn"]
    wait_until((tmp_path / "here").exists, "the container runs")
    ecs.cloud.stop()
    (tmp_path / "go").touch()
    with reopened() as cloud:
        assert type(ecs)(cloud).wait(arn)["containers"][0]["exitCode"] == 0


def test_a_task_that_was_noted_but_not_handed_over_starts(
    ecs: Any, reopened: Callable[[], Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    ecs.register(ecs.python("pass"))
    monkeypatch.setattr(ecs.cloud.jobs, "submit", lambda *_: None)  # killed between the two
    arn = ecs.start()["taskArn"]
    ecs.cloud.stop()
    with reopened() as cloud:
        assert type(ecs)(cloud).wait(arn)["containers"][0]["exitCode"] == 0


def test_a_container_with_the_driver_awslogs_writes_to_its_log_group(ecs: Any) -> None:
    options = {"awslogs-group": "/ecs/mine", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "run"}
    log = {"logDriver": "awslogs", "options": options}
    task = ecs.run(ecs.python("print('hello')", logConfiguration=log))
    stream = f"run/main/{task['taskArn'].rsplit('/', 1)[1]}"
    request = {"logGroupName": "/ecs/mine", "logStreamName": stream}
    events = ecs.cloud.call("logs", "GetLogEvents", request)["events"]
    assert [event["message"] for event in events] == ["hello"]
