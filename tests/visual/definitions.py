"""More than a hundred machines to draw: the project's own, and those that layouts find hard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.lint.corpus_cases import corpus

Definition = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
LAMBDA = "arn:aws:states:::lambda:invoke"
FEWEST = 3
"""States of a definition of the linter's that is worth a picture."""


@cache
def definitions() -> dict[str, Definition]:
    """Every machine by its name."""
    return {**dict(made()), **dict(goldens()), **dict(linted())}


def task(following: str | None = None, *handlers: str, **fields: Any) -> Definition:
    state: Definition = {"Type": "Task", "Resource": LAMBDA, **fields}
    state.update({"Next": following} if following else {"End": True})
    if handlers:
        state["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": name} for name in handlers]
    return state


def machine(**states: Definition) -> Definition:
    return {"StartAt": next(iter(states)), "States": states}


def chain(names: list[str], *handlers: str) -> dict[str, Definition]:
    return {name: task(following, *handlers) for name, following in zip(names, [*names[1:], None], strict=True)}


def choice(*targets: str, default: str | None = None) -> Definition:
    rules = [{"Variable": "$.kind", "NumericEquals": number, "Next": name} for number, name in enumerate(targets)]
    return {"Type": "Choice", "Choices": rules, **({"Default": default} if default else {})}


def fan(kind: str, count: int, inner: Definition, **fields: Any) -> Definition:
    if kind == "Map":
        return {"Type": "Map", "ItemProcessor": inner, **({"End": True} | fields)}
    return {"Type": "Parallel", "Branches": [inner] * count, **({"End": True} | fields)}


def made() -> Iterator[tuple[str, Definition]]:
    """Loops, retries, fans, wide Choices, shared handlers, nesting, names of all kinds, and large ones."""
    names = [f"Step {number}" for number in range(1, 9)]
    for count in (1, 2, 5, 8):
        yield f"chain of {count}", machine(**chain(names[:count]))
    for count in (2, 3, 8, 40):
        steps = [f"Step {number}" for number in range(count)]
        yield f"{count} with one handler", machine(**chain(steps, "Handler"), Handler={"Type": "Fail"})
        both = machine(**chain(steps, "First", "Second"), First={"Type": "Fail"}, Second=task("First"))
        yield f"{count} with two handlers", both
    for count in (2, 3, 5, 7, 12, 30):
        targets = [f"Kind {number}" for number in range(count)]
        leaves = {name: task("Join") for name in targets}
        yield f"choice of {count}", machine(Route=choice(*targets, default="Join"), **leaves, Join={"Type": "Succeed"})
        ends = {name: {"Type": "Pass", "End": True} for name in targets}
        yield f"choice of {count} without a way on", machine(Route=choice(*targets), **ends)
    yield from loops()
    yield from nests()
    yield from named()
    yield from broken()


def loops() -> Iterator[tuple[str, Definition]]:
    poll = {"Type": "Wait", "Seconds": 30, "Next": "Ask"}
    yield (
        "poll",
        machine(
            Begin=task("Wait"), Wait=poll, Ask=task("Done?"), **{"Done?": choice("Wait", default="End"), "End": task()}
        ),
    )
    yield "self loop", machine(Again=choice("Again", default="Out"), Out={"Type": "Succeed"})
    yield "catch to itself", machine(Try=task("Out", "Try"), Out={"Type": "Succeed"})
    two = machine(A=task("B"), B=choice("A", "D", default="C"), C=choice("A", "B", default="D"), D={"Type": "Succeed"})
    yield "loops that cross", two
    back = {f"S{number}": choice(f"S{number - 1}" if number else "S5", default=f"S{number + 1}") for number in range(8)}
    yield "a ladder back and forth", machine(**back, S8={"Type": "Succeed"})
    yield "a ring", machine(**{f"R{number}": task(f"R{(number + 1) % 6}") for number in range(6)})
    tries = {
        "Try": task("Good", "Count"),
        "Count": {"Type": "Pass", "Next": "Enough?"},
        "Enough?": choice("Give up", default="Pause"),
        "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Try"},
        "Good": {"Type": "Succeed"},
        "Give up": {"Type": "Fail"},
    }
    yield "retry by hand", machine(**tries)


def nests() -> Iterator[tuple[str, Definition]]:
    leaf = machine(Only=task())
    for count in (1, 2, 3, 4, 10):
        yield (
            f"parallel of {count}",
            machine(Before=task("Both"), Both=fan("Parallel", count, leaf, Next="After"), After=task()),
        )
    tall, wide = (
        machine(**chain([f"T{n}" for n in range(6)])),
        machine(Route=choice(*"abcd"), **{n: task() for n in "abcd"}),
    )
    uneven = {"Type": "Parallel", "Branches": [tall, leaf, wide], "End": True}
    yield "uneven branches", machine(Both=uneven)
    inner = leaf
    for depth in range(1, 6):
        inner = machine(**{f"Level {depth}": fan("Map" if depth % 2 else "Parallel", 2, inner)})
        yield f"{depth} deep", inner
    caught = fan("Map", 1, wide, Next="After", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Clean up"}])
    yield (
        "map with a handler",
        machine(Each=caught, After=task(None, "Clean up"), **{"Clean up": task("Failed"), "Failed": {"Type": "Fail"}}),
    )
    apart = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **wide}
    yield "distributed map", machine(Each=fan("Map", 1, apart, Label="Each"))
    yield (
        "map in a loop",
        machine(Each=fan("Map", 1, tall, Next="Good?"), **{"Good?": choice("Each", default="Out"), "Out": task()}),
    )
    yield (
        "empty containers",
        machine(Both={"Type": "Parallel", "Branches": [], "Next": "Each"}, Each={"Type": "Map", "End": True}),
    )
    for count, steps in ((20, 10), (60, 20)):
        branch = machine(**chain([f"Do {number}" for number in range(steps)], "Oops"), Oops={"Type": "Fail"})
        yield (
            f"{count} branches of {steps + 1}",
            machine(Prepare=task("All"), All=fan("Parallel", count, branch, Next="Out"), Out=task()),
        )
    yield "a chain of 300", machine(**chain([f"Step {number}" for number in range(300)], "Oops"), Oops={"Type": "Fail"})


NAMES = {
    "long": "Extract and clean the raw flights of the last thirteen weeks into the lake, week by",
    "one long word": "Extractandcleantherawflightsofthelastthirteenweeksintothelakeweekbyweekwithoutend",
    "markup": "</text><script>alert('x')</script> & <b>\"bold\"</b>",
    "right to left": "استخراج بيانات الرحلات الجوية",
    "bidirectional": "Load \u202eraw\u202c שלום flights",
    "emoji": "🛫 Load 👩‍🚀 flights 🇪🇺 ✅",
    "cjk": "从数据湖中提取并清洗过去十三周的航班数据",
    "spaces": "   Load    \t flights   ",
    "controls": "Load\u0000\u0007\nflights",
    "a lone surrogate": "Load \ud83d flights",
    "combining": "Lo\u0301a\u0308d\u0323 fl\u0336i\u0336g\u0336hts",
}


def named() -> Iterator[tuple[str, Definition]]:
    for what, name in NAMES.items():
        yield (
            f"names: {what}",
            machine(
                **{
                    name: choice(f"{name} 1", default=f"{name} 2"),
                    f"{name} 1": task(),
                    f"{name} 2": task(None, f"{name} 1"),
                }
            ),
        )


def broken() -> Iterator[tuple[str, Definition]]:
    yield "nothing", {}
    yield "no states", {"StartAt": "A", "States": {}}
    yield "a target that is not there", machine(A=task("B", "C"))
    yield "no start", {"States": {"A": task()}}
    yield "a state that is none", {"StartAt": "A", "States": {"A": 3, "B": None, "C": {"Type": "Task", "Next": 5}}}
    yield "never reached", machine(A=task(), B=task("C"), C=task("B"))


def goldens() -> Iterator[tuple[str, Definition]]:
    """The states that deployments and monitors expand to."""
    for path in sorted((ROOT / "tests" / "mlops" / "golden").glob("*.asl.json")):
        yield f"golden: {path.name.removesuffix('.asl.json')}", json.loads(path.read_text(encoding="utf-8"))


def linted() -> Iterator[tuple[str, Definition]]:
    """Those of the linter's corpus that have some states."""
    for case in corpus("valid"):
        name, text = next(iter(case.files.items()))
        if not name.startswith("case.asl"):
            continue
        definition = yaml.safe_load(text)
        if isinstance(definition, dict) and text.count("Type") >= FEWEST:
            yield f"lint: {case.name}", definition
