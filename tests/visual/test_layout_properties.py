"""What holds for the picture of any machine: nothing overlaps, lines go from border to border around what they pass."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepfunctions.visual import Picture
from stepfunctions.visual.graph import Region
from stepfunctions.visual.layout import Box, Drawing

Definition = dict[str, Any]
Rectangle = tuple[int, int, int, int]

TYPES = ("Task", "Task", "Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
names = st.text(min_size=1, max_size=40)


@st.composite
def scopes(draw: st.DrawFn, depth: int = 2) -> Definition:
    """A scope with any transitions: loops, self loops, shared handlers, unreachable states, missing targets."""
    count = draw(st.integers(1, 9))
    own = [f"{draw(names)}{index}" for index in range(count)]
    target = st.sampled_from([*own, "not there"] if draw(st.booleans()) else own)
    states: Definition = {}
    for name in own:
        kind = draw(st.sampled_from(TYPES if depth else TYPES[:8]))
        state: Definition = {"Type": kind}
        if kind == "Choice":
            rules = draw(st.lists(target, max_size=12))
            state["Choices"] = [
                {"Variable": "$.a.b", "NumericEquals": number, "Next": to} for number, to in enumerate(rules)
            ]
            if draw(st.booleans()):
                state["Default"] = draw(target)
        elif kind not in ("Succeed", "Fail"):
            state.update(draw(st.one_of(st.just({"End": True}), target.map(lambda to: {"Next": to}))))
        if kind in ("Task", "Parallel", "Map"):
            state["Catch"] = [{"ErrorEquals": ["E"], "Next": to} for to in draw(st.lists(target, max_size=2))]
        if kind == "Parallel":
            state["Branches"] = draw(st.lists(scopes(depth - 1), max_size=3))
        if kind == "Map":
            state["ItemProcessor"] = draw(scopes(depth - 1))
        states[name] = state
    return {"StartAt": draw(target), "States": states}


def overlap(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def inside(inner: Rectangle, outer: Rectangle) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] <= inner[1]
        and inner[0] + inner[2] <= outer[0] + outer[2]
        and inner[1] + inner[3] <= outer[1] + outer[3]
    )


def rectangle(box: Box) -> Rectangle:
    return box.x, box.y, box.width, box.height


def on_border(point: tuple[int, int], box: Rectangle) -> bool:
    x, y = point
    within = box[0] <= x <= box[0] + box[2] and box[1] <= y <= box[1] + box[3]
    return within and (x in (box[0], box[0] + box[2]) or y in (box[1], box[1] + box[3]))


def shown_regions(picture: Picture) -> list[Region]:
    """The regions that are drawn: a closed container is drawn without them."""
    shown = [region for region in picture.graph.regions if set(region.nodes) <= set(picture.drawing.boxes)]
    assert picture.graph.regions[0] in shown
    return shown


def check(picture: Picture) -> None:
    """Assert everything that holds for a drawing."""
    drawing, graph = picture.drawing, picture.graph
    boxes = {number: rectangle(box) for number, box in drawing.boxes.items()}
    for region in shown_regions(picture):
        for a, b in combinations(region.nodes, 2):
            assert not overlap(boxes[a], boxes[b]), (graph.nodes[a], graph.nodes[b])
        outer = (0, 0, drawing.width, drawing.height) if region.owner is None else boxes[region.owner]
        for number in region.nodes:
            assert inside(boxes[number], outer)
    check_frames(picture, boxes)
    check_lines(picture, boxes)
    check_labels(picture, drawing, boxes)


def check_frames(picture: Picture, boxes: dict[int, Rectangle]) -> None:
    """Branches are in their frames, and the frames side by side as declared, then row by row."""
    for box in picture.drawing.boxes.values():
        assert box.inner == sorted(box.inner, key=lambda frame: (frame[1], frame[0]))
        assert not any(overlap(a, b) for a, b in combinations(box.inner, 2))
        for number, frame in zip(picture.graph.nodes[box.node].regions, box.inner, strict=bool(box.inner)):
            assert inside(frame, rectangle(box))
            assert all(inside(boxes[node], frame) for node in picture.graph.regions[number].nodes)


def check_lines(picture: Picture, boxes: dict[int, Rectangle]) -> None:
    graph, drawing = picture.graph, picture.drawing
    drawn = [edge for line in drawing.lines for edge in line.edges]
    assert sorted(map(id, drawn)) == sorted(id(edge) for region in shown_regions(picture) for edge in region.edges)
    for line in drawing.lines:
        edge = line.edges[0]
        assert on_border(line.points[0], boxes[edge.source]), edge
        assert on_border(line.points[-1], boxes[edge.target]), edge
        for (ax, ay), (bx, by) in pairwise(line.points):
            assert (ax == bx) != (ay == by), line.points
            piece = (min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by))
            assert inside(piece, (0, 0, drawing.width, drawing.height))
            for number in graph.regions[graph.nodes[edge.source].region].nodes:
                assert not overlap(piece, boxes[number]), (edge, graph.nodes[number].name)


def check_labels(picture: Picture, drawing: Drawing, boxes: dict[int, Rectangle]) -> None:
    labels: dict[int, list[Rectangle]] = {}
    for line in drawing.lines:
        choice = line.edges[0].kind in ("choice", "default")
        assert (line.label is not None) == choice
        if line.label is not None:
            region = picture.graph.nodes[line.edges[0].source].region
            labels.setdefault(region, []).append((line.label.x, line.label.y, line.label.width, line.label.height))
    for region, found in labels.items():
        for a, b in combinations(found, 2):
            assert not overlap(a, b), (a, b)
        for label in found:
            assert inside(label, (0, 0, drawing.width, drawing.height))
            assert not any(overlap(label, boxes[number]) for number in picture.graph.regions[region].nodes)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(definition=scopes(), portrait=st.booleans(), most_states=st.sampled_from([None, 150, 6, 1]))
def test_any_machine_is_drawn_right(definition: Definition, portrait: bool, most_states: int | None) -> None:
    picture = Picture.of(definition, portrait=portrait, most_states=most_states)
    check(picture)
    svg = picture.svg
    ElementTree.fromstring(svg)
    assert Picture.of(definition, portrait=portrait, most_states=most_states).svg == svg
    assert picture.text


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(7, 40),
    handlers=st.lists(st.integers(0, 2), min_size=40, max_size=40),
    lengths=st.lists(st.integers(1, 3), min_size=40, max_size=40),
    portrait=st.booleans(),
)
def test_a_folded_choice_is_drawn_right(count: int, handlers: list[int], lengths: list[int], portrait: bool) -> None:
    states: Definition = {"Join": {"Type": "Pass", "End": True}, "Oops": {"Type": "Fail"}, "Worse": {"Type": "Fail"}}
    rules = []
    for number in range(count):
        rules.append({"Variable": "$.kind", "NumericEquals": number, "Next": f"{number}.0"})
        for step in range(lengths[number]):
            last = step == lengths[number] - 1
            states[f"{number}.{step}"] = {
                "Type": "Task",
                "Next": "Join" if last else f"{number}.{step + 1}",
                "Catch": [{"ErrorEquals": ["E"], "Next": to} for to in ("Oops", "Worse")[: handlers[number]]],
            }
    states["Route"] = {"Type": "Choice", "Choices": rules, "Default": "Join"}
    check(Picture.of({"StartAt": "Route", "States": states}, portrait=portrait))


def test_a_folded_choice_is_not_a_mile_wide() -> None:
    rules = [{"Variable": "$.kind", "NumericEquals": number, "Next": f"Handle {number}"} for number in range(100)]
    handlers = {f"Handle {number}": {"Type": "Pass", "End": True} for number in range(100)}
    picture = Picture.of(
        {"StartAt": "Route", "States": {"Route": {"Type": "Choice", "Choices": rules}, **handlers}}, portrait=True
    )
    check(picture)
    assert picture.drawing.width < 3500
    assert picture.drawing.height < 3500


def test_nested_scopes_are_drawn_right(nested: Definition) -> None:
    check(Picture.of(nested, portrait=True))
    check(Picture.of(nested))


def test_hash_seed_changes_nothing(nested: Definition) -> None:
    program = (
        "import sys, json; from stepfunctions.visual import Picture; "
        "sys.stdout.buffer.write(Picture.of(json.load(sys.stdin), theme='auto').svg.encode())"
    )
    import json

    pictures = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(nested).encode(),
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "12345")
    }
    assert pictures == {Picture.of(nested, theme="auto").svg.encode()}


def chain(count: int, task: Callable[..., Definition]) -> Definition:
    states = {
        f"Step {number}": task(f"Step {number + 1}" if number < count - 1 else None, "Handler")
        for number in range(count)
    }
    return {"StartAt": "Step 0", "States": {**states, "Handler": {"Type": "Fail"}}}


def test_a_shared_handler_keeps_the_chain_straight(task: Callable[..., Definition]) -> None:
    picture = Picture.of(chain(1000, task), portrait=True)
    steps = [box for number, box in picture.drawing.boxes.items() if picture.graph.nodes[number].type == "Task"]
    assert len({box.x + box.width // 2 for box in steps}) == 1
    assert picture.drawing.width < 600
    assert [box.y for box in steps] == sorted(box.y for box in steps)


def test_declared_order_is_kept(task: Callable[..., Definition]) -> None:
    rules = [{"Variable": "$.x", "NumericEquals": number, "Next": name} for number, name in enumerate("CAB")]
    states = {
        "Route": {"Type": "Choice", "Choices": rules, "Default": "Other"},
        **{name: task() for name in ("A", "B", "C", "Other")},
    }
    picture = Picture.of({"StartAt": "Route", "States": states}, portrait=True)
    places = {picture.graph.nodes[number].name: box.x for number, box in picture.drawing.boxes.items()}
    assert sorted(("A", "B", "C", "Other"), key=places.__getitem__) == ["C", "A", "B", "Other"]


def test_loops_run_at_the_left_and_shared_handlers_at_the_right(nested: Definition) -> None:
    picture = Picture.of(nested, portrait=True)
    names = {node.id: node.name for node in picture.graph.nodes}
    boxes = [box for number, box in picture.drawing.boxes.items() if picture.graph.nodes[number].region == 0]
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    lines = {(names[line.edges[0].source], names[line.edges[0].target]): line.points for line in picture.drawing.lines}
    assert min(x for x, _ in lines["Good?", "Collect"]) < left
    for source in ("Collect", "Both", "Publish"):
        assert max(x for x, _ in lines[source, "Clean up"]) > right


@pytest.mark.parametrize("depth", [300])
def test_deep_nesting_needs_no_recursion(depth: int) -> None:
    definition: Definition = {"StartAt": "S", "States": {"S": {"Type": "Pass", "End": True}}}
    for level in range(depth):
        kind = {"Type": "Parallel", "Branches": [definition]} if level % 2 else {"Type": "Map", "Iterator": definition}
        definition = {"StartAt": f"L{level}", "States": {f"L{level}": {**kind, "End": True}}}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(200)
    try:
        assert Picture.of(definition).svg.count("<g data-id=") == 150
        picture = Picture.of(definition, most_states=None)
        assert picture.svg.count("<g data-id=") == depth + 1
        assert picture.text.count("\n") == depth + 1 + depth // 2
    finally:
        sys.setrecursionlimit(limit)
