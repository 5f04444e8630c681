"""Endpoints: created, updated all at once behind a healthy new fleet, brought back after a restart.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
A variant has one server process here, whatever its instance count.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote

from stepfunctions.errors import ServiceError
from stepfunctions.local.sagemaker.fleet import Deployment, ModelServer, ServerFailed
from stepfunctions.local.sagemaker.models import Models
from stepfunctions.local.sagemaker.records import Record, Records, invalid
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_log = logging.getLogger(__name__)
KIND = "endpoint"
_READY_SECONDS = 60.0
_MOST = 1024  # characters of a FailureReason


class Endpoints:
    """The operations on endpoints, and what serves them."""

    def __init__(self, cloud: Cloud, records: Records, models: Models) -> None:
        self._cloud = cloud
        self._records = records
        self._models = models
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._serving: dict[str, Deployment] = {}
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
                self._submit(name, self._delete)
            else:
                self._submit(name, self._deploy)

    def stop(self) -> None:
        """Stop every server; the endpoints come back at the next start."""
        with self._lock:
            pool, self._pool = self._pool, None
        for deployment in [*self._serving.values(), *self._making]:
            deployment.stop()
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self._serving.clear()

    # -- operations ------------------------------------------------------------------------------------------

    def create(self, request: Record, call: Call) -> Record:
        """CreateEndpoint."""
        name, arn = request["EndpointName"], self._records.arn(KIND, request["EndpointName"])
        if call.token is None or self._records.token(KIND, name) != call.token:
            self._models.config(request["EndpointConfigName"])
            _check_deployment(request)
        now = self._records.now()
        record = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": request["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        made = self._records.create(
            KIND,
            name,
            record,
            call.token,
            tags=request.get("Tags"),
            status="Creating",
            taken=lambda: invalid(f'Cannot create already existing endpoint "{arn}".'),
        )
        if made:
            self._submit(name, self._deploy)
        return {"EndpointArn": arn}

    def update(self, request: Record, call: Call) -> Record:
        """UpdateEndpoint: blue/green, all at once."""
        name, arn = request["EndpointName"], self._records.arn(KIND, request["EndpointName"])
        wanted = request["EndpointConfigName"]
        if call.token is not None and self._records.token(KIND, name) == call.token:
            return {"EndpointArn": arn}
        self.record(name)
        self._models.config(wanted)
        _check_deployment(request)
        if request.get("RetainAllVariantProperties"):
            raise invalid(
                "RetainAllVariantProperties is not supported by the local cloud: weights come from the new "
                "endpoint configuration."
            )

        def edit(record: Record) -> str:
            if record["EndpointStatus"] not in ("InService", "OutOfService"):
                raise invalid(
                    f'Cannot update in-progress endpoint "{arn}".'
                    if record["EndpointStatus"] != "Failed"
                    else f'Cannot update the failed endpoint "{arn}": delete it.'
                )
            record.pop("FailureReason", None)
            record["PendingDeploymentSummary"] = {"EndpointConfigName": wanted, "StartTime": self._records.now()}
            return self._status(record, "Updating")

        self._records.change(KIND, name, edit, token=call.token)
        self._submit(name, self._deploy)
        return {"EndpointArn": arn}

    def update_weights(self, request: Record) -> Record:
        """UpdateEndpointWeightsAndCapacities: weights, at once; instance counts change nothing here."""
        name = request["EndpointName"]

        def edit(record: Record) -> str:
            if record["EndpointStatus"] != "InService":
                raise invalid(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
            variants = {variant["VariantName"]: variant for variant in record["ProductionVariants"]}
            for wanted in request["DesiredWeightsAndCapacities"]:
                variant = variants.get(wanted["VariantName"])
                if variant is None:
                    raise invalid(f"The endpoint has no variant {wanted['VariantName']}: {', '.join(variants)}.")
                if "DesiredWeight" in wanted:
                    variant["CurrentWeight"] = variant["DesiredWeight"] = wanted["DesiredWeight"]
                if "DesiredInstanceCount" in wanted:
                    variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]
            return self._status(record, "InService")

        self.record(name)
        record = self._records.change(KIND, name, edit)
        deployment = self._serving.get(name)
        if record is not None and deployment is not None:
            deployment.weights = {one["VariantName"]: one["CurrentWeight"] for one in record["ProductionVariants"]}
        return {"EndpointArn": self._records.arn(KIND, name)}

    def describe(self, request: Record) -> Record:
        """DescribeEndpoint."""
        return self.record(request["EndpointName"])

    def list(self, request: Record) -> Record:
        """ListEndpoints."""
        page = self._records.page(KIND, request)
        members = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        summaries = [{member: record[member] for member in members} for record in page.records]
        return {"Endpoints": summaries, **({"NextToken": page.next_token} if page.next_token else {})}

    def delete(self, request: Record) -> Record:
        """DeleteEndpoint."""
        name = request["EndpointName"]

        def edit(record: Record) -> str:
            if record["EndpointStatus"] in ("Creating", "Updating", "Deleting"):
                raise invalid(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
            return self._status(record, "Deleting")

        self.record(name)
        self._records.change(KIND, name, edit)
        self._submit(name, self._delete)
        return {}

    # -- serving ---------------------------------------------------------------------------------------------

    def record(self, name: str) -> Record:
        """Return an endpoint's record; refuse an unknown name."""
        record = self._records.get(KIND, name)
        if record is None:
            raise invalid(f'Could not find endpoint "{self._records.arn(KIND, name)}".')
        return record

    def deployment(self, name: str) -> Deployment | None:
        """Return what serves an endpoint now; waits for one that comes back after a restart. None: nothing does."""
        record = self._records.get(KIND, name)
        if record is None or record["EndpointStatus"] not in ("InService", "Updating"):
            return None
        if name not in self._serving:
            starting = self._starting.get(name)
            if starting is not None:
                starting.exception(_READY_SECONDS)
        return self._serving.get(name)

    def _submit(self, name: str, function: Callable[[str], None]) -> None:
        with self._lock:
            if self._pool is not None:
                turn = self._turns.setdefault(name, threading.Lock())
                working = f"endpoint:{name}:{time.monotonic_ns()}"
                self._cloud.work.begin(working)
                self._starting[name] = self._pool.submit(_in_turn, turn, function, name)
                self._starting[name].add_done_callback(lambda _: self._cloud.work.end(working))

    def _deploy(self, name: str) -> None:
        """Start the configuration an endpoint shall have; only when all of it is healthy does traffic move."""
        record = self._records.get(KIND, name)
        if record is None or record["EndpointStatus"] not in ("Creating", "Updating", "InService"):
            return
        pending = record.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
        if pending is None and name in self._serving:
            return
        if pending is not None and name not in self._serving:
            self._bring_back(name, record["EndpointConfigName"])
        wanted = pending or record["EndpointConfigName"]
        try:
            deployment = self._run(name, wanted)
        except (ServerFailed, ServiceError) as error:
            self._failed(name, error.message if isinstance(error, ServiceError) else str(error))
            return
        with self._lock:
            old = self._serving.get(name)
            self._serving[name] = deployment
        config = self._models.config(wanted)
        variants = [self._variant(variant) for variant in config["ProductionVariants"]]

        def edit(record: Record) -> str:
            if pending is not None or "ProductionVariants" not in record:
                record.update(ProductionVariants=variants, EndpointConfigName=wanted)
            deployment.weights = {one["VariantName"]: one["CurrentWeight"] for one in record["ProductionVariants"]}
            record.pop("PendingDeploymentSummary", None)
            return self._status(record, "InService")

        self._records.change(KIND, name, edit)
        if old is not None:
            old.stop()

    def _bring_back(self, name: str, config: str) -> None:
        """Serve the old configuration while an interrupted update begins again."""
        try:
            deployment = self._run(name, config)
        except (ServerFailed, ServiceError) as error:
            _log.warning("endpoint %s: %s", name, error)
            return
        with self._lock:
            self._serving[name] = deployment

    def _failed(self, name: str, reason: str) -> None:
        """A first deployment fails the endpoint; an update leaves the old fleet in service."""
        if self._pool is None:
            return  # the cloud stops: the next one tries again

        def edit(record: Record) -> str:
            record["FailureReason"] = reason if len(reason) <= _MOST else "…" + reason[-(_MOST - 1) :]
            record.pop("PendingDeploymentSummary", None)
            return self._status(record, "InService" if name in self._serving else "Failed")

        self._records.change(KIND, name, edit)

    def _delete(self, name: str) -> None:
        with self._lock:
            deployment = self._serving.pop(name, None)
        if deployment is not None:
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
                self._cloud, folder / variant["VariantName"], self._models.model(variant["ModelName"])
            )
            for variant in config["ProductionVariants"]
        }
        weights = {variant["VariantName"]: variant["InitialVariantWeight"] for variant in config["ProductionVariants"]}
        return Deployment(config_name, servers, weights)

    def _variant(self, variant: Record) -> Record:
        container = self._models.model(variant["ModelName"])["PrimaryContainer"]
        count, weight = variant.get("InitialInstanceCount", 1), variant["InitialVariantWeight"]
        return {
            "VariantName": variant["VariantName"],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
            "DeployedImages": [
                {
                    "SpecifiedImage": container["Image"],
                    "ResolvedImage": container["Image"],
                    "ResolutionTime": self._records.now(),
                }
            ],
        }

    def _status(self, record: Record, status: str) -> str:
        record["EndpointStatus"] = status
        record["LastModifiedTime"] = self._records.now()
        return status


def _check_deployment(request: Record) -> None:
    """Only what happens is accepted: all at once, without alarms or waits."""
    config = request.get("DeploymentConfig", {})
    policy = config.get("BlueGreenUpdatePolicy", {})
    routing = policy.get("TrafficRoutingConfiguration", {})
    waits = routing.get("WaitIntervalInSeconds", 0) or policy.get("TerminationWaitInSeconds", 0)
    if (
        "RollingUpdatePolicy" in config
        or routing.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE"
        or waits
        or config.get("AutoRollbackConfiguration")
    ):
        raise invalid(
            "DeploymentConfig: the local cloud updates endpoints all at once, without waits or rollback "
            "alarms: use BlueGreenUpdatePolicy with TrafficRoutingConfiguration Type ALL_AT_ONCE."
        )


def _in_turn(turn: threading.Lock, function: Callable[[str], None], name: str) -> None:
    """Do one thing at a time to an endpoint."""
    with turn:
        try:
            function(name)
        except Exception:
            _log.exception("endpoint %s", name)
            raise
