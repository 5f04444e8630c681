"""The pipeline of 2019: the JSON that 2.3.0 emits for it, and today's form of it, run on the local cloud."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.faults_of import faults_of

from stepfunctions.asl import parse

EXAMPLE = Path(__file__).parents[2] / "examples" / "blog_pipeline"
GOLDEN = Path(__file__).parents[1] / "compat" / "golden" / "sagemaker_blog_pipeline.json"
"""What 2.3.0 emits for old_style.py. That we emit the same is tested where SageMaker's SDK 2 is installed."""
STYLES = ("new", "old")


@pytest.fixture
def definition() -> Any:
    return json.loads(GOLDEN.read_text())["blog_pipeline"]


def demo(style: str, only: str, definition: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "old.json"
    file.write_text(json.dumps(definition))
    return subprocess.run(
        [sys.executable, str(EXAMPLE / "demo.py"), "--style", "new" if style == "new" else str(file), "--only", only],
        capture_output=True,
        text=True,
        env={**os.environ, "AWS_DEFAULT_REGION": "us-east-1"},
        check=False,
    )


def test_the_definition_of_2019_is_one_of_the_language(definition: Any) -> None:
    parse(definition)
    assert {fault.rule for fault in faults_of(definition)} == {"LAMBDA_WITHOUT_RETRY"}


def test_todays_form_has_less_than_40_lines_and_is_on_the_readmes_first_screen() -> None:
    text = (EXAMPLE / "pipeline.py").read_text()
    assert len(text.splitlines()) < 40
    readme = (EXAMPLE.parents[1] / "README.md").read_text()
    assert text.split('"""\n\n', 1)[1].strip() in readme
    assert "from stepfunctions.inputs import" in "\n".join(readme.splitlines()[:60])


@pytest.mark.examples
@pytest.mark.parametrize("style", STYLES)
def test_it_runs_to_handle_success(style: str, definition: Any, tmp_path: Path) -> None:
    done = demo(style, "success", definition, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, last, ended = done.stdout.splitlines()
    assert last.strip() == "HandleSuccess"
    assert ended.strip().startswith("SUCCEEDED {'Deployed': 's3://blog-pipeline/current/model.tar.gz'")


@pytest.mark.heavy
def test_with_a_glue_script_that_fails_it_runs_to_handle_failed(definition: Any, tmp_path: Path) -> None:
    """Both styles at the same time: each waits for its Retry, 15 and 60 seconds."""
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda style: demo(style, "failure", definition, tmp_path), STYLES))
    for done in runs:
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("failed: ") == 3, done.stdout
        assert [line.strip() for line in done.stdout.splitlines()[-2:]] == ["HandleFailed", "FAILED"]
