"""Resource types of Step Functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html
"""

from __future__ import annotations

import json
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.aliases import Alias
from stepfunctions.local.cloudformation.convert import text, wrong
from stepfunctions.local.cloudformation.handlers import Context, Properties
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import TagCalls

_FORMS = ("DefinitionString", "Definition", "DefinitionS3Location")


class _Machine(Resource):
    """A state machine; of the three forms of its definition the text is what is made and compared."""

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """See Handler. A definition that is as the template has it is shown in the template's form."""
        found = super().read(context, id, properties)
        if found is None:
            return None
        live = found.pop("DefinitionString", None)
        expected = _defined(context, properties)["DefinitionString"]
        form = next(name for name in _FORMS if name in properties)
        found[form] = properties[form] if live == expected else live
        if live == expected and "DefinitionSubstitutions" in properties:
            found["DefinitionSubstitutions"] = properties["DefinitionSubstitutions"]
        return found


def _defined(context: Context, properties: Properties) -> Properties:
    """Return the properties with the definition as text, whichever form it has."""
    forms = [name for name in _FORMS if name in properties]
    if len(forms) != 1:
        raise wrong(f"Exactly one of {', '.join(_FORMS)} must be given; there are {len(forms)}")
    given = {name: value for name, value in properties.items() if name not in (*_FORMS, "DefinitionSubstitutions")}
    values = properties.get("DefinitionSubstitutions", {})
    if not isinstance(values, dict):
        raise wrong("Value of property DefinitionSubstitutions must be an object")
    definition = properties[forms[0]]
    if forms[0] == "DefinitionS3Location":
        definition = _fetched(context, definition)
    if isinstance(definition, dict):
        definition = json.dumps(_substituted(definition, values), sort_keys=forms[0] == "Definition")
    elif isinstance(definition, str):
        definition = _as_json(_substituted(definition, values))
    else:
        raise wrong(f"Value of property {forms[0]} must be a definition")
    return given | {"DefinitionString": definition}


def _substituted(value: Any, values: Properties) -> Any:
    if isinstance(value, str):
        for name, one in values.items():
            value = value.replace(f"${{{name}}}", text(one))
        return value
    if isinstance(value, dict):
        return {_substituted(name, values): _substituted(one, values) for name, one in value.items()}
    return [_substituted(one, values) for one in value] if isinstance(value, list) else value


def _fetched(context: Context, place: Any) -> str:
    if not isinstance(place, dict) or not {"Bucket", "Key"} <= place.keys() <= {"Bucket", "Key", "Version"}:
        raise wrong("DefinitionS3Location has Bucket and Key, and may have Version")
    version = {"VersionId": place["Version"]} if "Version" in place else {}
    try:
        body = context.call("s3", "GetObject", Bucket=place["Bucket"], Key=place["Key"], **version)["Body"]
        return bytes(body if isinstance(body, bytes) else body.read()).decode()
    except ServiceError as error:
        raise wrong(f"The definition s3://{place['Bucket']}/{place['Key']} cannot be read: {error.message}") from None
    except UnicodeDecodeError:
        raise wrong(f"The definition s3://{place['Bucket']}/{place['Key']} is no text in UTF-8") from None


def _as_json(definition: str) -> str:
    """Return a definition as JSON: text that is YAML is rewritten, all other stays as it is."""
    if definition.lstrip().startswith("{"):
        return definition
    import yaml

    try:
        read = yaml.safe_load(definition)
    except (yaml.YAMLError, RecursionError):
        return definition  # Step Functions says what is wrong with it
    return json.dumps(read) if isinstance(read, dict) else definition


_MACHINE_ARN = "arn:{partition}:states:{region}:{account}:stateMachine:{StateMachineName}"

HANDLERS = [
    _Machine(
        type="AWS::StepFunctions::StateMachine",
        service="stepfunctions",
        fields="Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration"
        " LoggingConfiguration RoleArn* StateMachineName! StateMachineType! Tags TracingConfiguration",
        renames={"DefinitionString": "definition", "StateMachineName": "name", "StateMachineType": "type"},
        prepared=_defined,
        create_call="CreateStateMachine",
        update_call="UpdateStateMachine",
        describe_call="DescribeStateMachine",
        delete_call="DeleteStateMachine",
        name=("StateMachineName", 80),
        ref=_MACHINE_ARN,
        key={"stateMachineArn": "{id}"},
        assumed={"revisionId": "INITIAL"},
        attributes={"Arn": "{id}", "Name": "{name}", "StateMachineRevisionId": "{revisionId}"},
        defaults={"LoggingConfiguration": {"Level": "OFF"}, "TracingConfiguration": {"Enabled": False}},
        tags=TagCalls(),
    ),
    Resource(
        type="AWS::StepFunctions::StateMachineVersion",
        service="stepfunctions",
        fields="Description! StateMachineArn*! StateMachineRevisionId!",
        renames={"StateMachineRevisionId": "revisionId"},
        create_call="PublishStateMachineVersion",
        describe_call="DescribeStateMachine",
        delete_call="DeleteStateMachineVersion",
        ref="{stateMachineVersionArn}",
        key={"stateMachineVersionArn": "{id}", "stateMachineArn": "{id}"},
        attributes={"Arn": "{id}"},
        unread=frozenset({"StateMachineArn", "StateMachineRevisionId"}),
    ),
    Alias(),
    Resource(
        type="AWS::StepFunctions::Activity",
        service="stepfunctions",
        fields="EncryptionConfiguration! Name*! Tags",
        create_call="CreateActivity",
        describe_call="DescribeActivity",
        delete_call="DeleteActivity",
        ref="arn:{partition}:states:{region}:{account}:activity:{Name}",
        key={"activityArn": "{id}"},
        attributes={"Arn": "{id}", "Name": "{name}"},
        tags=TagCalls(),
    ),
]
