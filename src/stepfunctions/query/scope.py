"""What an expression may see."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stepfunctions.asl.document import JSON


@dataclass(slots=True)
class Scope:
    """The values an expression may read. Evaluating never changes one of them.

    ``input`` is ``$`` (JSONata: ``$states.input``); ``context`` builds ``$$`` (``$states.context``) and is called
    only by an expression that reads it; ``variables`` are ``$name``; ``chance`` gives the generator that
    ``States.UUID``, ``$random`` and the like draw from, seeded by the engine so that a replay draws the same
    values; ``now`` is the time (epoch seconds) that JSONata's ``$now`` and ``$millis`` tell; ``states`` is what
    else ``$states`` has here: ``result`` or ``errorOutput``.
    """

    input: JSON
    context: Callable[[], JSON]
    variables: Mapping[str, JSON]
    chance: Callable[[], random.Random]
    now: float = 0.0
    states: Mapping[str, JSON] | None = None


@dataclass(frozen=True, slots=True)
class OfInput:
    """An Evaluator that reads nothing of a scope but its input: ``find`` gives its value without one."""

    find: Callable[[JSON], JSON]

    def __call__(self, scope: Scope) -> JSON:
        """Return the value in a scope."""
        return self.find(scope.input)


Evaluator: TypeAlias = Callable[[Scope], JSON]
"""A compiled expression: gives its value in a scope, or raises StateFailed."""
