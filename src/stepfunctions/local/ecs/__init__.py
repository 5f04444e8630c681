"""ECS on this machine: tasks whose containers are processes."""

from stepfunctions.local.ecs.service import create

__all__ = ["create"]
