"""A workflow as a CloudFormation stack: the state machine and everything around it, for any account and Region.

User guide: https://docs.aws.amazon.com/step-functions/latest/dg/development-options.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stepfunctions.deploy import machine
from stepfunctions.deploy.parameters import fill, placeholders_for
from stepfunctions.deploy.parts import ALIAS, MACHINE, NAME, ROLE, TAKEN, Context, Options, Parts, WorkflowLike, joined
from stepfunctions.deploy.placeholders import Placeholders
from stepfunctions.deploy.policy import policy_of
from stepfunctions.deploy.resources import resources_of
from stepfunctions.deploy.role import execution_role
from stepfunctions.deploy.text import to_json, to_yaml
from stepfunctions.deploy.triggers import triggers_of
from stepfunctions.deploy.watch import watch_of
from stepfunctions.steps.code.declared import declared_by

LONGEST_DESCRIPTION = 1024
"""Bytes of a template's description; a longer one, such as a workflow's comment, is cut."""


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A CloudFormation template with what its Parameters are in the workflow's own account.

    ``name``: of the stack. ``definition`` and ``type``: of the state machine, with the values of the own account.
    ``template``: a dict in its order. ``parameters``: the values of Parameters that have no
    default, and of those for files; lists with commas. ``assets``: the files that must be in the bucket first.
    """

    name: str
    definition: dict[str, Any]
    type: str = "STANDARD"
    template: dict[str, Any]
    parameters: Mapping[str, str]
    assets: tuple[Any, ...] = ()

    def to_yaml(self) -> str:
        """Return the template as YAML, with CloudFormation's short forms."""
        return to_yaml(self.template)

    def to_json(self) -> str:
        """Return the template as JSON."""
        return to_json(self.template)


def build_stack(workflow: WorkflowLike, options: Options) -> Stack:
    """Return the stack of a workflow; see ``Workflow.stack``."""
    definition = workflow.definition.to_dict()
    account = options.account or _account_of(workflow.role)
    requests = [one.request for one in declared_by(workflow.definition)]
    found = [definition, dict(workflow.settings), requests, [asdict(trigger) for trigger in options.triggers]]
    placeholders = placeholders_for(found, account=account, region=options.region, taken=TAKEN)
    filled, files = machine.definition(workflow.name, fill(definition, placeholders), placeholders)
    settings = placeholders.value(workflow.settings)
    logs, logging = machine.log_group(options, settings)
    role = _role(workflow, definition, logging.get("Level", "OFF") != "OFF", placeholders)
    own = machine.state_machine(workflow, options, {"Fn::GetAtt": [ROLE, "Arn"]}, filled, settings, logging)
    version = machine.version_and_alias(options)
    target = {"Ref": MACHINE if options.alias is None else ALIAS}
    context = Context(options=options, target=target, machine_arn={"Ref": MACHINE}, value=placeholders.value)
    declared = resources_of(workflow, context)
    differing = Parts(parameters=placeholders.parameters, mappings=placeholders.mappings, values=placeholders.given)
    parts = joined([differing, files, role, logs, own, version, declared, triggers_of(context), watch_of(context)])
    return Stack(
        name=options.name,
        definition=definition,
        type=workflow.type,
        template=_template(options, parts),
        parameters=dict(parts.values),
        assets=parts.assets,
    )


def _role(workflow: WorkflowLike, definition: Mapping[str, Any], logged: bool, placeholders: Placeholders) -> Parts:
    """Return the execution role: what the definition needs, and the log group, X-Ray and the key."""
    settings = workflow.settings
    policy = policy_of(
        definition,
        name=f"${{{NAME}}}",
        logging=logged,
        tracing=settings.get("tracingConfiguration", {}).get("enabled", False),
        kms_key=_key_arn(settings.get("encryptionConfiguration", {}).get("kmsKeyId")),
    )
    return execution_role(placeholders.value(policy.document()), placeholders.value(policy.trust()))


def _key_arn(key: str | None) -> str | None:
    """Return the ARN of a key that is given by ARN, id or alias; policies name no key by its alias."""
    if key is None or (key.startswith("arn:") and ":alias/" not in key):
        return key
    name = "*" if "alias/" in key else key
    return f"arn:${{AWS::Partition}}:kms:${{AWS::Region}}:${{AWS::AccountId}}:key/{name}"


def _account_of(arn: str | None) -> str | None:
    found = re.match(r"arn:[^:]*:iam::(\d{12}):", arn or "")
    return found[1] if found else None


def _template(options: Options, parts: Parts) -> dict[str, Any]:
    members = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": (options.description or "").encode()[:LONGEST_DESCRIPTION].decode(errors="ignore"),
        "Parameters": parts.parameters,
        "Mappings": parts.mappings,
        "Resources": parts.resources,
        "Outputs": parts.outputs,
    }
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in members.items() if value}
