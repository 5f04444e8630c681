"""``kill -9`` of the local cloud while it trains: the same execution ends, and no model is lost, doubled or torn.

A run is killed at three random points of its trainings: the server alone, twice, whose jobs go on without it; and
once the server with its zygotes, jobs and Lambda workers. The seed is printed; FLIGHT_DELAYS_SEED repeats a run.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.crash.killable import Trainings

BUCKET = "flight-delays"
TRAINING_SECONDS = 240.0
FAILURES = {"TaskFailed", "TaskTimedOut", "TaskSubmitFailed", "TaskStartFailed", "ExecutionFailed", "MapRunFailed"}


@dataclass
class Seen:
    """What was seen of a run from outside, through its kills."""

    completed: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Training job -> CreationTime and the artefact's ETag, when it was first seen to be Completed."""
    trainings: Trainings = field(default_factory=Trainings)


@pytest.mark.crash
@pytest.mark.soak
@pytest.mark.timeout(600)
def test_195_trainings_survive_three_kills(flights: Callable[..., Any]) -> None:
    check(flights(), total=195)


@pytest.mark.crash
@pytest.mark.timeout(600)
def test_forty_trainings_survive_three_kills(flights: Callable[..., Any], quiet_routes: Callable[[int], Path]) -> None:
    check(flights({"FLIGHT_DELAYS_RAW": str(quiet_routes(40))}), total=40)


@pytest.mark.crash
@pytest.mark.local
@pytest.mark.examples
@pytest.mark.timeout(300)
def test_twelve_trainings_survive_three_kills(flights: Callable[..., Any], quiet_routes: Callable[[int], Path]) -> None:
    check(flights({"FLIGHT_DELAYS_RAW": str(quiet_routes(12))}), total=12)


def check(example: Any, total: int) -> None:
    """Run week 39 with three kills, and look at everything it left."""
    seed = int(os.environ.get("FLIGHT_DELAYS_SEED") or random.SystemRandom().randrange(10**6))
    chance = random.Random(seed)
    points = sorted(chance.sample(range(1, total), 3))
    everything = chance.randrange(3)
    print(f"FLIGHT_DELAYS_SEED={seed}: kills after {points} trainings, of everything at the {everything + 1}.")
    arn = example.start_week_39()
    begun = example.cloud.client("stepfunctions").describe_execution(executionArn=arn)["startDate"]
    seen = Seen()
    for number, point in enumerate(points):
        observe(example.cloud, seen, arn, until=partial(_at_least, seen.completed, point))
        time.sleep(chance.uniform(0, 0.4))  # nothing is waited for: the point is random
        example.cloud.kill(everything=number == everything)
        seen.trainings.note(example.cloud.training_jobs(), everything=number == everything)
        example.cloud.start()
    states = example.cloud.client("stepfunctions")
    observe(example.cloud, seen, arn, until=lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    ended = states.describe_execution(executionArn=arn)
    assert (ended["status"], ended["startDate"]) == ("SUCCEEDED", begun), ended
    check_trainings(example.cloud, seen, total)
    check_artefacts(example.cloud.client("s3"), total)
    check_histories(states, arn, total)


def _at_least(some: Sized, count: int) -> bool:
    return len(some) >= count


def observe(cloud: Any, seen: Seen, arn: str, until: Callable[[], bool]) -> None:
    """Note every training that completes, until the condition holds or the execution is over."""
    sagemaker, s3, states = (cloud.client(name) for name in ("sagemaker", "s3", "stepfunctions"))
    deadline = time.monotonic() + TRAINING_SECONDS
    while True:
        for name in list_trainings(sagemaker, "Completed"):
            if name not in seen.completed:
                seen.completed[name] = artefact(sagemaker, s3, name)
        if until():
            return
        status = states.describe_execution(executionArn=arn)["status"]
        assert status in ("RUNNING", "SUCCEEDED"), states.describe_execution(executionArn=arn)
        assert time.monotonic() < deadline, f"{len(seen.completed)} trained; {cloud.log.read_text()[-2000:]}"
        time.sleep(0.1)


def list_trainings(sagemaker: Any, status: str | None = None) -> Iterator[str]:
    """The names of the training jobs."""
    wanted = {} if status is None else {"StatusEquals": status}
    for page in sagemaker.get_paginator("list_training_jobs").paginate(MaxResults=100, **wanted):
        yield from (summary["TrainingJobName"] for summary in page["TrainingJobSummaries"])


def artefact(sagemaker: Any, s3: Any, name: str) -> tuple[datetime, str]:
    """CreationTime of a training job and the ETag of its model."""
    job = sagemaker.describe_training_job(TrainingJobName=name)
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    return job["CreationTime"], s3.head_object(Bucket=bucket, Key=key)["ETag"]


def check_trainings(cloud: Any, seen: Seen, total: int) -> None:
    """One job a route; what was Completed is as it was; only what was in flight has run again."""
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")
    names = list(list_trainings(sagemaker))
    assert len(names) == len({name.partition("-week-")[0] for name in names}) == total
    assert set(list_trainings(sagemaker, "Completed")) == set(names)
    assert {name: artefact(sagemaker, s3, name) for name in seen.completed} == seen.completed
    jobs = cloud.training_jobs()
    assert set(jobs) == set(names)
    again = seen.trainings.check(jobs)
    print(f"{again} ran again of {sum(seen.trainings.in_flight.values())} in flight at the kills")


def check_artefacts(s3: Any, total: int) -> None:
    """Every archive in S3 is whole: each model opens, loads and predicts."""
    import joblib

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="training/")
    models = [key for page in pages for entry in page["Contents"] if (key := entry["Key"]).endswith("/model.tar.gz")]
    assert len(models) == total
    for key in models:
        body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as tar:
            content = tar.extractfile("model.joblib")
            assert content is not None
            model = joblib.load(io.BytesIO(content.read()))
        width = model["estimator"].n_features_in_
        assert len(model["estimator"].predict([[0.0] * width])) == 1


def check_histories(states: Any, arn: str, total: int) -> None:
    """Of the execution and of each child: events 1 to n, each after its cause, ended once, with nothing failed."""
    (map_run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    counts = states.describe_map_run(mapRunArn=map_run["mapRunArn"])["itemCounts"]
    assert (counts["total"], counts["succeeded"]) == (total, total)
    pages = states.get_paginator("list_executions").paginate(mapRunArn=map_run["mapRunArn"])
    children = [child["executionArn"] for page in pages for child in page["executions"]]
    assert len(set(children)) == len(children) == total
    for one in (arn, *children):
        history = [
            event
            for page in states.get_paginator("get_execution_history").paginate(executionArn=one)
            for event in page["events"]
        ]
        assert [event["id"] for event in history] == list(range(1, len(history) + 1))
        assert all(event.get("previousEventId", 0) < event["id"] for event in history)
        assert all(earlier["timestamp"] <= later["timestamp"] for earlier, later in itertools.pairwise(history))
        types = Counter(event["type"] for event in history)
        assert history[-1]["type"] == "ExecutionSucceeded"
        assert types["ExecutionSucceeded"] == types["ExecutionStarted"] == 1
        assert not FAILURES & set(types), [event for event in history if event["type"] in FAILURES]
        entered = Counter(
            event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event
        )
        assert one == arn or entered["Train"] == types["TaskSubmitted"] == 1
