"""Reference paths as places to write: ``ResultPath``.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultpath.html
"""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.errors import QuerySyntaxError, StateFailed
from stepfunctions.query.jsonpath import compile_path

MAX_STEPS = 100
"""Longest reference path, in steps: each may create an object, and outputs must stay readable."""

CONFLICT = "States.ReferencePathConflict"
"""The error name the service answers (recorded); the States Language calls it States.ResultPathMatchFailure."""


@dataclass(frozen=True, slots=True)
class ReferencePath:
    """A path to one place of a document, ``$.a.b[0]``; immutable, shared by threads.

    ``keys`` are its names and indexes; none for ``$``.
    """

    text: str
    keys: tuple[str | int, ...]

    def put(self, document: JSON, value: JSON) -> JSON:
        """Return the document with the value at this place.

        The document is not changed: the objects and arrays on the way are copied, the rest is shared.
        Missing objects are created. Raises StateFailed when a step leads through something that is not
        an object, or to an index that the array does not have.
        """
        keys = self.keys
        if not keys:
            return value
        holder: list[JSON] = [None]
        place: JSON = holder
        slot: str | int = 0
        current = document
        for key in keys:
            copied = self._copied(current, key, document)
            place[slot] = copied
            place, slot = copied, key
            current = copied[key] if isinstance(key, int) else copied.get(key, _NEW)
        place[slot] = value
        return holder[0]

    def _copied(self, current: JSON, key: str | int, document: JSON) -> JSON:
        """Copy the object or array that this step goes through; an object when there is nothing yet."""
        if isinstance(key, str):
            if current is _NEW:
                return {}
            if isinstance(current, dict):
                return dict(current)
        elif isinstance(current, list) and key < len(current):
            return list(current)
        raise StateFailed(CONFLICT, f"Unable to apply ReferencePath {self.text} to input {dumps(document)}")


_NEW = object()


def compile_reference(text: str) -> ReferencePath:
    """Compile a path that a result is written to; raises QuerySyntaxError.

    It begins with ``$``, the input of the state: the context object and variables cannot be written.
    """
    path = compile_path(text)
    if path.root != "$":
        raise QuerySyntaxError(text, 0, "A reference path that is written to begins with '$.'")
    if path.keys is None:
        raise QuerySyntaxError(
            text, 1, "A reference path leads to one place: write names and indexes only, such as $.result.items[0]"
        )
    if len(path.keys) > MAX_STEPS:
        raise QuerySyntaxError(text, 1, f"A reference path may have at most {MAX_STEPS} steps")
    if any(isinstance(key, int) and key < 0 for key in path.keys):
        raise QuerySyntaxError(text, 1, "An index of a reference path counts from 0")
    return ReferencePath(text, path.keys)
