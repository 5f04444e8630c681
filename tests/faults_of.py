"""What the linter says of a definition, but for what a workflow in Python is exported with anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepfunctions.lint import RULES, Finding, check

ELSEWHERE = ("ENDLESS_POLLING", "HARD_CODED_ACCOUNT", "HARD_CODED_REGION", "JOB_WITHOUT_TIMEOUT")
"""Accounts and Regions become parameters in an export; whoever uses a template gives the state machine's timeout."""


def faults_of(definition: Mapping[str, Any]) -> list[Finding]:
    """Return the findings."""
    return check(definition, rules=[rule for rule in RULES if rule.id not in ELSEWHERE])
