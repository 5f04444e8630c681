"""Processing jobs: what a script finds, what it leaves, how it may end. Real processes."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from stepfunctions.errors import ServiceError

CODE = "/opt/ml/processing/input/code"
COUNT = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--input"), parser.add_argument("--output")
given = parser.parse_args()
lines = open(os.path.join(given.input, "data.csv")).read().splitlines()
open(os.path.join(given.output, "count.txt"), "w").write(f"{len(lines)} {os.environ['UNIT']}")
"""


def place(name: str, uri: str, path: str) -> dict[str, Any]:
    s3 = {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    return {"InputName": name, "S3Input": s3}


def request(sm: Any, name: str, script: str, *arguments: str, mode: str = "EndOfJob", **fields: Any) -> dict[str, Any]:
    """A CreateProcessingJob request for a script."""
    sm.put(f"scripts/{name}/analyse.py", script)
    output = {"S3Uri": f"s3://bucket/processed/{name}/", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": mode}
    made = {
        "ProcessingJobName": name,
        "RoleArn": sm.role,
        "AppSpecification": {
            "ImageUri": sm.image,
            "ContainerEntrypoint": ["python3", f"{CODE}/analyse.py"],
            **({"ContainerArguments": list(arguments)} if arguments else {}),
        },
        "ProcessingInputs": [
            place("code", f"s3://bucket/scripts/{name}/analyse.py", CODE),
            place("data", "s3://bucket/in/", "/opt/ml/processing/input/data"),
        ],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    return {**made, **fields}


def ended(sm: Any, name: str) -> dict[str, Any]:
    event = threading.Event()
    arn = sm("DescribeProcessingJob", ProcessingJobName=name)["ProcessingJobArn"]
    sm.cloud.service("sagemaker").on_end(arn, event.set)
    assert event.wait(60), f"{name} did not end"
    return dict(sm("DescribeProcessingJob", ProcessingJobName=name))


def process(sm: Any, name: str, script: str, *arguments: str, **fields: Any) -> dict[str, Any]:
    sm("CreateProcessingJob", **request(sm, name, script, *arguments, **fields))
    return ended(sm, name)


def stored(sm: Any, name: str) -> list[str]:
    found = sm("ListObjectsV2", service="s3", Bucket="bucket", Prefix=f"processed/{name}/").get("Contents", [])
    return [one["Key"].removeprefix(f"processed/{name}/") for one in found]


def test_completed(sm: Any) -> None:
    """Its inputs, arguments and variables are there, its output is in S3, its record has AWS's members."""
    from stepfunctions.local.wire.models import operation_model

    paths = ("--input", "/opt/ml/processing/input/data", "--output", "/opt/ml/processing/output")
    said = process(sm, "counted", COUNT, *paths, Environment={"UNIT": "lines"}, Tags=[{"Key": "team", "Value": "a"}])
    assert said["ProcessingJobStatus"] == "Completed", said
    assert sm.get("processed/counted/count.txt") == b"4 lines"
    assert said["CreationTime"] <= said["ProcessingStartTime"] <= said["ProcessingEndTime"] <= said["LastModifiedTime"]
    assert sm("ListTags", ResourceArn=said["ProcessingJobArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    model = operation_model("sagemaker", "DescribeProcessingJob")
    assert model is not None
    assert set(model.output_shape.required_members) <= set(said) <= set(model.output_shape.members)
    listed = sm("ListProcessingJobs", NameContains="counted")["ProcessingJobSummaries"]
    assert [(one["ProcessingJobName"], one["ProcessingJobStatus"]) for one in listed] == [("counted", "Completed")]


def test_what_a_container_finds(sm: Any) -> None:
    script = (
        "import json, os\nroot = os.path.abspath(__file__).split('/processing/')[0]\n"
        "found = {name: json.load(open(f'{root}/config/{name}.json')) for name in"
        " ('processingjobconfig', 'resourceconfig')}\n"
        "print(json.dumps({**found, 'outputs': os.path.isdir(root + '/processing/output')}))\n"
        "open(root + '/output/message', 'w').write('\\u00e4' * 1000)"
    )
    said = process(sm, "config", script)
    assert said["ExitMessage"] == "ä" * 512
    folder = sm.cloud.jobs.describe("processing", "config")["folder"]
    with open(f"{folder}/stdout.log") as file:
        found = json.load(file)
    assert found["outputs"]
    assert found["resourceconfig"] == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert found["processingjobconfig"]["ProcessingJobArn"] == said["ProcessingJobArn"]
    assert found["processingjobconfig"]["ProcessingInputs"] == said["ProcessingInputs"]


def test_without_mounts_its_paths_are_those_of_its_folder(sm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.local.sagemaker.processing.can_mount", lambda _: False)
    script = "import os, sys\nopen(sys.argv[1] + '/said', 'w').write(os.environ['WHERE'])"
    environment = {"WHERE": "/opt/ml/processing/output"}
    said = process(sm, "plain", script, "/opt/ml/processing/output", Environment=environment)
    assert said["ProcessingJobStatus"] == "Completed", said
    assert sm.get("processed/plain/said").decode().endswith("/ml/processing/output")
    assert not sm.get("processed/plain/said").startswith(b"/opt/ml/")


@pytest.mark.parametrize(("mode", "kept"), [("EndOfJob", []), ("Continuous", ["part.txt"])])
def test_failed(sm: Any, mode: str, kept: list[str]) -> None:
    script = (
        "import os\nroot = os.path.abspath(__file__).split('/input/')[0]\n"
        "open(root + '/output/part.txt', 'w').write('half')\nraise ValueError('no such route')"
    )
    name = f"failed-{mode}"
    said = process(sm, name, script, mode=mode)
    assert said["ProcessingJobStatus"] == "Failed"
    assert said["FailureReason"].startswith("AlgorithmError: ")
    assert "ValueError: no such route" in said["FailureReason"]
    assert stored(sm, name) == kept


def test_a_message_that_is_no_text_fails_the_job(sm: Any) -> None:
    script = (
        "import os\nroot = os.path.abspath(__file__).split('/processing/')[0]\n"
        "open(root + '/output/message', 'wb').write(b'\\xff')"
    )
    said = process(sm, "bytes", script)
    assert (said["ProcessingJobStatus"], said["FailureReason"].partition(":")[0]) == ("Failed", "ClientError")


def test_stopped(sm: Any) -> None:
    sm("CreateProcessingJob", **request(sm, "endless", "import time\nwhile True: time.sleep(.05)"))
    sm.wait_for(lambda: "ProcessingStartTime" in sm("DescribeProcessingJob", ProcessingJobName="endless"))
    with pytest.raises(ServiceError, match="has not ended"):
        sm("DeleteProcessingJob", ProcessingJobName="endless")
    sm("StopProcessingJob", ProcessingJobName="endless")
    assert ended(sm, "endless")["ProcessingJobStatus"] == "Stopped"
    with pytest.raises(ServiceError, match="the processing job is in status Stopped"):
        sm("StopProcessingJob", ProcessingJobName="endless")
    sm("DeleteProcessingJob", ProcessingJobName="endless")
    with pytest.raises(ServiceError, match="Could not find requested job with name: endless"):
        sm("DescribeProcessingJob", ProcessingJobName="endless")


def test_stopped_by_its_stopping_condition(sm: Any) -> None:
    said = process(sm, "slow", "import time\ntime.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert said["ProcessingJobStatus"] == "Stopped"


def test_a_name_is_taken_but_a_repeated_call_is_the_same(sm: Any) -> None:
    made = request(sm, "once", "")
    first = sm("CreateProcessingJob", token="t", **made)
    assert sm("CreateProcessingJob", token="t", **made) == first
    with pytest.raises(ServiceError, match="Job name must be unique") as raised:
        sm("CreateProcessingJob", **made)
    assert raised.value.code == "ResourceInUse"
    assert ended(sm, "once")["ProcessingJobStatus"] == "Completed"


def cluster(**fields: Any) -> dict[str, Any]:
    one = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    return {"ProcessingResources": {"ClusterConfig": {**one, **fields}}}


def given(uri: str = "s3://bucket/in/", path: str = "/opt/ml/processing/x", **fields: Any) -> dict[str, Any]:
    one = place("data", uri, path)
    return {"ProcessingInputs": [{**one, "S3Input": {**one["S3Input"], **fields}}]}


def written(**s3: Any) -> dict[str, Any]:
    return {
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {"S3UploadMode": "EndOfJob", **s3}}]}
    }


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"AppSpecification": {"ImageUri": "sagemaker-scikit-learn:1"}}, "ContainerEntrypoint is required"),
        ({"AppSpecification": {"ImageUri": "other:1", "ContainerEntrypoint": ["a"]}}, "has no local runtime"),
        (cluster(InstanceCount=2), "InstanceCount to 1"),
        (given("s3://bucket/nothing/"), "No S3 objects found under S3 URL"),
        (given(path="/data"), "begins with /opt/ml/processing/"),
        (given(path="/opt/ml/processing/../../x"), "begins with /opt/ml/processing/"),
        (given(S3InputMode="Pipe"), "no Pipe mode"),
        (given(S3DataType="ManifestFile"), "S3DataType S3Prefix"),
        (written(S3Uri="s3://nowhere/x", LocalPath="/opt/ml/processing/o"), "does not exist"),
        (written(S3Uri="s3://bucket/x", LocalPath="/tmp"), "begins with /opt/ml/"),
    ],
)
def test_refused(sm: Any, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ServiceError) as raised:
        sm("CreateProcessingJob", **{**request(sm, "refused", ""), **fields})
    assert raised.value.code == "ValidationException"
    assert says in raised.value.message


def test_a_job_written_down_but_not_submitted(open_sagemaker: Any) -> None:
    """Killed between the two: the next server submits it."""
    sm = open_sagemaker()
    jobs = sm.cloud.jobs
    jobs.submit, submit = lambda *_: None, jobs.submit
    sm("CreateProcessingJob", **request(sm, "forgotten", ""))
    jobs.submit = submit
    sm = open_sagemaker()
    assert ended(sm, "forgotten")["ProcessingJobStatus"] == "Completed"


def test_what_a_script_prints_is_in_the_log_group_of_processing_jobs(sm: Any) -> None:
    process(sm, "talks", "print('hello')")
    found = {"logGroupName": "/aws/sagemaker/ProcessingJobs", "logStreamNamePrefix": "talks/"}
    events = sm.cloud.call("logs", "FilterLogEvents", found)["events"]
    assert [event["message"] for event in events] == ["hello"]
