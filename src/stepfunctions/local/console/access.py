"""Who may use the console: whoever has its address, which has a token that becomes a cookie.

The AWS APIs of the local cloud need no secret. The console does, because a browser sends its requests for any page
that is open in it: the cookie is only sent for the console's own page, and only that page can add the header.
"""

from __future__ import annotations

import hmac
import os
import secrets
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

from stepfunctions.local.datadir import CONSOLE_TOKEN, cannot_use
from stepfunctions.local.wire.messages import Request

HEADER = "x-stepfunctions-console"
"""What the page adds to each order: another site's page cannot without asking, and is refused then."""


class Access:
    """The token of a data directory: the same at each start, so that a page that is open goes on."""

    def __init__(self, data_dir: Path, endpoint: str) -> None:
        self._endpoint = endpoint
        self._cookie = f"stepfunctions-{endpoint.rpartition(':')[2]}"  # a cookie is sent to all ports
        self._token = _token(data_dir / CONSOLE_TOKEN)

    @property
    def address(self) -> str:
        """Where a browser opens the console."""
        return f"{self._endpoint}/?token={self._token}"

    @property
    def cookie(self) -> str:
        """What a browser shall keep."""
        return f"{self._cookie}={self._token}; Path=/; HttpOnly; SameSite=Strict"

    def opens(self, request: Request) -> bool:
        """Tell whether a request has the token in its address."""
        return hmac.compare_digest(dict(request.query).get("token", "").encode(), self._token.encode())

    def knows(self, request: Request) -> bool:
        """Tell whether a request has the cookie."""
        try:
            kept = SimpleCookie(request.headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return kept is not None and hmac.compare_digest(kept.value.encode(), self._token.encode())

    def orders(self, request: Request) -> bool:
        """Tell whether a request that changes something is from the console's own page."""
        origin = request.headers.get("origin", "").partition("//")[2]
        return (
            self.knows(request)
            and HEADER in request.headers
            and request.content_type == "application/json"
            and origin == request.headers.get("host")
        )


def _token(path: Path) -> str:
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
            found = file.read().strip()
            if len(found) < 20 or not found.isascii():
                found = secrets.token_urlsafe(24)
                file.seek(0)
                file.truncate()
                file.write(found + "\n")
            return found
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            raise cannot_use(path.parent, error) from error
        path.unlink()
        return _token(path)
