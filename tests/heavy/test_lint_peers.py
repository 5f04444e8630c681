"""The comparison of checkers of definitions runs, in a small size: npm's asl-validator and cfn-lint beside ours."""

from __future__ import annotations

import sys

import pytest
from tests.heavy.conftest import ROOT, run

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


def test_the_checkers_side_by_side() -> None:
    done = run(sys.executable, "benchmarks/lint.py", "--most", "12", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for name in ("stepfunctions validate | 0 | 0 |", "| asl-validator", "| cfn-lint"):
        assert name in done.stdout
