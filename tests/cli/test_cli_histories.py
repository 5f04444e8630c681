"""``graph --execution`` and ``report`` with refusals and histories that are not whole: clear words, no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stepfunctions.cli import graph, main, report
from stepfunctions.errors import ServiceError
from stepfunctions.runtime.inprocess import LocalClient

Events = list[dict[str, Any]]
ROLE = "arn:aws:iam::123456789012:role/r"
PROCESSOR = {
    "StartAt": "One",
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "States": {"One": {"Type": "Pass", "End": True}},
}
DEFINITION = {
    "StartAt": "Fleet",
    "States": {"Fleet": {"Type": "Map", "ItemProcessor": PROCESSOR, "Next": "Stop"}, "Stop": {"Type": "Fail"}},
}
OTHER = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
REFUSED = "AccessDeniedException: not you"


class Client:
    """A client of an execution that ran, which refuses some calls and may tell another history."""

    meta = SimpleNamespace(region_name="us-east-1", endpoint_url="http://127.0.0.1:9")

    def __init__(self) -> None:
        self.ran = LocalClient({}, limits=False)
        self.refused: set[str] = set()
        self.part: Callable[[Events], Events] = list
        definition = json.dumps(DEFINITION)
        machine = self.ran.create_state_machine(name="fleet", definition=definition, roleArn=ROLE)
        self.ran.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input="[1, 2, 3]")
        self.ran.run_until_idle()

    def get_execution_history(self, **request: Any) -> Any:
        if "get_execution_history" in self.refused:
            self.refuse()
        told = self.ran.get_execution_history(executionArn=request["executionArn"])
        return {"events": self.part(told["events"])}

    def refuse(self, **_: Any) -> None:
        raise ServiceError("AccessDeniedException", "not you")

    def __getattr__(self, name: str) -> Any:
        return self.refuse if name in self.refused else getattr(self.ran, name)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client()
    for module in (graph, report):
        monkeypatch.setattr(module, "client_of", lambda *_: made)
    return made


@pytest.fixture
def command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``graph FILE --execution e`` or ``report e``; returns exit code, standard output and standard error."""

    def run(name: str, definition: dict[str, Any] = DEFINITION) -> tuple[int, str, str]:
        file = tmp_path / "fleet.asl.json"
        file.write_text(json.dumps(definition), encoding="utf-8")
        given = {
            "graph": ["graph", str(file), "--execution", "e"],
            "report": ["report", "e", "-o", str(tmp_path / "e.html")],
        }
        code = main.run(given[name])
        out, err = capfd.readouterr()
        if name == "report":
            assert out == f"{tmp_path / 'e.html'}\n"
            out = (tmp_path / "e.html").read_text(encoding="utf-8")
        return code, out, err

    return run


Command = Callable[..., tuple[int, str, str]]


def test_nothing_is_said_when_nothing_is_missing(client: Client, command: Command) -> None:
    code, out, err = command("graph")
    assert (code, err) == (0, "")
    assert "Fleet  [Distributed Map]  Succeeded · 3/3" in out
    assert '"notes":[]' in command("report")[1]


def test_counts_that_are_refused_are_missing_in_the_graph_and_it_says_so(client: Client, command: Command) -> None:
    client.refused = {"describe_map_run"}
    code, out, err = command("graph")
    assert (code, err) == (0, f"The item counts of Fleet could not be read: {REFUSED}\n")
    assert "✓ Fleet  [Distributed Map]  Succeeded\n" in out
    assert "✕ Stop  [Fail]  Failed\n" in out
    code, out, err = command("report")
    assert (code, err) == (0, "")
    assert REFUSED in out


@pytest.mark.parametrize(("name", "expected"), [("graph", 3), ("report", 0)])
def test_a_history_that_is_refused(client: Client, command: Command, name: str, expected: int) -> None:
    client.refused = {"get_execution_history"}
    code, out, err = command(name)
    assert code == expected
    assert REFUSED in out + err
    assert "Traceback" not in err
    assert "has no events" not in out + err


PARTS: dict[str, tuple[Callable[[Events], Events], str]] = {
    "nothing": (lambda events: [], "The history has no events."),
    "its end": (lambda events: events[3:], "The beginning of the history is missing."),
    "its beginning": (lambda events: events[:4], "The end of the history is missing."),
    "some of it": (lambda events: events[:2] + events[4:], "Events of the history are missing: "),
    "backwards": (lambda events: events[::-1], ""),
    "twice": (lambda events: events * 2, ""),
    "its end twice": (lambda events: [*events, {**events[-1], "id": len(events) + 1}], ""),
}


@pytest.mark.parametrize("name", ["graph", "report"])
@pytest.mark.parametrize("part", PARTS)
def test_of_a_history_there_is_only(client: Client, command: Command, part: str, name: str) -> None:
    client.part, said = PARTS[part]
    code, out, err = command(name)
    assert code == 0
    if name == "graph":
        assert err.startswith(said)
        assert err.count("\n") == bool(said)
        assert "Fleet  [Distributed Map]" in out
    else:
        assert err == ""
        assert said in out


def test_a_graph_of_another_definition_says_so(client: Client, command: Command) -> None:
    code, out, err = command("graph", OTHER)
    assert (code, err) == (0, "The execution had states that the definition does not have: Fleet, Stop.\n")
    assert "○ A" in out


def test_a_report_without_a_definition(client: Client, command: Command) -> None:
    client.refused = {"describe_state_machine_for_execution"}
    code, out, err = command("report")
    assert (code, err) == (0, "")
    assert f"The definition could not be read: {REFUSED}" in out
    assert "does not have" not in out
    assert command("graph")[0] == 0


@pytest.mark.parametrize("name", ["graph", "report"])
def test_25000_events(client: Client, command: Command, name: str) -> None:
    def longer(events: Events) -> Events:
        start, end = events[0], events[-1]
        passes: Events = []
        for number in range(2, 25_000, 2):
            details = {"name": "Again"}
            for place, kind in enumerate(("Entered", "Exited")):
                event = {"id": number + place, "previousEventId": number + place - 1, "type": f"PassState{kind}"}
                passes.append({**event, "timestamp": start["timestamp"], f"state{kind}EventDetails": details})
        return [start, *passes, {**end, "id": 25_000, "previousEventId": 24_999}]

    client.part = longer
    again = {"StartAt": "Again", "States": {"Again": {"Type": "Pass", "Next": "Again"}}}
    code, out, err = command(name, again)
    assert "✓ Again" in out or name == "report"
    assert (code == 1) == (name == "graph"), "the loop of the definition has no way out, as the linter finds"
    assert "Traceback" not in err


def test_a_place_that_cannot_be_written_is_a_usage_error(
    tmp_path: Path, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.asl.json"
    file.write_text(json.dumps(DEFINITION), encoding="utf-8")
    for place in (tmp_path / "not there", file):
        assert main.run(["graph", str(file), "-o", str(place / "a.svg")]) == 2
        assert main.run(["report", "e", "-o", str(place / "a.html")]) == 2
        lines = capfd.readouterr().err.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["Error", "Error"]
