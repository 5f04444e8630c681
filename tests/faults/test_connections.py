"""Clients that connect and say nothing are bounded; who is too many is told so, and the others are answered."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
from urllib.parse import urlsplit

from tests.crash.killable import KillableCloud
from tests.faults.conftest import wait_for

MOST = 2048


def _port(server: KillableCloud) -> int:
    return urlsplit(json.loads((server.data_dir / "server.json").read_text())["endpoint"]).port or 0


def _status(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/_local/status")
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_idle_connections_are_bounded(server: KillableCloud) -> None:
    port = _port(server)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * MOST), hard))
    with contextlib.ExitStack() as opened:
        first = opened.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)))
        assert _status(first) == 200
        with contextlib.ExitStack() as idle:
            for _ in range(MOST - 2):
                idle.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", port))))

            def refused() -> bool:
                one = idle.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)))
                return _status(one) == 503

            wait_for(refused)
        wait_for(lambda: _new(port) == 200)
    assert "Traceback" not in server.log.read_text()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _new(port: int) -> int:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        return _status(connection)
