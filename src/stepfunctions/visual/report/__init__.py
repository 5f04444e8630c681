"""What became of an execution, as one page that opens from disk: graph, timeline, events, Map items, logs, metrics."""

from __future__ import annotations

from stepfunctions.visual.report.page import report

__all__ = ["report"]
