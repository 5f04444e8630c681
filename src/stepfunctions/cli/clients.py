"""The Step Functions client of a command: of the local cloud, or with ``--aws`` of AWS."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from stepfunctions.errors import LocalCloudError

_STOP_SECONDS = 60.0

aws_option = click.option(
    "--aws", is_flag=True, help="Use AWS, with the credentials of the environment, instead of the local cloud."
)


def boto3_client(endpoint: str, region: str) -> Any:
    """Return a boto3 client of the local cloud at an endpoint; no proxy of the environment stands between."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "stepfunctions",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(inject_host_prefix=False, proxies={}),
    )


def client_of(data_dir: Path, aws: bool) -> Any:
    """Return the client. Raises LocalCloudError when no local cloud runs on the data directory."""
    if aws:
        from stepfunctions.workflow.clients import default_client

        return default_client()
    from stepfunctions.local.datadir import running

    info = running(data_dir)
    if info is None:
        raise LocalCloudError(
            f"No local cloud runs on {data_dir}. Start one with 'stepfunctions local start "
            f"--data-dir {data_dir}', or ask AWS with --aws."
        )
    return boto3_client(info.endpoint, info.region)


@contextmanager
def client_or_own_cloud(data_dir: Path, aws: bool) -> Iterator[Any]:
    """Yield the client; when no local cloud runs on the data directory, one runs as long as this context."""
    from stepfunctions.local.datadir import running

    if aws or running(data_dir) is not None:
        yield client_of(data_dir, aws)
        return
    command = [sys.executable, "-m", "stepfunctions.cli", "local", "start", "--port", "0", "--data-dir", str(data_dir)]
    # The server is a process of its own, so that Ctrl-C here stops watching and not the cloud in mid-step. It logs to
    # a file: a pipe that nobody reads would block it once it is full.
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
        assert server.stdout is not None
        try:
            if not server.stdout.readline().startswith(b"Ready"):
                server.wait(_STOP_SECONDS)
                log.seek(0)
                said = log.read().decode(errors="replace").strip().removeprefix("Error: ")
                raise LocalCloudError(said or "The local cloud did not start.")
            yield client_of(data_dir, aws=False)
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()  # safe: the next start recovers
        server.wait()
    if server.stdout is not None:
        server.stdout.close()
