"""Every benchmark in one table, each number with its limit: ``make bench``, or a part of it:

    python benchmarks/run.py [--quick] [--only WORD] [--json FILE]

Exit code 1 when a number is over its limit. On a machine that is busy with something else, wall times mean little.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

import processes
from pages import machine
from table import Row, show

Rows = Callable[[], Iterable[Row]]


def module(name: str) -> Rows:
    """The ``rows`` of a module beside this one, imported when its turn has come."""
    return lambda: importlib.import_module(name).rows()


def parts() -> list[tuple[str, Rows, bool]]:
    """Title, rows, and whether it takes minutes."""
    return [
        ("Workloads", lambda: importlib.import_module("workloads").rows(), False),
        ("Distributed Map: items read, batched and exported", module("map_data"), False),
        ("Writing", module("steps"), False),
        ("Start", module("start"), False),
        ("Expressions", module("query"), False),
        ("Rules of EventBridge", module("events"), False),
        ("Pictures", module("visual"), False),
        ("Report", module("report_page"), False),
        ("Jobs, besides the user's code", module("jobs"), False),
        ("Memory of the server with large objects", module("s3_job"), True),
        ("Flight delays, week 39 on a fresh local cloud", module("flight_delays"), True),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="skip the parts that take minutes")
    parser.add_argument("--only", metavar="WORD", default="", help="only parts with this word in their title")
    parser.add_argument(
        "--json", type=lambda name: Path(name).absolute(), metavar="FILE", help="write the rows there too"
    )
    options = parser.parse_args()
    processes.adopt_orphans()
    began, measured = time.monotonic(), []
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # nothing is left behind in the project
        for title, rows, slow in parts():
            if options.only.lower() in title.lower() and not (slow and options.quick):
                measured += show(title, rows())
        os.chdir("/")
    over = [row.what for row in measured if row.verdict == "over"]
    print(
        f"\n{len(measured)} numbers in {time.monotonic() - began:.0f} s; "
        f"{'over the limit: ' + ', '.join(over) if over else 'none over its limit'}."
    )
    if options.json:
        document = {"machine": machine(), "rows": [{**asdict(row), "verdict": row.verdict} for row in measured]}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
