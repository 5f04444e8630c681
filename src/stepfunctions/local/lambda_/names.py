"""How calls name a function: a plain name, a partial ARN or a full ARN, each with an optional qualifier."""

from __future__ import annotations

import re

from stepfunctions.errors import ServiceError

_REFERENCE = re.compile(
    r"(?:arn:(?P<partition>aws[\w-]*):lambda:(?P<region>[a-z0-9-]+):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[A-Za-z0-9_-]+)(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]+))?"
)
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
LATEST = "$LATEST"


def function_arn(account: str, region: str, name: str) -> str:
    """Return the unqualified ARN of a function."""
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def new_name(text: str, account: str, region: str) -> str:
    """Return the plain name that CreateFunction's FunctionName means. Raises InvalidParameterValueException."""
    name = function_name(text, None, account, region)
    if not _PLAIN.fullmatch(name):
        raise ServiceError(
            "InvalidParameterValueException",
            f"'{text}' is no name for a function. Use 1 to 64 letters, digits, hyphens and underscores.",
        )
    return name


def function_name(text: str, qualifier: str | None, account: str, region: str) -> str:
    """Return the plain name that a FunctionName means in this account and Region.

    Only the version ``$LATEST`` exists here. Raises InvalidParameterValueException for a text that is no
    reference or contradicts ``qualifier``; ResourceNotFoundException for other accounts, Regions, versions.
    """
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise ServiceError(
            "InvalidParameterValueException",
            f"'{text}' names no function. Use a function's name, partial ARN or full ARN.",
        )
    parts = match.groupdict()
    if parts["qualifier"] and qualifier and parts["qualifier"] != qualifier:
        raise ServiceError(
            "InvalidParameterValueException",
            f"The qualifier '{parts['qualifier']}' in FunctionName is not the Qualifier '{qualifier}'.",
        )
    wanted = parts["qualifier"] or qualifier or LATEST
    home = (parts["account"] or account, parts["region"] or region)
    if home != (account, region) or wanted != LATEST:
        arn = function_arn(*home, parts["name"])
        raise not_found(arn if wanted == LATEST else f"{arn}:{wanted}")
    return parts["name"]


def not_found(arn: str) -> ServiceError:
    """Return AWS's error for a function that does not exist."""
    return ServiceError("ResourceNotFoundException", f"Function not found: {arn}", 404)
