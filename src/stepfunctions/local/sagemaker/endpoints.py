"""The operations on endpoints: created, updated behind a healthy new fleet, deleted.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.local.sagemaker.capture import Captures, described
from stepfunctions.local.sagemaker.fleet import Route
from stepfunctions.local.sagemaker.models import Models
from stepfunctions.local.sagemaker.records import Record, Records, invalid, shown
from stepfunctions.local.sagemaker.serving import KEPT, KIND, Serving
from stepfunctions.local.sagemaker.strategies import plan_of
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_PROPERTIES = {
    "DesiredInstanceCount": ("CurrentInstanceCount", "DesiredInstanceCount"),
    "DesiredWeight": ("CurrentWeight", "DesiredWeight"),
    "DataCaptureConfig": (),
}
"""What RetainAllVariantProperties keeps, by what ExcludeRetainedVariantProperties calls it."""


class Endpoints:
    """The operations on endpoints, and what serves them."""

    def __init__(self, cloud: Cloud, records: Records, models: Models) -> None:
        self._records = records
        self._models = models
        self._serving = Serving(cloud, records, models)
        self.captures = Captures(cloud)

    def start(self) -> None:
        """Bring back what a former server had in service, and go on with what it was doing."""
        self._serving.start()

    def stop(self) -> None:
        """Stop every server, and keep what was captured; the endpoints come back at the next start."""
        self._serving.stop()
        self.captures.flush()

    def route(self, name: str) -> Route | None:
        """Return where an endpoint's requests go now, None when nothing serves it."""
        return self._serving.route(name)

    # -- operations ------------------------------------------------------------------------------------------

    def create(self, request: Record, call: Call) -> Record:
        """CreateEndpoint."""
        name, arn = request["EndpointName"], self._records.arn(KIND, request["EndpointName"])
        if call.token is None or self._records.token(KIND, name) != call.token:
            config = self._models.config(request["EndpointConfigName"])
            plan_of(request.get("DeploymentConfig", {}), config["ProductionVariants"])
        now = self._records.now()
        record = {
            "EndpointName": name,
            "EndpointArn": arn,
            "EndpointConfigName": request["EndpointConfigName"],
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
            **({"LastDeploymentConfig": request["DeploymentConfig"]} if "DeploymentConfig" in request else {}),
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
            self._serving.deploy(name)
        return {"EndpointArn": arn}

    def update(self, request: Record, call: Call) -> Record:
        """UpdateEndpoint: blue/green or rolling, by the DeploymentConfig."""
        name, arn = request["EndpointName"], self._records.arn(KIND, request["EndpointName"])
        if call.token is not None and self._records.token(KIND, name) == call.token:
            return {"EndpointArn": arn}
        now = self.record(name)
        deployment = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = now.get("LastDeploymentConfig")
        self._check_update(now, request["EndpointConfigName"], deployment)

        def edit(record: Record) -> str:
            if record["EndpointStatus"] not in ("InService", "OutOfService"):
                raise invalid(
                    f'Cannot update in-progress endpoint "{arn}".'
                    if record["EndpointStatus"] != "Failed"
                    else f'Cannot update the failed endpoint "{arn}": delete it.'
                )
            record.pop("FailureReason", None)
            record.pop("LastDeploymentConfig", None)
            if deployment is not None:
                record["LastDeploymentConfig"] = deployment
            record[KEPT] = _kept(record, request)
            record["PendingDeploymentSummary"] = self._pending(record, request["EndpointConfigName"])
            return self._serving.status(record, "Updating")

        self._records.change(KIND, name, edit, token=call.token)
        self._serving.deploy(name)
        return {"EndpointArn": arn}

    def _check_update(self, record: Record, wanted: str, deployment: Record | None) -> None:
        variants = self._models.config(wanted)["ProductionVariants"]
        plan = plan_of(deployment or {}, variants)
        old = sorted(variant["VariantName"] for variant in record.get("ProductionVariants", ()))
        new = sorted(variant["VariantName"] for variant in variants)
        if deployment and old and old != new:
            raise invalid(
                f"With a DeploymentConfig the new endpoint configuration must have the variants of the old one: "
                f"{', '.join(old)}, not {', '.join(new)}."
            )
        missing = self._serving.missing_alarm(plan)
        if missing is not None:
            raise invalid(f"The alarm {missing} of AutoRollbackConfiguration does not exist.")

    def _pending(self, record: Record, wanted: str) -> Record:
        now = self._records.now()
        variants = self._serving.variants(wanted, record)
        for variant in variants:
            variant["VariantStatus"] = [{"Status": "Creating", "StartTime": now}]
        return {"EndpointConfigName": wanted, "StartTime": now, "ProductionVariants": variants}

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
                if "DesiredInstanceCount" in wanted and "CurrentServerlessConfig" in variant:
                    raise invalid(f"The variant {wanted['VariantName']} is serverless: it has no instances to count.")
                if "DesiredInstanceCount" in wanted:
                    variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]
            return self._serving.status(record, "InService")

        self.record(name)
        record = self._records.change(KIND, name, edit)
        route = self._serving.route(name)
        if record is not None and route is not None:
            weights = {one["VariantName"]: one["CurrentWeight"] for one in record["ProductionVariants"]}
            route.deployment.weights = weights
        return {"EndpointArn": self._records.arn(KIND, name)}

    def describe(self, request: Record) -> Record:
        """DescribeEndpoint."""
        record = shown(self.record(request["EndpointName"]))
        route = self._serving.route(record["EndpointName"])
        capture = None if route is None else route.deployment.capture
        return record if capture is None else {**record, "DataCaptureConfig": described(capture)}

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
            return self._serving.status(record, "Deleting")

        self.record(name)
        self._records.change(KIND, name, edit)
        self._serving.delete(name)
        return {}

    def record(self, name: str) -> Record:
        """Return an endpoint's record; refuse an unknown name."""
        record = self._records.get(KIND, name)
        if record is None:
            raise invalid(f'Could not find endpoint "{self._records.arn(KIND, name)}".')
        return record


def _kept(record: Record, request: Record) -> list[Record]:
    """Return what an update keeps of an endpoint's variants, whatever the new configuration says."""
    if not request.get("RetainAllVariantProperties"):
        return []
    excluded = {one["VariantPropertyType"] for one in request.get("ExcludeRetainedVariantProperties", ())}
    members = [member for kind, names in _PROPERTIES.items() if kind not in excluded for member in names]
    return [
        {"VariantName": variant["VariantName"], **{member: variant[member] for member in members if member in variant}}
        for variant in record.get("ProductionVariants", ())
    ]
