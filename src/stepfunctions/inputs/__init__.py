"""Placeholders: values that are known only when an execution runs."""

from stepfunctions.inputs.placeholders import ExecutionInput, Placeholder, StepInput

__all__ = ["ExecutionInput", "Placeholder", "StepInput"]
