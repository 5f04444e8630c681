"""Who may send requests: programs of this machine, and pages that it serves itself."""

from __future__ import annotations

from urllib.parse import urlsplit

from stepfunctions.errors import ServiceError
from stepfunctions.local.wire.messages import Request

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def refuse_others(request: Request) -> ServiceError | None:
    """Refuse what a web page of another site may send to a port of this machine."""
    for name in ("host", "origin"):
        text = request.headers.get(name)
        if text is not None and not _is_loopback(text):
            return ServiceError(
                "AccessDeniedException",
                f"The local cloud answers this machine only: the "
                f"{name.title()} header '{text[:100]}' is not 127.0.0.1 or localhost",
                403,
            )
    return None


def _is_loopback(text: str) -> bool:
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return False
    return host in _LOOPBACK or host.endswith(".localhost")
