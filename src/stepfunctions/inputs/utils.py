"""Helpers of 2.3.0's ``inputs.utils``: flattening nested values, and schemas as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flatten(input: Mapping[str, Any], parent_key: str = "", sep: str = ".") -> dict[str, Any]:
    """Return nested dicts as one dict whose keys are joined by ``sep``.

    >>> flatten({"a": {"b": 1}, "c": 2})
    {'a.b': 1, 'c': 2}
    """
    result: dict[str, Any] = {}
    for key, value in input.items():
        name = f"{parent_key}{sep}{key}" if parent_key else key
        if isinstance(value, Mapping):
            result.update(flatten(value, name, sep))
        else:
            result[name] = value
    return result


def replace_type_with_str(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with each type replaced by its name, so that it can be shown as JSON.

    >>> replace_type_with_str({"rows": int, "where": {"bucket": str}})
    {'rows': 'int', 'where': {'bucket': 'str'}}
    """
    return {
        key: replace_type_with_str(value) if isinstance(value, Mapping) else getattr(value, "__name__", value)
        for key, value in schema.items()
    }
