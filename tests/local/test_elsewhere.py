"""Calls to services at another place, and the user's own configuration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stepfunctions.errors import ServiceError
from stepfunctions.local import elsewhere


@pytest.fixture(autouse=True)
def _configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-3\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "gone")


def test_what_stands_here_for_aws_needs_no_profile() -> None:
    client = elsewhere.at("http://127.0.0.1:1", "123456789012", "us-east-1").client("sns")
    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:1", "us-east-1")


def test_a_profile_that_is_not_there_is_told() -> None:
    with pytest.raises(ServiceError, match=r"SdkClientException: sns: .*profile \(gone\) could not be found"):
        elsewhere.aws(None, "us-east-1").call("sns", "ListTopics", {})


_CHILD = """
import os
from stepfunctions.local import moto_child

write = os.write
def told(descriptor, text):
    nowhere = os.stat(os.devnull)
    assert os.path.samestat(os.fstat(1), nowhere), "still printing to the parent when it reads the address"
    return write(descriptor, text)
os.write = told
moto_child._tell("http://127.0.0.1:1\\n")
input()
print("what moto prints in a request", flush=True)
"""


def test_the_child_prints_to_nobody_once_its_address_is_told() -> None:
    """The parent closes the pipe after the address: what is printed later would fail, and the request with it."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", _CHILD], stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "http://127.0.0.1:1\n"
        child.stdout.close()
        child.stdin.write("\n")
        child.stdin.close()
        assert child.wait() == 0
