"""Parsed paths compiled to functions: the fast way along names and indexes, and the walk of all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from stepfunctions.asl.document import JSON
from stepfunctions.query.path_filter import MISSING, Finder, Walk, compile_filter
from stepfunctions.query.path_tokens import (
    Filter,
    Index,
    Indexes,
    InvalidPath,
    Name,
    Names,
    PathNotFound,
    Slice,
    Step,
    Steps,
    Wildcard,
)
from stepfunctions.query.values import java_text

Get: TypeAlias = Callable[[JSON], JSON]
Keys: TypeAlias = tuple[str | int, ...]
Matches: TypeAlias = Callable[[Walk, JSON], list[JSON]]
"""What one step of an indefinite path matches in a node, in order."""
Stage: TypeAlias = tuple[bool, "Matches | str"]
"""A step, or its name; true when it follows ``..``: then it looks at every object and array below."""


def compile_steps(path: Steps) -> Get:
    """Return the function that finds a path in a document.

    A definite path gives its value or raises PathNotFound; any other gives the list of its matches.
    Both raise InvalidPath when a step cannot be applied.
    """
    if path.function is not None:
        return _refused(path.function)
    if path.keys is not None:
        return compile_keys(path.keys)
    if path.definite:
        return _merged_fields(path)
    stages = _stages(path.steps)
    return lambda document: _run(stages, Walk(document), document)


def compile_keys(keys: Keys) -> Get:
    """Return the function that follows names and indexes. This is what most fields of a definition do."""
    if not keys:
        return lambda document: document
    if all(isinstance(key, str) for key in keys):
        return _by_names(keys)

    def get(document: JSON) -> JSON:
        value = document
        try:
            for key in keys:
                # A text can be indexed in Python but not in JSON.
                if key.__class__ is int and value.__class__ is not list:
                    break
                value = value[key]
            else:
                return value
        except (LookupError, TypeError):
            pass
        raise explanation(keys, document)

    return get


def _by_names(keys: Keys) -> Get:
    """Names only, which is most paths: written out for the usual lengths, because this runs everywhere."""
    if len(keys) == 1:
        only = keys[0]

        def get(document: JSON) -> JSON:
            try:
                return document[only]
            except (LookupError, TypeError):
                raise explanation(keys, document) from None

    elif len(keys) == 2:
        first, second = keys

        def get(document: JSON) -> JSON:
            try:
                return document[first][second]
            except (LookupError, TypeError):
                raise explanation(keys, document) from None

    else:
        start, middle, end, rest = keys[0], keys[1], keys[2], keys[3:]

        def get(document: JSON) -> JSON:
            try:
                value = document[start][middle][end]
                for key in rest:
                    value = value[key]
                return value
            except (LookupError, TypeError):
                raise explanation(keys, document) from None

    return get


def explanation(keys: Keys, document: JSON, *, more: bool = False) -> PathNotFound | InvalidPath:
    """Return why these names and indexes lead to nothing, in Jayway's words; ``more``: the path goes on."""
    value, walked = document, "$"
    for position, key in enumerate(keys):
        here = walked + fragment(key)
        if isinstance(key, int):
            if value is None:
                return PathNotFound(f"The path {walked} is null")
            if not isinstance(value, list):
                return _no_array(value, f"[{key}]")
            if not -len(value) <= key < len(value):
                break
        elif not isinstance(value, dict):
            return PathNotFound(_no_object([key], walked, value))
        elif key not in value:
            if position < len(keys) - 1 or more:
                return PathNotFound(f"Missing property in path {here}")
            break
        value, walked = value[key], here
    return PathNotFound("No results for path: $" + "".join(map(fragment, keys)))


def fragment(key: str | int) -> str:
    """Return one step as Jayway writes it: ``['name']`` or ``[3]``."""
    return f"['{key}']" if isinstance(key, str) else f"[{key}]"


def _no_object(names: Sequence[str], walked: str, value: JSON) -> str:
    wanted = "[" + ", ".join(f"'{name}'" for name in names) + "]"
    return (
        f"Expected to find an object with property {wanted} in path {walked} but found "
        f"'{_java_class(value)}'. This is not a json object according to the JsonProvider: "
        "'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."
    )


def _java_class(value: JSON) -> str:
    return {
        type(None): "null",
        str: "java.lang.String",
        bool: "java.lang.Boolean",
        int: "java.lang.Integer",
        float: "java.lang.Double",
        list: "java.util.ArrayList",
    }[type(value)]


def _no_array(value: JSON, step: str) -> InvalidPath:
    return InvalidPath(f"Filter: {step} can only be applied to arrays. Current context is: {java_text(value)}")


def _merged_fields(path: Steps) -> Get:
    """``$.a['b','c']``: one object with those of the fields that exist."""
    last = path.steps[-1].selector
    assert isinstance(last, Names)
    names = last.names
    keys = Steps(path.steps[:-1]).keys
    assert keys is not None
    before = keys
    get = compile_keys(before)

    def find(document: JSON) -> JSON:
        try:
            value = get(document)
        except PathNotFound:
            raise explanation(before, document, more=True) from None
        if not isinstance(value, dict):
            raise PathNotFound(_no_object(names, "$" + "".join(map(fragment, before)), value))
        return {name: value[name] for name in names if name in value}

    return find


# --- indefinite paths


def _run(stages: Sequence[Stage], walk: Walk, start: JSON) -> list[JSON]:
    nodes = [start]
    for deep, matches in stages:
        around = list(_below(walk, nodes)) if deep else nodes
        found: list[JSON] = []
        if isinstance(matches, str):  # most steps are names: no call for each node
            found = [node[matches] for node in around if isinstance(node, dict) and matches in node]
        else:
            for node in around:
                found += walk.spend(matches(walk, node))
        nodes = found
    return nodes


def _stages(steps: Sequence[Step]) -> list[Stage]:
    stages: list[Stage] = []
    definite = True
    for position, step in enumerate(steps):
        stages.append((step.deep, _matches(step, last=position == len(steps) - 1, definite=definite)))
        definite = definite and not step.deep and isinstance(step.selector, (Name, Index))
    return stages


def _matches(step: Step, *, last: bool, definite: bool) -> Matches | str:
    """Return what a step matches; for a name, the name."""
    selector = step.selector
    if isinstance(selector, Name):
        return selector.name
    if isinstance(selector, Names):
        return _several_named(selector.names, merge=last, whole=step.deep)
    if isinstance(selector, Wildcard):
        return _everything
    if isinstance(selector, Filter):
        return _filtered(selector, definite=definite, deep=step.deep)
    return _indexed(selector, deep=step.deep)


def _below(walk: Walk, nodes: list[JSON]) -> Iterator[JSON]:
    """Every object and array from these nodes down, each before what it holds."""
    stack = [node for node in reversed(nodes) if isinstance(node, (dict, list))]
    while stack:
        node = stack.pop()
        yield node
        children = walk.spend(list(node.values()) if isinstance(node, dict) else node)
        stack.extend([child for child in reversed(children) if isinstance(child, (dict, list))])


def _several_named(names: tuple[str, ...], *, merge: bool, whole: bool) -> Matches:
    """``merge``: as one object; ``whole``: only objects that have all the names (what Jayway does after ``..``)."""

    def matches(_walk: Walk, node: JSON) -> list[JSON]:
        if not isinstance(node, dict):
            return []
        if not merge:
            return [node[name] for name in names if name in node]
        found = {name: node[name] for name in names if name in node}
        return [] if whole and len(found) < len(set(names)) else [found]

    return matches


def _everything(_walk: Walk, node: JSON) -> list[JSON]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _indexed(selector: Index | Indexes | Slice, *, deep: bool) -> Matches:
    indexes: tuple[int, ...] = ()
    if isinstance(selector, Index):
        text, indexes = f"[{selector.index}]", (selector.index,)
    elif isinstance(selector, Indexes):
        text, indexes = "[" + ",".join(map(str, selector.indexes)) + "]", selector.indexes
    else:
        start, stop = selector.start, selector.stop
        text = f"[{'' if start is None else start}:{'' if stop is None else stop}]"

    def matches(_walk: Walk, node: JSON) -> list[JSON]:
        if not isinstance(node, list):
            if node is None or deep:
                return []
            raise _no_array(node, text)
        size = len(node)
        chosen = _sliced(selector, size) if isinstance(selector, Slice) else indexes
        return [node[index] for index in chosen if -size <= index < size]

    return matches


def _sliced(part: Slice, size: int) -> range:
    """Which indexes a slice takes. With both ends given Jayway does not count a negative end from the end."""
    start, stop = part.start, part.stop
    if stop is None:
        assert start is not None
        return range(max(0, start + size if start < 0 else start), size)
    if start is None:
        return range(min(size, stop + size if stop < 0 else stop))
    return range(max(start, -size), min(size, stop))


def _filtered(selector: Filter, *, definite: bool, deep: bool) -> Matches:
    accepts = compile_filter(selector.test, _compile_query)

    def matches(walk: Walk, node: JSON) -> list[JSON]:
        # Below '..' Jayway asks the filter about each container: an object is taken itself, and the objects
        # of an array are met on the way down.
        if deep and not accepts(walk, node):
            return []
        if isinstance(node, list):
            return [item for item in walk.spend(node) if accepts(walk, item)]
        if isinstance(node, dict):
            return [node] if accepts(walk, node) else []
        if definite:
            raise InvalidPath(f"Filter: [?] can not be applied to primitives. Current context is: {java_text(node)}")
        return []

    return matches


def _compile_query(path: Steps) -> Finder:
    """Compile a path inside a filter: what it finds below a node, or MISSING."""
    if not path.definite:
        stages = _stages(path.steps)
        return lambda walk, node: _run(stages, walk, node)
    get = compile_steps(path)

    def find(_walk: Walk, node: JSON) -> JSON:
        try:
            return get(node)
        except (PathNotFound, InvalidPath):
            return MISSING

    return find


# --- functions at the end of a path


def _refused(function: str) -> Get:
    """Return what a path gives that ends in a function: nothing. The guide rules them out, and they fail (recorded)."""

    def find(document: JSON) -> JSON:  # noqa: ARG001 - of every path
        raise PathNotFound(f"Property ['{function}()'] not found: functions are not supported")

    return find
