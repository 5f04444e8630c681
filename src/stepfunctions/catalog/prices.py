"""What things cost, with the date of the prices. A file of one's own may say otherwise.

Pages: https://aws.amazon.com/step-functions/pricing/ and those that ``prices.json`` names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Prices:
    """Prices in ``currency``: of a state transition, an Express request, a GB-second, and of hours of instances."""

    date: str
    region: str
    currency: str
    standard_transition: float
    express_request: float
    express_gb_second: float
    instance_hours: Mapping[str, float]
    """SageMaker's instance type -> the price of an hour of training or processing."""


@cache
def default_prices() -> Prices:
    """Return the prices of this package."""
    return _prices(json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8")))


def read_prices(path: Path) -> Prices:
    """Return the prices of this package with those of a JSON file in their place; it has the form of ``prices.json``.

    Raises OSError, and ValueError for a file that is not of this form.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
        own = json.loads(Path(__file__).with_name("prices.json").read_text(encoding="utf-8"))
        return _prices(_over(own, given))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is no table of prices: {error}") from None


def _over(own: Any, given: Any) -> Any:
    if isinstance(own, dict):
        return {**own, **{name: _over(own.get(name), one) for name, one in given.items()}}
    if isinstance(own, float) and (isinstance(given, bool) or not isinstance(given, (int, float)) or given < 0):
        raise ValueError(f"{given!r} is no price")
    return given


def _prices(table: Mapping[str, Any]) -> Prices:
    return Prices(
        date=str(table["date"]),
        region=str(table["region"]),
        currency=str(table["currency"]),
        standard_transition=float(table["stepfunctions"]["standard_transition"]),
        express_request=float(table["stepfunctions"]["express_request"]),
        express_gb_second=float(table["stepfunctions"]["express_gb_second"]),
        instance_hours={str(name): float(price) for name, price in table["sagemaker"].items()},
    )
