"""Our own small drawings: an icon for each kind of state (20 by 20, stroked) and a mark for each status."""

from __future__ import annotations

ICONS = {
    "task": "M6 6h8v8h-8zM8 3v3M12 3v3M8 14v3M12 14v3M3 8h3M3 12h3M14 8h3M14 12h3",
    "lambda": "M4 3h4l6.500 14h3M9.500 7.500L4 17",
    "model": "M4.500 10a1.800 1.800 0 1 0 0-.01M15.500 5a1.800 1.800 0 1 0 0-.01M15.500 15a1.800 1.800 0 1 0 0-.01"
    "M6 9.200L12.500 5.700M6 10.800L12.500 14.300",
    "data": "M4 5.500c0-3 12-3 12 0v9c0 3-12 3-12 0zM4 5.500c0 3 12 3 12 0M4 10c0 3 12 3 12 0",
    "message": "M3 5h14v10h-14zM3 5.500l7 5.500l7-5.500",
    "container": "M10 2.500l6.500 3.700v7.600l-6.500 3.700l-6.500-3.700v-7.600z"
    "M3.500 6.200l6.500 3.800l6.500-3.800M10 10v7.500",
    "machine": "M3 3h6v5h-6zM11 12h6v5h-6zM6 8v6.500h5",
    "choice": "M10 2.500l7.500 7.500l-7.500 7.500l-7.500-7.500zM10 7v3.500M10 13v.2",
    "pass": "M3 10h13M11.500 5.500l4.500 4.500l-4.500 4.500",
    "wait": "M10 3a7 7 0 1 0 .01 0M10 6v4.300l3 2",
    "succeed": "M4 10.500l4 4l8-9",
    "fail": "M5 5l10 10M15 5l-10 10",
    "parallel": "M10 2.500v4M4.500 17v-6q0-4 5.500-4.500q5.500 .5 5.500 4.500v6M10 6.500v10.500",
    "map": "M3 3h9v9h-9zM12 6h3v9h-9v-3M15 9h2.500v8.500h-8.500v-2.500",
    "missing": "M7 7q0-3.500 3-3.500q3.200 0 3.200 3q0 2-3.200 3.800v2M10 16v.2",
}
TILES = {
    "choice": "flow",
    "wait": "flow",
    "parallel": "flow",
    "map": "flow",
    "pass": "plain",
    "succeed": "good",
    "fail": "bad",
    "missing": "bad",
}
"""The colour of the tile behind an icon; ``work`` for all others."""

MARKS = {
    "SUCCEEDED": "M-4.500 .5l3 3l6-7",
    "RUNNING": "M-2.500 -4l6 4l-6 4z",
    "FAILED": "M-3.500 -3.500l7 7M3.500 -3.500l-7 7",
    "CAUGHT": "M0 -5v5.500M0 4v.3",
    "ABORTED": "M-3.500 0h7",
}
"""The mark in a status badge, around its middle."""
