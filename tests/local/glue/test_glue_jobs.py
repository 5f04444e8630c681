"""Glue jobs and their runs, each a real process."""

from __future__ import annotations

import io
import json
import time
import zipfile
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
    """Return a script that says it runs, and ends when it may."""
    return f"""
import os, time
open({str(here)!r}, "w").close()
while not os.path.exists({str(go)!r}):
    time.sleep(0.01)
"""


def test_a_run_succeeds(glue: Any) -> None:
    run = glue.run("print('done')")
    assert run["JobRunState"] == "SUCCEEDED"
    assert run["Id"].startswith("jr_")
    assert "ErrorMessage" not in run
    assert run["ExecutionTime"] >= 0
    assert isinstance(run["StartedOn"], datetime)
    assert run["StartedOn"] <= run["CompletedOn"]


def test_a_script_gets_its_arguments_and_environment(glue: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    glue.create(
        f"""
import json, os, sys
from awsglue.utils import getResolvedOptions
options = getResolvedOptions(sys.argv, ["JOB_NAME", "JOB_RUN_ID", "TempDir", "week", "mode", "fixed"])
assert __name__ == "__main__"
with open({str(out)!r}, "w") as file:
    json.dump([options, os.environ["AWS_REGION"], os.environ["AWS_ACCESS_KEY_ID"], sys.argv], file)
""",
        DefaultArguments={"--TempDir": "s3://code/tmp", "--mode": "full", "--week": "1"},
        NonOverridableArguments={"--fixed": "yes"},
    )
    run_id = glue.start(Arguments={"--week": "39", "--fixed": "no"})
    run = glue.wait(run_id)
    assert run["JobRunState"] == "SUCCEEDED", run
    assert run["Arguments"] == {"--week": "39", "--fixed": "no"}
    options, region, key, argv = json.loads(out.read_text())
    assert options == {
        "JOB_NAME": "job",
        "JOB_RUN_ID": run_id,
        "TempDir": "s3://code/tmp",
        "week": "39",
        "mode": "full",
        "fixed": "yes",
    }
    assert (region, key) == ("us-east-1", "local")
    assert argv[0].endswith("/script/job.py")


def test_libraries_come_from_s3(glue: Any) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped/__init__.py", "VALUE = 2")
    names = ",".join([glue.put("lib/plain.py", "VALUE = 1"), glue.put("lib/all.zip", archive.getvalue())])
    run = glue.run(
        "import plain, zipped\nassert (plain.VALUE, zipped.VALUE) == (1, 2)\nassert open('data.csv').read() == 'a,b'",
        Arguments={"--extra-py-files": names, "--extra-files": glue.put("lib/data.csv", "a,b")},
    )
    assert run["JobRunState"] == "SUCCEEDED", run


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys\nprint('why', file=sys.stderr)\nsys.exit(3)", "Command failed with exit code 3: why"),
        ("raise ValueError('bad flight')", "ValueError: bad flight"),
        ("import os\nos.kill(os.getpid(), 9)", "Command failed with signal 9"),
        (
            "from awsglue.utils import getResolvedOptions\nimport sys\ngetResolvedOptions(sys.argv, ['week'])",
            "GlueArgumentError: the following arguments are required: --week",
        ),
    ],
)
def test_a_failing_script_fails_the_run_with_its_stderr(glue: Any, script: str, message: str) -> None:
    run = glue.run(script)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"--extra-py-files": "s3://code/none.py"}, "--extra-py-files s3://code/none.py cannot be read: NoSuchKey"),
        ({"--extra-py-files": "none.py"}, "must name an object as s3://bucket/key; it is 'none.py'"),
        ({"--additional-python-modules": "pytest,no-such-package==1"}, "pip install no-such-package==1"),
    ],
)
def test_what_a_run_lacks_is_named(glue: Any, arguments: dict[str, str], message: str) -> None:
    run = glue.run("pass", Arguments=arguments)
    assert run["JobRunState"] == "FAILED"
    assert message in run["ErrorMessage"]


def test_the_script_is_read_when_the_run_starts(glue: Any) -> None:
    glue.create("pass")
    glue.put("job.py", "raise SystemExit('the new one')")
    assert "the new one" in glue.wait(glue.start())["ErrorMessage"]
    glue.cloud.service("s3").objects.delete("code", "job.py")
    assert "ScriptLocation s3://code/job.py cannot be read: NoSuchKey" in glue.wait(glue.start())["ErrorMessage"]


@pytest.mark.parametrize(("key", "why"), [("a/..", "Is a directory"), ("k" * 300, "File name too long")])
def test_an_object_whose_name_no_file_can_have_is_named(glue: Any, key: str, why: str) -> None:
    message = glue.run("pass", Arguments={"--extra-files": glue.put(key, "")})["ErrorMessage"]
    assert message == f"--extra-files s3://code/{key} cannot be laid out as a file: {why}"


def test_a_stopped_run_ends_stopped(glue: Any, tmp_path: Path) -> None:
    glue.create(waiting(tmp_path / "go", tmp_path / "here"))
    run_id = glue.start()
    wait_until((tmp_path / "here").exists, "the script runs")
    wait_until(lambda: glue.get(run_id)["JobRunState"] == "RUNNING", "the run is RUNNING")
    answer = glue.call("BatchStopJobRun", JobName="job", JobRunIds=[run_id, "jr_none"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": "job", "JobRunId": run_id}]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert glue.wait(run_id)["JobRunState"] == "STOPPED"
    again = glue.call("BatchStopJobRun", JobName="job", JobRunIds=[run_id])
    assert "has ended with the state STOPPED" in again["Errors"][0]["ErrorDetail"]["ErrorMessage"]


def test_concurrent_runs_are_limited(glue: Any, tmp_path: Path) -> None:
    glue.create(waiting(tmp_path / "go", tmp_path / "here"))
    first = glue.start()
    with pytest.raises(ServiceError, match="Concurrent runs exceeded for job") as raised:
        glue.start()
    assert raised.value.code == "ConcurrentRunsExceededException"
    (tmp_path / "go").touch()
    glue.wait(first)
    second = glue.start()
    assert glue.wait(second)["JobRunState"] == "SUCCEEDED"
    runs = glue.call("GetJobRuns", JobName="job", MaxResults=1)
    assert [run["Id"] for run in runs["JobRuns"]] == [second]
    rest = glue.call("GetJobRuns", JobName="job", NextToken=runs["NextToken"])
    assert [run["Id"] for run in rest["JobRuns"]] == [first]
    assert "NextToken" not in rest


def test_a_state_that_calls_again_gets_the_same_run(glue: Any) -> None:
    glue.create("pass", ExecutionProperty={"MaxConcurrentRuns": 5})
    first = glue.call("StartJobRun", token="token", JobName="job")["JobRunId"]
    glue.wait(first)
    assert glue.call("StartJobRun", token="token", JobName="job")["JobRunId"] == first
    assert glue.call("StartJobRun", token="other", JobName="job")["JobRunId"] != first


def test_a_run_outlives_the_server(glue: Any, reopened: Callable[[], Cloud], tmp_path: Path) -> None:
    glue.create(waiting(tmp_path / "go", tmp_path / "here"))
    run_id = glue.start()
    wait_until((tmp_path / "here").exists, "the script runs")
    glue.cloud.stop()
    (tmp_path / "go").touch()
    with reopened() as cloud:
        assert type(glue)(cloud).wait(run_id)["JobRunState"] == "SUCCEEDED"


def test_a_run_that_was_noted_but_not_handed_over_starts(
    glue: Any, reopened: Callable[[], Cloud], monkeypatch: pytest.MonkeyPatch
) -> None:
    glue.create("pass")
    monkeypatch.setattr(glue.cloud.jobs, "submit", lambda *_: None)  # killed between the two
    run_id = glue.start()
    glue.cloud.stop()
    with reopened() as cloud:
        assert type(glue)(cloud).wait(run_id)["JobRunState"] == "SUCCEEDED"


def test_a_job_definition_is_kept_and_replaced(glue: Any) -> None:
    glue.create("pass", Description="one", Tags={"team": "ds"})
    glue.create("pass", Description="one", Tags={"team": "ds"})
    with pytest.raises(ServiceError, match="already submitted with different configuration") as raised:
        glue.create("pass", Description="two")
    assert raised.value.code == "IdempotentParameterMismatchException"
    job = glue.call("GetJob", JobName="job")["Job"]
    assert job["Command"]["ScriptLocation"] == "s3://code/job.py"
    assert (job["Timeout"], job["MaxRetries"], job["ExecutionProperty"]) == (2880, 0, {"MaxConcurrentRuns": 1})
    update = {"Role": "other", "Command": job["Command"], "Timeout": 5}
    glue.call("UpdateJob", JobName="job", JobUpdate=update)
    changed = glue.call("GetJob", JobName="job")["Job"]
    assert (changed["Role"], changed["Timeout"]) == ("other", 5)
    assert "Description" not in changed
    assert changed["CreatedOn"] == job["CreatedOn"]
    assert glue.call("ListJobs", Tags={"team": "ds"})["JobNames"] == ["job"]
    assert glue.call("ListJobs", Tags={"team": "x"})["JobNames"] == []
    glue.call("DeleteJob", JobName="job")
    glue.call("DeleteJob", JobName="job")
    assert glue.call("GetJobs") == {"Jobs": []}


def test_lists_come_in_pages(glue: Any) -> None:
    for name in ("c", "a", "b"):
        glue.create("pass", name)
    first = glue.call("GetJobs", MaxResults=2)
    assert [job["Name"] for job in first["Jobs"]] == ["a", "b"]
    assert glue.call("ListJobs", NextToken=first["NextToken"]) == {"JobNames": ["c"]}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetJob", {"JobName": "none"}),
        ("StartJobRun", {"JobName": "none"}),
        ("GetJobRun", {"JobName": "none", "RunId": "jr_none"}),
        ("GetJobRuns", {"JobName": "none"}),
        (
            "UpdateJob",
            {
                "JobName": "none",
                "JobUpdate": {"Command": {"Name": "pythonshell", "ScriptLocation": "s3://code/job.py"}},
            },
        ),
    ],
)
def test_what_does_not_exist_is_not_found(glue: Any, operation: str, params: dict[str, Any]) -> None:
    with pytest.raises(ServiceError) as raised:
        glue.call(operation, **params)
    assert raised.value.code == "EntityNotFoundException"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"Command": {"Name": "glueetl", "ScriptLocation": "s3://code/x.py"}},
            "Python shell jobs only.*'glueetl' needs",
        ),
        ({"Command": {"ScriptLocation": "s3://code/x.py"}}, "'glueetl' needs Spark"),
        ({"Command": {"Name": "pythonshell"}}, r"ScriptLocation must name an object as s3://bucket/key; it is ''"),
        ({"Command": {"Name": "pythonshell", "ScriptLocation": "/tmp/x.py"}}, "must name an object"),
        ({"MaxRetries": 2}, "leave MaxRetries out"),
        ({"JobRunQueuingEnabled": True}, "leave JobRunQueuingEnabled out"),
    ],
)
def test_what_is_not_supported_is_refused(glue: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as raised:
        glue.create("pass", **params)
    assert raised.value.code == "InvalidInputException"
    assert glue.call("GetJobs") == {"Jobs": []}


def test_a_run_over_its_timeout_is_ended(glue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    glue.create(waiting(tmp_path / "never", tmp_path / "here"))
    monkeypatch.setattr("stepfunctions.local.glue.runs.SECONDS_A_MINUTE", 0.5)
    run = glue.wait(glue.start(Timeout=2))
    assert run["JobRunState"] == "TIMEOUT"
    assert run["ErrorMessage"] == "The job run timed out after 2 minutes"


def test_what_a_script_prints_is_in_its_log_groups(glue: Any) -> None:
    run = glue.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")
    for part, said in (("output", "out"), ("error", "err")):
        request = {"logGroupName": f"{run['LogGroupName']}/{part}", "logStreamName": run["Id"]}
        events = glue.cloud.call("logs", "GetLogEvents", request)["events"]
        assert [event["message"] for event in events] == [said]
