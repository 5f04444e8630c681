"""Numbers that JSON does not have. Step Functions gives them as texts: ``Infinity``, ``-Infinity``, ``NaN`` (recorded).

The library stops at an operation that gives one, and says where it stands. There a function of ours takes its place,
which gives a mark that becomes the text when the value is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from stepfunctions.asl.document import JSON
from stepfunctions.query.jsonata_functions import FunctionFailed

MARK = "\ue000\ue001"
"""What a text begins with that stands for such a number. No data of a workflow has these private characters."""

MOST = 20
"""So many operations of one expression are looked at; what has more fails."""

NOT_A_NUMBER = f"{MARK}NaN"

OPERATIONS: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "+": lambda left, right: left + right,
        "-": lambda left, right: left - right,
        "*": lambda left, right: left * right,
        "/": lambda left, right: left / right if right else math.copysign(math.inf, right) * left,
    }
)
FUNCTION = "sfnoverflow"


def rewritten(text: str, start: int, operator: int, end: int) -> str:
    """Return the expression with the operation from ``start`` to ``end`` as a call of ours when it has two numbers."""
    left, right, token = text[start:operator], text[operator + 1 : end], text[operator]
    call = f"${FUNCTION}('{token}',$sfnl,$sfnr)"
    both = "$type($sfnl)='number' and $type($sfnr)='number'"
    return f"{text[:start]}($sfnl:=({left}\n);$sfnr:=({right}\n);{both}?{call}:$sfnl{token}$sfnr){text[end:]}"


def operate(operator: str, left: float, right: float) -> JSON:
    """Return the result of an operation: a number, or the mark of one that JSON does not have."""
    number = OPERATIONS[operator](left, right)
    return number if math.isfinite(number) else f"{MARK}{_NAMES.get(number, 'NaN')}"


_NAMES = {math.inf: "Infinity", -math.inf: "-Infinity"}


def shown(value: Any) -> JSON:
    """Return a value with its marks as texts. Raises FunctionFailed for a mark inside of a longer text."""
    if isinstance(value, str):
        if MARK not in value:
            return value
        text = value.removeprefix(MARK)
        if text not in ("Infinity", "-Infinity", "NaN"):
            raise FunctionFailed("D3001", "Attempting to invoke string function on Infinity or NaN")
        return text
    if isinstance(value, dict):
        return {shown(name): shown(item) for name, item in value.items()}
    return [shown(item) for item in value] if isinstance(value, list) else value
