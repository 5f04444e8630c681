"""validate, graph, and what run says before anything runs: all without a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from stepfunctions.cli.main import run

GOOD = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Result": "hi", "End": True}}}
BAD = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Reslt": 1, "Next": "Nowhere"}}}
WARNED = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"x": "$.y"}, "End": True}}}
WORKFLOW = """
from stepfunctions.steps import Chain, Pass, Succeed
from stepfunctions.workflow import Workflow

step = Pass("Step", result="hi")
chain = Chain([Pass("First"), Succeed("Last")])
workflow = Workflow("from-python", chain, "arn:aws:iam::123456789012:role/R")
definition = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
number = 7

def make():
    return workflow

def broken():
    return 1 / 0
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "flow_of_tests", raising=False)
    for name, content in {"good.json": GOOD, "bad.json": BAD, "warned.json": WARNED}.items():
        Path(name).write_text(json.dumps(content))
    Path("flow_of_tests.py").write_text(WORKFLOW)
    Path("good.yaml").write_text("StartAt: A\nStates:\n  A: {Type: Succeed}\n")


class Printed:
    """What a command printed, and its exit code."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        self.code = run(list(arguments))
        captured = capsys.readouterr()
        self.out, self.err = captured.out, captured.err
        assert "Traceback" not in self.out + self.err
        assert "fault of stepfunctions-sdk" not in self.err


def test_a_good_definition(capsys: pytest.CaptureFixture[str]) -> None:
    for target in (
        "good.json",
        "good.yaml",
        "flow_of_tests.py",
        "flow_of_tests.py:make",
        "flow_of_tests:chain",
        "flow_of_tests:step",
        "flow_of_tests.py:definition",
    ):
        printed = Printed(capsys, "validate", target)
        assert (printed.code, printed.out) == (0, f"{target}: 0 errors, 0 warnings\n"), target
    assert Printed(capsys, "validate", "good.json", "--format", "jsonl").out == ""
    report = json.loads(Printed(capsys, "validate", "good.json", "--format", "json").out)
    assert report == []


def test_every_problem_is_told_with_path_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "validate", "bad.json")
    assert printed.code == 1
    lines = printed.out.splitlines()
    assert "bad.json:1:59: error /States/Hello/Reslt" in lines[0]
    assert lines[1] == "    Field 'Reslt' is not supported. Did you mean 'Result'? [SCHEMA_VALIDATION_FAILED]"
    assert lines[3].index("^") == lines[2].index('"Reslt"')
    assert any("error /States/Hello/Next" in line for line in lines)
    assert lines[-1] == "bad.json: 2 errors, 0 warnings"
    whole = Printed(capsys, "validate", "bad.json", "--format", "json")
    report = json.loads(whole.out)
    assert whole.code == 1
    assert {entry["path"] for entry in report} == {"/States/Hello/Reslt", "/States/Hello/Next"}
    each = Printed(capsys, "validate", "bad.json", "--format", "jsonl")
    assert [json.loads(line) for line in each.out.splitlines()] == report


def test_warnings_alone_are_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "validate", "warned.json")
    assert printed.code == 0
    assert "warning /States/A/Parameters/x" in printed.out
    assert printed.out.endswith("warned.json: 0 errors, 1 warning\n")


def test_a_text_that_is_no_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('{"StartAt": "A",\n "States": }')
    printed = Printed(capsys, "validate", "torn.json")
    assert printed.code == 1
    assert "line 2" in printed.out
    assert Printed(capsys, "run", "torn.json").code == 2
    assert Printed(capsys, "graph", "torn.json").code == 2


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("none.json", "There is no file 'none.json'. Give a definition (JSON or YAML), or MODULE:WORKFLOW."),
        ("none.py", "There is no file 'none.py'."),
        ("none_such:workflow", "There is no module 'none_such'"),
        ("flow_of_tests.py:workflwo", "'flow_of_tests.py' has no 'workflwo'. It has: step, chain, workflow.\n"),
        ("flow_of_tests.py:number", "'flow_of_tests.py:number' is of type int, not a workflow"),
        ("flow_of_tests.py:broken", "'flow_of_tests.py:broken' failed: ZeroDivisionError: division by zero ("),
        ("raising.py", "'raising.py' failed: KeyError: 'x' ("),
        ("raising:workflow", "raising.py, line 2)"),
        ("leaving.py", "'leaving.py' failed: SystemExit: 3"),
        ("torn.py", "'torn.py' failed: SyntaxError"),
        ("importing.py", "'importing.py' failed: ModuleNotFoundError: No module named 'none_such'"),
        ("empty.py", "'empty.py' has no 'workflow'. Nothing in it is a workflow, step, chain, flow or graph."),
        (".", "Is a directory\n|The folder '.' has no *.template.json"),
    ],
)
def test_targets_that_are_none(capsys: pytest.CaptureFixture[str], target: str, said: str) -> None:
    Path("raising.py").write_text("values = {}\nvalues['x']\n")
    Path("leaving.py").write_text("raise SystemExit(3)\n")
    Path("torn.py").write_text("def\n")
    Path("importing.py").write_text("import none_such\n")
    Path("empty.py").write_text("from stepfunctions.workflow import Workflow\n")
    for command in ("validate", "graph", "run"):
        printed = Printed(capsys, command, target)
        assert printed.code == 2, command
        assert any(one in printed.err for one in said.split("|")), printed.err


def test_a_file_called_as_a_module_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    Path("json.py").write_text("from stepfunctions.steps import Succeed\nworkflow = Succeed('Done')\n")
    assert Printed(capsys, "validate", "json.py").code == 0
    assert sys.modules["json"] is json


def test_a_colon_in_the_name_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a:b.json").write_text(json.dumps(GOOD))
    assert Printed(capsys, "validate", "a:b.json").code == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{week: 39}", "--input is not JSON: Expecting property name enclosed in double quotes (line 1, column 2)."),
        ("NaN", "--input is not JSON: JSON has no NaN."),
        ("@none.json", "--input @none.json: No such file or directory."),
        ("@latin.json", "--input @latin.json is not UTF-8 text: byte 1 cannot be read."),
        ("@torn.json", "--input is not JSON: "),
        ("[" * 100_000, "--input is not JSON: "),
    ],
)
def test_inputs_that_are_no_json(capsys: pytest.CaptureFixture[str], tmp_path: Path, given: str, said: str) -> None:
    Path("latin.json").write_bytes('"é"'.encode("latin-1"))
    Path("torn.json").write_text("{")
    printed = Printed(capsys, "run", "good.json", "--input", given)
    assert printed.code == 2
    assert said in printed.err
    assert not (tmp_path / ".stepfunctions").exists(), "nothing was started"


def test_an_input_that_does_not_fit_the_schema(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    Path("given.py").write_text(
        "from stepfunctions.inputs import ExecutionInput\n"
        "from stepfunctions.steps import Pass\n"
        "from stepfunctions.workflow import Workflow\n"
        "given = ExecutionInput(schema={'route': str, 'week': int})\n"
        "workflow = Workflow('w', Pass('P'), 'arn:aws:iam::123456789012:role/R', execution_input=given)\n"
    )
    for given, said in {
        "{}": "route: missing, expected str; week: missing, expected int\n",
        '{"route": 1}': "route: expected str, not 1 (int); week: missing",
    }.items():
        printed = Printed(capsys, "run", "given.py", "--input", given)
        assert printed.code == 2
        assert '--input: Expected run input with the schema: {"route": "str", "week": "int"}; ' + said in printed.err
    assert not (tmp_path / ".stepfunctions").exists(), "nothing was started"


def test_a_timeout_is_not_negative(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "run", "good.json", "--timeout", "-1")
    assert printed.code == 2
    assert "--timeout" in printed.err


def test_a_wrong_definition_does_not_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    printed = Printed(capsys, "run", "bad.json")
    assert printed.code == 2
    assert "/States/Hello/Reslt: Field 'Reslt' is not supported" in printed.err
    assert "/States/Hello/Next: " in printed.err
    assert not (tmp_path / ".stepfunctions").exists()


def test_a_definition_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "graph", "good.json")
    assert printed.code == 0
    assert printed.out == "Hello  [Pass] → End\n"
    saved = Printed(capsys, "graph", "flow_of_tests.py", "-o", "flow.svg", "--theme", "dark")
    assert (saved.code, saved.out) == (0, "flow.svg\n")
    assert Path("flow.svg").read_text().startswith("<svg")
    assert Printed(capsys, "graph", "good.yaml", "-o", "flow.txt").code == 0
    assert Path("flow.txt").read_text().strip()


def test_a_wrong_definition_is_drawn_as_far_as_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "graph", "bad.json")
    assert printed.code == 1
    assert "Hello" in printed.out
    Path("odd.json").write_text(json.dumps({"StartAt": 7, "States": {"A": None, "B": {"Type": "Map"}}}))
    assert Printed(capsys, "graph", "odd.json").code == 1


def test_pictures_end_in_a_format(capsys: pytest.CaptureFixture[str]) -> None:
    printed = Printed(capsys, "graph", "good.json", "-o", "flow.gif")
    assert printed.code == 2
    assert "write a file that ends in .svg, .png, .html, .txt, .mmd, .json" in printed.err
    assert not Path("flow.gif").exists()
    nowhere = Printed(capsys, "graph", "good.json", "-o", "no/such/folder.svg")
    assert (nowhere.code, nowhere.err) == (2, "Error: no/such/folder.svg: No such file or directory\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["executions", "list"],
        ["executions", "show", "x"],
        ["graph", "good.json", "--execution", "arn:x"],
    ],
)
def test_without_a_local_cloud_there_is_nothing_to_ask(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    printed = Printed(capsys, *arguments)
    assert printed.code == 3
    assert "No local cloud runs on .stepfunctions. Start one with 'stepfunctions local start" in printed.err
    assert "or ask AWS with --aws" in printed.err


def test_aws_without_a_region(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    printed = Printed(capsys, "executions", "list", "--aws")
    assert printed.code == 3
    assert "You must specify a region. Set AWS_REGION, or " in printed.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["executions", "list", "--aws"],
        ["executions", "show", "x", "--aws"],
        ["run", "good.json", "--aws"],
        ["graph", "good.json", "--execution", "arn:x", "--aws"],
    ],
)
def test_aws_is_asked_with_the_environments_client(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing answers on that port: the refused connection shows whom the command asked."""
    from stepfunctions.workflow import clients

    made: list[Any] = []

    def of_environment() -> Any:
        import boto3
        from botocore.config import Config

        client = boto3.client(
            "stepfunctions",
            region_name="eu-west-1",
            endpoint_url="http://127.0.0.1:9",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        made.append(client)
        return client

    monkeypatch.setattr(clients, "default_client", of_environment)
    printed = Printed(capsys, *arguments)
    assert printed.code == 3
    assert "http://127.0.0.1:9" in printed.err
    assert len(made) == 1
    made[0].close()
