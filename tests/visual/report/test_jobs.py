"""Logs and metrics, as botocore's models have the answers; and services that refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from tests.visual.report.conftest import Page, Ran, task

from stepfunctions.errors import StateFailed
from stepfunctions.visual.report import report
from stepfunctions.visual.report.jobs import MOST_JOBS

AT = 1_700_000_000_000


def log_events(*lines: str) -> dict[str, Any]:
    return {"events": [{"timestamp": AT + place, "message": line} for place, line in enumerate(lines)]}


class Stubs:
    """boto3's clients, whose answers are said before."""

    def __init__(self) -> None:
        given = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        self.clients = {name: boto3.client(name, **given) for name in ("logs", "sagemaker", "ecs")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def __getitem__(self, name: str) -> Stubber:
        return self.stubs[name]

    def page(self, ran: Ran, **options: Any) -> Page:
        return Page(report(ran.client, ran.arn, self.clients.__getitem__, **options))


@pytest.fixture
def stubs() -> Iterator[Stubs]:
    made = Stubs()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


@pytest.fixture
def trained(run: Callable[..., Ran]) -> Ran:
    training = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            "TrainingJobName": "job-1",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "End": True,
    }
    return run({"StartAt": "Train", "States": {"Train": training}}, Train={"TrainingJobName": "job-1"})


DESCRIBED: dict[str, Any] = {
    "TrainingJobName": "job-1",
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/job-1",
    "ModelArtifacts": {"S3ModelArtifacts": "s3://b/out/model.tar.gz"},
    "TrainingJobStatus": "Completed",
    "SecondaryStatus": "Completed",
    "HyperParameters": {"depth": "6", "api_token": "abcdef"},
    "AlgorithmSpecification": {
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "mae", "Regex": "mae=([0-9.]+)"}, {"Name": "bad", "Regex": "("}],
    },
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "BillableTimeInSeconds": 12,
    "CreationTime": datetime(2026, 1, 1, tzinfo=timezone.utc),
    "FinalMetricDataList": [
        {"MetricName": "mae", "Value": 1.5, "Timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc)},
        {"MetricName": "final", "Value": 0.25, "Timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc)},
    ],
}


def test_a_training_job_has_its_log_its_metrics_and_its_course(trained: Ran, stubs: Stubs) -> None:
    asked = {"logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamNamePrefix": "job-1/", "limit": ANY}
    stubs["logs"].add_response("filter_log_events", {**log_events("mae=3.0", "x"), "nextToken": "more"}, asked)
    stubs["logs"].add_response("filter_log_events", log_events("mae=2", "mae=1.5\n"), {**asked, "nextToken": "more"})
    stubs["sagemaker"].add_response("describe_training_job", DESCRIBED, {"TrainingJobName": "job-1"})
    (job,) = stubs.page(trained).document["jobs"]
    assert (job["kind"], job["name"], job["attempts"]) == ("training job", "job-1", [[0, 0]])
    assert sorted(line for _, line in job["lines"]) == ["mae=1.5", "mae=2", "mae=3.0", "x"]
    course, final = job["metrics"]
    assert (course["name"], course["value"], sorted(course["points"])) == ("mae", 1.5, [1.5, 2.0, 3.0])
    assert final == {"name": "final", "value": 0.25, "points": []}
    assert job["facts"] == {
        "Status": "Completed",
        "Instances": "2 × ml.m5.large",
        "Billed": "12 s",
        "Model": "s3://b/out/model.tar.gz",
    }
    assert job["parameters"] == {"depth": "6", "api_token": "abcdef"}


def test_a_loss_that_is_no_number_is_shown(trained: Ran, stubs: Stubs) -> None:
    loss = {"Name": "loss", "Regex": r"loss=(\S+)"}
    told = {
        **DESCRIBED,
        "AlgorithmSpecification": {"TrainingInputMode": "File", "MetricDefinitions": [loss]},
        "FinalMetricDataList": [],
    }
    stubs["logs"].add_response("filter_log_events", log_events("loss=3.0", "loss=inf", "loss=2.0", "loss=nan"))
    stubs["sagemaker"].add_response("describe_training_job", told)
    page = stubs.page(trained)
    (metric,) = json.loads(page.inside["document"], parse_constant=pytest.fail)["jobs"][0]["metrics"]
    assert metric == {"name": "loss", "value": "nan", "points": [3.0, 2.0]}


def test_hyperparameters_and_logs_are_redacted_too(trained: Ran, stubs: Stubs) -> None:
    for redact in (["*token*"], True):
        stubs["logs"].add_response(
            "filter_log_events", log_events("using abcdef", '{"token": "ghijkl"}', "then ghijkl")
        )
        stubs["sagemaker"].add_response("describe_training_job", DESCRIBED)
        page = stubs.page(trained, redact=redact)
        assert "abcdef" not in page.text
        assert "ghijkl" not in page.text


def test_a_functions_log_is_that_of_the_time_of_its_attempts(run: Callable[..., Ran], stubs: Stubs) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:clean:live"
    states = {
        "A": {**task("clean"), "Next": "B"},
        "B": task("123456789012:function:clean", Next="C"),
        "C": {"Type": "Task", "Resource": arn, "End": True},
    }
    for name in "AB":
        states[name].pop("End")
    asked = {"logGroupName": "/aws/lambda/clean", "limit": ANY, "startTime": ANY, "endTime": ANY}
    stubs["logs"].add_response("filter_log_events", log_events("START", "END"), asked)
    ran = run({"StartAt": "A", "States": states}, clean=lambda payload: payload)
    (job,) = stubs.page(ran).document["jobs"]
    assert job["name"] == "clean"
    assert [span for span, _ in job["attempts"]] == [0, 1, 2]


def test_glue_jobs_are_found_by_their_run(run: Callable[..., Ran], stubs: Stubs) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Parameters": {"JobName": "nightly"},
        "End": True,
    }
    for group in ("jobs/output", "jobs/error", "python-jobs/output", "python-jobs/error"):
        asked = {"logGroupName": f"/aws-glue/{group}", "logStreamNamePrefix": "jr_1", "limit": ANY}
        if group.startswith("jobs"):
            stubs["logs"].add_response("filter_log_events", log_events(group), asked)
        else:  # a job has one of the two kinds
            stubs["logs"].add_client_error(
                "filter_log_events", "ResourceNotFoundException", "no such group", expected_params=asked
            )
    ran = run({"StartAt": "G", "States": {"G": state}}, G={"JobRunId": "jr_1", "JobRunState": "SUCCEEDED"})
    (job,) = stubs.page(ran).document["jobs"]
    assert [line for _, line in job["lines"]] == ["jobs/output", "jobs/error"]


def test_what_is_refused_is_noted_and_the_rest_is_shown(trained: Ran, stubs: Stubs) -> None:
    stubs["logs"].add_client_error("filter_log_events", "AccessDeniedException", "not you")
    stubs["sagemaker"].add_client_error("describe_training_job", "ValidationException", "no such job")
    document = stubs.page(trained).document
    assert [note.partition(":")[0] for note in document["notes"]] == [
        "The log of training job job-1 could not be read",
        "Training job job-1 could not be read",
    ]
    assert "not you" in document["notes"][0]
    assert document["spans"][0]["status"] == "SUCCEEDED"


def functions(run: Callable[..., Ran], names: str) -> Ran:
    """An execution that called functions of these names, one after the other."""
    states = {name: task(name, Next=chr(ord(name) + 1)) for name in names}
    for state in states.values():
        state.pop("End")
    states[chr(ord(names[-1]) + 1)] = {"Type": "Pass", "End": True}
    return run({"StartAt": "A", "States": states}, **dict.fromkeys(names, lambda payload: payload))


def test_one_refusal_does_not_keep_the_others_from_being_asked_and_an_absent_group_is_none(
    run: Callable[..., Ran], stubs: Stubs
) -> None:
    stubs["logs"].add_client_error("filter_log_events", "ResourceNotFoundException", "no such group")
    stubs["logs"].add_client_error("filter_log_events", "AccessDeniedException", "not you")
    stubs["logs"].add_response("filter_log_events", log_events("x"))
    document = stubs.page(functions(run, "ABC")).document
    assert [note.partition(":")[0] for note in document["notes"]] == ["The log of Lambda function B could not be read"]
    assert [job["name"] for job in document["jobs"] if job["lines"]] == ["C"]


def test_all_that_were_refused_are_named(run: Callable[..., Ran], stubs: Stubs) -> None:
    for name in "ABCDEF":
        stubs["logs"].add_client_error("filter_log_events", "AccessDeniedException", f"not you on {name}")
    notes = stubs.page(functions(run, "ABCDEF")).document["notes"]
    assert [note.rpartition(" ")[2] for note in notes[:3]] == ["A", "B", "C"]
    assert notes[3:] == ["The same is missing of D, E, F."]


def test_who_is_refused_everything_does_not_ask_for_ever(run: Callable[..., Ran], stubs: Stubs) -> None:
    for _ in range(10):
        stubs["logs"].add_client_error("filter_log_events", "AccessDeniedException", "not you")
    notes = stubs.page(functions(run, "ABCDEFGHIJKL")).document["notes"]
    assert notes[3:] == ["The same is missing of D, E, F, G, H, I, J, and of 2 more that were not asked for."]


@pytest.mark.parametrize("code", ["ThrottlingException", "ExpiredTokenException"])
def test_who_gets_no_answer_at_all_does_not_ask_on(run: Callable[..., Ran], stubs: Stubs, code: str) -> None:
    stubs["logs"].add_client_error("filter_log_events", code, "no")
    assert len(stubs.page(functions(run, "ABC")).document["notes"]) == 1


def test_a_refused_training_job_leaves_the_metrics_of_the_others(run: Callable[..., Ran], stubs: Stubs) -> None:
    names = [f"job-{number}" for number in range(3)]
    training = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {
            "TrainingJobName.$": "$",
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        "End": True,
    }
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "T", "States": {"T": training}}, "MaxConcurrency": 1}
    ran = run({"StartAt": "M", "States": {"M": {**each, "End": True}}}, names, T={"TrainingJobName": "x"})
    for _ in names:
        stubs["logs"].add_response("filter_log_events", log_events("x"))
    stubs["sagemaker"].add_client_error("describe_training_job", "AccessDeniedException", "not you")
    stubs["sagemaker"].add_response("describe_training_job", DESCRIBED, {"TrainingJobName": "job-1"})
    stubs["sagemaker"].add_client_error("describe_training_job", "ValidationException", "it is gone")
    document = stubs.page(ran).document
    assert {job["name"]: len(job["metrics"]) for job in document["jobs"]} == {"job-0": 0, "job-1": 2, "job-2": 0}
    assert [note.partition(":")[0] for note in document["notes"]] == [
        "Training job job-0 could not be read",
        "Training job job-2 could not be read",
    ]


def test_of_many_jobs_those_that_failed_are_looked_at(run: Callable[..., Ran], stubs: Stubs) -> None:
    def work(payload: Any) -> Any:
        if payload == "f3":
            raise StateFailed("Bad", "")
        return payload

    function = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}
    function["Parameters"] = {"FunctionName.$": "$", "Payload.$": "$"}
    names = [f"f{number}" for number in range(MOST_JOBS + 5)]
    function["Catch"] = [{"ErrorEquals": ["Bad"], "Next": "Caught"}]
    steps = {"W": function, "Caught": {"Type": "Pass", "End": True}}
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "W", "States": steps}, "MaxConcurrency": 1, "End": True}
    ran = run({"StartAt": "M", "States": {"M": each}}, names, **dict.fromkeys(names, work))
    assert ran.status == "SUCCEEDED"
    for _ in range(MOST_JOBS):
        stubs["logs"].add_response("filter_log_events", log_events("x"))
    document = stubs.page(ran).document
    assert len(document["jobs"]) == MOST_JOBS
    assert [job["name"] for job in document["jobs"] if job["failed"]] == ["f3"]
    assert document["notes"] == ["Logs of 100 of 105 functions and jobs are shown, failed ones first."]


def test_without_services_no_log_is_asked_for(trained: Ran) -> None:
    assert trained.document()["jobs"] == []
    assert json.dumps(trained.document()["notes"]) == "[]"


def test_containers_say_where_they_log(run: Callable[..., Ran], stubs: Stubs) -> None:
    parameters = {"TaskDefinition": "family", "Cluster": "default"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": parameters, "End": True}
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/g", "awslogs-stream-prefix": "p"}}
    defined = {"containerDefinitions": [{"name": "main", "logConfiguration": log}, {"name": "silent"}]}
    stubs["ecs"].add_response("describe_task_definition", {"taskDefinition": defined}, {"taskDefinition": "family:1"})
    asked = {"logGroupName": "/ecs/g", "logStreamNamePrefix": "p/main/abc", "limit": ANY}
    stubs["logs"].add_response("filter_log_events", log_events("hello"), asked)
    answer = {"Tasks": [{"TaskArn": "arn:aws:ecs:us-east-1:1:task/default/abc", "TaskDefinitionArn": "family:1"}]}
    (job,) = stubs.page(run({"StartAt": "E", "States": {"E": state}}, E=answer)).document["jobs"]
    assert (job["kind"], job["name"], [line for _, line in job["lines"]]) == ("ECS task", "abc", ["hello"])
