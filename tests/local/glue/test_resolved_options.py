"""``awsglue.utils.getResolvedOptions``."""

from __future__ import annotations

import pytest

from stepfunctions.local.glue.resolved_options import GlueArgumentError, getResolvedOptions


@pytest.mark.parametrize(
    ("args", "options", "expected"),
    [
        (["--x", "1", "--y", "2"], ["x", "y"], {"x": "1", "y": "2"}),
        (["--x=1", "--y=a=b"], ["x", "y"], {"x": "1", "y": "a=b"}),
        (["--x", "1", "--x", "2"], ["x"], {"x": "2"}),
        (["--other", "--x", "1", "stray"], ["x"], {"x": "1"}),
        (["--x", "-5"], ["x"], {"x": "-5"}),
        (["--x", ""], ["x"], {"x": ""}),
        (["--x="], ["x"], {"x": ""}),
        (["--x_long", "1", "--x", "2"], ["x"], {"x": "2"}),
        (["--TempDir", "s3://b/t", "--JOB_RUN_ID", "jr_1"], [], {"TempDir": "s3://b/t", "JOB_RUN_ID": "jr_1"}),
        (["--x", "1", "--y", "2"], [], {}),
    ],
)
def test_values(args: list[str], options: list[str], expected: dict[str, str]) -> None:
    assert getResolvedOptions(["script.py", *args], options) == expected


@pytest.mark.parametrize(
    ("args", "options", "message"),
    [
        ([], ["x", "y"], "the following arguments are required: --x, --y"),
        (["--y", "1"], ["x", "y"], "the following arguments are required: --x"),
        (["--x"], ["x"], "argument --x: expected one argument"),
        (["--x", "--y", "1"], ["x", "y"], "argument --x: expected one argument"),
    ],
)
def test_what_is_missing_is_named(args: list[str], options: list[str], message: str) -> None:
    with pytest.raises(GlueArgumentError, match=message):
        getResolvedOptions(["script.py", *args], options)
