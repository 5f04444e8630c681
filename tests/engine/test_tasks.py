"""Task: events, retry, catch, timeouts, heartbeats, callbacks."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.engine.messages import (
    CancelTask,
    RunTask,
    SetTimer,
    Started,
    Stopped,
    TaskFailed,
    TaskHeartbeat,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.program import CompiledRetrier
from stepfunctions.engine.retry import delay
from stepfunctions.engine.tokens import make_token, read_token

INVOKE = "arn:aws:states:::lambda:invoke"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def task(**fields: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": INVOKE, "End": True, **fields}
    caught = {"Caught": {"Type": "Pass", "End": True}} if "Catch" in fields else {}
    return {"StartAt": "T", "States": {"T": state, **caught}}


def test_request_response_events(drive: Any, answers: Any) -> None:
    run = drive(
        task(Parameters={"FunctionName": "f", "Payload.$": "$.p"}, TimeoutSeconds=600),
        {"p": 1},
        script={"T": [answers.ok({"StatusCode": 200})]},
    ).run()
    where = {"resourceType": "lambda", "resource": "invoke"}
    assert run.chain() == [
        (0, "ExecutionStarted"),
        (0, "TaskStateEntered"),
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskSucceeded"),
        (5, "TaskStateExited"),
        (6, "ExecutionSucceeded"),
    ]
    assert run.find("TaskScheduled") == {
        **where,
        "region": "us-east-1",
        "parameters": '{"FunctionName":"f","Payload":1}',
        "timeoutInSeconds": 600,
    }
    assert run.find("TaskStarted") == where
    assert run.find("TaskSucceeded") == {**where, "output": '{"StatusCode":200}', "outputDetails": {"truncated": False}}


def test_run_a_job_events(drive: Any, answers: Any) -> None:
    run = drive(
        task(Resource="arn:aws:states:::sagemaker:createTrainingJob.sync", Parameters={"A": 1}),
        script={"T": [answers.ok({"TrainingJobStatus": "Completed"}, submit={"TrainingJobArn": "a"})]},
    ).run()
    assert run.types()[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert run.find("TaskSubmitted") == {
        "resourceType": "sagemaker",
        "resource": "createTrainingJob.sync",
        "output": '{"TrainingJobArn":"a"}',
        "outputDetails": {"truncated": False},
    }


def test_each_attempt_submits_its_own_job(drive: Any, answers: Any) -> None:
    definition = task(
        Resource="arn:aws:states:::glue:startJobRun.sync",
        Parameters={},
        TimeoutSeconds=5,
        Retry=[{"ErrorEquals": ["States.Timeout"]}],
    )
    run = drive(definition)
    run.send(Started())
    for attempt in run.tasks.values():
        run.send(TaskSubmitted(attempt.branch, attempt.attempt, Document({"JobRunId": 1})))
        run.send(TaskSubmitted(attempt.branch, attempt.attempt, Document({"JobRunId": 1})))
    run.tick()
    run.tick()
    (attempt,) = run.tasks.values()
    run.send(TaskSubmitted(attempt.branch, attempt.attempt, Document({"JobRunId": 2})))
    assert run.types()[2:] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskTimedOut",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
    ]


@pytest.mark.parametrize(
    ("resource", "service", "action"),
    [
        ("arn:aws:states:::aws-sdk:sagemaker:createModel", "aws-sdk:sagemaker", "createModel"),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution.sync:2"),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "sqs", "sendMessage.waitForTaskToken"),
    ],
)
def test_how_events_name_the_resource(drive: Any, resource: str, service: str, action: str) -> None:
    run = drive(task(Resource=resource, Parameters={})).run()
    details = run.find("TaskStarted")
    assert details == {"resourceType": service, "resource": action}


def test_bare_function_events(drive: Any, answers: Any) -> None:
    run = drive(
        task(Resource=FUNCTION, TimeoutSeconds=5, HeartbeatSeconds=3), {"k": 1}, script={"T": [answers.ok([1])]}
    ).run()
    assert run.types()[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
    assert run.find("LambdaFunctionScheduled") == {
        "resource": FUNCTION,
        "input": '{"k":1}',
        "inputDetails": {"truncated": False},
        "timeoutInSeconds": 5,
    }
    assert "lambdaFunctionStartedEventDetails" not in run.history()[3]
    assert run.output == [1]


def test_bare_function_failure(drive: Any, answers: Any) -> None:
    run = drive(task(Resource=FUNCTION), script={"T": [answers.fails("ValueError", '{"errorMessage":"x"}')]}).run()
    assert run.find("LambdaFunctionFailed") == {"error": "ValueError", "cause": '{"errorMessage":"x"}'}
    assert run.chain()[-1] == (5, "ExecutionFailed")
    assert (run.execution.error, run.execution.cause) == ("ValueError", '{"errorMessage":"x"}')


@pytest.mark.parametrize(
    ("phase", "kind"), [("run", "TaskFailed"), ("submit", "TaskSubmitFailed"), ("start", "TaskStartFailed")]
)
def test_where_a_task_failed(drive: Any, answers: Any, phase: str, kind: str) -> None:
    run = drive(task(), script={"T": [answers.fails("Boom", "c", phase)]}).run()
    assert run.find(kind) == {"resourceType": "lambda", "resource": "invoke", "error": "Boom", "cause": "c"}


def test_result_selector_result_path_output_path(drive: Any, answers: Any) -> None:
    run = drive(
        task(
            InputPath="$.in",
            Parameters={"q.$": "$.x"},
            ResultSelector={"id.$": "$.Job.Id"},
            ResultPath="$.job",
            OutputPath="$['keep', 'job']",
        ),
        {"in": {"x": 1}, "keep": True},
        script={"T": [answers.ok({"Job": {"Id": 7}, "Noise": 1})]},
    ).run()
    assert run.output == {"keep": True, "job": {"id": 7}}
    assert run.all_commands(RunTask)[0].arguments.value == {"q": 1}


def test_credentials(drive: Any) -> None:
    run = drive(task(Credentials={"RoleArn.$": "$.role"}), {"role": "arn:x"}).run()
    assert run.find("TaskScheduled")["taskCredentials"] == {"roleArn": "arn:x"}
    assert run.all_commands(RunTask)[0].credentials == {"RoleArn": "arn:x"}


# --- retry ----------------------------------------------------------------------------------------------


def retry(*retriers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return task(Retry=list(retriers), **fields)


def waits(run: Any) -> list[float]:
    """The delays of the retries."""
    sets = [command for command in run.all_commands(SetTimer) if command.kind is TimerKind.RETRY]
    now, delays = run.events[0].timestamp, []
    for command in sets:
        delays.append(command.due - now)
        now = command.due
    return delays


def test_retry_backs_off_then_gives_up(drive: Any, answers: Any) -> None:
    run = drive(
        retry({"ErrorEquals": ["Boom"], "IntervalSeconds": 15, "BackoffRate": 4.0, "MaxAttempts": 2}),
        script={"T": [answers.fails("Boom")]},
    ).run()
    assert waits(run) == [15, 60]
    assert run.status == "FAILED"
    assert run.chain()[2:] == [
        (2, "TaskScheduled"),
        (3, "TaskStarted"),
        (4, "TaskFailed"),
        (5, "TaskScheduled"),
        (6, "TaskStarted"),
        (7, "TaskFailed"),
        (8, "TaskScheduled"),
        (9, "TaskStarted"),
        (10, "TaskFailed"),
        (11, "ExecutionFailed"),
    ]


def test_retry_defaults_and_the_retry_count_of_the_context(drive: Any, answers: Any) -> None:
    run = drive(
        retry({"ErrorEquals": ["States.ALL"]}, Parameters={"n.$": "$$.State.RetryCount"}),
        script={"T": [answers.fails("A"), answers.fails("B"), answers.fails("C"), answers.ok("done")]},
    ).run()
    assert waits(run) == [1, 2, 4]
    assert [command.arguments.value for command in run.all_commands(RunTask)] == [
        {"n": 0},
        {"n": 1},
        {"n": 2},
        {"n": 3},
    ]
    assert run.output == "done"


def test_max_delay_caps_and_huge_rates_do_not_overflow(drive: Any, answers: Any) -> None:
    run = drive(
        retry(
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 10,
                "BackoffRate": 1e300,
                "MaxDelaySeconds": 25,
                "MaxAttempts": 4,
            }
        ),
        script={"T": [answers.fails("A")]},
    ).run()
    assert waits(run) == [10, 25, 25, 25]


def test_full_jitter_is_within_the_delay_and_the_same_in_a_replay(drive: Any, answers: Any) -> None:
    def delays() -> list[float]:
        return waits(
            drive(
                retry(
                    {
                        "ErrorEquals": ["States.ALL"],
                        "IntervalSeconds": 100,
                        "BackoffRate": 1,
                        "MaxAttempts": 5,
                        "JitterStrategy": "FULL",
                    }
                ),
                script={"T": [answers.fails("A")]},
            ).run()
        )

    first = delays()
    assert len(set(first)) == 5
    assert all(0 <= delay <= 100 for delay in first)
    assert delays() == first


@pytest.mark.parametrize("rate", [2, 10**400, 1e308])
def test_whole_and_huge_rates_are_no_big_numbers(rate: float) -> None:
    retrier = CompiledRetrier(("E",), interval=3, max_attempts=99_999_999, rate=rate, max_delay=60, jitter=False)
    assert delay(retrier, 50_000_000, Random(1)) == 60


@pytest.mark.parametrize("field", ["TimeoutSeconds", "HeartbeatSeconds"])
@pytest.mark.parametrize("seconds", [0, 100_000_000, 10**400])
def test_seconds_of_a_task_out_of_bounds(drive: Any, field: str, seconds: int) -> None:
    run = drive(task(**{f"{field}Path": "$.s"}), {"s": seconds}).run()
    assert run.execution.error == "States.Runtime"
    assert f"{field} " in run.execution.cause
    assert not run.tasks


def test_what_a_catcher_does_wrong_is_not_caught_or_retried(drive: Any, answers: Any) -> None:
    run = drive(
        task(
            Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            Catch=[
                {"ErrorEquals": ["E"], "ResultPath": "$.text.place", "Next": "Caught"},
                {"ErrorEquals": ["States.ALL"], "Next": "Caught"},
            ],
        ),
        {"text": "no object"},
        {"T": [answers.fails("E")]},
    ).run()
    assert (run.status, run.execution.error) == ("FAILED", "States.ReferencePathConflict")
    assert run.types().count("TaskScheduled") == 2


def test_each_retrier_keeps_its_own_count_and_the_first_match_decides(drive: Any, answers: Any) -> None:
    run = drive(
        retry(
            {"ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 1},
            {"ErrorEquals": ["B"], "IntervalSeconds": 5, "MaxAttempts": 1},
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 50, "MaxAttempts": 9},
        ),
        script={"T": [answers.fails("A"), answers.fails("B"), answers.fails("C"), answers.fails("A")]},
    ).run()
    assert waits(run) == [1, 5, 50], "the used-up first retrier is not passed over"
    assert run.execution.error == "A"


def test_counts_begin_anew_at_the_next_visit(drive: Any, answers: Any) -> None:
    definition = {
        "StartAt": "T",
        "States": {
            "T": {
                "Type": "Task",
                "Resource": INVOKE,
                "Next": "Again",
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Again"}],
                "Retry": [{"ErrorEquals": ["A"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            },
            "Again": {
                "Type": "Choice",
                "Default": "T",
                "Choices": [{"Variable": "$$.Execution.Input.never", "IsPresent": True, "Next": "T"}],
            },
        },
    }
    run = drive(definition, script={"T": [answers.fails("A"), answers.fails("A"), answers.fails("A"), answers.silent]})
    run.run()
    assert len(waits(run)) == 2, "one in each visit"


@pytest.mark.parametrize(
    ("equals", "error", "retried"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.Runtime"], "States.Runtime", False),
        (["States.TaskFailed"], "Anything", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.Timeout", True),
        (["Other"], "Anything", False),
        (["Other", "Anything"], "Anything", True),
    ],
)
def test_what_error_equals_matches(drive: Any, answers: Any, equals: list[str], error: str, retried: bool) -> None:
    run = drive(retry({"ErrorEquals": equals}), script={"T": [answers.fails(error), answers.ok()]}).run()
    assert (run.status == "SUCCEEDED") is retried


# --- catch ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"Error": "Boom", "Cause": "why"}),
        ({"ResultPath": "$.error"}, {"a": 1, "error": {"Error": "Boom", "Cause": "why"}}),
        ({"ResultPath": None}, {"a": 1}),
    ],
)
def test_catch(drive: Any, answers: Any, fields: dict[str, Any], expected: Any) -> None:
    run = drive(
        task(Catch=[{"ErrorEquals": ["Boom"], "Next": "Caught", **fields}]),
        {"a": 1},
        script={"T": [answers.fails("Boom", "why")]},
    ).run()
    assert run.output == expected
    assert run.chain()[4:8] == [
        (4, "TaskFailed"),
        (5, "TaskStateExited"),
        (6, "PassStateEntered"),
        (7, "PassStateExited"),
    ]


def test_catch_comes_after_retry(drive: Any, answers: Any) -> None:
    run = drive(
        retry(
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
        ),
        script={"T": [answers.fails("Boom")]},
    ).run()
    assert run.types().count("TaskFailed") == 2
    assert run.status == "SUCCEEDED"


def test_catch_assigns_and_not_the_state(drive: Any, answers: Any) -> None:
    definition = task(
        Assign={"v": "state"}, Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"v.$": "$.Error"}, "Next": "Caught"}]
    )
    definition["States"]["Caught"]["InputPath"] = "$v"
    assert drive(definition, script={"T": [answers.fails("Boom")]}).run().output == "Boom"


def test_a_runtime_error_in_the_result_is_never_caught(drive: Any) -> None:
    run = drive(
        task(
            ResultSelector={"x.$": "$.missing"},
            Retry=[{"ErrorEquals": ["States.ALL"]}],
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        )
    ).run()
    assert run.execution.error == "States.Runtime"
    assert run.types()[-2:] == ["TaskSucceeded", "ExecutionFailed"]


def test_a_result_over_256_kib(drive: Any, answers: Any) -> None:
    run = drive(
        task(Catch=[{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}]),
        script={"T": [answers.ok("ä" * 140_000)]},
    ).run()
    cause = "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit."
    assert run.find("TaskFailed") == {
        "resourceType": "lambda",
        "resource": "invoke",
        "error": "States.DataLimitExceeded",
        "cause": cause,
    }
    assert run.output == {"Error": "States.DataLimitExceeded", "Cause": cause}


# --- timeouts and tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"TimeoutSeconds": 5}, {"TimeoutSecondsPath": "$.t"}])
def test_timeout(drive: Any, answers: Any, fields: dict[str, Any]) -> None:
    run = drive(task(**fields), {"t": 5}, script={"T": [answers.silent]}).run()
    assert run.chain()[4:] == [(4, "TaskTimedOut"), (5, "ExecutionFailed")]
    assert run.find("TaskTimedOut") == {"resourceType": "lambda", "resource": "invoke", "error": "States.Timeout"}
    assert run.history()[-1]["executionFailedEventDetails"] == {"error": "States.Timeout"}
    assert len(run.all_commands(CancelTask)) == 1
    assert run.events[-1].timestamp == run.events[0].timestamp + 5


def test_a_finished_task_stops_its_timers(drive: Any) -> None:
    run = drive(task(TimeoutSeconds=5, HeartbeatSeconds=2)).run()
    assert run.status == "SUCCEEDED"
    assert not run.timers


WAIT_FOR_TOKEN = task(
    Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    HeartbeatSeconds=10,
    TimeoutSeconds=600,
    Parameters={"MessageBody": {"TaskToken.$": "$$.Task.Token"}, "QueueUrl": "q"},
    Retry=[{"ErrorEquals": ["Nothing"]}],
)


def test_the_token_names_the_wait(drive: Any) -> None:
    run = drive(WAIT_FOR_TOKEN)
    run.send(Started())
    (command,) = run.all_commands(RunTask)
    assert command.arguments.value["MessageBody"]["TaskToken"] == command.token
    assert read_token(command.token) == (run.execution.arn, command.branch, command.attempt)
    run.send(TaskSucceeded(command.branch, command.attempt, run.execution.input))
    assert run.status == "SUCCEEDED"


@pytest.mark.parametrize("token", ["", "AAAA", "!!", make_token("a", 1, 2)[:-4] + "????", "ä"])
def test_a_foreign_token_is_refused(token: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its text
        read_token(token)


@pytest.mark.parametrize(
    ("equals", "caught"),
    [("States.HeartbeatTimeout", True), ("States.Timeout", True), ("States.TaskFailed", False), ("States.ALL", True)],
)
def test_a_missed_heartbeat(drive: Any, answers: Any, equals: str, caught: bool) -> None:
    definition = task(**{**WAIT_FOR_TOKEN["States"]["T"], "Catch": [{"ErrorEquals": [equals], "Next": "Caught"}]})
    run = drive(definition, script={"T": [answers.silent]}).run()
    assert run.find("TaskTimedOut")["error"] == "States.Timeout"
    assert (run.output == {"Error": "States.Timeout", "Cause": ""}) is caught


def test_a_heartbeat_starts_its_timer_anew(drive: Any, answers: Any) -> None:
    run = drive(WAIT_FOR_TOKEN, script={"T": [answers.silent]})
    run.send(Started())
    (command,) = run.all_commands(RunTask)
    run.now += 8
    run.send(TaskHeartbeat(command.branch, command.attempt))
    assert run.timers[command.branch, TimerKind.HEARTBEAT].due == run.now + 10
    assert run.timers[command.branch, TimerKind.TIMEOUT].due == run.now + 592


def test_late_and_duplicate_outcomes_are_ignored(drive: Any, answers: Any) -> None:
    run = drive(retry({"ErrorEquals": ["States.ALL"]}), script={"T": [answers.fails("A"), answers.ok(1)]})
    run.repeats = True
    run.run()
    assert run.output == 1
    assert run.types().count("TaskSucceeded") == 1


def test_an_outcome_of_an_older_attempt_is_ignored(drive: Any) -> None:
    run = drive(retry({"ErrorEquals": ["States.ALL"]}))
    run.send(Started())
    run.send(TaskFailed(1, 1, "A", ""))
    before = len(run.events)
    run.send(TaskSucceeded(1, 1, run.execution.input))
    run.send(TimerFired(1, 1, TimerKind.RETRY))
    run.send(TaskSucceeded(9, 1, run.execution.input))
    assert len(run.events) == before


def test_stop_cancels_what_runs(drive: Any) -> None:
    run = drive(task(TimeoutSeconds=100))
    run.send(Started())
    run.send(Stopped("E", "C"))
    assert run.find("ExecutionAborted") == {"error": "E", "cause": "C"}
    assert len(run.all_commands(CancelTask)) == 1
    assert not run.timers
    assert len(run.rows) == 1, "a redrive needs it"
    assert run.execution.stopped_at == run.now


def test_the_execution_times_out(drive: Any, answers: Any) -> None:
    definition = {**task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]), "TimeoutSeconds": 30}
    run = drive(definition, script={"T": [answers.silent]}).run()
    assert run.status == "TIMED_OUT"
    assert run.types()[-1] == "ExecutionTimedOut"
    assert run.history()[-1]["executionTimedOutEventDetails"] == {"error": "States.Timeout"}
    assert (run.execution.error, run.execution.cause) == (None, None)
    assert len(run.all_commands(CancelTask)) == 1


def test_values_of_chance_are_the_same_in_a_replay_and_differ_between_retries(drive: Any, answers: Any) -> None:
    definition = retry({"ErrorEquals": ["States.ALL"]}, Parameters={"a.$": "States.UUID()", "b.$": "States.UUID()"})

    def drawn() -> list[Any]:
        run = drive(definition, script={"T": [answers.fails("A"), answers.ok(1)]}).run()
        return [command.arguments.value for command in run.all_commands(RunTask)]

    first = drawn()
    assert drawn() == first
    assert len({value for arguments in first for value in arguments.values()}) == 4


def test_an_activity(drive: Any, answers: Any) -> None:
    run = drive(
        task(Resource="arn:aws:states:us-east-1:123456789012:activity:a", HeartbeatSeconds=60),
        {"x": 1},
        script={"T": [answers.ok("done", submit={})]},
    ).run()
    assert run.types()[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert run.find("ActivityScheduled") == {
        "resource": "arn:aws:states:us-east-1:123456789012:activity:a",
        "input": '{"x":1}',
        "inputDetails": {"truncated": False},
        "heartbeatInSeconds": 60,
    }
