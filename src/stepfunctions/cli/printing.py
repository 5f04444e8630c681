"""What commands print: text for people that never steers their terminal, and JSON for programs.

Causes, errors, inputs, outputs, names of states and lines of logs are other people's text: an escape sequence in one
could clear the screen, or write a line that no command wrote. So every command prints with these functions.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

_NOT_IN_JSON = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What :func:`json.dumps` leaves as it is in a text, and what steers a terminal, or cannot be written."""


def shown(text: object) -> str:
    """Return text, of one line or more, that a terminal only shows."""
    from stepfunctions.visual.text import plain

    return "\n".join(plain(line) for line in str(text).split("\n")).encode("utf-8", "replace").decode("utf-8")


def below(label: str, text: object) -> str:
    """Return text after a label; its other lines are indented, so that none is taken for a line of the command's."""
    return shown(label + str(text).replace("\n", "\n" + " " * max(len(label), 4)))


def say(*parts: str | tuple[str, str], err: bool = False, nl: bool = True) -> None:
    """Print text for people, on standard output, or with ``err`` on standard error; a part may be (text, colour)."""
    text = "".join(shown(part) if isinstance(part, str) else click.style(shown(part[0]), part[1]) for part in parts)
    click.echo(_writable(text, sys.stderr if err else sys.stdout), err=err, nl=nl)


def say_json(value: Any, *, indent: int | None = None, default: Any = None, ascii_only: bool = True) -> None:
    """Print a value as JSON: of several lines with ``indent``, of one without.

    Control characters are escapes in it. So is all that is not ASCII, unless ``ascii_only`` is False.
    """
    text = json.dumps(value, indent=indent, default=default, ensure_ascii=ascii_only)
    if _writable(text, sys.stdout) != text:
        text = json.dumps(value, indent=indent, default=default)
    click.echo(escaped_json(text))


def say_document(text: str, *, is_json: bool = False) -> None:
    """Print a file's text as it is; on a terminal, and in JSON, without what would steer it."""
    if is_json:
        text = escaped_json(text)
    elif sys.stdout.isatty():
        text = shown(text)
    click.echo(text, nl=False)


def escaped_json(text: str) -> str:
    """Return JSON whose texts have escapes for control characters: it means the same."""
    return _NOT_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _writable(text: str, stream: Any) -> str:
    """Return text as far as a stream can write it: of letters that it does not have, question marks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
