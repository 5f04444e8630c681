"""Deliveries to targets: what a rule, a schedule, a bucket or an alarm sends, kept until it arrived.

How EventBridge retries: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
"""

from stepfunctions.local.deliveries.deliveries import Deliveries, create
from stepfunctions.local.deliveries.targets import Target, problem_with

__all__ = ["Deliveries", "Target", "create", "problem_with"]
