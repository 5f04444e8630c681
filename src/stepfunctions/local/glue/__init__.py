"""Glue on this machine: Python shell jobs with scripts from S3."""

from stepfunctions.local.glue.service import create

__all__ = ["create"]
