"""Type checkers see what a step takes: right programs pass, wrong ones do not, the documentation's code is right."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).resolve().parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_ERROR = re.compile(r"^(.*?):(\d+): error: (.*)$", re.MULTILINE)
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def code_of(page: Path) -> str:
    """Return the Python of a page, each line at its place in the page, all else empty."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for block in _BLOCK.finditer(text):
        first = text.count("\n", 0, block.start(1))
        for number, line in enumerate(block[1].splitlines()):
            lines[first + number] = line
    return "\n".join(lines)


def name_of(page: Path) -> str:
    return re.sub(r"\W", "_", page.stem) + "_page.py"


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """Return what mypy says of all of them: file -> line -> text. One run, as most of it is the package itself."""
    folder = tmp_path_factory.mktemp("pages")
    files = [HERE / "good.py", HERE / "wrong.py"]
    for page in PAGES:
        files.append(folder / name_of(page))
        files[-1].write_text(code_of(page), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--hide-error-context", "--no-error-summary", "--no-pretty", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for name, line, message in _ERROR.findall(done.stdout):
        known = found[Path(name).name]
        known[int(line)] = f"{known.get(int(line), '')} {message}".strip()
    return found


def test_right_programs_pass(errors: dict[str, dict[int, str]]) -> None:
    assert errors["good.py"] == {}


def test_every_wrong_line_is_refused(errors: dict[str, dict[int, str]]) -> None:
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    expected = {number: line.split("# error: ")[1] for number, line in enumerate(lines, 1) if "# error: " in line}
    found = errors["wrong.py"]
    assert {number: found.get(number) for number in expected if expected[number] not in found.get(number, "")} == {}
    assert {number: message for number, message in found.items() if number not in expected} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_passes(page: Path, errors: dict[str, dict[int, str]]) -> None:
    assert errors[name_of(page)] == {}
