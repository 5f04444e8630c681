"""The ARNs of service integrations.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from stepfunctions.steps.utils import get_aws_partition


class IntegrationPattern(Enum):
    """How a task waits for the service it calls."""

    WaitForTaskToken = "waitForTaskToken"
    WaitForCompletion = "sync"
    CallAndContinue = ""


def get_service_integration_arn(
    service: str,
    api: Any,
    integration_pattern: IntegrationPattern = IntegrationPattern.CallAndContinue,
    version: int | None = None,
) -> str:
    """Return the ARN of a service integration, in the partition of the current Region.

    ``api`` is a name such as ``createTrainingJob``, or an Enum member with that value; ``version`` is 2 for
    ``.sync:2``.
    """
    action = api.value if isinstance(api, Enum) else api
    arn = f"arn:{get_aws_partition()}:states:::{service}:{action}"
    if integration_pattern is not IntegrationPattern.CallAndContinue:
        arn += f".{integration_pattern.value}"
    return f"{arn}:{version}" if version else arn


def is_integration_pattern_valid(
    integration_pattern: IntegrationPattern, supported_integration_patterns: list[IntegrationPattern]
) -> None:
    """Raise TypeError when the argument is no IntegrationPattern, ValueError when it is not supported."""
    if not isinstance(integration_pattern, IntegrationPattern):
        raise TypeError(
            f"Integration pattern must be of the type IntegrationPattern, not {type(integration_pattern).__name__}."
        )
    if integration_pattern not in supported_integration_patterns:
        names = ", ".join(pattern.name for pattern in supported_integration_patterns)
        raise ValueError(f"Integration pattern {integration_pattern.name} is not supported here. Use one of: {names}.")
