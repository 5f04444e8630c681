"""What the tests of expressions share: a scope to evaluate in."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stepfunctions.query.scope import Scope

MakeScope = Callable[..., Scope]


NOW = 1_700_000_000.25

# The second implementation of JSONata runs on Python 3.11 and later.
collect_ignore = ["test_jsonata_peer.py"] if sys.version_info < (3, 11) else []


def build_scope(
    input: Any = None,
    *,
    context: Any = None,
    variables: Mapping[str, Any] | None = None,
    seed: int = 7,
    states: Mapping[str, Any] | None = None,
) -> Scope:
    generator = random.Random(seed)
    return Scope(
        input=input,
        context=lambda: {} if context is None else context,
        variables=variables or {},
        chance=lambda: generator,
        now=NOW,
        states=states,
    )


@pytest.fixture(scope="session")
def make_scope() -> MakeScope:
    """Build a Scope from an input, and by keyword context, variables, seed and the rest of ``$states``."""
    return build_scope
