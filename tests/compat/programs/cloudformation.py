"""The CloudFormation template of a workflow, to the letter."""

from __future__ import annotations

import yaml
from compat_tools import Service, log

from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, Choice, ChoiceRule, LambdaStep, Map, Pass, Succeed
from stepfunctions.workflow import Workflow
from stepfunctions.workflow.cloudformation import CLOUDFORMATION_BASE_TEMPLATE, build_cloudformation_template

ROLE = "arn:aws:iam::123456789012:role/workflow"


def _workflow(definition=None, name="w", **fields):
    return Workflow(name, definition or Chain([Pass("a"), Succeed("b")]), ROLE, client=Service().client, **fields)


def text():
    return _workflow().get_cloudformation_template()


def with_a_description():
    return _workflow().get_cloudformation_template(description="what it is for: 'quotes' and #")


def of_a_function():
    return build_cloudformation_template(_workflow(name="other"), description="d")


def of_a_larger_workflow():
    choice = Choice("which?")
    choice.add_choice(ChoiceRule.StringEquals("$.x", 'a "quoted" ü'), Succeed("done"))
    choice.default_choice(LambdaStep("l", parameters={"FunctionName": "f", "Payload": {"x": ExecutionInput()["x"]}}))
    each = Map("each", max_concurrency=2)
    each.attach_iterator(Pass("one", comment="long " * 40))
    flow = _workflow(Chain([each, choice]), comment="c", timeout_seconds=60, version="1.0")
    return flow.get_cloudformation_template()


def read_back():
    return yaml.safe_load(_workflow().get_cloudformation_template())


def what_is_logged():
    with log() as seen:
        _workflow().get_cloudformation_template()
    return [entry[:2] for entry in seen]


def the_base():
    return [sorted(CLOUDFORMATION_BASE_TEMPLATE), list(CLOUDFORMATION_BASE_TEMPLATE["Resources"])]
