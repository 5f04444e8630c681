"""What a notebook shows: bundles that need no kernel, and outputs that follow an execution from a thread."""

from __future__ import annotations

import base64
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from stepfunctions.runtime.inprocess import ClientError, LocalClient
from stepfunctions.steps import ActivityStep, Map, Pass
from stepfunctions.visual.notebook import widget as widgets
from stepfunctions.visual.notebook.live import LONGEST_LOST_SECONDS, SHORTEST_SECONDS, WIDGET, Live
from stepfunctions.visual.notebook.watching import SLOW_SECONDS, Watch
from stepfunctions.workflow import Execution, Workflow
from stepfunctions.workflow.following import History

ROLE = "arn:aws:iam::123456789012:role/r"
LONG = 10.0
"""Seconds after which what should have happened has not."""

Bundle = dict[str, Any]


class Waiting:
    """An execution whose task waits for the test."""

    def __init__(self) -> None:
        self.client = LocalClient()
        self.activity = self.client.create_activity(name="work")["activityArn"]
        steps = Pass("Load") >> ActivityStep("Train", self.activity) >> Pass("Done", output_path="$.error")
        self.workflow = Workflow("flights", steps, ROLE, client=self.client)
        self.workflow.create()
        self.execution = self.workflow.execute(inputs={"rows": 12345})

    def work(self, **failure: str) -> None:
        """Do the task, or fail it."""
        token = self.client.get_activity_task(activityArn=self.activity)["taskToken"]
        if failure:
            self.client.send_task_failure(taskToken=token, **failure)
        else:
            self.client.send_task_success(taskToken=token, output='{"error": 0.25}')


class Screen:
    """An output of a notebook that keeps what it was told, and waits for it."""

    def __init__(self) -> None:
        self.told: queue.Queue[Bundle] = queue.Queue()

    def show(self, bundle: Bundle) -> None:
        self.told.put(bundle)

    update = show

    def next(self) -> Bundle:
        return self.told.get(timeout=LONG)


class Rests:
    """The pauses of a view, each over when the test says so."""

    def __init__(self) -> None:
        self.asked: queue.Queue[float] = queue.Queue()
        self.over: queue.Queue[None] = queue.Queue()

    def __call__(self, seconds: float) -> None:
        self.asked.put(seconds)
        self.over.get(timeout=LONG)

    def end(self, meanwhile: Callable[[], object] = lambda: None) -> float:
        """Wait for the next pause, do something in it, and end it; returns how long it should be."""
        seconds = self.asked.get(timeout=LONG)
        meanwhile()
        self.over.put(None)
        return seconds


class Page:
    """A widget that keeps what it is told."""

    def __init__(self) -> None:
        self.documents: list[Bundle] = []
        self.closed = False

    def tell(self, document: Bundle) -> None:
        self.documents.append(document)

    def view(self) -> Bundle:
        return {"model_id": "page"}

    def close(self) -> None:
        self.closed = True


def watch(execution: Execution, client: Any = None, **more: Any) -> Watch:
    client = client or execution.client
    return Watch(client, execution.execution_arn, History(client, execution.execution_arn).fresh, **more)


def states(bundle: Bundle) -> list[str]:
    return [line for line in bundle["text/plain"].splitlines() if "[" in line]


def drawing(html: str) -> str:
    return base64.b64decode(html.partition("image/svg+xml;base64,")[2].partition('"')[0]).decode()


def test_a_workflow_shows_its_name_and_its_graph() -> None:
    workflow = Waiting().workflow
    bundle = workflow._repr_mimebundle_()
    assert set(bundle) >= {"text/html", "image/svg+xml", "text/plain"}
    assert "Workflow: flights" in bundle["text/html"]
    assert "Train" in drawing(bundle["text/html"])
    assert bundle["text/plain"].startswith(repr(workflow))
    assert "Load  [Pass] → Train" in bundle["text/plain"]
    assert workflow._repr_html_() == bundle["text/html"]
    assert set(workflow._repr_mimebundle_(exclude={"text/html"})) == set(bundle) - {"text/html"}


def test_an_execution_shows_how_it_stands() -> None:
    run = Waiting()
    running = run.execution._repr_mimebundle_()
    assert "● Train  [Activity]  Running" in states(running)
    assert running["text/plain"].startswith("● Running · ")
    run.work(error="<Full>", cause="no room")
    failed = run.execution._repr_mimebundle_()
    assert f"Execution: {run.execution.execution_arn}" in failed["text/html"]
    assert "Train: &lt;Full&gt;: no room" in failed["text/html"]
    assert "Train: <Full>: no room" in failed["text/plain"]
    assert run.execution._repr_html_().endswith(f"{run.execution.execution_arn} RUNNING")  # asks nothing
    assert set(run.execution._repr_mimebundle_(include={"text/plain"})) == {"text/plain"}


def test_no_cell_fails_because_the_service_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError("AccessDeniedException", "<not> allowed")

    run = Waiting()
    monkeypatch.setattr(run.client, "describe_execution", refuse, raising=False)
    bundle = run.execution._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert run.execution.execution_arn in bundle["text/html"]
    assert "&lt;not&gt; allowed" in bundle["text/html"]


def test_of_an_express_execution_nothing_can_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = Workflow("quick", Pass("Load"), ROLE, client=LocalClient(), type="EXPRESS")
    workflow.create()
    execution = workflow.execute()
    monkeypatch.setattr(workflow.client, "describes_express", False)  # as on AWS
    assert "about which AWS tells nothing" in execution._repr_mimebundle_()["text/html"]
    with pytest.raises(ValueError, match="about which AWS tells nothing"):
        execution.show()


def test_items_of_a_distributed_map_are_counted() -> None:
    each = Map("Each", items_path="$.items", item_processor=Pass("One"), distributed=True)
    execution = Workflow("maps", each, ROLE).run({"items": [1, 2, 3]})
    assert any("Succeeded · 3/3" in line for line in states(execution._repr_mimebundle_()))
    watched = watch(execution)
    watched.ask()
    document = watched.document()
    assert document["states"][0]["words"] == "Succeeded · 3/3"
    assert document["maps"][0]["counts"]["succeeded"] == len(document["maps"][0]["items"]) == 3
    assert not watched.is_stale


def test_a_live_view_is_right_until_the_end_and_told_only_of_changes() -> None:
    run, screen, rests = Waiting(), Screen(), Rests()
    live = Live(watch(run.execution), screen, pause=rests)
    live.start()
    first = screen.next()
    assert "● Train  [Activity]  Running" in states(first)
    assert set(first) == {"text/html", "text/plain"}
    assert live.watching
    quiet = [rests.end() for _ in range(8)]
    assert quiet[0] == SHORTEST_SECONDS
    assert quiet == sorted(quiet)
    assert quiet[-1] > SHORTEST_SECONDS
    rests.end(run.work)
    last = screen.next()
    assert states(last)[1:] == ["✓ Train  [Activity]  Succeeded", "✓ Done  [Pass]  Succeeded"]
    assert {"image/svg+xml", "text/html", "text/plain"} <= set(last)
    assert live.wait(LONG)
    assert screen.told.empty()
    assert not live.watching


def test_what_has_ended_is_shown_once_and_not_watched() -> None:
    run, screen = Waiting(), Screen()
    run.work()
    live = Live(watch(run.execution), screen)
    live.start()
    assert screen.next()["text/plain"].startswith("✓ Succeeded")
    assert live.wait(0)
    live.stop()
    assert screen.told.empty()


def test_stopping_a_view_leaves_a_picture_and_the_execution_running() -> None:
    run, screen = Waiting(), Screen()
    live = Live(watch(run.execution), screen)
    live.start()
    screen.next()
    live.stop()
    assert "Not watched any more" in screen.next()["text/html"]
    assert not live.watching
    assert run.execution.status == "RUNNING"


class Refusing:
    """A client that refuses descriptions with the next of some errors."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.errors: list[Exception] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_execution(self, **request: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return self._client.describe_execution(**request)


def test_a_lost_connection_is_told_and_the_watching_goes_on() -> None:
    run, screen, rests = Waiting(), Screen(), Rests()
    client = Refusing(run.client)
    live = Live(watch(run.execution, client), screen, pause=rests)
    live.start()
    screen.next()
    client.errors = [ConnectionError("<gone>"), ClientError("ThrottlingException", "slower"), OSError("gone")] * 4
    waits = []
    for _ in range(12):
        waits.append(rests.end())
        assert "cannot be reached, and is asked again" in screen.next()["text/html"]
    assert waits[-1] == LONGEST_LOST_SECONDS
    rests.end()
    assert "cannot be reached" not in screen.next()["text/html"]
    rests.end(run.work)
    assert screen.next()["text/plain"].startswith("✓ Succeeded")
    assert live.wait(LONG)


def test_a_refusal_for_good_ends_the_watching_and_says_why() -> None:
    run, screen, rests = Waiting(), Screen(), Rests()
    client = Refusing(run.client)
    live = Live(watch(run.execution, client), screen, pause=rests)
    live.start()
    screen.next()
    client.errors = [ClientError("AccessDeniedException", "not allowed any more")]
    rests.end()
    assert "Not watched any more: " in (said := screen.next()["text/html"])
    assert "not allowed any more" in said
    assert live.wait(LONG)


def test_a_widget_gets_documents_and_is_replaced_by_the_picture() -> None:
    run, screen, rests, page = Waiting(), Screen(), Rests(), Page()
    now = [0.0]
    live = Live(watch(run.execution, clock=lambda: now[0]), screen, page, pause=rests)
    live.start()
    first = screen.next()
    assert first[WIDGET] == {"model_id": "page"}
    assert {"text/html", "text/plain"} < set(first)
    rests.end()
    known: list[int] = []

    def wait() -> None:
        known.append(len(page.documents))
        now[0] += SLOW_SECONDS

    rests.end(wait)
    rests.end(lambda: known.append(len(page.documents)))
    assert known == [1, 2]  # nothing was new; then logs could be
    assert screen.told.empty()
    assert [state["status"] for state in page.documents[1]["states"]] == ["SUCCEEDED", "RUNNING", "NOT_REACHED"]
    rests.end(run.work)
    last = screen.next()
    assert live.wait(LONG)
    assert WIDGET not in last
    assert "image/svg+xml" in last
    assert page.closed


Displays = queue.Queue[tuple[str, str, Bundle]]


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Displays]:
    """IPython as a kernel has it: what is displayed, under which name, and how."""
    told: Displays = queue.Queue()

    def display(bundle: Bundle, *, raw: bool, display_id: str) -> None:
        assert raw
        told.put(("display", display_id, bundle))

    def update_display(bundle: Bundle, *, raw: bool, display_id: str) -> None:
        assert raw
        told.put(("update", display_id, bundle))

    ipython, display_module = ModuleType("IPython"), ModuleType("IPython.display")
    vars(ipython).update(get_ipython=lambda: SimpleNamespace(kernel=object()), display=display_module)
    vars(display_module).update(display=display, update_display=update_display)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display_module)
    yield told
    assert [thread.name for thread in threading.enumerate() if thread.name == "stepfunctions notebook"] == []


def test_show_does_not_wait_and_the_output_is_right_when_the_execution_was_waited_for(
    notebook: Displays,
) -> None:
    run = Waiting()
    live = run.execution.show(interactive=False)
    how, name, bundle = notebook.get(timeout=LONG)
    assert how == "display"
    assert "● Train  [Activity]  Running" in states(bundle)
    assert live.watching
    assert repr(live) == f"Live({run.execution.execution_arn!r}, watching=True)"
    live._ipython_display_()  # it is the last expression of its cell
    run.work()
    assert run.execution.get_output(wait=True) == 0.25
    assert live.wait(0)  # whatever runs next, the file of the notebook has the end
    changes = [notebook.get_nowait() for _ in range(notebook.qsize())]
    assert {change[:2] for change in changes} == {("update", name)}
    assert changes[-1][2]["text/plain"].startswith("✓ Succeeded")


def test_show_waits_when_it_is_told_to(notebook: Displays) -> None:
    run = Waiting()
    worker = threading.Thread(target=run.work)
    worker.start()
    assert not run.execution.show(wait=True, interactive=False).watching
    worker.join()
    assert run.execution.known_status == "RUNNING"  # nobody asked through this object
    assert run.execution.status == "SUCCEEDED"


def test_clicking_needs_an_extra(notebook: Displays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    widgets._kind.cache_clear()
    run = Waiting()
    with pytest.raises(ImportError, match=r"pip install 'stepfunctions-sdk\[notebook\]'"):
        run.execution.show(interactive=True)
    with pytest.raises(ImportError, match="notebook"):
        run.execution.inspect()
    assert notebook.empty()


def test_outside_of_a_notebook_the_states_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run = Waiting()
    live = run.execution.show()
    assert "● Train  [Activity]  Running" in capsys.readouterr().out
    run.work()
    run.execution.wait()
    assert not live.watching
    assert "✓ Done  [Pass]  Succeeded" in capsys.readouterr().out
