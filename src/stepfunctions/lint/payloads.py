"""Payloads that are too large, or larger than they need be."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.asl.fields import ABSENT, JSONATA
from stepfunctions.asl.written import written_fields
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject, TaskAt

LARGEST = 262_144
"""Bytes of a payload."""
_PAYLOADS = ("any", "variables", "array")
_LARGE = re.compile(r"(list|search|query|scan|batchGet)([A-Z].*)?|describe.*[^su]s|getQueryResults|getExecutionHistory")
"""Actions that answer with as much as there is; what describes one thing is as long as that."""


def large_payloads(subject: Subject) -> Iterator[Finding]:
    """Find constants that are larger than a payload may be."""
    for found in subject.located:
        for path, _, kind, value in written_fields(found.state, found.path):
            if kind.name in _PAYLOADS and isinstance(value, (dict, list, str)):
                size = len(dumps(value).encode())
                if size > LARGEST:
                    yield PAYLOAD_TOO_LARGE.at(
                        path,
                        f"The payload has {size:,} bytes; a state's input and output may have {LARGEST:,}.",
                        "Keep it in S3, and hand on where it is.",
                    )


def untrimmed_results(subject: Subject) -> Iterator[Finding]:
    """Find lists and descriptions that stay in the data as a whole."""
    for task in subject.tasks:
        if task.resource.kind == "service" and _LARGE.fullmatch(task.resource.action) and _keeps_all(task):
            trim = "an Output" if task.at.language == JSONATA else "a ResultSelector"
            yield UNTRIMMED_RESULT.at(
                task.path,
                f"All of what {task.resource.service}:{task.resource.action} answers stays in the data.",
                f"Keep what is used: write {trim}.",
            )


def _keeps_all(task: TaskAt) -> bool:
    state = task.state
    if task.at.language == JSONATA:
        return state.output is ABSENT or _is_whole(state.output)
    whole_output = state.output_path is ABSENT or state.output_path == "$"
    return state.result_selector is ABSENT and state.result_path is not None and whole_output


def _is_whole(output: JSON) -> bool:
    return isinstance(output, str) and output.removeprefix("{%").removesuffix("%}").strip() == "$states.result"


_LIST = """
        List:
          Type: Task
          Resource: arn:aws:states:::aws-sdk:sagemaker:listEndpoints
          %s
          End: true
    """
PAYLOAD_TOO_LARGE = Rule(
    id="PAYLOAD_TOO_LARGE",
    severity=WARNING,
    summary="A constant in the definition is larger than a payload may be, 256 KiB.",
    why="The state fails with States.DataLimitExceeded.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    good="""
        Work: {Type: Pass, Result: {"where": "s3://bucket/key"}, End: true}
    """,
    bad=f"""
        Work: {{Type: Pass, Result: "{"x" * LARGEST}", End: true}}
    """,
    check=large_payloads,
)
UNTRIMMED_RESULT = Rule(
    id="UNTRIMMED_RESULT",
    severity=WARNING,
    summary="All of what a list or a description answers stays in the data.",
    why="It grows with the account, until a state fails with States.DataLimitExceeded.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html",
    good=_LIST % 'ResultSelector: {"Names.$": "$.Endpoints[*].EndpointName"}',
    bad=_LIST % "ResultPath: $.Endpoints",
    check=untrimmed_results,
)
