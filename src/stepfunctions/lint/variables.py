"""Variables that are read where they have no value.

https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from stepfunctions.asl.choice import comparisons
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import Region, escape_pointer, subregions
from stepfunctions.asl.scopes import assignments
from stepfunctions.asl.states import AnyState, Choice, Map, Parallel, Task
from stepfunctions.errors import QuerySyntaxError
from stepfunctions.lint.finding import INFO, WARNING, Finding
from stepfunctions.lint.flow import follow
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject
from stepfunctions.query.references import variable_reads

Names = frozenset[str]
_NONE: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """Which variables have a value when a state begins: surely, and on some way there."""

    surely: Names
    maybe: Names


@dataclass(frozen=True, slots=True)
class _Read:
    """A variable that is read: where, by which state, its name; what is known there, and what its scope sees."""

    path: str
    name: str
    known: Known
    visible: Names


def undefined(subject: Subject) -> Iterator[Finding]:
    """Find variables that nothing before assigns."""
    anywhere = _assigned_anywhere(subject)
    for read in _reads(subject):
        if _is_undefined(read) and (read.name in read.visible or read.name not in anywhere):
            said = (
                f"The variable '{read.name}' has no value here: only this state, or states after it, assign it."
                if read.name in read.visible
                else f"Nothing assigns the variable '{read.name}'."
            )
            yield UNDEFINED_VARIABLE.at(read.path, said, "Assign it in a state before this one.")


def out_of_scope(subject: Subject) -> Iterator[Finding]:
    """Find variables that only another scope has."""
    anywhere = _assigned_anywhere(subject)
    for read in _reads(subject):
        if _is_undefined(read) and read.name not in read.visible and read.name in anywhere:
            yield OUT_OF_SCOPE_VARIABLE.at(
                read.path,
                f"The variable '{read.name}' is assigned in another scope, which is not seen here.",
                "Hand the value on: as the output of the branch or item, or in the input of a Distributed Map's items.",
            )


def maybe_undefined(subject: Subject) -> Iterator[Finding]:
    """Find variables that some way to their reader does not assign."""
    for read in _reads(subject):
        if not _is_undefined(read) and read.name not in read.known.surely:
            yield MAYBE_UNDEFINED_VARIABLE.at(
                read.path,
                f"The variable '{read.name}' has no value on some way that leads here.",
                "Assign it a first value before the ways part.",
            )


def _is_undefined(read: _Read) -> bool:
    return read.name not in read.known.maybe


def _assigned_anywhere(subject: Subject) -> set[str]:
    return {name for found in subject.located for name in _assigned(found.state)}


@lru_cache(maxsize=1)
def _reads(subject: Subject) -> tuple[_Read, ...]:
    """Return every variable that is read, once for each text that reads it; three rules ask, one after the other."""
    return tuple(_all_reads(subject))


def _all_reads(subject: Subject) -> Iterator[_Read]:
    for path, region in _scopes(subject):
        for name in region.region.states:
            where = f"{path}/States/{escape_pointer(name)}"
            found = subject.at[where]
            known = region.known.get(name)
            if known is None:
                continue  # it is never reached
            try:
                reads = sorted(set(variable_reads(found)))
            except QuerySyntaxError:
                continue  # INVALID_JSONATA_EXPRESSION says so
            asked = _asked(found.state)
            for pointer, variable in reads:
                if (
                    pointer.startswith(f"{where}/Result/")
                    or variable in asked
                    or _is_looked_for(subject, pointer, variable)
                ):
                    continue  # a constant, or the state itself asks whether there is such a variable
                yield _Read(pointer, variable, known, region.visible)


def _asked(state: AnyState) -> set[str]:
    """Return the variables that a Choice tests with IsPresent."""
    tests = [test for rule in getattr(state, "choices", ()) for test in comparisons(rule.test)]
    return {name for test in tests if test.operator == "IsPresent" for name in re.findall(r"^\$(\w+)", test.variable)}


def _is_looked_for(subject: Subject, pointer: str, variable: str) -> bool:
    """Tell whether an expression asks ``$exists($variable)``."""
    text = subject.value(pointer)
    return isinstance(text, str) and re.search(rf"\$exists\(\s*\${re.escape(variable)}\b", text) is not None


@dataclass(frozen=True, slots=True)
class _Scope:
    """A region: what is known when each of its states begins, and every variable that it and those around assign."""

    region: Region
    known: Mapping[str, Known]
    visible: Names


def _scopes(subject: Subject) -> Iterator[tuple[str, _Scope]]:
    todo: list[tuple[str, Region, Known, Names]] = [("", subject.machine, Known(_NONE, _NONE), _NONE)]
    while todo:
        path, region, outer, around = todo.pop()
        visible = around.union(*(_assigned(state) for state in region.states.values()))
        scope = _Scope(region, known_in(region, outer), visible)
        yield path, scope
        for name, state in region.states.items():
            here = scope.known.get(name)
            if here is None:
                continue
            alone = isinstance(state, Map) and state.distributed
            for pointer, inner in subregions(state):
                where = f"{path}/States/{escape_pointer(name)}{pointer}"
                todo.append((where, inner, Known(_NONE, _NONE) if alone else here, _NONE if alone else visible))


def known_in(region: Region, outer: Known) -> dict[str, Known]:
    """Return what is known when each state that can be reached begins."""

    def after(name: str, here: Known) -> Iterator[tuple[str, Known]]:
        for target, assigned in _ways(region.states[name]):
            yield target, Known(here.surely | assigned, here.maybe | assigned) if assigned else here

    def joined(_: str, one: Known, other: Known) -> Known:
        return Known(one.surely & other.surely, one.maybe | other.maybe)

    return follow(region, outer, after, joined)


def _ways(state: AnyState) -> Iterator[tuple[str, Names]]:
    """Yield where a state may lead, each with the variables assigned on that way."""
    if isinstance(state, Choice):
        for rule in state.choices:
            yield rule.next, _names(rule.assign)
        if state.default is not ABSENT:
            yield state.default, _names(state.assign)
        return
    following = getattr(state, "next", ABSENT)
    if following is not ABSENT:
        yield following, _names(getattr(state, "assign", ABSENT))
    if isinstance(state, (Task, Parallel, Map)):
        for catcher in () if state.catch is ABSENT else state.catch:
            yield catcher.next, _names(catcher.assign)


def _assigned(state: AnyState) -> Names:
    return frozenset(key.removesuffix(".$") for _, assign in assignments(state) for key in assign)


def _names(assign: JSON) -> Names:
    return frozenset(key.removesuffix(".$") for key in assign) if isinstance(assign, dict) else _NONE


_GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html"
_TWO = """
        First: {Type: Pass, QueryLanguage: JSONata, %sNext: Second}
        Second: {Type: Pass, QueryLanguage: JSONata, Output: "{%% $day %%}", End: true}
    """
UNDEFINED_VARIABLE = Rule(
    id="UNDEFINED_VARIABLE",
    severity=WARNING,
    summary="A variable is read that no state before assigns.",
    why="The state fails with States.QueryEvaluationError, or States.Runtime.",
    source=_GUIDE,
    good=_TWO % "Assign: {day: 1}, ",
    bad=_TWO % "",
    check=undefined,
)
OUT_OF_SCOPE_VARIABLE = Rule(
    id="OUT_OF_SCOPE_VARIABLE",
    severity=WARNING,
    summary="A variable is read that only another scope has: a branch, an item, or what is around a Distributed Map.",
    why="It has no value here, and the state fails.",
    source=_GUIDE,
    good="""
        Both:
          Type: Parallel
          Branches:
            - {StartAt: One, States: {One: {Type: Pass, Assign: {day: 1}, Result: 1, End: true}}}
          Next: Second
        Second: {Type: Pass, QueryLanguage: JSONata, Output: "{% $states.input[0] %}", End: true}
    """,
    bad="""
        Both:
          Type: Parallel
          Branches:
            - {StartAt: One, States: {One: {Type: Pass, Assign: {day: 1}, Result: 1, End: true}}}
          Next: Second
        Second: {Type: Pass, QueryLanguage: JSONata, Output: "{% $day %}", End: true}
    """,
    check=out_of_scope,
)
MAYBE_UNDEFINED_VARIABLE = Rule(
    id="MAYBE_UNDEFINED_VARIABLE",
    severity=INFO,
    summary="A variable is read that some way to the state does not assign.",
    why="On that way the state fails.",
    source=_GUIDE,
    good="""
        Which: {Type: Choice, Choices: [{Variable: $.a, IsNull: true, Next: Second, Assign: {day: 1}}], Default: Other}
        Other: {Type: Pass, Assign: {day: 2}, Next: Second}
        Second: {Type: Pass, Parameters: {"day.$": $day}, End: true}
    """,
    bad="""
        Which: {Type: Choice, Choices: [{Variable: $.a, IsNull: true, Next: Second, Assign: {day: 1}}], Default: Other}
        Other: {Type: Pass, Next: Second}
        Second: {Type: Pass, Parameters: {"day.$": $day}, End: true}
    """,
    check=maybe_undefined,
)
