"""Deploy a model to an endpoint in one step: create or update, wait until it serves, and say why when it does not.

Developer guide: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.inputs.expressions import Expression, jsonata, result, variable
from stepfunctions.mlops.checks import Check
from stepfunctions.mlops.deploy_states import Release, deploying
from stepfunctions.steps.sagemaker import EndpointConfigStep, ModelStep, ProductionVariant
from stepfunctions.steps.state_types import Parallel
from stepfunctions.steps.strategies import AllAtOnce, Strategy
from stepfunctions.steps.writing import Linkable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from stepfunctions.steps.signatures import Catches, ParallelFields, Retries

MOST_EVENTS = 25_000
"""Of a Standard execution's history: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
_OTHER_EVENTS = 200
_SLACK = 1800
"""Seconds beyond the waits of a strategy, for fleets to be made and torn down."""
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")
ANSWER = ("EndpointName", "EndpointConfigName", "ModelName")


class DeployModelStep(Parallel):
    """Make an endpoint serve a model, and wait until it does.

    The step is a Parallel state of one branch, so that it has one result, ``{"EndpointName", "EndpointConfigName",
    "ModelName"}``, and one ``catch``. Inside it creates the model and an endpoint configuration, both named
    ``<endpoint>-<UUID>`` or as ``name`` says, which must then be new in each execution; creates the endpoint, or
    updates the one that is there as ``strategy`` says; and asks for it each ``poll`` seconds. It succeeds when the
    endpoint is InService on this very configuration. While another update is on, it waits for that first.

    ``endpoint_name``: a text, or a placeholder of the execution's input. ``model``: what
    :class:`~stepfunctions.steps.ModelStep` takes (a model, an estimator's model, a request as a dict, the ARN of a
    model package); or ``model_name``: a model that is there already. ``instance_type`` and
    ``initial_instance_count``, or ``variants``: 1 to 10 :class:`~stepfunctions.steps.ProductionVariant`, whose model
    is the new one where they name none.

    ``strategy``: :class:`AllAtOnce` (default), :class:`Canary`, :class:`Linear` or :class:`Rolling`; ``alarms``: 1 to
    10 names of CloudWatch alarms, which turn an update back. ``approval``: a step, such as
    :func:`~stepfunctions.steps.human_approval`, that must succeed before anything moves. ``checks``: a
    :class:`SmokeTest`, :class:`QuietAlarms` or others, when all traffic has moved; when one fails, the endpoint is put
    back on its old configuration at once. ``data_capture_config``, ``tags`` and ``kms_key_id`` are the endpoint
    configuration's. ``role``: the ARN of the model's role, for a model that has none. ``clean_up``: delete the
    configuration before, and the model of its name, once the new one serves; by default all are kept, for going back.
    What a failed deployment made is kept.

    ``poll``: seconds, so many that the longest deployment stays below 25,000 events of history. ``timeout``: seconds
    until the step gives up (the endpoint goes on); by default the strategy's timeout, else its waits and half an hour.
    ``query_language``: of the states inside, JSONPath by default; JSONata in a workflow of JSONata.

    The step fails with ``DeployModel.RolledBack`` when the endpoint is InService on another configuration,
    ``DeployModel.Failed`` when it has failed, ``DeployModel.NotUpdatable`` when it cannot be updated,
    ``DeployModel.TimedOut``, ``DeployModel.CheckFailed`` with the check's own error in the cause; the causes tell the
    endpoint's state. Raises ValueError for what SageMaker would refuse.
    """

    def __init__(
        self,
        state_id: str,
        endpoint_name: str | Expression,
        model: Any = None,
        *,
        model_name: str | Expression | None = None,
        name: str | Expression | None = None,
        instance_type: str | Expression | None = None,
        initial_instance_count: int | Expression | None = None,
        variants: Sequence[ProductionVariant] | None = None,
        strategy: Strategy | None = None,
        alarms: Sequence[str] = (),
        approval: Linkable | None = None,
        checks: Sequence[Check] = (),
        clean_up: bool = False,
        data_capture_config: Any = None,
        tags: Any = None,
        kms_key_id: str | Expression | None = None,
        role: str | Expression | None = None,
        poll: int = 30,
        timeout: int | None = None,
        retry: Retries = None,
        catch: Catches = None,
        **fields: Unpack[ParallelFields],
    ) -> None:
        language = str(fields.get("query_language") or JSONPATH)
        if (model is None) == (model_name is None):
            raise ValueError(f"The step '{state_id}' is given a model, or the model_name of one, one of them.")
        if isinstance(endpoint_name, str) and not _NAME.fullmatch(endpoint_name):
            raise ValueError(
                f"The step '{state_id}': endpoint_name is {endpoint_name!r}, but must have 1 to 63 letters, digits and "
                "hyphens, and begin and end with a letter or a digit."
            )
        if type(poll) is not int or poll < 1:
            raise ValueError(f"The step '{state_id}': poll is {poll!r}, but must be 1 or more seconds.")
        if variants is None:
            if instance_type is None:
                raise ValueError(f"The step '{state_id}' has no fleet: give instance_type='ml.…', or variants=[…].")
            variants = [ProductionVariant(instance_type=instance_type, initial_instance_count=initial_instance_count)]
        elif instance_type is not None or initial_instance_count is not None:
            raise ValueError(f"The step '{state_id}' is given variants, and also the fleet of a single one.")
        release = Release(f"{state_id}: ", endpoint_name, language, strategy or AllAtOnce(), alarms, poll, 0, name)
        first = (
            ModelStep(release.name("create model"), model, release.new_name(), role=role, **release.creates())
            if model is not None
            else release.named(model_name)
        )
        config = EndpointConfigStep(
            release.name("create configuration"),
            endpoint_config_name=variable("DeployConfig"),
            variants=[release.variant(one) for one in variants],
            data_capture_config=data_capture_config,
            tags=tags,
            **release.configures(kms_key_id),
        )
        requests = config.request["ProductionVariants"]
        # SageMaker's own default lets the variants change.
        default = strategy is None and not alarms
        deployment = None if default else release.strategy.deployment_config(requests, alarms)
        release = release.within(_turns(state_id, release, requests, timeout))
        branch = deploying(release, first, config, deployment, approval, checks, clean_up)
        if language == JSONATA:
            fields.setdefault("output", jsonata("$states.result[0]"))
        elif not {"result_selector", "output_path", "output"} & set(fields):
            fields["result_selector"] = {name: result[0][name] for name in ANSWER}
        super().__init__(state_id, retry, catch, branches=[branch], **fields)


def _turns(state_id: str, release: Release, variants: Sequence[Mapping[str, Any]], timeout: int | None) -> int:
    """Return how often the endpoint is asked for. Raises ValueError when the history would be too long."""
    poll, strategy = release.poll, release.strategy
    longest = timeout or strategy.timeout or strategy.waits(variants) + _SLACK
    turns = math.ceil(longest / poll)
    events = release.within(turns).events + _OTHER_EVENTS
    if events > MOST_EVENTS:
        raise ValueError(
            f"The step '{state_id}': asking each {poll} seconds for {longest} seconds can make {events} events, and "
            f"after {MOST_EVENTS} Step Functions fails the execution. "
            f"Give poll={math.ceil(poll * events / MOST_EVENTS)}."
        )
    return turns
