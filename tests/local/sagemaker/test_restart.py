"""What survives the server: clean stops and kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = """
import sys, time, json
from pathlib import Path
from stepfunctions.local.cloud import Cloud
cloud = Cloud(Path(sys.argv[1]), max_jobs=2)
cloud.start()
for line in sys.stdin:
    service, operation, request = json.loads(line)
    answer = cloud.call(service, operation, request)
    print(json.dumps(answer, default=str), flush=True)
"""


class KilledServer:
    """A cloud in a process of its own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __call__(self, operation: str, service: str = "sagemaker", **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([service, operation, request]) + "\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def kill(self) -> None:
        """Kill the process; a second time does nothing."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[[], KilledServer]]:
    """Start clouds on the test's folder; whatever happens, neither they nor jobs that wait for ``go`` are left."""
    servers: list[KilledServer] = []

    def start() -> KilledServer:
        servers.append(KilledServer(tmp_path))
        return servers[-1]

    yield start
    (tmp_path / "go").touch()
    for server in servers:
        server.kill()


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.005)


@pytest.mark.crash
def test_killed_while_training(open_sagemaker: Any, start_server: Callable[[], KilledServer], tmp_path: Path) -> None:
    """One job had ended, one runs, two wait: all end, none twice, and the running process is the same one."""
    sm = open_sagemaker()
    script = (
        "import os, time\nopen(os.environ['SM_MODEL_DIR'] + '/pid', 'w').write(str(os.getpid()))\n"
        f"go = {str(tmp_path / 'go')!r}\n"
        "while os.environ['SM_HP_GO'] == 'wait' and not os.path.exists(go): time.sleep(.01)"
    )
    requests = {
        name: sm.request(name, script=script, hyperparameters={"go": go})
        for name, go in (("ended", "go"), ("running", "wait"), ("also", "wait"), ("queued", "go"))
    }
    sm.cloud.stop()
    server = start_server()
    server("CreateTrainingJob", **requests["ended"])
    wait_until(lambda: server("DescribeTrainingJob", TrainingJobName="ended")["TrainingJobStatus"] == "Completed")
    for name in ("running", "also", "queued"):
        server("CreateTrainingJob", **requests[name])
    for name in ("running", "also"):
        wait_until(
            lambda name=name: (
                server(
                    "DescribeTrainingJob",  # type: ignore[misc]
                    TrainingJobName=name,
                )["SecondaryStatus"]
                == "Training"
            )
        )
    written = tmp_path / "jobs/training/running/1/ml/model/pid"
    wait_until(lambda: written.exists() and written.read_text())
    pid = int(written.read_text())
    server.kill()
    os.kill(pid, 0)

    sm = open_sagemaker()
    etag = sm.cloud.service("s3").objects.head("bucket", "out/ended/output/model.tar.gz").etag
    (tmp_path / "go").touch()
    for name in requests:
        said = sm.ended(name)
        assert said["TrainingJobStatus"] == "Completed", said
        assert sm.cloud.jobs.describe("training", name)["attempt"] == 1
    assert sm.members("out/running/output/model.tar.gz") == {"pid": str(pid).encode()}
    assert sm.cloud.service("s3").objects.head("bucket", "out/ended/output/model.tar.gz").etag == etag


@pytest.mark.crash
def test_killed_while_finishing(open_sagemaker: Any, start_server: Callable[[], KilledServer], tmp_path: Path) -> None:
    """Ended while no server ran: the results are collected by the next one."""
    sm = open_sagemaker()
    script = (
        f"import os, time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(.01)\n"
        "open(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('whole')\nprint('mae=0.125;')"
    )
    request = sm.request("late", script=script)
    sm.cloud.stop()
    server = start_server()
    server("CreateTrainingJob", **request)
    wait_until(lambda: server("DescribeTrainingJob", TrainingJobName="late")["SecondaryStatus"] == "Training")
    server.kill()
    (tmp_path / "go").touch()
    wait_until((tmp_path / "jobs/training/late/1/exit.json").exists)
    sm = open_sagemaker()
    said = sm.ended("late")
    assert said["TrainingJobStatus"] == "Completed"
    assert said["FinalMetricDataList"][0]["Value"] == 0.125
    assert sm.members("out/late/output/model.tar.gz") == {"m": b"whole"}


def test_a_job_written_down_but_not_submitted(open_sagemaker: Any) -> None:
    """Killed between the two: the next server submits it."""
    sm = open_sagemaker()
    jobs = sm.cloud.jobs
    jobs.submit, submit = lambda *_: None, jobs.submit
    sm("CreateTrainingJob", **sm.request("forgotten"))
    jobs.submit = submit
    sm = open_sagemaker()
    assert sm.ended("forgotten")["TrainingJobStatus"] == "Completed"


def test_endpoints_come_back(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    sm.train("line")
    sm(
        "CreateModel",
        ModelName="line",
        ExecutionRoleArn=sm.role,
        PrimaryContainer={
            "Image": sm.image,
            "ModelDataUrl": "s3://bucket/out/line/output/model.tar.gz",
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/code.tar.gz",
            },
        },
    )
    sm(
        "CreateEndpointConfig",
        EndpointConfigName="line",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "line", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
    )
    sm("CreateEndpoint", EndpointName="line", EndpointConfigName="line")
    before = sm.settled("line")
    sm(
        "UpdateEndpointWeightsAndCapacities",
        EndpointName="line",
        DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredWeight": 0.5}],
    )
    [server] = sm.cloud.service("sagemaker").endpoints.route("line").deployment.servers.values()
    pid = server.pid
    sm = open_sagemaker()
    assert not Path(f"/proc/{pid}").exists()
    answer = sm("InvokeEndpoint", service="sagemaker-runtime", EndpointName="line", Body=b"[[4]]")
    assert json.loads(answer["Body"]) == [pytest.approx(8.0)]
    said = sm.settled("line")
    assert said["CreationTime"] == before["CreationTime"]
    assert said["ProductionVariants"][0]["CurrentWeight"] == 0.5


def test_a_stop_does_not_fail_an_endpoint_on_its_way(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    sm.put("slow.tar.gz", sm.archive({"code/inference.py": "import time\ndef model_fn(folder): time.sleep(600)"}))
    sm(
        "CreateModel",
        ModelName="slow",
        ExecutionRoleArn=sm.role,
        PrimaryContainer={"Image": sm.image, "ModelDataUrl": "s3://bucket/slow.tar.gz"},
    )
    sm(
        "CreateEndpointConfig",
        EndpointConfigName="slow",
        ProductionVariants=[
            {"VariantName": "v", "ModelName": "slow", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
    )
    sm("CreateEndpoint", EndpointName="slow", EndpointConfigName="slow")
    began = time.monotonic()
    sm = open_sagemaker()
    assert time.monotonic() - began < 20
    assert sm("DescribeEndpoint", EndpointName="slow")["EndpointStatus"] == "Creating"


def test_a_shift_goes_on_where_it_was(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    for name in ("blue", "green"):
        script = f"def model_fn(folder): return '{name}'\ndef predict_fn(_, model): return model\n"
        sm.put(f"{name}.tar.gz", sm.archive({"code/inference.py": script}))
        container = {"Image": sm.image, "ModelDataUrl": f"s3://bucket/{name}.tar.gz"}
        sm("CreateModel", ModelName=name, ExecutionRoleArn=sm.role, PrimaryContainer=container)
        variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
        sm("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])
    sm("CreateEndpoint", EndpointName="colours", EndpointConfigName="blue")
    sm.settled("colours")
    size = {"Type": "INSTANCE_COUNT", "Value": 1}
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 3600, "CanarySize": size}
    sm(
        "UpdateEndpoint",
        EndpointName="colours",
        EndpointConfigName="green",
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )

    def route() -> Any:
        return sm.cloud.service("sagemaker").endpoints.route("colours")

    def answers() -> list[str]:
        request = {"EndpointName": "colours", "Body": b"[1]", "ContentType": "application/json"}
        asked = (sm("InvokeEndpoint", service="sagemaker-runtime", **request) for _ in range(8))
        return sorted(json.loads(one["Body"]) for one in asked)

    sm.wait_for(lambda: route().share == 0.5)
    before = sm("DescribeEndpoint", EndpointName="colours")
    assert answers() == ["blue"] * 4 + ["green"] * 4
    sm = open_sagemaker()
    sm.wait_for(lambda: route() is not None and route().share == 0.5)
    assert answers() == ["blue"] * 4 + ["green"] * 4
    assert sm("DescribeEndpoint", EndpointName="colours") == before
