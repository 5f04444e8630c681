"""run and executions against real servers: one of their own, and one that runs already."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.local

COMMAND = [sys.executable, "-c", "from stepfunctions.cli.main import main; main()"]
DEADLINE = 60.0
PASS = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Parameters": {"hi.$": "$.name"}, "End": True}}}
FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Late", "Cause": "two\nlines"}}}
WAIT = {"StartAt": "Long", "States": {"Long": {"Type": "Wait", "Seconds": 5000, "End": True}}}
WHO = {
    "StartAt": "Who",
    "States": {"Who": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "End": True}},
}
WORKFLOW = """
from stepfunctions.steps import Pass
from stepfunctions.workflow import Workflow
workflow = Workflow("from-python", Pass("Say", result="python"), "arn:aws:iam::123456789012:role/R",
                    state_machine_arn="arn:aws:states:eu-west-1:999999999999:stateMachine:elsewhere")
"""


class Shell:
    """A folder in which commands run, and what they leave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, definition in {"pass": PASS, "fail": FAIL, "wait": WAIT, "who": WHO}.items():
            (folder / f"{name}.json").write_text(json.dumps(definition))
        (folder / "flow.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Pass, Result: {yaml: true}, End: true}\n")
        (folder / "flow.py").write_text(WORKFLOW)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STEPFUNCTIONS_"))}
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env={**env, "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        assert "fault of stepfunctions-sdk" not in done.stderr
        return done


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A folder with a local cloud that runs."""
    made = Shell(tmp_path_factory.mktemp("shell"))
    with subprocess.Popen(
        [*COMMAND, "local", "start", "--port", "0"], cwd=made.folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            assert select.select([server.stdout], [], [], DEADLINE)[0], "the server printed nothing"
            assert server.stdout.readline().startswith("Ready")
            yield made
        finally:
            server.terminate()
            assert server.wait(DEADLINE) == 0


def test_a_cloud_of_its_own_runs_as_long_as_the_command(tmp_path: Path) -> None:
    own = Shell(tmp_path)
    done = own("run", "pass.json", "--input", '{"name": "é"}')
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"hi": "é"}
    assert "é" in done.stdout, "text is for people"
    kinds = [line.split(" ", 2)[1:] for line in done.stderr.splitlines()]
    assert kinds == [
        ["ExecutionStarted"],
        ["PassStateEntered", "Hello"],
        ["PassStateExited", "Hello"],
        ["ExecutionSucceeded"],
    ]
    assert own("local", "status").returncode == 1, "it is stopped"
    failed = own("run", "fail.json")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "FailStateEntered No\n" in failed.stderr
    assert " ExecutionFailed Late: two lines\n" in failed.stderr
    assert re.search(
        r"FAILED: Late\n    two\n    lines\narn:aws:states:us-east-1:123456789012:execution:fail:", failed.stderr
    )


def test_a_cloud_that_cannot_start_says_why(tmp_path: Path) -> None:
    own = Shell(tmp_path)
    (tmp_path / "taken").write_text("no folder")
    done = own("run", "pass.json", "--input", '{"name": 1}', "--data-dir", "taken/below")
    assert done.returncode == 3
    assert re.fullmatch(r"Error: Cannot use the data directory .*below: Not a directory\n", done.stderr), done.stderr


@pytest.mark.parametrize(
    ("target", "output"),
    [("flow.yaml", {"yaml": True}), ("flow.py", "python"), ("flow:workflow", "python"), ("who.json", None)],
)
def test_what_can_be_run(shell: Shell, target: str, output: Any) -> None:
    done = shell("run", target, "--format", "json")
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert described["status"] == "SUCCEEDED"
    assert "ResponseMetadata" not in described
    assert done.stderr == ""
    if output is not None:
        assert json.loads(described["output"]) == output
    else:
        assert json.loads(described["output"])["Account"] == "123456789012"


def test_events_as_lines_of_json(shell: Shell) -> None:
    (shell.folder / "given.json").write_text('{"name": [1]}')
    done = shell("run", "pass.json", "--input", "@given.json", "--format", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["executionSucceededEventDetails"]["output"] == '{"hi":[1]}'
    failed = shell("run", "fail.json", "--format", "json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["error"] == "Late"


def test_a_long_history_is_shown_whole_and_once(shell: Shell) -> None:
    states: dict[str, Any] = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(300)}
    states["S300"] = {"Type": "Succeed"}
    (shell.folder / "long.json").write_text(json.dumps({"StartAt": "S0", "States": states}))
    done = shell("run", "long.json", "--format", "jsonl")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == list(range(1, 605))


def test_a_changed_definition_is_updated(shell: Shell) -> None:
    path = shell.folder / "changing.json"
    for result in ("one", "two", "two"):
        path.write_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True}}}))
        assert json.loads(shell("run", "changing.json").stdout) == result


def test_watching_ends_with_its_timeout_and_the_execution_runs_on(shell: Shell) -> None:
    done = shell("run", "wait.json", "--timeout", "0.1", "--name", "patient")
    assert done.returncode == 1
    assert "RUNNING\narn:aws:states:us-east-1:123456789012:execution:wait:patient\n" in done.stderr
    listed = shell("executions", "list", "--machine", "wait", "--status", "running", "--format", "json")
    assert [row["name"] for row in json.loads(listed.stdout)] == ["patient"]
    shown = shell("executions", "show", "patient")
    assert shown.returncode == 0
    assert "status:        RUNNING\n" in shown.stdout
    again = shell("run", "wait.json", "--timeout", "0.1", "--name", "patient", "--input", '{"other": 1}')
    assert again.returncode == 3
    assert "ExecutionAlreadyExists" in again.stderr


def test_the_commands_of_another_folder_find_the_cloud_by_its_environment(shell: Shell, tmp_path: Path) -> None:
    assert shell("run", "pass.json", "--name", "from-afar", "--input", '{"name": 1}').returncode == 0
    told = json.loads(shell("local", "env", "--format", "json").stdout)
    done = subprocess.run(
        [*COMMAND, "executions", "show", "from-afar"],
        cwd=tmp_path,
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "execution:pass:from-afar" in done.stdout


def test_executions_are_listed_newest_first(shell: Shell) -> None:
    for number in range(3):
        assert shell("run", "pass.json", "--name", f"listed-{number}", "--input", '{"name": 1}').returncode == 0
    rows = [json.loads(line) for line in shell("executions", "list", "--format", "jsonl").stdout.splitlines()]
    assert [row["name"] for row in rows if row["name"].startswith("listed")] == ["listed-2", "listed-1", "listed-0"]
    assert [row["startDate"] for row in rows] == sorted((row["startDate"] for row in rows), reverse=True)
    text = shell("executions", "list", "--machine", "pass", "--limit", "1").stdout
    assert re.fullmatch(r"SUCCEEDED  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d+\.\d s  pass/listed-2\n", text)
    unknown = shell("executions", "list", "--machine", "none")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "There is no state machine 'none'. There are: " in unknown.stderr
    none = shell("executions", "list", "--machine", "pass", "--status", "aborted")
    assert (none.returncode, none.stdout, none.stderr) == (0, "", "No executions.\n")


def test_express_machines_have_no_executions_to_list(shell: Shell) -> None:
    made = "workflow = Workflow('quick', Pass('Say'), 'arn:aws:iam::123456789012:role/R', type='EXPRESS')\n"
    (shell.folder / "quick.py").write_text(
        f"from stepfunctions.steps import Pass\nfrom stepfunctions.workflow import Workflow\n{made}workflow.create()\n"
    )
    told = json.loads(shell("local", "env", "--format", "json").stdout)
    subprocess.run([sys.executable, shell.folder / "quick.py"], env={**os.environ, **told}, check=True)
    assert shell("executions", "list").returncode == 0
    refused = shell("executions", "list", "--machine", "quick")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "'quick' is EXPRESS: what became of its executions is only in its logs." in refused.stderr


def test_one_execution_is_shown(shell: Shell) -> None:
    assert shell("run", "fail.json", "--name", "sad").returncode == 1
    shown = shell("executions", "show", "sad")
    assert shown.returncode == 1
    for text in (
        "executionArn:  arn:aws:states:us-east-1:123456789012:execution:fail:sad\n",
        "status:        FAILED\n",
        "error:         Late\n",
        "     1 ",
        "FailStateEntered No\n",
    ):
        assert text in shown.stdout
    whole = json.loads(shell("executions", "show", "sad", "--format", "json", "--events", "2").stdout)
    assert (whole["status"], len(whole["events"])) == ("FAILED", 2)
    lines = shell("executions", "show", whole["executionArn"], "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    "name",
    ["nobody", "no/such name", "arn:aws:nonsense", "arn:aws:states:us-east-1:123456789012:execution:pass:nobody"],
)
def test_there_is_no_such_execution(shell: Shell, name: str) -> None:
    done = shell("executions", "show", name)
    assert done.returncode == 2
    assert f"There is no execution '{name}'" in done.stderr


def test_a_graph_of_an_execution(shell: Shell) -> None:
    assert shell("run", "fail.json", "--name", "drawn").returncode == 1
    arn = "arn:aws:states:us-east-1:123456789012:execution:fail:drawn"
    plain, marked = shell("graph", "fail.json"), shell("graph", "fail.json", "--execution", arn)
    assert marked.returncode == 0, marked.stderr
    assert marked.stdout != plain.stdout
    assert "No" in marked.stdout
    assert shell("graph", "fail.json", "--execution", "drawn").stdout == marked.stdout


def test_counts_of_a_distributed_map_are_drawn(shell: Shell) -> None:
    (shell.folder / "fleet.json").write_text(
        json.dumps(
            {
                "StartAt": "Fleet",
                "States": {
                    "Fleet": {
                        "Type": "Map",
                        "End": True,
                        "ItemProcessor": {
                            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                            "StartAt": "One",
                            "States": {"One": {"Type": "Pass", "End": True}},
                        },
                    }
                },
            }
        )
    )
    assert shell("run", "fleet.json", "--input", "[1, 2, 3]", "--name", "fleet").returncode == 0
    arn = "arn:aws:states:us-east-1:123456789012:execution:fleet:fleet"
    assert "3" in shell("graph", "fleet.json", "--execution", arn).stdout
    rows = json.loads(shell("executions", "list", "--machine", "fleet", "--format", "json").stdout)
    assert [row["name"] for row in rows] == ["fleet"], "children belong to their Map Run"
