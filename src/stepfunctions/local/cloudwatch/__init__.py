"""CloudWatch of the local cloud: metrics, alarms and dashboards in one SQLite file."""

from stepfunctions.local.cloudwatch.service import CloudWatch, create

__all__ = ["CloudWatch", "create"]
