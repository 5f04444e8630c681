"""The report in a browser: where it failed, by mouse and by keys, light, dark, narrow, long, and hostile."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.browser.conftest import Viewer

from stepfunctions.errors import StateFailed
from stepfunctions.runtime.inprocess import LocalClient
from stepfunctions.visual.report import asking, report
from stepfunctions.visual.report.front_end import script, style_sheet

pytestmark = pytest.mark.heavy

ROLE = "arn:aws:iam::123456789012:role/r"
HOSTILE = "</script><script>document.title='taken'</script><img src=x onerror=alert(1)> \u202e\"'&👩‍🚀"


def task(function: str, **fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    resource = "arn:aws:states:::lambda:invoke"
    end = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, **end, **fields}


def weekly(items: int, failing: int | None) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A pipeline with a Map in a Parallel: definition, input and mocks."""

    def train(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["n"] == failing:
            raise StateFailed("Diverged", json.dumps({"errorMessage": f"loss is NaN {HOSTILE}", "n": failing}))
        return {"Payload": payload}

    retry = [{"ErrorEquals": ["Diverged"], "MaxAttempts": 2, "IntervalSeconds": 5}]
    steps = {
        "Load data": {"Type": "Pass", "Next": "Train"},
        "Train": task("train", Retry=retry, Next="Score"),
        "Score": {"Type": "Pass", "End": True},
    }
    processor = {"StartAt": "Load data", "States": steps}
    each = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 8, "ItemProcessor": processor, "End": True}
    branches = [
        {"StartAt": "Each model", "States": {"Each model": each}},
        {"StartAt": HOSTILE[:80], "States": {HOSTILE[:80]: {"Type": "Wait", "Seconds": 3, "End": True}}},
    ]
    both = {"Type": "Parallel", "Branches": branches, "Next": "Publish"}
    definition = {"StartAt": "Both", "States": {"Both": both, "Publish": task("publish")}}
    mocks = {"Train": lambda request: train(request["Payload"]), "publish": lambda _: {"done": True}}
    return definition, {"items": [{"n": number, "note": HOSTILE} for number in range(items)]}, mocks


def ran(items: int, failing: int | None) -> tuple[LocalClient, str]:
    definition, given, mocks = weekly(items, failing)
    client = LocalClient(mocks, limits=False)
    machine = client.create_state_machine(name="weekly", definition=json.dumps(definition), roleArn=ROLE)
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="run", input=json.dumps(given))
    client.run_until_idle()
    return client, started["executionArn"]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    def make(items: int, failing: int | None = None, **options: Any) -> Path:
        client, arn = ran(items, failing)
        path = tmp_path_factory.mktemp("report") / "run.html"
        path.write_text(report(client, arn, **options), encoding="utf-8")
        return path

    return make


@pytest.fixture(scope="module")
def failed(write: Callable[..., Path]) -> Path:
    return write(12, failing=5)


def test_a_failed_run_opens_at_its_deepest_failed_state(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    assert viewer.title == "Train"
    banner = viewer.page.get_by_role("region", name="Error")
    assert banner.locator(".headline").inner_text().split() == ["✕", "Train", "failed:", "Diverged"]
    assert banner.locator(".path").inner_text() == "Both › Each model (item 5) › Train"
    assert HOSTILE in banner.locator(".cause").inner_text()
    assert viewer.page.get_attribute("[data-id=Train]", "aria-pressed") == "true"
    assert viewer.page.locator(".attempts li").count() == 3
    assert viewer.page.title() == "run · weekly · failed"
    viewer.shoot("report-failed")
    viewer.page.get_by_role("button", name="Show the execution").click()
    assert viewer.title == "run"
    banner.get_by_role("button", name="Show the failed state").click()
    assert viewer.title == "Train"


def test_every_state_can_be_reached_by_keys(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    keys = viewer.page.keyboard
    viewer.page.locator("[role=tab][aria-selected=true]").focus()
    for _ in range(4):
        keys.press("Tab")  # the three buttons of the size, then the graph's one stop
    assert viewer.page.evaluate("document.activeElement.dataset.id") == "Train"
    keys.press("ArrowUp")
    assert viewer.title == "Load data"
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert viewer.title == "Score"
    reached = {viewer.title}
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"):
        keys.press(key)
        reached.add(viewer.title)
    assert {"Both", "Publish"} <= reached | {viewer.title}


def test_tabs_and_tables_have_the_keys_that_they_should(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    keys = viewer.page.keyboard
    viewer.page.locator("[role=tab][aria-selected=true]").focus()
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    assert viewer.page.locator("[role=tab][aria-selected=true]").inner_text().startswith("Events")
    viewer.page.get_by_role("grid", name="Events").focus()
    keys.press("End")
    assert "ExecutionFailed" in viewer.page.inner_text(".row[aria-selected=true]")
    assert viewer.page.inner_text(".section summary").endswith("ExecutionFailed")
    keys.press("ArrowUp")
    keys.press("Home")
    assert viewer.page.inner_text(".row[aria-selected=true]").split()[0] == "1"
    chosen = viewer.page.get_attribute("[role=grid]", "aria-activedescendant")
    assert viewer.page.locator(f"#{chosen}[aria-selected=true]").count() == 1


def test_the_failed_item_is_found_among_the_others(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    viewer.tab("Map items")
    assert viewer.page.locator(".row:not(.head)").count() > 5
    viewer.page.get_by_role("button", name="Failed 1").click()
    row = viewer.page.locator(".row:not(.head)")
    assert row.count() == 1
    assert "Diverged" in row.inner_text()
    row.click()
    assert viewer.title == "Train"
    assert "item 5" in viewer.page.inner_text(".visits")
    viewer.shoot("report-items")


def test_the_timeline_shows_what_is_inside_and_filters(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    viewer.tab("Timeline")
    selected = viewer.page.locator(".row[aria-selected=true]")
    assert "Train" in selected.inner_text()
    assert selected.locator(".bar[data-s=FAILED]").count() >= 3
    viewer.shoot("report-timeline")
    viewer.page.get_by_label("Filter by state").fill("publish")
    assert viewer.page.locator(".row:not(.head)").count() == 0
    viewer.page.get_by_label("Filter by state").fill("")
    viewer.page.locator(".row", has_text="Each model").get_by_role("button").click()
    assert viewer.page.locator(".row", has_text="Item 5").count() == 0
    viewer.page.get_by_role("button", name="Less time").click()
    assert "+" in viewer.page.inner_text(".axis")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(view: Callable[..., Viewer], failed: Path, axe: str, scheme: str) -> None:
    viewer = view(failed, color_scheme=scheme, bypass_csp=True)
    viewer.page.evaluate(axe)
    for tab in ("Graph", "Timeline", "Events", "Map items"):
        viewer.tab(tab)
        if tab != "Graph":
            viewer.page.locator(".row:not(.head)").first.click()
        found = viewer.page.evaluate("axe.run()")["violations"]
        bad = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in bad] == [], tab


VALUES = [
    ('{"id": 12345678901234567890, "x": 1.0, "10": [], "2": {}, "e": 1e400}',
     '{\n  "id": 12345678901234567890,\n  "x": 1.0,\n  "10": [],\n  "2": {},\n  "e": 1e400\n}'),
    (r'[1, [true, null], {"a": {"b": "\u00e9 {[,:"}}]',
     '[\n  1,\n  [\n    true,\n    null\n  ],\n  {\n    "a": {\n      "b": "é {[,:"\n    }\n  }\n]'),
    ('"text"', '"text"'),
    ("-0.10", "-0.10"),
    ("no {json", "no {json"),
]  # fmt: skip


def test_payloads_are_shown_as_they_are_written(view: Callable[..., Viewer], tmp_path: Path) -> None:
    shown = f"JSON.stringify({json.dumps(VALUES)}.map(([one]) => pretty(one)[0]))"
    program = f"{script(None)}\ndocument.getElementById('app').textContent = {shown};"
    page = f"<!doctype html><meta charset=utf-8><p class=inspected>x<p id=app><script type=module>{program}</script>"
    (tmp_path / "values.html").write_text(page, encoding="utf-8")
    viewer = view(tmp_path / "values.html")
    assert json.loads(viewer.page.text_content("#app")) == [shown for _, shown in VALUES]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 800, 360])
def test_it_fits_into_every_window(view: Callable[..., Viewer], failed: Path, scheme: str, width: int) -> None:
    viewer = view(failed, width=width, color_scheme=scheme)
    for tab in ("Timeline", "Events", "Map items", "Graph"):
        viewer.tab(tab)
        assert viewer.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
    viewer.shoot(f"report-{scheme}-{width}")
    background = viewer.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, background[4:-1].split(","))) < 150) == (scheme == "dark")


def test_names_and_payloads_stay_text(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed)
    for tab in ("Timeline", "Events", "Map items", "Graph"):
        viewer.tab(tab)
        assert viewer.page.locator("#app img, #app script, #app iframe").count() == 0
    viewer.page.locator("[data-type=Wait]").click()
    assert viewer.title == HOSTILE[:80]
    assert viewer.page.title() == "run · weekly · failed"


STRANGE = [
    "a\x1b[2J\x07",
    "b\x00",
    "c\td\n e",
    "f\r\n",
    "g\x9bh",
    "i\ud800",
    "j\ufffd",
    "j\ufffe",
    "k&quot;\\u0000",
    " ",
]


class Renamed:
    """A client of a machine whose states P0, P1 … have other names, also those that no service takes."""

    def __init__(self, client: LocalClient, names: list[str]) -> None:
        self._client = client
        self._names = {f"P{place}": name for place, name in enumerate(names)}

    def describe_state_machine_for_execution(self, **request: Any) -> dict[str, Any]:
        told = self._client.describe_state_machine_for_execution(**request)
        for name, other in self._names.items():
            told["definition"] = told["definition"].replace(f'"{name}"', json.dumps(other))
        return dict(told)

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        told = self._client.get_execution_history(**request)
        for event in told["events"]:
            for details in event.values():
                if isinstance(details, dict) and "name" in details:
                    details["name"] = self._names[details["name"]]
        return dict(told)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_a_state_is_found_by_its_name_whatever_characters_it_has(view: Callable[..., Viewer], tmp_path: Path) -> None:
    names = [f"P{place}" for place in range(len(STRANGE))]
    states: dict[str, Any] = {name: {"Type": "Pass", "Comment": f"state {name}"} for name in names}
    for name, after in zip(names, [*names[1:], None], strict=True):
        states[name].update({"End": True} if after is None else {"Next": after})
    client = LocalClient({})
    definition = json.dumps({"StartAt": "P0", "States": states})
    machine = client.create_state_machine(name="m", definition=definition, roleArn=ROLE)
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="run")["executionArn"]
    client.run_until_idle()
    path = tmp_path / "run.html"
    path.write_text(report(Renamed(client, STRANGE), arn), encoding="utf-8")
    viewer = view(path)
    page = viewer.page
    assert page.locator("[data-id]").count() == len(STRANGE)
    for name in names:
        node = page.locator("[data-id]", has=page.locator("title", has_text=f"state {name}"))
        node.click()
        page.locator("[aria-pressed=true]", has=page.locator("title", has_text=f"state {name}")).wait_for()
        page.get_by_text("Definition", exact=True).click()
        assert f"state {name}" in page.locator(".inspector .section", has_text="Definition").inner_text()
        assert page.locator(".inspected .badge[data-s=SUCCEEDED]").count() == 1
    viewer.shoot("report-strange-names")


def test_a_history_of_25000_events_is_a_few_rows_at_a_time(
    view: Callable[..., Viewer], write: Callable[..., Path]
) -> None:
    viewer = view(write(2300))
    events = viewer.page.evaluate("JSON.parse(document.getElementById('document').textContent).events.length")
    assert events == 25_000
    for tab in ("Timeline", "Events", "Map items"):
        viewer.tab(tab)
        grid = viewer.page.locator("[role=grid]")
        grid.focus()
        viewer.page.keyboard.press("End")
        assert viewer.page.locator(".row").count() < 100
        viewer.page.wait_for_selector(".row[aria-selected=true]")
    viewer.tab("Events")
    viewer.page.get_by_label("Filter by type, state or text").fill("MapIterationSucceeded")
    viewer.page.wait_for_function("document.querySelector('[role=status]:not(.loading)').textContent.startsWith('2,')")
    viewer.shoot("report-long")


def fleet(items: int) -> tuple[LocalClient, str]:
    """A Map Run of which one item in eight fails."""
    steps = {
        "Good?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.bad", "BooleanEquals": True, "Next": "Diverged"}],
            "Default": "Trained",
        },
        "Diverged": {"Type": "Fail", "Error": "Diverged", "Cause": "loss is NaN"},
        "Trained": {"Type": "Succeed"},
    }
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    processor = {"StartAt": "Good?", "ProcessorConfig": config, "States": steps}
    fleet = {"Type": "Map", "ToleratedFailurePercentage": 100, "ItemProcessor": processor, "End": True}
    client = LocalClient({}, limits=False)
    definition = json.dumps({"StartAt": "Fleet", "States": {"Fleet": fleet}})
    machine = client.create_state_machine(name="fleet", definition=definition, roleArn=ROLE)
    given = json.dumps([{"n": number, "bad": number % 8 == 3} for number in range(items)])
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], name="run", input=given)["executionArn"]
    client.run_until_idle()
    return client, arn


@pytest.mark.parametrize(("most", "listed", "failed"), [(1_000, 1_875, 1_000), (20_000, 12_000, 1_500)])
def test_those_that_failed_are_found_among_12000_items(
    view: Callable[..., Viewer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, listed: int, failed: int
) -> None:
    monkeypatch.setattr(asking, "MOST_ITEMS", most)
    path = tmp_path / "run.html"
    path.write_text(report(*fleet(12_000)), encoding="utf-8")
    viewer = view(path)
    page, rows = viewer.page, viewer.page.locator(".row:not(.head)")
    page.get_by_role("tab", name=f"Map items {listed:,}").click()
    assert "1,500 failed" in " ".join(page.inner_text(".facts-line").split())
    assert (f"{listed:,} items of 12,000 are listed" in page.inner_text(".facts-line")) == (listed < 12_000)
    assert rows.count() < 100
    page.get_by_role("button", name=f"Failed {failed:,}").click()
    grid = page.get_by_role("grid", name="Items")
    for key in ("End", "PageUp", "Home"):
        grid.focus()
        page.keyboard.press(key)
        page.wait_for_selector(".row[aria-selected=true]")
        assert 0 < rows.count() < 100
        assert {text.split()[-1] for text in rows.locator(".badge").all_inner_texts()} == {"Failed"}
    assert grid.get_attribute("aria-rowcount") == str(failed + 1)
    page.get_by_label("Filter by name or error").fill("diverged")
    page.wait_for_selector("[role=grid][aria-rowcount='51']")  # those that are looked into
    rows.first.click()
    assert page.inner_text(".inspected .muted") == "Item of Fleet"
    assert page.inner_text(".error-name") == "Diverged"
    assert page.get_by_text("More about it").count() == 0, "nothing tells of an Express execution"
    viewer.shoot(f"report-12000-items-{listed}")
    page.get_by_role("button", name=f"Failed {failed:,}").click()
    page.get_by_label("Filter by name or error").fill("nothing is called so")
    page.get_by_text("No item is like that.").wait_for()


def test_a_redacted_report_shows_where_and_not_what(view: Callable[..., Viewer], write: Callable[..., Path]) -> None:
    viewer = view(write(4, failing=1, redact=True))
    assert viewer.title == "Train"
    assert "loss is NaN" not in viewer.page.content()
    assert "[redacted]" in viewer.page.inner_text(".inspector")


def test_without_javascript_the_states_are_listed(view: Callable[..., Viewer], browser: Any, failed: Path) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(failed.as_uri())
    assert "Train (Task): 1 failed" in page.inner_text("noscript, body")
    context.close()


class Part:
    """A client whose history is only a part of the whole one."""

    def __init__(self, client: LocalClient, part: Callable[[list[Any]], list[Any]]) -> None:
        self._client = client
        self._part = part

    def get_execution_history(self, **request: Any) -> dict[str, Any]:
        request["maxResults"] = 1000
        return {"events": self._part(self._client.get_execution_history(**request)["events"])}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


PARTS: dict[str, Callable[[list[Any]], list[Any]]] = {
    "nothing": lambda events: [],
    "beginning": lambda events: events[: len(events) // 2],
    "end": lambda events: events[len(events) // 2 :],
    "middle": lambda events: events[20:60],
    "backwards": lambda events: events[::-1],
    "each third": lambda events: events[::3],
    "twice": lambda events: events + events,
    "its end twice": lambda events: [*events, {**events[-1], "id": len(events) + 1}],
    "in rings": lambda events: [{**event, "previousEventId": event["id"] // 7 * 7 + 6} for event in events],
    "without details": lambda events: [
        {key: value for key, value in event.items() if not key.endswith("Details")} for event in events
    ],
}


@pytest.mark.parametrize("part", PARTS)
def test_a_history_that_is_cut_or_out_of_order_is_shown_as_far_as_it_goes(
    view: Callable[..., Viewer], tmp_path: Path, part: str
) -> None:
    client, arn = ran(12, 5)
    path = tmp_path / "run.html"
    path.write_text(report(Part(client, PARTS[part]), arn), encoding="utf-8")
    viewer = view(path)
    for tab in viewer.page.get_by_role("tab").all():
        tab.click()
        viewer.page.wait_for_selector(".part, .graph")
        if viewer.page.locator(".row:not(.head)").count():
            viewer.page.locator(".row:not(.head)").last.click()
            assert viewer.title
    assert viewer.page.inner_text(".top .badge").endswith("Failed")


def test_with_forced_colours_everything_is_still_told_apart(view: Callable[..., Viewer], failed: Path) -> None:
    viewer = view(failed, forced_colors="active", reduced_motion="reduce")
    viewer.tab("Timeline")
    assert viewer.page.locator(".row .only-sign").first.get_attribute("aria-label")
    viewer.shoot("report-forced-colours")


LIVE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>live</title><style>{style}</style></head>
<body><div id="app"></div><script type="module">{script}
const documents = {documents};
let tell;
const source = {{
  load: () => Promise.resolve(documents[0]),
  subscribe: (told) => {{ tell = told; return () => {{}}; }},
}};
window.next = (at) => tell(documents[at]);
render(html`<${{ExecutionPage}} source=${{source}} />`, document.getElementById("app"));
</script></body></html>"""


def test_a_source_that_goes_on_updates_the_page_and_keeps_what_is_chosen(
    view: Callable[..., Viewer], tmp_path: Path
) -> None:
    client, arn = ran(12, None)
    documents = []
    for part in (PARTS["beginning"], list):
        inside = report(Part(client, part), arn).partition('id="document">')[2].partition("</script>")[0]
        documents.append(json.loads(inside))
    documents[0]["execution"].update({"status": "RUNNING", "end": None})
    embedded = json.dumps(documents).replace("<", "\\u003c")
    path = tmp_path / "live.html"
    path.write_text(LIVE.format(style=style_sheet(), script=script(None), documents=embedded), encoding="utf-8")
    viewer = view(path)
    page = viewer.page
    assert page.inner_text(".top .badge").endswith("Running")
    page.locator("[data-id='Each model'] > text").first.click()
    assert page.get_attribute("[data-id='Each model']", "data-s") == "RUNNING"
    page.evaluate("next(1)")
    page.wait_for_selector(".top .badge[data-s=SUCCEEDED]")
    assert viewer.title == "Each model"
    assert page.get_attribute("[data-id='Each model']", "data-s") == "SUCCEEDED"
    assert page.get_attribute("[data-id='Each model']", "aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.id") == "Each model"
    assert page.get_attribute("[data-id=Publish]", "data-s") == "SUCCEEDED"
    assert page.inner_text("[role=tab]:has-text('Events')").split()[-1] == str(len(documents[1]["events"]))
