"""Every case of ``cases/``: in process, with restarts, and through boto3 over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.case import Case, all_cases, topics
from tests.conformance.doors import InProcess, OverHttp, over_http
from tests.conformance.play import play

_CASES = [pytest.param(case, id=case.name) for case in all_cases()]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OverHttp]:
    with over_http(tmp_path_factory.mktemp("conformance")) as door:
        yield door


@pytest.mark.parametrize("case", _CASES)
def test_in_process(case: Case) -> None:
    play(case, InProcess())


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in all_cases() if case.restarts])
def test_with_restarts(case: Case) -> None:
    play(case, InProcess(restarts=True))


@pytest.mark.local
@pytest.mark.parametrize("case", _CASES)
def test_over_http(case: Case, server: OverHttp, tmp_path: Path) -> None:
    play(case, server)


def test_names_are_unique() -> None:
    twice = [name for name, count in Counter(case.name for case in all_cases()).items() if count > 1]
    assert not twice


def test_every_topic_is_covered() -> None:
    covered = {topic for case in all_cases() for topic in case.covers}
    assert not topics().keys() - covered


def test_there_are_enough() -> None:
    assert len(all_cases()) >= 400
