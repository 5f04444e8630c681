"""The documentation cannot lie: its code runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from stepfunctions.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    namespace: dict[str, object] = {"__name__": "page"}
    for number, block in enumerate(blocks(page, "python")):
        code = compile(block, f"{page.name}, block {number + 1}", "exec", dont_inherit=True)
        if not block.startswith("# create_"):  # speaks to a cloud: tests/local/cli/test_tutorial.py runs it
            exec(code, namespace)


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_the_commands_of_a_page_exist(page: Path) -> None:
    for block in blocks(page, "console"):
        for line in block.splitlines():
            words = shlex.split(line[2:].removesuffix("&"), comments=True) if line.startswith("$ ") else []
            if words[:1] == ["stepfunctions"]:
                _check(words[1:])


def _check(words: list[str]) -> None:
    """Parse a command line without running it: unknown commands, options and missing arguments raise."""
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context(command.name, list(words)).close()


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in [*re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text), *re.findall(r'<img src="([^"]+)"', text)]:
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target
