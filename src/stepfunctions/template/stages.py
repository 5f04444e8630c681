"""The parts of a pipeline: steps or functions, guarded by retriers and by a handler of what fails for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from stepfunctions.asl.fields import JSONATA, JSONPATH
from stepfunctions.inputs.expressions import jsonata
from stepfunctions.mlops.deploy_model import DeployModelStep
from stepfunctions.steps.base import Catch, Retry, State
from stepfunctions.steps.code.declared import states_in
from stepfunctions.steps.code.functions import LambdaFunction
from stepfunctions.steps.compute import LambdaStep
from stepfunctions.steps.flows import Flow, flow_of
from stepfunctions.steps.fragments import prefixed
from stepfunctions.steps.graph import Graph
from stepfunctions.steps.service import SnsPublishStep
from stepfunctions.steps.state_types import Fail
from stepfunctions.steps.writing import Linkable

Stage = Linkable | LambdaFunction[Any, Any] | str
"""A part of a pipeline: a step, a chain or a flow; or a function, as ``lambda_function`` made it, or by its name."""

_ALL = "States.ALL"
_RETRIED = ("Task", "Parallel")
_CAUGHT = ("Task", "Parallel", "Map")
_SAGEMAKER_JOBS = tuple(
    f":sagemaker:create{job}{pattern}"
    for job in ("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob")
    for pattern in ("", ".sync")
)


def default_retry() -> Retry:
    """Return what tasks are tried again by when they say nothing else: after 15 seconds, and after 60 more."""
    return Retry(error_equals=[_ALL], interval_seconds=15, backoff_rate=4.0, max_attempts=2)


def _when_full() -> Retry:
    """Return what a job of SageMaker is tried again by while the account's instances are all in use: for 4 hours."""
    return Retry(
        error_equals=["SageMaker.ResourceLimitExceededException"],
        interval_seconds=60,
        backoff_rate=1.0,
        max_attempts=240,
    )


def stage(name: str, given: Any) -> Flow:
    """Return a part of a pipeline as a flow.

    A function becomes one step of this name: it gets the data of the execution, and what it returns is kept among
    them under the name of the stage. Raises TypeError for what is neither a step nor a function.
    """
    if isinstance(given, (str, LambdaFunction)):
        kept = jsonata(f"$merge([$states.input, {{'{name}': $states.result.Payload}}])")
        return flow_of(LambdaStep(name, function=given, query_language=JSONATA, output=kept))
    if not isinstance(given, Linkable):
        hint = " Put @lambda_function above its def." if callable(given) else ""
        raise TypeError(
            f"{name}: give a step, a chain, a flow, or a function as @lambda_function makes it or by its name, not "
            f"{type(given).__name__}.{hint}"
        )
    return flow_of(given)


def check_options(options: Mapping[str, Any]) -> None:
    """Raise ValueError for an option of a workflow that a pipeline cannot have."""
    if options.get("query_language") == JSONATA:
        raise ValueError(
            "query_language='JSONata' cannot be said of a whole pipeline, whose own states have JSONPath. Leave it "
            "out, and write query_language='JSONata' at the steps that you give."
        )


def joined(parts: Iterable[Linkable | None]) -> Flow:
    """Return parts one after the other; those that are None are left out. Raises ValueError when there is none."""
    given = [flow_of(part) for part in parts if part is not None]
    if not given:
        raise ValueError("A pipeline needs at least one part.")
    flow = given[0]
    for part in given[1:]:
        flow = flow >> part
    return flow


def guarded(flow: Linkable, retry: Retry, handler: Linkable) -> Flow:
    """Return a copy of a flow in which every task is tried again, and goes on to ``handler`` when it fails for good.

    The error is at ``$.Error`` then. A job of SageMaker waits for free instances first. A task that says itself what
    becomes of all errors is left as it is: one with a retrier for States.ALL (``max_attempts=0``: never tried again) or
    a catcher for it. A Map is not retried as a whole, and tasks in the branches of Parallel and Map states are caught
    by those. A DeployModelStep has retriers of its own inside, and is not deployed twice.
    """
    copied = prefixed(flow, "")
    graph = Graph(copied)
    top = list(graph.states.values())
    for state in states_in(graph, without=(DeployModelStep,)):
        if state.type in _RETRIED and not _names_all(state.retries):
            if getattr(state, "resource", "").endswith(_SAGEMAKER_JOBS):
                state.add_retry(_when_full())
            state.add_retry(retry)
    for state in top:
        if state.type in _CAUGHT and not _names_all(state.catches):
            state.add_catch(_catch(state, handler))
    return copied


def _names_all(blocks: Iterable[Any]) -> bool:
    return any(_ALL in (block.error_equals or ()) for block in blocks)


def _catch(state: State, handler: Linkable) -> Catch:
    if state.query_language_in(JSONPATH) == JSONATA:
        kept = jsonata("$merge([$states.input, {'Error': $states.errorOutput}])")
        return Catch(handler, error_equals=[_ALL], output=kept)
    return Catch(handler, error_equals=[_ALL], result_path="$.Error")


def failing(name: str) -> Fail:
    """Return a state that ends with the error at ``$.Error``."""
    return Fail(name, error_path="$.Error.Error", cause_path="$.Error.Cause")


def telling(name: str, notify: LambdaFunction[Any, Any] | str, status: str) -> State:
    """Return the step that tells how an execution has ended: a message to a topic of SNS, or a call of a function."""
    subject = "Error" if status == "FAILED" else "Result"
    told = {
        "Status": status,
        "StateMachine.$": "$$.StateMachine.Name",
        "Run.$": "$$.Execution.Name",
        "Input.$": "$$.Execution.Input",
        f"{subject}.$": "$.Error" if status == "FAILED" else "$",
    }
    if isinstance(notify, str) and ":sns:" in notify:
        return SnsPublishStep(name, parameters={"TopicArn": notify, "Message": told}, result_path=None)
    return LambdaStep(name, function=notify, payload=told, result_path=None)


def handler(told: Linkable | None, retry: Retry) -> Flow:
    """Return what follows a failure: the telling of it, and the end of the execution with that error.

    The steps that tell it keep the data: what they return is dropped. When they fail too, the execution still ends
    with the first error.
    """
    failed = failing("Failed")
    if told is None:
        return flow_of(failed)
    copied = prefixed(told, "")
    for state in Graph(copied).states.values():
        if state.type not in _CAUGHT:
            continue
        if state.query_language_in(JSONPATH) == JSONATA:
            state.output_value = jsonata("$states.input")
        else:
            state.result_path, state.result_selector = None, None
            if "output_path" in state.fields:
                state.output_path = "$"
        if not _names_all(state.retries):
            state.add_retry(retry)
        if not _names_all(state.catches):
            state.add_catch(_ignored(state, failed))
    return copied >> failed


def _ignored(state: State, failed: Fail) -> Catch:
    if state.query_language_in(JSONPATH) == JSONATA:
        return Catch(failed, error_equals=[_ALL], output=jsonata("$states.input"))
    return Catch(failed, error_equals=[_ALL], result_path="$.Notification")
