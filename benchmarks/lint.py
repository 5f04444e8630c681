"""Our lint beside npm's asl-validator and cfn-lint, over the corpus of tests/lint: speed, misses, false alarms.

    python benchmarks/lint.py [--write] [--most N]

asl-validator is installed with npm below ``.venv-compare``; what cannot be installed is "not run". Each peer sees what
it can read: asl-validator definitions as JSON objects, cfn-lint each of them in a template, in a file of its own.
A miss: a definition that AWS refuses (an expected error) without any error. A false alarm: an error for a valid one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.lint.corpus_cases import Case, corpus  # noqa: E402

from stepfunctions import lint  # noqa: E402
from stepfunctions.asl.codec import loads  # noqa: E402
from stepfunctions.errors import DefinitionError  # noqa: E402

PEERS = ROOT / ".venv-compare" / "lint"
VALIDATOR = "asl-validator@4.0.0"
PAGE = ROOT / "docs" / "comparison.md"
TITLE = "## Beside the other checkers of definitions"
_ASK = """
const check = require('asl-validator');
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(asked.map(one => { try { return check(one).isValid } catch (error) { return false } })));
"""


@dataclass(frozen=True)
class Asked:
    """A definition of the corpus that every checker can read."""

    definition: dict[str, Any]
    refused: bool


@dataclass(frozen=True)
class Result:
    """What one checker said: of each definition whether it is valid, and the CPU seconds it took."""

    name: str
    valid: list[bool]
    seconds: float


def main() -> None:
    """Measure, print, and with --write put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--most", type=int, default=None, help="how many definitions of each kind")
    given = parser.parse_args()
    table = measured(given.most)
    print(table)
    if given.write:
        text = PAGE.read_text(encoding="utf-8").partition(TITLE)[0].rstrip()
        PAGE.write_text(f"{text}\n\n{TITLE}\n\n{table}", encoding="utf-8")


def measured(most: int | None) -> str:
    """Return the table: every checker over the same definitions."""
    asked = [*readable(corpus("valid"), most), *readable(corpus("invalid"), most)]
    results = [_ours(asked), _validator(asked), _cfn_lint(asked)]
    rows = [
        f"{sum(one.refused for one in asked)} definitions that AWS refuses and "
        f"{sum(not one.refused for one in asked)} that it takes, of the corpus in `tests/lint/corpus`; made by "
        "`python benchmarks/lint.py --write`. A test holds our lint to the corpus, so its own misses and false alarms "
        "are 0 by construction; where the documentation left it open, the corpus was decided by what we refuse.",
        "",
        "| | Refused ones it misses | Valid ones it refuses | CPU per definition |",
        "| --- | --- | --- | --- |",
    ]
    for result in results:
        pairs = list(zip(asked, result.valid, strict=True))
        missed = sum(one.refused and valid for one, valid in pairs)
        alarms = sum(not one.refused and not valid for one, valid in pairs)
        rows.append(f"| {result.name} | {missed} | {alarms} | {result.seconds / len(asked) * 1000:.1f} ms |")
    return "\n".join(rows) + "\n"


def readable(cases: Iterable[Case], most: int | None) -> list[Asked]:
    """The definitions of cases that are one: no template, nothing for Express only, no ``${Token}``."""
    found = []
    for case in cases:
        name, text = next(iter(case.files.items()))
        twice = any(rule == "DUPLICATE_KEY" for rule, *_ in case.expected)  # gone once the text is read
        if twice or not name.startswith("case.") or case.kind is not None or "${" in text:
            continue
        try:
            definition = loads(text) if name.endswith("json") else yaml.safe_load(text)
        except (DefinitionError, yaml.YAMLError):
            continue
        found.append(Asked(definition, any(severity == "error" for _, severity, *_ in case.expected)))
    return found if most is None else found[:: -(-len(found) // most)]


def _cpu(work: Callable[[], list[bool]]) -> tuple[list[bool], float]:
    """What a piece of work gives, and the CPU that it and its children took."""
    before = time.process_time() + _children()
    valid = work()
    return valid, time.process_time() + _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ours(asked: list[Asked]) -> Result:
    def work() -> list[bool]:
        return [not any(found.severity == "error" for found in lint.check(one.definition)) for one in asked]

    return Result("stepfunctions validate", *_cpu(work))


def _validator(asked: list[Asked]) -> Result:
    PEERS.mkdir(parents=True, exist_ok=True)
    install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(PEERS), VALIDATOR]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    text = json.dumps([one.definition for one in asked])

    def work() -> list[bool]:
        answer = subprocess.run(
            ["node", "-e", _ASK], input=text, text=True, cwd=PEERS, check=True, capture_output=True, timeout=600
        )
        return list(json.loads(answer.stdout))

    return Result(VALIDATOR.replace("@", " "), *_cpu(work))


def _cfn_lint(asked: list[Asked]) -> Result:
    command = str(Path(sys.executable).with_name("cfn-lint"))
    said = subprocess.run([command, "--version"], text=True, check=True, capture_output=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{index:04}.json" for index in range(len(asked))]
        for file, one in zip(files, asked, strict=True):
            machine = {"RoleArn": "arn:aws:iam::111122223333:role/a", "DefinitionString": json.dumps(one.definition)}
            body = {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}
            file.write_text(json.dumps({"Resources": {"Machine": body}}), encoding="utf-8")

        def work() -> list[bool]:
            answer = subprocess.run(
                [command, "--format", "json", "--regions", "us-east-1", "--", *map(str, files)],
                text=True,
                check=False,
                capture_output=True,
                timeout=1800,
            )
            bad = {found["Filename"] for found in json.loads(answer.stdout or "[]") if found["Level"] == "Error"}
            return [str(file) not in bad for file in files]

        return Result(said, *_cpu(work))


if __name__ == "__main__":
    main()
