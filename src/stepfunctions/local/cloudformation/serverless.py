"""The transform AWS::Serverless, by its published translator (aws-sam-translator).

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-serverless.html
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.cloudformation.texts import invalid


class _ManagedPolicies:
    """AWS's managed policies by name: an ARN follows from the name."""

    def load(self) -> dict[str, str]:
        return {
            name: f"arn:aws:iam::aws:policy/service-role/{name}"
            for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaVPCAccessExecutionRole", "AWSLambdaRole")
        } | {name: f"arn:aws:iam::aws:policy/{name}" for name in ("AmazonS3ReadOnlyAccess", "AWSXrayWriteOnlyAccess")}


def transformed(body: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template without AWS::Serverless resources. Raises ServiceError, with the translator's words."""
    try:
        from samtranslator.translator.arn_generator import ArnGenerator
        from samtranslator.translator.transform import transform
    except ImportError:
        raise ServiceError(
            "ValidationError",
            "Transform AWS::Serverless-2016-10-31 needs the package aws-sam-translator: "
            "install stepfunctions-sdk[local]",
        ) from None
    from samtranslator.model.exceptions import InvalidDocumentException

    ArnGenerator.BOTO_SESSION_REGION_NAME = str(values["AWS::Region"])  # else it asks the user's configuration
    try:
        made: dict[str, Any] = transform(copy.deepcopy(body), dict(values), _ManagedPolicies())
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise invalid(f"Transform AWS::Serverless-2016-10-31 failed with: {error.message} {causes}") from None
    made.pop("Transform", None)
    return made
