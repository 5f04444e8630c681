"""A picture in every format: what is in it, what cannot get into it, and what is said of one that cannot be made."""

from __future__ import annotations

import json
import re
import struct
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests.visual.test_layout_properties import scopes

from stepfunctions.cli.main import run
from stepfunctions.visual import Picture, fonts
from stepfunctions.visual.formats import FORMATS, to_json
from stepfunctions.visual.mermaid import MOST_CHARACTERS, MOST_EDGES, quoted, to_mermaid

NASTY = 'a"b</script><b>|]}) --> x\n;%%{init}'
DEFINITION: dict[str, Any] = {
    "StartAt": NASTY,
    "States": {
        NASTY: {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "P",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}]},
        "P": {"Type": "Parallel", "End": True, "Branches": [
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
            {"StartAt": "M", "States": {"M": {"Type": "Map", "End": True, "ItemProcessor": {
                "StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}}},
        ]},
        "F": {"Type": "Fail"},
    },
}  # fmt: skip


def chain(length: int) -> dict[str, Any]:
    states: dict[str, Any] = {str(n): {"Type": "Pass", "Next": str(n + 1)} for n in range(length - 1)}
    return {"StartAt": "0", "States": {**states, str(length - 1): {"Type": "Succeed"}}}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_is_written(ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "definition.json"
    source.write_text(json.dumps(DEFINITION))
    target = tmp_path / f"picture{ending}"
    assert run(["graph", str(source), "-o", str(target)]) == 0
    assert capsys.readouterr().out.strip() == str(target)
    content = target.read_bytes()
    if ending == ".png":
        width, height = struct.unpack(">II", content[16:24])
        drawing = Picture.of(DEFINITION, portrait=True).drawing
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert (width, height) == (2 * drawing.width, 2 * drawing.height)
    elif ending not in (".txt", ".json"):  # which are no markup
        assert b"<b>" not in content
        assert b"</script>" not in content


def test_a_png_is_not_larger_than_it_may_be(tmp_path: Path) -> None:
    path = Picture.of(chain(400), portrait=True).save(tmp_path / "long.png")
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert height == 16_384
    assert width > 50


def test_what_a_png_needs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ValueError, match=r"pip install 'stepfunctions-sdk\[png\]'"):
        Picture.of(DEFINITION).save(tmp_path / "p.png")
    monkeypatch.undo()
    monkeypatch.setattr("stepfunctions.visual.fonts.family", lambda: None)
    with pytest.raises(ValueError, match="this machine has none"):
        Picture.of(DEFINITION).save(tmp_path / "p.png")
    with pytest.raises(ValueError, match=r"must end in \.svg, \.png, "):
        Picture.of(DEFINITION).save(tmp_path / "p.gif")


@pytest.mark.parametrize("font", ["DejaVuSerif.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"])
def test_whatever_font_there_is_its_letters_are_drawn(font: str, tmp_path: Path) -> None:
    import resvg_py

    (installed,) = [file for folder in fonts.FOLDERS for file in Path(folder).expanduser().rglob(font)]
    (tmp_path / font).write_bytes(installed.read_bytes())
    (tmp_path / "AAA.ttf").write_bytes(b"no font")
    family = fonts.family((str(tmp_path),))

    def drawn(name: str) -> bytes:
        svg = Picture.of({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}).to_svg(flat=True)
        return bytes(
            resvg_py.svg_to_bytes(
                svg_string=svg, skip_system_fonts=True, font_dirs=[str(tmp_path)], sans_serif_family=family
            )
        )

    assert drawn("Load") != drawn("Save")


def test_the_page_is_well_formed(tmp_path: Path) -> None:
    seen: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag != "meta":
                seen.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert seen.pop() == tag

    parser = Tags()
    parser.feed(Picture.of(DEFINITION).save(tmp_path / "p.html").read_text())
    assert seen == []


@settings(max_examples=25)
@given(scopes())
def test_the_layout_as_json_says_where_everything_is(definition: dict[str, Any]) -> None:
    picture = Picture.of(definition)
    whole = json.loads(to_json(picture))
    places = {one["id"]: one for one in whole["nodes"]}
    for one in whole["nodes"]:
        assert 0 <= one["x"] <= one["x"] + one["width"] <= whole["width"]
        assert 0 <= one["y"] <= one["y"] + one["height"] <= whole["height"]
    assert all(edge["from"] in places and edge["to"] in places for edge in whole["edges"])
    assert len(whole["edges"]) == sum(len(line.edges) for line in picture.drawing.lines)


@settings(max_examples=25)
@given(scopes())
def test_mermaid_has_every_state_and_closes_what_it_opens(definition: dict[str, Any]) -> None:
    picture = Picture.of(definition)
    lines = to_mermaid(picture.graph).splitlines()
    assert lines[0] in ("flowchart TD", "flowchart LR")
    depth = 0
    for line in lines[1:]:
        depth += line.strip().startswith("subgraph ") - (line.strip() == "end")
        assert depth >= 0
        for label in re.findall(r'"([^"]*)"', line):
            assert not re.search(r"[<>|{}`\\]", label.replace("<br/>", "")), line
        assert line.count('"') % 2 == 0
    assert depth == 0
    declared = {match for line in lines for match in re.findall(r"^\s*(?:subgraph )?(s\d+)[\[({]", line)}
    assert declared == {f"s{number}" for region in picture.graph.regions for number in region.nodes}
    edges = [line for line in lines if re.search(r"^\s*s\d+ -", line)]
    assert len(edges) == sum(len(region.edges) for region in picture.graph.regions)


def test_labels_are_short_and_harmless() -> None:
    assert quoted(NASTY) == '"a#34;b#60;/script#62;#60;b#62;#124;#93;#125;) --#62; x<br/>;#37;#37;#123;init#125;"'
    assert len(quoted("x" * 500)) == 62


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("1. Load v1.2", "1#46; Load v1.2"),
        ("2) Load", "2#41; Load"),
        ("- Load", "#45; Load"),
        ("+ Load", "#43; Load"),
        ("__init__", "#95;#95;init#95;#95;"),
        ("load_data", "load_data"),
        ("[Load](http://x.org)", "#91;Load#93;(http#58;//x.org)"),
        ("a\n1. b", "a<br/>1#46; b"),
        ("www.x.org", "www#46;x.org"),
    ],
)
def test_names_are_no_markdown(name: str, label: str) -> None:
    assert quoted(name) == f'"{label}"'


def test_what_mermaid_would_not_draw_is_one_node_or_says_its_settings() -> None:
    inner = {"StartAt": "M", "States": {"M": {"Type": "Map", "End": True, "ItemProcessor": chain(700)}}}
    folded = to_mermaid(Picture.of(inner).graph)
    assert "subgraph" not in folded
    assert "M<br/>Map" in folded
    flat = to_mermaid(Picture.of(chain(700)).graph)
    assert flat.startswith("%% Needs maxEdges 701 and maxTextSize ")
    small = to_mermaid(Picture.of(chain(300)).graph)
    assert small.count("-->") == 301 <= MOST_EDGES
    assert len(small) <= MOST_CHARACTERS


def test_statuses_are_colours_and_signs() -> None:
    definition = chain(2)
    events = [
        {"id": 1, "type": "ExecutionStarted", "previousEventId": 0},
        {"id": 2, "type": "PassStateEntered", "previousEventId": 0, "stateEnteredEventDetails": {"name": "0"}},
        {"id": 3, "type": "PassStateExited", "previousEventId": 2, "stateExitedEventDetails": {"name": "0"}},
    ]
    picture = Picture.of(definition, events=events)
    text = to_mermaid(picture.graph, picture.overlay)
    assert '"✓ 0<br/>Pass"' in text
    assert "classDef succeeded stroke:#1d8102" in text
    assert {"SUCCEEDED", "NOT_REACHED"} <= {one.get("status") for one in json.loads(to_json(picture))["nodes"]}
