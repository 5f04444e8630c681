"""The functions that may end a path: ``$.items.length()``.

Jayway JsonPath has them; AWS's guide says that they are not supported, and a recorded answer of the
service (``$.Jobs.sum()``: "could not be found in the input") agrees. They work here for experiments;
``Path.unsupported`` names them, so that lint can warn before a workflow is deployed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from stepfunctions.asl.document import JSON
from stepfunctions.query.path_tokens import InvalidPath
from stepfunctions.query.values import is_number


def _length(value: JSON) -> JSON:
    return len(value) if isinstance(value, (list, dict)) else None


def _numbers(value: JSON) -> list[float]:
    numbers = [item for item in value if is_number(item)] if isinstance(value, list) else []
    if not numbers:
        raise InvalidPath("Aggregation function attempted to calculate value using empty array")
    return numbers


def _number(value: float) -> JSON:
    return int(value) if value == math.floor(value) else value


def _mean(value: JSON) -> float:
    numbers = _numbers(value)
    return sum(numbers) / len(numbers)


def _deviation(value: JSON) -> float:
    mean = _mean(value)
    return math.sqrt(sum((number - mean) ** 2 for number in _numbers(value)) / len(_numbers(value)))


def _item(value: JSON, index: int) -> JSON:
    if isinstance(value, list) and value:
        return value[index]
    raise InvalidPath("The first or last item of an empty array was asked for")


PATH_FUNCTIONS: Mapping[str, Callable[[JSON], JSON]] = MappingProxyType(
    {
        "length": _length,
        "size": _length,
        "keys": lambda value: list(value) if isinstance(value, dict) else None,
        "min": lambda value: _number(min(_numbers(value))),
        "max": lambda value: _number(max(_numbers(value))),
        "sum": lambda value: _number(sum(_numbers(value))),
        "avg": lambda value: _number(_mean(value)),
        "stddev": lambda value: _number(_deviation(value)),
        "first": lambda value: _item(value, 0),
        "last": lambda value: _item(value, -1),
    }
)
"""Function at the end of a path -> what it makes of the value before it."""
