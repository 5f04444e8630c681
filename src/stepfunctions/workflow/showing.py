"""What workflows and executions show of themselves: in a notebook, in a file."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stepfunctions.errors import ServiceError
from stepfunctions.steps.graph import Graph
from stepfunctions.workflow.clients import Clients, pages
from stepfunctions.workflow.following import History
from stepfunctions.workflow.status import ExecutionStatus
from stepfunctions.workflow.widgets.tables import console_link, console_url, text
from stepfunctions.workflow.widgets.utils import create_sfn_execution_url, create_sfn_workflow_url

if TYPE_CHECKING:
    from stepfunctions.visual.notebook.live import Live
    from stepfunctions.visual.notebook.showing import Inspected
    from stepfunctions.visual.notebook.watching import Watch

_MOST_EVENTS = 25_000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ShownWorkflow:
    """The part of a :class:`~stepfunctions.workflow.workflow.Workflow` that shows it."""

    name: str
    definition: Graph
    state_machine_arn: str | None

    def render_graph(self, portrait: bool = False) -> Any:
        """Return the graph of the states, which a notebook shows; ``portrait``: from top to bottom."""
        from stepfunctions.visual import Picture

        return Picture.of(self.definition.to_dict(), portrait=portrait)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: the workflow's name, and its graph."""
        bundle: dict[str, str] = self.render_graph(portrait=True)._repr_mimebundle_(include, exclude)
        if "text/html" in bundle:
            bundle["text/html"] = f"<div><p>{self._line}</p>{bundle['text/html']}</div>"
        if "text/plain" in bundle:
            bundle["text/plain"] = f"{self!r}\n\n{bundle['text/plain']}"
        return bundle

    def _repr_html_(self) -> str:
        return self._repr_mimebundle_({"text/html"})["text/html"]

    @property
    def _line(self) -> str:
        arn = self.state_machine_arn
        return f"Workflow: {text(self.name)} {console_link(arn, create_sfn_workflow_url, arn) if arn else ''}"


class ShownExecution:
    """The part of an :class:`~stepfunctions.workflow.execution.Execution` that shows it."""

    client: Any
    execution_arn: str
    known_status: ExecutionStatus

    def __init__(self) -> None:
        self._shown: list[Live] = []

    def show(
        self, *, wait: bool = False, interactive: bool | None = None, portrait: bool = True, session: Any = None
    ) -> Live:
        """Show the execution in the cell that runs, and keep that output right until the execution has ended.

        The cell does not wait for it, unless ``wait=True``; the view that is returned has ``wait()`` and ``stop()``.
        Interrupting the kernel ends the watching, never the execution. In the end the output is a picture that every
        viewer shows. Outside of a notebook the states are printed, at once and when the execution has ended.

        ``interactive``: while it runs, states can be clicked for their input, output, error, attempts and logs; needs
        the extra ``[notebook]``, and is the default where that is there. ``portrait``: from top to bottom. ``session``:
        boto3's, for logs; see :meth:`report`.

        Raises ValueError for an asynchronous execution of an Express workflow, about which AWS tells nothing,
        ImportError for ``interactive=True`` without the extra, and what the service raises.
        """
        from stepfunctions.visual.notebook.showing import show

        self._check_can_be_asked()
        live = show(self._watch(portrait, session), interactive=interactive, local=self._is_local)
        self._shown = [view for view in self._shown if view.watching]
        self._shown.append(live)
        if wait:
            live.wait()
        return live

    def inspect(self, *, session: Any = None, max_events: int = _MOST_EVENTS) -> Inspected:
        """Return a page whose states can be clicked, as the execution stands now: the last expression of a cell.

        It has what a :meth:`report` has, for as long as the kernel lives; a saved notebook keeps the picture. Needs the
        extra ``[notebook]``, else ImportError is raised. ``session``, ``max_events``: as in :meth:`report`.
        """
        from stepfunctions.visual.notebook.showing import Inspected
        from stepfunctions.visual.report.page import document

        found = document(self.client, self.execution_arn, self._services(session, "inspect"), max_events=max_events)
        return Inspected(found, self._repr_mimebundle_())

    def _watch(self, portrait: bool, session: Any = None) -> Watch:
        from stepfunctions.visual.notebook.watching import Watch

        fresh = History(self.client, self.execution_arn).fresh
        url = console_url(self.execution_arn, create_sfn_execution_url)
        link = None if url is None else ("Inspect in AWS Step Functions", url)
        return Watch(self.client, self.execution_arn, fresh, self._services(session, "show"), portrait, link)

    def _finish_showing(self) -> None:
        """The execution has ended: let the outputs that show it say so before the program goes on."""
        while self._shown:
            self._shown.pop().finish()

    def _check_can_be_asked(self) -> None:
        raise NotImplementedError

    @property
    def _is_local(self) -> bool:
        meta = getattr(self.client, "meta", None)
        return meta is None or urlsplit(str(getattr(meta, "endpoint_url", ""))).hostname in _LOOPBACK

    def _services(self, session: Any, method: str) -> Any:
        return Clients(session, self.client, method).client if hasattr(self.client, "meta") else None

    def render_progress(self, portrait: bool = False, max_events: int = 25000) -> Any:
        """Return the graph of the definition that this execution runs, with its states marked.

        Warns of a Map Run whose item counts the service refuses to tell.
        """
        from stepfunctions.visual import Picture
        from stepfunctions.visual.report.asking import Questions
        from stepfunctions.visual.runs import map_counts

        machine = self.client.describe_state_machine_for_execution(executionArn=self.execution_arn)
        events = list(pages(self.client.get_execution_history, "events", max_events, executionArn=self.execution_arn))
        questions = Questions()
        counts = map_counts(self.client, events, questions)
        for note in questions.notes:
            warnings.warn(note, stacklevel=2)
        return Picture.of(json.loads(machine["definition"]), events=events, map_counts=counts, portrait=portrait)

    def report(
        self, path: str | Path, *, redact: bool | Iterable[str] = False, session: Any = None, max_events: int = 25_000
    ) -> Path:
        """Write a page about the execution and return its path: one file that opens from disk and loads nothing.

        It has the graph, a timeline, the events, the items of Maps, inputs and outputs, the logs of functions and jobs,
        and the metrics of training jobs. What a service refuses to tell is left out, and the page says so.

        ``redact``: True hides all values of inputs, outputs, arguments, causes and logs; a list of names
        (``["password", "*token*"]``) the values below such keys, and their text wherever else it is. ``session``:
        boto3's, for logs and training jobs; by default that of the environment, in the Region of the workflow's own
        client, or at its endpoint. ``max_events``: how much of the history to show.

        Raises ValueError for another ``redact``, OSError when the file cannot be written, and what DescribeExecution
        raises: an execution of an Express workflow cannot be described.
        """
        from stepfunctions.visual.report import report

        services = self._services(session, "report")
        page = report(self.client, self.execution_arn, services, redact=redact, max_events=max_events)
        path = Path(path)
        path.write_text(page, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return what a notebook shows: how the execution stands, and its graph.

        When the service does not tell, that is what is shown: no cell fails because of it.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        from stepfunctions.visual.picture import chosen

        try:
            self._check_can_be_asked()
            watch = self._watch(portrait=True)
            watch.ask()
            bundle = watch.bundle()
        except (BotoCoreError, ClientError, ServiceError, OSError, ValueError) as error:
            html = f"{self._repr_html_()}<br/>{text(error)}"
            bundle = {"text/html": html, "text/plain": f"{self!r}\n{error}"}
        else:
            bundle["text/html"] = f"<div><p>{self._line}</p>{bundle['text/html']}</div>"
        return chosen(bundle, include, exclude)

    def _repr_html_(self) -> str:
        """Return a line that asks the service nothing, as in 2.3.0: for what knows no bundles."""
        return f"{self._line} {text(self.known_status)}"

    @property
    def _line(self) -> str:
        return f"Execution: {console_link(self.execution_arn, create_sfn_execution_url, self.execution_arn)}"
