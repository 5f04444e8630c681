"""Task tokens: derived from the wait they answer, so they need neither a row nor chance."""

from __future__ import annotations

import base64


def make_token(execution_arn: str, branch: int, attempt: int) -> str:
    """Return the token of this wait: the same on every call, at most 1,024 characters."""
    return base64.urlsafe_b64encode(f"{branch} {attempt} {execution_arn}".encode()).decode()


def read_token(token: str) -> tuple[str, int, int]:
    """Return ``(execution_arn, branch, attempt)`` of a token; ValueError when it is not one of ours."""
    text, number, arn = base64.urlsafe_b64decode(token.encode()).decode().split(" ")
    branch, attempt = int(text), int(number)
    if token != make_token(arn, branch, attempt):
        raise ValueError(token)
    return arn, branch, attempt
