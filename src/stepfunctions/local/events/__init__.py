"""EventBridge of the local cloud: buses, rules, targets, archives and replays in one SQLite file.

API reference: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from stepfunctions.local.events.service import Events, create

__all__ = ["Events", "create"]
