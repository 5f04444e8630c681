"""Pictures of state machines and of their executions: SVG, text, notebook output. Needs nothing but this package."""

from __future__ import annotations

from stepfunctions.visual.picture import Picture

__all__ = ["Picture"]
