from __future__ import annotations

import http.client
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stepfunctions.local.s3.service import S3

MB = 1024 * 1024


def eventually(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        threading.Event().wait(0.01)


def incoming(service: S3) -> list[Path]:
    """Files that are being received."""
    return list((service.objects.contents.path("00").parents[2] / "incoming").iterdir())


def open_files() -> list[str]:
    """Contents that this process has open."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(entry))
        except FileNotFoundError:
            continue  # the one that lists the others
    return [name for name in found if "/s3/content/" in name]


def connect(endpoint: str) -> socket.socket:
    host, port = endpoint.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)))


def test_an_upload_that_breaks_off_leaves_nothing(server: tuple[S3, str], client: Any, bucket: str) -> None:
    service, endpoint = server
    with connect(endpoint) as connection:
        connection.sendall(f"PUT /{bucket}/k HTTP/1.1\r\nHost: localhost\r\nContent-Length: {9 * MB}\r\n\r\n".encode())
        connection.sendall(b"x" * 3 * MB)
        eventually(lambda: len(incoming(service)) == 1)
    eventually(lambda: not incoming(service))
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_download_that_breaks_off_closes_its_file(server: tuple[S3, str], client: Any, bucket: str) -> None:
    endpoint = server[1]
    client.put_object(Bucket=bucket, Key="k", Body=b"x" * 64 * MB)
    with connect(endpoint) as connection:
        connection.sendall(f"GET /{bucket}/k HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        eventually(lambda: len(open_files()) == 1)
    eventually(lambda: not open_files())


def test_an_object_replaced_during_a_download_comes_whole(server: tuple[S3, str], client: Any, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="k", Body=b"1" * 64 * MB)
    body = client.get_object(Bucket=bucket, Key="k")["Body"]
    first = body.read(10)
    client.put_object(Bucket=bucket, Key="k", Body=b"2")
    assert first + body.read() == b"1" * 64 * MB
    assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_slow_clients_do_not_hold_up_others(server: tuple[S3, str], client: Any, bucket: str) -> None:
    endpoint = server[1]
    client.put_object(Bucket=bucket, Key="k", Body=b"1" * 16 * MB)
    slow = [connect(endpoint) for _ in range(40)]
    try:
        for number, connection in enumerate(slow):
            if number % 2:
                connection.sendall(f"GET /{bucket}/k HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            else:
                connection.sendall(
                    f"PUT /{bucket}/s{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1234".encode()
                )
        for number in range(5):
            client.put_object(Bucket=bucket, Key=f"quick{number}", Body=b"1" * MB)
        assert client.list_objects_v2(Bucket=bucket, Prefix="quick")["KeyCount"] == 5
    finally:
        for connection in slow:
            connection.close()
    eventually(lambda: not incoming(server[0]))


def test_a_head_has_no_body_and_an_error_names_its_request(server: tuple[S3, str], raw: Any, bucket: str) -> None:
    status, headers, body = raw("HEAD", f"/{bucket}/none")
    assert (status, body) == (404, b"")
    status, headers, body = raw("GET", f"/{bucket}/none")
    assert status == 404
    assert f"<RequestId>{headers['x-amz-request-id']}</RequestId>".encode() in body
    assert headers["content-type"] == "application/xml"


def test_an_answer_before_the_body_ends_an_expecting_connection(server: tuple[S3, str], bucket: str) -> None:
    connection = http.client.HTTPConnection(server[1].removeprefix("http://"))
    connection.putrequest("PUT", f"/{bucket}/k")
    for name, value in {"Expect": "100-continue", "Content-Length": "5", "If-Match": '"none"'}.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, response.getheader("connection")) == (404, "close")
    response.read()
    connection.close()
