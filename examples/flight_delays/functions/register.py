"""Promote and Keep: write the outcome of one training into the registry.

Promote makes the new model the route's champion. Keep leaves the champion as it is, or, for a route that never
had one, makes the naive baseline (the median delay of the training flights) its champion, so that every eligible
route is served by the better of the two. Both note when the route was last trained.
"""

from __future__ import annotations

import json
from typing import Any

import storage


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The child execution's data and ``Decision`` ("promote" or "keep") -> one short row of the report."""
    route, run, decision = event["Route"], event["Run"], event["Decision"]
    last = {"week": event["Week"], "flights": event["Flights"], "job": event["TrainingJobName"]}
    if decision == "promote":
        record = _record(event, "model", event["Artifact"])
    elif event["Champion"] is None:
        decision = "baseline"
        record = _record(event, "baseline", _write_baseline(event))
    else:
        record = storage.read_json(f"champions/{route}.json")
    outcome = {"Decision": decision, "Serves": record["kind"]}
    storage.write_json(f"runs/{run}/routes/{route}.json", {**event, **outcome, "Serving": record["artifact"]})
    # The registry last: a retry after a failure in between writes the same two documents again.
    storage.write_json(f"champions/{route}.json", {**record, "last_trained": last})
    errors = {name: event["Evaluation"][name] for name in ("Model", "Baseline", "Champion")}
    return {"Route": route, **outcome, **errors}


def _record(event: dict[str, Any], kind: str, artifact: str) -> dict[str, Any]:
    facts = event["Evaluation"]["Facts"]
    return {
        "route": event["Route"],
        "kind": kind,
        "artifact": artifact,
        "week": event["Week"],
        "run": event["Run"],
        "job": event["TrainingJobName"],
        "trained_until": facts["trained_until"],
    }


def _write_baseline(event: dict[str, Any]) -> str:
    facts = event["Evaluation"]["Facts"]
    baseline = {key: facts[key] for key in ("route", "week", "median", "trained_until")}
    key = f"baselines/{event['Run']}/{event['Route']}/model.tar.gz"
    storage.write_bytes(key, storage.pack({"baseline.json": json.dumps(baseline).encode()}))
    return storage.uri(key)
