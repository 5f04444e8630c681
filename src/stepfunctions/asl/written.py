"""The fields that are written in a state, and in the objects inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import ABSENT, Kind, Nested, declared_fields
from stepfunctions.asl.machine import Region


def written_fields(value: Any, path: str) -> Iterator[tuple[str, str, Kind, JSON]]:
    """Yield the fields of a state and of the objects in it: pointer, wire name, kind and value, where one is written.

    Choice rules have fields of their own; regions are walked by themselves.
    """
    for field in declared_fields(type(value)):
        item = getattr(value, field.attribute)
        kind, where = field.spec.kind, f"{path}/{field.spec.wire}"
        if item is ABSENT or item is None:
            continue
        if isinstance(kind, Nested):
            for pointer, inner in _inner(kind, item):
                yield from written_fields(inner, where + pointer)
        else:
            yield where, field.spec.wire, kind, item


def _inner(kind: Nested, item: Any) -> Iterator[tuple[str, Any]]:
    for pointer, inner in [(f"/{index}", one) for index, one in enumerate(item)] if kind.many else [("", item)]:
        if not isinstance(inner, Region):
            yield pointer, inner
