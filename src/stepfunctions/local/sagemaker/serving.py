"""What serves the endpoints: fleets that start, take over the traffic stage by stage, are watched, go or come back.

Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
A variant has one server process here, whatever its instance count. Waits are the cloud's time. How far a shift is
stands in the endpoint's record, so that the next start goes on from there.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.fleet import Deployment, ModelServer, Route, ServerFailed
from stepfunctions.local.sagemaker.models import Models
from stepfunctions.local.sagemaker.records import HIDDEN, Record, Records
from stepfunctions.local.sagemaker.strategies import Plan, plan_of

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
KIND = "endpoint"
SHIFT = f"{HIDDEN}Shift"
"""The member of an endpoint's record with how far its shift is: ``Stage``, ``Due`` and ``Began`` (epoch seconds)."""
KEPT = f"{HIDDEN}Kept"
"""The member of an endpoint's record with what an update keeps of the old variants (RetainAllVariantProperties)."""
_READY_SECONDS = 60.0
_LOOK = 10.0
"""Seconds of the cloud's clock between two looks at the alarms of a deployment."""
_MOST = 1024  # characters of a FailureReason


class Serving:
    """The fleets behind the endpoints. Any thread may call; an endpoint does one thing after the other."""

    def __init__(self, cloud: Cloud, records: Records, models: Models) -> None:
        self._cloud = cloud
        self._records = records
        self._models = models
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._routes: dict[str, Route] = {}
        self._making: list[Deployment] = []
        self._starting: dict[str, Future[None]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._count = 0

    def start(self) -> None:
        """Bring back what a former server had in service, and go on with what it was doing."""
        shutil.rmtree(self._cloud.data_dir / "endpoints", ignore_errors=True)  # of servers that are gone
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="endpoint")
        for record in self._records.all(KIND, "Creating", "Updating", "InService", "Deleting"):
            name = record["EndpointName"]
            if record["EndpointStatus"] == "Deleting":
                self.delete(name)
            else:
                self.deploy(name)

    def stop(self) -> None:
        """Stop every server; the endpoints come back at the next start."""
        with self._lock:
            pool, self._pool = self._pool, None
            deployments = [one for route in self._routes.values() for one in route.fleets()]
        for deployment in [*deployments, *self._making]:
            deployment.stop()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self._routes.clear()

    def deploy(self, name: str) -> None:
        """Begin to serve what the endpoint's record asks for."""
        self._submit(name, self._deploy)

    def delete(self, name: str) -> None:
        """Begin to stop what serves an endpoint; its record goes last."""
        self._submit(name, self._delete)

    def route(self, name: str) -> Route | None:
        """Return where requests go now; waits for an endpoint that comes back after a restart. None: nowhere."""
        record = self._records.get(KIND, name)
        if record is None or record["EndpointStatus"] not in ("InService", "Updating"):
            return None
        if name not in self._routes:
            starting = self._starting.get(name)
            if starting is not None:
                starting.exception(_READY_SECONDS)
        return self._routes.get(name)

    def missing_alarm(self, plan: Plan) -> str | None:
        """Return an alarm of a plan that is not there."""
        states = self._alarms(plan)
        return next((name for name in plan.alarms if name not in states), None)

    def _why_not(self, plan: Plan) -> str | None:
        """Return why the alarms of a plan forbid to go on, None when they do not."""
        states = self._alarms(plan)
        for name in plan.alarms:
            if states.get(name, "") in ("", "ALARM"):
                return f"the alarm {name} {'is in the state ALARM' if name in states else 'does not exist any more'}"
        return None

    def _alarms(self, plan: Plan) -> dict[str, str]:
        if not plan.alarms:
            return {}
        request = {"AlarmNames": list(plan.alarms), "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
        answer = self._cloud.call("cloudwatch", "DescribeAlarms", request)
        found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
        return {one["AlarmName"]: one["StateValue"] for one in found}

    def _submit(self, name: str, function: Callable[[str], None]) -> None:
        with self._lock:
            if self._pool is not None:
                turn = self._turns.setdefault(name, threading.Lock())
                working = f"endpoint:{name}:{time.monotonic_ns()}"
                self._cloud.work.begin(working)
                self._starting[name] = self._pool.submit(_in_turn, turn, function, name)
                self._starting[name].add_done_callback(lambda _: self._cloud.work.end(working))

    # -- a deployment: start, shift, finish or roll back -----------------------------------------------------

    def _deploy(self, name: str) -> None:
        """Start the configuration an endpoint shall have; only when all of it is healthy does traffic move."""
        record = self._records.get(KIND, name)
        if record is None or record["EndpointStatus"] not in ("Creating", "Updating", "InService"):
            return
        pending = record.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        if pending is None and name in self._routes:
            return
        if pending is not None and name not in self._routes:
            self._bring_back(name, record["EndpointConfigName"])
        try:
            deployment = self._run(name, pending or record["EndpointConfigName"])
        except (ServerFailed, ServiceError) as error:
            self._failed(name, error.message if isinstance(error, ServiceError) else str(error))
            return
        with self._lock:
            route = self._routes.get(name)
            if route is None or pending is None:
                self._routes[name] = Route(deployment)
            else:
                route.new = deployment
        if route is None or pending is None:
            self._finish(name, deployment)
        else:
            deployment.weights = self._weights(record, deployment)
            self._shift(name)

    def _weights(self, record: Record, deployment: Deployment) -> dict[str, float]:
        pending = record["PendingDeploymentSummary"]["ProductionVariants"]
        return {one["VariantName"]: one["CurrentWeight"] for one in pending} or deployment.weights

    def _shift(self, name: str) -> None:
        """Do what is due in an endpoint's shift, and come back when the next is."""
        route, record = self._routes.get(name), self._records.get(KIND, name)
        if route is None or route.new is None or record is None or "PendingDeploymentSummary" not in record:
            return
        config = self._models.config(record["PendingDeploymentSummary"]["EndpointConfigName"])
        plan = plan_of(record.get("LastDeploymentConfig", {}), config["ProductionVariants"])
        now = self._cloud.clock.now()
        before = record.get(SHIFT, {"Stage": -1, "Due": now, "Began": now})
        shift: dict[str, Any] = dict(before)
        why = self._why_not(plan)
        if why is None and plan.timeout is not None and now > shift["Began"] + plan.timeout:
            why = f"it took longer than MaximumExecutionTimeoutInSeconds, {plan.timeout:g}"
        if why is not None:
            self._roll_back(name, route, why)
            return
        while now >= shift["Due"]:
            shift["Stage"] += 1
            if shift["Stage"] == len(plan.stages):
                self._take_over(name, route, route.new)
                return
            shift["Due"] = now + plan.stages[shift["Stage"]].wait
        stage = plan.stages[shift["Stage"]]
        if shift != before:
            self._note(name, shift, stage.share)
        if route.share != stage.share:
            route.shift(stage.share)
        due = min(shift["Due"], now + _LOOK) if plan.alarms else shift["Due"]
        self._cloud.timers.set(f"sagemaker:shift:{name}", due, lambda: self._submit(name, self._shift))

    def _note(self, name: str, shift: Mapping[str, Any], share: float) -> None:
        """Write down how far a shift is, before any request goes there."""
        text = f"{share:.0%} of the traffic goes to the new fleet"

        def edit(record: Record) -> str:
            record[SHIFT] = dict(shift)
            for variant in record["PendingDeploymentSummary"]["ProductionVariants"]:
                since = datetime.fromtimestamp(self._cloud.clock.now(), timezone.utc)
                variant["VariantStatus"] = [{"Status": "Baking", "StatusMessage": text, "StartTime": since}]
            return self.status(record, "Updating")

        self._records.change(KIND, name, edit)

    def _take_over(self, name: str, route: Route, new: Deployment) -> None:
        """The new fleet is the endpoint's from now on."""
        with self._lock:
            self._routes[name] = Route(new)
        self._finish(name, new)
        route.deployment.retire()

    def _finish(self, name: str, deployment: Deployment) -> None:
        def edit(record: Record) -> str:
            pending = record.pop("PendingDeploymentSummary", None)
            if pending is not None or "ProductionVariants" not in record:
                record["ProductionVariants"] = self.variants(deployment.config, record)
                record["EndpointConfigName"] = deployment.config
            deployment.weights = {one["VariantName"]: one["CurrentWeight"] for one in record["ProductionVariants"]}
            _forget(record)
            return self.status(record, "InService")

        self._records.change(KIND, name, edit)

    def _roll_back(self, name: str, route: Route, why: str) -> None:
        """All traffic goes to the old fleet again, and the new one ends."""
        new, route.new = route.new, None
        self._failed(name, f"The deployment was rolled back: {why}.")
        if new is not None:
            new.retire()

    def _bring_back(self, name: str, config: str) -> None:
        """Serve the old configuration while an interrupted update begins again."""
        try:
            deployment = self._run(name, config)
        except (ServerFailed, ServiceError) as error:
            _log.warning("endpoint %s: %s", name, error)
            return
        with self._lock:
            self._routes[name] = Route(deployment)

    def _failed(self, name: str, reason: str) -> None:
        """A first deployment fails the endpoint; an update leaves the old fleet in service."""
        if self._pool is None or self._cloud.stopping:
            return  # the next start tries again

        def edit(record: Record) -> str:
            record["FailureReason"] = reason if len(reason) <= _MOST else "…" + reason[-(_MOST - 1) :]
            record.pop("PendingDeploymentSummary", None)
            _forget(record)
            return self.status(record, "InService" if name in self._routes else "Failed")

        self._records.change(KIND, name, edit)

    def _delete(self, name: str) -> None:
        with self._lock:
            route = self._routes.pop(name, None)
        for deployment in [] if route is None else route.fleets():
            deployment.stop()
        self._records.delete(KIND, name)

    def _run(self, name: str, config: str) -> Deployment:
        """Start a deployment; a stop of the cloud meanwhile ends it."""
        deployment = self._make(name, config)
        with self._lock:
            if self._pool is None:
                raise ServerFailed("the local cloud is stopping")
            self._making.append(deployment)
        try:
            deployment.start()
        finally:
            self._making.remove(deployment)
        return deployment

    def _make(self, name: str, config_name: str) -> Deployment:
        config = self._models.config(config_name)
        with self._lock:
            self._count += 1
            number = self._count
        folder = self._cloud.data_dir / "endpoints" / quote(name, safe="") / str(number)
        servers = {
            variant["VariantName"]: ModelServer(
                self._cloud,
                folder / variant["VariantName"],
                self._models.served(variant["ModelName"]),
                (name, variant["VariantName"]),
            )
            for variant in config["ProductionVariants"]
        }
        weights = {variant["VariantName"]: variant["InitialVariantWeight"] for variant in config["ProductionVariants"]}
        return Deployment(config_name, servers, weights, config.get("DataCaptureConfig"))

    # -- records ---------------------------------------------------------------------------------------------

    def variants(self, config: str, record: Record) -> list[Record]:
        """Return the variants of an endpoint that serves a configuration, with what an update keeps of it."""
        kept = {one["VariantName"]: one for one in record.get(KEPT, ())}
        made = []
        for variant in self._models.config(config)["ProductionVariants"]:
            container = self._models.served(variant["ModelName"])["PrimaryContainer"]
            weight, fleet = variant["InitialVariantWeight"], _fleet_of(variant)
            image = {"SpecifiedImage": container["Image"], "ResolvedImage": container["Image"]}
            summary = {
                "VariantName": variant["VariantName"],
                "CurrentWeight": weight,
                "DesiredWeight": weight,
                **fleet,
                "DeployedImages": [{**image, "ResolutionTime": self._records.now()}],
            }
            before = kept.get(variant["VariantName"], {})
            made.append({**summary, **{member: value for member, value in before.items() if member in summary}})
        return made

    def status(self, record: Record, status: str) -> str:
        """Give a record a status, now."""
        record["EndpointStatus"] = status
        record["LastModifiedTime"] = self._records.now()
        return status


def _fleet_of(variant: Mapping[str, Any]) -> Record:
    """Return what DescribeEndpoint says of a variant's capacity: a serverless one has no instances."""
    serverless, scaling = variant.get("ServerlessConfig"), variant.get("ManagedInstanceScaling")
    if serverless is not None:
        return {"CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    count = variant.get("InitialInstanceCount") or (scaling or {}).get("MinInstanceCount", 1)
    counts = {"CurrentInstanceCount": count, "DesiredInstanceCount": count}
    return counts if scaling is None else {**counts, "ManagedInstanceScaling": scaling}


def _forget(record: Record) -> None:
    for member in (SHIFT, KEPT):
        record.pop(member, None)


def _in_turn(turn: threading.Lock, function: Callable[[str], None], name: str) -> None:
    """Do one thing at a time to an endpoint."""
    with turn:
        try:
            function(name)
        except Exception:
            _log.exception("endpoint %s", name)
            raise
