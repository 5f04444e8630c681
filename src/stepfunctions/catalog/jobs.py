"""The jobs that a task waits for (``.sync``): what describes one, which states end it, what stops it.

The texts in requests say where a value comes from: ``out.`` is the response of the call that began the job, ``in.``
the task's parameters, ``=`` a text as it stands. A path goes through members and list indices: ``out.Tasks.0.TaskArn``.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Request = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class JobKind:
    """One kind of job. Names of operations and requests are the API's, paths into descriptions a task's."""

    client: str
    """boto3's name of the service that runs the job."""
    describe: tuple[str, Request]
    """The operation that describes it, with its request."""
    state: str
    """Where its state stands in the description."""
    done: frozenset[str]
    failed: frozenset[str]
    gone: bool = False
    """The job is a deletion: it has ended well when there is nothing to describe any more."""
    result: str = ""
    """What of the description is the task's result; all of it when empty."""
    within: str = ""
    """The member of the result that it stands in; itself when empty."""
    adds: tuple[str, ...] = ()
    """Members of the first response that the result has too."""
    stop: tuple[str, Request] | None = None
    """The operation that stops it, with its request. None: Step Functions leaves it running."""


def find(path: str, document: Any) -> Any:
    """Return what a path leads to, None when it leads nowhere.

    >>> find("Jobs.0.Status", {"Jobs": [{"Status": "FAILED"}]})
    'FAILED'
    """
    for token in path.split(".") if path else ():
        if isinstance(document, list):
            document = document[int(token)] if int(token) < len(document) else None
        else:
            document = document.get(token) if isinstance(document, dict) else None
    return document


def request_of(template: Any, submitted: Any, arguments: Any) -> Any:
    """Return the request that a template makes of a response and a task's parameters.

    >>> request_of({"id": "out.Id", "why": "=stopped"}, {"Id": "i"}, {})
    {'id': 'i', 'why': 'stopped'}
    """
    if isinstance(template, Mapping):
        return {name: request_of(value, submitted, arguments) for name, value in template.items()}
    if isinstance(template, list):
        return [request_of(value, submitted, arguments) for value in template]
    source, _, path = template.partition(".")
    if source not in ("out", "in"):
        return template.removeprefix("=")
    return find(path, submitted if source == "out" else arguments)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOPPED = "=Stopped by Step Functions"


def _sagemaker(kind: str, states: str = "Failed Stopped") -> JobKind:
    request = {f"{kind}Name": f"in.{kind}Name"}
    return JobKind(
        client="sagemaker",
        describe=(f"Describe{kind}", request),
        state=f"{kind}Status",
        done=_words("Completed"),
        failed=_words(states),
        stop=(f"Stop{kind}", request),
    )


def _codebuild(what: str, several: str) -> JobKind:
    return JobKind(
        client="codebuild",
        describe=(f"BatchGet{several}", {"ids": [f"out.{what}.Id"]}),
        state=f"{several}.0.{what}Status",
        done=_words("SUCCEEDED"),
        failed=_words("FAILED FAULT TIMED_OUT STOPPED"),
        result=f"{several}.0",
        within=what,
        stop=(f"Stop{what}", {"id": f"out.{what}.Id"}),
    )


def _eks_created(what: str, request: Request, failed: str) -> JobKind:
    return JobKind(
        client="eks",
        describe=(f"Describe{what}", request),
        state=f"{what}.Status",
        done=_words("ACTIVE"),
        failed=_words(failed),
    )


def _eks_deleted(what: str, request: Request, failed: str) -> JobKind:
    return JobKind(
        client="eks",
        describe=(f"Describe{what}", request),
        state=f"{what}.Status",
        done=frozenset(),
        failed=_words(failed),
        gone=True,
    )


def _emr_cluster(done: str, failed: str, cluster: str) -> JobKind:
    return JobKind(
        client="emr",
        describe=("DescribeCluster", {"ClusterId": cluster}),
        state="Cluster.Status.State",
        done=_words(done),
        failed=_words(failed),
        adds=("ClusterId",),
    )


def _application(done: str) -> JobKind:
    return JobKind(
        client="emr-serverless",
        describe=("GetApplication", {"applicationId": "out.ApplicationId"}),
        state="Application.State",
        done=_words(done),
        failed=_words("TERMINATED") - _words(done),
    )


def _serverless_run(done: str, job: str, *, stop: bool) -> JobKind:
    request = {"applicationId": "in.ApplicationId", "jobRunId": job}
    return JobKind(
        client="emr-serverless",
        describe=("GetJobRun", request),
        state="JobRun.State",
        done=_words(done),
        failed=_words("SUCCESS FAILED CANCELLED") - _words(done),
        stop=("CancelJobRun", request) if stop else None,
    )


_CLUSTER = {"name": "in.Name"}
_NODEGROUP = {"clusterName": "in.ClusterName", "nodegroupName": "in.NodegroupName"}
_PROFILE = {"clusterName": "in.ClusterName", "fargateProfileName": "in.FargateProfileName"}
_STEP = {"ClusterId": "in.ClusterId", "StepId": "out.StepId"}
_BUILD, _BATCH = _codebuild("Build", "Builds"), _codebuild("BuildBatch", "BuildBatches")

JOBS: Mapping[tuple[str, str], JobKind] = MappingProxyType(
    {
        ("athena", "startQueryExecution"): JobKind(
            client="athena",
            describe=("GetQueryExecution", {"QueryExecutionId": "out.QueryExecutionId"}),
            state="QueryExecution.Status.State",
            done=_words("SUCCEEDED"),
            failed=_words("FAILED CANCELLED"),
            stop=("StopQueryExecution", {"QueryExecutionId": "out.QueryExecutionId"}),
        ),
        ("batch", "submitJob"): JobKind(
            client="batch",
            describe=("DescribeJobs", {"jobs": ["out.JobId"]}),
            state="Jobs.0.Status",
            done=_words("SUCCEEDED"),
            failed=_words("FAILED"),
            result="Jobs.0",
            stop=("TerminateJob", {"jobId": "out.JobId", "reason": _STOPPED}),
        ),
        ("bedrock", "createModelCustomizationJob"): JobKind(
            client="bedrock",
            describe=("GetModelCustomizationJob", {"jobIdentifier": "out.JobArn"}),
            state="Status",
            done=_words("Completed"),
            failed=_words("Failed Stopped"),
            stop=("StopModelCustomizationJob", {"jobIdentifier": "out.JobArn"}),
        ),
        ("codebuild", "startBuild"): _BUILD,
        ("codebuild", "startBuildBatch"): _BATCH,
        ("codebuild", "retryBuildBatch"): _BATCH,
        ("databrew", "startJobRun"): JobKind(
            client="databrew",
            describe=("DescribeJobRun", {"Name": "in.Name", "RunId": "out.RunId"}),
            state="State",
            done=_words("SUCCEEDED"),
            failed=_words("FAILED STOPPED TIMEOUT"),
            stop=("StopJobRun", {"Name": "in.Name", "RunId": "out.RunId"}),
        ),
        ("ecs", "runTask"): JobKind(
            client="ecs",
            describe=("DescribeTasks", {"cluster": "out.Tasks.0.ClusterArn", "tasks": ["out.Tasks.0.TaskArn"]}),
            state="Tasks.0.LastStatus",
            done=_words("STOPPED"),
            failed=frozenset(),
            result="Tasks.0",
            stop=(
                "StopTask",
                {"cluster": "out.Tasks.0.ClusterArn", "task": "out.Tasks.0.TaskArn", "reason": _STOPPED},
            ),
        ),
        ("eks", "createCluster"): _eks_created("Cluster", _CLUSTER, "FAILED"),
        ("eks", "deleteCluster"): _eks_deleted("Cluster", _CLUSTER, "FAILED"),
        ("eks", "createNodegroup"): _eks_created("Nodegroup", _NODEGROUP, "CREATE_FAILED DEGRADED"),
        ("eks", "deleteNodegroup"): _eks_deleted("Nodegroup", _NODEGROUP, "DELETE_FAILED"),
        ("eks", "createFargateProfile"): _eks_created("FargateProfile", _PROFILE, "CREATE_FAILED"),
        ("eks", "deleteFargateProfile"): _eks_deleted("FargateProfile", _PROFILE, "DELETE_FAILED"),
        ("elasticmapreduce", "createCluster"): _emr_cluster(
            "WAITING", "TERMINATED TERMINATED_WITH_ERRORS", "out.ClusterId"
        ),
        ("elasticmapreduce", "terminateCluster"): _emr_cluster("TERMINATED TERMINATED_WITH_ERRORS", "", "in.ClusterId"),
        ("elasticmapreduce", "addStep"): JobKind(
            client="emr",
            describe=("DescribeStep", _STEP),
            state="Step.Status.State",
            done=_words("COMPLETED"),
            failed=_words("FAILED CANCELLED INTERRUPTED"),
            stop=("CancelSteps", {"ClusterId": "in.ClusterId", "StepIds": ["out.StepId"]}),
        ),
        ("emr-containers", "deleteVirtualCluster"): JobKind(
            client="emr-containers",
            describe=("DescribeVirtualCluster", {"id": "in.Id"}),
            state="VirtualCluster.State",
            done=_words("TERMINATED"),
            failed=_words("ARRESTED"),
            gone=True,
        ),
        ("emr-containers", "startJobRun"): JobKind(
            client="emr-containers",
            describe=("DescribeJobRun", {"id": "out.Id", "virtualClusterId": "in.VirtualClusterId"}),
            state="JobRun.State",
            done=_words("COMPLETED"),
            failed=_words("FAILED CANCELLED"),
            stop=("CancelJobRun", {"id": "out.Id", "virtualClusterId": "in.VirtualClusterId"}),
        ),
        ("emr-serverless", "createApplication"): _application("CREATED STARTED"),
        ("emr-serverless", "startApplication"): _application("STARTED"),
        ("emr-serverless", "stopApplication"): _application("STOPPED"),
        ("emr-serverless", "deleteApplication"): _application("TERMINATED"),
        ("emr-serverless", "startJobRun"): _serverless_run("SUCCESS", "out.JobRunId", stop=True),
        ("emr-serverless", "cancelJobRun"): _serverless_run("CANCELLED", "in.JobRunId", stop=False),
        ("glue", "startJobRun"): JobKind(
            client="glue",
            describe=("GetJobRun", {"JobName": "out.JobName", "RunId": "out.JobRunId"}),
            state="JobRun.JobRunState",
            done=_words("SUCCEEDED"),
            failed=_words("FAILED TIMEOUT ERROR STOPPED EXPIRED"),
            result="JobRun",
            stop=("BatchStopJobRun", {"JobName": "out.JobName", "JobRunIds": ["out.JobRunId"]}),
        ),
        ("mediaconvert", "createJob"): JobKind(
            client="mediaconvert",
            describe=("GetJob", {"Id": "out.Job.Id"}),
            state="Job.Status",
            done=_words("COMPLETE"),
            failed=_words("ERROR CANCELED"),
            stop=("CancelJob", {"Id": "out.Job.Id"}),
        ),
        ("sagemaker", "createHyperParameterTuningJob"): _sagemaker(
            "HyperParameterTuningJob", "Failed Stopped DeleteFailed"
        ),
        ("sagemaker", "createLabelingJob"): _sagemaker("LabelingJob"),
        ("sagemaker", "createProcessingJob"): _sagemaker("ProcessingJob"),
        ("sagemaker", "createTrainingJob"): _sagemaker("TrainingJob"),
        ("sagemaker", "createTransformJob"): _sagemaker("TransformJob"),
        ("states", "startExecution"): JobKind(
            client="stepfunctions",
            describe=("DescribeExecution", {"executionArn": "out.ExecutionArn"}),
            state="Status",
            done=_words("SUCCEEDED"),
            failed=_words("FAILED TIMED_OUT ABORTED"),
            stop=("StopExecution", {"executionArn": "out.ExecutionArn"}),
        ),
    }
)
"""(service, action) of a resource -> the job it begins."""
