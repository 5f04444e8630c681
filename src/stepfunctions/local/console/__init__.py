"""The console: a page that shows what the local cloud does, while it does it. Importing it imports only its door."""

from __future__ import annotations

from stepfunctions.local.console.access import Access
from stepfunctions.local.console.door import Door

__all__ = ["Access", "Door"]
