"""The console's addresses: the page at ``/``, its files, what it asks for, and what it orders."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stepfunctions.errors import ServiceError, StepFunctionsError
from stepfunctions.local.console.access import Access
from stepfunctions.local.console.answers import respond
from stepfunctions.local.console.door import PREFIX
from stepfunctions.local.console.machines import Machines
from stepfunctions.local.console.services import Services
from stepfunctions.local.wire.messages import Request, Response
from stepfunctions.runtime.clock import iso
from stepfunctions.visual.report.front_end import STATIC

if TYPE_CHECKING:
    from stepfunctions.local.cloud import Cloud
    from stepfunctions.local.datadir import ServerInfo

_log = logging.getLogger(__name__)
_KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Step Functions on this machine</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{PREFIX}static/app.css">
<link rel="stylesheet" href="{PREFIX}static/console.css">
</head>
<body>
<div id="app"></div>
<noscript><h1>The console needs JavaScript.</h1></noscript>
<script type="module" src="{PREFIX}static/console.js"></script>
</body>
</html>
"""
_CLOSED = """The console opens at an address with a token, which `stepfunctions local start` and
`stepfunctions local status` print.
"""


class Console:
    """Answers the console's requests for one cloud."""

    def __init__(self, cloud: Cloud, info: ServerInfo, access: Access) -> None:
        self._cloud = cloud
        self._info = info
        self._access = access
        self._machines = Machines(cloud)
        self._services = Services(cloud)

    def answer(self, request: Request) -> Response:
        """Answer a request; it may block. Every refusal is JSON that says why, or a text for people."""
        if request.path == "/":
            return self._page(request)
        if not self._access.knows(request):
            return respond(403, {"message": _CLOSED})
        name = request.path.removeprefix(PREFIX)
        if name.startswith("static/"):
            return _file(name.removeprefix("static/"))
        try:
            return self._asked(name, request) if request.method == "GET" else self._ordered(name, request)
        except ServiceError as error:
            return respond(error.status, {"code": error.code, "message": error.message})
        except StepFunctionsError as error:
            return respond(400, {"message": str(error)})
        except Exception as error:  # noqa: BLE001 - the server goes on
            _log.exception("the console's %s failed", name)
            return respond(500, {"message": f"{type(error).__name__}: {error}"})

    def _page(self, request: Request) -> Response:
        if self._access.opens(request):  # the token goes from the address into a cookie
            return Response(status=303, headers=[("Location", "/"), ("Set-Cookie", self._access.cookie)])
        if not self._access.knows(request):
            return Response(status=403, headers=[("Content-Type", "text/plain; charset=utf-8")], body=_CLOSED.encode())
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        ]
        return Response(headers=headers, body=_PAGE.encode())

    def _asked(self, name: str, request: Request) -> Response:
        given = dict(request.query)
        if name == "report":
            headers = [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Disposition", 'attachment; filename="report.html"'),
            ]
            return Response(headers=headers, body=self._machines.report(given).encode("utf-8", "replace"))
        questions: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
            "about": self._about,
            "machines": self._machines.machines,
            "machine": self._machines.machine,
            "executions": self._machines.executions,
            "execution": self._machines.execution,
            "jobs": self._services.jobs,
            "job": self._services.job,
            "endpoints": self._services.endpoints,
            "triggers": self._services.triggers,
            "models": self._services.models,
        }
        if name not in questions:
            return respond(404, {"message": f"There is no {name[:100]}. There are: {', '.join(questions)}."})
        return respond(200, questions[name](given))

    def _ordered(self, name: str, request: Request) -> Response:
        if request.method != "POST":
            return respond(405, {"message": "GET asks, and POST orders."})
        if not self._access.orders(request):
            return respond(403, {"message": "Only the console's own page may order anything."})
        orders = {"start": self._machines.start, "stop": self._machines.stop, "redrive": self._machines.redrive}
        if name not in orders:
            return respond(404, {"message": f"There is no {name[:100]}. There are: {', '.join(orders)}."})
        try:
            given = json.loads(request.body)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return respond(400, {"message": "An order is a JSON object."})
        return respond(200, orders[name](given))

    def _about(self, given: dict[str, str]) -> dict[str, Any]:  # noqa: ARG002 - as the others
        return {"region": self._info.region, "account": self._info.account, "data_dir": self._info.data_dir,
                "now": iso(self._cloud.clock.now())}  # fmt: skip

    def revision(self, arn: str) -> dict[str, Any]:
        """Return what changes when an execution goes on."""
        return self._machines.revision(arn)


def _file(name: str) -> Response:
    """Return a file of the front end."""
    path = STATIC / name
    if path.suffix not in _KINDS or path.parent != STATIC or not path.is_file():
        return respond(404, {"message": f"There is no file {name[:100]}."})
    headers = [
        ("Content-Type", _KINDS[path.suffix]),
        ("Cache-Control", "no-cache"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Response(headers=headers, body=path.read_bytes())
