"""What the tasks of an execution ran: functions and jobs, their logs, and the metrics of training jobs.

Groups and streams of logs are those that the services use:
https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html,
https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html,
https://docs.aws.amazon.com/glue/latest/dg/monitor-continuous-logging.html.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.visual.report.asking import Questions, Services
from stepfunctions.visual.report.reading import Attempt, Span, parsed

MOST_JOBS = 100
"""Functions and jobs whose logs are read; those of failed attempts come first."""
MOST_LINES = 2_000
"""Lines of one function or job that are shown, the last ones."""
REASON = "Failure reason"
GLUE_GROUPS = tuple(f"/aws-glue/{kind}/{stream}" for kind in ("jobs", "python-jobs") for stream in ("output", "error"))
"""Of Spark jobs, and of Python shell jobs."""
_PAGES = 25
_AFTER = 60_000
"""Milliseconds after the end of an attempt in which its last lines arrive."""
_KEPT_POINTS = 500
_REASONS = 3
"""Refusals that are told with their reasons."""
_GIVE_UP = 10
"""So many refusals, one after the other from the first on, are taken for an answer."""


@dataclass(slots=True)
class Job:
    """A function or job that the tasks ran, with the spans and attempts that did."""

    kind: str
    name: str
    sources: tuple[tuple[str, str], ...] = ()
    """Log groups, each with how the names of its streams begin; empty: every stream, in the time of the attempts."""
    task_definition: str = ""
    """Of an ECS task; its containers say where they log."""
    attempts: list[tuple[int, int]] = field(default_factory=list)
    """Each as the number of the span, and of the attempt in it."""
    start: float | None = None
    end: float | None = None
    failed: bool = False
    lines: list[tuple[float, str]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    """The hyperparameters of a training job."""
    metrics: list[dict[str, Any]] = field(default_factory=list)
    """Each ``name``, ``value`` (the last one; ``nan`` and ``inf`` as text) and ``points``, which are finite."""


_SAGEMAKER = {
    "createTrainingJob": ("training job", "TrainingJobName", "/aws/sagemaker/TrainingJobs"),
    "createProcessingJob": ("processing job", "ProcessingJobName", "/aws/sagemaker/ProcessingJobs"),
    "createTransformJob": ("transform job", "TransformJobName", "/aws/sagemaker/TransformJobs"),
}


def find(spans: list[Span]) -> list[Job]:
    """Return the functions and jobs of the attempts, as they came."""
    found: dict[tuple[str, str, str], Job] = {}
    for span in spans:
        for number, attempt in enumerate(span.attempts):
            job = _job(attempt)
            if job is None:
                continue
            job = found.setdefault((job.kind, job.name, str(job.sources)), job)
            job.attempts.append((span.number, number))
            job.failed = job.failed or attempt.status == "FAILED"
            begun, ended = attempt.scheduled, attempt.end
            if begun is not None:
                job.start = begun if job.start is None else min(job.start, begun)
            if ended is not None:
                job.end = ended if job.end is None else max(job.end, ended)
    return list(found.values())


def _job(attempt: Attempt) -> Job | None:
    if attempt.kind == "function":
        return _function(attempt.resource)
    given, action = _mapping(attempt.parameters), attempt.resource.partition(".")[0]
    if attempt.kind == "lambda" and action == "invoke" and isinstance(given.get("FunctionName"), str):
        return _function(given["FunctionName"])
    if attempt.kind == "sagemaker" and action in _SAGEMAKER:
        kind, member, group = _SAGEMAKER[action]
        name = given.get(member)
        return Job(kind, name, ((group, f"{name}/"),)) if isinstance(name, str) else None
    answer = _mapping(attempt.submitted or attempt.output)
    if attempt.kind == "glue" and isinstance(run := answer.get("JobRunId"), str):
        return Job("Glue job", str(given.get("JobName", run)), tuple((group, run) for group in GLUE_GROUPS))
    if attempt.kind == "ecs" and isinstance(answer.get("Tasks"), list) and answer["Tasks"]:
        task = answer["Tasks"][0]
        name = str(task.get("TaskArn", "")).rpartition("/")[2]
        return Job("ECS task", name, task_definition=str(task.get("TaskDefinitionArn", "")))
    return None


def _mapping(text: str | None) -> dict[str, Any]:
    value = parsed(text)
    return value if isinstance(value, dict) else {}


def _function(name: str) -> Job | None:
    """Return the function of a name or an ARN, with a version or without."""
    parts = name.split(":")
    if parts[0] == "arn":
        name = parts[6] if len(parts) > 6 else ""
    else:
        name = parts[2] if len(parts) > 2 and parts[1] == "function" else parts[0]
    return Job("Lambda function", name, ((f"/aws/lambda/{name}", ""),)) if name else None


def look(jobs: list[Job], services: Services, questions: Questions) -> list[Job]:
    """Read the logs of jobs, and what is known of training jobs. Return those that were looked at."""
    chosen = sorted(jobs, key=lambda job: not job.failed)[:MOST_JOBS]
    if len(chosen) < len(jobs):
        questions.notes.append(f"Logs of {MOST_JOBS} of {len(jobs):,} functions and jobs are shown, failed ones first.")
    for read, kinds in ((_log, None), (_training, "training job")):
        _ask_all([job for job in chosen if kinds in (None, job.kind)], read, services, questions)
    return sorted(chosen, key=lambda job: job.start or 0.0)


def _ask_all(
    jobs: list[Job], read: Callable[[Job, Services, Questions], None], services: Services, questions: Questions
) -> None:
    """Ask for each job: one may be refused, and the next one not. All that are refused are noted, the first with why.

    A service that is not reached is not asked again, nor one that refuses the first ten.
    """
    before, lost, rest = len(questions.notes), questions.lost, 0
    refused: list[str] = []
    for number, job in enumerate(jobs):
        if len(refused) == number == _GIVE_UP:
            rest = len(jobs) - number
            break
        at = len(questions.notes)
        read(job, services, questions)
        if len(questions.notes) > at:
            del questions.notes[at + (at < before + _REASONS) :]
            refused.append(job.name)
        if questions.lost > lost:
            break
    if more := refused[_REASONS:]:
        others = f", and of {rest:,} more that were not asked for" if rest else ""
        questions.notes.append(f"The same is missing of {', '.join(more)}{others}.")


def _log(job: Job, services: Services, questions: Questions) -> None:
    """Read the log of a job."""
    if job.task_definition:
        job.sources = tuple(_containers(job, services("ecs"), questions))
    for group, stream in job.sources:
        job.lines += _read(services("logs"), job, group, stream, questions)
    job.lines = sorted(job.lines, key=lambda line: line[0])[-MOST_LINES:]


def _containers(job: Job, ecs: Any, questions: Questions) -> Iterator[tuple[str, str]]:
    """Yield the log groups of a task's containers that have the log driver awslogs, each with its stream.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    what = f"The definition of {job.kind} {job.name}"
    told = questions.ask(what, ecs.describe_task_definition, taskDefinition=job.task_definition) or {}
    for container in told.get("taskDefinition", {}).get("containerDefinitions", []):
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" in options:
            parts = (options.get("awslogs-stream-prefix"), container["name"], job.name)
            yield options["awslogs-group"], "/".join(filter(None, parts))


def _read(logs: Any, job: Job, group: str, stream: str, questions: Questions) -> Iterator[tuple[float, str]]:
    """Yield the lines of a job, each with its time."""
    request: dict[str, Any] = {"logGroupName": group, "limit": MOST_LINES}
    if stream:
        request["logStreamNamePrefix"] = stream
    elif job.start is not None:
        request["startTime"] = int(job.start)
        request.update({} if job.end is None else {"endTime": int(job.end) + _AFTER})
    for _ in range(_PAGES):
        what = f"The log of {job.kind} {job.name}"
        answer = questions.ask(what, logs.filter_log_events, absent="ResourceNotFoundException", **request) or {}
        for event in answer.get("events", []):
            yield float(event["timestamp"]), str(event["message"]).rstrip("\n")
        if not answer.get("nextToken"):
            return
        request["nextToken"] = answer["nextToken"]


def _training(job: Job, services: Services, questions: Questions) -> None:
    """Add what DescribeTrainingJob tells; the course of each metric is read from the lines that told it."""
    what = f"Training job {job.name}"
    told = questions.ask(what, services("sagemaker").describe_training_job, TrainingJobName=job.name)
    if told is None:
        return
    resources = told.get("ResourceConfig", {})
    facts = {
        "Status": told.get("TrainingJobStatus"),
        REASON: told.get("FailureReason"),
        "Instances": f"{resources.get('InstanceCount', 1)} × {resources.get('InstanceType', 'unknown')}",
        "Billed": f"{told['BillableTimeInSeconds']} s" if told.get("BillableTimeInSeconds") is not None else None,
        "Model": told.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
    }
    job.facts = {name: str(value) for name, value in facts.items() if value}
    job.parameters = dict(told.get("HyperParameters", {}))
    final = {one["MetricName"]: one["Value"] for one in told.get("FinalMetricDataList", [])}
    courses = _courses(told.get("AlgorithmSpecification", {}).get("MetricDefinitions", []), job.lines)
    for name in dict.fromkeys([*courses, *final]):
        told_of = courses.get(name, [])
        value = final.get(name, told_of[-1] if told_of else None)
        if value is not None:
            points = [point for point in told_of if math.isfinite(point)]
            points = points[:: len(points) // _KEPT_POINTS + 1]
            shown = value if math.isfinite(value) else str(value)  # JSON has no NaN
            job.metrics.append({"name": name, "value": shown, "points": points})


def _courses(definitions: list[dict[str, str]], lines: list[tuple[float, str]]) -> dict[str, list[float]]:
    """Return the values of each metric in the order of the lines."""
    found: dict[str, list[float]] = {}
    for definition in definitions:
        try:
            pattern = re.compile(definition["Regex"])
        except re.error:
            continue
        for _, line in lines:
            for match in pattern.finditer(line):
                try:
                    found.setdefault(definition["Name"], []).append(float(match[1] if pattern.groups else match[0]))
                except (TypeError, ValueError):
                    continue
    return {name: values for name, values in found.items() if values}
