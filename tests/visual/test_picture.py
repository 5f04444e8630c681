"""The picture as people get it: SVG in themes, text, notebook output, files; of right and of wrong definitions."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from stepfunctions.visual import Picture
from stepfunctions.visual.graph import build
from stepfunctions.visual.rules import compact, condition_text, rule_text
from stepfunctions.visual.status import Overlay, StateStatus
from stepfunctions.visual.widths import shorten, text_width, wrap

Definition = dict[str, Any]
SVG = "{http://www.w3.org/2000/svg}"


def groups(svg: str) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    return {group.attrib["data-id"]: group for group in root.iter(f"{SVG}g") if "data-id" in group.attrib}


def test_every_state_is_a_group_with_its_status(nested: Definition, script: Any) -> None:
    script.task("Collect", failures=1)
    script.add("ParallelStateEntered", name="Both")
    script.add("ParallelStateStarted")
    found = groups(Picture.of(nested, script.events).svg)
    assert found["Collect"].attrib["data-s"] == "SUCCEEDED"
    assert found["Both"].attrib["data-s"] == "RUNNING"
    assert found["Publish"].attrib["data-s"] == "NOT_REACHED"
    assert found["Collect"].attrib["aria-label"] == "Task state Collect, succeeded · 1 retry"
    words = "".join(found["Collect"].itertext())
    assert "Succeeded" in words
    assert len(found["Collect"].findall(f"{SVG}circle")) == 1


def test_without_a_history_nothing_has_a_status(nested: Definition) -> None:
    assert "data-s" not in Picture.of(nested).svg


def test_the_way_taken_stands_out(nested: Definition, script: Any) -> None:
    script.task("Collect")
    script.add("ParallelStateEntered", name="Both")
    root = ElementTree.fromstring(Picture.of(nested, script.events).svg)
    ways = {
        (group.attrib["data-from"], group.attrib["data-to"]): group.attrib["data-s"]
        for group in root.iter(f"{SVG}g")
        if "data-from" in group.attrib
    }
    assert ways["", "Collect"] == "TAKEN"
    assert ways["Collect", "Both"] == "TAKEN"
    assert ways["Both", "Good?"] == "IDLE"


def test_inside_a_distributed_map_nothing_is_claimed(script: Any) -> None:
    body = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Work",
        "States": {"Work": {"Type": "Pass", "End": True}},
    }
    script.add("MapStateEntered", name="Each")
    definition = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": body, "End": True}}}
    found = groups(Picture.of(definition, script.events).svg)
    assert found["Each"].attrib["data-s"] == "RUNNING"
    assert "data-s" not in found["Work"].attrib


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_flat_picture_has_literal_colours_only(nested: Definition, theme: Any) -> None:
    svg = Picture.of(nested, [], theme=theme).to_svg(flat=True)
    assert "<style" not in svg
    assert "class=" not in svg.replace('class="sfn"', "")
    assert "var(" not in svg


def test_an_automatic_theme_follows_the_reader(nested: Definition) -> None:
    svg = Picture.of(nested, theme="auto").svg
    ElementTree.fromstring(svg)
    assert "prefers-color-scheme:dark" in svg


def test_every_class_is_in_the_style_sheet(nested: Definition, script: Any) -> None:
    script.task("Collect", failures=1)
    svg = Picture.of(nested, script.events).to_svg(theme="auto")
    rules = set(re.findall(r"\.sfn \.([\w-]+)\{", svg))
    assert set(re.findall(r'class="([\w-]+)"', svg)) - {"sfn"} <= rules


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ValueError, match="'light', 'dark' or 'auto'"):
        Picture.of({}, theme="pink")  # type: ignore[arg-type]


NASTY = [
    "<b>&\"'</b>",
    "]]>",
    "emoji 🎉👩‍🔬 done",
    "名前が長い状態の名前です",
    "a\x00b\x1fc",
    "\ud83d",
    "ünï",
    " ",
    "x" * 80,
]


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("flat", [True, False])
def test_any_name_gives_xml(name: str, flat: bool, task: Callable[..., Definition]) -> None:
    picture = Picture.of({"Comment": name, "StartAt": name, "States": {name: task(None, name)}})
    root = ElementTree.fromstring(picture.to_svg(flat=flat).encode())
    assert len(groups(ElementTree.tostring(root, "unicode"))) == 1
    bundle = picture._repr_mimebundle_()
    assert "<b>" not in bundle["text/html"]
    assert all(shown.encode() for shown in bundle.values())


SHAPES: list[Any] = [
    {},
    None,
    [],
    "text",
    {"States": {}},
    {"States": []},
    {"StartAt": "A"},
    {"StartAt": 3, "States": {"A": 4}},
    {"States": {"A": {"Type": "Task"}}},
    {"StartAt": "B", "States": {"A": {"Type": "Pass", "Next": "C"}}},
    {"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [1, {"Next": "A"}, {"Next": 5}], "Default": []}}},
    {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}},
    {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [3, {}, {"States": {"P": {"Type": "Map"}}}]}}},
    {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": 3, "Catch": [{"Next": "M"}, 3, {}]}}},
    {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}},
    {"StartAt": "F", "States": {"F": {"Type": ["Fail"]}}},
]


@pytest.mark.parametrize("definition", SHAPES, ids=repr)
def test_a_wrong_definition_is_drawn_as_far_as_it_goes(definition: Any) -> None:
    for portrait in (True, False):
        picture = Picture.of(definition, [], portrait=portrait)
        ElementTree.fromstring(picture.svg)
        assert picture.text


def test_a_missing_target_is_shown() -> None:
    picture = Picture.of({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Gone"}}})
    assert "not defined" in "".join(groups(picture.svg)["Gone#missing"].itertext())


def test_states_of_one_name_keep_ids_apart() -> None:
    inner = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    picture = Picture.of({"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [inner, inner]}}})
    assert set(groups(picture.svg)) == {"A", "A#2", "A#3"}


def test_long_names_are_cut_and_kept_in_the_tooltip() -> None:
    name = "A name that is far too long for a card of two lines, as names of eighty characters"
    group = groups(Picture.of({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}).svg)[name]
    assert (group.findtext(f"{SVG}title") or "").startswith(name)
    written = [text.text or "" for text in group.findall(f"{SVG}text")]
    assert len(written) == 3
    assert written[-1].endswith("…")


def test_portrait_runs_down_and_landscape_to_the_right(task: Callable[..., Definition]) -> None:
    definition = {"StartAt": "A", "States": {"A": task("B"), "B": task("C"), "C": task()}}
    tall, broad = Picture.of(definition, portrait=True).drawing, Picture.of(definition).drawing
    assert tall.height > tall.width
    assert broad.width > broad.height


def test_text_says_where_states_lead(nested: Definition) -> None:
    text = Picture.of(nested).text
    assert "Good?  [Choice]\n    if $.score ≥ 0.9 → Publish\n    if $.round < 10 → Collect\n    otherwise" in text
    assert "  Branch 1\n    Each  [Map]\n      Check  [Lambda: Invoke] → Ready?\n" in text


def test_text_says_how_states_stand(nested: Definition, script: Any) -> None:
    script.task("Collect", failures=1)
    text = Picture.of(nested, script.events).text
    assert text.startswith("✓ Collect  [Lambda: Invoke]  Succeeded · 1 retry\n")
    assert "○ Publish  [Lambda: Invoke]  Not reached\n" in text


def test_a_notebook_gets_an_image_and_a_table(nested: Definition) -> None:
    bundle = Picture.of(nested)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "image/png", "text/plain"}
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    html = bundle["text/html"]
    assert "<svg" not in html
    assert "<script" not in html
    coded = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert coded is not None
    assert base64.b64decode(coded[1]).decode() == bundle["image/svg+xml"]
    assert '<td style="text-align:left">Collect</td>' in html
    only = Picture.of(nested)._repr_mimebundle_(include={"text/plain"})
    assert set(only) == {"text/plain"}


def test_a_notebook_gets_no_png_where_none_can_be_made(nested: Definition, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stepfunctions.visual.picture._LARGEST_PNG", 100)
    assert "image/png" not in Picture.of(nested)._repr_mimebundle_()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert "image/png" not in Picture.of(nested)._repr_mimebundle_()


def test_saving(nested: Definition, tmp_path: Path) -> None:
    picture = Picture.of(nested)
    assert picture.save(tmp_path / "a.svg").read_text(encoding="utf-8") == picture.svg
    assert picture.save(str(tmp_path / "a.txt")).read_text(encoding="utf-8") == picture.text
    with pytest.raises(ValueError, match=r"must end in \.svg, \.png, "):
        picture.save(tmp_path / "a.gif")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"Variable": "$.n", "NumericGreaterThanEquals": 3}, "$.n ≥ 3"),
        ({"Variable": "$.n", "NumericLessThanPath": "$.m"}, "$.n < $.m"),
        ({"Variable": "$.s", "StringEquals": "a"}, '$.s = "a"'),
        ({"Variable": "$.s", "StringMatches": "a*"}, '$.s matches "a*"'),
        ({"Variable": "$.b", "BooleanEquals": False}, "$.b = false"),
        ({"Variable": "$.b", "IsPresent": False}, "$.b is absent"),
        ({"Not": {"Variable": "$.b", "IsNull": True}}, "not $.b is null"),
        (
            {
                "And": [
                    {"Variable": "$.a", "IsString": True},
                    {
                        "Or": [
                            {"Variable": "$.b", "TimestampLessThan": "2026-01-01T00:00:00Z"},
                            {"Variable": "$.c", "IsNumeric": True},
                        ]
                    },
                ]
            },
            '$.a is a string and ($.b < "2026-01-01T00:00:00Z" or $.c is a number)',
        ),
        ({"Condition": "{% $x  > 3 %}"}, "$x > 3"),
        ({"And": 3}, "? ?"),
    ],
)
def test_conditions_in_words(rule: Definition, text: str) -> None:
    assert condition_text(rule) == text
    assert rule_text({**rule, "Comment": "Why"}) == "Why"


def test_short_conditions_keep_the_last_names() -> None:
    assert compact('$.Endpoint.Status = "In" and $$.Execution.Name = $v.x.y') == 'Status = "In" and Name = y'


def test_text_fits_the_room_it_is_given() -> None:
    for text in ("CreateEndpointConfiguration", "a b c d e f g", "WWWWWWWWWWWWWWWW", "i" * 60, "日本語の長い名前", "x"):
        for room in (40, 90, 150):
            assert text_width(shorten(text, 14, room), 14) <= room
            lines = wrap(text, 14, room)
            assert len(lines) <= 2
            assert all(text_width(line, 14) <= room for line in lines)
    assert wrap("Create endpoint configuration", 14, 150) == ("Create endpoint", "configuration")


@pytest.mark.parametrize("name", ["a\x1b[2J", "b\x00\x07", "c\td", "e\nf\r", "g\x9b", "h\ud800", "i\ufffe", 'j"<&\x01'])
def test_a_name_that_xml_cannot_hold_is_there_as_it_is(name: str) -> None:
    picture = Picture.of({"StartAt": name, "States": {name: {"Type": "Succeed"}}})
    group = next(group for group in ElementTree.fromstring(picture.svg).iter(f"{SVG}g") if "data-id" in group.attrib)
    assert json.loads(group.attrib["data-key"]) == name
    shown = "".join(group.itertext()) + group.attrib["data-id"] + group.attrib["aria-label"]
    assert not set(shown) & {chr(code) for code in (*range(9), *range(14, 32), *range(127, 160), 0xD800, 0xFFFE)}


def test_other_names_are_there_once() -> None:
    assert "data-key" not in Picture.of({"StartAt": "Zürich 🛫 \u202e", "States": {"Zürich 🛫 \u202e": {}}}).svg


def test_words_of_a_status_fit_into_the_card() -> None:
    each = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": True}}}
    definition = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": each, "End": True}}}
    overlay = Overlay({"W": StateStatus("RUNNING", visits=8, tally={"RUNNING": 3, "SUCCEEDED": 5})})
    drawn = Picture(build(definition), overlay, portrait=True).to_svg()
    assert ">3 running · 5 done<" in drawn
    assert "3 running · 5 succeeded" in drawn  # the title has all of it
    assert "…" not in drawn
