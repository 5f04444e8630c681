"""What all SageMaker steps have: a request made here, over which the caller's own members are merged."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from stepfunctions.asl.fields import JSONATA
from stepfunctions.inputs.expressions import Expression
from stepfunctions.inputs.functions import states
from stepfunctions.steps.sagemaker.objects import tag_list
from stepfunctions.steps.sagemaker.request import find, foreign_values, overlay
from stepfunctions.steps.services.step import ServiceStep, waiting

if TYPE_CHECKING:
    from typing_extensions import Self

    from stepfunctions.steps.signatures import ServiceFields

SAGEMAKER_SERVICE_NAME = "sagemaker"
_UUID = 36
_MADE_OF = frozenset({"estimator", "tuner", "model", "_prepared"})
"""Attributes of steps that hold what they were made of."""


class SageMakerApi(Enum):
    """2.3.0's names of SageMaker's actions."""

    CreateTrainingJob = "createTrainingJob"
    CreateTransformJob = "createTransformJob"
    CreateModel = "createModel"
    CreateEndpointConfig = "createEndpointConfig"
    UpdateEndpoint = "updateEndpoint"
    CreateEndpoint = "createEndpoint"
    CreateHyperParameterTuningJob = "createHyperParameterTuningJob"
    CreateProcessingJob = "createProcessingJob"


class SageMakerStep(ServiceStep):
    """A step whose request is made of its arguments.

    The caller's ``parameters`` (``arguments`` in a JSONata state) are merged over the request at every depth of
    dicts, and win; a list replaces a list. Where nothing names what is created, the name is new in every attempt:
    ``<state>-<UUID>``, cut to what the API allows.

    Raises ValueError when the request lacks what must be in it, or holds what is neither JSON nor a placeholder.
    """

    SERVICE = SAGEMAKER_SERVICE_NAME
    NAME: ClassVar[str] = ""
    """The member of the request that names what is created."""
    LONGEST_NAME: ClassVar[int] = 63
    NEEDS: ClassVar[Mapping[str, str]] = {}
    """Members that must be given (dotted), and what to write when they are missing."""

    def __init__(
        self,
        state_id: str,
        request: dict[str, Any],
        fields: ServiceFields,
        *,
        wait_for_completion: bool = False,
        tags: Any = None,
    ) -> None:
        if tags is not None:
            request["Tags"] = tag_list(tags)
        written = "arguments" if fields.get("arguments") is not None else "parameters"
        if written == "parameters" and fields.get("query_language") == JSONATA:
            fields["arguments"] = fields.pop("parameters", None)
            written = "arguments"
        _merge(state_id, request, fields.get(written), written)
        if self.NAME and find(request, self.NAME) is None:
            request[self.NAME] = unique_name(state_id, self.LONGEST_NAME)
        self._check(state_id, request)
        fields[written] = request  # type: ignore[literal-required]
        super().__init__(state_id, waiting(wait_for_completion), **fields)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return a copy at every depth, of the same objects of the SDK: those hold sessions, which cannot be copied."""
        new = copy.copy(self)
        memo[id(self)] = new
        for name, value in vars(self).items():
            if name not in _MADE_OF:
                vars(new)[name] = copy.deepcopy(value, memo)
        return new

    @property
    def request(self) -> dict[str, Any]:
        """The request of the API, with placeholders where values are known only at run time."""
        request: dict[str, Any] = self.parameters if self.arguments is None else self.arguments
        return request

    def _check(self, state_id: str, request: dict[str, Any]) -> None:
        for path, remedy in self.NEEDS.items():
            if find(request, *path.split(".")) is None:
                raise ValueError(f"The step '{state_id}' has no {path}: {remedy}")
        for path, value in foreign_values(request):
            raise ValueError(
                f"The step '{state_id}' cannot write {path}: {type(value).__name__} ({value!r}) is neither JSON nor a "
                "placeholder. For a value known only at run time write ExecutionInput()['name']."
            )


def _merge(state_id: str, request: dict[str, Any], over: Any, field: str) -> None:
    if over is None:
        return
    if not isinstance(over, Mapping):
        raise ValueError(
            f"'{field}' of the step '{state_id}' is merged over the request that the step makes, so it is a dict of "
            f"members, not {type(over).__name__}. For a request as a whole write Task(…, {field}=…)."
        )
    overlay(request, over, "member")


def unique_name(base: str, longest: int) -> Expression:
    """Return a name of at most ``longest`` characters that is new each time it is computed.

    It is made of a UUID, not of ``$$.Execution.Name``: that one is the same in all iterations of a Map and in every
    attempt, and may have characters and a length that SageMaker refuses.
    """
    name = re.sub(r"[^a-zA-Z0-9]+", "-", base).strip("-") or "step"
    if longest > _UUID + 1:
        return states.format(f"{name[: longest - _UUID - 1].rstrip('-')}-{{}}", states.uuid())
    digits = states.array_get_item(states.string_split(states.uuid(), "-"), 4)  # the last 12 of the UUID's
    return states.format(f"{name[: longest - 13].rstrip('-')}-{{}}", digits)
