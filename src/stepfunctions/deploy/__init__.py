"""Infrastructure of a workflow: CloudFormation templates, IAM policies, assets and environments."""

from stepfunctions.deploy.parts import Deployment
from stepfunctions.deploy.stack import Stack
from stepfunctions.deploy.triggers import OnEvent, OnObjectCreated, Schedule

__all__ = ["Deployment", "OnEvent", "OnObjectCreated", "Schedule", "Stack"]
