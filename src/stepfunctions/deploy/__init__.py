"""Infrastructure of a workflow: CloudFormation templates, IAM policies, assets and environments."""

from stepfunctions.deploy.additions import including
from stepfunctions.deploy.assets import AssetFile
from stepfunctions.deploy.event_triggers import OnEvent, OnObjectCreated
from stepfunctions.deploy.parts import Deployment
from stepfunctions.deploy.stack import Stack
from stepfunctions.deploy.triggers import Schedule

__all__ = ["AssetFile", "Deployment", "OnEvent", "OnObjectCreated", "Schedule", "Stack", "including"]
