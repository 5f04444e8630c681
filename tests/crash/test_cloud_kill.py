"""``kill -9`` of the local cloud while executions fail, are redriven and stopped: what was acknowledged goes on.

The seed is printed; CLOUD_KILL_SEED repeats a run as far as time allows.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from tests.crash.cloud_machines import ACTIVITY, BATCH, BUCKET, GATES, ITEMS, MISSING, REDRIVEN, STOPPED, items
from tests.crash.killable import SECONDS, User, check_history, written

pytestmark = pytest.mark.crash

KILLS = 6


@pytest.mark.timeout(300)
def test_killed_at_random_moments_all_ends_as_if_nothing_had_happened(killable_cloud: Any) -> None:
    seed = int(os.environ.get("CLOUD_KILL_SEED") or random.SystemRandom().randrange(10**6))
    chance = random.Random(seed)
    print(f"CLOUD_KILL_SEED={seed}")
    user = User(killable_cloud, BUCKET)
    user.s3.create_bucket(Bucket=BUCKET)
    user.put("items.jsonl", "".join(f"{json.dumps(item)}\n" for item in items()))
    user.ask(lambda: user.states.create_activity(name="ask"))
    names = ("one", "two")
    for gate in (f"gates/{name}/{gate}" for name in names for gate in GATES if gate not in MISSING):
        user.put(gate)
    halfway = threading.Event()
    try:
        user.beside(lambda: answer_activity(user))
        user.beside(lambda: answer_callbacks(user))
        redriven = [user.start(user.create(name, REDRIVEN), name, {}) for name in names]
        stopped = user.start(user.create("stopped", STOPPED), "stopped", {})
        user.beside(lambda: redrive(user, redriven))
        user.beside(lambda: stop(user, stopped, halfway))
        for number in range(KILLS):
            time.sleep(chance.uniform(0, 1.5))  # nothing is waited for: the moment is random
            if number == KILLS - 1:
                assert halfway.wait(SECONDS)  # the last one: while the results of what was stopped are written
                time.sleep(chance.uniform(0, 0.03))
            killable_cloud.kill(everything=False)
            killable_cloud.start()
        deadline = time.monotonic() + SECONDS
        while not ended(user, [*redriven, stopped]):
            assert not user.faults, user.faults
            assert time.monotonic() < deadline, [user.described(arn) for arn in (*redriven, stopped)]
            time.sleep(0.1)
        assert not user.faults, user.faults
    finally:
        user.over.set()
    for name, arn in zip(names, redriven, strict=True):
        check_redriven(user, name, arn)
    check_stopped(user, stopped)


def answer_activity(user: User) -> None:
    """Do the next task of the activity."""
    task = user.ask(lambda: user.states.get_activity_task(activityArn=ACTIVITY))
    if task.get("taskToken"):
        user.succeed(task["taskToken"], {"asked": json.loads(task["input"])["id"]})


def answer_callbacks(user: User) -> None:
    """Answer whoever left a token."""
    for key in user.keys("tokens/"):
        user.succeed(json.loads(user.get(key))["token"], {"called": key})
    time.sleep(0.05)


def redrive(user: User, arns: list[str]) -> None:
    """Open the next gate of whoever has failed, and redrive it."""
    for arn in arns:
        found = user.described(arn)
        if found["status"] == "FAILED":
            count = found["redriveCount"]
            user.put(f"gates/{found['name']}/{MISSING[count]}")
            token = f"{found['name']}-{count}"
            user.ask(partial(user.states.redrive_execution, executionArn=arn, clientToken=token))
    time.sleep(0.05)


def stop(user: User, arn: str, done: threading.Event) -> None:
    """Stop the execution once half of its items are done."""
    runs = list(itertools.chain(*user.pages("list_map_runs", "mapRuns", executionArn=arn)))
    for run in runs:
        found = user.ask(partial(user.states.describe_map_run, mapRunArn=run["mapRunArn"]))
        counts = found["itemCounts"]
        if counts["succeeded"] == ITEMS // 2 and counts["running"] == 5:
            user.ask(lambda: user.states.stop_execution(executionArn=arn))
            done.set()
            user.over.wait()
    time.sleep(0.05)


def ended(user: User, arns: list[str]) -> bool:
    """Whether all have ended for good, and their results are written."""
    found = [user.described(arn) for arn in arns]
    over = all(
        one["status"] in ("SUCCEEDED", "ABORTED") or (one["status"] == "FAILED" and one["redriveCount"] == len(MISSING))
        for one in found
    )
    return over and any(key.endswith("/manifest.json") for key in user.keys("standard/stopped/"))


def check_redriven(user: User, name: str, arn: str) -> None:
    """The execution, its history, its children, its results and what its tasks left."""
    found = user.described(arn)
    assert (found["status"], found.get("redriveCount")) == ("SUCCEEDED", len(MISSING)), found
    output = json.loads(found["output"])
    assert output["ask"] == {"asked": name}
    assert output["call"] == {"called": f"tokens/{name}"}
    assert output["both"] == ["left", "right"]
    assert output["each"] == [{"n": number, "id": name} for number in range(4)]
    events = user.history(arn)
    types = check_history(events)
    entered, exited = (
        Counter(event[details]["name"] for event in events if details in event)
        for details in ("stateEnteredEventDetails", "stateExitedEventDetails")
    )
    assert entered == exited
    assert (entered["EachGate"], entered["LeftDone"], entered["RightDone"]) == (4, 1, 1)
    assert (types["MapRunStarted"], types["MapRunRedriven"], types["ExecutionFailed"]) == (2, 2, len(MISSING))
    check_standard(user, name, output["standard"])
    check_express(user, name, output["express"])


def check_standard(user: User, name: str, result: dict[str, Any]) -> None:
    """Children of batches: each once, redriven where they are."""
    batches = -(-ITEMS // BATCH)
    check_counts(user, result["MapRunArn"], batches)
    pages = user.pages("list_executions", "executions", mapRunArn=result["MapRunArn"])
    children = list(itertools.chain(*pages))
    assert len({child["executionArn"] for child in children}) == len(children) == batches
    scheduled: Counter[str] = Counter()
    for child in children:
        assert child["status"] == "SUCCEEDED", child
        events = user.history(child["executionArn"])
        check_history(events)
        described = user.described(child["executionArn"])
        scheduled[str(json.loads(described["input"])["Items"][0]["n"])] = sum(
            event["type"] == "TaskScheduled" and "putObject" in event["taskScheduledEventDetails"]["resource"]
            for event in events
        )
    effects = Counter(key.split("/")[3] for key in user.keys(f"effects/{name}/standard/"))
    assert effects.keys() == scheduled.keys()
    assert all(effects[number] <= scheduled[number] <= 2 for number in effects), (effects, scheduled)
    results = [json.loads(one["Output"])["all"] for one in written(user, result)["SUCCEEDED"]]
    assert sorted(itertools.chain(*results)) == list(range(ITEMS))


def check_express(user: User, name: str, result: dict[str, Any]) -> None:
    """Children that were started anew by the redrive, at most once."""
    check_counts(user, result["MapRunArn"], ITEMS)
    effects = Counter(key.split("/")[3] for key in user.keys(f"effects/{name}/express/"))
    assert {int(number) for number in effects} == set(range(ITEMS))
    assert max(effects.values()) <= 2, effects
    results = [json.loads(one["Output"])["n"] for one in written(user, result)["SUCCEEDED"]]
    assert sorted(results) == list(range(ITEMS))


def check_counts(user: User, arn: str, children: int) -> None:
    """Nothing of a map run that succeeded is left open or counted twice."""
    run = user.states.describe_map_run(mapRunArn=arn)
    assert (run["status"], run["redriveCount"]) == ("SUCCEEDED", 1)
    for counts, total in ((run["itemCounts"], ITEMS), (run["executionCounts"], children)):
        assert {name: count for name, count in counts.items() if count} == {
            "total": total,
            "succeeded": total,
            "resultsWritten": total,
        }


def check_stopped(user: User, arn: str) -> None:
    """What was done, aborted and not begun when it was stopped: all of it is in the results, once."""
    assert user.described(arn)["status"] == "ABORTED"
    check_history(user.history(arn))
    (run,) = itertools.chain(*user.pages("list_map_runs", "mapRuns", executionArn=arn))
    assert user.states.describe_map_run(mapRunArn=run["mapRunArn"])["status"] == "ABORTED"
    (key,) = [key for key in user.keys("standard/stopped/") if key.endswith("/manifest.json")]
    found = written(user, {"MapRunArn": run["mapRunArn"], "ResultWriterDetails": {"Key": key}})
    numbers = {status: sorted(json.loads(one["Input"])["n"] for one in results) for status, results in found.items()}
    half = ITEMS // 2
    assert numbers == {
        "SUCCEEDED": list(range(half)),
        "FAILED": list(range(half, half + 5)),
        "PENDING": list(range(half + 5, ITEMS)),
    }
