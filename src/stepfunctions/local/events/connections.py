"""The operations on connections: how HTTP tasks authorise themselves.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError
from stepfunctions.local.events.ground import Answer, Ground
from stepfunctions.local.events.records import Row, invalid, missing, page
from stepfunctions.runtime.clock import moment

if TYPE_CHECKING:
    from stepfunctions.local.services import Call

CONNECTION = "connection"
_NEEDED = {
    "BASIC": ("BasicAuthParameters", ("Username", "Password")),
    "API_KEY": ("ApiKeyAuthParameters", ("ApiKeyName", "ApiKeyValue")),
    "OAUTH_CLIENT_CREDENTIALS": ("OAuthParameters", ("ClientParameters", "AuthorizationEndpoint", "HttpMethod")),
}
_SECRETS = frozenset({"Password", "ApiKeyValue", "ClientSecret"})


class ConnectionOperations(Ground):
    """Connections. Their secrets stay in the service's own file: Secrets Manager does not show them here."""

    def create_connection(self, request: Answer, call: Call) -> Answer:
        """CreateConnection: authorised at once, since nothing is asked for a token before a task needs one."""
        kind, given = request["AuthorizationType"], request["AuthParameters"]
        _check(request, given, kind)
        now = self._cloud.clock.now()
        body = {"uuid": str(uuid.uuid4()), "kind": kind, "parameters": given, "authorized": now}
        body |= {name: request[name] for name in ("Description", "KmsKeyIdentifier") if name in request}
        row = Row(CONNECTION, call.owner, "", request["Name"], now, now, body)
        with self._lock, self._rows.database.write():
            if self._rows.get(CONNECTION, row.owner, row.name) is not None:
                raise ServiceError("ResourceAlreadyExistsException", f"Connection {row.name} already exists.")
            self._rows.put(row)
        return _told(row)

    def update_connection(self, request: Answer, call: Call) -> Answer:
        """UpdateConnection: parameters are merged over the old ones of the same type."""
        with self._lock, self._rows.database.write():
            row = self._connection(request["Name"], call)
            kind: str = request.get("AuthorizationType") or row.body["kind"]
            before = row.body["parameters"] if kind == row.body["kind"] else {}
            merged = _merged(before, request.get("AuthParameters", {}))
            _check(request, merged, kind)
            now = self._cloud.clock.now()
            body = {**row.body, "kind": kind, "parameters": merged, "authorized": now}
            body |= {name: request[name] for name in ("Description", "KmsKeyIdentifier") if name in request}
            row = dataclasses.replace(row, body=body, modified=now)
            self._rows.put(row)
        return _told(row, authorized=True)

    def deauthorize_connection(self, request: Answer, call: Call) -> Answer:
        """DeauthorizeConnection: its parameters are forgotten until an update gives new ones."""
        with self._lock, self._rows.database.write():
            row = self._connection(request["Name"], call)
            body = {**row.body, "parameters": {}}
            row = dataclasses.replace(row, body=body, modified=self._cloud.clock.now())
            self._rows.put(row)
        return _told(row, authorized=True)

    def describe_connection(self, request: Answer, call: Call) -> Answer:
        """DescribeConnection, without what is secret."""
        row = self._connection(request["Name"], call)
        kept: Answer = {name: row.body[name] for name in ("Description", "KmsKeyIdentifier") if name in row.body}
        return {
            **_told(row, authorized=True),
            **kept,
            "Name": row.name,
            "AuthorizationType": row.body["kind"],
            "AuthParameters": _public(row.body["parameters"]),
            "SecretArn": f"arn:aws:secretsmanager:{row.owner}:secret:events!connection/{row.name}/{row.body['uuid']}",
        }

    def list_connections(self, request: Answer, call: Call) -> Answer:
        """ListConnections, by name."""
        rows = self._rows.all(CONNECTION, call.owner, prefix=request.get("NamePrefix", ""))
        wanted = request.get("ConnectionState")
        found, token = page([row for row in rows if wanted in (None, _state(row))], request)
        listed = [
            {**_told(row, authorized=True), "Name": row.name, "AuthorizationType": row.body["kind"]} for row in found
        ]
        return {"Connections": listed, **token}

    def delete_connection(self, request: Answer, call: Call) -> Answer:
        """DeleteConnection."""
        with self._lock:
            row = self._connection(request["Name"], call)
            self._rows.drop(row)
        return {**_told(row, authorized=True), "ConnectionState": "DELETING"}

    def secret_of(self, name: str, owner: str) -> dict[str, Any]:
        """Return what a connection adds to requests, in the form that AWS keeps it in a secret; for the cloud's tasks.

        ``owner`` is ``region:account``. Raises ServiceError (ResourceNotFoundException).
        """
        row = self._rows.get(CONNECTION, owner, name)
        if row is None:
            raise missing(f"Connection {name}")
        parameters = row.body["parameters"]
        member, _ = _NEEDED[row.body["kind"]]
        found: dict[str, Any] = _snake(parameters.get(member, {}))
        found["invocation_http_parameters"] = _snake(parameters.get("InvocationHttpParameters", {}))
        return found

    def _connection(self, name: str, call: Call) -> Row:
        row = self._rows.get(CONNECTION, call.owner, name)
        if row is None:
            raise missing(f"Connection {name}")
        return row


def _check(request: Answer, parameters: Answer, kind: str) -> None:
    """Raise ServiceError (ValidationException) for parameters that do not fit their type of authorization."""
    if "InvocationConnectivityParameters" in request or "ConnectivityParameters" in parameters:
        raise invalid("Private connectivity is not supported by the local cloud: leave its parameters out.")
    member, names = _NEEDED[kind]
    given = parameters.get(member, {})
    absent = [name for name in names if name not in given]
    if absent:
        raise invalid(f"AuthParameters for {kind} must have {member}.{absent[0]}.")
    others = [other for other, _ in _NEEDED.values() if other != member and other in parameters]
    if others:
        raise invalid(f"AuthParameters for {kind} must not have {others[0]}.")


def _merged(before: Any, new: Any) -> Any:
    if not isinstance(before, dict) or not isinstance(new, dict):
        return new
    return {**before, **{key: _merged(before.get(key), value) for key, value in new.items()}}


def _public(value: Any) -> Any:
    """Return parameters without passwords, keys, and values that are marked as secret."""
    if isinstance(value, list):
        return [
            {key: one for key, one in entry.items() if key != "Value" or not entry.get("IsValueSecret")}
            for entry in value
        ]
    if isinstance(value, dict):
        return {key: _public(one) for key, one in value.items() if key not in _SECRETS}
    return value


def _snake(value: Any) -> Any:
    if isinstance(value, dict):
        return {_lower(key): _snake(one) for key, one in value.items()}
    return [_snake(one) for one in value] if isinstance(value, list) else value


def _lower(name: str) -> str:
    name = name.replace("ClientID", "ClientId").replace("OAuth", "Oauth")
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def _state(row: Row) -> str:
    return "AUTHORIZED" if row.body["parameters"] else "DEAUTHORIZED"


def _told(row: Row, *, authorized: bool = False) -> Answer:
    answer = {
        "ConnectionArn": f"{row.arn}/{row.body['uuid']}",
        "ConnectionState": _state(row),
        "CreationTime": moment(row.created),
        "LastModifiedTime": moment(row.modified),
    }
    return answer | ({"LastAuthorizedTime": moment(row.body["authorized"])} if authorized else {})
