"""Training jobs: what a script finds, what it leaves, how it may end. Real processes, real models."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local import images
from stepfunctions.local.jobs import can_mount

mounted = pytest.mark.skipif(not can_mount("/opt/ml"), reason="mount namespaces are not allowed here")
SHOW = """
import json, os, sys
root = os.environ["SM_MODEL_DIR"][:-len("/model")]
files = sorted(os.path.relpath(os.path.join(where, name), root) for where, _, names in os.walk(root) for name in names)
print(json.dumps({"argv": sys.argv, "env": dict(os.environ), "cwd": os.getcwd(), "files": files, "root": root,
                  "config": {name: json.load(open(f"{root}/input/config/{name}.json"))
                             for name in ("hyperparameters", "inputdataconfig", "resourceconfig")}}))
"""


def test_completed(sm: Any) -> None:
    """A real model, its metrics, its record."""
    import joblib

    said = sm.train("completed", hyperparameters={"scale": "1.5"}, Tags=[{"Key": "team", "Value": "a"}])
    assert (said["TrainingJobStatus"], said["SecondaryStatus"]) == ("Completed", "Completed")
    assert said["ModelArtifacts"]["S3ModelArtifacts"] == "s3://bucket/out/completed/output/model.tar.gz"
    model = joblib.load(io.BytesIO(sm.members("out/completed/output/model.tar.gz")["model.joblib"]))
    assert model.predict([[10.0]])[0] == pytest.approx(30.0)
    assert [(one["MetricName"], one["Value"]) for one in said["FinalMetricDataList"]] == [("mae", 0.25)]
    transitions = said["SecondaryStatusTransitions"]
    assert [one["Status"] for one in transitions] == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(one["EndTime"] == next_one["StartTime"] for one, next_one in itertools.pairwise(transitions))
    assert said["CreationTime"] <= said["TrainingStartTime"] <= said["TrainingEndTime"] <= said["LastModifiedTime"]
    assert said["TrainingTimeInSeconds"] == said["BillableTimeInSeconds"] >= 1
    assert "FailureReason" not in said
    assert sm("ListTags", ResourceArn=said["TrainingJobArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    job = sm.cloud.jobs.describe("training", "completed")
    assert job["pid"] != os.getpid()
    assert job["exit"]["code"] == 0


def test_describes_only_what_the_model_has(sm: Any) -> None:
    from stepfunctions.local.wire.models import operation_model

    said = sm.train("shape")
    model = operation_model("sagemaker", "DescribeTrainingJob")
    assert model is not None
    shape = model.output_shape
    assert set(said) <= set(shape.members)
    assert set(shape.required_members) <= set(said)


def test_same_training_gives_the_same_archive(sm: Any) -> None:
    objects = sm.cloud.service("s3").objects
    etags = {
        objects.head("bucket", f"out/{sm.train(name)['TrainingJobName']}/output/model.tar.gz").etag
        for name in ("same-1", "same-2")
    }
    assert len(etags) == 1


def test_container_contract(sm: Any) -> None:
    sm.put("more/a/part.csv", "1\n")
    sm.put("more/a/deep/part.csv", "2\n")
    sm.put("zipped/data.csv.gz", gzip.compress(b"x\n"))
    request = sm.request("contract", script=SHOW)
    given = {
        **request["HyperParameters"],
        "rate": "0.1",
        "name": '"quoted"',
        "text": "plain",
        "flag": "true",
        "list": "[1, 2]",
        "map": '{"b": 1, "a": 2}',
        "n": "7",
        "sagemaker_container_log_level": "10",
        "sagemaker_mpi_enabled": "false",
    }
    channels = [
        *request["InputDataConfig"],
        sm.channel("more", "s3://bucket/more/a", ContentType="text/csv"),
        sm.channel("zipped", "s3://bucket/zipped/", CompressionType="Gzip"),
    ]
    sm(
        "CreateTrainingJob",
        **{**request, "HyperParameters": given, "InputDataConfig": channels, "Environment": {"MINE": "yes"}},
    )
    said = sm.ended("contract")
    assert said["TrainingJobStatus"] == "Completed", said.get("FailureReason")
    seen = json.loads(sm.log("contract"))
    root, env = seen["root"], seen["env"]
    assert root == ("/opt/ml" if can_mount("/opt/ml") else str(sm.folder("contract") / "ml"))
    assert seen["cwd"] == f"{root}/code"
    arguments = [
        "--flag",
        "True",
        "--list",
        "[1, 2]",
        "--map",
        "a=2,b=1",
        "-n",
        "7",
        "--name",
        "quoted",
        "--rate",
        "0.1",
        "--text",
        "plain",
    ]
    assert seen["argv"] == ["train.py", *arguments]
    assert json.loads(env["SM_USER_ARGS"]) == arguments
    assert json.loads(env["SM_HPS"]) == {
        "rate": 0.1,
        "name": "quoted",
        "text": "plain",
        "flag": True,
        "list": [1, 2],
        "map": {"a": 2, "b": 1},
        "n": 7,
    }
    assert seen["config"]["hyperparameters"] == given
    assert seen["config"]["inputdataconfig"]["more"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert seen["config"]["resourceconfig"]["hosts"] == ["algo-1"]
    expected = {
        "SM_MODEL_DIR": f"{root}/model",
        "SM_OUTPUT_DIR": f"{root}/output",
        "SM_OUTPUT_DATA_DIR": f"{root}/output/data",
        "SM_INPUT_DIR": f"{root}/input",
        "SM_INPUT_CONFIG_DIR": f"{root}/input/config",
        "SM_CHANNELS": '["more","training","zipped"]',
        "SM_CHANNEL_MORE": f"{root}/input/data/more",
        "SM_CHANNEL_TRAINING": f"{root}/input/data/training",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_GPUS": "0",
        "SM_NUM_CPUS": str(os.cpu_count()),
        "SM_LOG_LEVEL": "10",
        "SM_MODULE_NAME": "train",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_DIR": given["sagemaker_submit_directory"],
        "SM_FRAMEWORK_PARAMS": '{"sagemaker_mpi_enabled":false}',
        "SM_FRAMEWORK_MODULE": "sagemaker_sklearn_container.training:main",
        "SM_NETWORK_INTERFACE_NAME": "eth0",
        "SM_HP_RATE": "0.1",
        "SM_HP_NAME": "quoted",
        "SM_HP_FLAG": "true",
        "SM_HP_LIST": "[1,2]",
        "MINE": "yes",
        "TRAINING_JOB_NAME": "contract",
        "TRAINING_JOB_ARN": said["TrainingJobArn"],
        "AWS_REGION": "us-east-1",
        "SAGEMAKER_REGION": "us-east-1",
    }
    assert {name: env.get(name) for name in expected} == expected
    training_env = json.loads(env["SM_TRAINING_ENV"])
    assert training_env["channel_input_dirs"]["more"] == f"{root}/input/data/more"
    assert training_env["hyperparameters"]["rate"] == 0.1
    assert json.loads(env["SM_RESOURCE_CONFIG"]) == seen["config"]["resourceconfig"]
    assert json.loads(env["SM_INPUT_DATA_CONFIG"]) == seen["config"]["inputdataconfig"]
    data = [name for name in seen["files"] if name.startswith("input/data/")]
    assert data == [
        "input/data/more/deep/part.csv",
        "input/data/more/part.csv",
        "input/data/training/data.csv",
        "input/data/zipped/data.csv",
    ]


@mounted
def test_opt_ml_is_really_there(sm: Any) -> None:
    before = Path("/opt/ml").exists()
    said = sm.train(
        "opt-ml",
        script="import os\nfor name in ('model', 'output/data'):\n"
        "    open(f'/opt/ml/{name}/file', 'w').write(name)\n"
        "print(sorted(os.listdir('/opt/ml/input/data/training')))",
    )
    assert said["TrainingJobStatus"] == "Completed"
    assert sm.members("out/opt-ml/output/model.tar.gz") == {"file": b"model"}
    assert sm.members("out/opt-ml/output/output.tar.gz") == {"file": b"output/data"}
    assert sm.log("opt-ml") == "['data.csv']\n"
    assert Path("/opt/ml").exists() == before


def test_no_output_archive_without_output(sm: Any) -> None:
    sm.train("no-output")
    keys = [info.key for info in sm.cloud.service("s3").objects.list("bucket", "out/no-output/")]
    assert keys == ["out/no-output/output/model.tar.gz"]


def test_uncompressed_output(sm: Any) -> None:
    said = sm.train("uncompressed", OutputDataConfig={"S3OutputPath": "s3://bucket/out", "CompressionType": "NONE"})
    assert said["ModelArtifacts"]["S3ModelArtifacts"] == "s3://bucket/out/uncompressed/output/model/"
    assert sm.get("out/uncompressed/output/model/model.joblib")


def test_checkpoints_go_in_and_out(sm: Any) -> None:
    sm.put("checkpoints/old", "1")
    script = (
        "import os\nroot = os.environ['SM_MODEL_DIR'][:-6]\n"
        "open(f'{root}/checkpoints/new', 'w').write(open(f'{root}/checkpoints/old').read() + '2')"
    )
    assert (
        sm.train("checkpoints", script=script, CheckpointConfig={"S3Uri": "s3://bucket/checkpoints"})[
            "TrainingJobStatus"
        ]
        == "Completed"
    )
    assert sm.get("checkpoints/new") == b"12"


FAILURES = {
    "exception": (
        "def f():\n    raise ValueError('bad data')\nf()",
        ["ExitCode 1", "in f", "ValueError: bad data", 'Command "python train.py', "exit code: 1"],
    ),
    "exit code": ("import sys; print('lost', file=sys.stderr); sys.exit(7)", ["ExitCode 7", "lost", "exit code: 7"]),
    "signal": ("import os; os.kill(os.getpid(), 9)", ["exit code: 137", "killed by signal 9"]),
    "failure file": (
        "import os, sys\nopen(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('no rows')\nsys.exit(3)",
        ["AlgorithmError: no rows, exit code: 3"],
    ),
    "long": (
        "import sys\nfor i in range(3000): print('line', i, file=sys.stderr)\nsys.exit(2)",
        ["AlgorithmError: ExecuteUserScriptError:\nExitCode 2", 'line 2999"', "exit code: 2"],
    ),
    "syntax": ("def (", ["SyntaxError", "exit code: 1"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failures_are_told(sm: Any, name: str) -> None:
    script, expected = FAILURES[name]
    said = sm.train(f"fails-{name.replace(' ', '-')}", script=script)
    assert (said["TrainingJobStatus"], said["SecondaryStatus"]) == ("Failed", "Failed")
    assert all(text in said["FailureReason"] for text in expected), said["FailureReason"]
    assert said["FailureReason"].startswith("AlgorithmError: ")
    assert len(said["FailureReason"]) <= 1024
    assert said["ModelArtifacts"] == {"S3ModelArtifacts": ""}
    assert not list(sm.cloud.service("s3").objects.list("bucket", f"out/{said['TrainingJobName']}/"))


def bad_code(**hyperparameters: str) -> dict[str, Any]:
    return {"HyperParameters": {"sagemaker_program": "train.py", **hyperparameters}}


REFUSED = {
    "no-script": (
        bad_code(sagemaker_submit_directory="s3://bucket/code.tar.gz", sagemaker_program="other.py"),
        "The script 'other.py' (sagemaker_program) is not in sagemaker_submit_directory, which has: "
        "inference.py, train.py",
    ),
    "no-code": (
        bad_code(sagemaker_submit_directory="s3://bucket/gone.tar.gz"),
        "s3://bucket/gone.tar.gz cannot be read",
    ),
    "no-tar": (bad_code(sagemaker_submit_directory="s3://bucket/in/data.csv"), "not a readable tar.gz"),
    "no-program": ({"HyperParameters": {}}, "There is nothing to run"),
    "outside": (
        bad_code(sagemaker_submit_directory="s3://bucket/code.tar.gz", sagemaker_program="../code/train.py"),
        "is not in sagemaker_submit_directory",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_jobs_that_cannot_begin(sm: Any, name: str) -> None:
    fields, reason = REFUSED[name]
    said = sm.train(f"refused-{name}", **fields)
    assert said["TrainingJobStatus"] == "Failed"
    assert reason in said["FailureReason"]
    assert "TrainingEndTime" not in said


def test_missing_requirements_are_named(sm: Any) -> None:
    requirements = "pandas>=1\n# why\nno-such-thing==2\n"
    sm.put("code/needs.tar.gz", sm.archive({"train.py": "", "requirements.txt": requirements}))
    said = sm.train(
        "needs",
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bucket/code/needs.tar.gz",
        },
    )
    assert said["FailureReason"].endswith("pip install no-such-thing")


INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "image": (
        {
            "AlgorithmSpecification": {
                "TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/forest:1",
                "TrainingInputMode": "File",
            }
        },
        r"no local runtime.*sagemaker-scikit-learn.*stepfunctions local image add forest",
    ),
    "algorithm": (
        {"AlgorithmSpecification": {"AlgorithmName": "forest", "TrainingInputMode": "File"}},
        "TrainingImage is required",
    ),
    "output bucket": ({"OutputDataConfig": {"S3OutputPath": "s3://nowhere/out"}}, "bucket 'nowhere'.*does not exist"),
    "no input": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "a",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/nothing/"}},
                }
            ]
        },
        'No S3 objects found under S3 URL "s3://bucket/no',
    ),
    "manifest": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "a",
                    "DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/in/"}},
                }
            ]
        },
        "channel 'a'.*S3Prefix",
    ),
    "pipe": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "a",
                    "InputMode": "Pipe",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
                }
            ]
        },
        "no Pipe mode",
    ),
    "dots": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "..",
                    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
                }
            ]
        },
        "cannot have this name",
    ),
    "instances": (
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}},
        "InstanceCount to 1",
    ),
}


@pytest.mark.parametrize("name", INVALID)
def test_requests_refused_at_once(sm: Any, name: str) -> None:
    fields, message = INVALID[name]
    with pytest.raises(ServiceError, match=message) as caught:
        sm("CreateTrainingJob", **sm.request("invalid", **fields))
    assert caught.value.code == "ValidationException"
    with pytest.raises(ServiceError, match="Requested resource not found"):
        sm("DescribeTrainingJob", TrainingJobName="invalid")


def test_bad_metric_expression(sm: Any) -> None:
    request = sm.request("bad-regex")
    request["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "m", "Regex": "("}]
    with pytest.raises(ServiceError, match="metric 'm' cannot be read"):
        sm("CreateTrainingJob", **request)


def test_names_are_used_once_but_a_repeated_call_is_the_same(sm: Any) -> None:
    request = sm.request("once", script="print(1)")
    first = sm("CreateTrainingJob", token="execution/1/0", **request)
    assert sm("CreateTrainingJob", token="execution/1/0", **request) == first
    sm.ended("once")
    assert sm("CreateTrainingJob", token="execution/1/0", **request) == first
    assert sm.ended("once")["SecondaryStatusTransitions"][-1]["Status"] == "Completed"
    for token in ("execution/1/1", None):
        with pytest.raises(ServiceError, match="already exists") as caught:
            sm("CreateTrainingJob", token=token, **request)
        assert caught.value.code == "ResourceInUse"


def test_maximum_runtime(sm: Any) -> None:
    """SIGTERM lets the script save what it has; that is the job's model."""
    script = (
        "import os, signal, sys, time\ndef save(*_):\n"
        "    open(os.environ['SM_MODEL_DIR'] + '/partial', 'w').close(); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, save)\ntime.sleep(600)"
    )
    said = sm.train("overtime", script=script, seconds=1)
    assert (said["TrainingJobStatus"], said["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert sm.members("out/overtime/output/model.tar.gz") == {"partial": b""}
    assert "FailureReason" not in said


def test_stop(sm: Any) -> None:
    sm("CreateTrainingJob", **sm.request("stopped", script="import time; print('up', flush=True); time.sleep(600)"))
    sm.wait_for(lambda: "Training" in str(sm("DescribeTrainingJob", TrainingJobName="stopped")["SecondaryStatus"]))
    sm("StopTrainingJob", TrainingJobName="stopped")
    said = sm.ended("stopped")
    assert (said["TrainingJobStatus"], said["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert "Stopping" in [one["Status"] for one in said["SecondaryStatusTransitions"]]
    with pytest.raises(ServiceError, match="status Stopped"):
        sm("StopTrainingJob", TrainingJobName="stopped")


def test_delete(sm: Any) -> None:
    sm.train("deleted")
    folder = sm.folder("deleted")
    sm("DeleteTrainingJob", TrainingJobName="deleted")
    assert not folder.exists()
    with pytest.raises(ServiceError, match="not found"):
        sm("DescribeTrainingJob", TrainingJobName="deleted")
    assert sm.get("out/deleted/output/model.tar.gz")
    assert sm.train("deleted")["TrainingJobStatus"] == "Completed"


def test_list_pages_and_filters(open_sagemaker: Any) -> None:
    sm = open_sagemaker()
    names = [f"list-{number}" for number in range(5)]
    for name in names:
        sm("CreateTrainingJob", **sm.request(name, script="import sys; sys.exit('3' in sys.path)"))
    for name in names:
        sm.ended(name)
    pages: list[list[str]] = []
    token: dict[str, str] = {}
    while True:
        page = sm("ListTrainingJobs", MaxResults=2, SortBy="Name", SortOrder="Descending", **token)
        pages.append([one["TrainingJobName"] for one in page["TrainingJobSummaries"]])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert pages == [["list-4", "list-3"], ["list-2", "list-1"], ["list-0"]]
    found = sm("ListTrainingJobs", NameContains="T-3", StatusEquals="Completed")["TrainingJobSummaries"]
    assert [one["TrainingJobName"] for one in found] == ["list-3"]
    assert sm("ListTrainingJobs", StatusEquals="Failed")["TrainingJobSummaries"] == []
    first = sm("DescribeTrainingJob", TrainingJobName="list-0")["CreationTime"]
    assert len(sm("ListTrainingJobs", CreationTimeAfter=first)["TrainingJobSummaries"]) == 4
    with pytest.raises(ServiceError, match="NextToken"):
        sm("ListTrainingJobs", NextToken="rubbish")


def test_an_image_folder(sm: Any, tmp_path: Path) -> None:
    """A user's own image: an executable ``train`` as in SageMaker's own contract, or an entry point."""
    (tmp_path / "train").write_text('#!/bin/sh\ncat "$SM_CHANNEL_TRAINING/data.csv" > "$SM_MODEL_DIR/copy"\n')
    (tmp_path / "train").chmod(0o755)
    images.add(sm.cloud.data_dir, "team/copy", tmp_path)
    uri = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/copy:latest"
    algorithm = {"TrainingImage": uri, "TrainingInputMode": "File"}
    said = sm.train("own-image", AlgorithmSpecification=algorithm, HyperParameters={})
    assert said["TrainingJobStatus"] == "Completed", said
    assert sm.members("out/own-image/output/model.tar.gz") == {"copy": b"x,y\n1,2\n2,4\n3,6\n"}
    entry = {**algorithm, "ContainerEntrypoint": ["python", "-c"], "ContainerArguments": ["print(40 + 2)"]}
    assert sm.train("entry", AlgorithmSpecification=entry, HyperParameters={})["TrainingJobStatus"] == "Completed"
    assert sm.log("entry") == "42\n"


def test_more_jobs_than_cores(sm: Any) -> None:
    names = [f"many-{number}" for number in range(6)]
    for name in names:
        sm("CreateTrainingJob", **sm.request(name, hyperparameters={"scale": name[-1]}))
    assert {sm.ended(name)["TrainingJobStatus"] for name in names} == {"Completed"}
    assert len({sm.cloud.jobs.describe("training", name)["pid"] for name in names}) == 6


def test_what_a_script_prints_is_in_the_log_group_of_training_jobs(sm: Any) -> None:
    sm.train("talks", script="import sys\nprint('out')\nprint('err', file=sys.stderr)")
    request = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "talks/"}
    events = sm.cloud.call("logs", "FilterLogEvents", request)["events"]
    assert sorted(event["message"] for event in events) == ["err", "out"]
    assert {event["logStreamName"].split("-")[0] for event in events} == {"talks/algo"}
