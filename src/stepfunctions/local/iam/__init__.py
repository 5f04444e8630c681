"""IAM of the local cloud: roles and policies in one SQLite file, and what they allow.

API reference: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from stepfunctions.local.iam.service import create

__all__ = ["create"]
