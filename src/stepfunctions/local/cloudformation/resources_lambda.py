"""Resource types of Lambda.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.convert import wrong
from stepfunctions.local.cloudformation.handlers import Context, Handler, Properties, is_missing
from stepfunctions.local.cloudformation.resource import Resource
from stepfunctions.local.cloudformation.resource_parts import Setting, TagCalls

_EPOCH = (1980, 1, 1, 0, 0, 0)


def _zipped(context: Context, properties: Properties) -> Properties:  # noqa: ARG001
    """Return the properties with inline code as a zip; the file is called ``index``, as CloudFormation has it."""
    code = properties.get("Code")
    if not isinstance(code, dict):
        raise wrong("Value of property Code must be an object")
    if not isinstance(code.get("ZipFile"), str):
        return properties
    name = "index.js" if str(properties.get("Runtime", "")).startswith("nodejs") else "index.py"
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.external_attr = 0o644 << 16
        packed.writestr(entry, code["ZipFile"])
    return properties | {"Code": {**code, "ZipFile": held.getvalue()}}


def _identified(context: Context, properties: Properties) -> Properties:
    return properties | {"StatementId": context.generated_name(100)}


def _same(value: Any) -> Properties:
    return dict(value)


class _Permission(Resource):
    """A statement of a function's policy; nothing of it but its being there is compared."""

    def read(self, context: Context, id: str, properties: Properties) -> Properties | None:
        """See Handler."""
        try:
            policy = json.loads(context.call("lambda", "GetPolicy", FunctionName=properties["FunctionName"])["Policy"])
        except ServiceError as error:
            if is_missing(error):
                return None
            raise
        found = next((one for one in policy["Statement"] if one["Sid"] == id), None)
        return None if found is None else {"Action": found["Action"]}


HANDLERS: list[Handler] = [
    Resource(
        type="AWS::Lambda::Function",
        service="lambda",
        fields="Architectures Code* DeadLetterConfig Description Environment EphemeralStorage FunctionName! Handler"
        " KmsKeyArn Layers LoggingConfig MemorySize PackageType! Role* Runtime Tags Timeout TracingConfig VpcConfig",
        prepared=_zipped,
        create_call="CreateFunction",
        update_call="UpdateFunctionConfiguration",
        describe_call="GetFunction",
        inside="Configuration",
        delete_call="DeleteFunction",
        name=("FunctionName", 64),
        ref="{FunctionName}",
        key={"FunctionName": "{FunctionName}"},
        attributes={"Arn": "{FunctionArn}"},
        defaults={"Timeout": 3, "MemorySize": 128, "Description": "", "Environment": {"Variables": {}}},
        settings=(Setting("Code", "UpdateFunctionCode", members=_same, created=True),),
        tags=TagCalls("Resource", "{FunctionArn}"),
    ),
    _Permission(
        type="AWS::Lambda::Permission",
        service="lambda",
        fields="Action*! EventSourceToken! FunctionName*! PrincipalOrgID! Principal*! SourceAccount! SourceArn!",
        create_call="AddPermission",
        delete_call="RemovePermission",
        prepared=_identified,
        ref="{StatementId}",
        key={"FunctionName": "{FunctionName}", "StatementId": "{id}"},
        attributes={"Id": "{id}"},
    ),
]
