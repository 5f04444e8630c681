"""The Step Functions client of a command: of the local cloud, or with ``--aws`` of AWS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from stepfunctions.errors import LocalCloudError

aws_option = click.option("--aws", is_flag=True, help="Use AWS, with the credentials of the environment, instead of "
                                                       "the local cloud.")


def boto3_client(endpoint: str, region: str) -> Any:
    """Return a boto3 client of the local cloud at an endpoint."""
    import boto3
    from botocore.config import Config

    return boto3.client("stepfunctions", endpoint_url=endpoint, region_name=region, aws_access_key_id="local",
                        aws_secret_access_key="local", config=Config(inject_host_prefix=False))


def client_of(data_dir: Path, aws: bool) -> Any:
    """Return the client. Raises LocalCloudError when no local cloud runs on the data directory."""
    if aws:
        from stepfunctions.workflow.clients import default_client

        return default_client()
    from stepfunctions.local.datadir import running

    info = running(data_dir)
    if info is None:
        raise LocalCloudError(f"No local cloud runs on {data_dir}. Start one with 'stepfunctions local start "
                              f"--data-dir {data_dir}', or ask AWS with --aws.")
    return boto3_client(info.endpoint, info.region)


@contextmanager
def client_or_own_cloud(data_dir: Path, aws: bool) -> Iterator[Any]:
    """Yield the client; when no local cloud runs on the data directory, one runs as long as this context."""
    from stepfunctions.local.datadir import running

    if aws or running(data_dir) is not None:
        yield client_of(data_dir, aws)
        return
    command = [sys.executable, "-m", "stepfunctions.cli", "local", "start", "--port", "0", "--data-dir", str(data_dir)]
    # The server is a process of its own, so that Ctrl-C here stops watching and not the cloud in mid-step.
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True)
    try:
        assert server.stdout is not None
        if not server.stdout.readline().startswith("Ready"):
            _, errors = server.communicate(timeout=10)
            raise LocalCloudError(errors.strip().removeprefix("Error: ") or "The local cloud did not start.")
        yield client_of(data_dir, aws=False)
    finally:
        server.terminate()
        server.communicate(timeout=60)
