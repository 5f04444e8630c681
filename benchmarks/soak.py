"""W7's load on one server for minutes: does its memory stay as it is?

    python benchmarks/soak.py [--minutes 10] [--durability normal] [--write]

Prints what the server has resident every few seconds, and how much that grew in the second half. ``--write`` draws it
into docs/images/soak.svg. Exit code 1 when it grew by more than a tenth.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pages
import servers
import traffic
import workloads

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "soak.svg"
SAMPLES = 120
MAY_GROW = 0.1
"""The share by which the second half may end higher than it began."""
_WIDTH, _HEIGHT, _MARGIN = 720, 300, 48


@dataclass(frozen=True)
class Sample:
    """Seconds since the beginning, MiB resident, executions ended so far."""

    seconds: float
    memory: float
    executions: int


def watch(durability: str, seconds: float) -> list[Sample]:
    """Put the load on a fresh server and look at it SAMPLES times."""
    samples: list[Sample] = []
    with workloads.local_cloud(durability) as (endpoint, pid):
        begun = None
        for ended in traffic.load("raw", endpoint, seconds):
            begun = begun or time.monotonic()
            passed = time.monotonic() - begun
            if passed >= len(samples) * seconds / SAMPLES:
                samples.append(Sample(passed, servers.resident_mib(pid), ended))
                print(f"{passed:7.1f} s {samples[-1].memory:7.1f} MiB {ended:9,}", flush=True)
    return samples


def growth(samples: Sequence[Sample]) -> float:
    """By which share the last tenth of the samples is above the tenth in the middle."""
    tenth, middle = max(1, len(samples) // 10), len(samples) // 2
    before = sum(sample.memory for sample in samples[middle : middle + tenth]) / len(samples[middle : middle + tenth])
    return sum(sample.memory for sample in samples[-tenth:]) / tenth / before - 1


def draw(samples: Sequence[Sample], caption: str) -> str:
    """Return the picture: minutes to the right, MiB upwards from nothing."""
    last, most = samples[-1].seconds, max(sample.memory for sample in samples) * 1.25
    across, up = (_WIDTH - 2 * _MARGIN) / last, (_HEIGHT - 2 * _MARGIN) / most
    bottom, right = _HEIGHT - _MARGIN, _WIDTH - _MARGIN
    points = " ".join(f"{_MARGIN + s.seconds * across:.1f},{bottom - s.memory * up:.1f}" for s in samples)
    labels = [
        f'<text x="{_MARGIN + last * part * across:.0f}" y="{bottom + 18}" text-anchor="middle">'
        f"{last * part / 60:.1f} min</text>"
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    labels += [
        f'<text x="{_MARGIN - 6}" y="{bottom - most * part * up + 4:.0f}" text-anchor="end">{most * part:.0f}</text>'
        f'<path d="M{_MARGIN} {bottom - most * part * up:.1f}H{right}" stroke="#ddd"/>'
        for part in (0, 0.25, 0.5, 0.75, 1)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" fill="#333"><title>Resident memory of the server, MiB</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>{"".join(labels)}'
        f'<polyline points="{points}" fill="none" stroke="#1f6feb" stroke-width="2"/>'
        f'<text x="{_MARGIN}" y="24">MiB resident: {escape(caption)}</text></svg>\n'
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--durability", default="normal", choices=("full", "normal", "memory"))
    parser.add_argument("--write", action="store_true", help=f"draw it into {PICTURE.name}")
    parser.add_argument("--any-growth", action="store_true", help="exit with 0 however much it grew")
    options = parser.parse_args()
    samples = watch(options.durability, options.minutes * 60)
    grown, last = growth(samples), samples[-1]
    caption = f"{last.executions:,} executions of W7, durability {options.durability}"
    print(f"{caption}; second half: {grown:+.1%}; {pages.machine()}")
    if options.write:
        PICTURE.write_text(draw(samples, caption))
    return 1 if grown > MAY_GROW and not options.any_growth else 0


if __name__ == "__main__":
    sys.exit(main())
