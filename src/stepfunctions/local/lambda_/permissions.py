"""Who else may invoke a function: its resource-based policy, kept and shown.

https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.database import Database

_CONDITIONS = {
    # member of AddPermission -> operator and key of the statement's condition
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
}


class Permissions:
    """The statements of all functions, in the service's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, function: str, arn: str, request: dict[str, Any]) -> str:
        """Add a statement and return it as text. Raises ResourceConflictException when its id is taken."""
        id, statement = request["StatementId"], json.dumps(_statement(arn, request))
        with self._database.write() as writer:
            added = writer.execute("INSERT OR IGNORE INTO permissions VALUES (?, ?, ?)", (function, id, statement))
            if not added.rowcount:
                raise ServiceError(
                    "ResourceConflictException",
                    f"The statement id ({id}) provided already exists. Please provide a new statement id, or remove "
                    "the existing statement.",
                    409,
                )
        return statement

    def remove(self, function: str, id: str) -> None:
        """Remove a statement. Raises ResourceNotFoundException."""
        with self._database.write() as writer:
            gone = writer.execute("DELETE FROM permissions WHERE function = ? AND id = ?", (function, id))
            if not gone.rowcount:
                raise ServiceError("ResourceNotFoundException", f"Statement {id} is not found in resource policy.", 404)

    def forget(self, function: str) -> None:
        """Remove every statement of a function."""
        with self._database.write() as writer:
            writer.execute("DELETE FROM permissions WHERE function = ?", (function,))

    def policy(self, function: str) -> dict[str, Any]:
        """Return what GetPolicy answers. Raises ResourceNotFoundException for a function without statements."""
        sql = "SELECT statement FROM permissions WHERE function = ? ORDER BY rowid"
        texts = [row["statement"] for row in self._database.read().execute(sql, (function,))]
        if not texts:
            raise ServiceError("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": [json.loads(text) for text in texts]}
        text = json.dumps(policy)
        return {"Policy": text, "RevisionId": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}


def _statement(arn: str, request: dict[str, Any]) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for member, (operator, key) in _CONDITIONS.items():
        if member in request:
            conditions.setdefault(operator, {})[key] = request[member]
    statement = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(request["Principal"]),
        "Action": request["Action"],
        "Resource": arn,
    }
    return statement | ({"Condition": conditions} if conditions else {})


def _principal(text: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if re.fullmatch(r"\d{12}", text):
        return {"AWS": f"arn:aws:iam::{text}:root"}
    return {"AWS": text} if text.startswith("arn:") else {"Service": text}
