"""One self-contained file: the document and the front end inside of it, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any

from stepfunctions.visual.report.asking import MOST_EVENTS, Questions, Services, gather
from stepfunctions.visual.report.document import make
from stepfunctions.visual.report.front_end import script, style_sheet
from stepfunctions.visual.report.jobs import find, look
from stepfunctions.visual.report.nested import failed_below
from stepfunctions.visual.report.reading import read
from stepfunctions.visual.report.redaction import Redact, Redaction
from stepfunctions.visual.svg import clean
from stepfunctions.visual.text import line_of


def report(
    client: Any,
    execution_arn: str,
    services: Services | None = None,
    *,
    redact: Redact = False,
    max_events: int = MOST_EVENTS,
) -> str:
    """Return a page about an execution, which opens from disk and loads nothing.

    ``client``: boto3's Step Functions client, or one with its methods. ``services`` gives boto3's client of another
    service by its name; logs and metrics are asked for with it, and left out without. ``redact``: True hides all
    values of inputs, outputs, arguments, causes and logs; a list of names, in which ``*`` stands for anything, the
    values below such keys, and their text wherever else it is. ``max_events``: how much of the history to read.

    Raises what DescribeExecution raises, and ValueError for another ``redact``. What else a service refuses is left
    out, and the page says so.
    """
    return to_html(document(client, execution_arn, services, redact=redact, max_events=max_events))


def document(
    client: Any,
    execution_arn: str,
    services: Services | None = None,
    *,
    redact: Redact = False,
    max_events: int = MOST_EVENTS,
    max_items: int | None = None,
) -> dict[str, Any]:
    """Return what such a page shows, as :func:`~stepfunctions.visual.report.document.make` has it.

    ``max_items``: how many children of each Map Run to list, of those that failed and of all (default: 1,000).
    """
    redaction = Redaction(redact)
    questions = Questions()
    asked = gather(client, execution_arn, questions, max_events, max_items)
    history = read(asked.events)
    jobs = [] if services is None else look(find(history.spans), services, questions)
    return make(asked, history, jobs, failed_below(client, history, questions), redaction)


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<div id="app"></div>
<noscript><h1>{title}</h1><p>This page needs JavaScript to show more than this.</p><pre>{text}</pre></noscript>
<script type="application/json" id="document">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def to_html(document: dict[str, Any]) -> str:
    """Return the page of a document."""
    code = script()
    execution = document["execution"]
    allowed = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{allowed}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _PAGE.format(
        policy=policy,
        title=clean(f"{execution['name']} · {execution['machine']} · {execution['status'].lower()}"),
        style=style_sheet(),
        text=clean("\n".join(_lines(document["states"]))),
        data=_embedded(document),
        script=code,
    )


def _lines(states: Iterable[dict[str, Any]]) -> list[str]:
    return [f"{line_of(state['name'])} ({state['type']}): {state['words']}" for state in states]


_HALVES = re.compile("[\ud800-\udfff]")


def _embedded(document: dict[str, Any]) -> str:
    """Return JSON that no HTML parser takes for anything else, whatever the names in it are."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=str)
    text = _HALVES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)  # a lone surrogate is no character of UTF-8
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
