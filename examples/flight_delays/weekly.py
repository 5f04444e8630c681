"""The flights of a whole year: new data are loaded when they come, and each week what drifted is retrained.

    an object incoming/week=07.csv  → Load: into the lake
    Tuesdays, 6:00 in New York      → Start → week-07: Recent → Look for drift → Choose → … as ``workflow.py``

2013 began on a Tuesday, so its weeks end on Mondays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepfunctions.inputs import ExecutionInput, context, states
from stepfunctions.mlops import Dataset, DriftMonitor, EventField, OnObjectCreated, Schedule
from stepfunctions.steps import Catch, ChoiceRule, GlueStartJobRunStep, ItemReader, LambdaStep, Succeed, nested_workflow
from stepfunctions.template import FleetRetrainingPipeline
from stepfunctions.workflow import Workflow
from workflow import (
    ITEM,
    NAME,
    RUN,
    Settings,
    better,
    convert,
    deploy,
    evaluate,
    function,
    invoke,
    register,
    train,
)

TRAINING_WEEKS = 13
INCOMING = "incoming/"
ON_TUESDAYS = Schedule(
    "cron(0 6 ? * TUE *)",
    timezone="America/New_York",
    input={"Time": "<aws.scheduler.scheduled-time>"},
)


@dataclass(frozen=True)
class Weekly:
    """The three workflows of an account, and the monitor of the last one."""

    load: Workflow
    start: Workflow
    retrain: Workflow
    monitor: DriftMonitor


def build(settings: Settings, client: Any = None) -> Weekly:
    """The workflows; ``client`` is a boto3 Step Functions client."""
    recent = function("Recent", "recent", RUN, ("Data", "Flights"))
    monitor = DriftMonitor(
        "delays",
        source=Dataset(uri=recent.output()["Recent"]["Data"], by="route"),
        baseline=settings.uri("drift/baselines"),
        output=settings.uri("drift/reports"),
        role=settings.role("sagemaker"),
        image=settings.training_image,
        namespace="FlightDelays",
    )
    retrain = _retrain(settings, recent, monitor, client)
    return Weekly(_load(settings, client), _start(settings, client), retrain, monitor)


def new_data(settings: Settings) -> OnObjectCreated:
    """What starts ``load``."""
    key = EventField("$.detail.object.key")
    return OnObjectCreated(settings.bucket, prefix=INCOMING, suffix=".csv", input={"Key": key})


def _load(settings: Settings, client: Any) -> Workflow:
    given = ExecutionInput(schema={"Key": str})
    job = {"JobName": f"{NAME}-extract", "Arguments": {"--bucket": settings.bucket, "--key": given["Key"]}}
    step = GlueStartJobRunStep("Load", parameters=job)
    return Workflow(f"{NAME}-load", step, settings.role("workflow"), execution_input=given, client=client)


def _start(settings: Settings, client: Any) -> Workflow:
    """Tell the week by the time, and start its execution; its name makes a second one of this week impossible."""
    year = "$toMillis($substring($states.input.Time, 0, 4) & '-01-01T05:00:00Z')"
    week = f"$floor(($toMillis($states.input.Time) - {year}) / 604800000)"
    step = nested_workflow(
        "Start the week",
        f"arn:aws:states:{settings.region}:{settings.account}:stateMachine:{NAME}-weekly",
        {"Week": f"{{% {week} %}}"},
        wait=False,
        name=f"{{% 'week-' & $formatNumber({week}, '00') %}}",
        query_language="JSONata",
        catch=Catch(Succeed("It was started before"), error_equals=["StepFunctions.ExecutionAlreadyExistsException"]),
    )
    return Workflow(f"{NAME}-start", step, settings.role("workflow"), client=client, query_language="JSONata")


def _retrain(settings: Settings, recent: LambdaStep, monitor: DriftMonitor, client: Any) -> Workflow:
    drifted = {**RUN, "Drifted": monitor.place("drifted.jsonl")}
    choose = function("Choose", "choose", drifted, ("Eligible", "Due", "DueKey", "Reasons"), at="Prepare")
    trained = states.format(f"{settings.uri('trained')}/{{}}/", context.execution.name)
    keep = monitor.baseline_step("Keep what they were trained on", trained, result_path=None)
    report = {**RUN, "Status": "SUCCEEDED", "Prepare.$": "$.Prepare", "Routes.$": "$.Routes"}
    return FleetRetrainingPipeline(
        f"{NAME}-weekly",
        settings.role("workflow"),
        select=recent >> monitor.step(result_path="$.Drift") >> choose,
        nothing_due=ChoiceRule.NumericEquals("$.Prepare.Due", 0),
        prepare=convert(settings, weeks=TRAINING_WEEKS),
        items=ItemReader.jsonl(settings.bucket, choose.output()["Prepare"]["DueKey"]),
        item={**RUN, **{f"{name}.$": f"$$.Map.Item.Value.{name}" for name in ITEM}},
        train=train(settings),
        evaluate=evaluate(),
        better=better(),
        register=register("Promote", "promote"),
        keep=register("Keep", "keep"),
        deploy=keep >> deploy(settings),
        on_success=LambdaStep("HandleSuccess", parameters=invoke("notify", report), output_path="$.Payload"),
        on_failure=LambdaStep(
            "HandleFailed", parameters=invoke("notify", {**RUN, "Status": "FAILED", "Error.$": "$.Error"})
        ),
        max_concurrency=settings.max_concurrency,
        tolerated_failure_percentage=5,
        result_path="$.Routes",
        execution_input=ExecutionInput(schema={"Week": int}),
        comment="Retrain the delay models of the routes whose delays drifted, and deploy what won.",
        timeout_seconds=3 * 3600,
        client=client,
    ).workflow
