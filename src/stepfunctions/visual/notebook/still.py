"""What a notebook keeps of an execution: HTML that needs neither script nor trust, SVG, PNG and text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stepfunctions.visual.picture import Picture
from stepfunctions.visual.report.reading import Failure, History
from stepfunctions.visual.status import SIGNS
from stepfunctions.visual.svg import clean
from stepfunctions.visual.terminal import duration

Bundle = dict[str, str]
"""What a notebook shows: content by MIME type."""

_LONGEST_CAUSE = 500
_SIGNS = {**SIGNS, "TIMED_OUT": "✕", "PENDING_REDRIVE": "●"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an execution stands, in words: what is shown above its picture."""

    name: str
    status: str
    seconds: float | None = None
    """How long it took, or has run."""
    failure: str = ""
    """Where and why it failed."""
    notes: tuple[str, ...] = ()
    """Sentences about the watching: that it was stopped, that the service cannot be reached."""

    @property
    def lines(self) -> list[str]:
        """The words, a line each, the first one about the status."""
        words = self.status.replace("_", " ").capitalize()
        took = "" if self.seconds is None else f" · {duration(self.seconds)}"
        first = f"{_SIGNS.get(self.status, '·')} {words} · {self.name}{took}"
        return [first, *([self.failure] if self.failure else []), *self.notes]


def still(picture: Picture, standing: Standing, *, whole: bool = True) -> Bundle:
    """Return the bundle of a picture below some words; ``whole=False`` leaves out what only exporters read."""
    first, *others = map(clean, standing.lines)
    words = "".join(f"<p>{line}</p>" for line in (f"<b>{first}</b>", *others))
    bundle = picture._repr_mimebundle_(None if whole else {"text/html", "text/plain"})
    bundle["text/html"] = f"<div>{words}{bundle['text/html']}</div>"
    said = "\n".join(standing.lines).encode("utf-8", "replace").decode("utf-8")
    bundle["text/plain"] = f"{said}\n\n{bundle['text/plain']}"
    return bundle


def standing(described: dict[str, Any], history: History, now: float, notes: tuple[str, ...] = ()) -> Standing:
    """Return how an execution stands. ``described``: DescribeExecution's answer; ``now``: seconds since 1970."""
    start, stop = described.get("startDate"), described.get("stopDate")
    seconds = None
    if start is not None:
        seconds = max(0.0, (now if stop is None else stop.timestamp()) - start.timestamp())
    name = described.get("name") or described["executionArn"].rsplit(":", 1)[-1]
    return Standing(name, described["status"], seconds, _failed(history, described), notes)


def _failed(history: History, described: dict[str, Any]) -> str:
    failure = history.failure
    if failure is None and not described.get("error"):
        return ""
    failure = failure or Failure(None, described.get("error"), described.get("cause"))
    span = None if failure.span is None else history.spans[failure.span]
    error = (span.error if span else None) or failure.error
    cause = ((span.cause if span else None) or failure.cause or "").strip()
    if len(cause) > _LONGEST_CAUSE:
        cause = cause[: _LONGEST_CAUSE - 1] + "…"
    return ": ".join(filter(None, (span.visit.name if span else None, error, cause)))
