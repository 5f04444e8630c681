"""What the benchmarks write into docs/performance.md."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from table import Row, markdown

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def machine() -> str:
    """What the numbers were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    ).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {os.cpu_count()} CPUs, "
        f"{memory:.0f} GiB, load {os.getloadavg()[0]:.1f}{', commit ' + commit if commit else ''}"
    )


def write_table(rows: Iterable[Row], peers: Sequence[str]) -> None:
    """Put the table between its marks, with the machine that it was measured on."""
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    measured = f"Measured on {time.strftime('%Y-%m-%d')}: {machine()}.\n"
    PAGE.write_text(f"{before}{_BEGIN}\n{markdown(rows, peers)}\n{measured}\n{_END}{after}")
