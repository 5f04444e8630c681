"""Tasks of the local cloud: service integrations, over the services here, in a moto child, or in AWS."""

from stepfunctions.local.tasks.cloud_tasks import CloudTasks

__all__ = ["CloudTasks"]
