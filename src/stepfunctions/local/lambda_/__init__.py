"""Lambda on this machine: functions from zips, S3 or folders, run in warm worker processes."""

from stepfunctions.local.lambda_.code import LOCAL_FOLDER_BUCKET
from stepfunctions.local.lambda_.service import create

__all__ = ["LOCAL_FOLDER_BUCKET", "create"]
