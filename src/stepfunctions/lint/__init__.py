"""What is wrong with a definition, found before anything runs.

``check`` gives every finding of every rule, ``check_file`` those of a file, with their lines. To add a rule: a function
and its :class:`Rule` in the module of its theme, and an entry in ``rules.py``.
"""

from stepfunctions.lint.checking import check, check_machine
from stepfunctions.lint.files import check_file
from stepfunctions.lint.finding import ERROR, INFO, SEVERITIES, WARNING, Finding
from stepfunctions.lint.fixes import fix_file
from stepfunctions.lint.forms import FORM_RULES
from stepfunctions.lint.rule import Rule
from stepfunctions.lint.rules import AWS_RULES, RULES
from stepfunctions.lint.subject import Kind, Subject

__all__ = [
    "AWS_RULES",
    "ERROR",
    "FORM_RULES",
    "INFO",
    "RULES",
    "SEVERITIES",
    "WARNING",
    "Finding",
    "Kind",
    "Rule",
    "Subject",
    "check",
    "check_file",
    "check_machine",
    "fix_file",
]
