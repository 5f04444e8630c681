"""What a state costs, in each of the workloads with a goal: ``make bench``, or a part of it:

    python benchmarks/workloads.py [--only WORD] [--small] [--peers] [--write]

``--only`` takes the rows with that word in their title (``W1``, ``in process``, ``durable``). ``--peers`` runs the
same definitions on moto, ministack and LocalStack, in throw-away environments. ``--small`` tries everything with a few
states: the numbers mean nothing. ``--write`` puts the table into docs/performance.md. Exit code 1: a number is over.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import compare
import first as starting
import floor
import machines
import pages
import servers
import syncs
import traffic
from machines import Workload
from table import Row, show

ROUNDS = 3
PEERS = ("moto", "ministack", "LocalStack")
SERVED = {"W1": (30, 16), "W2": (18, 12), "W3": (25, 14), "W4": (30, 16), "W5": (300, 100), "W6": (3_000, None),
          "W8": (50, 20)}  # fmt: skip
"""Microseconds of CPU a state (task, item) through the server: at most, and hoped."""
INSIDE = {**SERVED, "W6": (22, 16)}
MAY_GROW = 1.2
"""By how much an item may cost more at 100,000 items than at 1,000."""
COMMIT_AN_EXECUTION, COMMIT_A_STATE = 35, 60
OF_THE_FLOOR = 1.3


@contextmanager
def local_cloud(durability: str) -> Iterator[tuple[str, int]]:
    """A fresh local cloud: its endpoint and the process."""
    binaries = Path(sys.executable).parent
    with (
        tempfile.TemporaryDirectory() as folder,
        compare.started(servers.ours(durability), binaries, Path(folder)) as running,
    ):
        assert running.process is not None
        yield running.endpoint, running.process.pid


def served(workload: Workload, durability: str = "memory", rounds: int = ROUNDS) -> servers.Cost:
    """Measure a workload on a fresh local cloud."""
    with local_cloud(durability) as (endpoint, pid):
        found = servers.cost(endpoint, pid, workload, workload.executions, rounds)
    if found.events != workload.events:
        raise servers.Wrong(f"{workload.what}: {found.events} events in the history, not {workload.events}")
    return found


def inside(workload: Workload, small: bool, *options: str) -> dict[str, float]:
    """Measure a workload in a process of its own, without a server."""
    command = [sys.executable, str(Path(__file__).with_name("inside.py")), workload.key, *options]
    done = subprocess.run([*command, *(["--small"] if small else [])], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    if found["events"] != workload.events:
        raise servers.Wrong(f"{workload.what}: {found['events']} events in the history, not {workload.events}")
    return found


def beside(workload: Workload) -> dict[str, str]:
    """Measure a workload on each peer: microseconds of CPU a unit, and how long its history is where it is not ours."""
    found = {}
    for peer in compare.PEERS:
        if peer.name not in PEERS:
            continue
        try:
            binaries = compare.installed(peer)
            with tempfile.TemporaryDirectory() as folder, compare.started(peer, binaries, Path(folder)) as running:
                assert running.process is not None
                executions = max(1, workload.executions // 10)
                cost = servers.cost(running.endpoint, running.process.pid, workload, executions, 1)
            events = f" ({cost.events:,} events)" if cost.events != workload.events else ""
            found[peer.name] = f"{cost.cpu * 1e6 / workload.units:,.0f}{events}"
        except servers.Late as error:
            found[peer.name] = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a peer does is its answer
            print(f"  {peer.name}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            found[peer.name] = "no"
    return found


def of_server(key: str, options: argparse.Namespace) -> Iterator[Row]:
    """The row of a workload through the server."""
    workload = _workload(key, options)
    cost = served(workload, rounds=1 if options.small else ROUNDS)
    scale, (limit, aim) = 1e6 / workload.units, SERVED[key]
    yield Row(
        f"{key} {workload.what}",
        cost.cpu * scale,
        "µs",
        limit,
        aim=aim,
        wall=cost.wall * scale,
        memory=cost.memory,
        floor=floor.in_memory(workload),
        beside=beside(workload) if options.peers else {},
    )


def in_process(key: str, options: argparse.Namespace) -> Iterator[Row]:
    """The row of a workload in process."""
    workload = _workload(key, options)
    cost = inside(workload, options.small)
    scale, (limit, aim) = 1e6 / workload.units, INSIDE[key]
    yield Row(
        f"{key} in process: {workload.what}",
        cost["cpu"] * scale,
        "µs",
        limit,
        aim=aim,
        wall=cost["wall"] * scale,
        memory=cost["memory"],
        floor=floor.in_memory(workload),
    )


def growing(options: argparse.Namespace) -> Iterator[Row]:
    """How the cost of an item and the memory grow with the number of items."""
    few, many = (machines.read_map(count) for count in ((5, 20) if options.small else (1_000, 100_000)))
    small, large = served(few), served(many, rounds=1)
    kept = (large.memory - small.memory) * 1024 / (many.units - few.units)
    each = [cost.cpu * 1e6 / workload.units for cost, workload in ((small, few), (large, many))]
    yield Row(
        f"W8 {many.what}", each[1], "µs", wall=large.wall * 1e6 / many.units, memory=large.memory,
        floor=floor.in_memory(many),
    )  # fmt: skip
    note = f"{each[0]:.0f} µs at {few.units:,}, {each[1]:.0f} at {many.units:,}"
    yield Row("W8 cost of an item, many over few", each[1] / each[0], "x", MAY_GROW, note)
    yield Row("W8 history of an item in the memory store", kept, "KiB")
    flat = [served(workload, "normal", 1).memory for workload in (few, many)]
    yield Row("W8 memory of the server on disk, many above few", flat[1] - flat[0], "MiB", 50)


def short(options: argparse.Namespace) -> Iterator[Row]:
    """Many short executions at once, of two kinds of clients."""
    executions = 8 if options.small else 1_000
    with local_cloud("memory") as (endpoint, pid):
        for kind in traffic.KINDS:
            found = traffic.measure(kind, endpoint, pid, executions)
            yield Row(
                f"W7 start, run, describe: 3 Pass, {traffic.CLIENTS} clients, {kind}",
                found.cpu * 1e3,
                "ms",
                1,
                f"{found.rate:,.0f} a second, {found.looks:.1f} DescribeExecution each",
                aim=0.3,
                memory=servers.peak_mib(pid),
            )


def first(options: argparse.Namespace) -> Iterator[Row]:
    """From the start of a process to the first finished execution."""
    rounds = 1 if options.small else 5
    started = min((starting.of_server() for _ in range(rounds)), key=lambda found: found.cpu)
    yield Row("W9 process start to first finished execution", started.cpu, "s", 0.4, aim=0.25, wall=started.wall)
    yield Row("W9 memory of the server then", started.memory, "MiB", 45)
    alone = min((starting.in_process() for _ in range(rounds)), key=lambda found: found.cpu)
    yield Row("W9 in process", alone.cpu, "s", 0.3, wall=alone.wall, memory=alone.memory)


def history(options: argparse.Namespace) -> Iterator[Row]:
    """The longest history of the workloads, read page by page."""
    workload = _workload("W3", options)
    with local_cloud("memory") as (endpoint, pid):
        found = [servers.read_back(endpoint, pid, workload) for _ in range(1 if options.small else ROUNDS)]
    cpu, wall = min(found)
    yield Row(f"history of {workload.events:,} events read back", cpu * 1e3, "ms", 80, wall=wall * 1e3)


def durable(options: argparse.Namespace) -> Iterator[Row]:
    """What it costs to lose nothing, through the server and without it, as the floor has none either."""
    workload = _workload("W1", options)
    scale = 1e6 / workload.units
    for durability, most in (("normal", COMMIT_AN_EXECUTION), ("full", None)):
        cost = served(workload, durability, 1 if options.small else ROUNDS)
        yield Row(
            f"W1 durable, {durability}: a commit an execution",
            cost.cpu * scale,
            "µs",
            most,
            wall=cost.wall * scale,
            memory=cost.memory,
            floor=floor.in_sqlite(workload, "execution", durability),
        )
    if syncs.available():
        executions = 8 if options.small else 400
        each = syncs.each_execution("full", executions)
        yield Row(f"W7 durable, full: fsync an execution, {traffic.CLIENTS} clients", each, "fsync", 1)
    yield _on_disk("W1", "full", "execution", options)
    yield _on_disk("W1", "normal", "state", options, COMMIT_A_STATE)
    yield _on_disk("W6", "normal", "state", options)


def _on_disk(key: str, durability: str, commit: str, options: argparse.Namespace, most: float | None = None) -> Row:
    """The row of a workload in process and on disk; ``most`` None: as much of the floor as may be, if it syncs."""
    workload = _workload(key, options)
    cost = inside(workload, options.small, "--durability", durability, "--commit", commit)
    least = floor.in_sqlite(workload, commit, durability)
    scale = 1e6 / workload.units
    return Row(
        f"{key} durable, {durability}, in process: a commit {'an' if commit == 'execution' else 'a'} {commit}",
        cost["cpu"] * scale,
        "µs",
        round(OF_THE_FLOOR * least, 1) if durability == "full" else most,
        wall=cost["wall"] * scale,
        memory=cost["memory"],
        floor=least,
    )


def _workload(key: str, options: argparse.Namespace) -> Workload:
    workload = machines.WORKLOADS[key]()
    return replace(workload.small(), executions=1) if options.small else workload


def parts(options: argparse.Namespace) -> list[tuple[str, Callable[[], Iterator[Row]]]]:
    """Each row or group of rows by its title, in the order of the table."""
    found: list[tuple[str, Callable[[], Iterator[Row]]]] = []
    found += [(f"{key} server", lambda key=key: of_server(key, options)) for key in SERVED]  # type: ignore[misc]
    found += [(f"{key} in process", lambda key=key: in_process(key, options)) for key in INSIDE]  # type: ignore[misc]
    found += [("W7 server", lambda: short(options)), ("W9 server", lambda: first(options))]
    found += [("history", lambda: history(options))]
    found += [("W8 growth", lambda: growing(options)), ("durable", lambda: durable(options))]
    return found


def rows(options: argparse.Namespace | None = None) -> Iterator[Row]:
    """All rows, or those with the word of ``--only`` in their title."""
    options = options or arguments([])
    for title, measure in parts(options):
        if options.only.lower() in title.lower():
            yield from measure()


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORD", default="", help="only the rows with this word in their title")
    parser.add_argument("--small", action="store_true", help="a few states: does everything run?")
    parser.add_argument("--peers", action="store_true", help="the same on the peers, which pip installs")
    parser.add_argument("--write", action="store_true", help=f"write the table into {pages.PAGE.name}")
    return parser.parse_args(given)


def main() -> int:
    options = arguments()
    measured = show("CPU a state", rows(options))
    if options.write:
        pages.write_table(measured, PEERS if options.peers else ())
    over = [row.what for row in measured if row.verdict == "over"]
    print(f"\nover the limit: {'; '.join(over)}" if over else "\nnone over its limit")
    return 1 if over and not options.small else 0


if __name__ == "__main__":
    sys.exit(main())
