"""ECS: tasks whose containers are processes of this machine, in the place of what their images have."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.ecs import definitions
from stepfunctions.local.ecs.containers import KIND, ContainerOwner, Ends, job_key
from stepfunctions.local.ecs.records import MIGRATIONS, STOPPED, EcsTables, TaskRow
from stepfunctions.local.ecs.tasks import cluster_arn, cluster_name, plan_task, task_arn, task_id, task_shape

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.services import Call

_STEP_FUNCTIONS = "AWS Step Functions"


class EcsService:
    """The operations of Amazon ECS that workflows need. The cluster ``default`` exists."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tables = EcsTables(cloud.database("ecs", MIGRATIONS))
        self._ends = Ends(self._tables)
        cloud.jobs.register(KIND, ContainerOwner(cloud, self._tables, self._ends))

    def start(self) -> None:
        """Submit containers again that a killed server had noted but not yet handed over."""
        for task in self._tables.open_tasks():
            self._submit(task)
            if task.stopping is not None:
                self._stop(task)

    def on_end(self, arn: str, callback: Callable[[], None]) -> None:
        """Call back once a task has stopped; at once when it already has."""
        self._ends.add(arn.rsplit("/", 1)[-1], callback)

    def register_task_definition(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Add a revision to a family."""
        return definitions.register(self._tables, request, call, self._now())

    def describe_task_definition(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a revision, or a family's latest active one."""
        return definitions.describe(self._tables, request, call)

    def list_task_definitions(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a page of ARNs."""
        return definitions.list_arns(self._tables, request, call)

    def deregister_task_definition(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Make a revision INACTIVE: no new task runs it."""
        return definitions.deregister(self._tables, request, call, self._now())

    def create_cluster(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Make a cluster; one that is there is returned."""
        name = request.get("clusterName", "default")
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,254}", name):
            raise ServiceError(
                "InvalidParameterException",
                f"'{name}' is no name for a cluster: use letters, digits, hyphens and underscores, a letter first.",
            )
        self._tables.add_cluster(name, request.get("tags", []))
        return {"cluster": self._cluster_shape(name, self._tables.clusters()[name], call)}

    def describe_clusters(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return clusters; unknown ones are failures with the reason MISSING."""
        known = self._tables.clusters()
        names = [cluster_name(text) for text in request.get("clusters") or ["default"]]
        return {
            "clusters": [self._cluster_shape(name, known[name], call) for name in names if name in known],
            "failures": [{"arn": cluster_arn(name, call), "reason": "MISSING"} for name in names if name not in known],
        }

    def list_clusters(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a page of ARNs."""
        return definitions.page([cluster_arn(name, call) for name in self._tables.clusters()], request, "clusterArns")

    def run_task(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Start tasks. A call with the task token, or the clientToken, of an earlier one returns its tasks."""
        cluster = self._cluster(request)
        definition = definitions.find(self._tables, request["taskDefinition"])
        if definition is None:
            raise definitions.client_error("TaskDefinition not found.")
        if not definition.active:
            raise definitions.client_error("TaskDefinition is inactive")
        plan = plan_task(definition, request, call)
        if len(plan["containers"]) > self._cloud.max_jobs:
            raise definitions.client_error(
                f"This task has {len(plan['containers'])} containers, and the local cloud runs at most "
                f"{self._cloud.max_jobs} processes at once: start it with --max-jobs {len(plan['containers'])}."
            )
        client_token = request.get("clientToken")
        token = call.token or (f"client:{client_token}" if client_token else None)
        started_by = request.get("startedBy") or (_STEP_FUNCTIONS if call.token else None)
        tasks = self._tables.add_tasks(
            [uuid.uuid4().hex for _ in range(request.get("count", 1))],
            plan,
            cluster=cluster,
            token=token,
            started_by=started_by,
            now=self._now(),
        )
        for task in tasks:
            self._submit(task)
        return {"tasks": [task_shape(task, call) for task in tasks], "failures": []}

    def describe_tasks(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return tasks; unknown ones are failures with the reason MISSING."""
        cluster = self._cluster(request)
        tags = "TAGS" in request.get("include", [])
        tasks: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for text in request["tasks"]:
            task = self._task(text, cluster)
            if task is not None:
                tasks.append(task_shape(task, call, tags=tags))
            else:
                arn = text if text.startswith("arn:") else task_arn(cluster, text, call)
                failures.append({"arn": arn, "reason": "MISSING"})
        return {"tasks": tasks, "failures": failures}

    def list_tasks(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return a page of ARNs of tasks, by default of those that run or shall run."""
        cluster = self._cluster(request)
        if request.get("serviceName") or request.get("containerInstance"):
            raise ServiceError(
                "InvalidParameterException",
                "The local cloud has no ECS services and instances: leave serviceName and containerInstance out.",
            )
        running = request.get("desiredStatus", "RUNNING") != "STOPPED"
        found = [
            task_arn(cluster, task.id, call)
            for task in self._tables.tasks(cluster)
            if (task.stopping is None and task.stopped is None) == running
            and request.get("family") in (None, task.family)
            and request.get("startedBy") in (None, task.started_by)
            and request.get("launchType") in (None, task.launch_type)
        ]
        return definitions.page(found, request, "taskArns")

    def stop_task(self, request: dict[str, Any], call: Call) -> dict[str, Any]:
        """Ask a task's containers to stop: SIGTERM, and SIGKILL 10 seconds later."""
        task = self._task(request["task"], self._cluster(request))
        if task is None:
            raise ServiceError("InvalidParameterException", "The referenced task was not found.")
        self._tables.stop_task(task.id, "UserInitiated", request.get("reason", "Task stopped by user"), self._now())
        self._stop(task)
        return {"task": task_shape(self._tables.task(task.id) or task, call)}

    def _submit(self, task: TaskRow) -> None:
        for container in task.containers:
            if container.state != STOPPED:
                self._cloud.jobs.submit(KIND, job_key(task.id, container.name), None)

    def _stop(self, task: TaskRow) -> None:
        for container in task.containers:
            self._cloud.jobs.stop(KIND, job_key(task.id, container.name))

    def _cluster(self, request: dict[str, Any]) -> str:
        name = cluster_name(request.get("cluster"))
        if name not in self._tables.clusters():
            raise ServiceError("ClusterNotFoundException", "Cluster not found.")
        return name

    def _task(self, text: str, cluster: str) -> TaskRow | None:
        id = task_id(text, cluster)
        task = None if id is None else self._tables.task(id)
        return task if task is not None and task.cluster == cluster else None

    def _cluster_shape(self, name: str, tags: list[dict[str, str]], call: Call) -> dict[str, Any]:
        open_tasks = [task for task in self._tables.open_tasks() if task.cluster == name]
        running = sum(task.status == "RUNNING" for task in open_tasks)
        return {
            "clusterArn": cluster_arn(name, call),
            "clusterName": name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": len(open_tasks) - running,
            "activeServicesCount": 0,
            "statistics": [],
            "tags": tags,
            "settings": [],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
        }

    def _now(self) -> float:
        return self._cloud.clock.now()


def create(cloud: Cloud) -> EcsService:
    """Make the service for a cloud."""
    return EcsService(cloud)
