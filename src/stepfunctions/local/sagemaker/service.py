"""SageMaker: one method an operation, handed to the part that knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stepfunctions.local.sagemaker.endpoints import Endpoints
from stepfunctions.local.sagemaker.models import Models
from stepfunctions.local.sagemaker.records import Record, Records
from stepfunctions.local.sagemaker.registry import Registry
from stepfunctions.local.sagemaker.training import TrainingJobs
from stepfunctions.local.services import Call

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud


class SageMaker:
    """The service ``sagemaker``."""

    def __init__(self, cloud: Cloud) -> None:
        self._records = Records(cloud)
        self.training = TrainingJobs(cloud, self._records)
        self.registry = Registry(cloud, self._records)
        self.models = Models(cloud, self._records, self.registry)
        self.endpoints = Endpoints(cloud, self._records, self.models)

    def start(self) -> None:
        """Resume training jobs and endpoints."""
        self.training.start()
        self.endpoints.start()

    def stop(self) -> None:
        """Stop the model servers; training jobs go on."""
        self.endpoints.stop()

    def on_end(self, key: str, callback: Callable[[], None]) -> None:
        """Call back when the training job of this name has ended."""
        self.training.on_end(key, callback)

    def create_training_job(self, request: Record, call: Call) -> Record:
        """CreateTrainingJob."""
        return self.training.create(request, call)

    def describe_training_job(self, request: Record, _: Call) -> Record:
        """DescribeTrainingJob."""
        return self.training.describe(request)

    def list_training_jobs(self, request: Record, _: Call) -> Record:
        """ListTrainingJobs."""
        return self.training.list(request)

    def stop_training_job(self, request: Record, _: Call) -> Record:
        """StopTrainingJob."""
        return self.training.stop(request)

    def delete_training_job(self, request: Record, _: Call) -> Record:
        """DeleteTrainingJob."""
        return self.training.delete(request)

    def create_model(self, request: Record, call: Call) -> Record:
        """CreateModel."""
        return self.models.create_model(request, call)

    def describe_model(self, request: Record, _: Call) -> Record:
        """DescribeModel."""
        return self.models.describe_model(request)

    def list_models(self, request: Record, _: Call) -> Record:
        """ListModels."""
        return self.models.list_models(request)

    def delete_model(self, request: Record, _: Call) -> Record:
        """DeleteModel."""
        return self.models.delete_model(request)

    def create_endpoint_config(self, request: Record, call: Call) -> Record:
        """CreateEndpointConfig."""
        return self.models.create_endpoint_config(request, call)

    def describe_endpoint_config(self, request: Record, _: Call) -> Record:
        """DescribeEndpointConfig."""
        return self.models.describe_endpoint_config(request)

    def list_endpoint_configs(self, request: Record, _: Call) -> Record:
        """ListEndpointConfigs."""
        return self.models.list_endpoint_configs(request)

    def delete_endpoint_config(self, request: Record, _: Call) -> Record:
        """DeleteEndpointConfig."""
        return self.models.delete_endpoint_config(request)

    def create_endpoint(self, request: Record, call: Call) -> Record:
        """CreateEndpoint."""
        return self.endpoints.create(request, call)

    def update_endpoint(self, request: Record, call: Call) -> Record:
        """UpdateEndpoint."""
        return self.endpoints.update(request, call)

    def update_endpoint_weights_and_capacities(self, request: Record, _: Call) -> Record:
        """UpdateEndpointWeightsAndCapacities."""
        return self.endpoints.update_weights(request)

    def describe_endpoint(self, request: Record, _: Call) -> Record:
        """DescribeEndpoint."""
        return self.endpoints.describe(request)

    def list_endpoints(self, request: Record, _: Call) -> Record:
        """ListEndpoints."""
        return self.endpoints.list(request)

    def delete_endpoint(self, request: Record, _: Call) -> Record:
        """DeleteEndpoint."""
        return self.endpoints.delete(request)

    def create_model_package_group(self, request: Record, call: Call) -> Record:
        """CreateModelPackageGroup."""
        return self.registry.create_group(request, call)

    def describe_model_package_group(self, request: Record, _: Call) -> Record:
        """DescribeModelPackageGroup."""
        return self.registry.describe_group(request)

    def list_model_package_groups(self, request: Record, _: Call) -> Record:
        """ListModelPackageGroups."""
        return self.registry.list_groups(request)

    def delete_model_package_group(self, request: Record, _: Call) -> Record:
        """DeleteModelPackageGroup."""
        return self.registry.delete_group(request)

    def create_model_package(self, request: Record, call: Call) -> Record:
        """CreateModelPackage."""
        return self.registry.create(request, call)

    def describe_model_package(self, request: Record, _: Call) -> Record:
        """DescribeModelPackage."""
        return self.registry.describe(request)

    def list_model_packages(self, request: Record, _: Call) -> Record:
        """ListModelPackages."""
        return self.registry.list_packages(request)

    def update_model_package(self, request: Record, _: Call) -> Record:
        """UpdateModelPackage."""
        return self.registry.update(request)

    def delete_model_package(self, request: Record, _: Call) -> Record:
        """DeleteModelPackage."""
        return self.registry.delete(request)

    def add_tags(self, request: Record, _: Call) -> Record:
        """AddTags."""
        self._records.tag(request["ResourceArn"], request["Tags"])
        return {"Tags": self._records.tags(request["ResourceArn"])}

    def list_tags(self, request: Record, _: Call) -> Record:
        """ListTags."""
        return {"Tags": self._records.tags(request["ResourceArn"])}

    def delete_tags(self, request: Record, _: Call) -> Record:
        """DeleteTags."""
        self._records.untag(request["ResourceArn"], request["TagKeys"])
        return {}


def create(cloud: Cloud) -> SageMaker:
    """Make the service of a cloud."""
    return SageMaker(cloud)
