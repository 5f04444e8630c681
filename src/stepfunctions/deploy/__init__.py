"""Infrastructure of a workflow: CloudFormation templates, IAM policies, assets and environments."""

from stepfunctions.deploy.parts import Deployment
from stepfunctions.deploy.stack import Stack

__all__ = ["Deployment", "Stack"]
