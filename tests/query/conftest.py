"""What the tests of expressions share: a scope to evaluate in."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from stepfunctions.query.scope import Scope

MakeScope = Callable[..., Scope]


def build_scope(
    input: Any = None, *, context: Any = None, variables: Mapping[str, Any] | None = None, seed: int = 7
) -> Scope:
    generator = random.Random(seed)
    return Scope(
        input=input,
        context=lambda: {} if context is None else context,
        variables=variables or {},
        chance=lambda: generator,
    )


@pytest.fixture(scope="session")
def make_scope() -> MakeScope:
    """Build a Scope from an input, and by keyword context, variables and seed."""
    return build_scope
