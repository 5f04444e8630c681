"""The states inside a deployment: find the endpoint, update or create it, ask until it serves, put it back."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from stepfunctions.asl.fields import JSONATA
from stepfunctions.inputs.conditions import BaseRule
from stepfunctions.inputs.expressions import Expression, error, jsonata, result, variable
from stepfunctions.inputs.functions import states
from stepfunctions.mlops.checks import Check, keeping, spoken
from stepfunctions.steps.base import Catch, Retry, State
from stepfunctions.steps.choice_rule import ChoiceRule
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.sagemaker import EndpointConfigStep, EndpointStep, ProductionVariant
from stepfunctions.steps.sagemaker.step import unique_name
from stepfunctions.steps.services.aws_sdk import aws_sdk
from stepfunctions.steps.state_types import Choice, Fail, Parallel, Pass, Wait
from stepfunctions.steps.strategies import Strategy
from stepfunctions.steps.writing import Linkable

BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack")
"""Statuses that change by themselves: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html"""
POLL_EVENTS = 9
"""Events of one turn of the loop: two of the Wait, five of the Task, two of the Choice."""
_LONGEST_NAME = 63
_PUT_BACK_SECONDS = 1800
_DESCRIBED = {"EndpointStatus": str, "EndpointConfigName": str, "FailureReason": str}
_ENDPOINT, _CONFIG, _WANTED = (
    variable("DeployEndpoint", str),
    variable("DeployConfig", str),
    variable("DeployWanted", str),
)
_OLD, _TURNS = variable("DeployOld", str), variable("DeployTurns", int)


@dataclass(frozen=True)
class Release:
    """One deployment: how its states are called and what they have in common.

    Variables of the branch: DeployEndpoint, DeployConfig and DeployModel name what is deployed, DeployWanted the
    configuration that the endpoint shall have, DeployOld the one that it had ("" for a new endpoint); DeployReason is
    why it is put back; DeployTurns counts the looks at it, at most DeployLimit.
    """

    prefix: str
    endpoint: str | Expression
    language: str
    strategy: Strategy
    alarms: Sequence[str]
    poll: int
    turns: int
    given_name: str | Expression | None = None

    def name(self, what: str) -> str:
        """Return the name of a state."""
        return f"{self.prefix}{what}"

    def within(self, turns: int) -> Release:
        """Return the release with so many looks at the endpoint."""
        return replace(self, turns=turns)

    def new_name(self) -> str | Expression:
        """Return the release's name; by default one that is new each time: of the endpoint, and a UUID."""
        if self.given_name is not None:
            return self.given_name
        base = self.endpoint if isinstance(self.endpoint, str) else self.prefix
        return unique_name(re.sub(r"[^a-z0-9]+", "-", base.lower()), _LONGEST_NAME)

    def _begun(self, config: Any, model: Any) -> dict[str, Any]:
        return {
            "DeployEndpoint": self.endpoint,
            "DeployConfig": config,
            "DeployWanted": config,
            "DeployModel": model,
            "DeployOld": "",
            "DeployReason": "",
            "DeployTurns": 0,
        }

    def creates(self) -> dict[str, Any]:
        """Return fields of the step that creates the model: its name is the release's."""
        made = states.array_get_item(states.string_split(result["ModelArn"], "/"), 1)
        return {"assign": self._begun(made, made), "retry": retry_service(), **spoken(self.language)}

    def named(self, model: Any) -> Flow:
        """Return the steps that begin a release of a model that is there."""
        more = spoken(self.language)
        name = Pass(self.name("name the release"), assign={"DeployRelease": self.new_name()}, **more)
        release = variable("DeployRelease", str)
        return name >> Pass(self.name("begin"), assign=self._begun(release, model), **more)

    def variant(self, given: ProductionVariant) -> ProductionVariant:
        """Return a variant that serves the new model, unless it names one."""
        return given if given.model_name is not None else replace(given, model_name=variable("DeployModel", str))

    def configures(self, kms_key_id: Any) -> dict[str, Any]:
        """Return fields of the step that creates the endpoint configuration."""
        more = {} if kms_key_id is None else {"parameters": {"KmsKeyId": kms_key_id}}
        return {**more, "retry": retry_service(), **spoken(self.language)}

    def shifts(self, config: Expression, *, turns: int) -> dict[str, Any]:
        """Return fields of a step that puts the endpoint on a configuration, which the loop then asks for."""
        wanted = {"DeployWanted": config, "DeployTurns": 0, "DeployLimit": turns}
        return {
            "endpoint_name": _ENDPOINT,
            "endpoint_config_name": config,
            "assign": wanted,
            "retry": retry_service(),
            **spoken(self.language),
        }

    @property
    def turns_back(self) -> int:
        """How often the endpoint is asked for while it is put back."""
        return math.ceil(_PUT_BACK_SECONDS / self.poll)

    @property
    def events(self) -> int:
        """How many events all loops write at most: waiting for another update, for this one, for the way back."""
        return (2 * self.turns + self.turns_back) * POLL_EVENTS


def retry_service() -> Retry:
    """Return what calls are tried again by: what was just made may not be seen yet, another update may just begin.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
    """
    return Retry(error_equals=["States.TaskFailed"], interval_seconds=5, backoff_rate=2.0, max_attempts=4)


def deploying(
    release: Release,
    first: Linkable,
    config: EndpointConfigStep,
    deployment: Any,
    approval: Linkable | None,
    checks: Sequence[Check],
    clean_up: bool,
) -> Flow:
    """Return the branch of a deployment."""
    wait = Wait(release.name("wait"), seconds=release.poll, **spoken(release.language))
    polling = _until_it_serves(release, wait, _then(release, checks, clean_up, wait))
    shift = release.shifts(_CONFIG, turns=release.turns)
    update = EndpointStep(release.name("update the endpoint"), update=True, deployment_config=deployment, **shift)
    create = EndpointStep(release.name("create the endpoint"), **shift)
    find = _find(release)
    there = find.output()["Found"] == True  # noqa: E712 - a condition
    exists = Choice(release.name("is there one?"), **spoken(release.language))
    found = exists.when(there, _when_free(release, update >> polling))
    begun = flow_of(first) >> config
    if approval is not None:
        begun = begun >> approval
    return begun >> find >> found.otherwise(create >> polling)


def _find(release: Release) -> State:
    """Return the step that looks for the endpoint. DescribeEndpoint would not: its error for a missing one has no name.

    By name, so that the one of just this name is on the first page of those whose names contain it.
    """
    found = (
        {"Found": jsonata("$DeployEndpoint in $states.result.Endpoints.EndpointName")}
        if release.language == JSONATA
        else {"Found.$": "States.ArrayContains($.Endpoints[*].EndpointName, $DeployEndpoint)"}
    )
    request = {"NameContains": _ENDPOINT, "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 100}
    return aws_sdk(
        "sagemaker",
        "list_endpoints",
        release.name("find the endpoint"),
        parameters=request,
        output_schema={"Found": bool},
        retry=retry_service(),
        **keeping(release.language, found),
        **spoken(release.language),
    )


def _describe(release: Release, name: str, **assign: Any) -> State:
    return aws_sdk(
        "sagemaker",
        "describe_endpoint",
        release.name(name),
        parameters={"EndpointName": _ENDPOINT},
        output_schema=_DESCRIBED,
        assign={"DeployTurns": states.math_add(_TURNS, 1), **assign},
        retry=retry_service(),
        **spoken(release.language),
    )


def _when_free(release: Release, update: Flow) -> Flow:
    """Return the steps that wait until no other update is on."""
    more = spoken(release.language)
    look = _describe(release, "look at the endpoint", DeployOld=result["EndpointConfigName"])
    status = look.output()["EndpointStatus"]
    other = Wait(release.name("wait for another update"), seconds=release.poll, **more)
    stuck = Fail(
        release.name("cannot be updated"),
        error="DeployModel.NotUpdatable",
        cause=states.format("The endpoint {} is {}, in which no update can begin.", _ENDPOINT, status),
        **more,
    )
    free = Choice(release.name("free for an update?"), **more)
    waiting = _is_one_of(status, BUSY) & (release.turns > _TURNS)
    return look >> free.when(status == "InService", update).when(waiting, other >> look).otherwise(stuck)


def _until_it_serves(release: Release, wait: Wait, served: Linkable) -> Flow:
    """Return the steps that ask until the endpoint serves the configuration that it shall have."""
    more = spoken(release.language)
    describe = _describe(release, "describe the endpoint")
    endpoint = describe.output()
    status, config, why = (endpoint[name] for name in _DESCRIBED)
    state = "The endpoint {} is {} on the configuration {}, not InService on {}."
    told: tuple[Any, ...] = (_ENDPOINT, status, config, _WANTED)
    failed, reason = (
        Fail(
            release.name(name),
            error=variable("DeployError", str),
            cause=states.format(f"{state}{more_text}", *told, *said),
            **more,
        )
        for name, more_text, said in (("failed", "", ()), ("failed for a reason", " {}", (why,)))
    )
    reported = Choice(release.name("is there a reason?"), **more).when(why.is_present(), reason).otherwise(failed)

    serving = Choice(release.name("serving?"), **more)
    in_service, busy = status == "InService", _is_one_of(status, BUSY)
    decided = (
        serving.when(in_service & (config == _WANTED), served)
        .when(in_service, reported, assign={"DeployError": "DeployModel.RolledBack"})
        .when(busy & (variable("DeployLimit", int) > _TURNS), wait)
        .when(busy, reported, assign={"DeployError": "DeployModel.TimedOut"})
    )
    broken = Pass(release.name("it has failed"), assign={"DeployError": "DeployModel.Failed"}, **more)
    # First of all a wait: nothing says that the new status is there as soon as the update has been taken.
    return wait >> describe >> decided.otherwise(broken >> reported)


def _deployed(release: Release, clean_up: bool) -> Linkable:
    """Return the end of a deployment: its answer; before that what the one before has left is deleted, if asked for."""
    more = spoken(release.language)
    answer = {"EndpointName": _ENDPOINT, "EndpointConfigName": _CONFIG, "ModelName": variable("DeployModel")}
    shown: dict[str, Any] = {"output" if release.language == JSONATA else "parameters": answer, **more}
    deployed = Pass(release.name("deployed"), **shown)
    if not clean_up:
        return deployed
    ignored = Catch(deployed, error_equals=["States.ALL"])
    fields: Any = {"retry": retry_service(), "catch": ignored, **more}
    config = aws_sdk(
        "sagemaker",
        "delete_endpoint_config",
        release.name("delete the old configuration"),
        parameters={"EndpointConfigName": _OLD},
        **fields,
    )
    model = aws_sdk(
        "sagemaker", "delete_model", release.name("delete the old model"), parameters={"ModelName": _OLD}, **fields
    )
    old = Choice(release.name("was there an old one?"), **more)
    return old.when(_OLD == "", deployed).otherwise(config >> model >> deployed)


def _then(release: Release, checks: Sequence[Check], clean_up: bool, wait: Wait) -> Linkable:
    """Return what follows once the endpoint serves: the checks, and the way back when one fails."""
    more = spoken(release.language)
    deployed = _deployed(release, clean_up)
    if not checks:
        return deployed
    numbered = enumerate(checks, 1)
    flows = [one.steps(release.name(f"check {number}: "), _ENDPOINT, release.language) for number, one in numbered]
    flow = functools.reduce(operator.rshift, flows)
    failed = Fail(
        release.name("check failed"),
        error="DeployModel.CheckFailed",
        cause=states.format(
            "{} The endpoint {} is on the configuration {}.", variable("DeployReason"), _ENDPOINT, _WANTED
        ),
        **more,
    )
    back = EndpointStep(release.name("put it back"), update=True, **release.shifts(_OLD, turns=release.turns_back))
    new = Choice(release.name("is there a way back?"), **more).when(_OLD == "", failed).otherwise(back >> wait)
    reason = {"DeployReason": states.format("{}: {}", error["Error"], error["Cause"])}
    proving = Parallel(
        release.name("check"),
        branches=[flow],
        catch=Catch(new, error_equals=["States.ALL"], assign=reason),
        **more,
    )
    whose = Choice(release.name("the new model?"), **more)
    return whose.when(_WANTED == _CONFIG, proving >> deployed).otherwise(failed)


def _is_one_of(value: Expression, names: Sequence[str]) -> BaseRule:
    return ChoiceRule.Or([value == name for name in names])
