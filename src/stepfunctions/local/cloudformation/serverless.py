"""The transform AWS::Serverless, by its published translator (aws-sam-translator).

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-serverless.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.texts import invalid


def managed_policies() -> dict[str, str]:
    """Return the ARNs of the managed policies that templates name without one."""
    of_services = ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSLambdaRole")
    others = ("AmazonS3ReadOnlyAccess", "AWSXrayWriteOnlyAccess", "CloudWatchFullAccess")
    return {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in of_services} | {
        name: f"arn:aws:iam::aws:policy/{name}" for name in others
    }


def transformed(body: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template without AWS::Serverless resources. Raises ServiceError, with the translator's words."""
    try:
        from samtranslator.model.exceptions import InvalidDocumentException
        from samtranslator.parser.parser import Parser
        from samtranslator.translator.translator import Translator
    except ImportError:
        raise ServiceError(
            "ValidationError",
            "Transform AWS::Serverless-2016-10-31 needs the package aws-sam-translator: "
            "install stepfunctions-sdk[local]",
        ) from None
    import boto3

    session = boto3.Session(region_name=str(values["AWS::Region"]))
    translator = Translator(None, Parser(), boto_session=session)
    try:
        made: dict[str, Any] = translator.translate(
            copy.deepcopy(body), parameter_values=dict(values), get_managed_policy_map=managed_policies
        )
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise invalid(f"Transform AWS::Serverless-2016-10-31 failed with: {error.message} {causes}") from None
    made.pop("Transform", None)
    return made
