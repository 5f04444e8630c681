"""The step of a service integration: one class for each action of the catalog derives from it.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions import asl
from stepfunctions.asl.fields import JSONATA
from stepfunctions.catalog.integrations import INTEGRATIONS, operation_of
from stepfunctions.catalog.members import misspelt_member
from stepfunctions.catalog.requests import problems_with_request
from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.steps.base import logger
from stepfunctions.steps.integration_resources import (
    IntegrationPattern,
    get_service_integration_arn,
    is_integration_pattern_valid,
)
from stepfunctions.steps.rendering import NULL, is_dynamic
from stepfunctions.steps.services.task_tokens import missing_token
from stepfunctions.steps.state_types import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields


class ServiceStep(Task):
    """A Task that calls one action of a service integration of the catalog.

    ``integration_pattern`` says how the step waits; its default is to wait for the job's end where the action can
    (``.sync``), else for the response. ``parameters`` is the request of the service's API, its names in PascalCase.
    A ``resource`` given by the caller is not used: the class knows it.

    Raises TypeError when the pattern is no IntegrationPattern, ValueError when the action does not have it, and for a
    parameter that looks like one of the API's misspelt.
    """

    SERVICE: ClassVar[str]
    """The service's name in the resource ARN."""
    ACTION: ClassVar[str]
    """The action's name in the resource ARN."""
    REQUEST: ClassVar[bool] = True
    VERSION: ClassVar[int | None] = None
    """The version of ``.sync`` that the step asks for: 2 for ``.sync:2``."""
    TOKEN_REQUIRED: ClassVar[bool] = True
    """Whether a step that waits for an answer must hand out its task token; else its lack is logged as a warning."""

    def __init__(
        self, state_id: str, integration_pattern: IntegrationPattern | None = None, **fields: Unpack[ServiceFields]
    ) -> None:
        supported = self.patterns()
        pattern = supported[0] if integration_pattern is None else integration_pattern
        is_integration_pattern_valid(pattern, supported)
        version = self.VERSION if pattern is IntegrationPattern.WaitForCompletion else None
        fields["resource"] = get_service_integration_arn(self.SERVICE, self.ACTION, pattern, version)
        super().__init__(state_id, **fields)
        self._check_members(given_request(fields))
        if pattern is IntegrationPattern.WaitForTaskToken:
            self._check_hands_out_token(given_request(fields))

    def _check_members(self, request: Any) -> None:
        misspelt = misspelt_member(self.SERVICE, self.ACTION, request) if isinstance(request, Mapping) else None
        if misspelt is not None:
            raise ValueError(
                f"{self._who()}the request of {self.SERVICE}:{self.ACTION} has no member '{misspelt[0]}'. Did you mean "
                f"'{misspelt[1]}'?"
            )

    def _check_hands_out_token(self, request: Any) -> None:
        if isinstance(request, Mapping) and not request:
            return  # nothing is said yet
        problem = missing_token(self.state_id, request)
        if problem is not None and self.TOKEN_REQUIRED:
            raise ValueError(problem)
        if problem is not None:
            logger.warning("%s", problem)

    def check_request(self) -> None:
        """Compare the request with the API's model, without a call, and raise ValueError with all that is wrong.

        Nothing is checked where the request is known only at run time, or is one of Step Functions' own.
        """
        operation = operation_of(self.SERVICE, self.ACTION)
        request = self.arguments if self.arguments is not None else self.parameters
        if operation is not None and request is not None:
            check_request(*operation, request, state_id=self.state_id, sdk=False)

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

    TOKEN_REQUIRED = False

    def __init__(
        self,
        state_id: str,
        wait_for_callback: bool = False,
        integration_pattern: IntegrationPattern | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        super().__init__(state_id, integration_pattern or calling_back(wait_for_callback), **fields)


def given_request(fields: ServiceFields) -> Any:
    """Return what the caller gave of the request: ``arguments``, else ``parameters``, else None."""
    arguments = fields.get("arguments")
    return fields.get("parameters") if arguments is None else arguments


def waiting(wait_for_completion: bool) -> IntegrationPattern:
    """Return the pattern of a step that waits for its job's end, or only starts it."""
    _check_known("wait_for_completion", wait_for_completion)
    return IntegrationPattern.WaitForCompletion if wait_for_completion else IntegrationPattern.CallAndContinue


def calling_back(wait_for_callback: bool) -> IntegrationPattern:
    """Return the pattern of a step that waits for the answer to its task token, or only for the response."""
    _check_known("wait_for_callback", wait_for_callback)
    return IntegrationPattern.WaitForTaskToken if wait_for_callback else IntegrationPattern.CallAndContinue


def _check_known(name: str, value: Any) -> None:
    """Raise TypeError for an expression where the definition itself depends on the value."""
    if is_dynamic(value):
        raise TypeError(f"{name}={value!r}: how a step waits is fixed in its definition: write True or False.")


def check_request(
    client: str, operation: str, parameters: Any, *, state_id: str | None = None, sdk: bool = True
) -> None:
    """Compare a request with botocore's model of an API, offline, and raise ValueError with all that is wrong.

    ``client`` is boto3's name of the service. Names, also of nested members, types, required members and values of
    enumerations are checked; placeholders, ``"Name.$"`` and ``{% … %}`` are accepted for anything. ``sdk`` says that
    the request is an ``aws-sdk:`` integration's. ``state_id`` names the state in the error.
    """
    problems = problems_with_request(client, operation, parameters, is_dynamic=_is_later, sdk=sdk)
    if problems:
        whose = "" if state_id is None else f"State '{state_id}': "
        raise ValueError(f"{whose}{client} {operation} does not take these parameters. " + " ".join(problems))


def _is_later(value: Any) -> bool:
    """Tell whether a value is known only at run time, or is JSON's null, which says the same to the check."""
    return is_dynamic(value) or isinstance(value, BaseRule) or value is NULL


def put_request(state_id: str, request: Mapping[str, Any], fields: Any) -> dict[str, Any]:
    """Write a request that a step has made into its fields, the caller's own members merged over it; return it.

    It goes into ``arguments`` when the caller gave those or asked for JSONata, else into ``parameters``. Raises
    ValueError when the caller's are an expression as a whole, or both are given.
    """
    given = {name: fields[name] for name in ("parameters", "arguments") if fields.get(name) is not None}
    if len(given) > 1:
        raise ValueError(f"State '{state_id}': give parameters or arguments, not both.")
    for name, own in given.items():
        if not isinstance(own, Mapping):
            raise ValueError(
                f"State '{state_id}': the step makes its request itself ({', '.join(request)}), to which your {name} "
                f"are added: give a dict, not {own!r}."
            )
        request = _merged(request, own)
    jsonata = "arguments" in given or fields.get("query_language") == JSONATA
    fields.pop("parameters", None)
    fields["arguments" if jsonata else "parameters"] = dict(request)
    return dict(request)


def _merged(request: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the caller's members over it, at every depth. ``"Name.$"`` takes the place of ``Name``."""
    merged = {name: value for name, value in request.items() if f"{name}.$" not in own}
    for name, value in own.items():
        ours = merged.get(name)
        merged[name] = _merged(ours, value) if isinstance(ours, Mapping) and isinstance(value, Mapping) else value
    return merged
