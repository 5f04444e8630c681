"""A definition compiled once: every path, template and choice is a closure."""

from __future__ import annotations

from dataclasses import dataclass

from stepfunctions.asl.machine import StateMachine


@dataclass(slots=True)
class Program:
    """A compiled state machine: immutable, shared by threads and executions."""

    machine: StateMachine


def compile_program(machine: StateMachine) -> Program:
    """Compile a machine; raises DefinitionError listing every expression that cannot be read."""
    raise NotImplementedError
