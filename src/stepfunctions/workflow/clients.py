"""The boto3 client that a workflow talks through, and what every listing of the API has in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import stepfunctions

_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
_PREFIXED = re.compile(r"^(https?://)sync-(localhost|127\.[0-9.]+|\[::1\])(?=[:/]|$)")


def default_client() -> Any:
    """Return boto3's Step Functions client of the current environment.

    With ``eval "$(stepfunctions local env)"`` that is the local cloud, else AWS.
    """
    import boto3

    return append_user_agent_to_client(boto3.client("stepfunctions"))


class Clients:
    """Clients of other services, where a workflow's own client is: in its Region, or at its endpoint on this machine.

    ``session``: boto3's; by default that of the environment. ``method``: whose argument ``session`` is, for people.
    """

    def __init__(self, session: Any, client: Any, method: str) -> None:
        if session is None:
            if client is not None and not hasattr(client, "meta"):
                raise ValueError(
                    f"The workflow's client is not boto3's, and tells no account: give {method}(session=…)."
                )
            import boto3

            # What is made must be where the workflow is, whatever Region the environment has.
            session = boto3.Session(region_name=None if client is None else client.meta.region_name)
        self._session = session
        self._endpoint = _elsewhere(client)
        self._region = None if self._endpoint is None else client.meta.region_name
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return boto3's client of a service, at the endpoint of the workflow's own client when that is not AWS's."""
        if service not in self._clients:
            where = {} if self._endpoint is None else {"endpoint_url": self._endpoint, "region_name": self._region}
            self._clients[service] = self._session.client(service, **where)
        return self._clients[service]


def _elsewhere(client: Any) -> str | None:
    """Return the endpoint of a client that does not talk to AWS."""
    endpoint = getattr(getattr(client, "meta", None), "endpoint_url", None)
    host = "" if endpoint is None else urlsplit(endpoint).hostname or ""
    return None if not host or host.endswith(_AWS_HOSTS) else endpoint


def append_user_agent_to_client(boto_client: Any) -> Any:
    """Name this SDK in the client's requests, once, and return the client."""
    events = getattr(getattr(boto_client, "meta", None), "events", None)
    if events is not None:
        events.register("before-call", _keep_local_host, unique_id=f"{stepfunctions.__useragent__}-host")
        # The last moment before a request leaves: until then botocore writes its own name anew.
        events.register("before-send", _name_us, unique_id=stepfunctions.__useragent__)
    return boto_client


def _keep_local_host(params: dict[str, Any], **_: Any) -> None:
    """Take AWS's host prefix off a loopback address: botocore sends StartSyncExecution to ``sync-127.0.0.1``."""
    params["url"] = _PREFIXED.sub(r"\1\2", params["url"])


def _name_us(request: Any, **_: Any) -> None:
    ours = f" {stepfunctions.__useragent__}/{stepfunctions.__version__}"
    name = request.headers.get("User-Agent", "")
    text = name.decode() if isinstance(name, bytes) else name
    if not text.endswith(ours):
        request.headers["User-Agent"] = text + ours


def pages(call: Callable[..., dict[str, Any]], key: str, max_items: int, **request: Any) -> Iterator[Any]:
    """Yield at most ``max_items`` entries of a paged listing of the API."""
    left = max_items
    token: str | None = None
    while left > 0:
        response = call(**request, maxResults=min(left, 1000), **({"nextToken": token} if token else {}))
        entries = response[key][:left]
        yield from entries
        left -= len(entries)
        token = response.get("nextToken")
        if not token:
            return
