"""Seeing what this package logs: the logger ``stepfunctions`` is silent until :func:`set_stream_logger`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any, Literal

FORMAT = "[%(levelname)s] %(message)s"
_RESET = "\x1b[0m"
_COLOURS = (
    (logging.CRITICAL, "\x1b[31;1m"),
    (logging.ERROR, "\x1b[31m"),
    (logging.WARNING, "\x1b[33m"),
    (logging.INFO, "\x1b[32m"),
    (logging.NOTSET, "\x1b[0m"),
)


class CustomColorFormatter(logging.Formatter):
    """Writes a record in the colour of its level, as terminals and notebooks show it.

    The arguments are those of :class:`logging.Formatter`; ``fmt`` is :data:`FORMAT` by default.
    """

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Literal["%", "{", "$"] = "%",
        validate: bool = True,
        *,
        defaults: Mapping[str, Any] | None = None,
    ) -> None:
        if fmt is None:
            fmt, style = FORMAT, "%"
        super().__init__(fmt, datefmt, style, validate, defaults=defaults)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line in its colour."""
        colour = next(code for level, code in _COLOURS if record.levelno >= level)
        return f"{colour}{super().format(record)}{_RESET}"


def set_stream_logger(level: int = logging.INFO) -> None:
    """Write what this package logs, from ``level`` on, to standard output; calling again replaces it."""
    logger = logging.getLogger("stepfunctions")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(CustomColorFormatter())
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
