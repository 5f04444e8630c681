"""A workflow as a CloudFormation template.

Resource: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
"""

from __future__ import annotations

import copy
import json
import logging
from typing import TYPE_CHECKING, Any

from stepfunctions.steps.utils import tags_dict_to_kv_list
from stepfunctions.workflow.settings import read_tags

if TYPE_CHECKING:
    from stepfunctions.workflow.workflow import Workflow

logger = logging.getLogger("stepfunctions")

DEFAULT_DESCRIPTION = "CloudFormation template for AWS Step Functions - State Machine"

CLOUDFORMATION_BASE_TEMPLATE: dict[str, Any] = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": None,
    "Resources": {
        "StateMachineComponent": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": None, "DefinitionString": None, "RoleArn": None},
        }
    },
}
"""What every template begins as. It is copied, never filled in."""


def build_cloudformation_template(workflow: Workflow, description: str | None = None) -> str:
    """Return the YAML of a template with one resource, ``StateMachineComponent``: the workflow's state machine.

    ``description``: by default, and when it is empty, one that says what the template is. Type, tags, logging, tracing
    and encryption are in it as far as the workflow says them. ARNs stay as they are written, which is logged as a
    warning: a template for another Region or account needs others.
    """
    from stepfunctions.deploy.machine import capitalised

    logger.warning(
        "The template of the workflow %s holds the ARNs of its definition as they are: change those of another Region "
        "or account before you deploy it there.",
        workflow.name,
    )
    template = copy.deepcopy(CLOUDFORMATION_BASE_TEMPLATE)
    template["Description"] = description or DEFAULT_DESCRIPTION
    properties = template["Resources"]["StateMachineComponent"]["Properties"]
    properties["StateMachineName"] = workflow.name
    properties["DefinitionString"] = json.dumps(workflow.definition.to_dict(), indent=2)
    properties["RoleArn"] = workflow.role
    if workflow.type != "STANDARD":
        properties["StateMachineType"] = workflow.type
    tags = read_tags(workflow.tags)
    if tags:
        properties["Tags"] = tags_dict_to_kv_list(tags)
    properties.update(capitalised(workflow.settings))
    return _yaml(template)


def repr_str(dumper: Any, data: str) -> Any:
    """Represent a text of several lines as a literal block: PyYAML's hook for ``str``."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


def _yaml(template: dict[str, Any]) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """A dumper of our own, so that the program's other YAML looks as before."""

    Dumper.add_representer(str, repr_str)
    return str(yaml.dump(template, Dumper=Dumper, sort_keys=False))
