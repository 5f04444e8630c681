"""CloudFormation of the local cloud: stacks of resources, each made by the handler of its type."""

from stepfunctions.local.cloudformation.service import CloudFormation, create

__all__ = ["CloudFormation", "create"]
