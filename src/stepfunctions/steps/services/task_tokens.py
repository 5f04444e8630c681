"""The task token: what a step that waits for an answer hands out, and the answer names it by.

Developer guide: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stepfunctions.inputs.context import context
from stepfunctions.inputs.expressions import Reference
from stepfunctions.steps.rendering import is_dynamic

_TOKEN = re.compile(r"(?:\$\$|\$states\.context)(?:\.Task\b|\[['\"]Task['\"]\]|(?!\.?\w|\[))")
"""The token in an expression: the context object as a whole, or its ``Task``."""


def task_token() -> Reference:
    """Return the token of the task, for the ``parameters`` of a step that waits for an answer.

    Whoever gets it answers with SendTaskSuccess, whose output is the step's result, or SendTaskFailure.

    >>> task_token().to_jsonpath()
    '$$.Task.Token'
    """
    return context.task.token


def missing_token(state_id: str, request: Any) -> str | None:
    """Return what is wrong when a request of a step that waits for an answer holds no task token, else None."""
    if request is None or any(_TOKEN.search(text) for text in _expressions(request)):
        return None
    return (
        f"State '{state_id}' waits for an answer to its task token, but hands it to nobody. Write it into the "
        "parameters, such as {'TaskToken': task_token()} inside the payload or message."
    )


def _expressions(value: Any) -> Iterator[str]:
    """Yield the expressions in a request, in either query language."""
    if is_dynamic(value):
        for write in (value.to_jsonpath, getattr(value, "to_jsonata", str)):
            try:
                yield write()
            except ValueError:
                continue  # the other language can say it
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if isinstance(item, str) and str(key).endswith(".$"):
                yield item
            else:
                yield from _expressions(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _expressions(item)
    elif isinstance(value, str) and value.startswith("{%"):
        yield value
