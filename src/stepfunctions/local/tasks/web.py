"""Tasks that call a web address themselves: HTTP, API Gateway and Kubernetes tasks share what is here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from stepfunctions.asl.document import JSON, dumps
from stepfunctions.catalog.own_requests import OWN_REQUESTS
from stepfunctions.errors import StateFailed
from stepfunctions.local.tasks.actions import Context
from stepfunctions.local.tasks.shapes import unusable

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FORBIDDEN = frozenset(
    {
        "authorization", "connection", "content-md5", "date", "expect", "host", "max-forwards", "proxy-authenticate",
        "server", "te", "transfer-encoding", "trailer", "upgrade", "via", "www-authenticate",
    }
)  # fmt: skip
_FORBIDDEN_PREFIXES = ("x-forwarded", "x-amz", "x-amzn")


class NoAnswer(Exception):
    """Nothing was answered: no connection, a broken one, or none in time."""


@dataclass(kw_only=True)
class WebRequest:
    """A request before it is sent. ``seconds`` is the whole time it may take; ``authority`` a PEM certificate."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    query: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    seconds: float = 60.0
    authority: str | None = None

    @property
    def address(self) -> str:
        """The URL with its query."""
        parts = urlsplit(self.url)
        query = "&".join(part for part in (parts.query, urlencode(self.query)) if part)
        return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))


@dataclass(frozen=True, kw_only=True)
class WebResponse:
    """An answer: ``headers`` as they came, several of a name one after the other."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        found = next((value for name, value in self.headers if name.lower() == "content-type"), "")
        return found.partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text. Raises UnicodeDecodeError when it is none."""
        return self.body.decode()

    def content(self) -> JSON:
        """Return the body's value when it says that it is JSON, else its text."""
        text = self.text
        if "json" not in self.content_type:
            return text
        try:
            value: JSON = json.loads(text)
        except ValueError:
            return text
        return value

    def result(self, *, lower: bool = False) -> dict[str, JSON]:
        """Return the task's result. ``lower`` writes the names of headers in lower case."""
        headers: dict[str, list[str]] = {}
        for name, value in self.headers:
            headers.setdefault(name.lower() if lower else name, []).append(value)
        return {
            "Headers": dict(headers),
            "ResponseBody": self.content(),
            "StatusCode": self.status,
            "StatusText": self.reason,
        }


def send(request: WebRequest) -> WebResponse:
    """Send a request and return the answer, whatever its status. Raises NoAnswer."""
    import urllib3

    options: dict[str, Any] = {"ca_cert_data": request.authority} if request.authority else {}
    with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=request.seconds), **options) as pool:
        try:
            answer = pool.request(
                request.method, request.address, headers=request.headers, body=request.body, redirect=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswer(str(error)) from None
    headers = tuple(answer.headers.items())
    return WebResponse(status=answer.status, reason=answer.reason or "", headers=headers, body=answer.data)


def checked(context: Context, arguments: Any) -> dict[str, Any]:
    """Return a task's parameters. Raises StateFailed for missing and unknown ones, a bad method, bad headers."""
    if not isinstance(arguments, dict):
        raise unusable(arguments, "they must be an object")
    given = [name for name, value in arguments.items() if value not in (None, "")]
    for problem in OWN_REQUESTS[context.resource.service, context.resource.action].problems(given):
        raise unusable(arguments, problem)
    if arguments.get("Method", "POST") not in METHODS:
        raise unusable(arguments, f"Method must be one of {', '.join(METHODS)}")
    for name in arguments.get("Headers") or {}:
        if name.lower() in _FORBIDDEN or name.lower().startswith(_FORBIDDEN_PREFIXES):
            raise unusable(arguments, f"The header '{name}' is not permitted")
    return arguments


def secure(url: str, arguments: Any) -> str:
    """Return a URL that AWS would call: HTTPS; on this machine also plain HTTP. Raises StateFailed for others."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)):
        raise unusable(arguments, f"'{url}' is no URL that begins with https:// (http:// is for 127.0.0.1)")
    return url


def base(host: str, arguments: Any) -> str:
    """Return the URL of a host; one of this machine is called without TLS."""
    if "//" in host:
        return secure(host.rstrip("/"), arguments)
    name = (urlsplit(f"//{host}").hostname or "") if host else ""
    return f"{'http' if name in _LOOPBACK else 'https'}://{host}"


def listed(values: Any) -> list[tuple[str, str]]:
    """Return the pairs of a map whose values are texts or lists of texts."""
    return [
        (name, text if isinstance(text, str) else dumps(text))
        for name, value in (values or {}).items()
        for text in (value if isinstance(value, list) else [value])
    ]


def body_of(value: Any) -> bytes | None:
    """Return a request's body: a text as it stands, anything else as JSON, None when there is none."""
    if value is None:
        return None
    return (value if isinstance(value, str) else dumps(value)).encode()


def answered(
    request: WebRequest, *, lost: str, refused: str, seen: Callable[[WebResponse], None] | None = None
) -> WebResponse:
    """Send a task's request and return an answer of 2xx whose body is text. ``seen`` is told any answer.

    Raises StateFailed: ``lost`` when nothing was answered, ``refused.<status>`` for any other status, States.Runtime
    for media and other bytes.
    """
    try:
        response = send(request)
    except NoAnswer as error:
        raise StateFailed(lost, str(error)) from None
    if seen is not None:
        seen(response)
    _check_readable(response)
    if not 200 <= response.status < 300:
        raise StateFailed(f"{refused}.{response.status}", response.text or response.reason)
    return response


def _check_readable(response: WebResponse) -> None:
    """Raise StateFailed (States.Runtime) for a response of media or other bytes."""
    kind = response.content_type
    try:
        response.text  # noqa: B018 - raises
        if kind != "application/octet-stream" and not kind.startswith(("image/", "video/", "audio/")):
            return
    except UnicodeDecodeError:
        pass
    raise StateFailed("States.Runtime", f"The response of type '{kind}' cannot be read as text.")
