"""What it costs to compare an event with 1,000 rules: python benchmarks/events.py"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from stepfunctions.catalog.event_patterns import Pattern
from stepfunctions.local.events.index import Index
from table import Row, show

RULES = 1_000
EVENT: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::b7"],
    "detail": {"bucket": {"name": "b7"}, "object": {"key": "raw/x7/data.csv", "size": 5}},
}


def pattern(bucket: str, key: Any) -> dict[str, Any]:
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }


PATTERNS = {
    "a bucket each": [pattern(f"b{number}", {"prefix": "raw/"}) for number in range(RULES)],
    "a prefix each, of one bucket": [pattern("b7", {"prefix": f"raw/x{number}/"}) for number in range(RULES)],
    "a wildcard each, and nothing exact": [
        {"detail": {"object": {"key": [{"wildcard": f"*/x{number}/*.csv"}]}}} for number in range(RULES)
    ],
}


def rows() -> Iterator[Row]:
    """A few seconds."""
    for what, patterns in PATTERNS.items():
        index = Index([(Pattern(json.dumps(one)), number) for number, one in enumerate(patterns)])
        best = float("inf")
        for _ in range(20):
            began = time.process_time()
            for _ in range(10):
                found = index.matches(EVENT)
            best = min(best, (time.process_time() - began) / 10)
        assert 7 in found, found
        yield Row(f"1,000 rules, {what}: an event", best * 1000, "ms CPU", 2.0)


def main() -> None:
    show("Rules of EventBridge", rows())


if __name__ == "__main__":
    main()
