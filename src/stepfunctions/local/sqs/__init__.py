"""SQS of the local cloud: standard and FIFO queues with their messages in one SQLite file.

API reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Operations.html
"""

from stepfunctions.local.sqs.service import create

__all__ = ["create"]
