"""The corpus: each definition gets exactly the findings that it should, where they should stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lint.corpus_cases import Case, corpus

from stepfunctions.lint import check_file

VALID = corpus("valid")
INVALID = corpus("invalid")


@pytest.mark.parametrize("case", [*VALID, *INVALID], ids=lambda case: str(case.name))
def test_exactly_what_is_wrong_is_found(case: Case, tmp_path: Path) -> None:
    found = check_file(case.write(tmp_path), kind=case.kind)
    told = [(finding.rule, finding.severity, finding.path, finding.line, finding.column) for finding in found]
    assert sorted(told, key=str) == sorted(case.expected, key=str), [str(finding) for finding in found]


def test_the_corpus_is_large() -> None:
    assert len(VALID) >= 300
    assert len(INVALID) >= 300
    assert all(case.expected for case in INVALID)
    assert not any(severity == "error" for case in VALID for _, severity, *_ in case.expected)
    assert all(case.page.startswith("https://") for case in [*VALID, *INVALID])
    names = [case.name for case in [*VALID, *INVALID]]
    assert len(set(names)) == len(names)
