"""RetrainingPipeline: what it is made of, and what it does when things go well and when they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.faults_of import faults_of

from stepfunctions.errors import StateFailed
from stepfunctions.inputs import ExecutionInput
from stepfunctions.mlops import DeployModelStep
from stepfunctions.steps import (
    Catch,
    Chain,
    ChoiceRule,
    Fail,
    GlueStartJobRunStep,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    TrainingStep,
    lambda_function,
)
from stepfunctions.template import RetrainingPipeline

ROLE = "arn:aws:iam::123456789012:role/any"
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"
STAGES = ("extract", "prepare", "register", "keep", "deploy")


def pipeline(**more: Any) -> RetrainingPipeline:
    stages: dict[str, Any] = {name: name for name in (*STAGES, "train", "evaluate")}
    return RetrainingPipeline("retrain", ROLE, **{**stages, "notify": "tell", **more})


def noting(seen: list[Any], answer: Any) -> Callable[[Any], Any]:
    """Return a mock that notes what it is asked and gives an answer."""

    def mock(request: Any) -> Any:
        seen.append(request)
        return answer

    return mock


class Functions:
    """The functions that the stages call; ``called`` has their names in order, ``told`` what was told."""

    def __init__(self, **answers: Any) -> None:
        self.called: list[str] = []
        self.told: list[Any] = []
        usual: dict[str, Any] = {name: {"by": name} for name in (*STAGES, "train")}
        usual["evaluate"] = {"Better": True, "accuracy": 0.9}
        usual["tell"] = self.told.append
        self.mocks = {name: self._noting(name, answer) for name, answer in {**usual, **answers}.items()}

    def _noting(self, name: str, answer: Any) -> Any:
        def mock(event: Any) -> Any:
            self.called.append(name)
            if isinstance(answer, Exception):
                raise answer
            return answer(event) if callable(answer) else answer

        return mock

    def run(self, made: RetrainingPipeline, given: Any = None) -> Any:
        return made.workflow.run({"week": 1} if given is None else given, mocks=self.mocks)


def states(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("Iterator"), state.get("ItemProcessor")])):
            yield from states(inner)


def test_a_better_model_is_registered_and_deployed() -> None:
    functions = Functions()
    execution = functions.run(pipeline())
    assert functions.called == ["extract", "prepare", "train", "evaluate", "register", "deploy", "tell"]
    names = ["Extract", "Prepare", "Train", "Evaluate", "Register", "Deploy"]
    output = execution.get_output()
    assert list(output) == ["week", *names]
    assert output["Train"] == {"by": "train"}
    assert functions.told[0]["Status"] == "SUCCEEDED"
    assert functions.told[0]["Result"] == output
    assert functions.told[0]["Input"] == {"week": 1}


def test_a_model_that_is_not_better_is_not() -> None:
    functions = Functions(evaluate={"Better": False})
    assert functions.run(pipeline()).get_output()["Keep"] == {"by": "keep"}
    assert functions.called == ["extract", "prepare", "train", "evaluate", "keep", "tell"]


def test_only_training_and_evaluation_have_to_be_given() -> None:
    functions = Functions()
    made = RetrainingPipeline("retrain", ROLE, train="train", evaluate="evaluate")
    assert faults_of(made.definition.to_dict()) == []
    assert functions.run(made).status == "SUCCEEDED"
    assert functions.called == ["train", "evaluate"]
    with pytest.raises(TypeError, match="evaluate"):
        RetrainingPipeline("retrain", ROLE, train="train")  # type: ignore[call-arg]


@pytest.mark.parametrize("broken", [*STAGES, "train", "evaluate"])
def test_a_stage_that_keeps_failing_is_told_and_fails_the_execution(broken: str) -> None:
    answers: dict[str, Any] = {broken: StateFailed("Some.Error", "no luck")}
    if broken == "keep":
        answers["evaluate"] = {"Better": False}
    functions = Functions(**answers)
    result = functions.run(pipeline()).describe()
    assert (result["status"], result["error"], result["cause"]) == ("FAILED", "Some.Error", "no luck")
    assert functions.called.count(broken) == 3
    (told,) = functions.told
    assert (told["Status"], told["Error"]) == ("FAILED", {"Error": "Some.Error", "Cause": "no luck"})


def test_a_failure_that_cannot_be_told_is_still_that_failure() -> None:
    functions = Functions(train=StateFailed("First", "1"), tell=StateFailed("Second", "2"))
    result = functions.run(pipeline()).describe()
    assert (result["status"], result["error"]) == ("FAILED", "First")


def test_a_success_that_cannot_be_told_is_a_failure_that_cannot_be_told() -> None:
    functions = Functions(tell=StateFailed("Second", "2"))
    result = functions.run(pipeline()).describe()
    assert (result["status"], result["error"]) == ("FAILED", "Second")


def test_nothing_is_wrong_with_the_definition_and_every_task_is_guarded() -> None:
    definition = pipeline(notify=TOPIC).definition.to_dict()
    assert faults_of(definition) == []
    tasks = {name: state for name, state in states(definition) if state["Type"] == "Task"}
    assert len(tasks) == 9
    for name, task in tasks.items():
        assert task["Retry"][-1] == {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 15,
            "BackoffRate": 4.0,
            "MaxAttempts": 2,
        }
        target = "Failed" if name == "Notify failure" else "Notify failure"
        assert [(catch["ErrorEquals"], catch["Next"]) for catch in task["Catch"]] == [(["States.ALL"], target)]


def test_a_topic_is_sent_a_message() -> None:
    sent: list[Any] = []
    functions = Functions()
    functions.mocks |= {"Notify success": noting(sent, {})}
    assert functions.run(pipeline(notify=TOPIC)).status == "SUCCEEDED"
    assert sent[0]["TopicArn"] == TOPIC
    assert sent[0]["Message"]["Status"] == "SUCCEEDED"


def test_python_functions_are_stages() -> None:
    @lambda_function
    def fit(week: int) -> dict[str, Any]:
        return {"model": f"week {week}"}

    @lambda_function
    def score(Train: dict[str, Any], limit: float = 0.5) -> dict[str, Any]:  # noqa: N803 - the name of the stage
        return {"Better": Train["model"] == "week 7"}

    heard: list[Any] = []

    @lambda_function
    def hear(event: Any, context: Any) -> None:
        heard.append(event["Status"])

    made = RetrainingPipeline("retrain", ROLE, train=fit, evaluate=score, notify=hear)
    execution = made.workflow.run({"week": 7})
    assert execution.get_output()["Evaluate"] == {"Better": True}
    assert heard == ["SUCCEEDED"]
    assert {item.name for step in made.workflow.definition.states.values() for item in _declared(step)} == {
        "fit",
        "score",
        "hear",
    }


def _declared(step: Any) -> Any:
    return step.declared() if hasattr(step, "declared") else []


def test_a_function_without_decorator_says_how_to_write_it() -> None:
    def fit() -> None: ...

    with pytest.raises(TypeError, match=r"Train: give a step.*Put @lambda_function above its def"):
        RetrainingPipeline("retrain", ROLE, train=fit, evaluate="evaluate")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Extract: give a step.*not int"):
        pipeline(extract=5)


def test_steps_chains_and_flows_are_stages_and_stay_as_they_are() -> None:
    extract = GlueStartJobRunStep("Pull", parameters={"JobName": "pull"}, result_path=None)
    prepare = Chain([Pass("one", result={"a": 1}, result_path="$.one"), Pass("two")])
    train = LambdaStep("Fit", parameters={"FunctionName": "fit"}, result_path="$.Fit")
    evaluate = LambdaStep(
        "Score",
        parameters={"FunctionName": "score", "Payload": {"model": train.output()["Fit"]["Payload"]["model"]}},
        result_selector={"accuracy.$": "$.Payload.accuracy"},
        result_path="$.Score",
    )
    before = [step.to_dict() for step in (extract, train, evaluate)]
    made = pipeline(
        extract=extract,
        prepare=prepare,
        train=train,
        evaluate=evaluate,
        better=evaluate.output()["Score"]["accuracy"] > 0.8,
        register=Pass("Note") >> Pass("Sign"),
        keep=None,
        deploy=None,
    )
    assert [step.to_dict() for step in (extract, train, evaluate)] == before
    asked: list[Any] = []
    functions = Functions()
    functions.mocks |= {
        "Pull": {},
        "fit": {"model": "m"},
        "score": noting(asked, {"accuracy": 0.81}),
    }
    assert functions.run(made).status == "SUCCEEDED"
    assert asked == [{"model": "m"}]
    assert faults_of(made.definition.to_dict()) == []


def test_one_step_may_be_in_two_pipelines() -> None:
    train = LambdaStep("Fit", parameters={"FunctionName": "fit"}, result_path="$.Fit")
    one, other = (pipeline(train=train, notify=notify) for notify in ("tell", None))
    assert one.definition.to_dict()["States"]["Fit"]["Catch"][0]["Next"] == "Notify failure"
    assert other.definition.to_dict()["States"]["Fit"]["Catch"][0]["Next"] == "Failed"


def test_what_a_step_says_itself_stays() -> None:
    aside = Succeed("Aside")
    train = LambdaStep(
        "Fit",
        parameters={"FunctionName": "fit"},
        retry=[Retry(error_equals=["A"], max_attempts=1), Retry(error_equals=["States.ALL"], max_attempts=0)],
        catch=[Catch(aside, error_equals=["A"])],
    )
    other = LambdaStep("Score", parameters={"FunctionName": "s"}, catch=Catch(aside, error_equals=["States.ALL"]))
    written = pipeline(train=train, evaluate=other).definition.to_dict()["States"]
    assert [retry["ErrorEquals"] for retry in written["Fit"]["Retry"]] == [["A"], ["States.ALL"]]
    assert [catch["Next"] for catch in written["Fit"]["Catch"]] == ["Aside", "Notify failure"]
    assert [catch["Next"] for catch in written["Score"]["Catch"]] == ["Aside"]
    assert [retry["ErrorEquals"] for retry in written["Score"]["Retry"]] == [["States.ALL"]]


def test_tasks_in_branches_are_retried_and_the_branches_are_caught() -> None:
    inner = LambdaStep("Inner", parameters={"FunctionName": "inner"})
    parallel = Parallel("Both", branches=[inner], result_path=None)
    each = Map("Each", item_processor=LambdaStep("One", parameters={"FunctionName": "one"}), items_path="$.list")
    written = dict(states(pipeline(extract=parallel, prepare=each).definition.to_dict()))
    assert "Catch" not in written["Inner"]
    assert "Catch" not in written["One"]
    assert written["Inner"]["Retry"] == written["One"]["Retry"] == written["Both"]["Retry"]
    assert "Retry" not in written["Each"]
    assert written["Both"]["Catch"][0]["Next"] == written["Each"]["Catch"][0]["Next"] == "Notify failure"


def test_the_retrier_can_be_chosen() -> None:
    written = pipeline(retry=Retry(error_equals=["States.ALL"], max_attempts=1)).definition.to_dict()
    assert written["States"]["Train"]["Retry"][-1] == {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}


def test_steps_may_tell_the_outcome() -> None:
    told: list[str] = []
    made = pipeline(
        notify=None,
        on_success=LambdaStep("HandleSuccess", parameters={"FunctionName": "good"}, output_path="$.Payload"),
        on_failure=LambdaStep("HandleFailed", parameters={"FunctionName": "bad", "Payload": {"e.$": "$.Error"}}),
    )
    functions = Functions()
    functions.mocks |= {"good": {"told": True}, "bad": lambda event: told.append(event["e"]["Error"])}
    assert functions.run(made).get_output() == {"told": True}
    functions = Functions(train=StateFailed("E", "c"))
    functions.mocks |= {"bad": lambda event: told.append(event["e"]["Error"])}
    assert functions.run(made).describe()["error"] == "E"
    assert told == ["E"]


def test_steps_that_tell_a_failure_do_not_lose_it() -> None:
    selected = LambdaStep("Select", parameters={"FunctionName": "bad"}, result_selector={"x.$": "$.Payload.none"})
    told = LambdaStep("HandleFailed", parameters={"FunctionName": "bad"}, output_path="$.Payload")
    made = pipeline(notify=None, on_failure=selected >> told)
    functions = Functions(train=StateFailed("E", "c"))
    functions.mocks |= {"bad": {"anything": 1}}
    result = functions.run(made).describe()
    assert (result["status"], result["error"]) == ("FAILED", "E")
    assert told.output_path == "$.Payload"


def test_the_language_of_a_pipeline_is_its_own() -> None:
    with pytest.raises(ValueError, match="write query_language='JSONata' at the steps that you give"):
        pipeline(query_language="JSONata")


def test_functions_may_tell_the_outcome_in_their_own_way() -> None:
    made = pipeline(notify=None, on_failure="bad")
    functions = Functions(train=StateFailed("E", "c"))
    functions.mocks |= {"bad": {"anything": 1}}
    result = functions.run(made).describe()
    assert (result["status"], result["error"]) == ("FAILED", "E")


def test_the_workflows_own_options() -> None:
    given = ExecutionInput(schema={"week": int})
    made = pipeline(execution_input=given, comment="c", timeout_seconds=60, tags={"a": "b"})
    assert (made.workflow.comment, made.definition.to_dict()["TimeoutSeconds"]) == ("c", 60)
    with pytest.raises(ValueError, match="Expected run input with the schema"):
        made.workflow.run({"week": "x"})
    assert repr(made).startswith("RetrainingPipeline(Workflow(name='retrain'")
    assert made.get_workflow() is made.workflow
    assert "Train" in made.render_graph().svg


def deployed(state: dict[str, Any]) -> tuple[RetrainingPipeline, Functions]:
    """A pipeline that deploys to the endpoint "serving", and everything it calls; the endpoint is in this state."""
    model = {"ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "image", "ModelDataUrl.$": "$.Train.artifact"}}
    deploy = DeployModelStep(
        "Deploy", "serving", model, instance_type="ml.m5.large", poll=2, result_path="$.Deployment"
    )
    functions = Functions(train={"artifact": "s3://b/m.tar.gz"})
    functions.mocks |= {
        "Deploy: create model": lambda request: {"ModelArn": f"arn:aws:sagemaker:us-east-1:1:model/{named(request)}"},
        "Deploy: create configuration": {},
        "Deploy: find the endpoint": {"Endpoints": [{"EndpointName": "serving"}]},
        "Deploy: look at the endpoint": {"EndpointStatus": "InService", "EndpointConfigName": "old"},
        "Deploy: update the endpoint": {},
        "Deploy: describe the endpoint": lambda _: {"EndpointName": "serving", **state},
    }
    return pipeline(extract=None, prepare=None, register=None, keep=None, deploy=deploy), functions


def named(request: dict[str, Any]) -> str:
    assert request["PrimaryContainer"]["ModelDataUrl"] == "s3://b/m.tar.gz"
    return "serving-1"


def test_a_model_is_deployed() -> None:
    made, functions = deployed({"EndpointStatus": "InService", "EndpointConfigName": "serving-1"})
    assert faults_of(made.definition.to_dict()) == []
    result = functions.run(made)
    assert result.status == "SUCCEEDED"
    told = {"EndpointName": "serving", "EndpointConfigName": "serving-1", "ModelName": "serving-1"}
    assert functions.told[0]["Result"]["Deployment"] == told
    deploy = made.definition.to_dict()["States"]["Deploy"]
    assert "Retry" not in deploy
    tasks = [state for state in deploy["Branches"][0]["States"].values() if state["Type"] == "Task"]
    assert {retry["ErrorEquals"][0] for task in tasks for retry in task["Retry"]} == {"States.TaskFailed"}


def test_a_deployment_that_fails_is_told_and_not_begun_again() -> None:
    made, functions = deployed({"EndpointStatus": "InService", "EndpointConfigName": "old"})
    result = functions.run(made).describe()
    assert (result["status"], result["error"]) == ("FAILED", "DeployModel.RolledBack")
    assert result["cause"] == (
        "The endpoint serving is InService on the configuration old, not InService on serving-1."
    )
    assert functions.told[0]["Error"] == {"Error": result["error"], "Cause": result["cause"]}


def test_a_pipeline_that_only_sagemaker_trains() -> None:
    request = {
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/m"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "RoleArn": ROLE,
    }
    made = pipeline(
        train=TrainingStep("Fit", request, result_path="$.Training"),
        better=ChoiceRule.Not(ChoiceRule.IsNull("$.Evaluate.accuracy", True)),
        deploy=Fail("Never", error="E"),
    )
    functions = Functions()
    full = [StateFailed("SageMaker.ResourceLimitExceededException", "all in use")] * 200

    def fit(_: Any) -> Any:
        if full:
            raise full.pop()
        return {"ModelArtifacts": {"S3ModelArtifacts": "s3://b/m/x"}}

    functions.mocks |= {"Fit": fit}
    assert functions.run(made).describe()["error"] == "E"
    assert not full
