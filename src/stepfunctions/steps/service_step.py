"""The step of a service integration: one class for each action of the catalog derives from it.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from stepfunctions import asl
from stepfunctions.catalog.integrations import INTEGRATIONS
from stepfunctions.steps.flow import Task
from stepfunctions.steps.integration_resources import (
    IntegrationPattern,
    get_service_integration_arn,
    is_integration_pattern_valid,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


class ServiceStep(Task):
    """A Task that calls one action of a service integration of the catalog.

    ``integration_pattern`` says how the step waits; its default is to wait for the job's end where the action can
    (``.sync``), else for the response. ``parameters`` is the request of the service's API, its names in PascalCase.
    A ``resource`` given by the caller is not used: the class knows it.

    Raises TypeError when the pattern is no IntegrationPattern, ValueError when the action does not have it.
    """

    SERVICE: ClassVar[str]
    """The service's name in the resource ARN."""
    ACTION: ClassVar[str]
    """The action's name in the resource ARN."""
    REQUEST: ClassVar[bool] = True
    VERSION: ClassVar[int | None] = None
    """The version of ``.sync`` that the step asks for: 2 for ``.sync:2``."""

    def __init__(
        self, state_id: str, integration_pattern: IntegrationPattern | None = None, **fields: Unpack[ServiceFields]
    ) -> None:
        supported = self.patterns()
        pattern = supported[0] if integration_pattern is None else integration_pattern
        is_integration_pattern_valid(pattern, supported)
        version = self.VERSION if pattern is IntegrationPattern.WaitForCompletion else None
        fields["resource"] = get_service_integration_arn(self.SERVICE, self.ACTION, pattern, version)
        super().__init__(state_id, **fields)

    @classmethod
    def patterns(cls) -> list[IntegrationPattern]:
        """Return the integration patterns of this step's action, the default one first."""
        actions = INTEGRATIONS[cls.SERVICE].actions[cls.ACTION]
        order = (
            IntegrationPattern.WaitForCompletion,
            IntegrationPattern.CallAndContinue,
            IntegrationPattern.WaitForTaskToken,
        )
        return [pattern for pattern in order if asl.IntegrationPattern(pattern.value) in actions]


class JobStep(ServiceStep):
    """A step that runs a job: with ``wait_for_completion=False`` it only starts it.

    ``integration_pattern``, where given, decides instead.
    """

    def __init__(
        self,
        state_id: str,
        wait_for_completion: bool = True,
        integration_pattern: IntegrationPattern | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        super().__init__(state_id, integration_pattern or waiting(wait_for_completion), **fields)


class CallbackStep(ServiceStep):
    """A step that calls a service: with ``wait_for_callback=True`` it then waits for the answer to its task token.

    ``integration_pattern``, where given, decides instead.
    """

    def __init__(
        self,
        state_id: str,
        wait_for_callback: bool = False,
        integration_pattern: IntegrationPattern | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        super().__init__(state_id, integration_pattern or calling_back(wait_for_callback), **fields)


def waiting(wait_for_completion: bool) -> IntegrationPattern:
    """Return the pattern of a step that waits for its job's end, or only starts it."""
    return IntegrationPattern.WaitForCompletion if wait_for_completion else IntegrationPattern.CallAndContinue


def calling_back(wait_for_callback: bool) -> IntegrationPattern:
    """Return the pattern of a step that waits for the answer to its task token, or only for the response."""
    return IntegrationPattern.WaitForTaskToken if wait_for_callback else IntegrationPattern.CallAndContinue
