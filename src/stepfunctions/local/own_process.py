"""How the server's own process is set up."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress

_FILES = 8192


def collect_seldom() -> None:
    """Let the garbage collector look seldom: what is kept here is many small objects, hardly ever in circles."""
    gc.freeze()
    gc.set_threshold(10_000, 50, 10)


def more_files() -> None:
    """Ask for room for many clients: a connection is a file, and so are three of each thread and database."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
