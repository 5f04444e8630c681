"""A program of every kind that the type checker must let through: see test_typing.py."""

from __future__ import annotations

from datetime import datetime, timezone

from stepfunctions.inputs import (
    ExecutionInput,
    MapItem,
    StepInput,
    context,
    error,
    jsonata,
    result,
    states,
    variable,
)
from stepfunctions.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    Flow,
    Graph,
    ItemReader,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    ResultWriter,
    Retry,
    Succeed,
    Task,
    Wait,
    prefixed,
)
from stepfunctions.workflow import Workflow

given = ExecutionInput(schema={"week": int, "bucket": str, "when": datetime})
retry = Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0)
failed = Fail("Failed", error="E", cause=states.format("{}", error["Cause"]))

# As programs for 2.3.0 write it.
load = LambdaStep(
    "Load",
    parameters={"FunctionName": "load", "Payload": {"week": given["week"], "list": [given["bucket"], 1]}},
    retry=retry,
    catch=Catch(failed, error_equals=["States.ALL"], result_path="$.error"),
)
load.add_retry([retry])
load.next(Pass("Between")).next(Succeed("Done"))
choice = Choice("Good enough?")
choice.add_choice(ChoiceRule.NumericGreaterThanEquals(load.output()["accuracy"], 0.9), Succeed("Good"))
choice.add_choice(
    ChoiceRule.And([ChoiceRule.IsPresent("$.x", True), ChoiceRule.Not(ChoiceRule.IsNull("$.x", True))]), load
)
choice.default_choice(failed)
chain: Chain = Chain([Pass("first", result={"a": 1}), load])
graph = Graph(chain, timeout_seconds=3600, comment="c")
assert graph.contains(load)

# And in today's style.
train = Task(
    "Train",
    resource="arn:aws:states:::sagemaker:createTrainingJob.sync",
    arguments={"TrainingJobName": states.format("{}-{}", context.execution.name, given["week"])},
    timeout_seconds=variable("limit", int) * 60,
    output={"accuracy": result["Metrics"][0], "good": result["Metrics"][0] >= 0.9},
    assign={"model": result["ModelArtifacts"]},
)
enough = (train.output()["accuracy"] >= 0.9) & ~train.output()["dry_run"] | (given["when"] < datetime.now(timezone.utc))
each = Map(
    "Each",
    item_selector={"route": MapItem()["route"], "n": MapItem().index},
    item_processor=Pass("One") >> Wait("W", seconds=1),
    item_reader=ItemReader.jsonl(given["bucket"], "routes.jsonl", max_items=10),
    result_writer=ResultWriter.to_s3("bucket", "results"),
    max_concurrency=given["n"],
    tolerated_failure_percentage=5,
    distributed=True,
)
both = Parallel("Both", branches=[each, chain, Pass("x") >> Pass("y"), Graph(Pass("z"))])
flow: Flow = train >> Choice("Enough?").when(enough, each, assign={"x": 1}).otherwise(failed) >> both
copied: Flow = flow.prefixed("west ") >> prefixed(Pass("p"), "east ")
workflow = Workflow("name", flow, role="arn", query_language="JSONata")
text: str = workflow.definition.to_json(pretty=True)
length = states.array_length(StepInput()["rows"]) + 1
total: int = len(text) + graph.to_dict()["TimeoutSeconds"]
again = Choice("Again?").when(jsonata("$count($states.input.rows) > 3"), train) >> Succeed("End")
keywords = ChoiceRule.NumericGreaterThan(variable="$.mae", value=12.5)
