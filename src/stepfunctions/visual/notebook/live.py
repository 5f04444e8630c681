"""The live view: a thread that asks about an execution and keeps one output of a notebook right, until it has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from stepfunctions.errors import ServiceError
from stepfunctions.visual.notebook.watching import Watch

SHORTEST_SECONDS = 0.5
"""No output is replaced more often than this."""
LONGEST_SECONDS = 5.0
"""How long AWS is left alone when it has nothing new."""
LONGEST_LOCAL_SECONDS = 1.0
"""How long a service on this machine is."""
LONGEST_LOST_SECONDS = 30.0
"""How long one that cannot be reached is."""
_GROWTH = 1.5
_SHARE = 10.0
"""The thread rests this many times as long as its last look took."""
_LAST_LOOK_SECONDS = 10.0

WIDGET = "application/vnd.jupyter.widget-view+json"
_AGAIN = (408, 425, 429)
"""HTTP statuses below 500 after which the same question may be answered."""


class Output(Protocol):
    """One output of a cell."""

    def show(self, bundle: dict[str, Any]) -> None:
        """Make it, in the cell that runs."""

    def update(self, bundle: dict[str, Any]) -> None:
        """Replace its content; also when the cell has ended, and from any thread."""


class Widget(Protocol):
    """A page of the execution with a connection to the kernel."""

    def tell(self, document: dict[str, Any]) -> None:
        """Show another document."""

    def view(self) -> dict[str, Any]:
        """Return what a bundle has for it."""

    def close(self) -> None:
        """Let it go."""


class Live:
    """An execution that is being shown. Made by ``execution.show()``.

    It watches from a thread of its own, which ends with the execution or with the program. Interrupting the kernel or
    :meth:`stop` ends the watching only: the execution goes on.
    """

    def __init__(
        self,
        watch: Watch,
        output: Output,
        widget: Widget | None = None,
        pause: Callable[[float], object] | None = None,
        longest: float = LONGEST_SECONDS,
    ) -> None:
        self._watch = watch
        self._longest = longest
        self._output = output
        self._widget = widget
        self._stopped, self._woken, self._done = threading.Event(), threading.Event(), threading.Event()
        self._pause = pause or self._woken.wait
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the execution as it stands, and go on while it runs. Raises what the service raises."""
        try:
            self._begin()
        except BaseException:
            self._let_go()
            raise

    def _begin(self) -> None:
        self._watch.ask()
        if self._watch.has_ended():
            self._output.show(self._watch.bundle())
            self._let_go()
            return
        if self._widget is not None:
            self._widget.tell(self._watch.document())
        self._output.show(self._bundle())
        self._thread = threading.Thread(target=self._run, name="stepfunctions notebook", daemon=True)
        self._thread.start()

    @property
    def watching(self) -> bool:
        """Whether the output still follows the execution."""
        return not self._done.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the output shows the end, at most ``timeout`` seconds (None: for ever); returns whether it does.

        Interrupting the kernel stops the watching and raises KeyboardInterrupt.
        """
        try:
            return self._done.wait(timeout)
        except KeyboardInterrupt:
            self.stop()
            raise

    def stop(self) -> None:
        """Leave the output as it is: with a picture instead of the widget. The execution goes on."""
        self._stopped.set()
        self.finish()

    def finish(self) -> None:
        """Look now, not after the pause: the execution has ended. Returns when the output shows it, within 10 s."""
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_LAST_LOOK_SECONDS)

    def _ipython_display_(self) -> None:
        """It is displayed already: the last expression of a cell adds nothing."""

    def __repr__(self) -> str:
        return f"Live({self._watch.arn!r}, watching={self.watching})"

    def _run(self) -> None:
        note = "Not watched any more: show the execution again to see how it stands."
        try:
            reason = self._follow()
            if self._watch.has_ended():
                self._output.update(self._watch.bundle())
            else:
                self._output.update(self._watch.bundle((reason or note,)))
            note = ""
        finally:
            self._let_go()

    def _follow(self) -> str:
        """Look until the execution has ended or the watching was stopped; return why, when the service refuses."""
        rest = SHORTEST_SECONDS
        lost = False
        while not self._watch.has_ended() and not self._stopped.is_set():
            self._pause(rest)
            if self._stopped.is_set():
                return ""
            self._woken.clear()
            began = time.monotonic()
            try:
                changed = self._watch.ask()
            except _refusals() as error:
                if not _may_pass(error):
                    return f"Not watched any more: {error}"
                rest, lost = min(max(rest, 1.0) * 2, LONGEST_LOST_SECONDS), True
                self._output.update(self._bundle((f"The service cannot be reached, and is asked again: {error}",)))
                continue
            if self._watch.has_ended():
                return ""
            stale = self._widget is not None and self._watch.is_stale
            if changed or lost or stale:
                self._tell(back=lost)
            took = (time.monotonic() - began) * _SHARE
            rest = max(SHORTEST_SECONDS if changed else min(rest * _GROWTH, self._longest), took)
            lost = False
        return ""

    def _tell(self, back: bool) -> None:
        """Show how it stands. A widget stays as it is, with what its reader chose, unless a note took its place."""
        if self._widget is not None:
            self._widget.tell(self._watch.document())
        if self._widget is None or back:
            self._output.update(self._bundle())

    def _bundle(self, notes: tuple[str, ...] = ()) -> dict[str, Any]:
        bundle: dict[str, Any] = {**self._watch.bundle(notes, whole=False)}
        return bundle if self._widget is None or notes else {WIDGET: self._widget.view(), **bundle}

    def _let_go(self) -> None:
        if self._widget is not None:
            self._widget.close()
        self._done.set()


def _refusals() -> tuple[type[Exception], ...]:
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, ServiceError, OSError)


def _may_pass(error: Exception) -> bool:
    """Tell whether a refusal is one of the moment: no connection, too many requests, a service out of order."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return not isinstance(error, ServiceError)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or status in _AGAIN or "Throttl" in str(response.get("Error", {}).get("Code"))
