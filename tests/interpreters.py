"""Run the core tests on every other interpreter of 3.10 to 3.13 that is found on this machine.

Core: what works without the local cloud's dependencies. Each interpreter gets a small environment,
``.venv-3.x``, with the core's dependencies at their pins. Properties get fewer examples here: the
whole number is given by ``make test`` on its own interpreter.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
CORE = (
    "asl",
    "catalog",
    "query",
    "engine",
    "runtime",
    "contract",
    "steps",
    "inputs",
    "lint",
    "visual",
    "workflow",
    "compat",
    "template",
    "test_architecture.py",
    "test_exports.py",
)
TOOLS = (
    "pytest",
    "pytest-timeout",
    "hypothesis",
    "pydantic",
    "pyarrow",
    "zstandard",
    "resvg-py",
    "jsonata2py; python_version >= '3.11'",
)


def find(version: str) -> str | None:
    """Return an interpreter of this version: on the path, or among pyenv's."""
    roots = [os.environ.get("PYENV_ROOT", ""), os.path.expanduser("~/.pyenv")]
    candidates = [
        shutil.which(f"python{version}") or "",
        *(
            path
            for root in roots
            if root
            for path in sorted(glob.glob(f"{root}/versions/{version}.*/bin/python{version}"), reverse=True)
        ),
    ]
    for candidate in candidates:
        if (
            candidate
            and subprocess.run(
                [candidate, "-c", "import ensurepip, sqlite3"], capture_output=True, check=False
            ).returncode
            == 0
        ):
            return candidate
    return None


def run(version: str, interpreter: str) -> tuple[str, int, str]:
    """Run the core tests on one interpreter; return the version, the exit code and the output."""
    venv = ROOT / f".venv-{version}"
    python = venv / "bin" / "python"
    ready = venv / ".ready"
    lock = ROOT / "requirements.lock"
    output = ""
    changed = max(lock.stat().st_mtime, (ROOT / "pyproject.toml").stat().st_mtime)
    if not ready.exists() or ready.stat().st_mtime < changed:
        for command in (
            [interpreter, "-m", "venv", "--clear", str(venv)],
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--constraint",
                str(lock),
                "--editable",
                str(ROOT),
                *TOOLS,
            ],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return version, done.returncode, done.stdout + done.stderr
        ready.touch()
    paths = [str(ROOT / "tests" / name) for name in CORE if (ROOT / "tests" / name).exists()]
    done = subprocess.run(
        [
            *(str(python), "-m", "pytest", "-q", "-m", "not crash and not heavy"),
            *("-p", "no:cacheprovider", "--hypothesis-profile", "brief"),
            *paths,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return version, done.returncode, output + done.stdout + done.stderr


def main() -> int:
    """Run them all, two at a time; return 1 when one failed."""
    this = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {version: path for version in VERSIONS if version != this and (path := find(version))}
    print(f"core tests on: {', '.join(found) or 'no other interpreter found'}", flush=True)
    failed = False
    with ThreadPoolExecutor(2) as pool:
        for version, code, output in pool.map(lambda item: run(*item), found.items()):
            last = output.strip().splitlines()[-1] if output.strip() else ""
            print(f"Python {version}: {last}" if code == 0 else f"Python {version} failed:\n{output}", flush=True)
            failed = failed or code != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
