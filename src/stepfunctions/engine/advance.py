"""The one door of the engine: an outcome goes in, events and commands come out."""

from __future__ import annotations

from dataclasses import dataclass, field

from stepfunctions.engine.execution import Execution
from stepfunctions.engine.history import HistoryEvent
from stepfunctions.engine.messages import Command, Outcome

MAX_TRANSITIONS = 1_000
"""How many states one call enters at most."""


@dataclass(slots=True)
class Step:
    """What one call of advance did: to be committed with the execution's dirty and removed branches."""

    events: list[HistoryEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    more: bool = False
    """True: states are ready to go on; commit, then call ``advance(execution, None, now)``."""


def advance(execution: Execution, outcome: Outcome | None, now: float) -> Step:
    """Take one outcome (None: go on where the last call stopped) and run until nothing is ready.

    Changes ``execution`` in place. An outcome that nobody waits for changes nothing and gives an empty step.
    """
    raise NotImplementedError
