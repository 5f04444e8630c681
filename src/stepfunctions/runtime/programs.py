"""Compiled definitions, each made once."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict

from stepfunctions.asl import codec
from stepfunctions.engine.execution import Execution
from stepfunctions.engine.limits import AWS_LIMITS, Limits
from stepfunctions.engine.ports import MachineStore
from stepfunctions.engine.program import Program, compile_program
from stepfunctions.errors import DefinitionError

_log = logging.getLogger(__name__)
_KEPT = 256


def definition_id_of(text: str) -> str:
    """Return the id of a definition: a hash of its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Programs:
    """The programs of the latest used definitions of a store. Used by one thread."""

    def __init__(self, machines: MachineStore, limits: Limits = AWS_LIMITS) -> None:
        self._limits = limits
        self._machines = machines
        self._programs: OrderedDict[str, Program] = OrderedDict()

    def get(self, definition_id: str) -> Program:
        """Return the program of a stored definition. Raises KeyError when the store does not have it."""
        program = self._programs.get(definition_id)
        if program is None:
            program = compile_program(
                codec.parse(self._machines.definition(definition_id), self._limits.name), self._limits
            )
            self._programs[definition_id] = program
            if len(self._programs) > _KEPT:
                self._programs.popitem(last=False)
        else:
            self._programs.move_to_end(definition_id)
        return program

    def attach(self, execution: Execution) -> bool:
        """Give an execution its program; False, and a line in the log, when its definition cannot be read."""
        try:
            execution.program = self.get(execution.definition_id)
        except (DefinitionError, LookupError):
            _log.exception("%s cannot go on: its definition cannot be read", execution.arn)
            return False
        return True
