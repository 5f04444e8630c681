"""EventBridge connections: what they add to a request, with the secrets that Secrets Manager keeps for them.

User guide: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from stepfunctions.errors import ServiceError, StateFailed
from stepfunctions.local.tasks.web import NoAnswer, WebRequest, secure, send

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud

_ERRORS = "Events.ConnectionResource"


@dataclass(kw_only=True)
class Connection:
    """What a connection adds to every request."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)


def connection_of(cloud: Cloud, arn: Any) -> Connection:
    """Return what the connection of an ARN adds. Raises StateFailed when there is none, or it is not authorised."""
    parts = str(arn).split(":")
    if len(parts) < 6 or parts[2] != "events" or not parts[5].startswith("connection/"):
        raise StateFailed("States.Runtime", f"'{arn}' is not the ARN of an EventBridge connection.")
    try:
        found = cloud.call("events", "DescribeConnection", {"Name": parts[5].split("/")[1]})
        state = found.get("ConnectionState")
        if state != "AUTHORIZED":
            raise StateFailed(f"{_ERRORS}.InvalidConnectionState", f"The connection '{arn}' is {state}.")
        secret = _secret(cloud, found, f"{parts[3]}:{parts[4]}")
    except ServiceError as error:
        name = "ResourceNotFound" if error.code == "ResourceNotFoundException" else "AccessDenied"
        raise StateFailed(f"{_ERRORS}.{name}", f"{arn}: {error.message}") from None
    return _authorised(found["AuthorizationType"], secret)


def _secret(cloud: Cloud, found: dict[str, Any], owner: str) -> dict[str, Any]:
    """Return a connection's secret: EventBridge's own file has it here, Secrets Manager on AWS."""
    if "events" not in cloud.real:
        local: dict[str, Any] = cloud.service("events").secret_of(found["Name"], owner)
        return local
    kept: dict[str, Any] = json.loads(
        cloud.call("secretsmanager", "GetSecretValue", {"SecretId": found["SecretArn"]})["SecretString"]
    )
    return kept


def _authorised(kind: str, secret: dict[str, Any]) -> Connection:
    parameters = secret.get("invocation_http_parameters") or {}
    name, value = "Authorization", ""
    if kind == "BASIC":
        pair = f"{secret['username']}:{secret['password']}".encode()
        value = f"Basic {base64.b64encode(pair).decode()}"
    elif kind == "API_KEY":
        name, value = secret["api_key_name"], secret["api_key_value"]
    else:
        value = f"Bearer {_token(secret)}"
    return Connection(
        headers={name: value} | _values(parameters, "header_parameters") | {name: value},
        query=_values(parameters, "query_string_parameters"),
        body=_values(parameters, "body_parameters"),
    )


def _values(parameters: dict[str, Any], name: str) -> dict[str, str]:
    return {one["key"]: one["value"] for one in parameters.get(name) or ()}


def _token(secret: dict[str, Any]) -> str:
    """Return a token of the authorization endpoint, by the grant of client credentials."""
    client = {**secret, **(secret.get("client_parameters") or {})}
    more = secret.get("oauth_http_parameters") or secret.get("o_auth_http_parameters") or {}
    form = {
        "grant_type": "client_credentials",
        "client_id": client["client_id"],
        "client_secret": client["client_secret"],
        **_values(more, "body_parameters"),
    }
    endpoint = secure(secret["authorization_endpoint"], secret["authorization_endpoint"])
    headers = {"Content-Type": "application/x-www-form-urlencoded", **_values(more, "header_parameters")}
    query = list(_values(more, "query_string_parameters").items())
    try:
        answer = send(
            WebRequest(
                method=secret.get("http_method", "POST"),
                url=endpoint,
                headers=headers,
                query=query,
                body=urlencode(form).encode(),
            )
        )
        token = answer.content()
    except NoAnswer as error:
        raise StateFailed(f"{_ERRORS}.AuthFailed", f"{endpoint}: {error}") from None
    if answer.status >= 300 or not isinstance(token, dict) or "access_token" not in token:
        raise StateFailed(f"{_ERRORS}.AuthFailed", f"{endpoint} answered {answer.status} without an access token.")
    return str(token["access_token"])
