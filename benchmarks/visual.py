"""Milliseconds to draw machines of 10, 100 and 1,000 states: python benchmarks/visual.py"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from stepfunctions.visual import Picture
from table import Row, show

TASK = "arn:aws:states:::lambda:invoke"
Definition = dict[str, Any]
MOST_MS = 300
"""Of processor time, for 1,000 states."""


def chain(count: int) -> Definition:
    """One task after the other, each with a catcher of its own."""
    states: Definition = {}
    for number in range(count):
        following = {"Next": f"Step {number + 1}"} if number < count - 1 else {"End": True}
        states[f"Step {number}"] = {
            "Type": "Task",
            "Resource": TASK,
            **following,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Handler"}],
        }
    states["Handler"] = {"Type": "Fail"}
    return {"StartAt": "Step 0", "States": states}


def nested(count: int) -> Definition:
    """Parallels of two Maps, in each a Choice with a loop and a catcher: about ``count`` states."""
    states: Definition = {}
    groups = max(1, count // 11)
    for number in range(groups):
        following = {"Next": f"All {number + 1}"} if number < groups - 1 else {"End": True}
        branches = [
            {
                "StartAt": f"Map {number}{side}",
                "States": {
                    f"Map {number}{side}": {"Type": "Map", "End": True, "ItemProcessor": _body(f"{number}{side}")}
                },
            }
            for side in "ab"
        ]
        states[f"All {number}"] = {"Type": "Parallel", "Branches": branches, **following}
    return {"StartAt": "All 0", "States": states}


def _body(mark: str) -> Definition:
    return {
        "StartAt": f"Ask {mark}",
        "States": {
            f"Ask {mark}": {
                "Type": "Task",
                "Resource": TASK,
                "Next": f"Ready {mark}?",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": f"Failed {mark}"}],
            },
            f"Ready {mark}?": {
                "Type": "Choice",
                "Default": f"Wait {mark}",
                "Choices": [{"Variable": "$.ready", "BooleanEquals": True, "Next": f"Failed {mark}"}],
            },
            f"Wait {mark}": {"Type": "Wait", "Seconds": 1, "Next": f"Ask {mark}"},
            f"Failed {mark}": {"Type": "Fail"},
        },
    }


def wide(count: int) -> Definition:
    """A Choice of ``count`` rules."""
    states: Definition = {
        f"Handle {number}": {"Type": "Task", "Resource": TASK, "Next": "Done"} for number in range(count)
    }
    rules = [{"Variable": "$.kind", "NumericEquals": number, "Next": name} for number, name in enumerate(states)]
    return {
        "StartAt": "Route",
        "States": {
            "Route": {"Type": "Choice", "Choices": rules, "Default": "Done"},
            **states,
            "Done": {"Type": "Succeed"},
        },
    }


def leaps(count: int) -> Definition:
    """Choices that each may leave for the end or go back to the start: the most lines for the ranks."""
    states: Definition = {
        f"Choose {number}": {
            "Type": "Choice",
            "Default": f"Choose {number + 1}",
            "Choices": [
                {"Variable": "$.done", "BooleanEquals": True, "Next": f"Choose {count}"},
                {"Variable": "$.again", "BooleanEquals": True, "Next": "Choose 0"},
            ],
        }
        for number in range(count)
    }
    states[f"Choose {count}"] = {"Type": "Succeed"}
    return {"StartAt": "Choose 0", "States": states}


def milliseconds(definition: Definition, portrait: bool) -> float:
    """Of processor time, the best of three."""
    found = []
    for _ in range(3):
        begun = time.process_time()
        picture = Picture.of(definition, portrait=portrait, most_states=None)
        size = len(picture.svg)
        found.append((time.process_time() - begun) * 1000)
        assert size
    return min(found)


def rows() -> Iterator[Row]:
    """Layout and SVG of machines of four shapes; half a minute."""
    for make in (chain, nested, wide, leaps):
        for count in (10, 100, 1_000):
            limit = MOST_MS if count == 1_000 else None
            found = milliseconds(make(count), True)
            yield Row(f"{make.__name__}, {count:,} states: layout and SVG", found, "ms", limit)


def main() -> None:
    show("Pictures", rows())


if __name__ == "__main__":
    main()
