"""The state machine of a stack, with its role, log group, version and alias, as members of a template.

Resources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stepfunctions.deploy.assets import AssetFile
from stepfunctions.deploy.parts import (
    ALIAS,
    ALL_AT_ONCE,
    ASSET_BUCKET,
    DEFINITION_KEY,
    FAILED_ALARM,
    LOG_GROUP,
    MACHINE,
    NAME,
    VERSION,
    Options,
    Parts,
    WorkflowLike,
)
from stepfunctions.deploy.placeholders import Placeholders, camel
from stepfunctions.deploy.text import compact
from stepfunctions.steps.utils import tags_dict_to_kv_list

LARGEST_INLINE = 40_000
"""Bytes of a definition in a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""

_RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_LOG_PREFIX = "/aws/vendedlogs/states/"
"""Log groups of this prefix keep clear of the limit on the size of CloudWatch Logs' resource policy."""


def log_group(options: Options, settings: Mapping[str, Any]) -> tuple[Parts, dict[str, Any]]:
    """Return the log group and the machine's LoggingConfiguration.

    A workflow that says nothing of logging gets the level ERROR, without the data of executions.
    """
    wanted = settings.get("loggingConfiguration", {"level": "ERROR", "includeExecutionData": False})
    configuration = capitalised(wanted)
    if configuration.get("Level", "OFF") == "OFF" or configuration.get("Destinations"):
        return Parts(), configuration
    configuration["Destinations"] = [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [LOG_GROUP, "Arn"]}}}]
    group = {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": {"Fn::Sub": f"{_LOG_PREFIX}${{AWS::StackName}}"},
            "RetentionInDays": options.log_retention_days,
        },
    }
    return Parts(resources={LOG_GROUP: group}), configuration


def state_machine(
    workflow: WorkflowLike,
    options: Options,
    role: Any,
    definition: Mapping[str, Any],
    settings: Mapping[str, Any],
    logging: Mapping[str, Any],
) -> Parts:
    """Return the state machine.

    ``definition``: the properties that hold the definition and what it is filled with. ``settings``: tracing and
    encryption by the API's names, with values of the template.
    """
    properties: dict[str, Any] = {
        "StateMachineName": {"Ref": NAME},
        "StateMachineType": workflow.type,
        "RoleArn": role,
        **definition,
        "LoggingConfiguration": dict(logging),
        "TracingConfiguration": capitalised(settings.get("tracingConfiguration", {"enabled": False})),
    }
    if "encryptionConfiguration" in settings:
        properties["EncryptionConfiguration"] = capitalised(settings["encryptionConfiguration"])
    if options.tags:
        properties["Tags"] = tags_dict_to_kv_list(options.tags)
    name = {
        "Type": "String",
        "Default": workflow.name,
        "Description": "Name of the state machine. Another name makes another state machine, without the old history.",
    }
    return Parts(
        parameters={NAME: name},
        resources={MACHINE: {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}},
        outputs={"StateMachineArn": {"Description": "ARN of the state machine.", "Value": {"Ref": MACHINE}}},
    )


_MARK = re.compile(r"\$(?=\{([^}]*)\})")
"""Of what looks like a token; where CloudFormation must not take it for one, it is written as JSON's escape."""


def definition(name: str, filled: Mapping[str, Any], placeholders: Placeholders) -> tuple[dict[str, Any], Parts]:
    """Return the properties that hold a definition, and what of the template they need.

    A definition of more than 40,000 bytes is a file of its own: the template would not fit into the API's request.
    """
    substitutions = placeholders.used_in(filled)
    text = _MARK.sub(lambda found: "$" if found[1] in substitutions else r"\u0024", compact(filled))
    names = {"DefinitionSubstitutions": substitutions} if substitutions else {}
    if len(text.encode()) <= LARGEST_INLINE:
        return {"DefinitionString": text, **names}, Parts()
    asset = AssetFile(name=f"{camel(name)}.asl.json", build=text.encode, key_parameter=DEFINITION_KEY)
    place = {"Bucket": {"Ref": ASSET_BUCKET}, "Key": {"Ref": DEFINITION_KEY}}
    return {"DefinitionS3Location": place, **names}, asset_parts(asset, "the definition")


def asset_parts(asset: AssetFile, what: str) -> Parts:
    """Return the Parameters that say where a file is; ``what`` it is, for people."""
    parameters = {
        asset.bucket_parameter: {"Type": "String", "Description": "Name of the bucket that the files are in."},
        asset.key_parameter: {"Type": "String", "Description": f"Key of the file of {what}.", "Default": asset.key},
    }
    return Parts(parameters=parameters, assets=(asset,))


def version_and_alias(options: Options) -> Parts:
    """Return a version of what the machine is, kept when the next one comes, and the alias that moves to it."""
    if options.alias is None:
        return Parts()
    version = {
        "Type": "AWS::StepFunctions::StateMachineVersion",
        **_RETAINED,
        "Properties": {
            "StateMachineArn": {"Ref": MACHINE},
            "StateMachineRevisionId": {"Fn::GetAtt": [MACHINE, "StateMachineRevisionId"]},
        },
    }
    wanted = options.deployment
    preference: dict[str, Any] = {"StateMachineVersionArn": {"Ref": VERSION}, "Type": wanted.type}
    if wanted.type != ALL_AT_ONCE:
        preference |= {"Percentage": wanted.percentage, "Interval": wanted.interval}
    watched = options.alarms and wanted.type != ALL_AT_ONCE
    alarms: list[Any] = list(wanted.alarms) or ([{"Ref": FAILED_ALARM}] if watched else [])
    if alarms:
        preference["Alarms"] = alarms
    alias = {
        "Type": "AWS::StepFunctions::StateMachineAlias",
        "Properties": {"Name": options.alias, "DeploymentPreference": preference},
    }
    return Parts(
        resources={VERSION: version, ALIAS: alias},
        outputs={"AliasArn": {"Description": "Start executions of this ARN.", "Value": {"Ref": ALIAS}}},
    )


def capitalised(value: Any) -> Any:
    """Return the API's settings as the resource's: the same names, which begin with a capital there."""
    if isinstance(value, Mapping):
        return {key[0].upper() + key[1:]: capitalised(item) for key, item in value.items()}
    return [capitalised(item) for item in value] if isinstance(value, (list, tuple)) else value
