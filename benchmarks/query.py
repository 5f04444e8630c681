"""What expressions cost: python benchmarks/query.py"""

from __future__ import annotations

import random
import timeit
from collections.abc import Callable, Iterator
from typing import Any

from stepfunctions.asl.choice import Comparison
from stepfunctions.query.choice import compile_test
from stepfunctions.query.intrinsics import compile_intrinsic
from stepfunctions.query.jsonata import compile_jsonata
from stepfunctions.query.jsonpath import compile_path
from stepfunctions.query.reference import compile_reference
from stepfunctions.query.scope import Scope
from stepfunctions.query.template import compile_template
from table import Row, show

SMALL: dict[str, Any] = {"a": {"b": {"c": 7, "l": [1, 2, 3]}}, "name": "model"}
LARGE: dict[str, Any] = {**SMALL, "items": [{"x": number, "y": "p"} for number in range(1_000)]}


def scope(document: Any) -> Scope:
    return Scope(input=document, context=dict, variables={}, chance=lambda: random.Random(1))


def rate(call: Callable[..., Any], *arguments: Any) -> float:
    """The best of five rounds, in calls a second; the loop costs about 20 ns a call."""
    timer = timeit.Timer(
        "call(*arguments)" if len(arguments) != 1 else "call(argument)",
        globals={"call": call, "arguments": arguments, "argument": arguments[0]},
    )
    rounds, _ = timer.autorange()
    return rounds / min(timer.repeat(5, rounds))


def rows() -> Iterator[Row]:
    """Paths, templates, functions and rules; about half a minute."""
    get = compile_path("$.a.b.c")
    put = compile_reference("$.a.b.result")
    measured = {
        "compile $.a.b.c": rate(compile_path, "$.a.b.c"),
        "get $.a.b.c": rate(get.find, SMALL),
        "get $.a.b.c in a scope": rate(get.evaluate, scope(SMALL)),
        "get $.a.b.l[0]": rate(compile_path("$.a.b.l[0]").find, SMALL),
        "get $.items[*].x of 1,000": rate(compile_path("$.items[*].x").find, LARGE),
        "get $.items[?(@.x>500)].x of 1,000": rate(compile_path("$.items[?(@.x>500)].x").find, LARGE),
        "get $..x of 1,000": rate(compile_path("$..x").find, LARGE),
        "put $.a.b.result": rate(put.put, SMALL, 1),
        "template of 3 fields": rate(
            compile_template({"a.$": "$.a.b", "b": {"c.$": "$.name"}, "d": 1}, "Parameters"), scope(SMALL)
        ),
        "States.Format with 2 values": rate(compile_intrinsic("States.Format('{}-{}', $.name, $.a.b.c)"), scope(SMALL)),
        "Choice rule NumericEquals": rate(
            compile_test(Comparison(variable="$.a.b.c", operator="NumericEquals", value=7)), scope(SMALL)
        ),
    }
    for what, expression, document in (
        ("JSONata: a path", "$states.input.a.b.c", LARGE),
        ("JSONata: a text", "'model ' & $states.input.name", LARGE),
        ("JSONata: a filter of 1,000", "$states.input.items[x > 500].y", LARGE),
        ("JSONata: a sum of 1,000", "$sum($states.input.items.x)", LARGE),
    ):
        measured[what] = rate(compile_jsonata(expression), scope(document))
    for what, speed in measured.items():
        yield Row(what, 1e6 / speed, "µs", None, f"{speed:,.0f} a second")


def main() -> None:
    show("Expressions", rows())


if __name__ == "__main__":
    main()
