"""What the widgets share: times as text, links to AWS's console, the look of a table."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from stepfunctions.catalog.regions import partition_of
from stepfunctions.steps.utils import current_region

AWS_SAGEMAKER_URL = "https://console.aws.amazon.com/sagemaker/home?region={region}#/{resource_type}/{resource}"
AWS_SFN_EXECUTIONS_DETAIL_URL = (
    "https://console.aws.amazon.com/states/home?region={region}#/executions/details/{execution_arn}"
)
AWS_SFN_STATE_MACHINE_URL = (
    "https://console.aws.amazon.com/states/home?region={region}#/statemachines/view/{state_machine_arn}"
)

AWS_TABLE_CSS = """
.table-widget { width: 100%; border-collapse: collapse; font-size: 13px; line-height: 1.5; }
.table-widget th, .table-widget td {
  padding: 0.3em 1em; text-align: left; vertical-align: top; border: 0; border-bottom: 1px solid #8886;
  overflow-wrap: break-word;
}
.table-widget th { white-space: nowrap; border-bottom-width: 2px; }
.table-widget pre { margin: 0.3em 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.table-widget summary { cursor: pointer; }
.table-widget a { color: #2a7ad2; }
.table-widget .as-is { white-space: nowrap; }
"""
"""The look of the tables. It touches nothing else on the page, and can be read on a light or dark one."""

_CONSOLES = {
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""The console's host in partitions that have one of their own."""


def format_time(timestamp: datetime | None) -> str:
    """Return a time as 2.3.0 writes it, and ``-`` for None. The time zone is not in it.

    >>> format_time(datetime(2026, 1, 31, 15, 4, 5, 678000))
    'Jan 31, 2026 03:04:05.678 PM'
    """
    if timestamp is None:
        return "-"
    milliseconds = f"{timestamp.microsecond // 1000:03}"
    return f"{timestamp:%b %d, %Y %I:%M:%S}.{milliseconds} {timestamp:%p}"


def get_timestamp(date: datetime) -> float:
    """Return a time as seconds since 1970. A time without a zone is local time."""
    return date.timestamp()


def get_elapsed_ms(start_datetime: datetime, end_datetime: datetime) -> float:
    """Return the milliseconds from one time to another.

    >>> get_elapsed_ms(datetime(2026, 1, 1), datetime(2026, 1, 2, 0, 0, 0, 500000))
    86400500.0
    """
    return (end_datetime - start_datetime) / timedelta(milliseconds=1)


def create_sfn_execution_url(execution_arn: str) -> str:
    """Return the page of an execution in AWS's console. Raises ValueError for what is no ARN."""
    region = _region_of(execution_arn)
    url = AWS_SFN_EXECUTIONS_DETAIL_URL.format(region=region, execution_arn=_in_url(execution_arn))
    return _in_partition(url, region)


def create_sfn_workflow_url(state_machine_arn: str) -> str:
    """Return the page of a state machine in AWS's console. Raises ValueError for what is no ARN."""
    region = _region_of(state_machine_arn)
    url = AWS_SFN_STATE_MACHINE_URL.format(region=region, state_machine_arn=_in_url(state_machine_arn))
    return _in_partition(url, region)


def sagemaker_console_link(resource_type: str, resource: str, region: str | None = None) -> str:
    """Return the page of a job, model or endpoint in SageMaker's console.

    ``resource_type`` is the page's part of the URL: ``jobs``, ``processing-jobs``, ``endpoints`` … ``region``: by
    default the one of the environment or of boto3's session; without any, the console takes the one it last showed.
    """
    if region is None:
        region = current_region()
    url = AWS_SAGEMAKER_URL.format(region=region or "", resource_type=resource_type, resource=_in_url(resource))
    return _in_partition(url, region) if region else url.replace("?region=", "")


def _region_of(arn: str) -> str:
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn" or not parts[3]:
        raise ValueError(f"'{arn}' is no ARN of a state machine or an execution, such as 'arn:aws:states:us-east-1:…'.")
    return parts[3]


def _in_partition(url: str, region: str) -> str:
    return url.replace("console.aws.amazon.com", _CONSOLES.get(partition_of(region), "console.aws.amazon.com"), 1)


def _in_url(text: str) -> str:
    return quote(text, safe=":/-_.~!()=+@")
