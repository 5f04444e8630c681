"""How much memory and time the local S3 needs for a large object: PUT and GET over HTTP, and by boto3 in parts.

    python benchmarks/s3_stream.py [--gigabytes 2]

Prints, for each transfer: MB/s, the server's CPU seconds, how far its resident memory grew, and the longest wait of
a HeadObject that was sent again and again meanwhile. Exits with 1 when memory grew by more than 100 MiB.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

LIMIT_MIB = 100
MB = 1024 * 1024

SERVER = """
import asyncio, socket, sys
from stepfunctions.local.cloud import Cloud
from stepfunctions.local.http_server import HttpServer
with Cloud(sys.argv[1]) as cloud, socket.socket(proto=socket.IPPROTO_TCP) as listening:
    listening.bind(("127.0.0.1", 0))
    ready = lambda: print(listening.getsockname()[1], flush=True)
    asyncio.run(HttpServer(cloud.service("s3").app).serve(listening, ready))
"""


def memory(pid: int, field: str) -> float:
    """MiB of a process: VmRSS now, VmHWM at most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def processor(pid: int) -> float:
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Prober:
    """Sends HeadObject again and again; ``worst`` is the longest answer in milliseconds."""

    def __init__(self, port: int, path: str) -> None:
        self.worst = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(port, path))

    def _run(self, port: int, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while not self._stop.wait(0.02):
            start = time.perf_counter()
            connection.request("HEAD", path)
            connection.getresponse().read()
            self.worst = max(self.worst, (time.perf_counter() - start) * 1000)
        connection.close()

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def blocks(size: int) -> Iterator[bytes]:
    block = os.urandom(MB)
    for _ in range(size // MB):
        yield block


def put(port: int, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", "/bench/plain", blocks(size), {"Content-Length": str(size)})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    connection.close()


def get(port: int, size: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/bench/plain")
    response = connection.getresponse()
    buffer, received = memoryview(bytearray(MB)), 0
    while count := response.readinto(buffer):
        received += count
    assert received == size
    connection.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=2)
    size = int(parser.parse_args().gigabytes * 1024) * MB
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        with file.open("wb") as out:
            out.writelines(blocks(size))
        server = subprocess.Popen([sys.executable, "-c", SERVER, f"{folder}/data"], stdout=subprocess.PIPE, text=True)
        with server:
            try:
                assert server.stdout is not None
                port = int(server.stdout.readline())
                return measure(server.pid, port, size, file)
            finally:
                server.terminate()


def measure(pid: int, port: int, size: int, file: Path) -> int:
    client: Any = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 10}),
    )
    client.create_bucket(Bucket="bench")
    client.put_object(Bucket="bench", Key="probe", Body=b"1")
    client.get_object(Bucket="bench", Key="probe")["Body"].read()
    parts = TransferConfig(multipart_chunksize=64 * MB, max_concurrency=4)
    transfers: list[tuple[str, Callable[[], object]]] = [
        ("PUT", lambda: put(port, size)),
        ("GET", lambda: get(port, size)),
        ("boto3 upload_file", lambda: client.upload_file(str(file), "bench", "parts", Config=parts)),
        ("boto3 download_file", lambda: client.download_file("bench", "parts", str(file) + ".copy", Config=parts)),
    ]
    worst = 0.0
    for name, transfer in transfers:
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here
        before, cpu, start = memory(pid, "VmRSS"), processor(pid), time.perf_counter()
        with Prober(port, "/bench/probe") as prober:
            transfer()
        seconds = time.perf_counter() - start
        growth = memory(pid, "VmHWM") - before
        worst = max(worst, growth)
        print(
            f"{name:20} {size / MB / seconds:7.0f} MB/s   CPU {processor(pid) - cpu:5.2f} s   "
            f"memory +{growth:5.1f} MiB   longest HEAD {prober.worst:5.1f} ms"
        )
    print(f"memory at the end {memory(pid, 'VmRSS'):.0f} MiB")
    return 0 if worst <= LIMIT_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
