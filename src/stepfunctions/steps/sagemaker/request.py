"""Requests of SageMaker's API as data: copied, merged, checked; values known only at run time stay as they are."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.inputs.functions import states
from stepfunctions.steps.rendering import is_dynamic

logger = logging.getLogger("stepfunctions.sagemaker")

_COMPUTED = ("{%", "${")
"""How strings begin that stand for a value of later: a JSONata expression, a substitution of CloudFormation."""


def copy_request(value: Any) -> Any:
    """Return a copy of a request at every depth. Placeholders are kept: they are known by identity."""
    if is_dynamic(value):
        return value
    if isinstance(value, Mapping):
        return {key: copy_request(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copy_request(item) for item in value]
    return copy.deepcopy(value)


def overlay(target: dict[str, Any], source: Mapping[str, Any], what: str) -> None:
    """Merge ``source`` into ``target`` in place, at every depth of dicts; ``source`` wins, which is logged (INFO).

    ``k`` and ``k.$`` are one member: the one given replaces the other. ``what`` names the members in the log.
    """
    for key, value in source.items():
        for twin in (f"{key}.$", key.removesuffix(".$")):
            if twin != key:
                target.pop(twin, None)
        known = target.get(key)
        if isinstance(known, dict) and isinstance(value, Mapping):
            overlay(known, value, what)
            continue
        if key in target and not _same(known, value):
            logger.info("The %s '%s' is overwritten: %s becomes %s", what, key, known, value)
        target[key] = copy_request(value)


def _same(one: Any, other: Any) -> bool:
    """Compare two values of a request; placeholders by identity, for ``==`` of theirs gives a condition."""
    if is_dynamic(one) or is_dynamic(other):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(item, other[key]) for key, item in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def put(request: dict[str, Any], **members: Any) -> None:
    """Set the members of a request that are given (not None)."""
    for name, value in members.items():
        if value is not None:
            request.pop(f"{name}.$", None)
            request[name] = copy_request(value)


def inside(request: dict[str, Any], member: str) -> dict[str, Any]:
    """Return a member of a request that is a dict, made when there is none, to write into.

    Raises ValueError when all of it is one placeholder: nothing can be written into that.
    """
    known = request.get(member, request.get(f"{member}.$"))
    if known is None:
        known = request[member] = {}
    if not isinstance(known, dict):
        raise ValueError(f"{member} is known only at run time as a whole ({known!r}): nothing can be written into it.")
    return known


def find(request: Any, *path: str) -> Any:
    """Return a member inside a request, or None. What stands behind ``k.$`` is found as ``k``."""
    for name in path:
        if is_dynamic(request):
            return request
        if not isinstance(request, Mapping):
            return None
        request = request.get(name, request.get(f"{name}.$"))
    return request


def is_later(value: Any) -> bool:
    """Tell whether a value is filled in later: a placeholder, a JSONata expression, a CloudFormation substitution."""
    return is_dynamic(value) or (isinstance(value, str) and value.startswith(_COMPUTED))


def is_in_s3(value: Any) -> bool:
    """Tell whether a value is a location that AWS can read: of S3, of HTTPS, or one that is filled in later."""
    return is_later(value) or (isinstance(value, str) and value.lower().startswith(("s3://", "https://")))


def foreign_values(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, value) for what is neither JSON nor known only at run time."""
    if is_dynamic(value) or value is None or isinstance(value, (str, int, float, bool)):
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from foreign_values(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from foreign_values(item, f"{path}[{index}]")
    else:
        yield path, value


class StandIns:
    """Strings that stand for values known only at run time while an SDK builds strings of them.

    The SDK gets ``of(expression)``; ``resolve`` puts the expressions back. Where a string only contains the stand-in
    (``s3://bucket/<job name>/model``), it becomes a call of States.Format.
    """

    def __init__(self) -> None:
        self._expressions: dict[str, Any] = {}

    def of(self, value: Any, template: str = "{}") -> Any:
        """Return what the SDK gets for a value: itself, or a stand-in where it is known only at run time."""
        if not is_dynamic(value):
            return value
        known = next((text for text, expression in self._expressions.items() if expression is value), None)
        if known is None:
            known = template.format(f"sfn-stand-in-{len(self._expressions)}-")
            self._expressions[known] = value
        return known

    def resolve(self, value: Any) -> Any:
        """Return a request with the expressions in their places again."""
        if isinstance(value, Mapping):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.resolve(item) for item in value]
        return self._of_text(value) if isinstance(value, str) else value

    def _of_text(self, text: str) -> Any:
        if text in self._expressions:
            return self._expressions[text]
        for name, expression in self._expressions.items():
            if name in text:
                before, _, after = text.partition(name)
                return states.format(f"{before}{{}}{after}", expression)
        return text
