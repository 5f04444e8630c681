"""The page about deploying, played: its files are written, its commands run, and their output is what it shows.

``python -m tests.docs.deploying`` writes the output into the page.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from stepfunctions.cli import deploy
from stepfunctions.cli.main import run
from stepfunctions.testing import LocalCloud

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "deploying.md"
ACCOUNTS = {"test": "111122223333", "prod": "444455556666"}
_BLOCK = re.compile(r"^```(toml|python|console)\n(.*?)^```$", flags=re.M | re.S)
_GENERATED = re.compile(r"(stepfunctions-bootstrap-[a-z]+-bucket-)[a-z0-9]+")


def played(text: str, cloud: LocalCloud, folder: Path) -> str:
    """Return the page with what its commands print. Python blocks make ``pipeline.py``, each adding to it."""

    def block(found: re.Match[str]) -> str:
        language, content = found.groups()
        if language == "toml":
            (folder / "stepfunctions.toml").write_text(content)
        elif language == "python":
            with (folder / "pipeline.py").open("a") as program:
                program.write(content)
        else:
            content = "".join(_typed(line, cloud) for line in content.splitlines() if line.startswith("$ "))
        return f"```{language}\n{content}```"

    with _elsewhere(cloud, folder):
        return _BLOCK.sub(block, text)


def _typed(line: str, cloud: LocalCloud) -> str:
    """Return a command with its output."""
    words = shlex.split(line[2:])[1:]
    more = ["--data-dir", str(cloud.data_dir)] if "local" in words else []
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        run([*words, *more])
    output = _GENERATED.sub(r"\g<1>…", printed.getvalue())
    return f"{line}\n{output}"


@contextlib.contextmanager
def _elsewhere(cloud: LocalCloud, folder: Path) -> Iterator[None]:
    """Work in a folder, where the profiles of the environments are accounts of the local cloud."""
    config = "".join(
        f"[profile {name}]\naws_access_key_id = {account}\naws_secret_access_key = local\n"
        f"endpoint_url = {cloud.endpoint}\n"
        for name, account in ACCOUNTS.items()
    )
    (folder / "aws-config").write_text(config)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    settings |= {"AWS_CONFIG_FILE": str(folder / "aws-config"), "AWS_REGION": "us-east-1"}
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, settings, clear=True), mock.patch.object(deploy, "_AWS_SECONDS", 0.02):
            yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    with LocalCloud() as started, tempfile.TemporaryDirectory() as made:
        PAGE.write_text(played(PAGE.read_text(encoding="utf-8"), started, Path(made)), encoding="utf-8")
