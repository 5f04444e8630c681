"""HTML tables. Whatever stands in a cell has gone through :func:`text` or :func:`link`, which escape it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import Enum
from html import escape
from typing import Any, NewType

from stepfunctions.workflow.widgets.utils import AWS_TABLE_CSS

Html = NewType("Html", str)
"""Text that is HTML already: nothing in it is anybody else's."""

_NOBODYS_ACCOUNT = ":123456789012:"
"""The account of AWS's documentation, which the local cloud has by default: the console has no page for it."""
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
"""What HTML cannot hold, or what has no form in UTF-8."""


def text(value: Any) -> Html:
    """Return a value as text: times to the millisecond with their zone, ``-`` for None."""
    if isinstance(value, datetime):
        return Html(f'<span class="as-is">{value.isoformat(sep=" ", timespec="milliseconds")}</span>')
    if isinstance(value, Enum):
        value = value.value
    return Html("-" if value is None else escape(_NOT_TEXT.sub("\ufffd", str(value))))


def link(url: str, shown: Any) -> Html:
    """Return a link that opens a page of its own."""
    return Html(f'<a href="{text(url)}" target="_blank" rel="noopener">{text(shown)}</a>')


def is_nobodys(arn: Any) -> bool:
    """Tell whether an ARN is of an account that the console has no page for."""
    return _NOBODYS_ACCOUNT in str(arn)


def console_url(arn: Any, url_of: Callable[[str], str]) -> str | None:
    """Return the console's page of what has an ARN, or None where there can be none."""
    try:
        return None if is_nobodys(arn) else url_of(str(arn))
    except ValueError:  # not the form of an ARN
        return None


def console_link(arn: Any, url_of: Callable[[str], str], shown: Any) -> Html:
    """Return a link to the console's page of what has an ARN, or only its text where there can be none."""
    url = console_url(arn, url_of)
    return text(shown) if url is None else link(url, shown)


def table(headings: Sequence[str], rows: Iterable[Sequence[Html]]) -> str:
    """Return a table with its style."""
    # Said again inside: a notebook that is not trusted drops the style sheet, and JupyterLab has columns of one width.
    left = 'style="text-align:left"'
    head = "".join(f"<th {left}>{escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td {left}>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<style>{AWS_TABLE_CSS}</style>\n<table class="table-widget" style="table-layout:auto">'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>\n"
    )
