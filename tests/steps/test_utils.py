"""The Region and the partition that ARNs are made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from stepfunctions.steps import utils


def test_that_there_is_no_region_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    utils._warn_of_no_region.cache_clear()
    assert [utils.get_aws_partition() for _ in range(3)] == ["aws"] * 3
    assert [record.message for record in caplog.records] == [
        "There is no Region in the environment or boto3's session: ARNs are of the partition 'aws'."
    ]
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    assert utils.get_aws_partition() == "aws-cn"
