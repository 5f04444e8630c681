"""EventBridge Scheduler of the local cloud: schedules and their groups in one SQLite file.

API reference: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

from stepfunctions.local.scheduler.service import Scheduler, create

__all__ = ["Scheduler", "create"]
