"""What a run costs and how long it takes, from its counts, or from the history of one that ran."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from stepfunctions.asl.fields import ABSENT
from stepfunctions.asl.machine import StateMachine, walk
from stepfunctions.catalog.prices import Prices
from stepfunctions.estimate.counts import Assumptions, Counts, counts_of

_BLOCK_MB = 64
"""The memory that Express executions are billed by."""
_BLOCK_SECONDS = 0.1


@dataclass(frozen=True)
class Measured:
    """What one execution's history says: how long it took, its counts, and the seconds of each state together."""

    seconds: float
    counts: Counts
    states: Mapping[str, float]


@dataclass(frozen=True)
class Estimate:
    """Of so many ``runs``: the fewest and the most, and what Step Functions itself costs.

    ``measured`` is one run that was looked at, None without one; ``cost_jobs`` is then what SageMaker's instances cost
    for as long as its jobs took there. Other work is not priced.
    """

    runs: int
    kind: Literal["STANDARD", "EXPRESS"]
    fewest: Counts
    most: Counts
    cost_least: float
    cost_most: float
    cost_jobs: float | None
    seconds_least: float
    measured: Measured | None
    currency: str
    prices_of: str

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as a JSON object."""
        return asdict(self)


def estimate(
    machine: StateMachine,
    prices: Prices,
    *,
    assumed: Assumptions | None = None,
    kind: Literal["STANDARD", "EXPRESS"] = "STANDARD",
    runs: int = 1,
    seen: Measured | None = None,
) -> Estimate:
    """Return what runs of a state machine take. ``seen``: a run that was measured; its seconds of jobs are priced."""
    fewest, most = counts_of(machine, assumed)
    seconds = seen.seconds if seen is not None else fewest.wait_seconds
    return Estimate(
        runs=runs,
        kind=kind,
        fewest=fewest,
        most=most,
        cost_least=runs * _cost(fewest, prices, kind, seconds),
        cost_most=runs * _cost(most, prices, kind, max(seconds, most.wait_seconds)),
        cost_jobs=None if seen is None else runs * _jobs(machine, prices, seen),
        seconds_least=max(seconds, fewest.wait_seconds),
        measured=seen,
        currency=prices.currency,
        prices_of=f"{prices.region}, {prices.date}",
    )


def _cost(counts: Counts, prices: Prices, kind: str, seconds: float) -> float:
    if kind == "EXPRESS":
        return _express(seconds, prices)
    transitions = (counts.transitions + counts.child_transitions) * prices.standard_transition
    return transitions + counts.express_children * _express(0.0, prices)


def _express(seconds: float, prices: Prices) -> float:
    """Return what an Express execution of the least memory costs, at least for the shortest time that is billed."""
    blocks = -(-max(seconds, _BLOCK_SECONDS) // _BLOCK_SECONDS) * _BLOCK_SECONDS
    return prices.express_request + blocks * _BLOCK_MB / 1024 * prices.express_gb_second


def _jobs(machine: StateMachine, prices: Prices, seen: Measured) -> float:
    """Return what the instances of the tasks cost that have a state of the measured run."""
    total = 0.0
    for found in walk(machine):
        request = getattr(found.state, "parameters", ABSENT)
        request = getattr(found.state, "arguments", ABSENT) if request is ABSENT else request
        seconds = seen.states.get(found.name)
        if isinstance(request, dict) and seconds is not None:
            for resources in _resources(request):
                hourly = prices.instance_hours.get(str(resources.get("InstanceType")), 0.0)
                count = resources.get("InstanceCount", 1)
                total += hourly * seconds / 3600 * (count if isinstance(count, int) else 1)
    return total


def _resources(request: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the instances in the request of a training, processing or transform job."""
    processing = request.get("ProcessingResources")
    found = [
        request.get("ResourceConfig"),
        request.get("TransformResources"),
        processing.get("ClusterConfig") if isinstance(processing, dict) else None,
    ]
    return [one for one in found if isinstance(one, dict)]


def measured(events: Iterable[Mapping[str, Any]]) -> Measured:
    """Return what a history says, as GetExecutionHistory answers it. Raises ValueError for an empty one."""
    listed = list(events)
    if not listed:
        raise ValueError("The history has no events.")
    times = [_seconds(event["timestamp"]) for event in listed]
    entered: dict[int, tuple[str, float]] = {}
    states: dict[str, float] = {}
    transitions = 0
    for event, time in zip(listed, times, strict=True):
        if event["type"].endswith("StateEntered"):
            transitions += 1
            entered[event["id"]] = (event["stateEnteredEventDetails"]["name"], time)
        elif event["type"].endswith("StateExited"):
            name = event["stateExitedEventDetails"]["name"]
            began = [number for number, (state, _) in entered.items() if state == name]
            if began:
                states[name] = states.get(name, 0.0) + time - entered.pop(began[0])[1]
    return Measured(max(times) - min(times), Counts(transitions, len(listed)), states)


def _seconds(moment: Any) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
