"""Texts in a definition that tie it to one account, or that nobody should read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stepfunctions.asl.document import JSON
from stepfunctions.asl.fields import is_expression
from stepfunctions.asl.machine import escape_pointer
from stepfunctions.lint.finding import WARNING, Finding
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.subject import Subject

_ARN = re.compile(r"arn:(?:\$\{[^{}]*\}|[a-z0-9-]+):[a-z0-9-]*:(?:\$\{[^{}]*\}|([a-z0-9-]*)):(\d{12})?")
_IMAGE = re.compile(r"\b(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.")
_URL = re.compile(
    r"https?://[a-z0-9.-]*?\.?([a-z]{2}(?:-[a-z]+)+-\d)\.[a-z0-9.-]*amazonaws\.com(?:\.cn)?(?:/(\d{12}))?"
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d")
_SECRET_KEY = re.compile(
    r"(^|[^a-z])(password|passwd|secret|secret[-_ ]?(access[-_ ]?)?key|api[-_ ]?key|access[-_ ]?token|auth[-_ ]?token|"
    r"private[-_ ]?key)s?(?![-_ ](?:id|arn|name))([^a-z]|$)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an access key of AWS"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@${]+@"), "a URL with a password"),
)
_REFERENCE = re.compile(r"^arn:|\$\{|\{\{resolve:|^\$|^/")
_NOT_DATA = frozenset({"Comment", "Version", "QueryLanguage", "Type", "Next", "Default", "StartAt"})


def hard_coded_accounts(subject: Subject) -> Iterator[Finding]:
    """Find numbers of accounts."""
    for path, _, text in _texts(subject.document, ""):
        accounts = [*(found[2] for found in _ARN.finditer(text)), *(found[1] for found in _IMAGE.finditer(text))]
        accounts += [found[2] for found in _URL.finditer(text)]
        for account in sorted({one for one in accounts if one}):
            yield HARD_CODED_ACCOUNT.at(
                path, f"The account {account} is written into the definition.", _INSTEAD, offset=text.index(account)
            )


def hard_coded_regions(subject: Subject) -> Iterator[Finding]:
    """Find names of Regions."""
    for path, _, text in _texts(subject.document, ""):
        regions = [*(found[1] for found in _ARN.finditer(text)), *(found[2] for found in _IMAGE.finditer(text))]
        regions += [found[1] for found in _URL.finditer(text)]
        for region in sorted({one for one in regions if one and _REGION.fullmatch(one)}):
            yield HARD_CODED_REGION.at(
                path, f"The Region {region} is written into the definition.", _INSTEAD, offset=text.index(region)
            )


_INSTEAD = "Write a ${Token} with DefinitionSubstitutions, or export the workflow: stepfunctions export cloudformation."


def secrets(subject: Subject) -> Iterator[Finding]:
    """Find what looks like a secret."""
    for path, key, text in _texts(subject.document, ""):
        what = next((said for pattern, said in _SECRETS if pattern.search(text)), None)
        named = _SECRET_KEY.search(_WORDS.sub("-", key.removesuffix(".$"))) is not None
        if what is None and named and text and not key.endswith(".$") and not _is_reference(text):
            what = f"the value of '{key}'"
        if what is not None:
            yield SECRET_IN_PARAMETERS.at(
                path,
                f"The definition holds {what}: everybody who may read it, or its executions, sees it.",
                "Keep it in Secrets Manager and read it where it is used.",
            )


def _is_reference(text: str) -> bool:
    return _REFERENCE.search(text) is not None or is_expression(text)


def _texts(value: JSON, path: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the texts of a document that are data: pointer, key, text. Names of states and comments are none."""
    if isinstance(value, str):
        if value:
            yield path, key, value
    elif isinstance(value, dict):
        state = isinstance(value.get("Type"), str) or "States" in value
        for name, item in value.items():
            if not (state and name in _NOT_DATA):
                yield from _texts(item, f"{path}/{escape_pointer(str(name))}", str(name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}/{index}", key)


_TASK = """
        Send:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: {QueueUrl: "%s", MessageBody: done}
          End: true
    """
_ACCOUNTS = "https://docs.aws.amazon.com/step-functions/latest/dg/development-options.html"
HARD_CODED_ACCOUNT = Rule(
    id="HARD_CODED_ACCOUNT",
    severity=WARNING,
    summary="The number of an account is written into the definition.",
    why="The state machine fits one account: testing it in another one means changing it.",
    source=_ACCOUNTS,
    good=_TASK % "${Queue}",
    bad=_TASK % "https://sqs.us-east-1.amazonaws.com/123456789012/done",
    check=hard_coded_accounts,
)
HARD_CODED_REGION = Rule(
    id="HARD_CODED_REGION",
    severity=WARNING,
    summary="The name of a Region is written into the definition.",
    why="The state machine fits one Region; calls across Regions are not supported.",
    source=_ACCOUNTS,
    good=_TASK % "${Queue}",
    bad=_TASK % "https://sqs.us-east-1.amazonaws.com/123456789012/done",
    check=hard_coded_regions,
)
SECRET_IN_PARAMETERS = Rule(
    id="SECRET_IN_PARAMETERS",
    severity=WARNING,
    summary="The definition holds what looks like a secret.",
    why="Definitions and histories are read by many, and kept.",
    source="https://docs.aws.amazon.com/step-functions/latest/dg/security.html",
    good="""
        Send:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: {QueueUrl: "${Queue}", MessageBody: {password.$: $.password}}
          End: true
    """,
    bad="""
        Send:
          Type: Task
          Resource: arn:aws:states:::sqs:sendMessage
          Parameters: {QueueUrl: "${Queue}", MessageBody: {password: hunter2}}
          End: true
    """,
    check=secrets,
)
