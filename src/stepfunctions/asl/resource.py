"""What the ``Resource`` of a Task names.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Literal


class IntegrationPattern(enum.Enum):
    """How a Task waits for the service it calls; the value is the suffix of its resource ARN."""

    REQUEST_RESPONSE = ""
    RUN_JOB = "sync"
    WAIT_FOR_TASK_TOKEN = "waitForTaskToken"


_SERVICE = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):states:(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<sdk>aws-sdk:)?(?P<service>[a-z0-9-]+):(?P<action>[A-Za-z0-9]+)"
    r"(\.(?P<pattern>sync|waitForTaskToken))?(:(?P<version>\d+))?"
)
_LAMBDA = re.compile(r"arn:aws[a-zA-Z-]*:lambda:[^:]*:[^:]*:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?")
_ACTIVITY = re.compile(r"arn:aws[a-zA-Z-]*:states:[^:]*:[^:]*:activity:[^:\s]+")


@dataclass(frozen=True, slots=True)
class Resource:
    """A Task's resource, taken apart. ``service`` and ``action`` are empty for a function or an activity.

    ``sdk`` is true for ``aws-sdk:`` integrations; ``version`` is 2 for ``.sync:2``.
    """

    arn: str
    kind: Literal["service", "lambda", "activity"]
    service: str = ""
    action: str = ""
    pattern: IntegrationPattern = IntegrationPattern.REQUEST_RESPONSE
    version: int | None = None
    sdk: bool = False

    @classmethod
    def parse(cls, arn: str) -> Resource:
        """Take a resource ARN apart. Raises ValueError, saying what forms there are, for anything else."""
        if _LAMBDA.fullmatch(arn):
            return cls(arn, "lambda", "lambda", "invoke")
        if _ACTIVITY.fullmatch(arn):
            return cls(arn, "activity", pattern=IntegrationPattern.WAIT_FOR_TASK_TOKEN)
        match = _SERVICE.fullmatch(arn)
        if match is None:
            raise ValueError(
                f"'{arn}' is not the ARN of a service integration (arn:aws:states:::<service>:<action>"
                "[.sync|.waitForTaskToken]), a Lambda function or an activity"
            )
        return cls(
            arn,
            "service",
            match["service"],
            match["action"],
            IntegrationPattern(match["pattern"] or ""),
            int(match["version"]) if match["version"] else None,
            match["sdk"] is not None,
        )


def is_activity(arn: str) -> bool:
    """Tell whether an ARN is an activity's."""
    return _ACTIVITY.fullmatch(arn) is not None
