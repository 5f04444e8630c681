"""Programs written for 2.3.0 give what they gave: ``golden/*.json`` was recorded there, by ``record.py``.

A program whose result differs on purpose is in :data:`DIFFERENCES`, with the reason and what is given now.
"""

from __future__ import annotations

import functools
import importlib.metadata
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.append(str(Path(__file__).parent))
import record

_sdk = next((found.version for found in importlib.metadata.distributions(name="sagemaker")), "")
FILES = [file for file in record.files() if _sdk.startswith("2.") or not file.startswith(record.NEEDS_SAGEMAKER)]


class Now(NamedTuple):
    """A difference that is meant."""

    reason: str
    result: Any


DIFFERENCES: dict[str, Now] = {}


@functools.cache
def programs(file: str) -> dict[str, Callable[[], Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the SageMaker SDK about itself
        return record.load(file)


def recorded() -> Iterator[Any]:
    for file in FILES:
        for name in record.golden(file):
            yield pytest.param(file, name, id=f"{file}.{name}")


@pytest.mark.parametrize(("file", "name"), list(recorded()))
def test_a_program_of_2_3_0_gives_what_it_gave(file: str, name: str) -> None:
    before = record.golden(file)[name]
    now = DIFFERENCES.get(f"{file}.{name}")
    found = record.run(programs(file)[name])
    assert list(record.differences(now.result if now else before, found)) == []
    if now:
        assert list(record.differences(before, found)), f"no difference any more: {now.reason}"


@pytest.mark.parametrize("file", FILES)
def test_every_program_is_recorded(file: str) -> None:
    assert list(programs(file)) == list(record.golden(file))
