"""Jobs, endpoints, triggers and models, as the page shows them. A service that was never used is not begun for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stepfunctions.catalog import schedules
from stepfunctions.local.console.answers import Client, bad_request, milliseconds, pages
from stepfunctions.local.console.scores import Scores
from stepfunctions.visual.report.asking import Questions
from stepfunctions.visual.report.jobs import GLUE_GROUPS, Job, look

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

Given = dict[str, str]
_MOST = 200
_MOST_RUNS = 50
_MEASURED_SECONDS = 3 * 3600
_PERIOD = 60
_DRIFT_SECONDS = 400 * 86400
_METRICS = (
    ("Invocations", "Sum"),
    ("ModelLatency", "Average"),
    ("Invocation4XXErrors", "Sum"),
    ("Invocation5XXErrors", "Sum"),
)
_STATUSES = {
    "Completed": "SUCCEEDED", "InProgress": "RUNNING", "Stopped": "ABORTED", "Stopping": "RUNNING", "Failed": "FAILED",
    "STARTING": "RUNNING", "STOPPED": "ABORTED", "TIMEOUT": "TIMED_OUT", "STOPPING": "RUNNING", "WAITING": "RUNNING",
}  # fmt: skip
"""What services call it, and what the page does."""


class Services:
    """Answers the questions about what is beside the state machines."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._scores = Scores()

    def _client(self, service: str) -> Client:
        return Client(self._cloud, service)

    # -- jobs ------------------------------------------------------------------------------------------------

    def jobs(self, given: Given) -> dict[str, Any]:  # noqa: ARG002 - as the others
        """The latest jobs of every service, the newest first."""
        found = [*self._sagemaker_jobs(), *self._glue_runs(), *self._tasks()]
        latest = sorted(found, key=lambda job: job["start"] or 0.0, reverse=True)[:_MOST]
        return {"jobs": latest, "now": round(self._cloud.clock.now() * 1000)}

    def _sagemaker_jobs(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("sagemaker"):
            return
        client = self._client("sagemaker")
        for kind in ("Training", "Processing"):
            call = client.list_training_jobs if kind == "Training" else client.list_processing_jobs
            order: Any = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
            for one in pages(call, f"{kind}JobSummaries", _MOST, **order):
                status = one[f"{kind}JobStatus"]
                yield _job(f"{kind} job", one[f"{kind}JobName"], status, one["CreationTime"], one.get(f"{kind}EndTime"))

    def _glue_runs(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("glue"):
            return
        client = self._client("glue")
        for job in pages(client.get_jobs, "Jobs", _MOST):
            for run in pages(client.get_job_runs, "JobRuns", _MOST_RUNS, JobName=job["Name"]):
                row = _job("Glue job", job["Name"], run["JobRunState"], run["StartedOn"], run.get("CompletedOn"))
                yield {**row, "id": run["Id"], "error": run.get("ErrorMessage")}

    def _tasks(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("ecs"):
            return
        client = self._client("ecs")
        arns = [arn for status in ("RUNNING", "STOPPED") for arn in pages(client.list_tasks, "taskArns", 100,
                "nextToken", desiredStatus=status)]  # fmt: skip
        for start in range(0, len(arns), 100):
            for task in client.describe_tasks(tasks=arns[start : start + 100])["tasks"]:
                codes = [one.get("exitCode") for one in task["containers"]]
                bad = task["lastStatus"] == "STOPPED" and any(code != 0 for code in codes)
                status = "FAILED" if bad else "SUCCEEDED" if task["lastStatus"] == "STOPPED" else "RUNNING"
                name = task["taskDefinitionArn"].rpartition("/")[2]
                row = _job("ECS task", name, status, task["createdAt"], task.get("stoppedAt"))
                more = {"id": task["taskArn"].rpartition("/")[2], "definition": task["taskDefinitionArn"]}
                yield {**row, **more, "error": task.get("stoppedReason") if bad else None}

    def job(self, given: Given) -> dict[str, Any]:
        """What a job printed, and of a training job its metrics."""
        kind, name = given.get("kind", ""), given.get("name", "")
        job = _looked_for(kind, name, given)
        questions = Questions()
        look([job], self._client, questions)
        return {
            "kind": kind,
            "name": name,
            "facts": job.facts,
            "parameters": job.parameters,
            "metrics": job.metrics,
            "lines": job.lines,
            "notes": questions.notes,
        }

    # -- endpoints -------------------------------------------------------------------------------------------

    def endpoints(self, given: Given) -> dict[str, Any]:  # noqa: ARG002 - as the others
        """Each endpoint: what serves, what comes, and what it measured in the last hours."""
        if not self._cloud.has("sagemaker"):
            return {"endpoints": []}
        client = self._client("sagemaker")
        names = [one["EndpointName"] for one in pages(client.list_endpoints, "Endpoints", _MOST, MaxResults=100)]
        return {"endpoints": [self._endpoint(client, name) for name in names]}

    def _endpoint(self, client: Client, name: str) -> dict[str, Any]:
        told = client.describe_endpoint(EndpointName=name)
        pending = told.get("PendingDeploymentSummary")
        variants = told.get("ProductionVariants", [])
        return {
            "name": name,
            "status": told["EndpointStatus"],
            "config": told.get("EndpointConfigName"),
            "changed": milliseconds(told["LastModifiedTime"]),
            "reason": told.get("FailureReason"),
            "variants": [_variant(one) for one in variants],
            "pending": None if pending is None else {
                "config": pending["EndpointConfigName"],
                "variants": [_variant(one) for one in pending["ProductionVariants"]],
            },
            "metrics": [
                {"variant": one["VariantName"], "name": metric,
                 **self._course("AWS/SageMaker", metric, statistic,
                                {"EndpointName": name, "VariantName": one["VariantName"]}, _MEASURED_SECONDS, _PERIOD)}
                for one in variants for metric, statistic in _METRICS
            ],
        }  # fmt: skip

    def _course(
        self, namespace: str, metric: str, statistic: str, dimensions: dict[str, str], seconds: int, period: int
    ) -> dict[str, Any]:
        now = self._cloud.clock.now()
        answer = self._client("cloudwatch").get_metric_statistics(
            Namespace=namespace, MetricName=metric, Statistics=[statistic], Period=period,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - seconds, EndTime=now + period,
        )  # fmt: skip
        points = sorted((milliseconds(one["Timestamp"]), one[statistic]) for one in answer["Datapoints"])
        return {"points": [value for _, value in points], "times": [time for time, _ in points]}

    # -- triggers --------------------------------------------------------------------------------------------

    def triggers(self, given: Given) -> dict[str, Any]:  # noqa: ARG002 - as the others
        """Schedules and rules, each with what it starts, and when next."""
        return {"triggers": [*self._schedules(), *self._rules()]}

    def _schedules(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("scheduler"):
            return
        client = self._client("scheduler")
        for one in pages(client.list_schedules, "Schedules", _MOST):
            told = client.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
            zone = told.get("ScheduleExpressionTimezone")
            anchor = milliseconds(told.get("StartDate") or told["CreationDate"])
            yield {
                "kind": "Schedule",
                "name": told["Name"],
                "group": one["GroupName"],
                "when": told["ScheduleExpression"] + (f" {zone}" if zone and zone != "UTC" else ""),
                "on": told["State"] == "ENABLED",
                "next": self._next(told["ScheduleExpression"], zone, anchor) if told["State"] == "ENABLED" else None,
                "targets": [told["Target"]["Arn"]],
            }

    def _next(self, expression: str, zone: str | None, anchor: float | None) -> float | None:
        try:
            found = schedules.parse(expression, zone).next(self._cloud.clock.now(), (anchor or 0.0) / 1000)
        except ValueError:
            return None
        return None if found is None else found * 1000

    def _rules(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("events"):
            return
        client = self._client("events")
        for bus in pages(client.list_event_buses, "EventBuses", _MOST):
            for rule in pages(client.list_rules, "Rules", _MOST, EventBusName=bus["Name"]):
                targets = client.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus["Name"])["Targets"]
                yield {
                    "kind": "Rule",
                    "name": rule["Name"],
                    "group": bus["Name"],
                    "when": rule.get("ScheduleExpression") or rule.get("EventPattern", ""),
                    "on": rule["State"] != "DISABLED",
                    "next": None,
                    "targets": [target["Arn"] for target in targets],
                }

    # -- models ----------------------------------------------------------------------------------------------

    def models(self, given: Given) -> dict[str, Any]:  # noqa: ARG002 - as the others
        """The groups of the model registry with their versions, and how far each model has drifted, in time."""
        return {"groups": list(self._groups()), "drift": self._drift()}

    def _groups(self) -> Iterator[dict[str, Any]]:
        if not self._cloud.has("sagemaker"):
            return
        client = self._client("sagemaker")
        self._scores.look(client)
        for group in pages(client.list_model_package_groups, "ModelPackageGroupSummaryList", _MOST):
            name = group["ModelPackageGroupName"]
            listed = pages(
                client.list_model_packages, "ModelPackageSummaryList", _MOST_RUNS, ModelPackageGroupName=name
            )
            yield {
                "name": name,
                "versions": [
                    {
                        "version": one.get("ModelPackageVersion"),
                        "arn": one["ModelPackageArn"],
                        "status": one["ModelPackageStatus"],
                        "approval": one.get("ModelApprovalStatus"),
                        "created": milliseconds(one["CreationTime"]),
                        "scores": self._scores.of(client, one["ModelPackageArn"]),
                    }
                    for one in listed
                ],
            }

    def _drift(self) -> list[dict[str, Any]]:
        if not self._cloud.has("cloudwatch"):
            return []
        found = []
        for one in pages(self._client("cloudwatch").list_metrics, "Metrics", _MOST, MetricName="Drift"):
            dimensions = {part["Name"]: part["Value"] for part in one["Dimensions"]}
            course = self._course(one["Namespace"], "Drift", "Maximum", dimensions, _DRIFT_SECONDS, 86400)
            if course["points"]:
                found.append({"namespace": one["Namespace"], "name": " · ".join(dimensions.values()), **course})
        return sorted(found, key=lambda one: -one["points"][-1])


def _job(kind: str, name: str, status: str, start: Any, end: Any) -> dict[str, Any]:
    told = _STATUSES.get(status, status)
    return {"kind": kind, "name": name, "status": told, "start": milliseconds(start), "end": milliseconds(end)}


def _looked_for(kind: str, name: str, given: Given) -> Job:
    if kind in ("Training job", "Processing job"):
        group = f"/aws/sagemaker/{kind.partition(' ')[0]}Jobs"
        return Job(kind.lower(), name, ((group, f"{name}/"),))
    run = given.get("id", "")
    if kind == "Glue job" and run:
        return Job(kind, name, tuple((group, run) for group in GLUE_GROUPS))
    if kind == "ECS task" and run:
        return Job(kind, run, task_definition=given.get("definition", ""))
    raise bad_request(f"There is no kind of job '{kind[:50]}'")


def _variant(one: dict[str, Any]) -> dict[str, Any]:
    status = (one.get("VariantStatus") or [{}])[0]
    return {
        "name": one["VariantName"],
        "weight": one.get("CurrentWeight"),
        "instances": one.get("CurrentInstanceCount"),
        "status": status.get("Status"),
        "message": status.get("StatusMessage"),
    }
