"""Tasks of the local cloud: service integrations, over the services here, in a moto child, or in AWS."""

from stepfunctions.local.tasks.life import CloudTasks

__all__ = ["CloudTasks"]
