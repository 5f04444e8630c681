"""Models and endpoint configurations: what an endpoint is made of.

API: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.errors import LocalCloudError
from stepfunctions.local import images
from stepfunctions.local.sagemaker.places import Missing, Places
from stepfunctions.local.sagemaker.records import HIDDEN, Record, Records, invalid, shown, unsupported
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.sagemaker.registry import Registry

MODEL, CONFIG = "model", "endpoint-config"
SERVED = f"{HIDDEN}served"
"""The member that keeps the container of a model package."""


class Models:
    """The operations on models and endpoint configurations."""

    def __init__(self, cloud: Cloud, records: Records, registry: Registry) -> None:
        self._cloud = cloud
        self._records = records
        self._registry = registry
        self._places = Places(cloud)

    def create_model(self, request: Record, call: Call) -> Record:
        """CreateModel."""
        arn = self._records.arn(MODEL, request["ModelName"])
        if call.token is None or self._records.token(MODEL, request["ModelName"]) != call.token:
            self._check_model(request)
        record = {member: value for member, value in request.items() if member != "Tags"}
        if len(record.get("Containers", [])) == 1 and "PrimaryContainer" not in record:
            record["PrimaryContainer"] = record.pop("Containers")[0]
        given = {"Mode": "SingleModel", "Environment": {}, **record["PrimaryContainer"]}
        package = given.get("ModelPackageName")
        record["PrimaryContainer"] = given
        if package is not None:  # as it is now: a model does not change when its package does
            found = self._registry.container_of(package)
            record[SERVED] = {**given, **found, "Environment": {**found.get("Environment", {}), **given["Environment"]}}
        record.update(
            ModelArn=arn,
            CreationTime=self._records.now(),
            EnableNetworkIsolation=request.get("EnableNetworkIsolation", False),
        )
        self._records.create(
            MODEL,
            request["ModelName"],
            record,
            call.token,
            tags=request.get("Tags"),
            taken=lambda: invalid(f'Cannot create already existing model "{arn}".'),
        )
        return {"ModelArn": arn}

    def describe_model(self, request: Record) -> Record:
        """DescribeModel."""
        return shown(self.model(request["ModelName"]))

    def served(self, name: str) -> Record:
        """Return a model with the container that serves it: its own, or its package's."""
        record = self.model(name)
        return {**record, "PrimaryContainer": record.get(SERVED, record["PrimaryContainer"])}

    def model(self, name: str) -> Record:
        """Return a model's record; refuse an unknown name."""
        record = self._records.get(MODEL, name)
        if record is None:
            raise invalid(f'Could not find model "{self._records.arn(MODEL, name)}".')
        return record

    def list_models(self, request: Record) -> Record:
        """ListModels."""
        return self._list(MODEL, request, "Models", ("ModelName", "ModelArn", "CreationTime"))

    def delete_model(self, request: Record) -> Record:
        """DeleteModel: endpoints that serve it go on."""
        self.model(request["ModelName"])
        self._records.delete(MODEL, request["ModelName"])
        return {}

    def create_endpoint_config(self, request: Record, call: Call) -> Record:
        """CreateEndpointConfig."""
        name = request["EndpointConfigName"]
        arn = self._records.arn(CONFIG, name)
        if call.token is None or self._records.token(CONFIG, name) != call.token:
            self._check_config(request)
        variants = [{"InitialVariantWeight": 1.0, **variant} for variant in request["ProductionVariants"]]
        record = {
            **{member: value for member, value in request.items() if member != "Tags"},
            "ProductionVariants": variants,
            "EndpointConfigArn": arn,
            "CreationTime": self._records.now(),
            "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        }
        self._records.create(
            CONFIG,
            name,
            record,
            call.token,
            tags=request.get("Tags"),
            taken=lambda: invalid(f'Cannot create already existing endpoint configuration "{arn}".'),
        )
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, request: Record) -> Record:
        """DescribeEndpointConfig."""
        return self.config(request["EndpointConfigName"])

    def config(self, name: str) -> Record:
        """Return an endpoint configuration's record; refuse an unknown name."""
        record = self._records.get(CONFIG, name)
        if record is None:
            raise invalid(f'Could not find endpoint configuration "{self._records.arn(CONFIG, name)}".')
        return record

    def list_endpoint_configs(self, request: Record) -> Record:
        """ListEndpointConfigs."""
        return self._list(
            CONFIG, request, "EndpointConfigs", ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
        )

    def delete_endpoint_config(self, request: Record) -> Record:
        """DeleteEndpointConfig; refused while an endpoint uses it."""
        name = request["EndpointConfigName"]
        self.config(name)
        for endpoint in self._records.all("endpoint"):
            pending = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
            if name in (endpoint["EndpointConfigName"], pending):
                raise invalid(
                    f'Cannot delete the endpoint configuration "{name}": the endpoint '
                    f'"{endpoint["EndpointName"]}" uses it.'
                )
        self._records.delete(CONFIG, name)
        return {}

    def _list(self, kind: str, request: Record, member: str, members: tuple[str, ...]) -> Record:
        page = self._records.page(kind, request)
        summaries = [{name: record[name] for name in members} for record in page.records]
        return {member: summaries, **({"NextToken": page.next_token} if page.next_token else {})}

    def _check_model(self, request: Record) -> None:
        unsupported(request, {"InferenceExecutionConfig": "a model has one container here"})
        containers = [
            *request.get("Containers", []),
            *([request["PrimaryContainer"]] if "PrimaryContainer" in request else []),
        ]
        if len(containers) != 1:
            raise invalid("The local cloud serves models of one container: give PrimaryContainer.")
        container = containers[0]
        unsupported(
            container,
            {
                "AdditionalModelDataSources": "",
                "ModelDataSource": "give ModelDataUrl",
            },
        )
        if "ModelPackageName" in container:
            self._registry.container_of(container["ModelPackageName"])
            return
        if "Image" not in container:
            raise invalid("PrimaryContainer.Image is required.")
        many = container.get("Mode") == "MultiModel"
        if many and not container.get("ModelDataUrl", "").endswith("/"):
            raise invalid("The ModelDataUrl of a MultiModel container is a prefix: it must end with '/'.")
        try:
            images.resolve(self._cloud.data_dir, container["Image"])
            if "ModelDataUrl" in container and not many:
                self._places.check_object(container["ModelDataUrl"])
        except LocalCloudError as error:
            raise invalid(str(error)) from error
        except Missing as error:
            raise invalid(f"Could not find model data at {container['ModelDataUrl']}: {error}") from error

    def _check_config(self, request: Record) -> None:
        unsupported(
            request,
            {
                "AsyncInferenceConfig": "endpoints answer at once here",
                "ShadowProductionVariants": "",
                "ExplainerConfig": "",
                "CrossRegionTrafficConfig": "",
            },
        )
        capture = request.get("DataCaptureConfig")
        if capture is not None:
            try:
                self._places.check_bucket(capture["DestinationS3Uri"])
            except Missing as error:
                raise invalid(f"DataCaptureConfig.DestinationS3Uri: {error}") from error
        names = [variant["VariantName"] for variant in request["ProductionVariants"]]
        if len(set(names)) != len(names):
            raise invalid(f"The names of production variants must be unique; they are: {', '.join(names)}.")
        for variant in request["ProductionVariants"]:
            if "ModelName" not in variant:
                raise invalid(f"ProductionVariant '{variant['VariantName']}': the local cloud needs a ModelName.")
            self.model(variant["ModelName"])
