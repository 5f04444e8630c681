"""What every store promises; see engine/ports.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from stepfunctions.asl.document import Document
from stepfunctions.asl.resource import Resource
from stepfunctions.engine.execution import Branch, Execution, Status, Waiting
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.map_run import MapRun
from stepfunctions.engine.messages import (
    CancelTask,
    CancelTimers,
    RunTask,
    SetTimer,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
    TimerFired,
    TimerKind,
)
from stepfunctions.engine.ports import Change, Machine
from stepfunctions.runtime.store import Store
from stepfunctions.runtime.store.published import AliasRow, VersionRow

Reopen = Callable[[], Store]
PREFIX = "arn:aws:states:us-east-1:123456789012"
SQS = Resource.parse("arn:aws:states:::sqs:sendMessage.waitForTaskToken")


def execution(name: str = "e", **fields: Any) -> Execution:
    given: dict[str, Any] = {
        "arn": f"{PREFIX}:execution:m:{name}",
        "name": name,
        "machine_arn": f"{PREFIX}:stateMachine:m",
        "machine_name": "m",
        "role_arn": "role",
        "input": Document({"a": "é"}),
        "started_at": 1.5,
        "definition_id": "d",
    }
    return Execution(**{**given, **fields})


def put(store: Store, one: Execution, **fields: Any) -> None:
    store.executions.commit([Change(one, **fields)])


def task(branch: int, attempt: int = 1, **fields: Any) -> RunTask:
    return RunTask(branch, attempt, "T", SQS, Document({"x": [1]}), **fields)


def map_run(name: str = "r", **fields: Any) -> MapRun:
    given: dict[str, Any] = {
        "arn": f"{PREFIX}:mapRun:m/l:{name}",
        "execution_arn": f"{PREFIX}:execution:m:e",
        "machine_arn": f"{PREFIX}:stateMachine:m",
        "branch": 1,
        "attempt": 2,
        "state": "M",
        "label": "l",
        "region": "/States/M/ItemProcessor",
    }
    return MapRun(**{**given, **fields})


def machine(name: str = "m", **fields: Any) -> Machine:
    given: dict[str, Any] = {
        "arn": f"{PREFIX}:stateMachine:{name}",
        "name": name,
        "type": "STANDARD",
        "role_arn": "role",
        "definition": '{"é": 1}',
        "definition_id": "d1",
        "revision_id": "r1",
        "created_at": 1.0,
        "updated_at": 2.0,
    }
    return Machine(**{**given, **fields})


def version(number: int, machine_arn: str = "", **given: Any) -> VersionRow:
    machine_arn = machine_arn or machine().arn
    fields: dict[str, Any] = {"revision_id": f"r{number}", "settings": None, "description": None, **given}
    return VersionRow(
        arn=f"{machine_arn}:{number}",
        machine_arn=machine_arn,
        number=number,
        definition_id="d1",
        role_arn="role",
        created_at=1.5,
        **fields,
    )


def alias(name: str) -> AliasRow:
    arn = machine().arn
    return AliasRow(
        arn=f"{arn}:{name}",
        machine_arn=arn,
        name=name,
        description=None,
        weights=((f"{arn}:1", 100),),
        created_at=1.5,
        updated_at=1.5,
    )


# --- executions -----------------------------------------------------------------------------------------


def test_a_commit_that_raises_leaves_nothing(reopen: Reopen) -> None:
    store = reopen()
    good, bad = execution("good"), execution("bad")
    put(store, bad)
    for one in (good, bad):
        one.branches, one.dirty = {1: Branch(1, state="S")}, {1}
    bad.branches[1].variables = {"x": object()}
    event = HistoryEvent(1, 0, 1.5, "ExecutionStarted", None, Document({}))
    with pytest.raises(TypeError):
        store.executions.commit([Change(good, [event]), Change(bad, [event])], [map_run()])
    for _ in range(2):
        assert store.executions.load(good.arn) is None
        assert store.executions.history(bad.arn) == []
        assert store.map_runs.get(map_run().arn) is None
        store = reopen()
    bad.branches[1].variables = {}
    store.executions.commit([Change(good, [event]), Change(bad, [event])], [map_run()])
    assert len(store.executions.history(bad.arn)) == len(store.executions.history(good.arn)) == 1


def test_an_execution_comes_back_as_it_was_committed(reopen: Reopen) -> None:
    store = reopen()
    one = execution(region="/States/M", type="EXPRESS", parent_map_run_arn="run", item_index=7)
    root = Branch(1, state="S", input=Document({"i": 1}), variables={"v": [1]}, retries=[2], waiting=Waiting.CHILDREN)
    child = Branch(2, parent=1, index=3, state="C", waiting=Waiting.ENDED, output=Document("done"))
    one.branches = {1: root, 2: child}
    one.dirty = {1, 2}
    one.next_branch, one.last_event_id, one.transitions = 3, 4, 5
    put(store, one)
    assert not one.dirty
    loaded = reopen().executions.load(one.arn)
    assert loaded is not None
    assert loaded is not one
    assert loaded.branches == {1: root, 2: child}
    assert loaded.families[1].ids == [2]
    assert (loaded.program, loaded.dirty, loaded.removed) == (None, set(), set())
    for name in (
        "arn",
        "name",
        "machine_arn",
        "machine_name",
        "role_arn",
        "input",
        "started_at",
        "definition_id",
        "region",
        "type",
        "status",
        "output",
        "error",
        "cause",
        "stopped_at",
        "parent_map_run_arn",
        "item_index",
        "next_branch",
        "last_event_id",
        "transitions",
        "redrive_count",
    ):
        assert getattr(loaded, name) == getattr(one, name), name


def test_what_is_not_committed_is_not_there(store: Store) -> None:
    assert store.executions.load("nowhere") is None
    assert store.executions.open_arns() == []
    assert store.executions.history("nowhere") == []
    one = execution()
    put(store, one)
    one.status = Status.FAILED
    one.branches[1] = Branch(1)
    loaded = store.executions.load(one.arn)
    assert loaded is not None
    assert (loaded.status, loaded.branches) == (Status.RUNNING, {})


def test_only_touched_branches_are_written_and_removed_ones_go(reopen: Reopen) -> None:
    store = reopen()
    one = execution()
    one.branches = {1: Branch(1, state="A"), 2: Branch(2, state="A"), 3: Branch(3, state="A")}
    one.dirty = {1, 2, 3}
    put(store, one)
    one.branches[1].state = "B"
    one.branches[2].state = "not dirty"
    one.branches.pop(3)
    one.dirty, one.removed = {1, 3}, {3}
    put(store, one)
    assert not one.removed
    loaded = reopen().executions.load(one.arn)
    assert loaded is not None
    assert {branch.id: branch.state for branch in loaded.branches.values()} == {1: "B", 2: "A"}
    header = reopen().executions.load(one.arn, branches=False)
    assert header is not None
    assert header.branches == {}


def test_the_end_leaves_no_branches_and_no_waits(reopen: Reopen) -> None:
    store = reopen()
    one = execution()
    one.branches, one.dirty = {1: Branch(1)}, {1}
    put(store, one, commands=[task(1), SetTimer(1, 1, TimerKind.TIMEOUT, 9.0)])
    other = execution("other")
    other.branches, other.dirty = {1: Branch(1)}, {1}
    put(store, other, commands=[task(1)])
    one.status, one.output, one.stopped_at, one.branches, one.removed = Status.SUCCEEDED, Document([1]), 3.0, {}, {1}
    put(store, one)
    store = reopen()
    loaded = store.executions.load(one.arn)
    assert loaded is not None
    assert (loaded.status, loaded.output, loaded.stopped_at, loaded.branches) == ("SUCCEEDED", Document([1]), 3.0, {})
    pending = store.executions.pending(one.arn)
    assert (pending.tasks, pending.timers, pending.map_runs) == ([], [], [])
    assert store.executions.open_arns() == [other.arn]
    assert len(store.executions.pending(other.arn).tasks) == 1


def test_an_execution_that_failed_keeps_its_branches_for_a_redrive(reopen: Reopen) -> None:
    store = reopen()
    one = execution()
    one.branches = {
        1: Branch(1, waiting=Waiting.CHILDREN),
        2: Branch(2, parent=1, map_run_arn="run", map_started=7, map_redrives=3),
        3: Branch(3, parent=1),
    }
    one.dirty = {1, 2, 3}
    put(store, one, commands=[task(2), SetTimer(2, 1, TimerKind.TIMEOUT, 9.0)])
    one.status, one.error, one.stopped_at = Status.FAILED, "E", 3.0
    one.branches[2].waiting = Waiting.ENDED
    del one.branches[3]
    one.dirty, one.removed = {2}, {3}
    put(store, one)
    loaded = reopen().executions.load(one.arn)
    assert loaded is not None
    assert loaded.branches == one.branches
    pending = reopen().executions.pending(one.arn)
    assert (pending.tasks, pending.timers) == ([], [])
    store = reopen()
    loaded.status, loaded.error, loaded.stopped_at = Status.RUNNING, None, None
    loaded.redrive_count, loaded.redriven_at, loaded.redrive_tokens = 1, 4.0, (["token", 4.0],)
    loaded.branches[2].attempt, loaded.dirty = 2, {2}
    put(store, loaded, commands=[task(2, 2)])
    again = reopen().executions.load(one.arn)
    assert again is not None
    assert (again.status, again.redrive_count, again.redriven_at) == ("RUNNING", 1, 4.0)
    assert again.redrive_tokens == (["token", 4.0],)
    assert again.branches == loaded.branches
    assert [task.attempt for task, _ in reopen().executions.pending(one.arn).tasks] == [2]
    assert reopen().executions.open_arns() == [one.arn]


def test_an_execution_that_fails_at_once_keeps_its_branches_too(reopen: Reopen) -> None:
    one = execution(status=Status.FAILED, stopped_at=1.5)
    one.branches, one.dirty = {1: Branch(1, state="S", entered=True)}, {1}
    put(reopen(), one)
    loaded = reopen().executions.load(one.arn)
    assert loaded is not None
    assert loaded.branches == one.branches


def test_an_express_child_that_starts_anew(reopen: Reopen) -> None:
    child = execution("x", type="EXPRESS", parent_map_run_arn="run", item_index=4, item_count=3, status=Status.FAILED)
    put(reopen(), child)
    child.status, child.started_at, child.redrive_count = Status.RUNNING, 8.5, 1
    put(reopen(), child)
    loaded = reopen().executions.load(child.arn)
    assert loaded is not None
    assert (loaded.started_at, loaded.redrive_count, loaded.redriven_at, loaded.item_count) == (8.5, 1, None, 3)


def test_waits_come_and_go_with_commands_and_outcomes(reopen: Reopen) -> None:
    store = reopen()
    one = execution()
    put(
        store,
        one,
        commands=[
            task(1, token="t", credentials={"RoleArn": "r"}, timeout_seconds=5, heartbeat_seconds=2),
            task(2),
            task(3),
            SetTimer(1, 1, TimerKind.TIMEOUT, 10.0),
            SetTimer(1, 1, TimerKind.HEARTBEAT, 5.0),
            SetTimer(2, 1, TimerKind.WAIT, 7.0),
            SetTimer(3, 1, TimerKind.RETRY, 8.0),
            task(4),
            CancelTask(4, 1, "T", SQS),
            SetTimer(4, 1, TimerKind.WAIT, 1.0),
            CancelTimers(4),
        ],
    )
    put(
        store,
        one,
        taken=[
            TaskSubmitted(1, 1, Document("job")),
            TaskSucceeded(2, 1, Document(1)),
            TaskFailed(3, 1, "E", "c"),
            TimerFired(2, 1, TimerKind.WAIT),
        ],
        commands=[SetTimer(1, 1, TimerKind.HEARTBEAT, 6.0), SetTimer(3, 2, TimerKind.RETRY, 9.0)],
    )
    pending = reopen().executions.pending(one.arn)
    assert pending.tasks == [
        (task(1, token="t", credentials={"RoleArn": "r"}, timeout_seconds=5, heartbeat_seconds=2), Document("job"))
    ]
    assert sorted(pending.timers, key=lambda timer: timer.due) == [
        SetTimer(1, 1, TimerKind.HEARTBEAT, 6.0),
        SetTimer(3, 2, TimerKind.RETRY, 9.0),
        SetTimer(1, 1, TimerKind.TIMEOUT, 10.0),
    ]
    store = reopen()
    put(store, one, taken=[TimerFired(3, 1, TimerKind.RETRY)], commands=[CancelTimers(1), CancelTask(1, 1, "T", SQS)])
    pending = store.executions.pending(one.arn)
    assert (pending.tasks, pending.timers) == ([], [SetTimer(3, 2, TimerKind.RETRY, 9.0)])


def test_a_commit_is_all_or_nothing(store: Store) -> None:
    good, bad = execution("good"), execution("bad")
    bad.branches, bad.dirty = {1: Branch(1, variables={"v": object()})}, {1}
    with pytest.raises(TypeError):
        store.executions.commit([Change(good), Change(bad)], [map_run()])
    if type(store).__name__ == "MemoryStore":
        return  # the reference has no rollback: what it is given by the engine can always be written
    assert store.executions.open_arns() == []
    assert store.map_runs.get(map_run().arn) is None
    put(store, good)
    assert store.executions.open_arns() == [good.arn]


def events(count: int, text: Any = None) -> list[HistoryEvent]:
    shared = Document({"text": "x" * 500})
    return [
        HistoryEvent(number, number - 1, float(number), "PassStateEntered", f"S{number}", shared, {"index": number})
        for number in range(1, count + 1)
    ]


def test_history_is_read_in_pages_in_both_directions(reopen: Reopen) -> None:
    store = reopen()
    one = execution()
    put(store, one, events=events(7)[:3])
    put(store, one, events=events(7)[3:])
    put(store, execution("other"), events=events(1))
    history = reopen().executions.history
    assert history(one.arn) == events(7)
    assert [event.id for event in history(one.arn, after=2, limit=3)] == [3, 4, 5]
    assert [event.id for event in history(one.arn, limit=3, reverse=True)] == [7, 6, 5]
    assert [event.id for event in history(one.arn, after=5, limit=3, reverse=True)] == [4, 3, 2]
    assert [event.id for event in history(one.arn, after=2, limit=3, reverse=True)] == [1]
    assert history(one.arn, after=7) == []
    assert history(one.arn, limit=1)[0].payload == Document({"text": "x" * 500})


def test_history_events_without_details(store: Store) -> None:
    bare = HistoryEvent(1, 0, 2.5, "ExecutionAborted")
    put(store, execution(), events=[bare])
    assert store.executions.history(execution().arn) == [bare]


def test_executions_are_listed_newest_first_in_pages(reopen: Reopen) -> None:
    store = reopen()
    for number in range(5):
        one = execution(str(number), machine_arn="a" if number % 2 else "b")
        one.status = Status.FAILED if number == 3 else Status.RUNNING
        put(store, one)
    put(store, execution("child", parent_map_run_arn="run", machine_arn="c"))
    page = reopen().executions.page

    def names(
        machine_arn: str | None = None, status: str | None = None, run: str | None = None, limit: int = 10
    ) -> list[list[str]]:
        found, after = [], None
        while True:
            executions, after = page(machine_arn, status, run, after, limit)
            found.append([one.name for one in executions])
            if after is None:
                return found

    assert names() == [["child", "4", "3", "2", "1", "0"]]
    assert names("b", limit=2) == [["4", "2"], ["0"]]
    assert names("b", limit=3) == [["4", "2", "0"]]
    assert names("a", "FAILED") == [["3"]]
    assert names("a", "RUNNING") == [["1"]]
    assert names(None, None, "run") == [["child"]]
    listed = page("a", None, None, None, 1)[0][0]
    assert (listed.input.value, listed.output, listed.branches) == (None, None, {})


def test_executions_are_listed_by_when_they_ended_or_were_redriven_or_started(reopen: Reopen) -> None:
    store = reopen()
    times = {
        "first-started": (1.0, None, None),
        "ended-last": (1.25, 9.0, None),
        "redriven": (2.0, None, 7.5),
        "ended-again": (3.0, 8.0, 4.0),
        "running": (5.0, None, None),
        "at-the-same-time": (5.0, None, None),
    }
    for name, (started, stopped, redriven) in times.items():
        one = execution(name, started_at=started)
        one.stopped_at, one.redriven_at = stopped, redriven
        put(store, one)
    page = reopen().executions.page
    found, after = [], None
    while True:
        executions, after = page(None, None, None, after, 1)
        found += [one.name for one in executions]
        if after is None:
            break
    assert found == ["ended-last", "ended-again", "redriven", "at-the-same-time", "running", "first-started"]


# --- machines -------------------------------------------------------------------------------------------


def test_machines_are_put_replaced_listed_and_deleted(reopen: Reopen) -> None:
    store = reopen()
    first = machine(settings={"loggingConfiguration": {"level": "OFF"}}, tags={"team": "é"})
    store.machines.put(first)
    assert reopen().machines.get(first.arn) == first
    store = reopen()
    second = replace(first, definition="{}", definition_id="d2", revision_id="r2", status="DELETING")
    store.machines.put(second)
    assert store.machines.get(first.arn) == second
    assert (store.machines.definition("d1"), store.machines.definition("d2")) == ('{"é": 1}', "{}")
    store.machines.put(machine("z"))
    store.machines.put(machine("a"))
    page, after = store.machines.list("arn:aws:states", None, 2)
    assert [one.name for one in page] == ["a", "m"]
    page, after = store.machines.list("arn:aws:states", after, 2)
    assert ([one.name for one in page], after) == (["z"], None)
    store.machines.delete(first.arn)
    store.machines.delete(first.arn)
    assert store.machines.get(first.arn) is None
    assert store.machines.definition("d2") == "{}"
    with pytest.raises(KeyError):
        store.machines.definition("d3")


# --- versions and aliases -------------------------------------------------------------------------------


def test_versions_are_kept_newest_first(reopen: Reopen) -> None:
    store = reopen()
    store.machines.put(machine())
    first = version(1, settings={"tracingConfiguration": {"enabled": True}}, description="é")
    store.published.put_version(first)
    store.published.put_version(version(2))
    store.machines.put(machine("other"))
    store.published.put_version(version(1, machine_arn=machine("other").arn))
    store = reopen()
    assert store.published.versions(machine().arn) == [version(2), first]
    store.published.put_version(replace(first, deleted=True))
    assert [one.deleted for one in store.published.versions(machine().arn)] == [False, True]
    assert store.published.versions("none") == []


def test_aliases_are_put_replaced_and_deleted(reopen: Reopen) -> None:
    store = reopen()
    for name in ("live", "beta"):
        store.published.put_alias(alias(name))
    changed = replace(alias("live"), weights=(("v1", 90), ("v2", 10)), description="canary", updated_at=7.0)
    store.published.put_alias(changed)
    store = reopen()
    assert store.published.aliases(machine().arn) == [alias("beta"), changed]
    store.published.delete_alias(changed.arn)
    store.published.delete_alias(changed.arn)
    assert store.published.aliases(machine().arn) == [alias("beta")]


def test_what_was_published_of_a_machine_is_forgotten_as_a_whole(reopen: Reopen) -> None:
    store = reopen()
    store.machines.put(machine())
    store.machines.put(machine("other"))
    kept = version(1, machine_arn=machine("other").arn)
    for one in (version(1), version(2), kept):
        store.published.put_version(one)
    store.published.put_alias(alias("live"))
    store.published.forget(machine().arn)
    assert (store.published.versions(machine().arn), store.published.aliases(machine().arn)) == ([], [])
    assert store.published.versions(kept.machine_arn) == [kept]


# --- map runs -------------------------------------------------------------------------------------------


def test_map_runs_are_written_with_the_executions(reopen: Reopen) -> None:
    store = reopen()
    run = map_run(
        items=Document([1, {"é": 2}]),
        input=Document({"a": 1}),
        reader={"Resource": "x"},
        context={"c": 1},
        variables={"v": 1},
        tolerated_failure_count=3,
        tolerated_failure_percentage=2.5,
        total=2,
        started_at=1.0,
        max_concurrency=4,
    )
    store.executions.commit([Change(execution())], [run, map_run("s", status=Status.FAILED)])
    assert reopen().map_runs.get(run.arn) == run
    store = reopen()
    run.cursor, run.running, run.succeeded, run.total = 5, 2, 3, 6
    run.running_items, run.succeeded_items, run.written, run.written_items = 4, 6, 3, 6
    run.attempt, run.redrive_count, run.redriven_at, run.redrive_from, run.redrive_until = 9, 2, 7.5, 3, 5
    run.pending_redrive, run.pending_redrive_items, run.not_redrivable, run.not_redrivable_items = 1, 2, 3, 4
    store.executions.commit([], [run])
    assert store.map_runs.get(run.arn) == run
    assert [one.arn for one in store.map_runs.of_execution(run.execution_arn)] == [run.arn, map_run("s").arn]
    assert [one.arn for one in store.executions.pending(run.execution_arn).map_runs] == [run.arn]
    assert store.map_runs.get("nowhere") is None
    assert store.map_runs.of_execution("nowhere") == []
    assert store.map_runs.unwritten() == []
    run.unwritten = True
    store.executions.commit([], [run])
    assert reopen().map_runs.unwritten() == [run]


def test_children_come_in_item_order(store: Store) -> None:
    for index in (2, 0, 300, 1):
        child = execution(str(index), parent_map_run_arn="run", item_index=index, input=Document([index]))
        child.status, child.output = Status.SUCCEEDED, Document(index)
        put(store, child)
    put(store, execution("open", parent_map_run_arn="run", item_index=4))
    failed = execution("failed", parent_map_run_arn="run", item_index=5, status=Status.FAILED, error="E", cause="c")
    put(store, failed)
    put(
        store,
        execution(
            "strange", parent_map_run_arn="other run", item_index=5, status=Status.SUCCEEDED, output=Document("no")
        ),
    )
    found = list(store.map_runs.children("run"))
    assert [(child.item_index, child.input.value, child.output and child.output.value) for child in found] == [
        (0, [0], 0),
        (1, [1], 1),
        (2, [2], 2),
        (5, failed.input.value, None),
        (300, [300], 300),
    ]
    assert (found[3].arn, found[3].status, found[3].error, found[3].cause) == (failed.arn, "FAILED", "E", "c")
    assert list(store.map_runs.children("none")) == []
    assert [child.item_index for child in store.map_runs.children("run", 2)] == [2, 5, 300]
    assert [output.value for output in store.map_runs.outputs("run")] == [0, 1, 2, 300]
    assert list(store.map_runs.children("run", 301)) == []


def test_more_children_than_one_read_takes(store: Store) -> None:
    children = [
        execution(
            str(index), parent_map_run_arn="run", item_index=index, status=Status.SUCCEEDED, output=Document(index)
        )
        for index in range(450)
    ]
    store.executions.commit([Change(child) for child in children])
    assert [child.item_index for child in store.map_runs.children("run")] == list(range(450))


# --- retention ------------------------------------------------------------------------------------------


def test_what_ended_before_a_time_is_found_and_forgotten_with_all_that_is_its_own(reopen: Reopen) -> None:
    store = reopen()
    event = HistoryEvent(1, 0, 1.5, "ExecutionStarted", None, Document({}))
    old = execution("e", status=Status.SUCCEEDED, stopped_at=10.0)
    open_one = execution("open", machine_arn=f"{PREFIX}:stateMachine:other")
    young = execution("young", status=Status.FAILED, stopped_at=20.0)
    runs = [map_run("r"), map_run("kept", execution_arn=young.arn)]
    children = [
        execution(f"c{number}", parent_map_run_arn=run.arn, item_index=number, status=Status.SUCCEEDED, stopped_at=9.0)
        for run, count in zip(runs, (120, 1), strict=True)
        for number in range(count)
    ]
    for number, child in enumerate(children):
        child.arn = f"{PREFIX}:execution:m/l:{number}"
    store.executions.commit([Change(one, [event]) for one in (old, open_one, young, *children)], runs)
    assert store.retention.ended_before(10.0, 5) == []
    assert store.retention.ended_before(15.0, 5) == [old.arn]
    assert len(store.retention.ended_before(25.0, 1)) == 1
    assert set(store.retention.ended_before(25.0, 5)) == {old.arn, young.arn}
    store.retention.forget(old.arn)
    store.retention.forget(old.arn)
    store = reopen()
    for gone in (old, *children[:120]):
        assert store.executions.load(gone.arn) is None
        assert store.executions.history(gone.arn) == []
    for kept in (open_one, young, children[120]):
        assert store.executions.load(kept.arn) is not None
        assert len(store.executions.history(kept.arn)) == 1
    assert store.map_runs.of_execution(old.arn) == []
    assert [run.arn for run in store.map_runs.of_execution(young.arn)] == [runs[1].arn]


def test_what_runs_again_is_not_forgotten(store: Store) -> None:
    one = execution(status=Status.FAILED, stopped_at=1.0)
    put(store, one)
    one.status, one.stopped_at = Status.RUNNING, None
    run = map_run(execution_arn=one.arn)
    child = execution("c", parent_map_run_arn=run.arn, item_index=0, status=Status.FAILED, stopped_at=1.0)
    store.executions.commit([Change(one), Change(child)], [run])
    store.retention.forget(one.arn)
    assert store.executions.load(one.arn) is not None
    assert store.executions.load(child.arn) is not None
    assert store.map_runs.get(run.arn) is not None
