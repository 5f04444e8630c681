"""Loops that cannot be left, that may go on for ever, or that write more events than a history holds."""

from __future__ import annotations

from collections.abc import Iterator

from stepfunctions.asl.document import dumps
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.loops import loops_of
from stepfunctions.asl.machine import Region, escape_pointer
from stepfunctions.asl.resource import IntegrationPattern, Resource
from stepfunctions.asl.states import AnyState, Choice, Fail, Map, Parallel, Succeed, Task, Wait
from stepfunctions.asl.transitions import targets
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.flow import reached_in
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

_QUOTAS = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
MOST_EVENTS = 25_000
_COUNTS = ("States.MathAdd", "+ 1", "+1", "RetryCount", "$$.State.EnteredTime", "States.ArrayLength", "$count(")
"""What a loop that counts its turns, or looks at the time, has somewhere in its states."""


def inescapable_loops(subject: Subject) -> Iterator[Finding]:
    """Find loops that no transition leaves, in regions that end elsewhere."""
    for path, region in subject.regions:
        if not any(_ends(state) for state in region.states.values()):
            continue  # NO_END and MISSING_END_STATE say so
        reached = reached_in(region)
        for loop in loops_of(region):
            if (
                loop.names[0] in reached
                and not loop.leaves
                and not any(_ends(region.states[name]) for name in loop.names)
            ):
                yield INESCAPABLE_LOOP.at(
                    f"{path}/States/{escape_pointer(loop.names[0])}",
                    f"Nothing leads out of the loop of {', '.join(loop.names)}.",
                    "Add a Choice that ends it.",
                )


def endless_polling(subject: Subject) -> Iterator[Finding]:
    """Find loops that wait and ask, and count nothing, in a machine without a timeout."""
    if subject.machine.timeout_seconds is not ABSENT:
        return
    for path, region in subject.regions:
        for loop in loops_of(region):
            states = [region.states[name] for name in loop.names]
            polls = any(isinstance(one, Wait) for one in states) and any(isinstance(one, Task) for one in states)
            if polls and loop.leaves and not any(_counts(state) for state in states):
                yield ENDLESS_POLLING.at(
                    f"{path}/States/{escape_pointer(loop.names[0])}",
                    f"The loop of {', '.join(loop.names)} asks for ever when the answer does not change.",
                    "Write TimeoutSeconds for the state machine, or count the turns.",
                )


def _counts(state: AnyState) -> bool:
    from stepfunctions.asl.codec import dump_state

    return any(sign in dumps(dump_state(state)) for sign in _COUNTS)


def long_histories(subject: Subject) -> Iterator[Finding]:
    """Find loops and Maps that by their own numbers write more events than a Standard execution may have."""
    if subject.kind == "EXPRESS":
        return
    limit = subject.machine.timeout_seconds
    for path, region in subject.regions:
        for name, events in _long_maps(region):
            yield HISTORY_TOO_LONG.at(f"{path}/States/{escape_pointer(name)}", _said(events), _BY_CHILDREN)
        for loop in loops_of(region) if isinstance(limit, int) else ():
            states = [region.states[name] for name in loop.names]
            waits = [one.seconds for one in states if isinstance(one, Wait)]
            if waits and all(isinstance(one, int) and one > 0 for one in waits) and isinstance(limit, int):
                turns = limit // sum(one for one in waits if isinstance(one, int))
                events = turns * sum(_events(state) for state in states)
                if events > MOST_EVENTS:
                    yield HISTORY_TOO_LONG.at(f"{path}/States/{escape_pointer(loop.names[0])}", _said(events), _SLOWER)


_BY_CHILDREN = "Make it a Distributed Map: its children have histories of their own."
_SLOWER = "Wait longer, or let a nested state machine do the turns."


def _said(events: int) -> str:
    return f"Up to about {events:,} events are written; a Standard execution may have {MOST_EVENTS:,}."


def _long_maps(region: Region) -> Iterator[tuple[str, int]]:
    for name, state in region.states.items():
        if isinstance(state, Map) and not state.distributed and isinstance(state.items, (list, tuple)):
            events = len(state.items) * (2 + _events_of(state.processor))
            if events > MOST_EVENTS:
                yield name, events


def _events_of(region: Region) -> int:
    """Return how many events the shortest way through a region writes."""
    seen: dict[str, int] = {}
    waiting = [(region.start_at, 0)]
    while waiting:
        waiting.sort(key=lambda one: one[1])
        name, before = waiting.pop(0)
        state = region.states.get(name)
        if state is None or name in seen:
            continue
        seen[name] = before + _events(state)
        if _ends(state):
            return seen[name]
        waiting += [(target, seen[name]) for _, target in targets(state)]
    return 0


def _events(state: AnyState) -> int:
    """Return how many events a state writes at least."""
    if isinstance(state, Fail):
        return 1
    if isinstance(state, Parallel):
        return 4 + sum(_events_of(branch) for branch in state.branches)
    if isinstance(state, Map):
        return 4
    if not isinstance(state, Task):
        return 2
    try:
        resource = Resource.parse(state.resource)
    except ValueError:
        return 5
    return 6 if resource.pattern is not IntegrationPattern.REQUEST_RESPONSE and resource.kind == "service" else 5


def _ends(state: AnyState) -> bool:
    if isinstance(state, Choice):
        return False
    return isinstance(state, (Succeed, Fail)) or getattr(state, "end", ABSENT) is True


_LOOP = """
        Ask:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:glue:getCrawler
          Parameters: {Name: flights}
          ResultSelector: {"State.$": $.Crawler.State}
          Next: Ready?
        Ready?:
          Type: Choice
          Choices: [{Variable: $.State, StringEquals: READY, Next: Done}]
          Default: Wait
        Wait: {Type: Wait, Seconds: %d, Next: Ask}
        Done: {Type: Succeed}
    """
_WHOLE = """
        StartAt: Ask
        TimeoutSeconds: %d
        States:
          %s"""


def _machine(seconds: int, wait: int) -> str:
    return _WHOLE % (seconds, (_LOOP % wait).strip().replace("\n", "\n  "))


INESCAPABLE_LOOP = Rule(
    id="INESCAPABLE_LOOP",
    severity=WARNING,
    summary="Nothing leads out of a loop.",
    why="An execution that comes there goes on until it fails, at the latest with 25,000 events.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-states.html",
    good="""
        Work: {Type: Pass, Next: More}
        More: {Type: Choice, Choices: [{Variable: $.more, BooleanEquals: true, Next: Work}], Default: Done}
        Done: {Type: Succeed}
    """,
    bad="""
        Which: {Type: Choice, Choices: [{Variable: $.more, BooleanEquals: true, Next: Work}], Default: Done}
        Work: {Type: Pass, Next: Again}
        Again: {Type: Wait, Seconds: 9, Next: Work}
        Done: {Type: Succeed}
    """,
    check=inescapable_loops,
)
ENDLESS_POLLING = Rule(
    id="ENDLESS_POLLING",
    severity=WARNING,
    summary="A loop waits and asks, counts nothing, and the state machine has no TimeoutSeconds.",
    why="When the answer never changes, the execution goes on until its history is full.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    good=_machine(3600, 60),
    bad=_LOOP % 60,
    check=endless_polling,
)
HISTORY_TOO_LONG = Rule(
    id="HISTORY_TOO_LONG",
    severity=WARNING,
    summary="By its own numbers a loop or an inline Map may write more than 25,000 events.",
    why="A Standard execution with more events fails.",
    source=_QUOTAS,
    good=_machine(86_400, 60),
    bad=_machine(864_000, 10),
    check=long_histories,
)
