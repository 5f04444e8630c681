"""CloudWatch Logs of the local cloud: groups, streams and events in one SQLite file."""

from stepfunctions.local.logs.service import Logs, create

__all__ = ["Logs", "create"]
