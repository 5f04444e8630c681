"""SageMaker: one method an operation, handed to the part that knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from stepfunctions.local.sagemaker.endpoints import Endpoints
from stepfunctions.local.sagemaker.models import Models
from stepfunctions.local.sagemaker.monitoring import Schedules
from stepfunctions.local.sagemaker.processing import ProcessingJobs
from stepfunctions.local.sagemaker.records import Record, Records, invalid
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
        self.processing = ProcessingJobs(cloud, self._records)
        self.registry = Registry(cloud, self._records)
        self.models = Models(cloud, self._records, self.registry)
        self.endpoints = Endpoints(cloud, self._records, self.models)
        self.monitoring = Schedules(cloud, self._records)

    def start(self) -> None:
        """Resume training jobs, processing jobs and endpoints."""
        self.training.start()
        self.processing.start()
        self.endpoints.start()

    def stop(self) -> None:
        """Stop the model servers; jobs go on."""
        self.endpoints.stop()

    def on_end(self, key: str, callback: Callable[[], None]) -> None:
        """Call back when a job has ended: ``key`` is a training job's name or a processing job's ARN."""
        _, found, name = key.partition(":processing-job/")
        if found:
            self.processing.on_end(name, callback)
        else:
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

    def create_processing_job(self, request: Record, call: Call) -> Record:
        """CreateProcessingJob."""
        return self.processing.create(request, call)

    def describe_processing_job(self, request: Record, _: Call) -> Record:
        """DescribeProcessingJob."""
        return self.processing.describe(request)

    def list_processing_jobs(self, request: Record, _: Call) -> Record:
        """ListProcessingJobs."""
        return self.processing.list(request)

    def stop_processing_job(self, request: Record, _: Call) -> Record:
        """StopProcessingJob."""
        return self.processing.stop(request)

    def delete_processing_job(self, request: Record, _: Call) -> Record:
        """DeleteProcessingJob."""
        return self.processing.delete(request)

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

    def create_data_quality_job_definition(self, request: Record, call: Call) -> Record:
        """CreateDataQualityJobDefinition."""
        return self.monitoring.definitions["DataQuality"].create(request, call)

    def describe_data_quality_job_definition(self, request: Record, _: Call) -> Record:
        """DescribeDataQualityJobDefinition."""
        return self.monitoring.definitions["DataQuality"].describe(request)

    def list_data_quality_job_definitions(self, request: Record, _: Call) -> Record:
        """ListDataQualityJobDefinitions."""
        return self.monitoring.definitions["DataQuality"].list(request)

    def delete_data_quality_job_definition(self, request: Record, _: Call) -> Record:
        """DeleteDataQualityJobDefinition."""
        return self.monitoring.definitions["DataQuality"].delete(request)

    def create_model_quality_job_definition(self, request: Record, call: Call) -> Record:
        """CreateModelQualityJobDefinition."""
        return self.monitoring.definitions["ModelQuality"].create(request, call)

    def describe_model_quality_job_definition(self, request: Record, _: Call) -> Record:
        """DescribeModelQualityJobDefinition."""
        return self.monitoring.definitions["ModelQuality"].describe(request)

    def list_model_quality_job_definitions(self, request: Record, _: Call) -> Record:
        """ListModelQualityJobDefinitions."""
        return self.monitoring.definitions["ModelQuality"].list(request)

    def delete_model_quality_job_definition(self, request: Record, _: Call) -> Record:
        """DeleteModelQualityJobDefinition."""
        return self.monitoring.definitions["ModelQuality"].delete(request)

    def create_model_bias_job_definition(self, request: Record, call: Call) -> Record:
        """CreateModelBiasJobDefinition."""
        return self.monitoring.definitions["ModelBias"].create(request, call)

    def describe_model_bias_job_definition(self, request: Record, _: Call) -> Record:
        """DescribeModelBiasJobDefinition."""
        return self.monitoring.definitions["ModelBias"].describe(request)

    def list_model_bias_job_definitions(self, request: Record, _: Call) -> Record:
        """ListModelBiasJobDefinitions."""
        return self.monitoring.definitions["ModelBias"].list(request)

    def delete_model_bias_job_definition(self, request: Record, _: Call) -> Record:
        """DeleteModelBiasJobDefinition."""
        return self.monitoring.definitions["ModelBias"].delete(request)

    def create_model_explainability_job_definition(self, request: Record, call: Call) -> Record:
        """CreateModelExplainabilityJobDefinition."""
        return self.monitoring.definitions["ModelExplainability"].create(request, call)

    def describe_model_explainability_job_definition(self, request: Record, _: Call) -> Record:
        """DescribeModelExplainabilityJobDefinition."""
        return self.monitoring.definitions["ModelExplainability"].describe(request)

    def list_model_explainability_job_definitions(self, request: Record, _: Call) -> Record:
        """ListModelExplainabilityJobDefinitions."""
        return self.monitoring.definitions["ModelExplainability"].list(request)

    def delete_model_explainability_job_definition(self, request: Record, _: Call) -> Record:
        """DeleteModelExplainabilityJobDefinition."""
        return self.monitoring.definitions["ModelExplainability"].delete(request)

    def create_monitoring_schedule(self, request: Record, call: Call) -> Record:
        """CreateMonitoringSchedule."""
        return self.monitoring.create(request, call)

    def describe_monitoring_schedule(self, request: Record, _: Call) -> Record:
        """DescribeMonitoringSchedule."""
        return self.monitoring.describe(request)

    def list_monitoring_schedules(self, request: Record, _: Call) -> Record:
        """ListMonitoringSchedules."""
        return self.monitoring.list(request)

    def update_monitoring_schedule(self, request: Record, _: Call) -> Record:
        """UpdateMonitoringSchedule."""
        return self.monitoring.update(request)

    def start_monitoring_schedule(self, request: Record, _: Call) -> Record:
        """StartMonitoringSchedule."""
        return self.monitoring.switch(request, "Scheduled")

    def stop_monitoring_schedule(self, request: Record, _: Call) -> Record:
        """StopMonitoringSchedule."""
        return self.monitoring.switch(request, "Stopped")

    def delete_monitoring_schedule(self, request: Record, _: Call) -> Record:
        """DeleteMonitoringSchedule."""
        return self.monitoring.delete(request)

    def list_monitoring_executions(self, _request: Record, _: Call) -> Record:
        """ListMonitoringExecutions: there are none."""
        return {"MonitoringExecutionSummaries": []}

    def add_tags(self, request: Record, _: Call) -> Record:
        """AddTags."""
        arn = self._tagged(request)
        self._records.tag(arn, request["Tags"])
        return {"Tags": self._records.tags(arn)}

    def list_tags(self, request: Record, _: Call) -> Record:
        """ListTags."""
        return {"Tags": self._records.tags(self._tagged(request))}

    def delete_tags(self, request: Record, _: Call) -> Record:
        """DeleteTags."""
        self._records.untag(self._tagged(request), request["TagKeys"])
        return {}

    def _tagged(self, request: Record) -> str:
        """Return the ARN of a resource that is there."""
        arn: str = request["ResourceArn"]
        kind, _, name = arn.split(":", 5)[-1].partition("/")
        if arn != self._records.arn(kind, name) or self._records.get(kind, name) is None:
            raise invalid(f"Could not find resource {arn}.")
        return arn


def create(cloud: Cloud) -> SageMaker:
    """Make the service of a cloud."""
    return SageMaker(cloud)
