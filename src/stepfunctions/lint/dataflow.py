"""Paths to members that the data cannot have where they are read.

The data is followed along every way from the first state: what a Pass makes, what a selector keeps, what a service
answers, what a Catch is given. Where anything may be in it, nothing is said.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from stepfunctions.asl.choice import comparisons
from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, JSONATA, is_expression
from stepfunctions.asl.machine import Located, Region, escape_pointer
from stepfunctions.asl.states import AnyState, Choice, Map, Parallel, Pass, Succeed, Task, Wait
from stepfunctions.catalog.responses import Members, members_of_response
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.flow import follow
from stepfunctions.lint.jsonata import places
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.shapes import ANY, ERROR_OUTPUT, NOTHING, Shape, keys_of, made_of, paths_in, shape_of
from stepfunctions.lint.subject import Subject
from stepfunctions.query.jsonata_template import expressions_in, inner
from stepfunctions.query.references import jsonpath_texts

_CHAIN = re.compile(r"\$states\.(input|result|errorOutput)((?:\.[A-Za-z_]\w*)*)")
_ROUNDS = 20
"""How often a state's input is looked at again; a loop that makes the data deeper each time is given up."""


def impossible_paths(subject: Subject) -> Iterator[Finding]:
    """Find paths that lead to nothing, whichever way the execution came."""
    todo: list[tuple[str, Region, Shape]] = [("", subject.machine, ANY)]
    while todo:
        path, region, given = todo.pop()
        inputs = _inputs(subject, path, region, given)
        for name in region.states:
            where = f"{path}/States/{escape_pointer(name)}"
            if name in inputs:
                flow = _Flow(subject, subject.at[where], inputs[name])
                yield from flow.findings()
                todo += [(where + pointer, inside, start) for pointer, inside, start in flow.regions()]


def _inputs(subject: Subject, path: str, region: Region, given: Shape) -> dict[str, Shape]:
    """Return the shape of the input of every state of a region that can be reached."""
    seen: Counter[str] = Counter()

    def after(name: str, here: Shape) -> Iterator[tuple[str, Shape]]:
        seen[name] += 1
        return _Flow(subject, subject.at[f"{path}/States/{escape_pointer(name)}"], here).ways()

    return follow(region, given, after, lambda name, one, other: ANY if seen[name] >= _ROUNDS else one | other)


class _Flow:
    """The data of one state, from its input to its outputs."""

    def __init__(self, subject: Subject, at: Located, given: Shape) -> None:
        self._subject = subject
        self._at = at
        self._state: AnyState = at.state
        self._given = given
        self._jsonata = at.language == JSONATA
        self._effective = given if self._jsonata else self._read(getattr(at.state, "input_path", ABSENT), given)
        if isinstance(at.state, Choice):
            self._effective = _looked_for(at.state, self._effective)

    def ways(self) -> Iterator[tuple[str, Shape]]:
        """Yield where the state may lead, each with the shape of the input there."""
        state = self._state
        if isinstance(state, Choice):
            output = self._output(NOTHING)
            for rule in state.choices:
                yield rule.next, output if rule.output is ABSENT else self._made(rule.output)
            if state.default is not ABSENT:
                yield state.default, output
            return
        following = getattr(state, "next", ABSENT)
        if following is not ABSENT:
            yield following, self._output(self._result())
        if isinstance(state, (Task, Parallel, Map)):
            for catcher in () if state.catch is ABSENT else state.catch:
                if self._jsonata:
                    yield catcher.next, ERROR_OUTPUT if catcher.output is ABSENT else self._made(catcher.output)
                else:
                    yield catcher.next, self._placed(catcher.result_path, ERROR_OUTPUT)

    def regions(self) -> Iterator[tuple[str, Region, Shape]]:
        """Yield the regions inside the state, each with the shape of its input."""
        state = self._state
        if isinstance(state, Parallel):
            start = self._given if self._jsonata else self._effective
            if state.parameters is not ABSENT:
                start = made_of(state.parameters, partial(self._value, base=self._effective))
            if state.arguments is not ABSENT:
                start = self._made(state.arguments)
            for index, branch in enumerate(state.branches):
                yield f"/Branches/{index}", branch, start
        elif isinstance(state, Map):
            name = "Iterator" if state.item_processor is ABSENT else "ItemProcessor"
            selector = state.parameters if state.item_selector is ABSENT else state.item_selector
            start = ANY
            if selector is not ABSENT and state.item_batcher is ABSENT:
                read = partial(self._value, base=self._effective)
                start = self._made(selector) if self._jsonata else made_of(selector, read)
            yield f"/{name}", state.processor, start

    # -- shapes ----------------------------------------------------------------------------------------------

    def _result(self) -> Shape:
        state = self._state
        if isinstance(state, Pass):
            if state.result is not ABSENT:
                return shape_of(state.result)
            if state.parameters is not ABSENT:
                return made_of(state.parameters, partial(self._value, base=self._effective))
            return self._effective
        if isinstance(state, Task):
            task = self._subject.task_at.get(self._at.path)
            members = None if task is None or state.credentials is not ABSENT else members_of_response(task.resource)
            return _answered(members)
        return ANY if isinstance(state, (Parallel, Map)) else self._effective

    def _output(self, result: Shape) -> Shape:
        state = self._state
        if self._jsonata:
            output = getattr(state, "output", ABSENT)
            if output is not ABSENT:
                return self._made(output, result)
            return result if isinstance(state, (Task, Parallel, Map)) else self._given
        if isinstance(state, (Choice, Wait, Succeed)):
            return self._read(getattr(state, "output_path", ABSENT), self._effective)
        return self._read(getattr(state, "output_path", ABSENT), self._with_result(result))

    def _with_result(self, result: Shape) -> Shape:
        selector = getattr(self._state, "result_selector", ABSENT)
        if selector is not ABSENT:
            result = made_of(selector, partial(self._value, base=result))
        return self._placed(getattr(self._state, "result_path", ABSENT), result)

    def _placed(self, path: JSON, result: Shape) -> Shape:
        if path is ABSENT:
            return result
        if path is None:
            return self._given
        keys = keys_of(str(path))
        return ANY if keys is None else self._given.put(keys, result)

    def _read(self, path: JSON, base: Shape) -> Shape:
        if path is ABSENT:
            return base
        if path is None:
            return NOTHING
        return self._value(str(path), base)

    def _value(self, text: str, base: Shape) -> Shape:
        keys = keys_of(text)
        return ANY if keys is None else base.at(keys) or ANY

    def _made(self, payload: JSON, result: Shape = ANY) -> Shape:
        """Return the shape of what a JSONata payload makes."""
        if is_expression(payload):
            found = _CHAIN.fullmatch(inner(str(payload)))
            if found is None:
                return ANY
            base = {"input": self._given, "result": result, "errorOutput": ERROR_OUTPUT}[found[1]]
            return base.at(found[2].split(".")[1:]) or ANY
        if isinstance(payload, dict):
            return Shape({key: self._made(item, result) for key, item in payload.items()})
        return ANY if isinstance(payload, list) else NOTHING

    # -- findings --------------------------------------------------------------------------------------------

    def findings(self) -> Iterator[Finding]:
        """Yield the paths of this state that lead to nothing."""
        if self._jsonata:
            yield from self._in_jsonata()
            return
        for path, text in jsonpath_texts(self._at):
            yield from self._check(path, text, self._base(path.removeprefix(f"{self._at.path}/").split("/")))

    def _base(self, field: Sequence[str]) -> Shape:
        """Return what ``$`` means in a field of a JSONPath state, by the field's pointer in the state."""
        name, last = field[0], field[-1]
        if name == "Catch":
            return ERROR_OUTPUT if "Assign" in field else ANY
        if name in ("Result", "ResultWriter") or last == "ResultPath":
            return ANY
        if name == "InputPath":
            return self._given
        if isinstance(self._state, (Choice, Wait, Succeed)):
            return self._effective
        if name == "OutputPath":
            return self._with_result(self._result())
        if name == "ResultSelector":
            return self._result()
        if name == "Assign":
            selected = getattr(self._state, "result_selector", ABSENT) is not ABSENT
            return ANY if selected else self._result()
        return self._effective

    def _check(self, where: str, path: JSON, base: Shape) -> Iterator[Finding]:
        for text in paths_in(path) if isinstance(path, str) else ():
            keys = keys_of(text)
            if keys is not None and base.at(keys) is None:
                yield IMPOSSIBLE_PATH.at(where, f"Nothing that comes here has '{text}'.", _has(base, keys))

    def _in_jsonata(self) -> Iterator[Finding]:
        for place in places(self._at):
            shapes = {"input": self._given, "errorOutput": ERROR_OUTPUT, "result": self._result()}
            for pointer, text in expressions_in(place.value):
                yield from self._chain(place.path + pointer, text, {name: shapes.get(name, ANY) for name in place.sees})

    def _chain(self, where: str, text: str, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
        found = _CHAIN.fullmatch(inner(text)) if text.endswith("%}") else None
        if found is None:
            return
        base, keys = shapes.get(found[1], ANY), found[2].split(".")[1:]
        if base.at(keys) is None:
            message = f"Nothing that comes here has '{found[0]}'."
            yield IMPOSSIBLE_PATH.at(where, message, _has(base, keys), offset=text.index(found[0]))


def _answered(members: Members | None) -> Shape:
    return ANY if members is None else Shape({name: _answered(inside) for name, inside in members.items()})


def _looked_for(choice: Choice, given: Shape) -> Shape:
    """Return the shape with anything where the state asks whether something is there: it knows that it may not be."""
    for rule in choice.choices:
        for test in comparisons(rule.test):
            if test.operator == "IsPresent":
                keys = keys_of(test.variable)
                given = ANY if keys is None else given.put(keys, ANY)
    return given


def _has(base: Shape, keys: Sequence[str | int]) -> str:
    """Return a sentence about what there is instead of the first of the keys that leads to nothing."""
    known = 0
    while base.at(keys[: known + 1]) is not None:
        known += 1
    there, missing = base.at(keys[:known]), str(keys[known])
    names = sorted(there.members) if there is not None else []
    if not names:
        return f"'{keys[known - 1]}' has no members." if known else "There is nothing to read."
    where = f" in '{keys[known - 1]}'" if known else ""
    near = difflib.get_close_matches(missing.lower(), [one.lower() for one in names], 1, 0.8)
    meant = [one for one in names if one.lower() in near] or [one for one in names if one.endswith(missing)]
    return f"Did you mean '{meant[0]}'{where}?" if meant else f"There can be {', '.join(names[:12])}{where}."


IMPOSSIBLE_PATH = Rule(
    id="IMPOSSIBLE_PATH",
    severity=WARNING,
    summary="A path leads to a member that the data cannot have, whichever way the execution came.",
    why="The state fails with States.ParameterPathFailure, States.QueryEvaluationError or States.Runtime.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html",
    good="""
        First: {Type: Pass, Result: {day: 1}, Next: Second}
        Second: {Type: Pass, Parameters: {"d.$": $.day}, End: true}
    """,
    bad="""
        First: {Type: Pass, Result: {day: 1}, Next: Second}
        Second: {Type: Pass, Parameters: {"d.$": $.date}, End: true}
    """,
    check=impossible_paths,
)
