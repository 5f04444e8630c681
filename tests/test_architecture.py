"""The layout is the architecture: which package may import which, how large modules may grow."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src" / "stepfunctions"

_BELOW_STEPS = {"errors", "exceptions", "asl", "query", "catalog"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "exceptions": {"errors"},
    "asl": {"errors"},
    "query": {"errors", "asl"},
    "catalog": {"errors", "asl"},
    "inputs": _BELOW_STEPS,
    "steps": _BELOW_STEPS | {"inputs"},
    "lint": {"errors", "asl", "query", "catalog"},
    "deploy": _BELOW_STEPS | {"inputs", "steps"},
    "estimate": {"errors", "asl", "query", "catalog", "engine"},
    "engine": {"errors", "asl", "query"},
    "runtime": {"errors", "asl", "query", "catalog", "lint", "engine"},
    "visual": {"errors", "asl", "engine"},
    "workflow": _BELOW_STEPS
    | {"inputs", "steps", "lint", "visual", "deploy", "estimate", "engine", "runtime", "logs", "__init__"},
    "mlops": _BELOW_STEPS | {"inputs", "steps", "workflow", "deploy"},
    "template": _BELOW_STEPS | {"inputs", "steps", "workflow", "mlops"},
    "local": _BELOW_STEPS | {"lint", "visual", "engine", "runtime", "workflow", "__init__"},
    "testing": {"errors", "asl", "engine", "runtime", "workflow", "local"},
    "cli": _BELOW_STEPS
    | {"inputs", "steps", "lint", "visual", "deploy", "estimate", "engine", "runtime", "workflow", "local", "__init__"},
    "__init__": {"inputs", "steps", "workflow", "template", "mlops", "logs"},
    "logs": set(),
}
LAZY_ONLY = {
    ("workflow", "deploy"),
    ("workflow", "estimate"),
    ("workflow", "runtime"),
    ("workflow", "visual"),
    ("testing", "local"),
}
LONGEST_MODULE = 400


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).parts[0].removesuffix(".py"), path


def imports(path: Path) -> Iterator[tuple[str, bool, int]]:
    """Yield (package of ours, imported inside a function or for types only, line)."""
    tree = ast.parse(path.read_text())
    lazy = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef)) or _for_types(outer)
        for inner in ast.walk(outer)
    }
    for node in ast.walk(tree):
        names: list[str] = []
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (
                [f"stepfunctions.{alias.name}" for alias in node.names]
                if node.module == "stepfunctions"
                else [node.module]
            )
        for name in names:
            if name == "stepfunctions" or name == "stepfunctions.__version__":
                yield "__init__", id(node) in lazy, line
            elif name.startswith("stepfunctions."):
                yield name.split(".")[1], id(node) in lazy, line


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@pytest.mark.parametrize(
    ("package", "path"), [pytest.param(*found, id=str(found[1].relative_to(SOURCE))) for found in modules()]
)
def test_imports_go_one_way(package: str, path: Path) -> None:
    assert package in ALLOWED, f"{package} is new: say in this table what it may import"
    for target, lazy, line in imports(path):
        where = f"{path.relative_to(SOURCE)}:{line}"
        assert target == package or target in ALLOWED[package], f"{where}: {package} may not import {target}"
        assert lazy or (package, target) not in LAZY_ONLY, f"{where}: import {target} inside the function that needs it"


def test_modules_stay_small_and_shallow() -> None:
    sizes = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for _, path in modules()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_MODULE} == {}
    assert [name for name in sizes if name.count("/") > 2] == []


def test_one_module_knows_the_jsonata_library() -> None:
    assert [path.name for path in SOURCE.rglob("*.py") if "jlens" in path.read_text(encoding="utf-8")] == ["jsonata.py"]


HEAVY = (
    "boto3",
    "botocore",
    "click",
    "IPython",
    "jlens",
    "jsonschema",
    "rich",
    "sagemaker",
    "sqlite3",
    "httptools",
    "yaml",
)
WRITING = """
import stepfunctions, stepfunctions.asl, stepfunctions.engine.advance, stepfunctions.inputs, stepfunctions.lint
import stepfunctions.steps, stepfunctions.template, stepfunctions.workflow, stepfunctions.workflow.widgets
from stepfunctions.inputs import ExecutionInput
from stepfunctions.steps import Chain, Choice, Graph, LambdaStep, Map, Pass
from stepfunctions.workflow import Workflow

given = ExecutionInput(schema={"n": int})
flow = LambdaStep("call", parameters={"FunctionName": "f", "Payload": given}) >> Map("each", item_processor=Pass("one"))
flow = flow >> Choice("more?").when(given["n"] > 1, flow).otherwise(Pass("done", output={"n": given["n"] + 1}))
workflow = Workflow("w", flow, role="arn:aws:iam::123456789012:role/r")
assert Workflow.from_definition(workflow.definition.to_json()).definition.to_dict() == workflow.definition.to_dict()
"""


def test_writing_a_workflow_imports_no_heavy_library() -> None:
    """boto3 and the rest are loaded when something needs them, not when a workflow is written or checked."""
    shown = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert _run(f"{WRITING}\n{shown}", AWS_REGION="us-east-1") == "[]"


def test_workflows_are_written_without_these_libraries() -> None:
    blocked = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
"""
    assert _run(f"{blocked}{WRITING}") == ""


def _run(program: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
