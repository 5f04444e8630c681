"""Steps that run code: Lambda functions, Glue jobs, Batch jobs, and tasks of ECS.

Each is a Task whose resource ARN its class knows; ``parameters`` is the request of the service's API.
Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.fields import ABSENT, JSONATA
from stepfunctions.inputs.expressions import Reference
from stepfunctions.steps.base import Retry
from stepfunctions.steps.code.declared import Declared
from stepfunctions.steps.code.functions import LambdaFunction
from stepfunctions.steps.integration_resources import IntegrationPattern
from stepfunctions.steps.rendering import NULL, is_dynamic
from stepfunctions.steps.services.apis import (
    BATCH_SERVICE_NAME,
    ECS_SERVICE_NAME,
    GLUE_SERVICE_NAME,
    LAMBDA_SERVICE_NAME,
    BatchApi,
    EcsApi,
    GlueApi,
    LambdaApi,
)
from stepfunctions.steps.services.step import CallbackStep, JobStep, given_request, put_request
from stepfunctions.steps.services.task_tokens import missing_token

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import ServiceFields

__all__ = [
    "BATCH_SERVICE_NAME",
    "ECS_SERVICE_NAME",
    "GLUE_SERVICE_NAME",
    "LAMBDA_SERVICE_NAME",
    "BatchApi",
    "BatchSubmitJobStep",
    "EcsApi",
    "EcsRunTaskStep",
    "GlueApi",
    "GlueStartJobRunStep",
    "LambdaApi",
    "LambdaStep",
]

SERVICE_EXCEPTIONS = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
"""Failures of Lambda itself, which AWS recommends to try again:
https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html#bp-lambda-serviceexception"""
_CATCH_ALL = {"States.ALL", "States.TaskFailed"}
_RESPONSE = (
    "ExecutedVersion",
    "FunctionError",
    "LogResult",
    "Payload",
    "SdkHttpMetadata",
    "SdkResponseMetadata",
    "StatusCode",
)
"""The members of a task's result that invoked a function."""
_MEMBERS = {"payload": "Payload", "qualifier": "Qualifier", "invocation_type": "InvocationType"}
"""Arguments of LambdaStep -> members of the request."""
_INVOCATION_TYPES = ("RequestResponse", "Event", "DryRun")
_FUNCTION = re.compile(
    r"(arn:aws[a-zA-Z-]*:lambda:)?([a-z]{2,}(-[a-z]+)+-\d:)?(\d{12}:)?(function:)?[a-zA-Z0-9_-]+(:(\$LATEST|[a-zA-Z0-9_-]+))?"
)
_STATE_INPUT = Reference("$", "$states.input")


class _ServiceRetry(Retry):
    """The retrier of Lambda's own failures, which is not the caller's."""


class LambdaStep(CallbackStep):
    """Invoke a Lambda function: ``LambdaStep("Prepare", function="prepare", payload={"week": 3})``.

    ``function`` is a name, an ARN, an expression, or what :func:`~stepfunctions.steps.lambda_function` made;
    ``payload`` a JSON value in which expressions may stand, by default the state's input; ``qualifier`` a version or
    an alias; ``invocation_type`` ``"RequestResponse"`` (default), ``"Event"`` (do not wait) or ``"DryRun"``.

    ``unwrap`` (default): the state's result is what the function returned. ``unwrap=False``: it is the response of
    Invoke, which has that as its ``Payload``. Where the caller says what becomes of the result (``result_selector``,
    ``output_path``, ``output``, ``assign``), that sees the whole response, as AWS documents it.

    ``retry_service_exceptions`` (default): try again when Lambda itself fails, 6 times, first after 2 seconds, each
    time twice as long. The retrier comes after the caller's own ones, but before one for all errors, which would
    leave it nothing.

    ``wait_for_callback``: wait until somebody answers with the task token, which the payload must hand over. The
    result is that answer.

    The form of 2.3.0, ``parameters={"FunctionName": …, "Payload": …}``, has the whole response as its result and no
    retrier, unless ``unwrap=True`` and ``retry_service_exceptions=True`` are given.

    Raises TypeError and ValueError for arguments that say nothing, or two things.
    API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    SERVICE = "lambda"
    ACTION = "invoke"

    def __init__(
        self,
        state_id: str,
        wait_for_callback: bool = False,
        integration_pattern: IntegrationPattern | None = None,
        *,
        function: Any = None,
        payload: Any = None,
        qualifier: Any = None,
        invocation_type: str | None = None,
        unwrap: bool | None = None,
        retry_service_exceptions: bool | None = None,
        **fields: Unpack[ServiceFields],
    ) -> None:
        self.function = function
        given = {"payload": payload, "qualifier": qualifier, "invocation_type": invocation_type}
        if function is None:
            for name, value in given.items():
                if value is not None:
                    raise ValueError(f"State '{state_id}': '{name}' needs 'function': write function='the-name'.")
        else:
            request = {"FunctionName": _function_name(state_id, function), "Payload": _STATE_INPUT}
            request |= {_MEMBERS[name]: value for name, value in given.items() if value is not None}
            _check_written_once(state_id, request, fields)
            put_request(state_id, request, fields)
        super().__init__(state_id, wait_for_callback, integration_pattern, **fields)
        self._calls_back = str(self.resource).endswith(IntegrationPattern.WaitForTaskToken.value)
        self._check_invocation(invocation_type, unwrap)
        answers = not self._calls_back and invocation_type in (None, "RequestResponse")
        self.unwrap = answers and (function is not None if unwrap is None else unwrap)
        self._check_result_path()
        if function is not None if retry_service_exceptions is None else retry_service_exceptions:
            self.retries.append(
                _ServiceRetry(error_equals=list(SERVICE_EXCEPTIONS), interval_seconds=2, max_attempts=6, backoff_rate=2)
            )
            self._order_retries()

    def _check_invocation(self, invocation_type: str | None, unwrap: bool | None) -> None:
        if invocation_type is not None and (is_dynamic(invocation_type) or invocation_type not in _INVOCATION_TYPES):
            raise ValueError(
                f"State '{self.state_id}': invocation_type is one of {', '.join(_INVOCATION_TYPES)}, "
                f"not {invocation_type!r}."
            )
        if self._calls_back and invocation_type == "DryRun":
            raise ValueError(f"State '{self.state_id}': a DryRun calls nothing that could answer with the task token.")
        if unwrap and (self._calls_back or invocation_type in ("Event", "DryRun")):
            why = "waits for a callback" if self._calls_back else f"has the invocation type {invocation_type}"
            raise ValueError(
                f"State '{self.state_id}' {why}, so that its result has no Payload to unwrap: leave out unwrap=True."
            )

    def _check_hands_out_token(self, request: Any) -> None:
        problem = missing_token(self.state_id, request)
        if problem is not None and self.function is not None:
            raise ValueError(problem)
        super()._check_hands_out_token(request)

    def add_retry(self, retry: Retry | Iterable[Retry]) -> None:
        """Add a retrier, or several; see the class for the order."""
        super().add_retry(retry)
        self._order_retries()

    def _order_retries(self) -> None:
        ours = [retry for retry in self.retries if isinstance(retry, _ServiceRetry)]
        theirs = [retry for retry in self.retries if not isinstance(retry, _ServiceRetry)]
        catching_all = (
            index
            for index, retry in enumerate(theirs)
            if _CATCH_ALL.intersection(getattr(retry, "error_equals", None) or ())
        )
        place = next(catching_all, len(theirs))
        self.retries = [*theirs[:place], *ours, *theirs[place:]]

    def declared(self) -> list[Declared]:
        """Return the function that must exist, when it was made by ``lambda_function``."""
        return [self.function.declared()] if isinstance(self.function, LambdaFunction) else []

    def _written(self, language: str) -> dict[str, Any]:
        self._check_result_path()
        state = super()._written(language)
        return self._unwrapped(state, language) if self.unwrap else state

    def _check_result_path(self) -> None:
        path: Any = self.result_path
        path = path.to_jsonpath() if is_dynamic(path) else path
        if not self.unwrap or path in (None, NULL, "$") or path is ABSENT or self.result_selector:
            return
        name = (re.findall(r"\w+", str(path)) or ["answer"])[-1]
        merged = f"$merge([$states.input, {{'{name}': $states.result.Payload}}])"
        raise ValueError(
            f"State '{self.state_id}': JSONPath cannot put what the function returned at result_path='{path}', but "
            f"only the whole response. Write result_selector={{'value.$': '$.Payload'}}: then it is at '{path}.value'; "
            f"or unwrap=False: at '{path}.Payload'; or keep it in a variable: assign={{'{name}.$': '$.Payload'}} and "
            f'result_path=None; or write the state in JSONata: output=jsonata("{merged}").'
        )

    def _unwrapped(self, state: dict[str, Any], language: str) -> dict[str, Any]:
        """Return the written fields, with the one that takes the Payload out of the response."""
        if language == JSONATA:
            texts = [text for _, text in _strings([state.get("Output"), state.get("Assign")])]
            self._check_names("$states.result", texts)
            return state if "Output" in state else {**state, "Output": "{% $states.result.Payload %}"}
        shaped = "ResultSelector" in state or state.get("ResultPath", "$") != "$"
        selected = _strings([state.get("ResultSelector"), state.get("Assign")])
        paths = [text for key, text in selected if key.endswith(".$")]
        self._check_names("$", paths if shaped else [*paths, str(state.get("OutputPath"))])
        return state if shaped or "OutputPath" in state else {**state, "OutputPath": "$.Payload"}

    def _check_names(self, root: str, texts: Iterable[str]) -> None:
        """Raise ValueError when an expression reads a member that the response of Invoke does not have."""
        pattern = re.compile(re.escape(root) + r"(?:\.(\w+)|\[['\"](\w+)['\"]\])")
        for text in texts:
            found = pattern.match(text) if root == "$" else pattern.search(text)
            name = None if found is None else found[1] or found[2]
            if found is not None and name not in _RESPONSE:
                right = f"{text[: found.start()]}{root}.Payload.{name}{text[found.end() :]}"
                raise ValueError(
                    f"State '{self.state_id}': '{text}' reads '{name}' of the response of Invoke, which has only "
                    f"{', '.join(_RESPONSE)}. What the function returned is its Payload: write '{right}'."
                )


class GlueStartJobRunStep(JobStep):
    """Run a Glue job: ``parameters={"JobName": …, "Arguments": {"--name": "value"}}``.

    :class:`~stepfunctions.steps.GlueStep` also declares the job and its script.
    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-glue.html
    """

    SERVICE = "glue"
    ACTION = "startJobRun"


class BatchSubmitJobStep(JobStep):
    """Run a Batch job: ``parameters={"JobName": …, "JobQueue": …, "JobDefinition": …}``.

    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-batch.html
    """

    SERVICE = "batch"
    ACTION = "submitJob"


class EcsRunTaskStep(JobStep):
    """Run a task of ECS or Fargate: ``parameters={"TaskDefinition": …, "LaunchType": "FARGATE", …}``.

    :class:`~stepfunctions.steps.FargateStep` also declares the task definition. With
    ``integration_pattern=IntegrationPattern.WaitForTaskToken`` the step waits until the program in the container, or
    whoever it tells, answers with the task token.
    Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
    """

    SERVICE = "ecs"
    ACTION = "runTask"


def _function_name(state_id: str, function: Any) -> Any:
    if isinstance(function, LambdaFunction):
        return function.name
    if is_dynamic(function):
        return function
    if not isinstance(function, str):
        hint = " Put @lambda_function above its def." if callable(function) else ""
        raise TypeError(
            f"State '{state_id}': function is a name, an ARN, an expression or a LambdaFunction, "
            f"not a {type(function).__name__}.{hint}"
        )
    if "${" not in function and not _FUNCTION.fullmatch(function):
        raise ValueError(
            f"State '{state_id}': '{function}' is no name of a Lambda function: write at most 64 letters, digits, "
            "'-' and '_', or an ARN."
        )
    return function


def _check_written_once(state_id: str, request: Mapping[str, Any], fields: ServiceFields) -> None:
    """Raise ValueError for a member that the caller gives as an argument of LambdaStep and in the request, too."""
    own = given_request(fields)
    for name in own if isinstance(own, Mapping) else ():
        if name.removesuffix(".$") in request:
            raise ValueError(
                f"State '{state_id}': '{name}' is written by LambdaStep's own arguments: leave it out of the request, "
                "or leave out 'function'."
            )


def _strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the strings inside a value with their keys."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _strings(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
