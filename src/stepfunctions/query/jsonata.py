"""JSONata as Step Functions runs it, compiled once. The only module that knows which library evaluates it.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepfunctions.errors import QuerySyntaxError

if TYPE_CHECKING:
    from jlens import Expression


def check_jsonata(text: str) -> None:
    """Check that a JSONata expression (without ``{% %}``) can be read; raises QuerySyntaxError."""
    _parsed(text)


def _parsed(text: str) -> Expression:
    from jlens import Expression, JlensError

    try:
        text.encode()
        return Expression(text)
    except UnicodeEncodeError as error:
        raise QuerySyntaxError(text, error.start, "An expression cannot hold half of a surrogate pair") from None
    except JlensError as error:
        at = error.position if error.start is None else error.start
        raise QuerySyntaxError(text, at or 0, f"{error.code}: {error}") from None
