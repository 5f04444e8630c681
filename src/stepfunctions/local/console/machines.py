"""State machines and their executions, as the page shows them; start, stop and redrive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from stepfunctions import lint
from stepfunctions.local.console.answers import Client, bad_request, milliseconds, pages
from stepfunctions.visual.picture import Picture
from stepfunctions.visual.report import page

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_PAGE = 100
_LATEST = 12
"""Executions of each machine that the first page shows."""
_MOST = 1_000
_MOST_SCANNED = 100_000
_ROW = ("executionArn", "name", "status", "redriveCount", "itemCount")
_TOLD = ("name", "status", "output", "error", "cause")

Given = dict[str, str]


class Machines:
    """Answers the questions about state machines, by their names in the address."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._client = Client(cloud, "stepfunctions")

    def services(self, name: str) -> Client:
        """Return a service that a report may ask."""
        return Client(self._cloud, name)

    def machines(self, given: Given) -> dict[str, Any]:  # noqa: ARG002 - as the others
        """All machines, each with its latest executions."""
        found = []
        for machine in pages(self._client.list_state_machines, "stateMachines", _MOST, "nextToken", maxResults=1000):
            arn = machine["stateMachineArn"]
            latest = self._listed(arn, _LATEST) if machine["type"] == "STANDARD" else []
            running = [one for one in latest if one["status"] == "RUNNING"]
            found.append(
                {
                    "arn": arn,
                    "name": machine["name"],
                    "type": machine["type"],
                    "created": milliseconds(machine["creationDate"]),
                    "latest": latest,
                    "running": len(running),
                }
            )
        return {"machines": found}

    def machine(self, given: Given) -> dict[str, Any]:
        """One machine: its definition, drawn, with what the linter finds."""
        told = self._client.describe_state_machine(stateMachineArn=_needed(given, "arn"))
        definition = json.loads(told["definition"])
        findings = lint.check(definition)
        picture = Picture.of(definition, portrait=True, theme="auto", findings=findings)
        return {
            "arn": told["stateMachineArn"],
            "name": told["name"],
            "type": told["type"],
            "role": told["roleArn"],
            "created": milliseconds(told["creationDate"]),
            "definition": definition,
            "text": told["definition"],
            "svg": picture.to_svg(),
            "findings": [finding.to_dict() for finding in findings],
        }

    def executions(self, given: Given) -> dict[str, Any]:
        """A page of a machine's executions, the newest first: of a status, with words in their names."""
        arn, words = _needed(given, "arn"), given.get("words", "").strip().lower()
        skip = int(given["from"]) if given.get("from", "").isdecimal() else 0
        status = given.get("status") or None
        shown: list[dict[str, Any]] = []
        for row in self._matching(arn, status, words):
            if skip:
                skip -= 1
            elif len(shown) == _PAGE:
                return {"executions": shown, "more": True, "now": self._now()}
            else:
                shown.append(row)
        return {"executions": shown, "more": False, "now": self._now()}

    def _now(self) -> int:
        """Return the time of the cloud, whose clock may jump."""
        return round(self._cloud.clock.now() * 1000)

    def _matching(self, arn: str, status: str | None, words: str) -> Iterator[dict[str, Any]]:
        of_map_run = ":mapRun:" in arn
        request = {"mapRunArn" if of_map_run else "stateMachineArn": arn, "maxResults": 1000}
        if status:
            request["statusFilter"] = status
        for one in pages(self._client.list_executions, "executions", _MOST_SCANNED, "nextToken", **request):
            if not words or words in one["name"].lower():
                yield _row(one)

    def _listed(self, arn: str, most: int) -> list[dict[str, Any]]:
        answer = self._client.list_executions(stateMachineArn=arn, maxResults=most)
        return [_row(one) for one in answer["executions"]]

    def execution(self, given: Given) -> dict[str, Any]:
        """Everything about an execution, as a report has it; with ``brief`` without the items of its Map Runs."""
        arn = _needed(given, "arn")
        revision = self.revision(arn)  # what happens from here on is at most shown too early, never missed
        document = page.document(self._client, arn, self.services, max_items=0 if given.get("brief") else None)
        told = self._client.describe_execution(executionArn=arn)
        redrivable = told.get("redriveStatus") == "REDRIVABLE"
        return {**document, "made": self._now(), "redrivable": redrivable, "live": True, "revision": revision}

    def report(self, given: Given) -> str:
        """The same as a page that can be kept."""
        return page.report(self._client, _needed(given, "arn"), self.services)

    def revision(self, arn: str) -> dict[str, Any]:
        """What changes when an execution goes on: its status, its last event, what its Map Runs have done."""
        told = self._client.describe_execution(executionArn=arn)
        found: dict[str, Any] = {"status": told["status"], "redrives": told.get("redriveCount", 0)}
        if ":express:" in arn:
            return found
        last = self._client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)["events"]
        runs = self._client.list_map_runs(executionArn=arn, maxResults=100)["mapRuns"]
        open_runs = [one["mapRunArn"] for one in runs if one.get("stopDate") is None]
        counts = [self._client.describe_map_run(mapRunArn=run)["itemCounts"] for run in open_runs]
        return {**found, "event": last[0]["id"] if last else 0, "runs": counts}

    # -- orders ----------------------------------------------------------------------------------------------

    def start(self, given: dict[str, Any]) -> dict[str, Any]:
        """Start an execution: ``arn``, perhaps ``name`` and ``input``, a JSON text; ``wait`` for an Express one."""
        request = {"stateMachineArn": _needed(given, "arn"), "input": str(given.get("input") or "{}")}
        if given.get("name"):
            request["name"] = str(given["name"])
        if given.get("wait"):
            told = self._client.start_sync_execution(**request)
            return {"arn": told["executionArn"], **{key: told[key] for key in _TOLD if told.get(key) is not None}}
        return {"arn": self._client.start_execution(**request)["executionArn"]}

    def stop(self, given: dict[str, Any]) -> dict[str, Any]:
        """Stop an execution."""
        self._client.stop_execution(
            executionArn=_needed(given, "arn"), error="StoppedInConsole", cause="It was stopped in the console."
        )
        return {}

    def redrive(self, given: dict[str, Any]) -> dict[str, Any]:
        """Go on where an execution failed."""
        self._client.redrive_execution(executionArn=_needed(given, "arn"))
        return {}


def _row(one: dict[str, Any]) -> dict[str, Any]:
    row = {name: one[name] for name in _ROW if one.get(name) is not None}
    return {**row, "start": milliseconds(one.get("startDate")), "end": milliseconds(one.get("stopDate"))}


def _needed(given: dict[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found:
        raise bad_request(f"'{name}' is missing")
    return found
