"""What a workflow is made of, looked at before anything is done with it."""

from __future__ import annotations

import re
from typing import Any

from stepfunctions.inputs.placeholders import Placeholder

_LONGEST_NAME = 80
_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html"""


def check_name(name: Any) -> str:
    """Return a workflow's name. Raises TypeError when it is no string, ValueError when AWS does not take it."""
    if not isinstance(name, str):
        raise TypeError(f"A workflow's name is a string, not {type(name).__name__} ({name!r}).")
    wrong = _FORBIDDEN.search(name)
    if wrong is not None:
        raise ValueError(
            f"The workflow's name {name!r} has the character {wrong[0]!r}, which AWS does not take: no spaces, control "
            f'characters or any of < > {{ }} [ ] ? * " # % \\ ^ | ~ ` $ & , ; : /. Write {allowed_name(name)!r}.'
        )
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise ValueError(
            f"The workflow's name {name[:30]!r} has {len(name)} characters; AWS takes 1 to {_LONGEST_NAME}."
        )
    return name


def allowed_name(text: str) -> str:
    """Return a name that AWS takes, made of a text such as a file's name.

    >>> allowed_name("my flow (2)")
    'my-flow-(2)'
    """
    return re.sub(r"-+", "-", _FORBIDDEN.sub("-", text)).strip("-")[:_LONGEST_NAME] or "workflow"


def stack_name(name: str) -> str:
    """Return a name that CloudFormation takes for a stack: a letter, then letters, digits and hyphens, at most 128.

    >>> stack_name("flow_2"), stack_name("2nd")
    ('flow-2', 'workflow-2nd')
    """
    allowed = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
    return (allowed if allowed[:1].isalpha() else f"workflow-{allowed}").strip("-")[:128]


def check_role(role: Any) -> Any:
    """Return the role as it was given. Raises TypeError when it is neither a string nor None."""
    if role is None or isinstance(role, str):
        return role
    raise TypeError(
        f"'role' is the ARN of a role, such as 'arn:aws:iam::123456789012:role/workflow', not {type(role).__name__} "
        f"({role!r})."
    )


def check_input(placeholder: Any) -> Any:
    """Return the placeholder of the input. Raises TypeError when it is none."""
    if placeholder is None or isinstance(placeholder, Placeholder):
        return placeholder
    given = placeholder.__name__ if isinstance(placeholder, type) else type(placeholder).__name__
    raise TypeError(
        f"'execution_input' is a placeholder, not {given}: write given = ExecutionInput(schema={{'day': str}}), and "
        "execution_input=given."
    )
