"""Which query language a state has: what it says, what follows from its fields, or the workflow's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepfunctions.asl.fields import JSONATA, JSONPATH, DeclaredField, Kind, is_expression
from stepfunctions.inputs.expressions import holds_jsonata
from stepfunctions.steps.blocks import Block

if TYPE_CHECKING:
    from stepfunctions.steps.base import State

_INSTEAD = {
    JSONATA: "Write arguments, output and assign there, and expressions such as step.output()['x'] or jsonata(\"…\").",
    JSONPATH: "Write parameters, result_selector, result_path …, or query_language='JSONata'.",
}


def language_of(state: State, default: str, links: Sequence[str]) -> str:
    """Return the query language of a state in a machine of the language ``default``.

    ``links`` names what is JSONata among what is no field of the state: its rules, its catchers. Raises ValueError
    when the state mixes both languages.
    """
    jsonata = [*jsonata_in(state), *links]
    own: str | None = state.query_language
    if not jsonata and default == JSONPATH and own in (None, JSONPATH):
        return JSONPATH
    if own == JSONPATH and default == JSONATA:
        raise ValueError(
            "query_language is 'JSONPath' in a workflow of JSONata, which AWS refuses. Leave the workflow's "
            "query_language out and write query_language='JSONata' at its other states."
        )
    language = own if own is not None else JSONATA if jsonata else default
    paths = list(_jsonpath_in(state))
    if language == JSONATA and state.REQUEST and state.arguments is None:
        paths = [name for name in paths if name != "parameters"]  # written as Arguments
    wrong, other = (paths, jsonata) if language == JSONATA else (jsonata, paths)
    if wrong:
        through = f", which it is through '{other[0]}'" if other and own is None else ""
        raise ValueError(f"'{wrong[0]}' has no place in a state of {language}{through}. {_INSTEAD[language]}")
    return language


def jsonata_in(block: Block) -> Iterator[str]:
    """Yield the names of a block's fields that only JSONata has, or that hold what only JSONata says."""
    for field, value in block._given():
        if field.spec.language == JSONATA or _holds_jsonata(field, value):
            yield field.attribute


def _jsonpath_in(block: Block) -> Iterator[str]:
    """Yield the names of what only JSONPath has in a block: fields, and ``.$`` members.

    Of a block that was read ``.$`` is no sign: in JSONata it is a member like any other, but hardly meant.
    """
    for field, value in block._given():
        if field.spec.language == JSONPATH:
            yield field.attribute
        elif isinstance(value, Block):
            yield from (f"{field.attribute}.{name}" for name in _jsonpath_in(value) if name != "parameters")
        elif not block._read:
            yield from (f"{field.attribute}.{name}" for name in _path_members(value))


def _holds_jsonata(field: DeclaredField, value: Any) -> bool:
    if isinstance(value, Block):
        return any(jsonata_in(value))
    if isinstance(value, str):
        kind = field.spec.kind
        return isinstance(kind, Kind) and kind.name not in ("any", "string") and is_expression(value)
    return holds_jsonata(value)


def _path_members(value: Any) -> Iterator[str]:
    """Yield the names of the members, at any depth, that only JSONPath computes: ``name.$``."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(key, str) and key.endswith(".$"):
                yield key
            yield from _path_members(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _path_members(item)
