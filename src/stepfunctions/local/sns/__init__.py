"""SNS of the local cloud: topics that hand messages on to queues and functions.

API reference: https://docs.aws.amazon.com/sns/latest/api/API_Operations.html
"""

from stepfunctions.local.sns.service import create

__all__ = ["create"]
