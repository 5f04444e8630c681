"""``make soak``: kill the local cloud hundreds of times under a mixed load, and print what was left as a table.

It goes in rounds, each with a cloud of its own. A round that finds a fault keeps its folder and prints its seed:
``python -m tests.crash.soak --rounds 1 --seed SEED`` repeats it as far as time allows.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import traceback
from dataclasses import fields
from pathlib import Path

from tests.crash.harness import Harness, Report, plan
from tests.crash.killable import KillableCloud


def play(seed: int, random_kills: int, each_point: int) -> Report | None:
    """Play a round; None when it found a fault."""
    folder = Path(tempfile.mkdtemp(prefix=f"soak-{seed}-"))
    cloud = KillableCloud(folder / "cloud")
    cloud.start()
    harness = Harness(cloud, folder, seed)
    try:
        report = harness.run(plan(random.Random(seed), random_kills, each_point))
    except Exception:  # noqa: BLE001 - also an error that a service answers is a fault
        traceback.print_exc()
        print(f"Seed {seed} found a fault after {sum(harness.report.kills.values())} kills: see {folder}", flush=True)
        return None
    finally:
        cloud.stop()
    shutil.rmtree(folder)
    return report


def total(reports: list[Report]) -> Report:
    """Add reports up; the seed is that of the first."""
    whole = Report(reports[0].seed)
    for report in reports:
        for field in fields(Report):
            if field.name != "seed":
                setattr(whole, field.name, getattr(whole, field.name) + getattr(report, field.name))
    return whole


def main() -> int:
    """Play the rounds and print the table; 1 when one of them found a fault."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="clouds, one after the other (5)")
    parser.add_argument("--random", type=int, default=40, help="kills at random moments in a round (40)")
    parser.add_argument("--each", type=int, default=2, help="kills at each named point in a round (2)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of the first round")
    given = parser.parse_args()
    reports = []
    for number in range(given.rounds):
        report = play(given.seed + number, given.random, given.each)
        if report is not None:
            reports.append(report)
            kills = sum(report.kills.values())
            print(f"Seed {report.seed}: nothing lost in {kills} kills, {report.seconds:.0f} s", flush=True)
    if reports:
        print(f"\nSeeds from {given.seed}; {given.rounds - len(reports)} of {given.rounds} rounds found a fault.\n")
        print(total(reports).table())
    return int(len(reports) < given.rounds)


if __name__ == "__main__":
    sys.exit(main())
