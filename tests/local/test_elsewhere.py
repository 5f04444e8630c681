"""Calls to services at another place, and the user's own configuration."""

from __future__ import annotations

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
